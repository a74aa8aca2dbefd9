"""Early haematotoxicity of immune effector cells (ICAHT), days 0 to 30, from neutrophil counts.

The grade is by the longest run of days at or below a threshold. A day without a count is as the
last count before it, for up to a week; longer gaps, and days before the first count or after the
last, are unknown. Counts above the threshold end a run when they stay above it for three days
or more: a shorter recovery belongs to the run.

References
----------
Rejeski K, Subklewe M, Aljurf M, et al. Immune effector cell-associated hematotoxicity: EHA/EBMT
consensus grading and best practice recommendations. Blood 2023; 142:865-877.

Liang EC. Automated approach to grade early and late ICAHT by EHA/EBMT criteria,
https://github.com/emilyliangmd/automatedicahtgrading: as there, a recovery takes three days, and
who is low from day 3 or earlier to the last day was never above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from escalation.errors import InputError
from escalation.grading.grade import Grade
from escalation.nearness import is_above
from escalation.text import count

__all__ = ["grade_early_icaht"]

LAST_DAY = 30
LOW, VERY_LOW = 0.5, 0.1  # neutrophils, 10^9/L
RECOVERY_DAYS = 3
CARRIED_DAYS = 7
BEGINS_BY = 3  # who is low from this day or an earlier one on was never above


def grade_early_icaht(counts: Sequence[tuple[int, float]]) -> Grade:
    """Grade early ICAHT.

    Parameters
    ----------
    counts : sequence of (int, float)
        Days after the infusion, which is day 0, and neutrophils, 10^9/L. Of several counts of a
        day the lowest counts; those before day 0 and after day 30 are left out.

    Raises
    ------
    InputError
        For what is not a count in 10^9/L, or where none is of days 0 to 30.

    Examples
    --------
    >>> counts = [(0, 2.1), (5, 0.4), (9, 0.3), (13, 0.9), (20, 1.5), (27, 2), (30, 3)]
    >>> grade_early_icaht(counts).text
    'grade 2: neutrophils at or below 0.5 for 8 days'
    """
    days = _by_day(counts)
    lowest, rule = _grade([9.0 if known is None else known for known in days])
    unknown = [day for day, known in enumerate(days) if known is None]
    could_be = _grade([0.0 if known is None else known for known in days])[0]
    missing = _say_days(unknown) if could_be > lowest else ""
    return Grade(grade=lowest, rule=rule, not_assessed=(missing,) if missing else ())


def _by_day(counts: Sequence[tuple[int, float]]) -> list[float | None]:
    """Return what is known of each day, 0 to 30."""
    days: list[float | None] = [None] * (LAST_DAY + 1)
    for day, found in counts:
        if not 0 <= found < 100:
            raise InputError(
                f"day {day}: {found:g} is not a neutrophil count in 10^9/L, such as 0.4"
            )
        if 0 <= day <= LAST_DAY:
            known = days[day]
            days[day] = found if known is None else min(known, found)
    counted = [day for day, known in enumerate(days) if known is not None]
    if not counted:
        raise InputError(f"no neutrophil count is of days 0 to {LAST_DAY}")
    for before, after in pairwise(counted):
        for day in range(before + 1, min(after, before + CARRIED_DAYS + 1)):
            days[day] = days[before]
    return days


def _grade(days: Sequence[float]) -> tuple[int, str]:
    low, very_low = list(_runs(days, LOW)), list(_runs(days, VERY_LOW))
    if any(first <= BEGINS_BY and last == LAST_DAY for first, last in low):
        return 4, f"neutrophils never above {LOW}"
    n_low = max((last - first + 1 for first, last in low), default=0)
    n_very_low = max((last - first + 1 for first, last in very_low), default=0)
    if n_very_low >= 7:
        return 4 if n_very_low >= 14 else 3, _say(VERY_LOW, n_very_low)
    if n_low:
        return 1 if n_low < 7 else 2 if n_low < 14 else 3, _say(LOW, n_low)
    return 0, f"no early ICAHT: neutrophils not at or below {LOW}"


def _say(threshold: float, n_days: int) -> str:
    return f"neutrophils at or below {threshold} for {count(n_days, 'day')}"


def _runs(days: Sequence[float], threshold: float) -> Iterator[tuple[int, int]]:
    """Yield first and last day of each run at or below a threshold."""
    first = last = None
    for day, found in enumerate(days):
        if is_above(found, threshold):
            continue
        if first is not None and last is not None and day - last > RECOVERY_DAYS:
            yield first, last
            first = None
        first = day if first is None else first
        last = day
    if first is not None and last is not None:
        yield first, last


def _say_days(days: Sequence[int]) -> str:
    """Say which days are unknown: ``counts of days 0 to 4 and 20 to 30``."""
    spans = []
    for _, group in groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
        span = [day for _, day in group]
        spans.append(str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}")
    return f"counts of days {' and '.join(spans)}" if len(days) > 1 else f"count of day {spans[0]}"
