"""mTPI, the modified toxicity probability interval design (Ji et al. 2010)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign, bisect_decisions
from escalation.designs.interval.posterior import as_written, heaviest_interval, on_common_scale

__all__ = ["MTpi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MTpi(IntervalDesign):
    """mTPI: goes by the interval of P(DLT) with the largest unit probability mass.

    The rates from 0 to 1 are in three intervals: below target - eps1, up to target + eps2, and
    above. Escalate, stay or de-escalate by the one with the largest unit probability mass, which
    is its posterior probability under a uniform prior divided by its width.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``.
    eps1, eps2 : float
        How far the interval in the middle reaches below and above the target.

    References
    ----------
    Ji Y, Liu P, Li Y, Bekele BN (2010). A modified toxicity probability interval method for
    dose-finding trials. Clin Trials 7(6):653-663.

    Examples
    --------
    >>> MTpi(n_levels=5, target=0.3, max_patients=30).boundaries(6)
    (1, 4)
    """

    name: ClassVar[str] = "mtpi"

    eps1: float = field(
        default=0.05,
        metadata={
            "description": "How far the interval reaches below the target.",
            "ge": 0,
            "lt": 1,
        },
    )
    eps2: float = field(
        default=0.05,
        metadata={
            "description": "How far the interval reaches above the target.",
            "ge": 0,
            "lt": 1,
        },
    )

    @property
    def _rates(self) -> tuple[str, ...]:
        return (*super(MTpi, self)._rates, "eps1", "eps2")

    def _faults(self) -> Sequence[str]:
        return [*super(MTpi, self)._faults(), *self._interval_faults("eps1", "eps2")]

    def _interval(self) -> tuple[Fraction, Fraction]:
        target = as_written(self.target)
        return target - as_written(self.eps1), target + as_written(self.eps2)

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        edges, scale = on_common_scale([Fraction(0), *self._interval(), Fraction(1)])
        return bisect_decisions(n, lambda x: heaviest_interval(n, x, edges, scale))

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        low, high = map(float, self._interval())
        mass = "the unit probability mass at a level is largest"
        return (
            f"{mass} below {low:g}",
            f"{mass} between {low:g} and {high:g}",
            f"{mass} above {high:g}",
        )
