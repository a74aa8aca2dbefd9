"""Posterior probabilities of a DLT rate under a uniform prior, compared exactly.

After x DLTs among n patients the posterior is Beta(x + 1, n - x + 1), and P(rate <= p) is
P(Bin(n + 1, p) > x): a finite sum. With p a ratio of whole numbers the sum is whole as well, so a
boundary never depends on a rounding error.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

__all__ = ["as_written", "exceeds", "heaviest_interval", "on_common_scale"]


def as_written(number: float) -> Fraction:
    """Return the decimal that a person wrote: 3/10 for 0.3, which no float is."""
    return Fraction(repr(number))


def exceeds(n: int, x: int, target: float, cutoff: float) -> bool:
    """Tell whether P(rate > target) is above ``cutoff`` after ``x`` DLTs among ``n``."""
    p, limit = as_written(target), as_written(cutoff)
    tail = _binomial_sum(n + 1, x, p.numerator, p.denominator)
    return bool(tail * limit.denominator > limit.numerator * p.denominator ** (n + 1))


def on_common_scale(edges: Sequence[Fraction]) -> tuple[tuple[int, ...], int]:
    """Write rates as whole numbers over one denominator."""
    scale = lcm(*(edge.denominator for edge in edges))
    return tuple(int(edge * scale) for edge in edges), scale


def heaviest_interval(n: int, x: int, edges: Sequence[int], scale: int) -> int:
    """Return which of adjoining intervals has the most posterior mass per unit of width.

    Parameters
    ----------
    n, x : int
        Patients, and those with a DLT.
    edges : sequence of int
        Increasing, over ``scale``; intervals of no width are passed over.

    Returns
    -------
    int
        Of two equal ones the upper, which is the more cautious reading.
    """
    above = [_binomial_sum(n + 1, x, edge, scale) for edge in edges]  # P(rate > edge)
    best, best_mass, best_width = -1, 0, 1
    for i in range(len(edges) - 1):
        mass, width = above[i] - above[i + 1], edges[i + 1] - edges[i]
        if width > 0 and mass * best_width >= best_mass * width:
            best, best_mass, best_width = i, mass, width
    return best


def _binomial_sum(n: int, k: int, numerator: int, denominator: int) -> int:
    """Return P(Bin(n, numerator/denominator) <= k) times denominator^n."""
    rest = denominator - numerator
    # Horner's scheme: one multiplication by each factor a term, no power of a large number
    total, power, ways = 0, 1, 1
    for i in range(k + 1):
        total = total * rest + ways * power
        power *= numerator
        ways = ways * (n - i) // (i + 1)  # from n over i to n over i + 1
    return int(total * rest ** (n - k))
