"""The options of the CRM, what of them makes no design, and the curve that they make."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from math import erfc, sqrt
from typing import Any, get_args

from escalation.dataclass import dataclass
from escalation.designs.base import MAX_LEVELS, Design
from escalation.designs.crm.model import (
    INTERCEPT,
    LEAST_SD,
    MOST_INTERCEPT,
    MOST_SD,
    PRIOR_SD,
    CrmModel,
    Method,
    ModelKind,
    calibrate_skeleton,
)
from escalation.designs.interval.posterior import as_written
from escalation.designs.options import (
    CAP,
    COHORT_SIZE,
    EARLY_STOP,
    MAX_COHORT,
    PLENTY,
    TARGET,
    cohort_faults,
    count_faults,
    ladder_faults,
    rate_faults,
    switch_faults,
    target_faults,
)
from escalation.errors import DesignError

__all__ = ["TIE", "CrmOptions"]

TIE = 1e-9  # of beta or a probability: what lies closer is equal; both are right to 1e-10
_MAY_BE_UNSET_COUNTS = ("max_patients", "prior_mtd", "n_earlystop", "first_stage")
_MAY_BE_UNSET_RATES = ("halfwidth", "intercept")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmOptions(Design):
    """What a CRM can be asked to be.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first cohort.
    target : float
        The P(DLT) sought.
    cohort_size : int
    max_patients : int or None
        Patients in the whole trial, a multiple of the cohort size; None only for a question about
        one decision.
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
        Prior standard deviation of the model's parameter; with ``method="mle"`` it serves
        ``cutoff_stop`` alone.
    method : {"bayes", "mle"}
        Estimate the model's parameter by its posterior mean or by maximum likelihood. There is no
        estimate by likelihood before the first DLT, hence a first stage. Nor is there one where
        all have had a DLT: the next level is the lowest then, and the end is without an MTD.
    first_stage : int or None
        Patients a level until the first DLT: with so many evaluable and none with a DLT the trial
        goes up one level, whatever the model says, and on the highest level stays there. None for
        the cohort size with ``method="mle"``, and for no first stage with "bayes". Where it is no
        multiple of the cohort size the last cohort before ``max_patients`` may be smaller.
    skipping : bool
        Escalate over untried levels; not in the first stage.
    coherent : bool
        Never escalate right after a cohort with a DLT rate of the target or more.
    cutoff_stop : float
        Stop, without an MTD, when P(P(DLT) at the lowest level > target | data) is above this;
        1 for never. It is the posterior probability whatever the method.
    n_earlystop : int or None
        The trial stops, and the MTD is selected, when so many are evaluable at the current level
        and the next cohort would be treated there too.
    curve : CrmModel
        What the options make: the model with its skeleton.
    """

    n_levels: int
    start: int = 0
    target: float = field(metadata=TARGET)
    cohort_size: int = field(default=3, metadata=COHORT_SIZE)
    max_patients: int | None = field(metadata=CAP)
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
    method: Method = field(
        default="bayes",
        metadata={"description": "Estimate by the posterior mean or by maximum likelihood."},
    )
    first_stage: int | None = field(
        default=None,
        metadata={
            "description": "Patients a level until the first DLT, before the model is asked; "
            "with mle cohort_size unless given.",
            "ge": 1,
            "le": MAX_COHORT,
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
    n_earlystop: int | None = field(default=None, metadata=EARLY_STOP)
    curve: CrmModel = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.model == "logistic" and self.intercept is None:
            object.__setattr__(self, "intercept", INTERCEPT)
        faults = list(self._type_faults()) or list(self._faults())
        if not faults:
            try:
                object.__setattr__(self, "curve", self._make_curve())
            except DesignError as error:
                faults = [str(error)]
            else:
                faults = list(self._curve_faults())
        if faults:
            raise DesignError(f"{self.name}: {'; '.join(faults)}")

    def _type_faults(self) -> Iterator[str]:
        counts = ("n_levels", "start", "cohort_size", *_MAY_BE_UNSET_COUNTS)
        rates = ("target", "prior_sd", "cutoff_stop", *_MAY_BE_UNSET_RATES)
        yield from count_faults(self, counts, may_be_unset=_MAY_BE_UNSET_COUNTS)
        yield from rate_faults(self, rates, may_be_unset=_MAY_BE_UNSET_RATES)
        yield from switch_faults(self, ("skipping", "coherent"))
        if self.method not in get_args(Method):
            yield f'method must be "bayes" or "mle", not {self.method!r}'
        if self.skeleton is not None and type(self.skeleton) is not tuple:
            yield f"skeleton must be a list of numbers, one a level, not {self.skeleton!r}"

    def _faults(self) -> Iterator[str]:
        yield from ladder_faults(self)
        if not 1 <= self.n_levels <= MAX_LEVELS:
            return
        yield from target_faults(self.target)
        if not 0.5 <= self.cutoff_stop <= 1:
            yield f"cutoff_stop must be from 0.5 to 1, not {self.cutoff_stop}"
        yield from cohort_faults(
            cohort_size=self.cohort_size,
            max_patients=self.max_patients,
            n_earlystop=self.n_earlystop,
        )
        if self.prior_mtd is not None and not 1 <= self.prior_mtd <= self.n_levels:
            yield f"prior_mtd must be from 1 to {self.n_levels}, not {self.prior_mtd}"
        first = self.first_stage
        if first is not None and not 1 <= first <= MAX_COHORT:
            yield f"first_stage must be from 1 to {MAX_COHORT}, not {first}"
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
        if self.is_above_cutoff(prior):
            yield (
                "before the first patient, P(P(DLT) at the lowest level > target) is "
                f"{prior:.3f}, not below cutoff_stop {self.cutoff_stop:g}; "
                "use a skeleton that is lower there"
            )

    def is_above_cutoff(self, p_too_toxic: Any) -> Any:
        """Tell of a probability, or of each in an array, whether the trial stops for it."""
        return (self.cutoff_stop < 1) & (p_too_toxic > self.cutoff_stop - TIE)

    @property
    def _needs_posterior(self) -> bool:
        return self.method == "bayes" or self.cutoff_stop < 1

    @property
    def _halfwidth(self) -> float:
        if self.halfwidth is not None:
            return self.halfwidth
        return float(as_written(self.target) / 4)

    @property
    def _first_stage(self) -> int | None:
        if self.first_stage is None and self.method == "mle":
            return self.cohort_size
        return self.first_stage

    @property
    def _prior_mtd(self) -> int:
        return (self.n_levels + 1) // 2 if self.prior_mtd is None else self.prior_mtd

    def spelled_out(self) -> Mapping[str, Any]:
        """Return what the options left open have come to: the calibrated skeleton, rounded."""
        stage = {} if self.method == "bayes" else {"first_stage": self._first_stage}
        if self.skeleton is not None:
            return stage
        return stage | {
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
        most = self.max_patients or max(PLENTY, self.cohort_size)
        return tuple(range(self.cohort_size, most + 1, self.cohort_size))
