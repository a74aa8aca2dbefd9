"""No text of a picture leaves the canvas or crosses another: measured on the drawn figure."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.designs import ThreePlusThree, make_design
from escalation.errors import InputError
from escalation.protocol import Protocol
from simulations.compare.result import Contender
from simulations.compare.run import compare_designs
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.results import ScenarioResult, run_scenarios
from simulations.graph.build import TransitionGraph, build_graph
from simulations.plots import (
    Provenance,
    plot_comparison,
    plot_comparison_pages,
    plot_convergence,
    plot_curve_averages,
    plot_distribution,
    plot_page,
    plot_pages,
    plot_path_pages,
    plot_paths,
    plot_patients,
    plot_scenarios,
    plot_selection,
    plot_tornado,
    plot_trajectories,
    plot_trajectory,
    provenance_of,
    provenance_of_comparison,
    save_figure,
)
from simulations.questions.averages import average_over_curves
from simulations.questions.paths import path_tree
from simulations.questions.sensitivity import tornado
from simulations.scenarios.random import pseudo_uniform
from simulations.scenarios.scenario import Scenario
from tests.extremes import DESIGN, LONG, ORDINARY, SCENARIO_NAMES, WORDS
from tests.measured import text_faults

pytestmark = pytest.mark.slow  # every picture is drawn, with ordinary names and with extreme ones

Drawn = Figure | Axes | Sequence[Figure | Axes]


class Case:
    """A trial with its graph, its scenarios and their results."""

    def __init__(self, protocol: Protocol, names: Sequence[str], design: str) -> None:
        n_levels = len(protocol.levels)
        self.protocol, self.design = protocol, design
        self.graph: TransitionGraph = build_graph(
            ThreePlusThree(n_levels=n_levels, start=protocol.start)
        )
        self.scenarios = [
            Scenario(name=name, p_dlt=_curve(n_levels, k)) for k, name in enumerate(names, start=1)
        ]
        self.results: list[ScenarioResult] = list(
            run_scenarios(self.graph, self.scenarios, trials=200, seed=20_261_128)
        )
        self.levels = {"level_names": protocol.axis_names}
        self.words = {"design": design, "trial": protocol.title or ""}
        self.provenance = provenance_of(
            self.results,
            design=design,
            protocol=protocol.name,
            digest=protocol.digest,
            trial=protocol.title or "",
            note="after 1NNN 2NNN 3NNT",
        )


def _curve(n_levels: int, k: int) -> tuple[float, ...]:
    return tuple(round(min(0.97, 0.0123 * k * (j + 1) + 0.011 * j * j), 4) for j in range(n_levels))


CASES = ("ordinary", "extreme", "words")


@functools.cache
def _case(name: str) -> Case:
    if name == "ordinary":
        return Case(ORDINARY, ["low", "rising", "steep"], "3+3: variant confirm")
    return Case(WORDS if name == "words" else LONG, SCENARIO_NAMES, DESIGN)


def _compared(case: Case) -> tuple[list[Any], Provenance]:
    n_levels = len(case.protocol.levels)
    ladder = {"n_levels": n_levels, "start": case.protocol.start}
    options = {"target": 0.25, "max_patients": 6}
    contenders = [
        Contender(label="3+3", design=ThreePlusThree(**ladder)),
        Contender(label="boin", design=make_design("boin", **ladder, **options)),
    ]
    if case is _case("extreme"):
        contenders += [
            Contender(
                label=f"{name}:cohort_size=3,max_patients=6,n_earlystop=6,offset={k}",
                design=make_design(name, **ladder, **options),
            )
            for k, name in enumerate(("keyboard", "i3+3", "mtpi", "tpi"))
        ]
    results = list(compare_designs(contenders, case.scenarios, target=0.25))
    said = "; ".join(f"{one.label} = {DESIGN}" for one in contenders)
    provenance = provenance_of_comparison(
        results, design=said, protocol=case.protocol.name, trial=case.protocol.title or ""
    )
    return results, provenance


def _tornado(case: Case) -> Drawn:
    result = tornado(case.graph, case.scenarios[-1].p_dlt, "p_select", level=1)
    name = case.scenarios[-1].name
    return plot_tornado(result, **case.levels, scenario=name, **case.words)


def _averages(case: Case) -> Drawn:
    n_levels = len(case.protocol.levels)
    curves = pseudo_uniform(300, np.random.default_rng(1), target=0.25, n_levels=n_levels)
    result = average_over_curves(case.graph, curves, 0.25)
    prior = "300 curves, pseudo-uniform prior, seed 1"
    return plot_curve_averages(result, **case.levels, prior=prior, **case.words)


def _paths(case: Case, depth: int) -> Drawn:
    roots = path_tree(case.graph, case.scenarios[0].p_dlt, depth=depth)
    return plot_path_pages(roots, **case.levels, scenario=case.scenarios[0].name, **case.words)


def _cut_paths(case: Case) -> Drawn:
    roots = path_tree(case.graph, depth=5)
    return plot_paths(roots, **case.levels, **case.words)


def _convergence(case: Case) -> Drawn:
    scenario, exact = case.scenarios[0], case.results[0].exact
    assert exact is not None
    runs = [simulate(case.graph, scenario.p_dlt, trials=n, seed=3) for n in (100, 1_000)]
    return plot_convergence(runs, exact, **case.levels, scenario=scenario.name, **case.words)


def _trials(case: Case, draw: Callable[..., Drawn]) -> Drawn:
    [trials] = simulate_trials(case.graph, case.scenarios[0].p_dlt, trials=9, seed=5)
    words = {"design": case.design, "trial_title": case.protocol.title or ""}
    return draw(trials, **case.levels, scenario=case.scenarios[0].name, seed=5, **words)


@functools.cache
def _drawn(picture: str, name: str) -> tuple[Figure, ...]:
    return tuple(_figures(PICTURES[picture](_case(name))))


PICTURES: dict[str, Callable[[Case], Drawn]] = {
    "pages": lambda c: plot_pages(c.results, c.provenance, **c.levels, target=0.25),
    "long page": lambda c: plot_page(c.results, c.provenance, **c.levels, target=0.25),
    "scenarios": lambda c: plot_scenarios(
        c.scenarios, **c.levels, target=0.25, trial=c.protocol.title or ""
    ),
    "selection": lambda c: plot_selection(c.results[0], **c.levels, target=0.25, **c.words),
    "selection, undetermined": lambda c: plot_selection(
        c.results[0], **c.levels, show_undetermined=True, **c.words
    ),
    "patients": lambda c: plot_patients(c.results[0], **c.levels, **c.words),
    "sample size": lambda c: plot_distribution(c.results[0], **c.words),
    "DLTs": lambda c: plot_distribution(c.results[0], "total_dlts", **c.words),
    "comparison": lambda c: plot_comparison_pages(*_compared(c)),
    "long comparison": lambda c: plot_comparison(*_compared(c)),
    "tornado": _tornado,
    "random curves": _averages,
    "paths": lambda c: _paths(c, 2),
    "paths, 6 cohorts": lambda c: _paths(c, 6),
    "paths on one page": _cut_paths,
    "convergence": _convergence,
    "trajectory": lambda c: _trials(c, plot_trajectory),
    "trajectories": lambda c: _trials(c, plot_trajectories),
}


def _figures(drawn: Drawn) -> Iterator[Figure]:
    for one in [drawn] if isinstance(drawn, Figure | Axes) else drawn:
        figure = one if isinstance(one, Figure) else one.get_figure(root=True)
        assert figure is not None
        yield figure


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_leaves_the_canvas_or_crosses_another_measured(picture: str, name: str) -> None:
    for figure in _drawn(picture, name):
        assert text_faults(figure) == []


@pytest.mark.parametrize("picture", ["pages", "comparison", "paths, 6 cohorts"])
def test_pages_fit_a_sheet_of_a4_or_us_letter(picture: str) -> None:
    for figure in _drawn(picture, "extreme"):
        width, height = figure.get_size_inches()
        assert width <= 7.77  # A4 less 1/4 inch at each side
        assert height <= 10.5


def test_every_scenario_is_on_one_of_the_pages() -> None:
    pages = _drawn("pages", "extreme")
    assert 1 < len(pages) <= 4
    titles = [
        text.get_text() for page in pages for text in page.findobj(lambda a: hasattr(a, "xyann"))
    ]
    shown = [title.split(":\n")[0].split(":  P")[0] for title in titles if "P(DLT)" in title]
    assert shown == SCENARIO_NAMES


def test_a_tree_goes_on_at_every_number_by_counting_its_ends() -> None:
    case = _case("extreme")
    roots = path_tree(case.graph, case.scenarios[0].p_dlt, depth=6)
    pages = _drawn("paths, 6 cohorts", "extreme")
    drawn = [text.get_text() for page in pages for text in page.axes[0].texts]
    pointed = [int(text[2:]) for text in drawn if text.startswith("\N{RIGHTWARDS ARROW}")]
    headed = [int(text.partition(":")[0]) for text in drawn if ": after" in text]
    assert sorted(pointed) == sorted(headed) == list(range(1, len(pointed) + 1))
    whole = plot_paths(roots, **case.levels, **case.words, depth=6)
    ends = ("MTD", "no MTD")
    assert sum(text.startswith(ends) for text in drawn) == sum(
        text.get_text().startswith(ends) for text in whole.texts
    )


def test_a_tree_cut_to_a_page_says_that_it_goes_on() -> None:
    [figure] = _drawn("paths on one page", "extreme")
    assert "…: the trial goes on" in figure.axes[0].get_title(loc="left").replace("\n", " ")


def test_a_tree_of_too_many_pages_is_refused_in_one_line() -> None:
    design = make_design("boin", n_levels=5, start=0, target=0.3, max_patients=30)
    roots = path_tree(build_graph(design), depth=7)
    with pytest.raises(InputError, match="more than 100 pages; look fewer cohorts ahead"):
        plot_path_pages(roots, level_names=list("12345"), design="boin")


def test_titles_say_the_trial() -> None:
    case = _case("extreme")
    for picture in PICTURES:
        for figure in _drawn(picture, "extreme"):
            shown = " ".join(
                text.get_text().replace("\n", " ")
                for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))
            )
            assert str(case.protocol.title) in shown


@pytest.mark.parametrize(("suffix", "n_files"), [(".pdf", 1), (".png", 3), (".svg", 3)])
def test_several_figures_are_pages_of_a_pdf_or_numbered_files(
    tmp_path: Path, suffix: str, n_files: int
) -> None:
    figures = [Figure(figsize=(1, 1)) for _ in range(3)]
    for k, figure in enumerate(figures):
        figure.text(0.1, 0.5, f"number {k}")
    written = save_figure(figures, tmp_path / f"name{suffix}", Provenance(design="3+3"))
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert len(written) == n_files
    if n_files == 1:
        assert written[0].name == "name.pdf"
        assert len(re.findall(rb"/Type /Page\b(?!s)", written[0].read_bytes())) == 3
        assert b"design: 3+3" in written[0].read_bytes()
    else:
        assert [path.name for path in written] == [f"name-{k}{suffix}" for k in (1, 2, 3)]


def test_no_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no figure"):
        save_figure([], tmp_path / "name.png", Provenance(design="3+3"))


def test_text_in_svg_is_text(tmp_path: Path) -> None:
    case = _case("ordinary")
    [path] = save_figure(PICTURES["tornado"](case), tmp_path / "a.svg", case.provenance)
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))
    assert "Level: P(DLT)" in shown
    assert any(text.startswith("A Clinical Study of YTS109") for text in shown)
