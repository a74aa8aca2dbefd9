"""Figures of many trials: means and standard deviations that add up, and durations that are kept.

Each has its Monte Carlo standard error (Morris, White & Crowther 2019, table 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError
from simulations.probabilities import QUANTILES, error_of_share

__all__ = ["Durations", "Moments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Mean and spread of a figure over trials.

    Attributes
    ----------
    n : int
    mean : float
    m2, m3, m4 : float
        Sums of powers of the deviations from the mean.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0

    @classmethod
    def of(cls, values: ArrayLike) -> Moments:
        """Return those of one value a trial."""
        x = np.asarray(values, dtype=np.float64)
        if not x.size:
            return cls()
        mean = float(x.mean())
        d = x - mean
        square = d * d
        return cls(
            n=x.size,
            mean=mean,
            m2=float(square.sum()),
            m3=float((square * d).sum()),
            m4=float((square * square).sum()),
        )

    def plus(self, other: Moments) -> Moments:
        """Return those of both sets of trials (Pebay 2008)."""
        if not self.n or not other.n:
            return self if self.n else other
        a, b, n = self.n, other.n, self.n + other.n
        d = other.mean - self.mean
        return Moments(
            n=n,
            mean=self.mean + d * b / n,
            m2=self.m2 + other.m2 + d**2 * a * b / n,
            m3=self.m3
            + other.m3
            + d**3 * a * b * (a - b) / n**2
            + 3 * d * (a * other.m2 - b * self.m2) / n,
            m4=self.m4
            + other.m4
            + d**4 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * d**2 * (a * a * other.m2 + b * b * self.m2) / n**2
            + 4 * d * (a * other.m3 - b * self.m3) / n,
        )

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return sqrt(max(self.m2, 0.0) / self.n) if self.n else 0.0

    @property
    def se(self) -> float:
        """The standard error of the mean."""
        return self.sd / sqrt(self.n) if self.n else 0.0

    @property
    def se_sd(self) -> float:
        """The standard error of the standard deviation, of whatever distribution."""
        if not self.n or self.m2 <= 0:
            return 0.0
        variance = self.m2 / self.n
        return sqrt(max(self.m4 / self.n - variance**2, 0.0) / (4 * variance * self.n))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures with their errors."""
        return {"mean": self.mean, "se": self.se, "sd": self.sd, "se_sd": self.se_sd}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Durations:
    """The days that trials took, one value each, in order of the trials.

    Attributes
    ----------
    values : float array, shape (N,)
        Infinite where a trial did not come to an end.
    """

    values: NDArray[np.float64]

    @property
    def finished(self) -> NDArray[np.float64]:
        """Those of the trials that came to an end, in order of length."""
        return np.sort(self.values[np.isfinite(self.values)])

    @property
    def moments(self) -> Moments:
        """Mean and spread over the trials that came to an end."""
        return Moments.of(self.values[np.isfinite(self.values)])

    def p_by(self, day: float) -> tuple[float, float]:
        """Return P(finished by a day), of all trials, and its standard error."""
        n = len(self.values)
        share = float(np.count_nonzero(self.values <= day) / n)
        return share, error_of_share(share, n)

    def quantile(self, q: float) -> tuple[float, float]:
        """Return a quantile, of the trials that came to an end, and its standard error.

        The error is half the way between the order statistics one binomial standard deviation to
        either side.
        """
        return self.quantiles((q,))[0]

    def quantiles(self, wanted: tuple[float, ...] = QUANTILES) -> list[tuple[float, float]]:
        """Return several quantiles as ``quantile`` does."""
        for q in wanted:
            if not 0 < q < 1:
                raise InputError(f"a quantile lies between 0 and 1, not {q}")
        x = self.finished
        n = len(x)
        if not n:
            return [(np.inf, 0.0)] * len(wanted)
        found = []
        for q in wanted:
            apart = error_of_share(q, n)
            low, middle, high = np.quantile(
                x, [max(q - apart, 0.0), q, min(q + apart, 1.0)], method="linear"
            )
            found.append((float(middle), float(high - low) / 2))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return mean, spread and quantiles with their errors."""
        quantiles = self.quantiles()
        return {
            **self.moments.to_dict(),
            "quantiles": {
                f"{q:g}": value for q, (value, _) in zip(QUANTILES, quantiles, strict=True)
            },
            "se_quantiles": {
                f"{q:g}": error for q, (_, error) in zip(QUANTILES, quantiles, strict=True)
            },
        }
