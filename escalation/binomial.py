"""What a count of DLTs leaves open: confidence limits for P(DLT)."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p, sqrt

from escalation.dataclass import dataclass
from escalation.errors import InputError

__all__ = [
    "LEVEL",
    "BinomialLimits",
    "beta_cdf",
    "binomial_limits",
    "check_level",
    "clopper_pearson",
    "percent",
    "upper_limit",
    "wilson",
]

LEVEL = 0.95
_STEPS = 200  # of a search; some ten are used, and halving alone needs fewer
_SMALL = 1e-10  # a step of Newton's method: the error after it is in the order of its square


@dataclass(frozen=True, slots=True, kw_only=True)
class BinomialLimits:
    """Limits for P(DLT) at one level of confidence.

    Attributes
    ----------
    level : float
    clopper_pearson, wilson : tuple of (float, float)
        Two-sided, lower and upper.
    upper_one_sided : float
        Exact.
    """

    level: float
    clopper_pearson: tuple[float, float]
    wilson: tuple[float, float]
    upper_one_sided: float


def binomial_limits(n_evaluable: int, n_dlts: int, level: float = LEVEL) -> BinomialLimits:
    """Return every limit for P(DLT) after so many DLTs.

    Parameters
    ----------
    n_evaluable, n_dlts : int
        Patients, at least one, and those of them with a DLT.
    level : float
        Of confidence, between 0 and 1.

    Returns
    -------
    BinomialLimits

    Raises
    ------
    InputError
        For counts without limits, or a level that is none.

    Examples
    --------
    >>> round(binomial_limits(6, 0).upper_one_sided, 3)
    0.393
    """
    return BinomialLimits(
        level=level,
        clopper_pearson=clopper_pearson(n_evaluable, n_dlts, level),
        wilson=wilson(n_evaluable, n_dlts, level),
        upper_one_sided=upper_limit(n_evaluable, n_dlts, level),
    )


def clopper_pearson(n_evaluable: int, n_dlts: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact two-sided limits for P(DLT).

    They cover the true P(DLT) with at least the probability ``level``, whatever it is; with few
    patients, with more.

    Parameters
    ----------
    n_evaluable, n_dlts : int
        Patients, at least one, and those of them with a DLT.
    level : float
        Of confidence, between 0 and 1.

    Returns
    -------
    tuple of (float, float)

    Raises
    ------
    InputError
        For counts without limits, or a level that is none.

    References
    ----------
    Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the
    case of the binomial. Biometrika 26(4):404-413.

    Examples
    --------
    >>> [round(limit, 3) for limit in clopper_pearson(6, 1)]
    [0.004, 0.641]
    """
    _check(n_evaluable, n_dlts, level)
    outside = (1 - level) / 2
    n_others = n_evaluable - n_dlts
    return (
        # P(at least so many DLTs | p) is P(Beta(x, n - x + 1) <= p), and so is the other tail
        1 - _beta_quantile(1 - outside, n_others + 1, n_dlts),
        _beta_quantile(1 - outside, n_dlts + 1, n_others),
    )


def upper_limit(n_evaluable: int, n_dlts: int, level: float = LEVEL) -> float:
    """Return the exact one-sided upper limit for P(DLT).

    Parameters
    ----------
    n_evaluable, n_dlts : int
        Patients, at least one, and those of them with a DLT.
    level : float
        Of confidence, between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For counts without limits, or a level that is none.

    Examples
    --------
    >>> round(upper_limit(3, 0), 3)
    0.632
    """
    _check(n_evaluable, n_dlts, level)
    return _beta_quantile(level, n_dlts + 1, n_evaluable - n_dlts)


def wilson(n_evaluable: int, n_dlts: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's two-sided limits for P(DLT), without continuity correction.

    They cover the true P(DLT) with the probability ``level`` on average, and are narrower than
    the exact ones.

    Parameters
    ----------
    n_evaluable, n_dlts : int
        Patients, at least one, and those of them with a DLT.
    level : float
        Of confidence, between 0 and 1.

    Returns
    -------
    tuple of (float, float)

    Raises
    ------
    InputError
        For counts without limits, or a level that is none.

    References
    ----------
    Wilson EB (1927). Probable inference, the law of succession, and statistical inference.
    J Am Stat Assoc 22(158):209-212.

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(6, 1)]
    [0.03, 0.564]
    """
    _check(n_evaluable, n_dlts, level)
    from statistics import NormalDist  # noqa: PLC0415  # one decision does without it

    n, x, z = n_evaluable, n_dlts, -NormalDist().inv_cdf((1 - level) / 2)
    middle = x + z * z / 2
    reach = z * sqrt(x * (n - x) / n + z * z / 4)
    low, high = (middle - reach) / (n + z * z), (middle + reach) / (n + z * z)
    return low if x else 0.0, high if x < n else 1.0


def percent(*limits: float) -> str:
    """Write limits as whole percentages, never rounded to a certainty.

    Examples
    --------
    >>> percent(*clopper_pearson(6, 1)), percent(upper_limit(6, 0)), percent(0, 1)
    ('0.4-64', '39', '0-100')
    """
    return "-".join(map(_percent, limits))


def _percent(p: float) -> str:
    if p in (0, 1) or 0.005 <= p < 0.995:
        return f"{100 * p:.0f}"
    if p < 0.0005:
        return "<0.1"
    return ">99.9" if p >= 0.9995 else f"{100 * p:.1f}"


def _check(n_evaluable: object, n_dlts: object, level: object) -> None:
    if type(n_evaluable) is not int or type(n_dlts) is not int:
        raise InputError(f"patients and DLTs are whole numbers, not {n_evaluable!r}, {n_dlts!r}")
    if n_evaluable < 1:
        raise InputError(f"limits need at least one evaluable patient, not {n_evaluable}")
    if not 0 <= n_dlts <= n_evaluable:
        raise InputError(f"{n_dlts} DLTs among {n_evaluable} evaluable patients cannot be")
    check_level(level)


def check_level(level: object) -> None:
    """Raise ``InputError`` for what is not a level of confidence."""
    if type(level) is not float or not 0 < level < 1:
        raise InputError(f"the level of confidence must lie between 0 and 1, not {level!r}")


def _beta_quantile(share: float, a: int, b: int) -> float:
    """Return the p with P(Beta(a, b) <= p) = share, by Newton's method kept inside a bracket."""
    if b == 0:
        return 1.0
    if a == 0:
        return 0.0
    low, high, p = 0.0, 1.0, a / (a + b)
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    for _ in range(_STEPS):
        excess = beta_cdf(p, a, b) - share
        low, high = (p, high) if excess < 0 else (low, p)
        slope = exp(scale + (a - 1) * log(p) + (b - 1) * log1p(-p))
        there = p - excess / slope if slope else inf
        if not (low <= there <= high and 0 < there < 1):
            there = (low + high) / 2
        step, p = abs(there - p), there
        if step <= _SMALL * p or p in (0, 1):  # a level next to 0 or 1 leads there
            break
    return p


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
