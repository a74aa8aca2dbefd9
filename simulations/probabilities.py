"""Probabilities: checked once, moved within a band, and estimated as shares of trials."""

from __future__ import annotations

from math import comb, sqrt
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError

__all__ = [
    "QUANTILES",
    "band_around",
    "binomial",
    "check_probabilities",
    "check_target",
    "error_of_share",
]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # that sum up a distribution


def error_of_share(share: float, n: int) -> float:
    """Return the standard error of a share of ``n`` trials.

    Examples
    --------
    >>> error_of_share(0.5, 100)
    0.05
    """
    return sqrt(share * (1 - share) / n)


def binomial(n: int, p: float) -> NDArray[np.float64]:
    """Return the probabilities of 0 .. n events among n."""
    x = np.arange(n + 1)
    ways = np.array([comb(n, k) for k in range(n + 1)], dtype=np.float64)
    return np.asarray(ways * p**x * (1 - p) ** (n - x))


def check_probabilities(
    values: ArrayLike, n_levels: int, name: str, *, n_dim: int = 1
) -> NDArray[np.float64]:
    """Return probabilities by level as an array.

    Parameters
    ----------
    values : array_like, shape (L,), or (N, L) with ``n_dim`` 2
    n_levels : int
    name : str
        What they are, for messages.
    n_dim : int

    Raises
    ------
    InputError
        If they have the wrong shape or one is not a probability.
    """
    try:
        p = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers from 0 to 1: {error}") from error
    if p.ndim != n_dim or p.shape[-1] != n_levels:
        raise InputError(
            f"{name} has shape {p.shape}; the ladder has {n_levels} levels, one value each"
        )
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        raise InputError(f"{name} must be from 0 to 1, not {p[wrong][0]}")
    return p


def check_target(target: float) -> None:
    """Refuse a target that is not a probability between 0 and 1."""
    if isinstance(target, bool) or not isinstance(target, Real):
        raise InputError(f"the target P(DLT) is a number between 0 and 1, not {target!r}")
    if not 0 < target < 1:
        hint = f"; {target:g} % is {target / 100:g}" if 1 < target < 100 else ""
        raise InputError(f"the target P(DLT) must lie between 0 and 1, not {target}{hint}")


def band_around(p_dlt: ArrayLike, band: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bounds of a band around a curve, within 0 and 1, to twelve decimals.

    As a person would write them: 0.3 - 0.1 is 0.2 and not 0.19999999999999998, so that a search
    between them starts from the same numbers for a curve by formula and the same curve typed.
    """
    if not isinstance(band, Real) or not 0 < band < 1:
        raise InputError(f"the band must lie between 0 and 1, not {band}")
    p = np.asarray(p_dlt, dtype=np.float64)
    low, high = (np.clip(np.round(moved, 12), 0, 1) for moved in (p - band, p + band))
    return low, high
