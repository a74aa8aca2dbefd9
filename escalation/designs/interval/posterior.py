"""Posterior probabilities of a DLT rate under a uniform prior, compared exactly.

After x DLTs among n patients the posterior is Beta(x + 1, n - x + 1), and P(rate <= p) is
P(Bin(n + 1, p) > x): a finite sum. With p a ratio of whole numbers the sum is whole as well, so a
boundary never hangs on a rounding error.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, exp, lcm, lgamma, log, log1p, sqrt

__all__ = ["as_written", "beta_cdf", "exceeds", "heaviest_interval", "on_common_scale"]


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
    total, power = 0, 1
    for i in range(k + 1):
        total = total * rest + comb(n, i) * power
        power *= numerator
    return int(total * rest ** (n - k))


def beta_cdf(p: float, a: float, b: float) -> float:
    """Return P(rate <= p) of a Beta(a, b) distribution, by the continued fraction of Gauss.

    It is used where a or b is not whole, so that no finite sum exists; it is right to about 14
    digits, while a posterior near a boundary differs from it in the third.

    References
    ----------
    DLMF, section 8.17(v): https://dlmf.nist.gov/8.17.v
    """
    if p <= 0 or p >= 1:
        return float(p >= 1)
    if p > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - beta_cdf(1 - p, b, a)
    front = exp(a * log(p) + b * log1p(-p) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    value = 1.0
    n_terms = 20 + int(4 * sqrt(a + b))  # it converges in the order of the root of the larger
    for m in range(n_terms, 0, -1):  # from the innermost term outwards
        even = m * (b - m) * p / ((a + 2 * m - 1) * (a + 2 * m))
        value = 1 + even / value
        k = m - 1
        odd = -(a + k) * (a + b + k) * p / ((a + 2 * k) * (a + 2 * k + 1))
        value = 1 + odd / value
    return front / value
