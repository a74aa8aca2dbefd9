"""Pictures show the numbers of the result they are given, and say where these come from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from escalation import __version__
from escalation.designs import ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.results import ScenarioResult, run_scenarios
from simulations.graph.build import TransitionGraph, build_graph
from simulations.plots import (
    Provenance,
    plot_convergence,
    plot_decision_table,
    plot_distribution,
    plot_page,
    plot_paths,
    plot_patients,
    plot_scenarios,
    plot_selection,
    plot_trajectories,
    plot_trajectory,
    provenance_of,
    save_figure,
)
from simulations.questions.paths import path_tree
from simulations.scenarios.scenario import Scenario

NAMES = ("-1\n1E6 cells/kg", "1\n3E6 cells/kg", "2\n6E6 cells/kg")
STEEP = Scenario(name="steep", p_dlt=(0.05, 0.2, 0.5))
DESIGN = "3+3 confirm"
PROVENANCE = Provenance(
    design=DESIGN, scenario="steep", method="exact", protocol="plain", digest="0123456789abcdef"
)


@pytest.fixture(scope="module")
def graph() -> TransitionGraph:
    return build_graph(ThreePlusThree(n_levels=3, start=1))


@pytest.fixture(scope="module")
def result(graph: TransitionGraph) -> ScenarioResult:
    return next(run_scenarios(graph, [STEEP], trials=500, seed=7))


def make_result(p_dlt: tuple[float, ...], name: str = "any", **options: Any) -> ScenarioResult:
    graph = build_graph(ThreePlusThree(n_levels=len(p_dlt), **options))
    return next(run_scenarios(graph, [Scenario(name=name, p_dlt=p_dlt)], trials=100))


def bars(ax: Axes) -> dict[str, list[float]]:
    found = [container for container in ax.containers if isinstance(container, BarContainer)]
    return {str(bar.get_label()): [patch.get_height() for patch in bar.patches] for bar in found}


def points(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Return heights, and half lengths of the error bars, by label."""
    shown = {}
    for container in ax.containers:
        if isinstance(container, ErrorbarContainer):
            line, _, (lengths,) = container.lines
            half = [(top - low) / 2 for (_, low), (_, top) in lengths.get_segments()]
            shown[str(container.get_label())] = (list(np.asarray(line.get_ydata())), half)
    return shown


def figure_of(ax: Axes) -> Figure:
    assert isinstance(ax.figure, Figure)
    return ax.figure


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def x_labels(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_xticklabels()]


def legend(ax: Axes) -> list[str]:
    shown = ax.get_legend()
    return [] if shown is None else [text.get_text() for text in shown.get_texts()]


def test_selection_shows_both_engines_and_the_curve_they_ran_under(result: ScenarioResult) -> None:
    assert result.exact is not None
    assert result.monte_carlo is not None
    ax = plot_selection(result, level_names=NAMES, design=DESIGN, target=0.25)
    simulated, mcse = result.monte_carlo.characteristics, result.monte_carlo.mcse()
    assert bars(ax) == {"selected, exact": [*result.exact.p_select, result.exact.p_no_mtd]}
    heights, errors = points(ax)["selected, simulated"]
    assert heights == [*simulated.p_select, simulated.p_no_mtd]
    assert errors == pytest.approx([1.96 * e for e in [*mcse["p_select"], mcse["p_no_mtd"]]])
    curve, target = (
        next(line for line in ax.get_lines() if line.get_label() == label)
        for label in ("true P(DLT)", "target P(DLT) 0.25")
    )
    assert tuple(np.asarray(curve.get_ydata())) == STEEP.p_dlt
    assert set(np.asarray(target.get_ydata())) == {0.25}
    assert [label.split("\n")[0] for label in x_labels(ax)] == ["-1", "1", "2", "no"]
    assert ax.get_ylabel() == "Probability"


def test_a_caption_states_design_scenario_method_and_seed(result: ScenarioResult) -> None:
    ax = plot_selection(result, level_names=NAMES, design=DESIGN)
    caption = ax.get_title(loc="left").replace("\n", " ")
    for part in (DESIGN, "“steep”", "exact and Monte Carlo", "500 trials", "seed 7"):
        assert part in caption


