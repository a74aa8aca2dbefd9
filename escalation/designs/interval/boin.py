"""BOIN, the Bayesian optimal interval design (Liu & Yuan 2015)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field
from math import log
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign
from escalation.designs.interval.posterior import as_written, on_common_scale

__all__ = ["Boin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boin(IntervalDesign):
    """BOIN, the Bayesian optimal interval design: compares the DLT rate with two boundaries.

    Escalate where the data are at least as likely under P(DLT) = p_saf as under the target,
    de-escalate where they are likelier under p_tox; in between stay. That is: escalate where the
    observed DLT rate is at most lambda_e, de-escalate where it is above lambda_d.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``; a level is eliminated on three patients or more.
    p_saf, p_tox : float
        The highest P(DLT) that is too low, and the lowest that is too high; 0.6 and 1.4 times the
        target unless given.
    bound_mtd : bool
        Select no MTD whose isotonic estimate is above lambda_d.

    References
    ----------
    Liu S, Yuan Y (2015). Bayesian optimal interval designs for phase I clinical trials.
    J R Stat Soc C 64(3):507-523.

    Examples
    --------
    >>> design = Boin(n_levels=5, target=0.3, max_patients=30)
    >>> round(design.lambda_e, 4), round(design.lambda_d, 4), design.boundaries(6)
    (0.2365, 0.3585, (1, 3))
    """

    name: ClassVar[str] = "boin"
    min_eliminate: ClassVar[int] = 3
    extrasafe_is_published: ClassVar[bool] = True

    p_saf: float | None = field(
        default=None,
        metadata={
            "description": "Highest P(DLT) that is too low; 0.6 times the target unless given.",
            "gt": 0,
            "lt": 1,
        },
    )
    p_tox: float | None = field(
        default=None,
        metadata={
            "description": "Lowest P(DLT) that is too high; 1.4 times the target unless given.",
            "gt": 0,
            "lt": 1,
        },
    )
    bound_mtd: bool = field(
        default=False, metadata={"description": "Select no MTD estimated above lambda_d."}
    )

    def _fill_in(self) -> None:
        for option, default in self._usual_limits().items():
            if getattr(self, option) is None:
                object.__setattr__(self, option, default)

    def _usual_limits(self) -> dict[str, float]:
        sane = type(self.target) is float and 0 < self.target < 1
        target = as_written(self.target) if sane else 0  # what is not sane is reported later
        return {"p_saf": float(target * 6 / 10), "p_tox": float(target * 14 / 10)}

    def superseded_by(self, options: Collection[str]) -> frozenset[str]:
        """Give way: with a new target come its own limits, unless others had been chosen."""
        if "target" not in options:
            return frozenset()
        usual = self._usual_limits().items()
        return frozenset(option for option, value in usual if getattr(self, option) == value)

    @property
    def _rates(self) -> tuple[str, ...]:
        return (*super(Boin, self)._rates, "p_saf", "p_tox")

    @property
    def _switches(self) -> tuple[str, ...]:
        return (*super(Boin, self)._switches, "bound_mtd")

    def _faults(self) -> Sequence[str]:
        faults = list(super(Boin, self)._faults())
        p_saf, p_tox = self._limits
        if 0 < self.target < 1 and not 0 < p_saf < self.target < p_tox < 1:
            faults.append(
                "needs 0 < p_saf < target < p_tox < 1, not "
                f"p_saf={p_saf:g} target={self.target:g} p_tox={p_tox:g}"
            )
        return faults

    @property
    def _limits(self) -> tuple[float, float]:
        return self.p_saf or 0.0, self.p_tox or 0.0  # never None once made

    @property
    def lambda_e(self) -> float:
        """Largest observed DLT rate at which to escalate."""
        return _crossing(self._limits[0], self.target)

    @property
    def lambda_d(self) -> float:
        """Observed DLT rate above which to de-escalate."""
        return _crossing(self.target, self._limits[1])

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        p_saf, p_tox = self._limits
        (low, target, high), scale = on_common_scale(
            [as_written(p) for p in (p_saf, self.target, p_tox)]
        )
        # the crossings are right to the last digits; likelihoods in whole numbers settle the rest
        up, down = round(n * self.lambda_e), round(n * self.lambda_d)
        while _likelihood(n, up, low, scale) < _likelihood(n, up, target, scale):
            up -= 1
        while _likelihood(n, down, high, scale) <= _likelihood(n, down, target, scale):
            down += 1
        return up, down

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        low, high = f"{self.lambda_e:.4f}", f"{self.lambda_d:.4f}"
        return (
            f"the observed DLT rate at a level is at most {low}",
            f"the observed DLT rate at a level is above {low} and at most {high}",
            f"the observed DLT rate at a level is above {high}",
        )

    def _largest_estimate(self) -> float | None:
        return self.lambda_d if self.bound_mtd else None


def _crossing(low: float, high: float) -> float:
    """Return the DLT rate at which data are equally likely under both."""
    return log((1 - low) / (1 - high)) / log(high * (1 - low) / (low * (1 - high)))


def _likelihood(n: int, x: int, p: int, scale: int) -> int:
    """Return p^x (1-p)^(n-x) for p over ``scale``, times scale^n."""
    return int(p**x * (scale - p) ** (n - x))
