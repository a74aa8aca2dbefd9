"""How long pending patients have been followed by a day: never stored, found from their dosing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from escalation.outcomes import FollowUp, Outcome
from escalation.protocol import Protocol
from escalation.trial.patients.subjects import Standing, Subject

__all__ = ["follow_up_of"]


def follow_up_of(
    seen: Iterable[tuple[Subject, Outcome]], protocol: Protocol, on: date | None
) -> tuple[FollowUp, ...]:
    """Return the follow-up of pending patients by a day, and when those with a DLT had it.

    It counts from the day from which the patient's DLT window does, to its last. Nothing where the
    design does not ask for it, the day is not known, or a pending patient has no window: then the
    rule waits until its answer is settled.

    Parameters
    ----------
    seen : iterable of (Subject, Outcome)
        Patients who were dosed, each with the outcome that counts.
    protocol : Protocol
        Its design, and the labels of its ladder.
    on : date or None
    """
    if on is None or not protocol.design.asks_follow_up:
        return ()
    found = []
    for subject, outcome in seen:
        if outcome in (Outcome.PENDING, Outcome.DLT):
            one = _follow_up(subject, outcome, protocol, on)
            if one is None and outcome is Outcome.PENDING:
                return ()
            found += [] if one is None else [one]
    return tuple(found)


def _follow_up(subject: Subject, outcome: Outcome, protocol: Protocol, on: date) -> FollowUp | None:
    opens, closes = subject.window_opens, subject.window_closes
    if opens is None or closes is None or subject.level not in protocol.labels:
        return None
    has_dlt = outcome is Outcome.DLT
    until = subject.dlt_began if has_dlt else min([on, *_last_seen(subject)])
    if until is None:
        return None
    window = max((closes - opens).days, 1)
    return FollowUp(
        level=protocol.labels.index(subject.level),
        days=min(max((until - opens).days, 0), window),
        window_days=window,
        has_dlt=has_dlt,
    )


def _last_seen(subject: Subject) -> Iterator[date]:
    """Yield until when somebody was observed whose evaluability is to be ruled."""
    if subject.standing is Standing.UNRULED:
        yield max(fact.event.on for fact in subject.outcomes)
