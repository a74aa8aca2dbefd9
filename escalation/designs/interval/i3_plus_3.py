"""i3+3, a rule-based interval design (Liu, Wang & Ji 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction
from math import ceil, floor
from typing import ClassVar

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign
from escalation.designs.interval.posterior import as_written

__all__ = ["I3Plus3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class I3Plus3(IntervalDesign):
    """i3+3: compares the DLT rate, and that with one DLT less, with an interval.

    Escalate where the observed DLT rate x/n is below the equivalence interval, from target - eps1
    to target + eps2; stay where it lies inside, ends included. Above the interval de-escalate, but
    stay where one DLT less, (x-1)/n, would be below it: then n is too small to tell.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``IntervalOptions``; a level is eliminated on three patients or more.
    eps1, eps2 : float
        How far the equivalence interval reaches below and above the target.

    References
    ----------
    Liu M, Wang SJ, Ji Y (2020). The i3+3 design for phase I clinical trials. J Biopharm Stat
    30(2):294-304.

    Examples
    --------
    >>> I3Plus3(n_levels=5, target=0.3, max_patients=30).boundaries(3)
    (0, 2)
    """

    name: ClassVar[str] = "i3+3"
    min_eliminate: ClassVar[int] = 3

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
        return (*super(I3Plus3, self)._rates, "eps1", "eps2")

    def _faults(self) -> Sequence[str]:
        return [*super(I3Plus3, self)._faults(), *self._interval_faults("eps1", "eps2")]

    def _interval(self) -> tuple[Fraction, Fraction]:
        target = as_written(self.target)
        return target - as_written(self.eps1), target + as_written(self.eps2)

    def boundaries(self, n: int) -> tuple[int, int]:
        """Return the most DLTs among ``n`` to escalate, and the fewest to de-escalate."""
        low, high = self._interval()
        below = ceil(n * low) - 1  # the most DLTs with x/n < low
        above = floor(n * high) + 1  # the fewest with x/n > high
        return below, max(above, below + 2)

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        low, high = (f"{float(end):g}" for end in self._interval())
        rate = "the observed DLT rate at a level is"
        return (
            f"{rate} below {low}",
            f"{rate} from {low} to {high}, or above it but with one DLT less below {low}",
            f"{rate} above {high}, and with one DLT less not below {low}",
        )
