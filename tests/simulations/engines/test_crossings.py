"""Levels followed one by one, against the graph of all states."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import simulations
from escalation.cli.asking import ask_command
from escalation.designs import Boin, ThreePlusThree, make_design
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.crossings import selection
from simulations.engines.crossings.engine import CrossingEngine, is_by_crossings
from simulations.engines.crossings.selection import TooManyTalliesError, foresee_tallies
from simulations.engines.exact import end_probabilities, exact_characteristics
from simulations.graph import layers
from simulations.graph.build import build_graph
from simulations.questions import engine, question

TARGET = {"target": 0.3}
DESIGNS: list[tuple[str, int, dict[str, Any]]] = [
    ("boin", 4, {"max_patients": 21, **TARGET}),
    ("boin", 1, {"max_patients": 12, **TARGET}),
    ("boin", 2, {"max_patients": 18, "start": 1, **TARGET}),
    ("boin", 9, {"max_patients": 15, "start": 4, **TARGET}),
    ("boin", 4, {"max_patients": 18, "start": 2, "extrasafe": True, "n_earlystop": 9, **TARGET}),
    ("boin", 3, {"max_patients": 18, "cutoff_eli": 0.7, "bound_mtd": True, **TARGET}),
    ("boin", 3, {"max_patients": 18, "start": 1, "cutoff_eli": 0.7, "extrasafe": True, **TARGET}),
    ("keyboard", 4, {"max_patients": 18, "start": 3, "n_earlystop": 6, **TARGET}),
    ("mtpi-2", 3, {"max_patients": 10, "cohort_size": 1, "n_earlystop": 4, **TARGET}),
    ("mtpi", 3, {"max_patients": 6, "cohort_size": 6, **TARGET}),
    ("tpi", 3, {"max_patients": 16, "cohort_size": 2, "start": 1, **TARGET}),
    ("i3+3", 3, {"max_patients": 18, **TARGET}),
    ("g3+3", 4, {"max_patients": 18, "start": 1}),
    # nothing eliminates a level; the trial stops after any first cohort
    ("boin", 3, {"max_patients": 4, "cohort_size": 1, "cutoff_eli": 0.9999, "start": 2, **TARGET}),
    ("mtpi", 2, {"max_patients": 6, "target": 0.99, "eps2": 0.005}),
    ("boin", 2, {"max_patients": 12, "target": 0.05, "extrasafe": True, "offset": 0.45}),
]
CURVES = [(0.05, 0.12, 0.2, 0.3, 0.41, 0.5, 0.6, 0.7, 0.8), (0.55, 0.3, 0.6, 0.1, *[0.5] * 5)]


def assert_near(found: Distribution, expected: Distribution) -> None:
    assert found.values.tolist() == expected.values.tolist()
    assert found.p == pytest.approx(expected.p, rel=0, abs=1e-12)


def assert_same(found: OperatingCharacteristics, expected: OperatingCharacteristics) -> None:
    assert found.p_select == pytest.approx(expected.p_select, rel=0, abs=1e-12)
    assert found.p_no_mtd == pytest.approx(expected.p_no_mtd, rel=0, abs=1e-12)
    assert_near_but_for_selection(found, expected)


def assert_near_but_for_selection(
    found: OperatingCharacteristics, expected: OperatingCharacteristics
) -> None:
    assert found.p_inconclusive == expected.p_inconclusive == 0
    assert_near(found.sample_size, expected.sample_size)
    assert_near(found.total_dlts, expected.total_dlts)
    for name in ("patients_by_level", "dlts_by_level"):
        for level in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert_near(*level)


@pytest.mark.parametrize(("name", "n_levels", "options"), DESIGNS, ids=str)
def test_every_figure_is_that_of_the_graph(name, n_levels, options):
    design = make_design(name, n_levels=n_levels, **options)
    crossings, graph = CrossingEngine(design), build_graph(design)
    for curve in CURVES:
        p = curve[:n_levels]
        assert_same(crossings.characteristics(p), exact_characteristics(graph, p))


@pytest.mark.parametrize(("name", "n_levels", "options"), DESIGNS[1::3], ids=str)
def test_all_but_selection_is_that_of_the_graph_too(name, n_levels, options):
    design = make_design(name, n_levels=n_levels, **options)
    graph = build_graph(design)
    stopped = np.array([one.clause.id not in design.outline.selecting for one in graph.decisions])
    p = CURVES[0][:n_levels]
    found = CrossingEngine(design, selects=False).characteristics(p)
    assert not found.selects
    assert np.isnan(found.p_select).all()
    likely = end_probabilities(graph, np.array([p]))[0]
    assert found.p_stopped == pytest.approx(likely @ stopped[graph.ends], rel=0, abs=1e-12)
    assert_near_but_for_selection(found, exact_characteristics(graph, p))


@pytest.mark.parametrize("p", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.3, 1.0), (0.0, 1.0, 0.5)])
def test_certain_outcomes_are_those_of_the_graph(p):
    design = Boin(n_levels=3, target=0.3, max_patients=18)
    assert_same(
        CrossingEngine(design).characteristics(p), exact_characteristics(build_graph(design), p)
    )


def test_what_is_possible_but_rare_is_among_the_values():
    """Of 42 patients on two levels, with chances that no sum of floats near 1 would show."""
    design = Boin(n_levels=2, target=0.3, max_patients=42)
    p = (1e-3, 2e-3)
    assert_same(
        CrossingEngine(design).characteristics(p), exact_characteristics(build_graph(design), p)
    )


@pytest.mark.slow
def test_6_levels_with_45_patients_are_those_of_the_graph():
    design = Boin(n_levels=6, target=0.3, max_patients=45)
    assert_same(
        CrossingEngine(design).characteristics(CURVES[0][:6]),
        exact_characteristics(build_graph(design), CURVES[0][:6]),
    )


@pytest.mark.parametrize(
    "design",
    [
        ThreePlusThree(n_levels=3),
        Boin(n_levels=3, target=0.3, max_patients=18, titration=True),
        Boin(n_levels=3, target=0.3, max_patients=None),
        Boin(n_levels=3, target=0.3, max_patients=300, cohort_size=1),
    ],
    ids=str,
)
def test_other_designs_are_refused(design):
    assert not is_by_crossings(design)
    with pytest.raises(InputError, match="not followed level by level"):
        CrossingEngine(design)


@pytest.mark.parametrize("p", [(0.1, 0.2), (0.1, 0.2, 1.5), (0.1, 0.2, float("nan"))])
def test_what_is_no_probability_is_refused(p):
    crossings = CrossingEngine(Boin(n_levels=3, target=0.3, max_patients=6))
    with pytest.raises(InputError):
        crossings.characteristics(p)


# ---------------------------------------------------------------- chosen for large designs


@pytest.fixture
def small_graphs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = functools.partial(question.build_graph, max_states=300)
    monkeypatch.setattr(question, "build_graph", limited)
    monkeypatch.setattr(engine, "LARGE_GRAPH", 300)


LARGE = Boin(n_levels=4, target=0.3, max_patients=24)


@pytest.mark.usefixtures("small_graphs_only")
@pytest.mark.parametrize("method", ["exact", "both", "auto"])
def test_a_design_whose_graph_is_too_large_is_exact_all_the_same(method):
    found = simulations.characteristics(LARGE, CURVES[0][:4], method=method, trials=2000)
    (result,) = found
    assert result.exact is not None
    assert_same(result.exact, exact_characteristics(build_graph(LARGE), CURVES[0][:4]))
    assert (result.monte_carlo is not None) == (method == "both")


@pytest.mark.usefixtures("small_graphs_only")
def test_after_outcomes_it_is_the_graph_or_nothing():
    with pytest.raises(TooManyStatesError):
        simulations.characteristics(LARGE, CURVES[0][:4], method="exact", outcomes="1NNN")


def test_where_few_states_are_asked_for_there_is_no_long_answer():
    words = ("simulate", "--method", "exact", "--design", "boin", "--set", "target=0.3")
    words = (*words, "--set", "max_patients=24", "--p-dlt", "0.1,0.2,0.3,0.4")
    with pytest.raises(TooManyStatesError):
        ask_command(words, max_states=lambda _: 300)


@pytest.mark.usefixtures("small_graphs_only")
def test_where_tallies_are_too_many_as_well_it_is_refused_with_what_would_fit(monkeypatch):
    monkeypatch.setattr(selection, "MOST_BYTES", 20_000)
    with pytest.raises(TooManyStatesError, match="or at most ") as refused:
        simulations.characteristics(LARGE, CURVES[0][:4], method="exact")
    fits = refused.value.fits
    assert fits is not None
    assert fits < 24
    smaller = Boin(n_levels=4, target=0.3, max_patients=fits)
    assert simulations.characteristics(smaller, CURVES[0][:4], method="exact")


@pytest.mark.usefixtures("small_graphs_only")
def test_of_what_is_too_large_simulate_leaves_out_selection_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(selection, "MOST_BYTES", 20_000)
    words = ("simulate", "--method", "exact", "--design", "boin", "--set", "target=0.3")
    words = (*words, "--set", "max_patients=24", "--p-dlt", "0.05,0.12,0.2,0.3", "--target", "0.3")
    asked = ask_command(words)
    assert asked.view is not None
    (result,) = asked.view.document()["results"]
    found, expected = (
        result["exact"],
        exact_characteristics(build_graph(LARGE), CURVES[0][:4]),
    )
    assert found["p_select"] == [None] * 4
    assert found["p_no_mtd"] is found["pcs"] is found["p_overdose"] is None
    assert found["patients"] == pytest.approx(expected.patients, rel=0, abs=1e-12)
    assert any("which MTD is selected is left out: on a ladder" in note for note in asked.notes)
    page = str(list(asked.view.page()))
    assert "Which MTD is selected is left out" in page
    assert "'stopped early', '', '" in page
    assert list(asked.view.rows())[1][6] is None
    for more in (("--report", str(tmp_path / "d.html")), ("--plot", str(tmp_path / "d.svg"))):
        with pytest.raises(TooManyStatesError, match="or at most "):
            ask_command((*words, *more))


def test_tallies_are_not_more_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(selection, "MOST_BYTES", 20_000)
    with pytest.raises(TooManyTalliesError):
        CrossingEngine(LARGE)


def test_what_the_tallies_take_is_foreseen(monkeypatch):
    """By what the engine says that it holds; its tables are small beside that in large designs."""
    expected: list[int] = []
    foresee = layers.foresee_states

    def noting(*args: Any) -> dict[int, int]:
        totals = foresee(*args)
        expected.append(max(totals.values()))
        return totals

    monkeypatch.setattr(layers, "foresee_states", noting)
    design = Boin(n_levels=5, target=0.3, max_patients=42)
    with pytest.raises(TooManyStatesError):
        build_graph(design, max_states=5_000)
    foreseen = foresee_tallies(5, expected[-1])
    assert foreseen is not None
    held = CrossingEngine(design)._selection._held
    assert held < foreseen.n_bytes < 10 * held
    assert foresee_tallies(8, 10**9) is None
