"""What the interval designs have in common.

Each compares the DLTs at the current level with two boundaries, which depend on the number of
patients there alone, and moves one level up, one down, or stays. The methods differ in where the
boundaries lie. A level at which P(P(DLT) > target | data) is too high is eliminated, with all
above it. When all patients are treated, the MTD is selected from all levels at once, by isotonic
regression, which is another question than where the next cohort goes.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, TypeGuard

from escalation.designs.base import Action, Clause, Decision, Design, LevelStatus
from escalation.designs.interval.clauses import write_interval_clauses
from escalation.designs.interval.follow_up import FollowUpBoundaries
from escalation.designs.interval.isotonic import select_mtd
from escalation.designs.interval.options import IntervalOptions, Statuses
from escalation.designs.interval.posterior import exceeds
from escalation.designs.interval.titration import level_to_titrate, where_titration_ended
from escalation.designs.options import PLENTY
from escalation.designs.outline import Outline
from escalation.outcomes import Tally

__all__ = ["IntervalDesign", "bisect_decisions", "has_boundaries"]


class IntervalDesign(IntervalOptions):
    """A design with boundaries for the number of DLTs at the current level."""

    __slots__ = ()  # a dataclass once more, without new fields, would cost every start 1 ms

    by_stages: ClassVar[bool] = False
    by_boundaries: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_statuses", _judge_table(self))
        object.__setattr__(self, "_short", tuple(map(self.elimination, range(self.cohort_size))))
        known = range(len(self._statuses) if self.extrasafe else 0)
        object.__setattr__(self, "_unsafe", tuple(map(self.unsafe_at_lowest, known)))
        clauses = write_interval_clauses(self, self.reasons(), self.selection())
        object.__setattr__(self, "_clauses", clauses)

    @property
    def clauses(self) -> Mapping[str, Clause]:
        """The protocol's sentences for these options, by their ids."""
        return self._clauses

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of patients at a level after whole cohorts."""
        size = self.cohort_size
        most = self.max_patients or max(PLENTY, size)
        if self.n_earlystop is not None:
            most = min(most, -(-self.n_earlystop // size) * size)
        return tuple(range(size, most + 1, size))

    @abstractmethod
    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate.

        -1 and n + 1 stand for never.
        """

    def follow_up_boundaries(self, n: int, x: int, n_pending: int) -> FollowUpBoundaries | None:
        """Return what is done at the current level by the follow-up of its pending patients.

        None for a design that does not ask for follow-up.

        Parameters
        ----------
        n, x, n_pending : int
            Patients at the level, pending ones among them, those with a DLT, and those pending.
        """
        return None

    @abstractmethod
    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""

    def elimination(self, n: int) -> int | None:
        """Return the fewest DLTs among ``n`` that eliminate a level; None where none do."""
        return self._fewest_above(n, self.cutoff_eli)

    def _fewest_above(self, n: int, cutoff: float) -> int | None:
        if n < self.min_eliminate or not self._is_excessive(n, n, cutoff):
            return None
        low, high = 0, n  # the posterior probability rises with the DLTs
        while low < high:
            middle = (low + high) // 2
            if self._is_excessive(n, middle, cutoff):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_excessive(self, n: int, x: int, cutoff: float) -> bool:
        return exceeds(n, x, self.target, cutoff)

    def status(self, tally: Tally) -> LevelStatus:
        """Judge one level on its evaluable patients alone, for any number of them.

        With less than a first cohort, it is not cleared; and it is above the target, or too toxic,
        when it would be though the rest of the cohort had no DLT. One patient of a titration leaves
        it open.
        """
        n, x = tally.n_evaluable, tally.n_dlts
        return self._statuses[n][x] if n < len(self._statuses) else _judge(self, n)[x]

    def final_status(self, tally: Tally) -> LevelStatus:
        """Judge one level on the patients it has, for no more will come."""
        too_toxic = self._is_short_and_toxic(tally)
        return LevelStatus.TOO_TOXIC if too_toxic else self.status(tally)

    def _is_short_and_toxic(self, tally: Tally) -> bool:
        """Tell whether less than a cohort eliminates a level as it is; whole ones are judged."""
        n = tally.n_evaluable
        limit = self._short[n] if n < self.cohort_size else None
        return limit is not None and tally.n_dlts >= limit

    def _judge_all(self, tallies: Sequence[Tally]) -> list[LevelStatus]:
        judged = self._statuses
        try:
            return [judged[tally.n_evaluable][tally.n_dlts] for tally in tallies]
        except IndexError:  # more patients at a level than in the whole trial
            return [self.status(tally) for tally in tallies]

    def _judged_as(self, n: int) -> int:
        """Return as how many patients ``n`` are judged: the rest of a first cohort without DLT.

        The one patient of a titration is not judged alone: the cohort is completed first.
        """
        return max(n, self.cohort_size) if n > int(self.titration) else 0

    def _is_lowest_unsafe(self, lowest: Tally) -> bool:
        """Tell whether the trial stops for the lowest level, though it is not eliminated."""
        return self.extrasafe and self._is_unsafe(
            self._judged_as(lowest.n_evaluable), lowest.n_dlts
        )

    def _is_unsafe(self, n: int, x: int) -> bool:
        limits = self._unsafe
        limit = limits[n] if n < len(limits) else self.unsafe_at_lowest(n)
        return limit is not None and x >= limit

    def unsafe_at_lowest(self, n: int) -> int | None:
        """Return the fewest DLTs among ``n`` at the lowest level that stop the trial."""
        return self._fewest_above(n, self.cutoff_at_lowest if self.extrasafe else self.cutoff_eli)

    def _largest_estimate(self) -> float | None:
        """Return the largest estimate of P(DLT) that the MTD may have."""
        return None

    def _select_mtd(self, tallies: Sequence[Tally]) -> int | None:
        """Select the MTD from the levels that are not eliminated."""
        return select_mtd(tallies, self.target, at_most=self._largest_estimate())

    def selection(self) -> str:
        """Say in words which level is selected as the MTD."""
        return (
            "the level, among those given and not eliminated, whose isotonic estimate of P(DLT) "
            f"is nearest to {self.target:g}"
        )

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        return self._decide_judged(tallies, level, self._judge_all(tallies))

    def _decide_judged(
        self, tallies: Sequence[Tally], level: int, statuses: Sequence[LevelStatus]
    ) -> Decision:
        """Decide, given how each level is judged."""
        too_toxic = LevelStatus.TOO_TOXIC
        ceiling = statuses.index(too_toxic) if too_toxic in statuses else self.n_levels
        if ceiling == 0:
            return self._stop("lowest-eliminated")
        if self._is_lowest_unsafe(tallies[0]):
            return self._stop("lowest-unsafe")
        places = self.cohort_size
        if self.max_patients is not None:
            places = self.max_patients - sum([tally.n_evaluable for tally in tallies])
            if places <= 0:
                return self._select("max-patients", tallies[:ceiling])
        here = level
        if self.titration:
            if single := self._titrate(tallies, level, ceiling):
                return single
            here = where_titration_ended(tallies, level, self.cohort_size)
        target, why = self._move(statuses, here, ceiling)
        n_there = tallies[target].n_evaluable
        if self.n_earlystop is not None and target == level and n_there >= self.n_earlystop:
            return self._select("enough-here", tallies[:ceiling])
        if why == "stay" and n_there < self.cohort_size:
            why = self._why_below_a_cohort(tallies, target)
        lacking = self.cohort_size - n_there
        if lacking <= 0 or (self.titration and target != level and not tallies[target].n_dlts):
            lacking = self.cohort_size
        return self._treat(level, target, min(lacking, places), why)

    def _why_below_a_cohort(self, tallies: Sequence[Tally], target: int) -> str:
        """Return the clause by which a level with less than a cohort is given."""
        if tallies[target].n_evaluable:
            return "fill"
        begins = target == self.start and not any(tally.n_evaluable for tally in tallies)
        return "start" if begins else "not-given"

    def _treat(self, level: int, target: int, n_to_enrol: int, why: str) -> Decision:
        return Decision(
            action=Action.towards(target, level),
            level=target,
            n_to_enrol=n_to_enrol,
            clause=self._clauses[why],
        )

    def _titrate(self, tallies: Sequence[Tally], level: int, ceiling: int) -> Decision | None:
        target = level_to_titrate(tallies, level, ceiling, self.cohort_size)
        if target is None:
            return None
        begins = target == self.start and not any(tally.n_evaluable for tally in tallies)
        return self._treat(level, target, 1, "start" if begins else "titrate")

    def _move(self, statuses: Sequence[LevelStatus], level: int, ceiling: int) -> tuple[int, str]:
        """Return the next level, and the clause that says why."""
        if level >= ceiling:
            return ceiling - 1, "eliminated"
        here = statuses[level]
        if here is LevelStatus.CLEARED:
            if level + 1 < ceiling:
                return level + 1, "escalate"
            return level, "stay-highest" if ceiling == self.n_levels else "stay-below-eliminated"
        if here is LevelStatus.ABOVE_TARGET:
            return (level - 1, "deescalate") if level else (level, "stay-lowest")
        return level, "stay"

    def _select(self, why: str, tallies: Sequence[Tally]) -> Decision:
        """Stop with the MTD, every level judged on the patients it has: no more will come."""
        eliminated = (
            level for level, tally in enumerate(tallies) if self._is_short_and_toxic(tally)
        )
        ceiling = next(eliminated, len(tallies))
        if ceiling == 0:
            return self._stop("lowest-eliminated")
        if self.extrasafe and self._is_unsafe(tallies[0].n_evaluable, tallies[0].n_dlts):
            return self._stop("lowest-unsafe")
        return self._stop(why, self._select_mtd(tallies[:ceiling]))

    def _stop(self, why: str, mtd: int | None = None) -> Decision:
        return Decision(action=Action.STOP, mtd=mtd, clause=self._clauses[why])

    # ------------------------------------------------ the same for many states at once

    @property
    def outline(self) -> Outline:
        """What of the tallies ``_decide`` looks at."""
        return Outline(
            here=self._look_here,
            elsewhere=self._look_elsewhere,
            in_all=self._look_at_places,
            selecting=frozenset({"max-patients", "enough-here"}),
            one_size=not self.titration,
            select=self._select_many,
        )

    def _look_here(self, level: int, tally: Tally) -> Hashable:
        n = tally.n_evaluable
        enough = self.n_earlystop is not None and n >= self.n_earlystop
        judged = self.status(tally) if n >= self.cohort_size else None
        return (judged, enough, self._look_elsewhere(level, tally))

    def _look_elsewhere(self, level: int, tally: Tally) -> Hashable:
        if tally.n_evaluable < self.cohort_size:
            return ("less than a cohort", tally.n_evaluable, tally.n_dlts)
        unsafe = level == 0 and self._is_lowest_unsafe(tally)
        return ("judged", self.status(tally) is LevelStatus.TOO_TOXIC, unsafe)

    def _look_at_places(self, n_evaluable: int) -> Hashable:
        if self.max_patients is None:
            return None
        return min(max(self.max_patients - n_evaluable, 0), self.cohort_size)

    def _select_many(self, tallies: Sequence[Tally], which: Any) -> Any:
        """Do as ``_select`` where it selects an MTD."""
        from escalation.designs.interval.many import select_mtds  # noqa: PLC0415  # loads numpy

        eliminated = [self._is_eliminated_at_last(tally) for tally in tallies]
        at_most = self._largest_estimate()
        return select_mtds(tallies, which, eliminated, self.target, at_most=at_most)

    def _is_eliminated_at_last(self, tally: Tally) -> bool:
        return self.final_status(tally) is LevelStatus.TOO_TOXIC


