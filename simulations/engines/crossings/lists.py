"""All lists of cohorts that one level can have, and how they fit to those of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Design, LevelStatus
from escalation.outcomes import Tally

__all__ = ["ENDS", "KINDS", "SPARE", "After", "End", "Kind", "Lists", "find_lists"]

Floats = NDArray[np.float64]

SPARE = 10  # cohorts


class After(IntEnum):
    """What follows a cohort."""

    STAY = 0
    UP = 1
    DOWN = 2
    OUT = 3  # down, this level being eliminated
    SELECT = 4  # the trial ends, and an MTD is selected
    STOP = 5  # the trial ends without
    NOBODY = 6  # there was no cohort


class End(IntEnum):
    """Where and how the trial ends, as seen from a level; the last three, there or below."""

    ABOVE = 0
    FULL = 1  # with the most patients
    EARLY = 2  # with fewer, and an MTD is selected
    STOPPED = 3  # without


ENDS = {
    End.FULL: (After.STAY, After.UP, After.DOWN, After.OUT, After.SELECT),
    End.EARLY: (After.SELECT,),
    End.STOPPED: (After.STOP,),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list.

    Attributes
    ----------
    freed : bool
        Whether the level above is eliminated before the list ends.
    last : tuple of After
        What may follow the last cohort.
    goes : After or None
        The step that is taken after it, up or down; None at the end of the trial.
    fits : tuple of (End, bool, End)
        How the trial ends as seen from the level below, whether this level has to go out, and how
        the trial ends as seen from here. The level above has to go out where ``freed``.
    """

    freed: bool
    last: tuple[After, ...]
    goes: After | None
    fits: tuple[tuple[End, bool, End], ...]


def _list_kinds() -> tuple[Kind, ...]:
    kinds = [Kind(False, (After.UP, After.NOBODY), After.UP, ((End.ABOVE, False, End.ABOVE),))]
    for freed in (False, True):
        for end, last in ENDS.items():
            kinds.append(Kind(freed, last, None, ((End.ABOVE, False, end),)))
        stays = tuple((end, False, end) for end in ENDS)
        goes_out = tuple((end, True, end) for end in ENDS)
        kinds.append(Kind(freed, (After.DOWN, After.NOBODY), After.DOWN, stays))
        kinds.append(Kind(freed, (After.OUT,), After.DOWN, goes_out))
    return tuple(kinds)


KINDS = _list_kinds()


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """The lists of one level, C the most cohorts and X the most DLTs.

    Attributes
    ----------
    after : int array, shape (2, C + 1, X + 1)
        What follows a cohort, by cohorts and DLTs so far; the second once the level above has
        been eliminated.
    ways : float array, shape (2, C + 1, X + 1, U, U)
        In how many ways patients' outcomes lead so far, by steps up and steps down before.
    """

    after: NDArray[np.int8]
    ways: Floats

    def ending(
        self,
        kind: Kind,
        last: Sequence[After],
        cohorts: int | slice = slice(None),
        n_dlts: int | slice = slice(None),
    ) -> Floats:
        """Return the lists of a kind that end so: (cohorts, DLTs, up, down), the last step in."""
        said = self.after[int(kind.freed), cohorts, n_dlts]
        ways = self.ways[int(kind.freed), cohorts, n_dlts]
        found = np.where(np.isin(said, last)[..., None, None], ways, 0.0)
        if kind.goes is None:
            return found
        moved = np.where((said == After.NOBODY)[..., None, None], found, 0.0)
        found -= moved
        if kind.goes is After.UP:
            moved[..., 1:, :] += found[..., :-1, :]
        else:
            moved[..., 1:] += found[..., :-1]
        return moved


def find_lists(
    design: Design, n_levels: int, place: int, n_cohorts: int, *, below_start: bool
) -> Lists:
    """Ask the design about one level of a ladder, and count its lists.

    Parameters
    ----------
    design : Design
    n_levels, place : int
        The ladder, which need not have more than one level between the lowest and the highest,
        and the level on it.
    n_cohorts : int
        The most of the trial.
    below_start : bool
        Whether the level is below the start: it may be that nobody was treated there before the
        level above was eliminated.
    """
    selecting = design.outline.selecting if design.outline is not None else frozenset()
    size = design.largest_cohort
    room = (n_cohorts + SPARE) * size  # so that the limit says nothing here
    ladder: Any = replace(design, n_levels=n_levels, start=place, max_patients=room)  # type: ignore[type-var]
    after = np.full((2, n_cohorts + 1, n_cohorts * size + 1), After.NOBODY, dtype=np.int8)
    eliminated = _eliminated(ladder) if place + 1 < n_levels else None
    for freed in range(1 if eliminated is None else 2):
        seen = [Tally()] * n_levels
        if freed and eliminated is not None:
            seen[place + 1] = eliminated
        for cohorts in range(1, n_cohorts + 1):
            n = cohorts * size
            for n_dlts in range(n + 1):
                seen[place] = Tally(n_evaluable=n, n_dlts=n_dlts)
                after[freed, cohorts, n_dlts] = _ask(ladder, seen, place, selecting)
    return Lists(after, _count(after, size, n_cohorts, below_start=below_start))


def _eliminated(ladder: Design) -> Tally | None:
    """Return a tally that eliminates its level; None where none does."""
    sizes = range(ladder.largest_cohort, 1000, ladder.largest_cohort)
    tallies = (Tally(n_evaluable=n, n_dlts=n) for n in sizes)
    eliminated = (tally for tally in tallies if ladder.status(tally) is LevelStatus.TOO_TOXIC)
    return next(eliminated, None)


def _ask(ladder: Design, seen: Sequence[Tally], place: int, selecting: frozenset[str]) -> After:
    decision = ladder.decide(seen, place)
    if decision.level is None:
        return After.SELECT if decision.clause.id in selecting else After.STOP
    if decision.level == place:
        return After.STAY
    if decision.level > place:
        return After.UP
    return After.OUT if ladder.status(seen[place]) is LevelStatus.TOO_TOXIC else After.DOWN


def _count(after: NDArray[np.int8], size: int, n_cohorts: int, *, below_start: bool) -> Floats:
    """Count in how many ways lists come so far, cohort by cohort."""
    most_up = n_cohorts // 2 + 2  # a step up and the one back take a cohort each
    shape = (n_cohorts * size + 1, most_up, most_up)
    ways = np.zeros((2, n_cohorts + 1, *shape))
    ways[0, 0, 0, 0, 0] = 1.0
    following = ways[:, 0].copy()
    following[1, 0, 0, 0] = float(below_start)
    for cohorts in range(1, n_cohorts + 1):
        here = ways[:, cohorts]
        for n_dlts in range(size + 1):
            here[:, n_dlts:] += comb(size, n_dlts) * following[:, : shape[0] - n_dlts]
        following = np.zeros((2, *shape))
        for freed in (0, 1):
            said = after[freed, cohorts][:, None, None]
            following[freed] += np.where(said == After.STAY, here[freed], 0.0)
            goes_down = np.where(said == After.DOWN, here[freed], 0.0)
            following[freed][:, :, 1:] += goes_down[:, :, :-1]
        # after any step up the level above can go out, and the trial comes back for good
        goes_up = np.where(after[0, cohorts][:, None, None] == After.UP, here[0], 0.0)
        following[:, :, 1:] += goes_up[:, :-1]
    return ways
