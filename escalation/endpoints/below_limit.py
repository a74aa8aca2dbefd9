"""Which value a sample has that is below the limit of quantification, by a rule with a name."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from escalation.endpoints.profile import ProfileError, Sample, say_days

__all__ = ["BelowLimit", "values_by"]


class BelowLimit(StrEnum):
    """Which value a sample has that is below the limit of quantification."""

    STANDARD = "standard"  # 0 before the first measurable sample, missing after it
    ENDS = "ends"  # 0 before the first and after the last measurable sample, missing between
    ZERO = "zero"
    HALF = "half"  # of the limit
    MISSING = "missing"


def values_by(
    samples: Sequence[Sample], below: BelowLimit, what: str = "profile"
) -> dict[float, float]:
    """Return values by day, those below the limit of quantification by the rule.

    Parameters
    ----------
    samples : sequence of Sample
        Of a profile.
    below : BelowLimit
        What it leaves out is not among the values.
    what : str
        Whose samples they are; errors begin with it.

    Raises
    ------
    ProfileError
        If half of a limit is asked for that is not known. A sample given as 0 is 0 then.

    Examples
    --------
    >>> given = [(0, None), (4, 12.0), (7, None), (10, 3.0), (14, None)]
    >>> samples = [Sample(day=d, value=v, unit="%", lloq=1.0) for d, v in given]
    >>> values_by(samples, BelowLimit.STANDARD)
    {0: 0.0, 4: 12.0, 10: 3.0}
    """
    if below is BelowLimit.HALF:
        unknown = [s.day for s in samples if s.value is None and s.lloq is None]
        if unknown:
            fault = f"half the limit of quantification is unknown: {say_days(unknown)}"
            raise ProfileError(what, [fault])
    measurable = [sample.day for sample in samples if not sample.is_below]
    values = {}
    for sample in samples:
        value = sample.value
        if sample.is_below:
            is_before = not measurable or sample.day < measurable[0]
            is_after = not is_before and sample.day > measurable[-1]
            value = _value_below(sample, below, is_before=is_before, is_after=is_after)
        if value is not None:
            values[sample.day] = value
    return values


def _value_below(
    sample: Sample, below: BelowLimit, *, is_before: bool, is_after: bool
) -> float | None:
    match below:
        case BelowLimit.HALF:
            return 0.0 if sample.lloq is None else sample.lloq / 2
        case BelowLimit.ZERO:
            return 0.0
        case BelowLimit.STANDARD if is_before:
            return 0.0
        case BelowLimit.ENDS if is_before or is_after:
            return 0.0
        case _:
            return None
