"""What a protocol says after the outcomes so far, and in words."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.dataclass import dataclass
from escalation.designs.base import Action, Decision
from escalation.designs.replay import Departure, DepartureError, Expansion, replay
from escalation.errors import InputError
from escalation.outcomes import Cohort, FollowUp, Tally, parse_outcomes, tally_cohorts
from escalation.protocol.backfill import (
    backfilling_of,
    counted_tallies,
    counts_backfill,
    decide_with_backfill,
)
from escalation.protocol.follow_up import follow_up_by_cohort
from escalation.protocol.protocol import Protocol

__all__ = ["Advice", "advise", "describe_decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the protocol says, and what it rests on.

    Attributes
    ----------
    decision : Decision
    tallies : tuple of Tally
        One a level, lowest first: everybody.
    escalation : tuple of Tally
        Those among them on whom the decision rests: everybody but the expansion.
    level : int
        0-based level of the last cohort of the escalation; the start before the first.
    last : Tally
        That cohort alone.
    departures : tuple of Departure
        Cohorts that the protocol would not have opened.
    counted : tuple of Tally
        What the decision rests on: the escalation, and backfill where the protocol counts it.
    backfill : tuple of Tally
        The backfill at each level, which the decision counts as the protocol says.
    backfill_cohorts : tuple of int
        Its cohorts' numbers in the history, from 1.
    expansion : Expansion or None
        The patients treated at the MTD after the escalation had ended with it.
    n_opened, n_places : int
        Size of the cohort opened last, and how many of its places are free.
    follow_up : tuple of FollowUp
        Of those whom the decision counts, where the design asks for it and it is written.
    """

    decision: Decision
    tallies: tuple[Tally, ...]
    escalation: tuple[Tally, ...]
    level: int
    last: Tally
    departures: tuple[Departure, ...]
    counted: tuple[Tally, ...]
    backfill: tuple[Tally, ...]
    backfill_cohorts: tuple[int, ...]
    expansion: Expansion | None
    n_opened: int
    n_places: int
    follow_up: tuple[FollowUp, ...] = ()


def advise(
    protocol: Protocol, outcomes: str | Sequence[Cohort], *, allow_departures: bool = False
) -> Advice:
    """Say what to do next under a protocol.

    Parameters
    ----------
    protocol : Protocol
    outcomes : str or sequence of Cohort
        The history so far, in notation (``"1NNN 2NT?"``) or parsed; empty before the first
        patient.
    allow_departures : bool
        Decide also on a history that the protocol would not have produced.

    Raises
    ------
    NotationError, LadderError
        For a history that cannot be read on this protocol's ladder.
    InputError
        If its escalation holds more patients than the design's maximum, or the follow-up that a
        design asks for does not fit the protocol; see ``follow_up_by_cohort``.
    DepartureError
        If the protocol would not have produced it and departures are not allowed.

    Examples
    --------
    >>> protocol = Protocol.plain(3)
    >>> describe_decision(advise(protocol, "1NNN 2NNT").decision, protocol)
    'Stay at level 2: enrol 3 patients.'
    """
    if not isinstance(protocol, Protocol):
        raise InputError(
            f"a protocol is needed, from load_protocol or Protocol.plain, not "
            f"{type(protocol).__name__}; escalation.decide takes a design too"
        )
    cohorts = parse_outcomes(outcomes) if isinstance(outcomes, str) else tuple(outcomes)
    design, labels = protocol.design, protocol.labels
    tallies = tally_cohorts(cohorts, labels)
    days = follow_up_by_cohort(protocol, cohorts)
    followed = replay(
        design,
        cohorts,
        labels,
        expands=True,
        backfilling=backfilling_of(protocol),
        follow_up=days,
    )
    cap = design.max_patients
    n_patients = sum(tally.n_patients for tally in followed.tallies)
    if cap is not None and n_patients > cap:
        raise InputError(f"{n_patients} patients are more than the maximum sample size of {cap}")
    if followed.departures and not allow_departures:
        raise DepartureError(followed.departures)
    expanded = () if followed.expansion is None else followed.expansion.cohorts
    stand = followed.level, followed.last
    known = _of(days, but_not=(*expanded, *followed.backfill_cohorts))
    everybody = range(1, len(days) + 1)
    escalating = [number for number in everybody if number not in followed.backfill_cohorts]
    decision = decide_with_backfill(
        protocol,
        followed.tallies,
        followed.backfill,
        *stand,
        follow_up=known,
        beside=_of(days, but_not=escalating),
    )
    counted = counted_tallies(
        protocol, followed.tallies, followed.backfill, *stand, follow_up=known
    )
    if counts_backfill(protocol, followed.tallies, *stand, follow_up=known):
        known = _of(days, but_not=expanded)
    return Advice(
        decision=decision,
        tallies=tallies,
        counted=counted,
        escalation=followed.tallies,
        level=followed.level,
        last=followed.last,
        departures=followed.departures,
        backfill=followed.backfill,
        backfill_cohorts=followed.backfill_cohorts,
        expansion=followed.expansion,
        n_opened=followed.n_opened,
        n_places=followed.n_places,
        follow_up=known,
    )


def _of(days: Sequence[tuple[FollowUp, ...]], *, but_not: Sequence[int]) -> tuple[FollowUp, ...]:
    """Return the follow-up of all cohorts but some, given by their numbers."""
    return tuple(
        one
        for number, cohort in enumerate(days, start=1)
        if number not in but_not
        for one in cohort
    )


def describe_decision(decision: Decision, protocol: Protocol, *, briefly: bool = False) -> str:
    """Say a decision in one sentence, with the level as ``Protocol.describe_level`` says it."""
    if decision.action is Action.WAIT:
        return "Wait for the pending patients."
    if decision.level is None:
        if decision.mtd is not None:
            where = protocol.describe_level(decision.mtd, briefly=briefly)
            return f"Stop: the MTD is {where}."
        return "Stop: the MTD is not determined." if decision.inconclusive else "Stop: no MTD."
    verb = {
        Action.ESCALATE: "Escalate to",
        Action.STAY: "Start at" if decision.clause.id == "start" else "Stay at",
        Action.DEESCALATE: "De-escalate to",
    }[decision.action]
    n = decision.n_to_enrol
    many = f"{n} to {decision.n_at_most}" if decision.n_optional else f"{n}"
    s = "s" * (decision.n_at_most != 1)
    where = protocol.describe_level(decision.level, briefly=briefly)
    return f"{verb} {where}: enrol {many} patient{s}."
