"""Cell kinetics without a model: Cmax, Tmax, Tlast and areas under the curve, never extrapolated.

References
----------
Gabrielsson J, Weiner D (2016). Pharmacokinetic and Pharmacodynamic Data Analysis: Concepts and
Applications, 5th ed. Swedish Pharmaceutical Press: non-compartmental analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from math import exp, expm1, fsum, log, log1p

from escalation.dataclass import dataclass
from escalation.endpoints.below_limit import BelowLimit, values_by
from escalation.endpoints.profile import Profile, say_days
from escalation.errors import InputError

__all__ = [
    "Kinetics",
    "Point",
    "Trapezoid",
    "area_between",
    "kinetics_of",
]

Point = tuple[float, float]  # a day and a value


class Trapezoid(StrEnum):
    """How a curve runs between two samples."""

    LINEAR = "linear"
    LINEAR_UP_LOG_DOWN = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """What a profile comes to. What cannot be said is None, and ``notes`` say why.

    Attributes
    ----------
    unit : str
        Of concentrations; areas are in it times days.
    cmax, tmax : float or None
        The highest measurable concentration, and the first day that it was measured on.
    tlast, clast : float or None
        Day and concentration of the last measurable sample.
    auc_last : float or None
        Area from the infusion to ``tlast``; None without a sample on its day, and where no value
        comes before ``tlast``. It begins with the first value.
    until : float
        The day to which ``auc_until`` reaches.
    auc_until : float or None
        Area from the infusion to ``until``, by the same rule up to a point between two samples;
        None where there is no value on day 0, or none on the last day or after it.
    n_samples, n_below : int
        From the infusion on.
    notes : tuple of str
    """

    unit: str
    cmax: float | None
    tmax: float | None
    tlast: float | None
    clast: float | None
    auc_last: float | None
    until: float
    auc_until: float | None
    n_samples: int
    n_below: int
    notes: tuple[str, ...]


def kinetics_of(
    profile: Profile,
    *,
    trapezoid: Trapezoid = Trapezoid.LINEAR_UP_LOG_DOWN,
    below: BelowLimit = BelowLimit.STANDARD,
    until: float = 28.0,
    what: str = "profile",
) -> Kinetics:
    """Return a profile's kinetics from the infusion on.

    Parameters
    ----------
    profile : Profile
    trapezoid : Trapezoid
        Linear, or logarithmic where concentrations decline to one that is not 0.
    below : BelowLimit
        The value of samples below the limit of quantification.
    until : float
        Day to which the second area reaches.
    what : str
        Whose profile it is; errors begin with it.

    Raises
    ------
    ProfileError
        If half of a limit is asked for that is not known.

    Examples
    --------
    >>> from math import exp
    >>> from escalation.endpoints.profile import Sample, profile_of
    >>> days = (0, 4, 7, 10, 14, 21, 28)
    >>> samples = [Sample(day=d, value=1000 * exp(-0.1 * d), unit="copies/µg") for d in days]
    >>> round(kinetics_of(profile_of(samples)).auc_until, 6)
    9391.899374
    """
    samples = [sample for sample in profile.samples if sample.day >= 0]
    points = list(values_by(samples, below, what).items())
    measurable = [sample for sample in samples if not sample.is_below]
    n_before = len(profile.samples) - len(samples)
    notes = [f"{n_before} before the infusion left out"] if n_before else []
    cmax = tmax = tlast = clast = auc_last = auc_until = None
    if not measurable:
        notes.append("never measurable" if samples else "no sample since the infusion")
    else:
        top = max(measurable, key=lambda sample: (sample.value or 0, -sample.day))
        cmax, tmax = top.value, top.day
        tlast, clast = measurable[-1].day, measurable[-1].value
        start = points[0][0]
        if samples[0].day >= 1:
            notes.append(f"no area: the first sample is of {say_days([samples[0].day])}")
        else:
            notes += [f"areas begin on {say_days([start])}, the first value"] if start > 0 else []
            if start < tlast:
                auc_last = area_between(points, start, tlast, trapezoid)
            else:
                notes.append(f"no AUClast: no value before {say_days([tlast])}")
            auc_until, why = _area_until(points, samples[-1].day, until, trapezoid)
            notes += [why] if why else []
    zeros = [sample.day for sample in samples if sample.is_given_as_zero]
    if zeros:
        notes.append(f"given as 0, taken as below the limit: {say_days(zeros)}")
    return Kinetics(
        unit=profile.unit,
        cmax=cmax,
        tmax=tmax,
        tlast=tlast,
        clast=clast,
        auc_last=auc_last,
        until=until,
        auc_until=auc_until,
        n_samples=len(samples),
        n_below=len(samples) - len(measurable),
        notes=tuple(notes),
    )


def _area_until(
    points: Sequence[Point], sampled: float, until: float, trapezoid: Trapezoid
) -> tuple[float | None, str]:
    """Return the area from the day of the infusion, or why there is none.

    ``sampled`` is the day of the last sample, which may have no value by the rule.
    """
    start, last = points[0][0], points[-1][0]
    if start >= min(1, until):
        return None, f"no area from day 0 to {until:g}: no value on day 0"
    if last >= until:
        return area_between(points, start, until, trapezoid), ""
    if sampled >= until:
        return None, (
            f"no area from day 0 to {until:g}: below the limit after {say_days([last])}, and "
            "missing by the rule"
        )
    return None, (
        f"day {until:g} not reached: last measurable on {say_days([last])}, not extrapolated"
    )


def area_between(points: Sequence[Point], start: float, end: float, trapezoid: Trapezoid) -> float:
    """Return the area under a curve from one day to another, both within its samples.

    Raises
    ------
    InputError
        For a day outside them: nothing is extrapolated.
    """
    first, last = points[0][0], points[-1][0]
    for day in (start, end):
        if not first <= day <= last:
            raise InputError(
                f"{say_days([day])} is outside the samples, of days {first:g} to {last:g}"
            )
    return fsum(
        _area(before, after, max(start, before[0]), min(end, after[0]), trapezoid)
        for before, after in pairwise(points)
        if before[0] < end and start < after[0]
    )


def _area(before: Point, after: Point, start: float, end: float, trapezoid: Trapezoid) -> float:
    """Return the area of a part of the curve between two samples, which is of one kind in it."""
    (first, high), (last, low) = before, after
    if trapezoid is Trapezoid.LINEAR_UP_LOG_DOWN and high > low > 0:  # to 0 it cannot be
        # the logarithm of high/low, exact where they are nearly the same and where they are not
        fallen = log(high) - log(low) if high > 2 * low else -log1p((low - high) / high)
        rate = fallen / (last - first)
        return high * exp(-rate * (start - first)) * -expm1(-rate * (end - start)) / rate
    slope = (low - high) / (last - first)
    left = high + (start - first) * slope
    right = low + (end - last) * slope
    return (end - start) * (left + right) / 2