def test_simulated_bars_are_hatched_where_nothing_is_exact(result: ScenarioResult) -> None:
    ax = plot_selection(replace(result, exact=None), level_names=NAMES, design=DESIGN)
    [container] = [bar for bar in ax.containers if isinstance(bar, BarContainer)]
    assert container.get_label() == "selected, simulated"
    assert all(patch.get_hatch() for patch in container.patches)
    assert list(points(ax)) == ["95 % interval"]


def test_exact_bars_stand_alone_where_nothing_is_simulated(result: ScenarioResult) -> None:
    ax = plot_selection(replace(result, monte_carlo=None), level_names=NAMES, design=DESIGN)
    assert list(bars(ax)) == ["selected, exact"]
    assert points(ax) == {}
    assert "Monte Carlo" not in ax.get_title(loc="left")


def test_a_result_of_no_engine_is_refused(result: ScenarioResult) -> None:
    with pytest.raises(InputError, match="needs exact or simulated"):
        plot_patients(
            replace(result, exact=None, monte_carlo=None), level_names=NAMES, design=DESIGN
        )


def test_not_determined_has_a_bar_where_it_can_happen(result: ScenarioResult) -> None:
    capped = make_result((0.1, 0.1, 0.1), max_patients=6)
    assert capped.exact is not None
    ax = plot_selection(capped, level_names=NAMES, design=DESIGN)
    assert bars(ax)["selected, exact"][-1] == capped.exact.p_inconclusive > 0
    assert x_labels(ax)[-1].replace("\n", " ") == "not deter- mined"
    assert len(x_labels(plot_selection(result, level_names=NAMES, design=DESIGN))) == 4


def test_patients_and_the_dlts_among_them(result: ScenarioResult) -> None:
    assert result.exact is not None
    ax = plot_patients(result, level_names=NAMES, design=DESIGN)
    assert bars(ax) == {
        "patients, exact": list(result.exact.patients),
        "DLTs, exact": list(result.exact.dlts),
    }
    assert list(points(ax)) == ["patients, simulated", "DLTs, simulated"]
    assert ax.get_ylabel() == "Mean number per trial"


@pytest.mark.parametrize(
    ("count", "label"),
    [("sample_size", "Sample size, patients"), ("total_dlts", "DLTs in the trial")],
)
def test_distributions(result: ScenarioResult, count: Any, label: str) -> None:
    assert result.exact is not None
    assert result.monte_carlo is not None
    ax = plot_distribution(result, count, design=DESIGN)
    exact = getattr(result.exact, count)
    assert bars(ax)["probability, exact"] == list(exact.p)
    assert points(ax)["probability, simulated"][0] == list(
        getattr(result.monte_carlo.characteristics, count).p
    )
    centres = [patch.get_x() + patch.get_width() / 2 for patch in ax.patches]
    assert centres == pytest.approx(exact.values.tolist())
    assert f"mean {exact.mean:.1f}" in legend(ax)
    assert ax.get_xlabel() == label


def test_scenarios_are_told_apart_without_colour_and_listed_in_order() -> None:
    scenarios = [Scenario(name=f"scenario {k}", p_dlt=(0, k / 10, min(1, k / 5))) for k in range(8)]
    ax = plot_scenarios(scenarios, level_names=NAMES, target=0.3)
    curves = ax.get_lines()[:-1]
    assert [tuple(np.asarray(curve.get_ydata())) for curve in curves] == [
        scenario.p_dlt for scenario in reversed(scenarios)
    ]
    assert legend(ax) == [*(f"scenario {k}" for k in reversed(range(8))), "target P(DLT) 0.3"]
    looks = {(curve.get_marker(), str(curve.get_linestyle())) for curve in curves}
    assert len(looks) == len(scenarios)


