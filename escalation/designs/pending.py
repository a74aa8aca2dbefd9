"""How pending patients can turn out: every way, as complete tallies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from math import comb, prod

from escalation.errors import InputError
from escalation.outcomes import FollowUp, Tally

__all__ = [
    "check_follow_up",
    "count_resolutions",
    "resolve_pending",
    "resolve_with_last",
    "without_last",
]


def count_resolutions(
    tallies: Sequence[Tally], *, dropouts: bool = False, moderate: bool = False
) -> int:
    """Count the ways that ``resolve_pending`` yields."""
    more = 1 + dropouts + moderate
    return prod(comb(tally.n_pending + more, more) for tally in tallies)


def check_follow_up(tallies: Sequence[Tally], follow_up: Sequence[FollowUp]) -> None:
    """Raise ``InputError`` where follow-up is not that of the patients in the tallies.

    Every pending patient has one; those with a DLT may have one.
    """
    n_pending, n_dlts = [0] * len(tallies), [0] * len(tallies)
    for one in follow_up:
        if one.level >= len(tallies):
            raise InputError(
                f"follow-up at level index {one.level} is outside 0 .. {len(tallies) - 1}"
            )
        (n_dlts if one.has_dlt else n_pending)[one.level] += 1
    for level, tally in enumerate(tallies):
        if n_pending[level] != tally.n_pending:
            raise InputError(
                f"follow-up of {n_pending[level]} patients at level index {level}, where "
                f"{tally.n_pending} are pending; give one FollowUp each"
            )
        if n_dlts[level] > tally.n_dlts:
            raise InputError(
                f"the days of {n_dlts[level]} DLTs at level index {level}, where {tally.n_dlts} "
                "have had one"
            )


def resolve_pending(
    tallies: Sequence[Tally], *, dropouts: bool = False, moderate: bool = False
) -> Iterator[tuple[Tally, ...]]:
    """Yield every way the pending patients can turn out, as tallies, fewest DLTs first.

    They have a DLT or not; with ``moderate``, those who have none may have a moderate toxicity;
    with ``dropouts``, they may turn out not evaluable as well.
    """
    ways = [
        [
            Tally(
                n_evaluable=tally.n_evaluable + n,
                n_dlts=tally.n_dlts + n_dlts,
                n_moderate=tally.n_moderate + n_moderate,
            )
            for n in range(0 if dropouts else tally.n_pending, tally.n_pending + 1)
            for n_dlts in range(n + 1)
            for n_moderate in range(n - n_dlts + 1 if moderate else 1)
        ]
        for tally in tallies
    ]
    yield from itertools.product(*ways)


def resolve_with_last(
    tallies: Sequence[Tally],
    level: int,
    last: Tally,
    *,
    dropouts: bool = False,
    moderate: bool = False,
) -> Iterator[tuple[tuple[Tally, ...], Tally]]:
    """Yield as ``resolve_pending``, each way with how the last cohort turned out in it.

    Parameters
    ----------
    tallies : sequence of Tally
    level : int
        0-based level of the last cohort.
    last : Tally
        The last cohort, which is part of ``tallies[level]``; empty where it does not matter.
    dropouts, moderate : bool

    Raises
    ------
    InputError
        If the last cohort is not part of what was seen at its level.
    """
    rest = without_last(tallies, level, last)
    for *ways, cohort in resolve_pending([*rest, last], dropouts=dropouts, moderate=moderate):
        ways[level] = ways[level].plus(cohort)
        yield tuple(ways), cohort


def without_last(tallies: Sequence[Tally], level: int, last: Tally) -> tuple[Tally, ...]:
    """Return the tallies without the last cohort, which is at ``level``."""
    here = tallies[level]
    try:
        before = Tally(
            n_evaluable=here.n_evaluable - last.n_evaluable,
            n_dlts=here.n_dlts - last.n_dlts,
            n_pending=here.n_pending - last.n_pending,
            n_moderate=here.n_moderate - last.n_moderate,
        )
    except InputError as error:
        raise InputError("the last cohort is not part of what was seen at its level") from error
    return (*tallies[:level], before, *tallies[level + 1 :])
