"""The continual reassessment method: the level whose modelled P(DLT) is nearest to the target."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from math import erfc, isfinite, sqrt
from typing import Any, ClassVar

from escalation.designs.base import MAX_LEVELS, Action, Clause, Decision, Design, LevelStatus
from escalation.designs.crm_clauses import write_crm_clauses
from escalation.designs.crm_fit import Grid, grid_size, make_grid, posterior
from escalation.designs.crm_model import (
    INTERCEPT,
    LEAST_SD,
    MOST_INTERCEPT,
    MOST_SD,
    PRIOR_SD,
    CrmModel,
    ModelKind,
    calibrate_skeleton,
)
from escalation.designs.interval import MAX_COHORT, MAX_PATIENTS
from escalation.designs.posterior import as_written
from escalation.errors import DesignError
from escalation.outcomes import Tally

__all__ = ["Crm"]

TIE = 1e-9  # of beta or a probability: what lies closer is equal; both are right to 1e-10
MAX_FITS = 1 << 17  # kept at hand
FEW = 16  # fits for which loading numpy takes longer than doing without
BLOCK = 128  # fits in one matrix: it stays in the cache of one core

Counts = tuple[int, ...]  # evaluable patients and DLTs of each level, in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm(Design):
    """The CRM with a one-parameter model and a normal prior.

    The next cohort is treated at the level whose P(DLT), with the posterior mean of the model's
    parameter plugged in, is nearest to the target; of two equally near at the lower. Upwards no
    level is skipped, nor left with less than a cohort; nobody goes up right after a cohort with a
    DLT rate of the target or more. When the patients are spent, the MTD is the nearest among the
    levels that were given.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first cohort.
    target : float
        The P(DLT) sought.
    cohort_size : int
    max_patients : int
        Patients in the whole trial, a multiple of the cohort size.
    skeleton : tuple of float or None
        The prior guess of P(DLT), one a level; None to calibrate it by ``halfwidth`` and
        ``prior_mtd``, see ``calibrate_skeleton``.
    halfwidth : float or None
        Of the indifference interval; a quarter of the target unless given.
    prior_mtd : int or None
        The MTD before the first patient, by its place on the ladder: 1 for the lowest level,
        whatever its label. The middle level, the lower of two, unless given.
    model : {"empiric", "logistic"}
    intercept : float or None
        Of the logistic model; 3 unless given.
    prior_sd : float
        Prior standard deviation of the model's parameter.
    skipping : bool
        Escalate over untried levels.
    coherent : bool
        Never escalate right after a cohort with a DLT rate of the target or more.
    cutoff_stop : float
        Stop, without an MTD, when P(P(DLT) at the lowest level > target | data) is above this;
        1 for never.
    n_earlystop : int or None
        The trial stops, and the MTD is selected, when so many are evaluable at the current level
        and the next cohort would be treated there too.

    References
    ----------
    O'Quigley J, Pepe M, Fisher L (1990). Continual reassessment method: a practical design for
    phase 1 clinical trials in cancer. Biometrics 46:33-48.
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

    n_levels: int
    start: int = 0
    target: float = field(metadata={"description": "The P(DLT) sought.", "gt": 0, "lt": 1})
    cohort_size: int = field(
        default=3, metadata={"description": "Patients in a cohort.", "ge": 1, "le": MAX_COHORT}
    )
    max_patients: int = field(
        metadata={
            "description": "Patients in the whole trial, a multiple of cohort_size.",
            "ge": 1,
            "le": MAX_PATIENTS,
        }
    )
    skeleton: tuple[float, ...] | None = field(
        default=None,
        metadata={
            "description": "Prior guess of P(DLT) at each level, lowest level first; "
            "calibrated by halfwidth and prior_mtd unless given.",
            "each": {"gt": 0, "lt": 1},
        },
    )
    halfwidth: float | None = field(
        default=None,
        metadata={
            "description": "Half the width of the indifference interval around the target; "
            "a quarter of the target unless given.",
            "gt": 0,
            "lt": 0.5,
        },
    )
    prior_mtd: int | None = field(
        default=None,
        metadata={
            "description": "The MTD before the first patient, by its place on the ladder, 1 for "
            "the lowest level; the middle unless given.",
            "ge": 1,
            "le": MAX_LEVELS,
        },
    )
    model: ModelKind = field(
        default="empiric", metadata={"description": "The curve of P(DLT) by level."}
    )
    intercept: float | None = field(
        default=None,
        metadata={
            "description": f"Of the logistic model; {INTERCEPT:g} unless given.",
            "ge": -MOST_INTERCEPT,
            "le": MOST_INTERCEPT,
        },
    )
    prior_sd: float = field(
        default=PRIOR_SD,
        metadata={
            "description": "Prior standard deviation of the model's parameter.",
            "ge": LEAST_SD,
            "le": MOST_SD,
        },
    )
    skipping: bool = field(default=False, metadata={"description": "Escalate over untried levels."})
    coherent: bool = field(
        default=True,
        metadata={
            "description": "Never escalate right after a cohort with a DLT rate of the target "
            "or more."
        },
    )
    cutoff_stop: float = field(
        default=0.95,
        metadata={
            "description": "Stop when P(P(DLT) at the lowest level > target | data) is above "
            "this; 1 for never.",
            "ge": 0.5,
            "le": 1,
        },
    )
    n_earlystop: int | None = field(
        default=None,
        metadata={
            "description": "Stop when so many are evaluable at a level where the next would be.",
            "ge": 1,
            "le": MAX_PATIENTS,
        },
    )
    curve: CrmModel = field(init=False, repr=False, compare=False)
    _steps: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _split: float = field(init=False, repr=False, compare=False)
    _toxic: tuple[int, int] = field(init=False, repr=False, compare=False)
    _clauses: Mapping[str, Clause] = field(init=False, repr=False, compare=False)
    _fits: _Fits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        if self.model == "logistic" and self.intercept is None:
            put("intercept", INTERCEPT)
        faults = list(self._type_faults()) or list(self._faults())
        if not faults:
            try:
                put("curve", self._make_curve())
            except DesignError as error:
                faults = [str(error)]
            else:
                faults = list(self._curve_faults())
        if faults:
            raise DesignError(f"{self.name}: {'; '.join(faults)}")
        steps = pairwise(range(self.n_levels))
        put("_steps", tuple(self.curve.beta_between(*pair, self.target) + TIE for pair in steps))
        put("_split", self.curve.beta_at(0, self.target))
        put("_toxic", as_written(self.target).as_integer_ratio())
        put("_clauses", write_crm_clauses(self))
        put("_fits", _Fits())

    def _type_faults(self) -> Iterator[str]:
        for option in ("n_levels", "start", "cohort_size", "max_patients", *_MAY_BE_UNSET_COUNTS):
            value = getattr(self, option)
            unset = value is None and option in _MAY_BE_UNSET_COUNTS
            if type(value) is not int and not unset:
                yield f"{option} must be a whole number, not {value!r}"
        for option in ("target", "prior_sd", "cutoff_stop", *_MAY_BE_UNSET_RATES):
            value = getattr(self, option)
            unset = value is None and option in _MAY_BE_UNSET_RATES
            if not unset and (type(value) not in (int, float) or not isfinite(value)):
                yield f"{option} must be a number, not {value!r}"
        for option in ("skipping", "coherent"):
            if type(getattr(self, option)) is not bool:
                yield f"{option} must be true or false, not {getattr(self, option)!r}"
        if self.skeleton is not None and type(self.skeleton) is not tuple:
            yield f"skeleton must be a list of numbers, one a level, not {self.skeleton!r}"

    def _faults(self) -> Iterator[str]:
        if not 1 <= self.n_levels <= MAX_LEVELS:
            yield f"n_levels must be from 1 to {MAX_LEVELS}, not {self.n_levels}"
            return
        if not 0 <= self.start < self.n_levels:
            yield f"start must be from 0 to {self.n_levels - 1}, not {self.start}"
        if not 0 < self.target < 1:
            yield f"target must be between 0 and 1, not {self.target}"
        if not 0.5 <= self.cutoff_stop <= 1:
            yield f"cutoff_stop must be from 0.5 to 1, not {self.cutoff_stop}"
        for option, most in (
            ("cohort_size", MAX_COHORT),
            ("max_patients", MAX_PATIENTS),
            ("n_earlystop", MAX_PATIENTS),
            ("prior_mtd", self.n_levels),
        ):
            value = getattr(self, option)
            if value is not None and not 1 <= value <= most:
                yield f"{option} must be from 1 to {most}, not {value}"
        if self.cohort_size > 0 and self.max_patients % self.cohort_size:
            yield (
                f"max_patients must be a multiple of cohort_size {self.cohort_size}, "
                f"not {self.max_patients}"
            )
        if self.model == "empiric" and self.intercept is not None:
            yield "intercept is of the logistic model; leave it out"
        if self.skeleton is None:
            return
        for option in ("halfwidth", "prior_mtd"):
            if getattr(self, option) is not None:
                yield f"{option} calibrates a skeleton; give it or the skeleton, not both"
        if len(self.skeleton) != self.n_levels:
            yield (
                f"skeleton has length {len(self.skeleton)} for a ladder of {self.n_levels} "
                f"level{'s' * (self.n_levels > 1)}; write one number a level"
            )

    def _make_curve(self) -> CrmModel:
        intercept = INTERCEPT if self.intercept is None else float(self.intercept)
        skeleton = self.skeleton
        if skeleton is None:
            skeleton = calibrate_skeleton(
                n_levels=self.n_levels,
                target=self.target,
                halfwidth=self._halfwidth,
                prior_mtd=self._prior_mtd - 1,
                kind=self.model,
                intercept=intercept,
            )
        return CrmModel(
            skeleton=skeleton, kind=self.model, intercept=intercept, prior_sd=float(self.prior_sd)
        )

    def _curve_faults(self) -> Iterator[str]:
        if not self.target < self.curve.ceiling:
            yield (
                f"target must be below {self.curve.ceiling:.4g}, which P(DLT) cannot exceed with "
                f"intercept {self.curve.intercept:g}; not {self.target}"
            )
            return
        prior = erfc(-self.curve.beta_at(0, self.target) / (self.prior_sd * sqrt(2))) / 2
        if self._is_above_cutoff(prior):
            yield (
                "before the first patient, P(P(DLT) at the lowest level > target) is "
                f"{prior:.3f}, not below cutoff_stop {self.cutoff_stop:g}; "
                "use a skeleton that is lower there"
            )

    @property
    def _halfwidth(self) -> float:
        if self.halfwidth is not None:
            return self.halfwidth
        return float(as_written(self.target) / 4)

    @property
    def _prior_mtd(self) -> int:
        return (self.n_levels + 1) // 2 if self.prior_mtd is None else self.prior_mtd

    def spelled_out(self) -> Mapping[str, Any]:
        """Return what the options left open have come to: the calibrated skeleton, rounded."""
        if self.skeleton is not None:
            return {}
        return {
            "skeleton": tuple(float(f"{p:.4g}") for p in self.curve.skeleton),
            "halfwidth": self._halfwidth,
            "prior_mtd": self._prior_mtd,
        }

    def superseded_by(self, options: Collection[str]) -> frozenset[str]:
        """Give way: a skeleton to what calibrates one and the reverse; an intercept to a model."""
        gone = set()
        if "skeleton" in options:
            gone |= {"halfwidth", "prior_mtd"}
        elif not {"halfwidth", "prior_mtd"}.isdisjoint(options):
            gone.add("skeleton")
        if "model" in options:
            gone.add("intercept")
        return frozenset(gone)

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of patients at a level after whole cohorts."""
        return tuple(range(self.cohort_size, self.max_patients + 1, self.cohort_size))

    def status(self, tally: Tally) -> LevelStatus:
        """Tell only whether a level was given: it is judged together with all others."""
        return LevelStatus.OPEN if tally.n_evaluable else LevelStatus.NOT_GIVEN

    def remember(self, last: Tally) -> int:
        """Return 1 after a cohort with a DLT rate of the target or more, else 0."""
        numerator, denominator = self._toxic
        toxic = last.n_dlts * denominator >= last.n_evaluable * numerator
        return int(self.coherent and last.n_evaluable > 0 and toxic)

    def estimates(self, tallies: Sequence[Tally]) -> tuple[float, ...]:
        """Return the estimate of P(DLT) at each level, from the evaluable patients."""
        return self.curve.p_dlt(self._fit(tallies)[0])

    def prepare(self, states: Iterable[Sequence[Tally]]) -> None:
        """Fit the model to many tallies at once, so that deciding on them is quick."""
        new: dict[int, dict[Counts, None]] = {}
        for tallies in states:
            counts = _counts(tallies)
            if counts not in self._fits:
                new.setdefault(grid_size(sum(counts[::2])), {})[counts] = None
        if sum(map(len, new.values())) < FEW:
            return
        for size, group in new.items():
            self._fits.keep(_fit_many(make_grid(self.curve, self._split, size), list(group)))

    def _fit(self, tallies: Sequence[Tally]) -> tuple[float, float]:
        """Return the mean of beta, and P(P(DLT) at the lowest level > target)."""
        counts = _counts(tallies)
        found = self._fits.get(counts)
        if found is None:
            grid = make_grid(self.curve, self._split, grid_size(sum(counts[::2])))
            n_dlts = counts[1::2]
            n_without = [n - x for n, x in zip(counts[::2], n_dlts, strict=True)]
            found = posterior(grid, n_dlts, n_without)
            self._fits.keep({counts: found})
        return found

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        return self._decide_remembering(tallies, level, 0)

    def _decide_remembering(self, tallies: Sequence[Tally], level: int, memory: int) -> Decision:
        beta, p_too_toxic = self._fit(tallies)
        n_evaluable = sum([tally.n_evaluable for tally in tallies])
        if n_evaluable and self._is_above_cutoff(p_too_toxic):
            return self._stop("lowest-too-toxic")
        places = self.max_patients - n_evaluable
        if places <= 0:
            return self._select("max-patients", tallies, beta)
        target, why = self._move(tallies, level, beta, memory)
        if not n_evaluable:
            target, why = level, "start" if level == self.start else "not-given"
        n_there = tallies[target].n_evaluable
        if self.n_earlystop is not None and target == level and n_there >= self.n_earlystop:
            return self._select("enough-here", tallies, beta)
        lacking = self.cohort_size - n_there
        if target == level:
            action = Action.STAY
        else:
            action = Action.ESCALATE if target > level else Action.DEESCALATE
        return Decision(
            action=action,
            level=target,
            n_to_enrol=min(lacking if lacking > 0 else self.cohort_size, places),
            clause=self._clauses[why],
        )

    def _is_above_cutoff(self, p_too_toxic: float) -> bool:
        return self.cutoff_stop < 1 and p_too_toxic > self.cutoff_stop - TIE

    def _move(
        self, tallies: Sequence[Tally], level: int, beta: float, memory: int
    ) -> tuple[int, str]:
        """Return the next level, and the clause that says why."""
        nearest = self._nearest(beta)
        if nearest < level:
            return nearest, "deescalate"
        if nearest > level and memory:
            return level, "stay-coherent"
        n_here = tallies[level].n_evaluable
        if n_here < self.cohort_size:
            return level, "fill" if n_here else "not-given"
        if nearest == level:
            return level, "stay"
        return nearest if self.skipping else level + 1, "escalate"

    def _select(self, why: str, tallies: Sequence[Tally], beta: float) -> Decision:
        """Stop, with the MTD nearest to the target of the levels given."""
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


_MAY_BE_UNSET_COUNTS = ("prior_mtd", "n_earlystop")
_MAY_BE_UNSET_RATES = ("halfwidth", "intercept")


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


def _fit_many(grid: Grid, states: Sequence[Counts]) -> dict[Counts, tuple[float, float]]:
    """Do as ``posterior`` for many states, in matrices."""
    import numpy as np  # noqa: PLC0415  # one decision does without it

    log_p, log_q, log_weights = map(np.array, (grid.log_p, grid.log_q, grid.log_weights))
    columns = np.ones((len(grid.betas), 3))
    columns[:, 1] = grid.betas
    columns[grid.n_below :, 2] = 0
    counts = np.array(states, dtype=np.float64)
    means, below = np.empty(len(states)), np.empty(len(states))
    for first in range(0, len(states), BLOCK):
        block = slice(first, first + BLOCK)
        n, x = counts[block, ::2], counts[block, 1::2]
        density = x @ log_p
        density += (n - x) @ log_q
        density += log_weights
        density -= density.max(axis=1, keepdims=True)
        np.exp(density, out=density)
        total, first_moment, mass = (density @ columns).T
        means[block], below[block] = first_moment / total, mass / total
    return dict(zip(states, zip(means.tolist(), below.tolist(), strict=True), strict=True))