@pytest.mark.parametrize(
    "name",
    ["$x^2$ and $\\frac$", "costs $5", "_hidden", "<b>&amp;</b>", "低毒性", "n" * 300, "a % \\ {"],
)
def test_any_name_of_a_scenario_is_printed_as_it_stands(name: str, tmp_path: Path) -> None:
    result = make_result((0.2, 0.4), name)
    figure = Figure(figsize=(6.5, 2.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_scenarios([result.scenario], level_names=["$1$", "2"], ax=left)
    plot_selection(result, level_names=["$1$", "2"], design=name, ax=right)
    save_figure(figure, tmp_path / "page.svg", replace(PROVENANCE, scenario=name))
    # a dollar sign is escaped against mathematics, and a leading underscore against hiding
    shown = legend(left)[0].replace("\N{ZERO WIDTH SPACE}", "").replace(r"\$", "$")
    assert shown.replace("\n", "").removesuffix("…") == name[: 79 if len(name) > 80 else None]
    assert right.get_title(loc="left").startswith(name[:10].replace("$", r"\$"))


@pytest.mark.slow
@pytest.mark.parametrize("p_dlt", [(0.0,), (1.0,), (0.0,) * 8, (1.0,) * 8, (0.0, 0.5, 1.0)])
def test_certain_outcomes_and_short_and_long_ladders_are_drawn(
    p_dlt: tuple[float, ...], tmp_path: Path
) -> None:
    result = make_result(p_dlt)
    names = [f"{level + 1}\n{level + 1}E6 cells/kg" for level in range(len(p_dlt))]
    page = plot_page([result], PROVENANCE, level_names=names, target=0.25)
    save_figure(page, tmp_path / "page.pdf", PROVENANCE)
    ax = plot_selection(result, level_names=names, design=DESIGN)
    assert len(x_labels(ax)) == len(p_dlt) + 1


def test_names_of_levels_do_not_overlap() -> None:
    names = [f"{level}\n{level}E6 cells/kg" for level in range(1, 9)]
    for ax in (
        plot_selection(make_result((0.1,) * 8), level_names=names, design=DESIGN),
        plot_scenarios([Scenario(name="flat", p_dlt=(0.1,) * 8)], level_names=names),
        plot_selection(make_result((0.1,) * 3), level_names=NAMES, design=DESIGN),
    ):
        figure_of(ax).draw_without_rendering()
        labels = ax.get_xticklabels()
        if labels[0].get_rotation():
            continue
        boxes = [label.get_window_extent() for label in labels]
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_page_has_a_row_for_each_scenario_and_a_header(graph: TransitionGraph) -> None:
    scenarios = [replace(STEEP, name=f"scenario {k}") for k in range(6)]
    results = list(run_scenarios(graph, scenarios, trials=1_000, seed=11))
    provenance = provenance_of(
        results,
        design="3+3: variant=confirm, two_of_six=fail",
        protocol="nct07123519",
        digest="0123456789abcdef",
        note="continued from 1NNN",
    )
    page = plot_page(results, provenance, level_names=NAMES, target=0.25)
    shown = texts(page)
    for part in (
        "3+3: variant=confirm, two_of_six=fail",
        "exact and Monte Carlo (1,000 trials, count draws, seed 11)",
        "protocol nct07123519, digest 0123456789ab, ",
        f"escalation {__version__}",
        "continued from 1NNN",
        *(f"scenario {k}:  P(DLT) 0.05, 0.2, 0.5" for k in range(6)),
    ):
        assert part in shown
    assert "cdef" not in shown
    assert len(page.axes) == 1 + 3 * 6
    assert page.get_size_inches() == pytest.approx((7.5, 10))
    assert {ax.get_ylim() for ax in page.axes[1::3]} == {(0, 1)}
    for column in (page.axes[2::3], page.axes[3::3]):
        assert len({ax.get_ylim() for ax in column}) == 1


def test_page_needs_a_result() -> None:
    with pytest.raises(InputError, match="at least one scenario"):
        plot_page([], PROVENANCE, level_names=NAMES)


def test_convergence_shows_the_runs_and_the_exact_values(
    graph: TransitionGraph, result: ScenarioResult
) -> None:
    assert result.exact is not None
    runs = [simulate(graph, STEEP.p_dlt, trials=n, seed=3) for n in (100, 1_000)]
    ax = plot_convergence(runs, result.exact, level_names=NAMES, design=DESIGN, scenario="steep")
    lines = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in ax.get_lines()}
    for level, name in enumerate(("level -1", "level 1", "level 2")):
        assert lines[name] == [run.characteristics.p_select[level] for run in runs]
    assert ax.get_xscale() == "log"
    expected = {*result.exact.p_select, result.exact.p_no_mtd}
    assert {ys[0] for ys in lines.values() if len(ys) == 100} == expected
    assert "seed 3" in ax.get_title(loc="left").replace("\n", " ")
    with pytest.raises(InputError, match="at least one run"):
        plot_convergence([], result.exact, level_names=NAMES, design=DESIGN, scenario="steep")


def test_trajectory_marks_every_patient_and_dlt(graph: TransitionGraph) -> None:
    [trials] = simulate_trials(graph, STEEP.p_dlt, trials=8, seed=14)
    assert set(trials.mtds().tolist()) == {-1, 1, 2}
    for trial in range(1, 9):
        ax = plot_trajectory(
            trials, trial, level_names=NAMES, design=DESIGN, scenario="steep", seed=14
        )
        marked = {line.get_label(): line.get_xydata().tolist() for line in ax.get_lines()}
        cohorts = [cohort[1:] for cohort in dict(trials.courses())[trial]]
        assert len(marked["DLT"]) == sum(n_dlts for _, _, n_dlts in cohorts)
        patients = sorted(marked["DLT"] + marked["no DLT"])
        assert [level for _, level in patients] == [
            level for level, n, _ in cohorts for _ in range(n)
        ]
        mtd = int(trials.mtds()[trial - 1])
        assert [level for _, level in marked["MTD"]] == ([mtd] if mtd >= 0 else [])
        end = f"MTD is level {NAMES[mtd].split()[0]}" if mtd >= 0 else "no MTD"
        caption = ax.get_title(loc="left").replace("\n", " ")
        assert end in caption
        assert "seed 14" in caption


def test_trajectories_are_small_multiples_on_one_scale(graph: TransitionGraph) -> None:
    [trials] = simulate_trials(graph, STEEP.p_dlt, trials=20, seed=5)
    words = {"level_names": NAMES, "design": DESIGN, "scenario": "steep", "seed": 5}
    figure = plot_trajectories(trials, [2, 3, 5, 7], **words)
    panels = [ax for ax in figure.axes if ax.get_visible()]
    titles = [ax.get_title(loc="left").partition(":")[0] for ax in panels]
    assert titles == ["trial 2", "trial 3", "trial 5", "trial 7"]
    assert len({ax.get_xlim() for ax in panels}) == 1
    assert len([ax for ax in plot_trajectories(trials, **words).axes if ax.get_visible()]) == 6
    later = replace(trials, first=20_001)
    assert "trial 20,001" in texts(plot_trajectories(later, **words))
    with pytest.raises(InputError, match="no trial 21; these are 1 to 20"):
        plot_trajectories(trials, [21], **words)
    with pytest.raises(InputError, match="1 to 24 trials"):
        plot_trajectories(trials, [], **words)


def test_decision_table_has_a_letter_and_a_look_for_each_answer() -> None:
    answers = {
        (3, 0): "escalate, treat 3",
        (3, 1): "stay, treat 3",
        (3, 2): "de-escalate, treat 3",
        (4, 1): "stay, treat 2",
        (6, 1): "stop, it is the MTD",
        (6, 2): "stop, no MTD",
        (2, 0): "wait",
    }
    ax = plot_decision_table(answers, design=DESIGN, situation="the highest level")
    letters = {text.get_position(): text.get_text() for text in ax.texts}
    assert letters == {
        (3, 0): "E",
        (3, 1): "S3",
        (3, 2): "D",
        (4, 1): "S2",
        (6, 1): "M",
        (6, 2): "X",
        (2, 0): "W",
    }
    assert sorted(legend(ax)) == sorted(
        f"{letters[place]}: {answer}" for place, answer in answers.items()
    )
    looks = {
        letters[patch.get_x() + 0.5, patch.get_y() + 0.5][0]: (
            patch.get_facecolor(),
            patch.get_hatch(),
        )
        for patch in ax.patches
        if hasattr(patch, "get_x")
    }
    assert len(set(looks.values())) == len(looks) == 6
    assert ax.get_title(loc="left").replace("\n", " ") == f"{DESIGN}; the highest level"
    with pytest.raises(InputError, match="at least one answer"):
        plot_decision_table({}, design=DESIGN)


def test_answers_with_the_same_number_are_lettered() -> None:
    answers = {(3, 0): "stay, treat 3", (4, 0): "stay put", (5, 0): "stay, treat 3 here"}
    ax = plot_decision_table(answers, design=DESIGN)
    assert [text.get_text() for text in ax.texts] == ["Sa", "Sb", "Sc"]


def on_tree(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_tree_joins_outcomes_with_the_same_future() -> None:
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    ax = plot_paths(
        path_tree(graph, (0.5,)), level_names=["1"], design=DESIGN, scenario="even odds"
    )
    shown = on_tree(ax)
    expected = [
        *("0 of 3  12.5 %", "1 of 3  37.5 %", "2-3 of 3  50.0 %"),
        *("0 of 3  4.7 %", "1-3 of 3  32.8 %"),
    ]
    assert sorted(text for text in shown if " of 3" in text) == sorted(expected)
    assert shown.count("3 at 1") == 2
    assert shown.count("MTD 1") == 2
    assert shown.count("no MTD") == 2
    assert "…" not in shown


def test_tree_is_cut_to_a_depth_and_to_a_page(graph: TransitionGraph) -> None:
    roots = path_tree(graph, depth=6)
    cut = on_tree(plot_paths(roots, level_names=NAMES, design=DESIGN, depth=1))
    assert "…" in cut
    assert "cohort 1" in cut
    assert "cohort 2" not in cut
    assert not any("%" in text for text in cut)
    whole = plot_paths(roots, level_names=NAMES, design=DESIGN)
    assert figure_of(whole).get_figheight() <= 10
    assert "cohort 3" in on_tree(whole)
    [root] = path_tree(graph, depth=0)
    ended = replace(root, decision=replace(root.decision, level=None, n_to_enrol=0))
    assert on_tree(plot_paths([ended], level_names=NAMES, design=DESIGN)) == ["no MTD"]
    with pytest.raises(InputError, match="depth must be"):
        plot_paths(roots, level_names=NAMES, design=DESIGN, depth=0)
    with pytest.raises(InputError, match="at least one root"):
        plot_paths([], level_names=NAMES, design=DESIGN)


def test_tree_of_a_trial_with_pending_patients_has_a_root_for_each_way() -> None:
    seen = (Tally(n_evaluable=2, n_pending=1), Tally())
    graph = build_graph(ThreePlusThree(n_levels=2), seen, 0)
    roots = path_tree(graph, (0.25, 0.5), depth=2)
    shown = on_tree(plot_paths(roots, level_names=["1", "2"], design=DESIGN, scenario="any"))
    assert {"pending 0/1 at 1\n75.0 %", "pending 1/1 at 1\n25.0 %"} <= set(shown)


def test_plots_draw_on_the_axes_given_and_change_nothing_global(result: ScenarioResult) -> None:
    before = dict(mpl.rcParams)
    ax = Figure().add_subplot()
    assert plot_selection(result, level_names=NAMES, design=DESIGN, ax=ax) is ax
    assert plot_patients(result, level_names=NAMES, design=DESIGN) is not ax
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_the_same_figure_gives_the_same_bytes_with_its_origin(
    result: ScenarioResult, tmp_path: Path, suffix: str
) -> None:
    files = []
    for name in ("one", "two"):
        ax = plot_selection(result, level_names=NAMES, design=DESIGN)
        save_figure(figure_of(ax), tmp_path / f"{name}{suffix}", PROVENANCE)
        files.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert files[0] == files[1]
    magic = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix.lower()]
    assert files[0].startswith(magic)
    assert f"escalation {__version__}".encode() in files[0]
    described = (
        "design: 3+3 confirm; scenario: steep; method: exact; protocol: plain; "
        f"digest: 0123456789abcdef; version: {__version__}"
    )
    assert described.encode() in files[0]
    assert b"Date" not in files[0]
    assert b"<dc:date>" not in files[0]


def test_provenance_gathers_scenarios_and_methods(result: ScenarioResult) -> None:
    other = replace(result, scenario=replace(STEEP, name="other"))
    found = provenance_of([result, other], design=DESIGN)
    assert found.scenario == "steep, other"
    assert found.method == "exact and Monte Carlo (500 trials, count draws, seed 7)"
    assert found.origin == f"escalation {__version__}"


def save_empty(path: Path) -> None:
    save_figure(Figure(figsize=(1, 1)), path, PROVENANCE)


@pytest.mark.parametrize("name", ["page", "page.jpg", "page.svg.gz", ".png"])
def test_unknown_suffixes_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in one of \.pdf, \.png, \.svg"):
        save_empty(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["folder.png", "missing/page.png", "null\0.png"])
def test_a_place_that_cannot_be_written_is_named_in_one_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="cannot be written: ") as caught:
        save_empty(tmp_path / place)
    assert "\n" not in str(caught.value)
