"""Accelerated titration: one patient a level until toxicity is seen, then the 3+3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, ClassVar, Literal, get_args

from escalation.dataclass import dataclass
from escalation.designs.a_plus_b.three_plus_three import ThreePlusThree
from escalation.designs.base import MAX_LEVELS, Clause, Decision, Design, LevelStatus
from escalation.outcomes import Tally

__all__ = ["AcceleratedTitration"]

AfterTitration = Literal["same", "below"]
_ENDED = (MAX_LEVELS + 1) ** 2  # above every summary of a titration that goes on


def _say_after_titration(_: Design, value: Any) -> str:
    where = "one level below" if value == "below" else "at the same level"
    return f"After a DLT in titration the trial goes on {where}."


MODERATE_EVENTS: Mapping[str, Any] = {
    "description": "Titration ends when so many patients have had a moderate toxicity.",
    "ge": 1,
    "le": MAX_LEVELS,  # titration meets one patient a level
}
AFTER_TITRATION: Mapping[str, Any] = {
    "description": "Where the 3+3 goes on after a DLT in titration: same level, or one below.",
    "sentence": _say_after_titration,
    "added_later": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratedTitration(ThreePlusThree):
    """Accelerated titration: one patient a level, then the 3+3 with all its options.

    Titration ends with the first DLT, with the second moderate toxicity (grade 2 or more, no DLT),
    or with the patient at the highest level. The level where it ends is completed to three, and the
    3+3 goes on from there: up with three patients a level, or down. Levels that titration has
    passed count as passed on the way up only; on the way down they are completed to three. With
    ``after_titration="below"`` a DLT of the one patient at a level in titration sends the trial one
    level below instead, which is completed to three before the level is given again.

    Where titration ends is read off the tallies from the lowest level up, never off the order of
    events: with a DLT or moderate toxicity found late it may be a lower level than thought, and
    the levels from there on are completed before any higher one is given again.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first patient.
    moderate_events : int
        Titration ends when this many patients have had a moderate toxicity.
    after_titration : {"same", "below"}
        Where the 3+3 goes on after a DLT in titration: at the same level (Simon 1997), or one level
        below it. The latter not from the lowest level, nor to one that was never given where
        ``untested_below`` says "stop".
    variant, below, top, untested_below, two_of_six, third, beyond, cohort_size, max_patients
        As in ``ThreePlusThree``.

    References
    ----------
    Simon R, Freidlin B, Rubinstein L, Arbuck SG, Collins J, Christian MC (1997). Accelerated
    titration designs for phase I clinical trials in oncology. J Natl Cancer Inst 89(15):1138-1147
    (design 2, without changes of a patient's own dose).

    Examples
    --------
    >>> design = AcceleratedTitration(n_levels=3)
    >>> seen = [Tally(n_evaluable=1, n_moderate=1), Tally(n_evaluable=1), Tally()]
    >>> decision = design.decide(seen, 1)
    >>> decision.action.value, decision.level, decision.n_to_enrol
    ('escalate', 2, 1)
    """

    name: ClassVar[str] = "accelerated"
    asks_moderate: ClassVar[bool] = True

    moderate_events: int = field(default=2, metadata=MODERATE_EVENTS)
    after_titration: AfterTitration = field(default="same", metadata=AFTER_TITRATION)

    def __post_init__(self) -> None:
        super(AcceleratedTitration, self).__post_init__()
        object.__setattr__(self, "_clauses", {**self._clauses, **_clauses(self)})

    def _faults(self) -> Sequence[str]:
        events = self.moderate_events
        # titration meets a hundred patients at most, one a level
        wrong = type(events) is not int or not 1 <= events <= MAX_LEVELS
        said = f"moderate_events must be a whole number from 1 to {MAX_LEVELS}, not {events!r}"
        faults = [*super(AcceleratedTitration, self)._faults(), *([said] if wrong else [])]
        if self.after_titration not in get_args(AfterTitration):
            faults.append(
                f"after_titration must be 'same' or 'below', not {self.after_titration!r}"
            )
        return faults

    def summarise_moderate(self, tallies: Sequence[Tally], level: int) -> int:
        """Return the moderate toxicities so far, or after them the level where titration ended."""
        end, has_ended = self._titration(tallies)
        if has_ended:
            by_dlt_or_top = tallies[end].n_dlts or self._n_moderate(tallies) < self.moderate_events
            return 0 if by_dlt_or_top else _ENDED + end
        if not self._counts_moderate(tallies, level):
            return 0
        # in a trial that kept to the design none is above the current level
        above = max((k + 1 for k in range(level + 1, end) if tallies[k].n_moderate), default=0)
        return self._n_moderate(tallies) + above * (MAX_LEVELS + 1)

    def _titration(self, tallies: Sequence[Tally]) -> tuple[int, bool]:
        """Return the level where titration ends, the highest as far as is known, and if it has."""
        n_moderate = 0
        for level, tally in enumerate(tallies):
            n_moderate += tally.n_moderate
            if tally.n_dlts or n_moderate >= self.moderate_events:
                return level, True
        return level, tally.n_evaluable > 0

    def _n_moderate(self, tallies: Sequence[Tally]) -> int:
        return sum(tally.n_moderate for tally in tallies)

    def _counts_moderate(self, tallies: Sequence[Tally], level: int) -> bool:
        """Tell whether titration can still end by moderate toxicities below the highest level."""
        to_come = sum(tally.n_evaluable == 0 for tally in tallies[level:-1])
        return self._n_moderate(tallies) + to_come >= self.moderate_events

    def _way_up(self, tallies: Sequence[Tally], statuses: list[LevelStatus]) -> list[LevelStatus]:
        end, _ = self._titration(tallies)
        passed = [
            LevelStatus.CLEARED if status is LevelStatus.OPEN else status
            for status in statuses[:end]
        ]
        way = passed + statuses[end:]
        for level in range(1, self.n_levels if self.after_titration == "below" else 0):
            unjudged = statuses[level - 1] in (LevelStatus.OPEN, LevelStatus.NOT_GIVEN)
            if unjudged and self._goes_below(tallies, level):
                way[level - 1] = LevelStatus.OPEN
        return way

    def _goes_below(self, tallies: Sequence[Tally], level: int) -> bool:
        """Tell whether the level below is completed first: by a DLT in titration.

        The tallies do not tell when a DLT came; that of a level's only patient came in titration,
        or else the level below has been judged already.
        """
        if self.after_titration == "same" or not 0 < level >= self.start:
            return False
        there, below = tallies[level], tallies[level - 1]
        only_one = there.n_evaluable == there.n_dlts == 1
        return only_one and (below.n_evaluable > 0 or self.untested_below == "treat")

    def _treat(self, tallies: Sequence[Tally], level: int, target: int, why: str) -> Decision:
        end, has_ended = self._titration(tallies)
        if has_ended or tallies[target].n_evaluable:
            above = target + 1
            if above < self.n_levels and self._goes_below(tallies, above):
                ends_here = why in ("fill", "unfinished-below")
            else:
                ends_here = why == "fill" and target == end and not self._goes_below(tallies, end)
            why = "end-titration" if ends_here else why
            return super(AcceleratedTitration, self)._treat(tallies, level, target, why)
        why = why if why == "start" else "titrate"
        decision = self._enrol(tallies, level, target, 1, why)
        if decision.level is None:
            return decision
        return replace(decision, counts_moderate=self._counts_moderate(tallies, target))


def _clauses(design: AcceleratedTitration) -> dict[str, Clause]:
    events = design.moderate_events
    fewer = "no" if events == 1 else f"fewer than {events}"
    many = f"{events} moderate toxicit{'y' if events == 1 else 'ies'}"
    where = "at the level where it ends"
    if design.after_titration == "below":
        where = f"one level below after a DLT, else {where},"
    texts = {
        "start": "Treat one patient at the starting level.",
        "titrate": f"While no DLT and {fewer} moderate toxicities (grade 2 or more) have been "
        "seen, each level is given to one patient: treat one at the next level.",
        "end-titration": f"Titration ends with the first DLT, with {many} (grade 2 or more), or "
        f"at the highest level: treat more {where} until three are evaluable, and go on as a 3+3.",
    }
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}
