"""Cytokines and cells in blood: change from baseline, peak, nadir, time to reconstitution.

The baseline is the last sample on or before the day of the infusion.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from escalation.dataclass import dataclass
from escalation.endpoints.below_limit import BelowLimit, values_by
from escalation.endpoints.profile import Profile, Sample, say_days
from escalation.errors import InputError
from escalation.nearness import is_above

__all__ = [
    "Change",
    "Course",
    "Reconstituted",
    "Reconstitution",
    "Threshold",
    "course_of",
    "median_time",
    "reconstitution_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A sample after the infusion, against the baseline.

    Attributes
    ----------
    day, value : float
    is_below : bool
        Whether it was below the limit of quantification, so that the value is a rule's.
    change : float or None
        From baseline; None without one.
    fold : float or None
        Of baseline; None without one, and where it is 0.
    """

    day: float
    value: float
    is_below: bool
    change: float | None
    fold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A subject's course of one analyte.

    Attributes
    ----------
    unit : str
    baseline, baseline_day : float or None
    changes : tuple of Change
        Samples after the day of the infusion.
    peak, nadir : Change or None
        The highest and the lowest of them, the first where there are several.
    notes : tuple of str
    """

    unit: str
    baseline: float | None
    baseline_day: float | None
    changes: tuple[Change, ...]
    peak: Change | None
    nadir: Change | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What has to be reached again: a value in the profile's unit, or a share of the baseline."""

    value: float
    is_share_of_baseline: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.value < 1e100:
            raise InputError(f"a threshold is a number above 0, not {self.value!r}")


class Reconstituted(StrEnum):
    """How a reconstitution stands."""

    REACHED = "reached"
    CENSORED = "not reached"
    NEVER_BELOW = "never below"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstitution:
    """When a threshold was reached again.

    Attributes
    ----------
    status : Reconstituted
    day : float or None
        The first sampled day at or above the threshold after one below it; where it is not
        reached, the day of the last sample, at which it is censored.
    below_since : float or None
        The first sampled day below it.
    threshold : float or None
        In the profile's unit.
    why : str
        What is not known, where the status is unknown.
    """

    status: Reconstituted
    day: float | None = None
    below_since: float | None = None
    threshold: float | None = None
    why: str = ""


def course_of(
    profile: Profile, below: BelowLimit = BelowLimit.HALF, what: str = "profile"
) -> Course:
    """Return a profile's changes from baseline, its peak and its nadir.

    Parameters
    ----------
    profile : Profile
    below : BelowLimit
        The value of samples below the limit of quantification.
    what : str
        Whose profile it is; errors begin with it.

    Raises
    ------
    ProfileError
        If half of a limit is asked for that is not known.

    Examples
    --------
    >>> from escalation.endpoints.profile import Sample, profile_of
    >>> il6 = [Sample(day=d, value=v, unit="pg/mL") for d, v in [(0, 4), (4, 80), (7, 20)]]
    >>> course = course_of(profile_of(il6))
    >>> course.peak.day, course.peak.change, course.peak.fold
    (4, 76, 20.0)
    """
    values = values_by(profile.samples, below, what)
    before = profile.baseline
    baseline = None if before is None else values.get(before.day)
    notes = []
    if baseline is None:
        notes.append(
            "no baseline: no sample on or before the infusion"
            if before is None
            else "no baseline: it is below the limit, and missing by the rule"
        )
    elif before is not None and before.is_below:
        notes.append(f"baseline below the limit, taken as {baseline:g}")
    changes = []
    for sample in profile.samples:
        value = values.get(sample.day) if sample.day > 0 else None
        if value is not None:
            changes.append(
                Change(
                    day=sample.day,
                    value=value,
                    is_below=sample.is_below,
                    change=None if baseline is None else value - baseline,
                    fold=value / baseline if baseline else None,
                )
            )
    if not changes:
        notes.append("no sample after the infusion")
    if profile.zeros:
        notes.append(f"given as 0: {say_days(profile.zeros)}")
    return Course(
        unit=profile.unit,
        baseline=baseline,
        baseline_day=None if before is None or baseline is None else before.day,
        changes=tuple(changes),
        peak=max(changes, key=lambda c: (c.value, -c.day), default=None),
        nadir=min(changes, key=lambda c: (c.value, c.day), default=None),
        notes=tuple(notes),
    )


