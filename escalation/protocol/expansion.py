"""The boundary that a protocol sets for the expansion: more patients at the MTD.

It is judged on the evaluable patients of the expansion alone, as tallies: fractions are compared
as whole numbers, and pending patients in every way they can turn out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from escalation.outcomes import Tally
from escalation.protocol.tables import ExpansionMonitoring

__all__ = [
    "BoundaryStatus",
    "find_boundary_faults",
    "judge_expansion",
    "parse_fraction",
]


class BoundaryStatus(StrEnum):
    """How the expansion stands to its boundary."""

    NOT_GIVEN = "not given"
    NOT_REACHED = "not reached"
    PENDING = "pending"
    REACHED = "reached"
    BEYOND = "beyond the last boundary"


def judge_expansion(monitoring: ExpansionMonitoring, tally: Tally) -> BoundaryStatus:
    """Compare the expansion so far with its boundary.

    A rate is reached from the first patient on: by 1 DLT among up to 3 where it is 1/3. A
    boundary of ``stop_at`` such as 2/6 stands for 2 DLTs among the first 6 patients; of n more
    than 6 it is reached when at least 2 DLTs must be among the first 6, in whatever order they
    came. With patients pending the boundary is reached, or not, when it is so however they turn
    out.

    Parameters
    ----------
    monitoring : ExpansionMonitoring
    tally : Tally
        The patients of the expansion, without those of the escalation at the same level.

    Examples
    --------
    >>> boundaries = ExpansionMonitoring(stop_at=("2/6", "3/9"))
    >>> str(judge_expansion(boundaries, Tally(n_evaluable=7, n_dlts=2)))
    'not reached'
    """
    if not (monitoring.stop_at_rate or monitoring.stop_at):
        return BoundaryStatus.NOT_GIVEN
    # one more without a DLT never reaches it and one more with a DLT never leaves it; who turns
    # out not evaluable lies between
    n, n_pending = tally.n_evaluable + tally.n_pending, tally.n_pending
    if _is_reached(monitoring, tally.n_dlts, n):
        return BoundaryStatus.REACHED
    if _is_reached(monitoring, tally.n_dlts + n_pending, n):
        return BoundaryStatus.PENDING
    if monitoring.stop_at and tally.n_evaluable > parse_fraction(monitoring.stop_at[-1])[1]:
        return BoundaryStatus.BEYOND
    return BoundaryStatus.NOT_REACHED


def _is_reached(monitoring: ExpansionMonitoring, n_dlts: int, n: int) -> bool:
    if monitoring.stop_at_rate is not None:
        above, below = parse_fraction(monitoring.stop_at_rate)
        return n > 0 and n_dlts * below >= above * n
    boundaries = map(parse_fraction, monitoring.stop_at)
    return any(n_dlts - max(n - among, 0) >= least for least, among in boundaries)


def parse_fraction(text: str) -> tuple[int, int]:
    """Return the two numbers of a fraction as written: ``"2/6"`` is 2, 6."""
    above, _, below = text.partition("/")
    return int(above), int(below)


def find_boundary_faults(
    stop_at_rate: str | None, stop_at: Sequence[str | None]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with boundaries that are fractions, each with its place in the table.

    None stands for a boundary that is not given, or faulty by itself.
    """
    if stop_at_rate is not None and stop_at:
        yield ("stop_at",), "is given beside stop_at_rate; give one of the two"
    if stop_at_rate is not None and _is_above_one(stop_at_rate):
        yield ("stop_at_rate",), _above_one(stop_at_rate)
    before: str | None = None
    for index, text in enumerate(stop_at):
        if text is None:
            continue
        if _is_above_one(text):
            yield ("stop_at", index), _above_one(text)
            continue
        if before is not None:
            (least, among), (more, of_more) = parse_fraction(before), parse_fraction(text)
            if more <= least or of_more <= among:
                problem = f'"{text}" does not follow on "{before}"; give more DLTs among more'
                yield ("stop_at", index), f'{problem} patients each time, as "2/6", "3/9"'
        before = text


def _is_above_one(text: str) -> bool:
    above, below = parse_fraction(text)
    return above > below


def _above_one(text: str) -> str:
    return f'is more than 1: "{text}"; write DLTs/patients, such as "1/3"'
