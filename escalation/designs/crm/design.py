"""The continual reassessment method: the level whose modelled P(DLT) is nearest to the target."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from typing import TYPE_CHECKING, ClassVar

from escalation.dataclass import dataclass
from escalation.designs.base import Action, Clause, Decision, LevelStatus
from escalation.designs.crm.clauses import write_crm_clauses
from escalation.designs.crm.grid import grid_size, make_grid, posterior
from escalation.designs.crm.likelihood import maximise_likelihood
from escalation.designs.crm.model import CrmModel
from escalation.designs.crm.options import TIE, CrmOptions
from escalation.designs.interval.posterior import as_written
from escalation.outcomes import FollowUp, Tally

if TYPE_CHECKING:
    from escalation.designs.crm.digest import CrmDigest

__all__ = ["Crm"]

MAX_FITS = 1 << 17  # kept at hand
FEW = 16  # fits for which making matrices takes longer than doing without
FEW_UNLOADED = 400  # the same, where numpy has not been loaded yet

Counts = tuple[int, ...]  # evaluable patients and DLTs of each level, in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm(CrmOptions):
    """CRM, the continual reassessment method: a one-parameter model with a normal prior.

    The next cohort is treated at the level whose P(DLT), with the estimate of the model's
    parameter plugged in, is nearest to the target; of two equally near at the lower. Upwards no
    level is skipped, nor left with less than a cohort; nobody goes up right after a cohort with a
    DLT rate of the target or more. When the patients are spent, the MTD is the nearest among the
    levels that were given.

    The estimate is the posterior mean, or the one of maximum likelihood. The latter needs a first
    stage, which the former may have as well: level by level until the first DLT.

    Its options are those of ``CrmOptions``.

    References
    ----------
    O'Quigley J, Pepe M, Fisher L (1990). Continual reassessment method: a practical design for
    phase 1 clinical trials in cancer. Biometrics 46:33-48.
    O'Quigley J, Shen LZ (1996). Continual reassessment method: a likelihood approach.
    Biometrics 52:673-684.
    Goodman SN, Zahurak ML, Piantadosi S (1995). Some practical improvements in the continual
    reassessment method for phase I studies. Stat Med 14:1149-1161.
    Cheung YK (2005). Coherence principles in dose-finding studies. Biometrika 92:863-873.

    Examples
    --------
    >>> design = Crm(n_levels=5, target=0.25, max_patients=30, halfwidth=0.05)
    >>> [round(p, 3) for p in design.curve.skeleton]
    [0.084, 0.157, 0.25, 0.355, 0.46]
    >>> seen = [Tally(n_evaluable=3), *[Tally()] * 4]
    >>> design.decide(seen, 0).level
    1
    """

    name: ClassVar[str] = "crm"
    by_stages: ClassVar[bool] = False
    by_level: ClassVar[bool] = False
    remembers: ClassVar[bool] = True

    _steps: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _split: float = field(init=False, repr=False, compare=False)
    _toxic: tuple[int, int] = field(init=False, repr=False, compare=False)
    _clauses: Mapping[str, Clause] = field(init=False, repr=False, compare=False)
    _fits: _Fits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super(Crm, self).__post_init__()
        put, curve, target = partial(object.__setattr__, self), self.curve, self.target
        steps = pairwise(range(self.n_levels))
        put("_steps", tuple(curve.beta_between(*pair, target) + TIE for pair in steps))
        put("_split", curve.beta_at(0, target))
        put("_toxic", as_written(target).as_integer_ratio())
        put("_clauses", write_crm_clauses(self))
        put("_fits", _Fits())

    def status(self, tally: Tally) -> LevelStatus:
        """Tell only whether a level was given: it is judged together with all others."""
        return LevelStatus.OPEN if tally.n_evaluable else LevelStatus.NOT_GIVEN

    def remember(self, last: Tally) -> int:
        """Return 1 after a cohort with a DLT rate of the target or more, else 0."""
        numerator, denominator = self._toxic
        toxic = last.n_dlts * denominator >= last.n_evaluable * numerator
        return int(self.coherent and last.n_evaluable > 0 and toxic)

    def estimates(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp] = ()
    ) -> tuple[float, ...] | None:
        """Return the estimate of P(DLT) at each level, from the evaluable patients.

        None where the likelihood has no maximum.
        """
        beta = self._fit(tallies)[0]
        return self.curve.p_dlt(beta) if isfinite(beta) else None

    def prepare(self, states: Iterable[Sequence[Tally]]) -> None:
        """Fit the model to many tallies at once, so that deciding on them is quick."""
        new: dict[int, dict[Counts, None]] = {}
        for tallies in states:
            counts = _counts(tallies)
            if counts not in self._fits:
                new.setdefault(grid_size(sum(counts[::2])), {})[counts] = None
        if sum(map(len, new.values())) < (FEW if "numpy" in sys.modules else FEW_UNLOADED):
            return
        from escalation.designs.crm.many import fit_many  # noqa: PLC0415  # it loads numpy

        for size, group in new.items():
            grid = make_grid(self.curve, self._split, size) if self._needs_posterior else None
            self._fits.keep(fit_many(self.curve, self.method, grid, list(group)))

    @property
    def digest(self) -> CrmDigest:
        """What decisions look at, of many states at once."""
        from escalation.designs.crm.digest import CrmDigest  # noqa: PLC0415  # it loads numpy

        return CrmDigest(self, self._steps, self._split)

    def _fit(self, tallies: Sequence[Tally]) -> tuple[float, float]:
        """Return the estimate of beta, and P(P(DLT) at the lowest level > target)."""
        counts = _counts(tallies)
        found = self._fits.get(counts)
        if found is None:
            n_dlts, beta, p_too_toxic = counts[1::2], 0.0, 0.0
            n_without = [n - x for n, x in zip(counts[::2], n_dlts, strict=True)]
            if self._needs_posterior:
                grid = make_grid(self.curve, self._split, grid_size(sum(counts[::2])))
                beta, p_too_toxic = posterior(grid, n_dlts, n_without)
            if self.method == "mle":
                beta = _most_likely(self.curve, n_dlts, n_without)
            found = beta, p_too_toxic
            self._fits.keep({counts: found})
        return found

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        return self._decide_remembering(tallies, level, 0)

    def _decide_remembering(self, tallies: Sequence[Tally], level: int, memory: int) -> Decision:
        return self._decide_fitted(tallies, level, memory, self._fit(tallies))

    def _decide_fitted(
        self, tallies: Sequence[Tally], level: int, memory: int, fitted: tuple[float, float]
    ) -> Decision:
        """Decide, given the estimate of beta and P(P(DLT) at the lowest level > target)."""
        beta, p_too_toxic = fitted
        n_evaluable = sum([tally.n_evaluable for tally in tallies])
        if n_evaluable and self.is_above_cutoff(p_too_toxic):
            return self._stop("lowest-too-toxic")
        places = self.cohort_size
        if self.max_patients is not None:
            places = self.max_patients - n_evaluable
            if places <= 0:
                return self._select("max-patients", tallies, beta)
        whole = self.cohort_size
        if self._first_stage and not any(tally.n_dlts for tally in tallies):
            whole = self._first_stage
            up = tallies[level].n_evaluable >= whole and level + 1 < self.n_levels
            target, why = level + up, "first-stage"
        else:
            target, why = self._move(tallies, level, beta, memory)
        if not n_evaluable:
            target = level
            if level == self.start:
                why = "start"
            elif why != "first-stage":
                why = "not-given"
        n_there = tallies[target].n_evaluable
        if self.n_earlystop is not None and target == level and n_there >= self.n_earlystop:
            return self._select("enough-here", tallies, beta)
        if n_there >= whole:  # on the highest level the first stage goes on, in whole cohorts
            whole = self.cohort_size
        lacking = whole - n_there if n_there < whole else self.cohort_size
        return Decision(
            action=Action.towards(target, level),
            level=target,
            n_to_enrol=min(lacking, self.cohort_size, places),
            clause=self._clauses[why],
        )

    def _move(
        self, tallies: Sequence[Tally], level: int, beta: float, memory: int
    ) -> tuple[int, str]:
        """Return the next level, and the clause that says why."""
        nearest = self._nearest(beta)
        too_many = beta == -inf
        if nearest < level:
            return nearest, "dlts-only" if too_many else "deescalate"
        if nearest > level and memory:
            return level, "stay-coherent"
        n_here = tallies[level].n_evaluable
        if n_here < self.cohort_size:
            return level, "fill" if n_here else "not-given"
        if nearest == level:
            return level, "dlts-only" if too_many else "stay"
        return nearest if self.skipping else level + 1, "escalate"

    def _select(self, why: str, tallies: Sequence[Tally], beta: float) -> Decision:
        """Stop, with the MTD nearest to the target of the levels given."""
        if beta == -inf:
            return self._stop(why)
        nearest = self._nearest(beta)
        given = [level for level, tally in enumerate(tallies) if tally.n_evaluable]
        # the farther from the nearest level of all, on either side, the farther from the target
        below = [level for level in given if level <= nearest]
        above = [level for level in given if level >= nearest]
        if below and above:
            lower, upper = below[-1], above[0]
            is_lower = beta <= self.curve.beta_between(lower, upper, self.target) + TIE
            mtd = lower if is_lower else upper
        else:
            mtd = below[-1] if below else above[0]
        return self._stop(why, mtd)

    def _nearest(self, beta: float) -> int:
        """Return the level with P(DLT) nearest to the target; of two equally near the lower."""
        return bisect_left(self._steps, beta)

    def _stop(self, why: str, mtd: int | None = None) -> Decision:
        return Decision(action=Action.STOP, mtd=mtd, clause=self._clauses[why])


class _Fits(dict[Counts, tuple[float, float]]):
    """Fits at hand, never more than a limit or one batch; they can always be made again."""

    __slots__ = ()

    def keep(self, more: Mapping[Counts, tuple[float, float]]) -> None:
        """Add fits, in place of all others where they would be too many."""
        if len(self) + len(more) > MAX_FITS:
            self.clear()
        self.update(more)

    def __reduce__(self) -> tuple[type[_Fits], tuple[()]]:
        """Stay behind when the design is sent to another process."""
        return _Fits, ()


def _counts(tallies: Sequence[Tally]) -> Counts:
    return tuple([count for t in tallies for count in (t.n_evaluable, t.n_dlts)])


def _most_likely(curve: CrmModel, n_dlts: Sequence[int], n_without: Sequence[int]) -> float:
    """Return the estimate of beta by maximum likelihood, infinite where there is none."""
    patients = {}
    for level, (x, y) in enumerate(zip(n_dlts, n_without, strict=True)):
        if x or y:
            patients[level, 1.0, True], patients[level, 1.0, False] = x, y
    return maximise_likelihood(curve, patients)
