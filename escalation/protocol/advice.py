"""What a protocol says after the outcomes so far, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.designs.base import Action, Decision
from escalation.designs.replay import Departure, DepartureError, replay
from escalation.errors import InputError
from escalation.outcomes import Cohort, Tally, parse_outcomes, tally_cohorts
from escalation.protocol.protocol import Protocol

__all__ = ["Advice", "advise", "describe_decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the protocol says, and what it rests on.

    Attributes
    ----------
    decision : Decision
    tallies : tuple of Tally
        One a level, lowest first.
    level : int
        0-based level of the last cohort; the start before the first.
    last : Tally
        The last cohort alone.
    departures : tuple of Departure
        Cohorts that the protocol would not have opened.
    n_opened, n_places : int
        Size of the cohort opened last, and how many of its places are free.
    """

    decision: Decision
    tallies: tuple[Tally, ...]
    level: int
    last: Tally
    departures: tuple[Departure, ...]
    n_opened: int
    n_places: int


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
        If it holds more patients than the design's maximum.
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
    cap = getattr(design, "max_patients", None)
    n_patients = sum(tally.n_patients for tally in tallies)
    if cap is not None and n_patients > cap:
        raise InputError(f"{n_patients} patients are more than the maximum sample size of {cap}")
    followed = replay(design, cohorts, labels)
    if followed.departures and not allow_departures:
        raise DepartureError(followed.departures)
    level = labels.index(cohorts[-1].label) if cohorts else design.start
    return Advice(
        decision=design.decide(tallies, level, followed.last),
        tallies=tallies,
        level=level,
        last=followed.last,
        departures=followed.departures,
        n_opened=followed.n_opened,
        n_places=followed.n_places,
    )


def describe_decision(decision: Decision, protocol: Protocol) -> str:
    """Say a decision in one sentence."""
    if decision.action is Action.WAIT:
        return "Wait for the pending patients."
    if decision.level is None:
        if decision.mtd is not None:
            return f"Stop: the MTD is {protocol.describe_level(decision.mtd)}."
        return "Stop: the MTD is not determined." if decision.inconclusive else "Stop: no MTD."
    verb = {
        Action.ESCALATE: "Escalate to",
        Action.STAY: "Start at" if decision.clause.id == "start" else "Stay at",
        Action.DEESCALATE: "De-escalate to",
    }[decision.action]
    n = decision.n_to_enrol
    return f"{verb} {protocol.describe_level(decision.level)}: enrol {n} patient{'s' * (n != 1)}."
