"""The rolling six: a 3+3 that enrols up to six at a level while outcomes are pending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.a_plus_b.base import Borderline
from escalation.designs.a_plus_b.three_plus_three import ThreePlusThree
from escalation.designs.base import Action, Clause, Decision, LevelStatus
from escalation.designs.pending import resolve_pending
from escalation.outcomes import Tally

__all__ = ["RollingSix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingSix(ThreePlusThree):
    """The rolling six: a 3+3 that enrols up to six at a level while outcomes are pending.

    Once every outcome is known, it decides as the 3+3 does: with no DLT among three, four or five
    escalate, with one treat more until six are evaluable, and so on. It does not wait for
    outcomes: while they are pending and leave the decision open, the next patient is enrolled at
    the same level, one at a time, until six are enrolled there. Only then is enrolment suspended.
    A second DLT ends the level at once.

    It goes on so at the level of the last cohort alone, and only where every level below has been
    passed however its own pending patients turn out.

    In a graph of states there is no time: its operating characteristics are those of a trial in
    which each cohort is complete before the next, which are the 3+3's. What the design is for, a
    shorter trial, they do not show.

    Attributes
    ----------
    n_levels, start, variant, below, top, untested_below, beyond, max_patients
        As in ``ThreePlusThree``. Two DLTs among six are always too toxic.

    References
    ----------
    Skolnik JM, Barrett JS, Jayaraman B, Patel D, Adamson PC (2008). Shortening the timeline of
    pediatric phase I trials: the rolling six design. J Clin Oncol 26(2):190-195.

    Examples
    --------
    >>> design = RollingSix(n_levels=3)
    >>> decision = design.decide([Tally(n_evaluable=3, n_pending=1), Tally(), Tally()], 0)
    >>> decision.action.value, decision.level, decision.n_to_enrol
    ('stay', 0, 1)
    """

    name: ClassVar[str] = "rolling-six"
    while_pending: ClassVar[Clause] = Clause(
        "rolling",
        "While outcomes are pending and fewer than two patients at the level have had a DLT, enrol "
        "the next patient there, one at a time, until six have been enrolled.",
    )

    two_of_six: Borderline = field(default="fail", init=False, repr=False)
    third: int | None = field(default=None, init=False, repr=False)
    cohort_size: str | None = field(default=None, init=False, repr=False)

    def _decide_pending(self, tallies: Sequence[Tally], level: int, last: Tally) -> Decision:
        decision = super(RollingSix, self)._decide_pending(tallies, level, last)
        if decision.settled or not decision.possible or not self._goes_on(tallies, level):
            return decision
        return Decision(action=Action.STAY, level=level, n_to_enrol=1, clause=self.while_pending)

    def _goes_on(self, tallies: Sequence[Tally], level: int) -> bool:
        """Tell whether the level may be given to one more, whatever is still pending."""
        here = tallies[level]
        if not here.n_pending or here.n_patients >= self.a + self.b:
            return False
        n_enrolled = sum(tally.n_patients for tally in tallies)
        if self.max_patients is not None and n_enrolled >= self.max_patients:
            return False
        known = Tally(n_evaluable=here.n_evaluable, n_dlts=here.n_dlts)
        return self.status(known) is not LevelStatus.TOO_TOXIC and all(
            self.status(way) not in (LevelStatus.OPEN, LevelStatus.TOO_TOXIC)
            for tally in tallies[:level]
            for (way,) in resolve_pending([tally], dropouts=True)
        )

    def places_while_pending(self, tallies: Sequence[Tally], level: int) -> int:
        """Return how many more a level may have been given before its outcomes were known."""
        before = tallies[level].n_patients
        unknown = [*tallies[:level], Tally(n_pending=before), *tallies[level + 1 :]]
        if self.decide(unknown, level).level != level:
            return 0
        places = self.a + self.b - before
        if self.max_patients is None:
            return places
        return min(places, self.max_patients - sum(tally.n_patients for tally in tallies))
