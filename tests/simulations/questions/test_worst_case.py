"""The worst curve, against brute force over every curve of a grid, judged by the definition."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
import pytest

from escalation.designs import Boin, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.characteristics import correct_levels
from simulations.engines.exact import exact_batch
from simulations.engines.exact_engine import GraphEngine, as_engine
from simulations.engines.ladder import LadderAutomaton
from simulations.graph.build import NO_MTD, TransitionGraph, build_graph
from simulations.probabilities import band_around
from simulations.questions.curve_search import curve_grid
from simulations.questions.worst_case import GridCheck, WorstPiece, worst_overdose, worst_pcs
from simulations.questions.worst_case import _worst as take_worst
from tests.benchmarks.baseline import enumerate_paths

GRAPHS = {
    "3+3": build_graph(ThreePlusThree(n_levels=3)),
    "declare": build_graph(ThreePlusThree(n_levels=3, variant="declare", start=1)),
    "boin": build_graph(Boin(n_levels=3, target=0.3, max_patients=15)),
}
STEP = 1 / 24


def overdose(graph: TransitionGraph, curves: np.ndarray, above: float) -> np.ndarray:
    return (exact_batch(graph, curves).p_select * (curves > above)).sum(axis=1)


def pcs(graph: TransitionGraph, curves: np.ndarray, target: float) -> np.ndarray:
    found = exact_batch(graph, curves)
    correct = correct_levels(curves, target)
    selected = found.p_select[np.arange(len(curves)), correct]
    return np.where(correct == NO_MTD, found.p_no_mtd, selected)


def every_curve(low=None, high=None, values=None) -> np.ndarray:
    """Make the non-decreasing curves of a grid one by one."""
    values = np.linspace(0, 1, 25) if values is None else values
    if low is None:
        return np.array(list(combinations_with_replacement(values, 3)))
    levels = [np.unique(np.linspace(a, b, 9)) for a, b in zip(low, high, strict=True)]
    return np.array([p for p in product(*levels) if p[0] <= p[1] <= p[2]])


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("above", [0.2, 1 / 3, 0.4, 0.6])
def test_overdosing_against_every_curve_of_a_grid(name, above):
    graph = GRAPHS[name]
    found = worst_overdose(graph, above, grid_curves=0).worst
    fine = np.append(np.linspace(0, 1, 25), np.nextafter(above, 1))
    best = overdose(graph, every_curve(values=np.sort(fine)), above).max()
    assert best <= found.value + 1e-9
    assert best >= found.value - 2 * STEP**2  # the border is on the grid, the rest is flat


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("target", [0.2, 0.3])
def test_pcs_against_every_curve_of_a_grid(name, target):
    graph = GRAPHS[name]
    found = worst_pcs(graph, target, grid_curves=0).worst
    values = np.append(np.linspace(0, 1, 25), [target, 2 * target - 1e-9, target + 1e-9])
    best = pcs(graph, every_curve(values=np.sort(values)), target).min()
    assert best >= found.value - 1e-9
    assert best == pytest.approx(found.value, abs=1e-6 + 2 * STEP**2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_within_a_band_against_every_curve_of_a_grid(seed):
    rng = np.random.default_rng(seed)
    low, high = np.sort(np.round(rng.random((2, 3)) * 16) / 16, axis=0)  # ties without rounding
    low, high = np.sort(low), np.sort(high)
    graph = GRAPHS["3+3"]
    curves = every_curve(low, high)
    resolution = (high - low).max() / 8
    for above in (0.25, 0.375):
        scores = overdose(graph, curves, above)
        if scores.max() == 0 and high[-1] <= above:
            with pytest.raises(InputError, match="no curve in the band"):
                worst_overdose(graph, above, low=low, high=high, grid_curves=20_000)
            continue
        found = worst_overdose(graph, above, low=low, high=high, grid_curves=20_000)
        assert scores.max() <= found.worst.value + 1e-9
        assert found.grid is not None
        assert found.grid.value <= found.worst.value + 1e-9
        assert found.grid.value >= found.worst.value - 0.02 - resolution
        assert found.worst.n_agreed > 0
        assert (found.worst.p_dlt >= low).all()
        assert (found.worst.p_dlt <= high).all()
        assert (np.diff(found.worst.p_dlt) >= 0).all()
    found = worst_pcs(graph, 0.25, low=low, high=high, grid_curves=20_000)
    assert pcs(graph, curves, 0.25).min() >= found.worst.value - 1e-9
    assert found.grid is not None
    assert found.grid.value >= found.worst.value - 1e-9
    assert found.worst.n_agreed > 0


@pytest.mark.parametrize("seed", range(10))
def test_what_is_approached_can_be_approached(seed):
    """Close to the worst curve there is one in the band that comes close to the worst value."""
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.random((2, 3)), axis=0)
    low, high = np.sort(low), np.sort(high)
    graph = GRAPHS["declare"]
    for score, found in (
        (pcs, worst_pcs(graph, 0.3, low=low, high=high, grid_curves=0).pieces),
        (overdose, worst_overdose(graph, 0.3, low=low, high=high, grid_curves=0).pieces)
        if high[-1] > 0.3
        else (pcs, ()),
    ):
        for piece in found:
            noise = 1e-5 * rng.normal(size=(4000, 3))
            noise[1000:] *= rng.random((3000, 3)) < 0.5
            noise[2000:] = noise[2000:, :1]  # ties stay ties
            near = np.clip(piece.p_dlt + noise, low, high)
            near = near[(np.diff(near, axis=1) >= 0).all(axis=1)]
            near = np.vstack([near, piece.p_dlt])
            assert np.abs(score(graph, near, 0.3) - piece.value).min() < 1e-3
            if piece.attained:
                value = score(graph, piece.p_dlt[np.newaxis], 0.3)[0]
                assert value == pytest.approx(piece.value, abs=1e-12)


def test_a_band_of_one_curve_is_that_curve():
    p = [0.1, 0.3, 0.5]
    found = worst_overdose(GRAPHS["3+3"], 0.4, low=p, high=p)
    assert found.worst.value == pytest.approx(overdose(GRAPHS["3+3"], np.array([p]), 0.4)[0])
    assert found.worst.attained
    assert found.worst.level == 2
    found = worst_pcs(GRAPHS["3+3"], 0.25, low=p, high=p)
    assert found.worst.value == pytest.approx(pcs(GRAPHS["3+3"], np.array([p]), 0.25)[0])
    assert found.worst.level == 1


@pytest.mark.parametrize("above", [0.25, 1 / 3, 0.4])
def test_one_level_against_theory(above):
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    q = 1 - above
    found = worst_overdose(graph, above)
    assert found.worst.value == pytest.approx(q**3 + 3 * above * q**5, abs=1e-12)
    assert found.worst.p_dlt == pytest.approx([above])
    assert not found.worst.attained


@pytest.mark.parametrize(
    ("n_levels", "above", "bound"),
    [(3, 1 / 3, 0.3803), (5, 1 / 3, 0.3804), (3, 0.4, 0.2524), (5, 0.4, 0.2525)],
)
def test_the_3_plus_3_against_the_recursive_baseline(n_levels, above, bound):
    """It does worst where every level is a little above the limit."""
    found = worst_overdose(build_graph(ThreePlusThree(n_levels=n_levels)), above, grid_curves=0)
    assert found.worst.p_dlt == pytest.approx([above] * n_levels)
    selected, _, _ = enumerate_paths([above] * n_levels)
    assert found.worst.value == pytest.approx(sum(selected[1:]), abs=1e-12)
    assert bound - 1e-4 < found.worst.value <= bound


@pytest.mark.parametrize("separation", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("name", GRAPHS)
def test_with_a_separation_against_every_curve_of_a_grid(name, separation):
    graph, target = GRAPHS[name], 0.25
    found = worst_pcs(graph, target, separation=separation, grid_curves=20_000)
    assert {piece.level for piece in found.pieces} == {NO_MTD, 0, 1, 2}
    values = np.linspace(0, 1, 21)
    values = values[(values < target - separation) | (values > target + separation)]
    edges = [target - separation, target, target + separation]
    curves = every_curve(values=np.sort(np.append(values, edges)))
    at_target = curves == target
    kept = at_target.sum(axis=1) == 1
    kept |= (curves >= target + separation).all(axis=1)
    best = pcs(graph, curves[kept], target).min()
    assert found.worst.value == pytest.approx(best, abs=1e-9)  # at corners, all on the grid
    assert found.worst.attained
    assert found.grid is not None
    assert found.grid.value == pytest.approx(best, abs=1e-9)


def test_the_worst_gets_better_as_the_levels_lie_further_apart():
    worst = [
        worst_pcs(GRAPHS["3+3"], 0.25, separation=d, grid_curves=0).worst.value
        for d in (0.02, 0.05, 0.1, 0.2)
    ]
    assert worst == sorted(worst)
    assert worst_pcs(GRAPHS["3+3"], 0.25, grid_curves=0).worst.value < worst[0]


def test_the_same_seed_gives_the_same_curve():
    first, second = (worst_overdose(GRAPHS["boin"], 0.4, seed=3).worst for _ in range(2))
    assert (first.p_dlt == second.p_dlt).all()
    assert first.value == second.value


def test_the_grid_holds_every_curve_once_and_as_many_as_fit():
    curves = curve_grid(np.zeros(3), np.ones(3), (), 3000)
    n_values = len(np.unique(curves))
    assert len(curves) == comb(n_values + 2, 3) <= 3000 < comb(n_values + 3, 3)
    assert len(np.unique(curves, axis=0)) == len(curves)
    assert (np.diff(curves, axis=1) >= 0).all()
    banded = curve_grid(np.array([0.1, 0.3, 0.2]), np.array([0.6, 0.5, 0.9]), (0.33,), 3000)
    assert banded.min(axis=0).tolist() == [0.1, 0.3, 0.3]
    assert banded.max(axis=0).tolist() == [0.5, 0.5, 0.9]
    assert 0.33 in banded
    assert curve_grid(np.zeros(10), np.ones(10), (), 3000).shape == (0, 10)


def test_a_grid_that_knows_better_is_believed():
    piece = WorstPiece(
        level=0, value=0.1, p_dlt=np.zeros(1), attained=True, n_starts=20, n_agreed=20
    )
    grid = GridCheck(value=0.2, p_dlt=np.ones(1), n_curves=9)
    found = take_worst((piece,), grid, lambda _: 0)
    assert found.worst.value == 0.2
    assert found.worst.n_agreed == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"above": 0.0}, "limit"),
        ({"above": float("nan")}, "limit"),
        ({"above": 0.4, "low": [0.1, 0.2]}, "shape"),
        ({"above": 0.4, "low": [0.5, 0.1, 0.1], "high": [0.6, 0.3, 0.4]}, "band is empty"),
        ({"above": 0.4, "high": [0.1, 0.2, 0.3]}, "above 0.4"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        worst_overdose(GRAPHS["3+3"], **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": 1.0}, "target"),
        ({"target": 0.25, "separation": 0.0}, "separation"),
        ({"target": 0.25, "separation": float("nan")}, "separation"),
        ({"target": 0.25, "separation": 0.8}, "make the separation smaller"),
    ],
)
def test_bad_arguments_for_pcs_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        worst_pcs(GRAPHS["3+3"], **arguments)


@pytest.mark.parametrize("band", [0, 1, -0.1, float("nan")])
def test_bad_bands_are_refused(band):
    with pytest.raises(InputError, match="band"):
        band_around([0.1, 0.2], band)


def test_a_smallest_pcs_of_zero_has_no_sign():
    graph = build_graph(ThreePlusThree(n_levels=2, start=1, untested_below="stop"))
    found = worst_pcs(graph, 0.25, separation=0.5)  # the level below the start is never given
    assert found.worst.value == 0
    assert math.copysign(1, found.worst.value) == 1


def test_levels_that_do_not_matter_stand_as_low_as_they_can():
    """From the top of the ladder down one level at most is given: the one below that is free."""
    graph = build_graph(ThreePlusThree(n_levels=3, start=2, untested_below="stop"))
    found = worst_overdose(graph, 0.4, low=[0.1, 0.2, 0.3], high=[0.9, 0.9, 0.9])
    assert found.pieces[-1].p_dlt.tolist() == pytest.approx([0.1, 0.2, 0.4], abs=1e-9)


@pytest.mark.parametrize("start", [0, 2])
def test_a_search_level_by_level_is_that_of_the_graph(start):
    graph = build_graph(ThreePlusThree(n_levels=4, start=start))
    asked = {"n_starts": 6, "seed": 1, "grid_curves": 20_000}
    here = worst_pcs(graph, 0.25, separation=0.05, **asked)
    there = worst_pcs(GraphEngine(graph), 0.25, separation=0.05, **asked)
    assert here.grid is not None
    assert there.grid is not None
    assert here.grid.n_curves == there.grid.n_curves > 5_000
    assert here.grid.value == pytest.approx(there.grid.value, rel=0, abs=1e-12)
    assert here.grid.p_dlt.tolist() == there.grid.p_dlt.tolist()
    for one, other in zip(here.pieces, there.pieces, strict=True):
        assert one.level == other.level
        assert one.value == pytest.approx(other.value, rel=0, abs=1e-10)
        assert one.p_dlt == pytest.approx(other.p_dlt, rel=0, abs=1e-6)


def test_a_trial_that_continues_is_searched_as_in_its_graph():
    design, tallies = ThreePlusThree(n_levels=3), [Tally(n_evaluable=3), Tally(), Tally()]
    asked = {"n_starts": 4, "seed": 1, "grid_curves": 5_000}
    here = worst_overdose(LadderAutomaton(design, tallies, 0), 0.4, **asked).worst
    there = worst_overdose(build_graph(design, tallies, 0), 0.4, **asked).worst
    assert here.value == pytest.approx(there.value, rel=0, abs=1e-10)
    assert here.p_dlt == pytest.approx(there.p_dlt, abs=1e-6)


def test_only_a_graph_from_its_start_is_followed_level_by_level():
    design = ThreePlusThree(n_levels=3)
    assert isinstance(as_engine(build_graph(design)), LadderAutomaton)
    begun = build_graph(design, [Tally(n_evaluable=3), Tally(), Tally()], 0)
    for graph in (begun, build_graph(design, level=1)):
        assert isinstance(as_engine(graph), GraphEngine)


def test_searches_are_told_as_they_are_done():
    told: list[float] = []
    worst_pcs(GRAPHS["3+3"], 0.25, n_starts=3, grid_curves=0, progress=told.append)
    assert sum(told) == pytest.approx(1)
    assert len(told) % 3 == 0
