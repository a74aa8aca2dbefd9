"""Follow a history cohort by cohort and name each step that the design would not have taken.

The last cohort alone does not tell: after ``1TTT 2NNN`` a rule that looks only at ``2NNN`` would
escalate. Replaying shows that cohort 2 should never have been opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.designs.base import Action, Decision, Design
from escalation.errors import EscalationError, LadderError
from escalation.outcomes import Cohort, tally_cohorts

__all__ = ["Departure", "DepartureError", "find_departures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One cohort that the design would not have produced.

    Attributes
    ----------
    cohort : int
        Its number in the history, from 1.
    notation : str
        The cohort as written.
    expected : Decision
        What the design said before it was opened.
    problem : str
        Both, in one sentence.
    """

    cohort: int
    notation: str
    expected: Decision
    problem: str


class DepartureError(EscalationError):
    """A history that the protocol could not have produced."""

    def __init__(self, departures: Sequence[Departure]) -> None:
        self.departures = tuple(departures)
        named = "; ".join(departure.problem for departure in departures)
        super().__init__(
            f"the protocol would not have produced this history: {named}. "
            "Use --allow-departures to decide on it all the same"
        )


def find_departures(
    design: Design, cohorts: Sequence[Cohort], labels: Sequence[int]
) -> tuple[Departure, ...]:
    """Replay ``cohorts`` through ``design.decide`` and return every departure, in order.

    A cohort departs when it was opened while the design said to stop or to wait, at another
    level than the design's, or with more patients than it allowed (those replaced do not count).
    Earlier cohorts are judged with the outcomes known now.

    Raises
    ------
    LadderError
        For a cohort at a level that is not on the ladder.
    """
    departures = []
    level = design.start
    for number, cohort in enumerate(cohorts, start=1):
        if cohort.label not in labels:
            raise LadderError(cohort.label, labels)
        tallies = tally_cohorts(cohorts[: number - 1], labels)
        expected = design.decide(tallies, level)
        level = labels.index(cohort.label)
        complaint = _complaint(expected, level, cohort, labels)
        if complaint:
            departures.append(
                Departure(
                    cohort=number,
                    notation=str(cohort),
                    expected=expected,
                    problem=f"cohort {number} ({cohort}) {complaint}",
                )
            )
    return tuple(departures)


def _complaint(expected: Decision, level: int, cohort: Cohort, labels: Sequence[int]) -> str | None:
    if expected.action is Action.STOP:
        return "was opened after the design had stopped the trial"
    if expected.action is Action.WAIT:
        return "was opened while the design was waiting for pending patients"
    if expected.level is not None and expected.level != level:
        return f"is at level {cohort.label} where the design says level {labels[expected.level]}"
    if cohort.tally.n_patients > expected.n_to_enrol:
        return (
            f"has {cohort.tally.n_patients} patients where the design opens {expected.n_to_enrol}"
        )
    return None
