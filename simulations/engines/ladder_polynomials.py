"""Probabilities of letters as polynomials in P(DLT), in Bernstein's form.

Coefficients of p^k (1 - p)^(degree - k) are numbers of ways, none of them negative, so that sums
lose nothing to rounding; coefficients of powers of p alternate, and lose eight digits of sixteen
where a level has twenty patients.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder_letters import Letter

__all__ = ["bernstein_terms", "differentiated", "in_bernstein"]

Floats = NDArray[np.float64]


def in_bernstein(letter: Letter, degree: int) -> list[int]:
    """Return the coefficients of a letter's probability; shape (degree + 1,).

    A tally of fewer patients than the degree is multiplied by p + (1 - p) as often as it lacks.
    """
    row = [0] * (degree + 1)
    for (n, x), ways in letter.items():
        for more in range(degree - n + 1):
            row[x + more] += ways * comb(degree - n, more)
    return row


def bernstein_terms(p: Floats, degree: int) -> Floats:
    """Return p^k (1 - p)^(degree - k) for each k; shape (degree + 1, ...)."""
    terms = np.empty((degree + 1, *p.shape))
    terms[0] = 1.0
    for k in range(1, degree + 1):
        np.multiply(terms[k - 1], p, out=terms[k])
    q = 1 - p
    rest = q.copy()
    for k in range(degree - 1, -1, -1):
        terms[k] *= rest
        rest *= q
    return terms


def differentiated(rows: Floats) -> Floats:
    """Return the coefficients of the derivatives, whose degree is one lower; shape (..., degree).

    Of degree 0 the derivative is nothing.
    """
    degree = rows.shape[-1] - 1
    k = np.arange(degree)
    return np.asarray((k + 1) * rows[..., 1:] - (degree - k) * rows[..., :-1])