def has_boundaries(design: Design) -> TypeGuard[IntervalDesign]:
    """Tell whether a design judges a level by boundaries, as it declares."""
    return design.by_boundaries


def bisect_decisions(n: int, reading: Callable[[int], int]) -> tuple[int, int]:
    """Return the boundaries among ``n`` patients of a reading that only rises with the DLTs.

    ``reading`` returns 0 to escalate, 1 to stay and 2 to de-escalate.
    """
    first_to_stay = bisect_left(range(n + 1), 1, key=reading)
    return first_to_stay - 1, bisect_left(range(n + 1), 2, key=reading)


@lru_cache(maxsize=64)  # a report puts one design on several ladders, many times
def _judge_table(design: IntervalDesign) -> Statuses:
    return tuple(_judge(design, n) for n in range(design.stages[-1] + design.cohort_size + 1))


def _judge(design: IntervalDesign, n: int) -> tuple[LevelStatus, ...]:
    """Judge every number of DLTs among ``n`` patients."""
    if n == 0:
        return (LevelStatus.NOT_GIVEN,)
    size = design._judged_as(n)
    if not size:
        return (LevelStatus.OPEN,) * (n + 1)
    most_to_go_up, fewest_to_go_down = design.boundaries(size)
    fewest_to_eliminate = design.elimination(size)
    statuses = [LevelStatus.OPEN] * (n + 1)
    for x in range(n + 1):
        if fewest_to_eliminate is not None and x >= fewest_to_eliminate:
            statuses[x] = LevelStatus.TOO_TOXIC
        elif x >= fewest_to_go_down:
            statuses[x] = LevelStatus.ABOVE_TARGET
        elif x <= most_to_go_up and n >= design.cohort_size:
            statuses[x] = LevelStatus.CLEARED
    return tuple(statuses)
