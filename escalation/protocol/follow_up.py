"""Follow-up as it is written with outcomes: what a design that asks for it is given.

Days count from dosing, up to the day on which the protocol's DLT window closes.
"""

from __future__ import annotations

from collections.abc import Sequence

from escalation.errors import InputError
from escalation.outcomes import Cohort, FollowUp, Outcome
from escalation.protocol.protocol import Protocol
from escalation.protocol.tables import DltWindow

__all__ = ["follow_up_by_cohort", "ignores_follow_up", "window_length"]


def window_length(dlt: DltWindow) -> int | None:
    """Return the days from dosing until the DLT window closes; None where there is no window.

    A window that closes on the day of dosing has one.

    Examples
    --------
    >>> window_length(DltWindow(window_days=28, infusion_day=0))
    28
    >>> window_length(DltWindow(window_days=28, infusion_day=1))
    27
    """
    return None if dlt.window_days is None else max(dlt.window_days - dlt.infusion_day, 1)


def ignores_follow_up(protocol: Protocol, cohorts: Sequence[Cohort]) -> bool:
    """Tell whether days are written that the protocol's design does not look at."""
    return not protocol.design.asks_follow_up and any(cohort.days for cohort in cohorts)


def follow_up_by_cohort(
    protocol: Protocol, cohorts: Sequence[Cohort]
) -> tuple[tuple[FollowUp, ...], ...]:
    """Return the follow-up that is written with each cohort.

    Nothing where none is written, nor for a design that does not ask for it.

    Raises
    ------
    InputError
        Where it is written of some pending patients only, is longer than the DLT window, or the
        protocol has no window.
    LadderError
        For a cohort at a level that is not on the ladder.
    """
    if not protocol.design.asks_follow_up or not any(cohort.days for cohort in cohorts):
        return ((),) * len(cohorts)
    window = window_length(protocol.dlt)
    if window is None:
        raise InputError(
            f"{protocol.design.name} weighs follow-up by the DLT window, and the protocol has "
            "none: give --window (decide only), or window_days in its [dlt]"
        )
    return tuple(
        _follow_up(protocol, number, cohort, window)
        for number, cohort in enumerate(cohorts, start=1)
    )


def _follow_up(
    protocol: Protocol, number: int, cohort: Cohort, window: int
) -> tuple[FollowUp, ...]:
    where = f"cohort {number} ({cohort})"
    days_of = cohort.days or (None,) * len(cohort.outcomes)
    found = []
    for outcome, days in zip(cohort.outcomes, days_of, strict=True):
        if days is None:
            if outcome is Outcome.PENDING:
                raise InputError(
                    f"{where} does not say how long each pending patient has been followed: "
                    "write the days after every ?, such as ?14, or after none"
                )
            continue
        if days > window:
            raise InputError(f"{where}: {days:g} days are beyond the DLT window of {window} days")
        level = protocol.place_of(cohort.label)
        has_dlt = outcome is Outcome.DLT
        found.append(FollowUp(level=level, days=days, window_days=window, has_dlt=has_dlt))
    return tuple(found)
