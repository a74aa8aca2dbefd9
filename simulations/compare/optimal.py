"""The nonparametric optimal benchmark: how often complete information would select each level.

A trial sees each patient at one level. With complete information it would be known of every
patient from which level on there is a DLT; no design that works in all scenarios can be expected
to select much better than that, so a design's PCS is read beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from escalation.designs.interval.posterior import as_written
from escalation.errors import InputError
from escalation.nearness import is_above
from simulations.probabilities import binomial, check_target

__all__ = ["MAX_PATIENTS", "Benchmark", "optimal_benchmark"]

Floats = NDArray[np.float64]

MAX_PATIENTS = 300  # far from where binomial coefficients leave the range of a double


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """What complete information would select.

    Attributes
    ----------
    n_patients : int
        Patients on whom the information is complete.
    p_select : float array, shape (L,)
        P(the level is selected); they sum to 1, for the benchmark always selects.
    """

    n_patients: int
    p_select: Floats

    def __repr__(self) -> str:
        selects = ", ".join(f"{100 * p:.1f}" for p in self.p_select.tolist())
        return f"<Benchmark on {self.n_patients} patients: selects {selects} %>"


def optimal_benchmark(p_dlt: Sequence[float], *, target: float, n_patients: int) -> Benchmark:
    """Return the nonparametric optimal benchmark, without simulation.

    A patient has a DLT at every level whose P(DLT) is above one uniform number. X_j of
    ``n_patients`` have one at level j, and the level whose X_j / ``n_patients`` is nearest to the
    target is selected: of two equally near, the one below; of levels with the same X_j, the
    highest where X_j is at most the target's share, else the lowest. Levels with the same P(DLT)
    cannot be told apart, and count as the highest of them, as in ``correct_level``. P(DLT) that
    falls somewhere is sorted first.

    Parameters
    ----------
    p_dlt : sequence of float, length L
        P(DLT) at each level.
    target : float
        Target P(DLT), between 0 and 1.
    n_patients : int
        From 1 to 300.

    Returns
    -------
    Benchmark

    Raises
    ------
    InputError
        For arguments outside the ranges above.

    Notes
    -----
    The X_j rise, and each is binomial given the one before. So the selected level is one of the
    two between which they pass the target, and two neighbours are all that need be looked at.

    References
    ----------
    O'Quigley J, Paoletti X, Maccario J (2002). Non-parametric optimal design in dose finding
    studies. Biostatistics 3(1):51-56.
    Cheung YK (2014). Simple benchmark for complex dose finding studies. Biometrics 70(2):389-397.

    Examples
    --------
    >>> found = optimal_benchmark([0.05, 0.10, 0.20, 0.33, 0.50], target=0.3, n_patients=30)
    >>> [round(p, 3) for p in found.p_select.tolist()]
    [0.0, 0.013, 0.334, 0.588, 0.064]
    """
    _check(p_dlt, target, n_patients)
    known, highest = _merge(p_dlt)
    sides = _sides(n_patients, as_written(target))
    n_low = len(sides.ways)  # numbers of DLTs at most the target's share
    counts = [binomial(n_patients, p) for p in known]
    p_select = np.zeros(len(p_dlt))
    p_select[highest[0]] += counts[0][n_low:].sum()
    p_select[highest[-1]] += counts[-1][:n_low].sum()
    for i, (low, high) in enumerate(pairwise(known)):
        rate = (high - low) / (1 - low)
        both = sides.ways * rate**sides.more * (1 - rate) ** sides.none
        both *= counts[i][:n_low, np.newaxis]
        p_select[highest[i]] += both[sides.lower].sum()
        p_select[highest[i + 1]] += both[~sides.lower].sum()
    return Benchmark(n_patients=n_patients, p_select=p_select)


class _Sides(NamedTuple):
    """Numbers of DLTs on either side of the target's share, at two neighbours; (low, high).

    In how many ways there are so many more at the upper one; more DLTs there; patients with none;
    and whether the lower one is selected.
    """

    ways: Floats
    more: NDArray[np.intp]
    none: NDArray[np.intp]
    lower: NDArray[np.bool_]


@cache
def _sides(n: int, target: Fraction) -> _Sides:
    n_low = int(target * n) + 1
    a, b = np.arange(n_low)[:, np.newaxis], np.arange(n_low, n + 1)
    # whole numbers, so that which is nearer does not depend on rounding
    excess = [x * target.denominator - target.numerator * n for x in range(n + 1)]
    return _Sides(
        ways=np.array([[comb(n - x, y - x) for y in range(n_low, n + 1)] for x in range(n_low)])
        .astype(np.float64)
        .reshape(n_low, -1),
        more=b - a,
        none=np.broadcast_to(n - b, (n_low, len(b))),
        lower=np.array([[-x <= y for y in excess[n_low:]] for x in excess[:n_low]]).reshape(
            n_low, -1
        ),
    )


def _merge(p_dlt: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return the different values of P(DLT), ascending, and the highest level with each."""
    known: list[float] = []
    highest: list[int] = []
    for p, level in sorted(zip(p_dlt, range(len(p_dlt)), strict=True)):
        if not known or is_above(p, known[-1]):
            known.append(p)
            highest.append(level)
        else:
            highest[-1] = max(level, highest[-1])
    return known, highest


def _check(p_dlt: Sequence[float], target: float, n_patients: int) -> None:
    wrong = [p for p in p_dlt if not 0 <= p <= 1]
    if wrong or not p_dlt:
        raise InputError(f"P(DLT) must be numbers from 0 to 1, not {wrong[0] if wrong else 'none'}")
    check_target(target)
    if type(n_patients) is not int or not 1 <= n_patients <= MAX_PATIENTS:
        raise InputError(
            f"the benchmark needs from 1 to {MAX_PATIENTS} patients, not {n_patients!r}"
        )
