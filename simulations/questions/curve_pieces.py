"""The pieces into which the non-decreasing curves between two bounds fall.

On a piece the lowest level above a limit, or the correct level, is the same. A border between two
pieces belongs to both here, and lies at the limit itself, not where rounding ends; a piece that is
nothing but border is left out. The bounds never fall from one level to the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError
from escalation.nearness import is_above, upper_is_nearer
from simulations.engines.exact_engine import ExactEngine
from simulations.graph.build import NO_MTD
from simulations.questions.curve_search import Region, tighten

__all__ = [
    "by_correct_level",
    "by_level_at_target",
    "by_lowest_above",
    "check_bounds",
]

Floats = NDArray[np.float64]
Pieces = Iterator[tuple[int, Region]]


def check_bounds(
    engine: ExactEngine, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[Floats, Floats]:
    """Return bounds that curves can reach, 0 and 1 by default, or raise ``InputError``."""
    n_levels = engine.n_levels
    low = engine.check(np.zeros(n_levels) if low is None else low)
    high = engine.check(np.ones(n_levels) if high is None else high)
    low, high = tighten(low, high)
    crossed = is_above(low, high)
    if crossed.any():
        level = int(np.argmax(crossed))
        raise InputError(
            f"the band is empty: at its level {level + 1} from the bottom P(DLT) would have to be "
            f"at least {low[level]:g} and at most {high[level]:g}"
        )
    return low, np.maximum(low, high)


def by_lowest_above(low: Floats, high: Floats, above: float) -> Pieces:
    """Yield the curves by their lowest level above a limit; not those without one."""
    for level in range(len(low)):
        if is_above(high[level], above) and (level == 0 or not is_above(low[level - 1], above)):
            yield level, _region(_raised(low, above, level), _lowered(high, above, level))


def by_correct_level(low: Floats, high: Floats, target: float) -> Pieces:
    """Yield the curves by ``correct_level``, those with it up to the target and above apart."""
    if is_above(high[0], target):
        yield NO_MTD, _region(_raised(low, target, 0), high)
    last = len(low) - 1
    for level in range(last + 1):
        at_most = min(high[level], target)
        rises = level == last or (
            is_above(high[level + 1], target)
            and not upper_is_nearer(at_most, high[level + 1], target)
        )
        if rises and not is_above(low[level], target):
            yield (
                level,
                _region(
                    _raised(low, target, level + 1),
                    _lowered(high, target, level + 1),
                    pair=None if level == last else (level, 1.0, 2 * target),
                ),
            )
        yield from _above_target(low, high, target, level)


def _above_target(low: Floats, high: Floats, target: float, level: int) -> Pieces:
    """Yield the curves on which a level above the target is correct: the nearest, or tied to it.

    Of several levels with the same P(DLT) the highest is correct.
    """
    least = max(low[level], target)
    if level < len(low) - 1 and not is_above(high[level + 1], least):
        return
    for first in range(1, level + 1):
        reaches = is_above(high[first], target) and not is_above(least, high[first])
        if reaches and upper_is_nearer(low[first - 1], least, target):
            region_low = _raised(low, least, first)
            region_high = _lowered(high, target, first)
            region_high[first : level + 1] = high[first]
            yield (
                level,
                _region(
                    region_low,
                    region_high,
                    pair=(first - 1, -1.0, 2 * target),
                    tied=(first, level),
                ),
            )


def by_level_at_target(low: Floats, high: Floats, target: float, separation: float) -> Pieces:
    """Yield the curves with a level at the target, or none, and the others at a distance."""
    for level in range(NO_MTD, len(low)):
        region_low = _raised(low, target + separation, level + 1)
        region_high = _lowered(high, target - separation, level)
        if level != NO_MTD:
            region_low[level] = max(region_low[level], target)
            region_high[level] = min(region_high[level], target)
        region_low, region_high = tighten(region_low, region_high)
        if not is_above(region_low, region_high).any():
            yield level, _region(region_low, region_high)


def _region(
    low: Floats,
    high: Floats,
    pair: tuple[int, float, float] | None = None,
    tied: tuple[int, int] = (0, 0),
) -> Region:
    """Return the region between bounds; where rounding alone has crossed them, they meet."""
    return Region(low=low, high=np.maximum(low, high), pair=pair, tied=tied)


def _raised(low: Floats, p: float, first: int) -> Floats:
    """Raise a lower bound to ``p``, from the level ``first`` on."""
    return np.where(np.arange(len(low)) >= first, np.maximum(low, p), low)


def _lowered(high: Floats, p: float, first: int) -> Floats:
    """Lower an upper bound to ``p``, below the level ``first``."""
    return np.where(np.arange(len(high)) < first, np.minimum(high, p), high)