def reconstitution_of(
    profile: Profile,
    threshold: Threshold,
    below: BelowLimit = BelowLimit.HALF,
    what: str = "profile",
) -> Reconstitution:
    """Return when a threshold was reached again after the infusion.

    A sample below the limit of quantification is below a threshold that the limit does not exceed.

    Parameters
    ----------
    profile : Profile
    threshold : Threshold
    below : BelowLimit
        The value of a baseline below the limit, as for ``course_of``.
    what : str
        Whose profile it is; errors begin with it.

    Examples
    --------
    >>> from escalation.endpoints.profile import Sample, profile_of
    >>> cells = [(0, 180), (7, 2), (28, 11), (56, 60), (84, 95)]
    >>> cells = profile_of([Sample(day=d, value=v, unit="cells/µL") for d, v in cells])
    >>> reconstitution_of(cells, Threshold(value=50)).day
    56
    >>> reconstitution_of(cells, Threshold(value=1.0, is_share_of_baseline=True)).status.value
    'not reached'
    """
    aim = threshold.value
    if threshold.is_share_of_baseline:
        before = profile.baseline
        baseline = None
        if before is not None:
            baseline = values_by(profile.samples, below, what).get(before.day)
        if not baseline:
            why = "no baseline" if baseline is None else "the baseline is 0"
            return Reconstitution(status=Reconstituted.UNKNOWN, why=why)
        aim *= baseline
    after = [sample for sample in profile.samples if sample.day > 0]
    if not after:
        return Reconstitution(
            status=Reconstituted.UNKNOWN, threshold=aim, why="no sample after the infusion"
        )
    below_since = None
    for sample in after:
        if _is_under(sample, aim):
            below_since = sample.day if below_since is None else below_since
        elif sample.is_below:  # of a limit above the threshold
            return Reconstitution(
                status=Reconstituted.UNKNOWN,
                threshold=aim,
                why=f"limit of quantification above the threshold on {say_days([sample.day])}",
            )
        elif below_since is not None:
            return Reconstitution(
                status=Reconstituted.REACHED,
                day=sample.day,
                below_since=below_since,
                threshold=aim,
            )
    if below_since is None:
        return Reconstitution(status=Reconstituted.NEVER_BELOW, threshold=aim)
    return Reconstitution(
        status=Reconstituted.CENSORED,
        day=after[-1].day,
        below_since=below_since,
        threshold=aim,
    )


def _is_under(sample: Sample, aim: float) -> bool:
    if sample.is_below:
        return sample.lloq is None or not is_above(sample.lloq, aim)
    return sample.value is not None and is_above(aim, sample.value)


def median_time(times: Iterable[Reconstitution]) -> float | None:
    """Return the median time to reconstitution by Kaplan and Meier; None where it is not reached.

    Who was never below the threshold, or of whom it is unknown, is left out.

    References
    ----------
    Kaplan EL, Meier P (1958). Nonparametric estimation from incomplete observations. J Am Stat
    Assoc 53(282):457-481.
    """
    known = [
        (one.day, one.status is Reconstituted.REACHED)
        for one in times
        if one.status in (Reconstituted.REACHED, Reconstituted.CENSORED) and one.day is not None
    ]
    waiting = 1.0
    for day in sorted({day for day, is_reached in known if is_reached}):
        at_risk = sum(other >= day for other, _ in known)
        reached = sum(other == day and is_reached for other, is_reached in known)
        waiting *= 1 - reached / at_risk
        if not is_above(waiting, 0.5):
            return day
    return None
