"""The worst toxicity curve for a design: whatever the truth, overdosing and PCS are no worse.

Which levels are above a limit, and which level is correct, jumps as the curve moves; between the
jumps the probability is a smooth polynomial. So the curves are divided into pieces, by the lowest
level above the limit or by the correct level, and each is searched up to its border. At a border
the worst value may be approached as closely as one likes and yet not be attained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError
from escalation.nearness import is_above, just_above
from simulations.engines.characteristics import correct_levels, figure_rows
from simulations.engines.exact import BatchCharacteristics
from simulations.engines.exact_engine import ExactEngine, as_engine
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import check_target
from simulations.questions.curve_pieces import (
    by_correct_level,
    by_level_at_target,
    by_lowest_above,
    check_bounds,
)
from simulations.questions.curve_search import Region, curve_grid, maximise

__all__ = ["MOST_STATES", "GridCheck", "WorstCase", "WorstPiece", "worst_overdose", "worst_pcs"]

Floats = NDArray[np.float64]

MOST_STATES = 500_000  # thousands of curves are asked for in a search, some minutes
GRID_CURVES = 200_000
_EXACT = 1e-9
_TIE = 1e-12  # of probabilities: what differs by less differs by rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstPiece:
    """The worst curve among those with the same lowest level above the limit, or correct level.

    Attributes
    ----------
    level : int
        That level, 0-based; ``NO_MTD`` where no level is correct.
    value : float
    p_dlt : float array, shape (L,)
    attained : bool
        Whether the curve itself has the value, or curves as close to it as one likes.
    n_starts, n_agreed : int
        Searches, and how many of them ended at this value; 0 where only the grid found it.
    """

    level: int
    value: float
    p_dlt: Floats
    attained: bool
    n_starts: int
    n_agreed: int

    def __repr__(self) -> str:
        p_dlt = ", ".join(f"{p:.3g}" for p in self.p_dlt.tolist())
        return f"<WorstPiece: {self.value:.4g} at P(DLT) {p_dlt}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures without the level, ready for JSON."""
        names = ("value", "attained", "n_starts", "n_agreed")
        return {"p_dlt": self.p_dlt.tolist()} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridCheck:
    """The worst of all non-decreasing curves on a grid; ``p_dlt`` has shape (L,)."""

    value: float
    p_dlt: Floats
    n_curves: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures ready for JSON."""
        return {"value": self.value, "p_dlt": self.p_dlt.tolist(), "n_curves": self.n_curves}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstCase:
    """What a search over curves has found.

    Attributes
    ----------
    worst : WorstPiece
    pieces : tuple of WorstPiece
        The worst of each piece, lowest level first.
    grid : GridCheck or None
        None where the ladder is too long for a grid.
    """

    worst: WorstPiece
    pieces: tuple[WorstPiece, ...]
    grid: GridCheck | None

    def __repr__(self) -> str:
        return f"<WorstCase: {self.worst!r}, of {len(self.pieces)}>"


def worst_overdose(
    engine: TransitionGraph | ExactEngine,
    above: float,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    n_starts: int = 20,
    seed: int = 1,
    grid_curves: int = GRID_CURVES,
    progress: Callable[[float], object] | None = None,
) -> WorstCase:
    """Find the largest P(a level is selected whose P(DLT) is above a limit).

    Parameters
    ----------
    engine : TransitionGraph or ExactEngine
    above : float
        The limit; a level with exactly this P(DLT) is not above it.
    low, high : array_like, shape (L,), optional
        Only curves between these; all from 0 to 1 by default. P(DLT) never falls with the level.
    n_starts, seed : int
        Searches a piece, and the seed of the random ones among them.
    grid_curves : int
        Most curves of the grid that confirms the search; 0 for none.
    progress : callable, optional
        Called with what share of the searches has been done since.

    Raises
    ------
    InputError
        If an argument is not what it should be, or no such curve has a level above the limit.

    Examples
    --------
    One level, just above the limit: the 3+3 declares it with probability q^3 + 3 p q^5.

    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> worst = worst_overdose(graph, 0.4).worst
    >>> round(worst.value, 6), worst.p_dlt.tolist(), worst.attained
    (0.309312, [0.4], False)
    """
    if not isinstance(above, Real) or not 0 < above < 1:
        raise InputError(f"the limit of P(DLT) must lie between 0 and 1, not {above}")
    engine = as_engine(engine)
    low, high = check_bounds(engine, low, high)
    regions = list(by_lowest_above(low, high, above))
    if not regions:
        raise InputError(f"no curve in the band has a level with P(DLT) above {above:g}")
    selected = figure_rows(engine.n_levels)["p_select"]

    def score(curves: Floats, found: BatchCharacteristics) -> Floats:
        return np.asarray((found.p_select * is_above(curves, above)).sum(axis=1))

    def lowest_above(p: Floats) -> int:
        is_over = is_above(p, above)
        return int(np.argmax(is_over)) if is_over.any() else NO_MTD

    pieces = _search(
        engine,
        regions,
        lambda level: selected[level:].sum(axis=0),
        lowest_above,
        n_starts=n_starts,
        seed=seed,
        progress=progress,
    )
    extra = (above, just_above(above))
    grid = _check_on_grid(engine, [(low, high)], extra, score, grid_curves)
    return _worst(pieces, grid, lowest_above)


def worst_pcs(
    engine: TransitionGraph | ExactEngine,
    target: float,
    *,
    separation: float | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    n_starts: int = 20,
    seed: int = 1,
    grid_curves: int = GRID_CURVES,
    progress: Callable[[float], object] | None = None,
) -> WorstCase:
    """Find the smallest probability of correct selection.

    The correct level is ``correct_level``. Where two levels are about equally near to the target
    one of them alone is correct, so that the smallest PCS is small for any design. With a
    separation, only curves count on which the correct level has exactly the target and every
    other level is at least so far from it, or where all are at least so far above it and no MTD
    is correct.

    Parameters
    ----------
    engine : TransitionGraph or ExactEngine
    target : float
    separation : float, optional
        Least distance of the other levels' P(DLT) from the target.
    low, high, n_starts, seed, grid_curves, progress
        As for ``worst_overdose``.

    Raises
    ------
    InputError
        If an argument is not what it should be, or there is no such curve.

    References
    ----------
    Cheung YK (2011). Dose Finding by the Continual Reassessment Method. Chapman & Hall/CRC: the
    indifference interval, and the least favourable configurations at its ends.
    """
    check_target(target)
    if separation is not None and not 0 < separation < 1:
        raise InputError(f"the separation must lie between 0 and 1, not {separation}")
    engine = as_engine(engine)
    low, high = check_bounds(engine, low, high)
    if separation is None:
        regions = list(by_correct_level(low, high, target))
    else:
        regions = list(by_level_at_target(low, high, target, separation))
    if not regions:
        raise InputError(
            f"no curve allowed has a level at the target {target:g} and the others at least "
            f"{separation} from it; make the separation smaller, or the band wider"
        )
    rows = figure_rows(engine.n_levels)
    selected = np.vstack([rows["p_no_mtd"], rows["p_select"]])

    def score(curves: Floats, found: BatchCharacteristics) -> Floats:
        outcomes = np.column_stack([found.p_no_mtd, found.p_select])
        return -outcomes[np.arange(len(curves)), correct_levels(curves, target) - NO_MTD]

    def correct(p: Floats) -> int:
        return int(correct_levels(p[np.newaxis], target)[0])

    pieces = _search(
        engine,
        regions,
        lambda level: -selected[level - NO_MTD],
        correct,
        n_starts=n_starts,
        seed=seed,
        progress=progress,
    )
    if separation is None:
        boxes, extra = [(low, high)], [target, just_above(target)]
    else:
        boxes, extra = [(region.low, region.high) for _, region in regions], [target]
    grid = _check_on_grid(engine, boxes, extra, score, grid_curves)
    found = _worst(pieces, grid, correct)
    # searched for as the largest of the negative
    return WorstCase(
        worst=replace(found.worst, value=0.0 - found.worst.value),  # -0.0 would be shown
        pieces=tuple(replace(piece, value=0.0 - piece.value) for piece in found.pieces),
        grid=None if grid is None else replace(grid, value=0.0 - grid.value),
    )


def _search(
    engine: ExactEngine,
    regions: Sequence[tuple[int, Region]],
    figure: Callable[[int], Floats],
    level_of: Callable[[Floats], int],
    *,
    n_starts: int,
    seed: int,
    progress: Callable[[float], object] | None,
) -> tuple[WorstPiece, ...]:
    """Search each region; of two with the same level keep the worse."""
    pieces: dict[int, WorstPiece] = {}
    for level, region in regions:
        found = maximise(
            engine,
            figure(level),
            region,
            n_starts=n_starts,
            seed=seed,
            progress=progress and (lambda share: progress(share / len(regions))),
        )
        piece = WorstPiece(
            level=level,
            value=found.value,
            p_dlt=found.p_dlt,
            attained=level_of(found.p_dlt) == level,
            n_starts=found.n_starts,
            n_agreed=found.n_agreed,
        )
        if level not in pieces or piece.value > pieces[level].value + _TIE:
            pieces[level] = piece
    return tuple(pieces.values())


def _check_on_grid(
    engine: ExactEngine,
    boxes: Sequence[tuple[Floats, Floats]],
    extra: Sequence[float],
    score: Callable[[Floats, BatchCharacteristics], Floats],
    grid_curves: int,
) -> GridCheck | None:
    """Score every curve of a grid by the definition itself, without pieces."""
    limit = min(grid_curves, engine.affordable) // len(boxes)
    curves = np.concatenate([curve_grid(low, high, extra, limit) for low, high in boxes])
    if not len(curves):
        return None
    scores = score(curves, engine.batch(curves))
    best = int(np.argmax(scores >= scores.max() - _TIE))  # the first, whatever rounding says
    return GridCheck(value=float(scores[best]), p_dlt=curves[best], n_curves=len(curves))


def _worst(
    pieces: tuple[WorstPiece, ...], grid: GridCheck | None, level_of: Callable[[Floats], int]
) -> WorstCase:
    most = max(piece.value for piece in pieces)
    worst = next(piece for piece in pieces if piece.value >= most - _TIE)
    if grid is not None and grid.value > worst.value + _EXACT:  # no search has come there
        worst = WorstPiece(
            level=level_of(grid.p_dlt),
            value=grid.value,
            p_dlt=grid.p_dlt,
            attained=True,
            n_starts=worst.n_starts,
            n_agreed=0,
        )
    return WorstCase(worst=worst, pieces=pieces, grid=grid)
