"""BOIN where levels below the current one go on to be filled (BF-BOIN, Zhao et al. 2024).

Data may then come to a level that the escalation has left. Where what a lower level says and what
the current one says cannot both be right, they are judged together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache, reduce

from escalation.dataclass import dataclass
from escalation.designs.base import Clause, Decision, LevelStatus
from escalation.designs.interval.boin import Boin
from escalation.outcomes import Tally

__all__ = ["PooledBoin"]

_TOO_HIGH = (LevelStatus.ABOVE_TARGET, LevelStatus.TOO_TOXIC)
_LOW_ENOUGH = (LevelStatus.CLEARED, LevelStatus.NOT_GIVEN)
_POOLED = Clause(
    "pooled",
    "Where a lower level's data say otherwise than the current one's, all from the highest such "
    "level up to the current one are judged together: escalate or stay as they say, or go back to "
    "the highest level that, with those from there up, is below the de-escalation boundary.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledBoin(Boin):
    """BOIN that judges levels in conflict together.

    There is a conflict where the current level's data say to escalate and those of a lower level
    do not, or where they do not say to escalate and those of a lower level say to de-escalate. The
    options are those of ``Boin``.

    Attributes
    ----------
    n_backfill : int
        Evaluable patients in the backfill, who do not count to ``max_patients``.

    References
    ----------
    Zhao Y, Yuan Y, Korn EL, Freidlin B (2024). Backfilling patients in phase I dose-escalation
    trials using Bayesian optimal interval design (BOIN). Clin Cancer Res 30(4):673-679.
    """

    n_backfill: int = 0  # evaluable, and not counted to max_patients

    @staticmethod
    @lru_cache(maxsize=256)
    def of(design: Boin, n_backfill: int) -> PooledBoin:
        """Return a BOIN's rule with so many evaluable in the backfill."""
        options = {one.name: getattr(design, one.name) for one in fields(design) if one.init}
        return PooledBoin(**options, n_backfill=n_backfill)

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        statuses = self._judge_all(tallies)
        too_toxic = LevelStatus.TOO_TOXIC
        ceiling = statuses.index(too_toxic) if too_toxic in statuses else self.n_levels
        if level == 0 and self._is_lowest_unsafe(tallies[0]):
            return self._stop("lowest-unsafe")
        target, why = self._move_pooled(tallies, level, statuses)
        if target < 0:
            return self._stop("lowest-eliminated")
        places = self.cohort_size
        if self.max_patients is not None:
            places = self.max_patients + self.n_backfill
            places -= sum(tally.n_evaluable for tally in tallies)
            if places <= 0:
                return self._select("max-patients", tallies[:ceiling])
        n_there = tallies[target].n_evaluable
        if self.n_earlystop is not None and target == level and n_there >= self.n_earlystop:
            return self._select("enough-here", tallies[:ceiling])
        if why == "stay" and n_there < self.cohort_size:
            why = self._why_below_a_cohort(tallies, target)
        lacking = self.cohort_size - n_there
        n_to_enrol = min(lacking if lacking > 0 else self.cohort_size, places)
        if why != "pooled":
            return self._treat(level, target, n_to_enrol, why)
        return replace(self._treat(level, target, n_to_enrol, "stay"), clause=_POOLED)

    def _move_pooled(
        self, tallies: Sequence[Tally], level: int, statuses: Sequence[LevelStatus]
    ) -> tuple[int, str]:
        """Return the next level, and the clause that says why; -1 where none is left."""
        here, lower = statuses[level], statuses[:level]
        above = [k for k in range(level, self.n_levels) if statuses[k] is LevelStatus.TOO_TOXIC]
        ceiling = above[0] if above else self.n_levels
        goes_up = here in _LOW_ENOUGH
        against = [
            k
            for k, status in enumerate(lower)
            if (status not in _LOW_ENOUGH if goes_up else status in _TOO_HIGH)
        ]
        if not against:
            return self._move(statuses, level, ceiling)
        first = against[-1]
        pooled = reduce(Tally.plus, tallies[first : level + 1])
        status = self.status(pooled)
        if status in _LOW_ENOUGH:
            return min(level + 1, ceiling - 1), "pooled"
        if status not in _TOO_HIGH:
            return min(level, ceiling - 1), "pooled"
        safe = [
            k
            for k in range(first, level + 1)
            if self.status(reduce(Tally.plus, tallies[first : k + 1])) not in _TOO_HIGH
        ]
        target = safe[-1] if safe else first - 1
        if target < 0 and statuses[0] is not LevelStatus.TOO_TOXIC:
            target = 0
        return min(target, ceiling - 1), "pooled"
