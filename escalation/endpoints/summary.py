"""Numbers of a group in short: n, mean, SD, median, range, geometric mean and geometric CV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, expm1, fsum, inf, isfinite, log, sqrt

from escalation.dataclass import dataclass
from escalation.errors import InputError

__all__ = ["Summary", "median_of", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A group of numbers; what so few of them do not have is None.

    Attributes
    ----------
    n : int
    mean, sd, median, minimum, maximum : float or None
        The SD with n - 1.
    geometric_mean : float or None
        None where a number is 0 or negative.
    geometric_cv : float or None
        In percent: 100 sqrt(exp(s^2) - 1), s the SD of the logarithms with n - 1.
    n_not_positive : int
        Numbers that are 0 or negative.
    """

    n: int
    mean: float | None
    sd: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    geometric_mean: float | None
    geometric_cv: float | None
    n_not_positive: int


def summarise(values: Iterable[float]) -> Summary:
    """Return numbers in short.

    Raises
    ------
    InputError
        For what is not a finite number.

    Examples
    --------
    >>> summary = summarise([120, 350, 80, 1000])
    >>> round(summary.geometric_mean, 3), round(summary.geometric_cv, 2)
    (240.76, 162.12)
    """
    numbers = sorted(values)
    for number in numbers:
        if not isfinite(number):
            raise InputError(f"{number} cannot be summarised: it is not a finite number")
    n_not_positive = sum(number <= 0 for number in numbers)
    geometric_mean = geometric_cv = None
    if numbers and not n_not_positive:
        logs = [log(number) for number in numbers]
        geometric_mean = exp(_mean(logs))
        spread = _sd(logs)
        geometric_cv = None if spread is None else _cv(spread)
    return Summary(
        n=len(numbers),
        mean=_mean(numbers) if numbers else None,
        sd=_sd(numbers),
        median=median_of(numbers),
        minimum=numbers[0] if numbers else None,
        maximum=numbers[-1] if numbers else None,
        geometric_mean=geometric_mean,
        geometric_cv=geometric_cv,
        n_not_positive=n_not_positive,
    )


def median_of(ordered: Sequence[float]) -> float | None:
    """Return the median of numbers in order; None of none."""
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return ordered[middle - 1] / 2 + ordered[middle] / 2


def _mean(numbers: Sequence[float]) -> float:
    return fsum(numbers) / len(numbers)


def _sd(numbers: Sequence[float]) -> float | None:
    if len(numbers) < 2:
        return None
    mean = _mean(numbers)
    return sqrt(fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1))


def _cv(spread: float) -> float:
    squared = spread**2
    return 100 * sqrt(expm1(squared)) if squared < 700 else inf  # beyond, no float holds it
