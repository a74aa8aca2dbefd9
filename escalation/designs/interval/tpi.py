"""TPI, the toxicity probability interval design (Ji, Li & Bekele 2007)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from math import sqrt
from typing import ClassVar

from escalation.binomial import beta_cdf
from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign
from escalation.nearness import is_above

__all__ = ["Tpi"]

_PRIOR = 0.005  # both parameters of the beta prior of the paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Tpi(IntervalDesign):
    """TPI: goes by the likeliest interval of P(DLT), bounded by posterior standard deviations.

    Under a Beta(0.005, 0.005) prior P(DLT) has a posterior with standard deviation sigma.
    Escalate, stay or de-escalate by the likeliest of P(DLT) < target - k2 sigma, P(DLT) between
    that and target + k1 sigma, and P(DLT) above. A level is eliminated by the same posterior.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``.
    k1, k2 : float
        How many standard deviations the interval reaches above and below the target.

    References
    ----------
    Ji Y, Li Y, Bekele BN (2007). Dose-finding in phase I clinical trials based on toxicity
    probability intervals. Clin Trials 4(3):235-244.

    Examples
    --------
    >>> Tpi(n_levels=5, target=0.25, max_patients=30).boundaries(6)
    (0, 3)
    """

    name: ClassVar[str] = "tpi"

    k1: float = field(
        default=1.0,
        metadata={
            "description": "Standard deviations the interval reaches above the target.",
            "gt": 0,
            "le": 100,
        },
    )
    k2: float = field(
        default=1.5,
        metadata={
            "description": "Standard deviations the interval reaches below the target.",
            "gt": 0,
            "le": 100,
        },
    )

    @property
    def _rates(self) -> tuple[str, ...]:
        return (*super(Tpi, self)._rates, "k1", "k2")

    def _faults(self) -> Sequence[str]:
        faults = list(super(Tpi, self)._faults())
        for option in ("k1", "k2"):
            if not 0 < getattr(self, option) <= 100:
                faults.append(f"{option} must be above 0, up to 100, not {getattr(self, option)}")
        return faults

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        counts = range(n + 1)
        first_not_up = next((x for x in counts if self._reading(n, x) > 0), n + 1)
        first_down = next((x for x in counts[first_not_up:] if self._reading(n, x) == 2), n + 1)
        return first_not_up - 1, first_down

    def _reading(self, n: int, x: int) -> int:
        """Return 0 to escalate, 1 to stay, 2 to de-escalate."""
        a, b = x + _PRIOR, n - x + _PRIOR
        sigma = sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
        low = beta_cdf(self.target - self.k2 * sigma, a, b)
        up_to_high = beta_cdf(self.target + self.k1 * sigma, a, b)
        masses = (low, up_to_high - low, 1 - up_to_high)
        return max((2, 1, 0), key=masses.__getitem__)  # of equal ones the more cautious

    def _is_excessive(self, n: int, x: int, cutoff: float) -> bool:
        return is_above(1 - beta_cdf(self.target, x + _PRIOR, n - x + _PRIOR), cutoff)

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        low = f"{self.target:g} - {self.k2:g} sigma"
        high = f"{self.target:g} + {self.k1:g} sigma"
        where = "P(DLT) at a level, with posterior standard deviation sigma, is likeliest"
        return (
            f"{where} below {low}",
            f"{where} between {low} and {high}",
            f"{where} above {high}",
        )
