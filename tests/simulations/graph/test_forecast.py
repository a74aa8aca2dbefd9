"""What is foreseen of a large graph, against the graph itself."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from escalation.designs import Design, make_design
from escalation.designs.crm import digest
from escalation.designs.walk import TooManyStatesError
from escalation.outcomes import Tally
from simulations.engines.exact import exact_characteristics
from simulations.graph import layers
from simulations.graph.build import build_graph
from simulations.graph.forecast import Foreseen, foresee_states, most_states

# BOIN on 5 levels with target .30, cohorts of 3: states after 1, 2, ... cohorts, ends not merged,
# counted by a program of its own
BOIN_5 = [4, 9, 25, 67, 163, 390, 878, 1905, 3957, 7911, 15254, 28459, 51406, 89995, 152851]
BOIN_5 += [252157, 404573, 632284, 964100, 1436707]


def boin(n_levels: int, max_patients: int, **options: Any) -> Design:
    return make_design("boin", n_levels=n_levels, target=0.3, max_patients=max_patients, **options)


@pytest.mark.parametrize("n_known", [12, 14, 17])
def test_the_states_of_a_larger_trial_are_foreseen_against_a_count(n_known):
    sizes = {3 * (k + 1): size for k, size in enumerate(BOIN_5[:n_known])}
    totals = foresee_states(sizes, step=3, begun=0, most=60)
    assert list(totals) == list(range(3, 61, 3))
    for k in range(n_known):
        assert totals[3 * (k + 1)] == sum(BOIN_5[: k + 1])
    assert totals[60] == pytest.approx(sum(BOIN_5), rel=0.2)


def test_of_few_cohorts_nothing_is_foreseen():
    assert foresee_states({0: 1, 3: 4, 6: 9}, step=3, begun=0, most=60) == {0: 1, 3: 5, 6: 14}


@pytest.mark.parametrize(
    "options", [{}, {"titration": True}, {"n_earlystop": 9}, {"start": 1}, {"cohort_size": 2}]
)
def test_a_graph_that_is_refused_says_how_many_patients_would_fit_and_they_do(options, monkeypatch):
    monkeypatch.setattr(layers, "_FEW", 1_000)
    with pytest.raises(TooManyStatesError) as refused:
        build_graph(boin(4, 60, **options), max_states=100_000)
    fits = refused.value.fits
    assert fits
    assert f"more than 100000 states; use fewer levels or at most {fits} patients" in str(
        refused.value
    )
    found = build_graph(boin(4, fits, **options), max_states=100_000)
    assert 20_000 < found.n_states <= 100_000


TITRATED = {"titration": True}


def accept_what_is_said_to_fit(name: str, options: dict[str, Any], grid: Sequence[Any]) -> int:
    """Build what refusals say fits, and return how many said so."""
    n_said = 0
    for n_levels, size, most in grid:
        usual = {"n_levels": n_levels, "target": 0.3, "cohort_size": size, **options}
        try:
            build_graph(make_design(name, **usual, max_patients=24), max_states=most)
        except TooManyStatesError as refused:
            if refused.fits is not None:
                n_said += 1
                fitting = make_design(name, **usual, max_patients=refused.fits)
                assert build_graph(fitting, max_states=most).n_states <= most
    return n_said


FITTING = [
    ("boin", {}),
    ("i3+3", {"n_earlystop": 6}),
    ("i3+3", TITRATED),
    ("boin", TITRATED),
    ("crm", {"first_stage": 1}),
    ("crm", {"method": "mle", "start": 1}),
]


@pytest.mark.parametrize(("name", "options"), FITTING, ids=str)
def test_every_number_of_patients_that_is_said_to_fit_is_accepted(name, options, monkeypatch):
    monkeypatch.setattr(layers, "_FEW", 50)
    grid = list(itertools.product((2, 3), (2, 3), (30, 100)))
    assert accept_what_is_said_to_fit(name, options, grid) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["boin", "keyboard", "mtpi", "i3+3", "crm"])
@pytest.mark.parametrize("options", [{}, {"n_earlystop": 6}, {"start": 1}, TITRATED], ids=str)
def test_so_it_is_for_every_family_and_option(name, options, monkeypatch):
    monkeypatch.setattr(layers, "_FEW", 100)
    titrated = options is TITRATED
    if name == "crm" and titrated:
        options = {"first_stage": 1}
    sizes = (2, 3) if titrated else (1, 2, 3)
    grid = list(itertools.product((2, 5), sizes, (30, 100, 1000)))
    assert accept_what_is_said_to_fit(name, options, grid) >= 8


def test_after_outcomes_what_fits_is_more_than_has_been_treated():
    design = boin(3, 60, titration=True)
    seen = [Tally(n_evaluable=1), Tally(n_evaluable=1), Tally(n_evaluable=2, n_dlts=1)]
    said = []
    for most in (20, 60, 200, 600):
        with pytest.raises(TooManyStatesError) as refused:
            build_graph(design, seen, 2, max_states=most)
        fits = refused.value.fits
        said.append(fits)
        if fits is not None:
            fitting = boin(3, fits, titration=True)
            assert build_graph(fitting, seen, 2, max_states=most).n_states <= most
    assert said[0] is None or said[0] > 4
    assert said[-1] is not None


@pytest.mark.parametrize("n_levels", [8, 30])
def test_a_trial_much_too_large_is_refused_before_its_states_are_found(n_levels, monkeypatch):
    walked: list[int] = []
    layer = layers._Walk._layer

    def noting(self, n_patients, coming):
        walked.append(n_patients)
        return layer(self, n_patients, coming)

    monkeypatch.setattr(layers._Walk, "_layer", noting)
    with pytest.raises(TooManyStatesError) as refused:
        build_graph(boin(n_levels, 300))
    assert refused.value.fits
    assert max(walked) < refused.value.fits


def test_what_is_far_too_large_is_refused_on_few_states_and_what_fits_is_the_same(monkeypatch):
    design = make_design("crm", n_levels=5, target=0.25, max_patients=300)
    said = []
    for fewer in (layers._FEWER, layers._FEW):
        monkeypatch.setattr(layers, "_FEWER", fewer)
        with pytest.raises(TooManyStatesError) as refused:
            build_graph(design)
        said.append((refused.value.fits, len(refused.value.expected)))
    assert said[0] == said[1]


LARGE = [
    boin(5, 36),
    boin(7, 36),
    make_design("crm", n_levels=5, target=0.25, max_patients=17, cohort_size=1, method="mle"),
    make_design("crm", n_levels=8, target=0.25, max_patients=30),
]


@pytest.mark.parametrize("design", LARGE, ids=lambda d: f"{d.name}-{d.n_levels}")
def test_memory_is_foreseen_and_not_exceeded_by_tracemalloc(design, monkeypatch):
    monkeypatch.setattr(layers, "_FEW", 5_000)
    monkeypatch.setattr(layers, "_FEW_OF_MOST", 1e-3)
    monkeypatch.setattr(layers, "_FEW_TO_TELL", 1e-3)
    monkeypatch.setattr(digest, "_AT_ONCE", 2**10)  # as few beside the states as in a large graph
    n_levels = design.n_levels
    build_graph(replace(design, max_patients=9))  # what is loaded at the first use is none of it
    told: list[Foreseen] = []
    tracemalloc.start()
    try:
        graph = build_graph(design, tell=told.append)
        exact_characteristics(graph, [0.3] * n_levels)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (foreseen,) = told
    assert foreseen.n_states == pytest.approx(graph.n_states, rel=0.3)
    assert peak < foreseen.n_bytes < 4 * peak


@pytest.mark.parametrize("design", [LARGE[0], LARGE[3]], ids=lambda d: d.name)
def test_a_large_graph_tells_in_shares_how_far_it_is(design, monkeypatch):
    monkeypatch.setattr(layers, "_FEW", 100)
    monkeypatch.setattr(layers, "_FEW_OF_MOST", 1e-5)
    shares: list[float] = []
    build_graph(replace(design, max_patients=18), progress=shares.append)
    assert len(shares) > 2
    assert min(shares) > 0
    assert sum(shares) == pytest.approx(1)


def test_what_is_foreseen_is_said_in_round_numbers():
    said = Foreseen(n_states=3_708_142, n_bytes=790_000_000)
    assert str(said) == "the trial can reach about 3.7 million states, which take up to 760 MiB"
    said = Foreseen(n_states=567_890, n_bytes=1)
    assert str(said) == "the trial can reach about 570,000 states, which take up to 10 MiB"


def test_fewer_states_are_held_on_a_long_ladder():
    assert most_states(5, 3) == 5_000_000
    assert 100_000 < most_states(100, 3) < 1_000_000
