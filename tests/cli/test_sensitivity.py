"""`escalation sensitivity`, `worst-case` and `random-scenarios`, as a person types them."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.designs import ThreePlusThree
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from simulations.questions import question
from simulations.scenarios.random import logistic_normal, paoletti, pseudo_uniform

CURVE = "0.05,0.10,0.20,0.33,0.50"
COMMANDS = {
    "sensitivity": f"sensitivity --p-dlt {CURVE} --target 0.25",
    "sensitivity by default": "sensitivity",
    "twelve levels": f"sensitivity --design boin --set target=0.3 --set max_patients=9 "
    f"--p-dlt {','.join(f'{0.01 * k:.2f}' for k in range(1, 13))}",
    "worst overdosing": "worst-case --levels 4 --above 0.3333333333",
    "worst PCS": "worst-case --target 0.25 --separation 0.05",
    "long ladder": "worst-case --levels 7 --above 0.4 --starts 3",
    "band": f"worst-case --p-dlt {CURVE} --band 0.05 --above 0.4 --target 0.25",
    "random": "random-scenarios --target 0.25 --curves 500",
    "one curve": "random-scenarios --target 0.25 --curves 1 --prior paoletti",
    "doses": "random-scenarios --target 0.25 --curves 500 --prior logistic-normal",
}


def run(line: str) -> Result:
    return CliRunner().invoke(main, line.split())


def document(line: str) -> dict:
    result = run(f"{line} --json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["schema"] == 1
    assert set(found["protocol"]) == {"name", "digest"}
    return found


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_what_is_printed_fits_80_columns_and_says_whence(line: str) -> None:
    result = run(line)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.isascii()
    assert "nan" not in result.stdout
    assert "digest" in result.stdout


# ---------------------------------------------------------------- sensitivity


def test_gradients_against_differences_of_the_exact_engine() -> None:
    p = [0.05, 0.10, 0.20, 0.33, 0.50]
    (result,) = document(f"sensitivity --p-dlt {CURVE} --target 0.25")["results"]
    graph, step = build_graph(ThreePlusThree(n_levels=5)), 1e-4
    for level in range(5):
        low, high = ([*p[:level], p[level] + s * step, *p[level + 1 :]] for s in (-1, 1))
        below, above = (exact_characteristics(graph, curve) for curve in (low, high))
        slope = (above.p_select - below.p_select) / (2 * step)
        shown = [row[level] for row in result["gradients"]["p_select"]]
        assert shown == pytest.approx(slope.tolist(), abs=1e-6)
    assert result["correct_level"] == 3
    assert result["values"]["pcs"] == pytest.approx(result["values"]["p_select"][2])
    assert result["tornado"]["of"] == "pcs"


def test_the_table_is_per_hundredth_of_p_dlt_in_percentage_points() -> None:
    line = "sensitivity --levels 1 --variant declare --p-dlt 0.2"
    (result,) = document(line)["results"]
    rows = run(line).stdout.splitlines()
    (row,) = (row for row in rows if row.startswith("level 1, MTD %"))
    assert float(row.split()[-1]) == pytest.approx(result["gradients"]["p_select"][0][0], abs=5e-3)
    (row,) = (row for row in rows if row.startswith("sample size "))
    slope = result["gradients"]["sample_size"][0]
    assert float(row.split()[-1]) == pytest.approx(slope / 100, abs=5e-4)


def test_a_level_is_named_by_its_label() -> None:
    line = "sensitivity --p-dlt 0.05,0.1,0.2,0.3 --protocol nct07123519 --of patients:-1"
    (result,) = document(line)["results"]
    assert result["tornado"]["level"] == -1
    assert result["tornado"]["value"] == pytest.approx(result["values"]["patients"][0])
    assert "level -1 (1E6), patients: " in run(line).stdout


def test_pending_patients_count_in_the_gradient() -> None:
    p = "0.05,0.1,0.2"
    (settled,) = document(f"sensitivity --p-dlt {p} --from 1NNN")["results"]
    (pending,) = document(f"sensitivity --p-dlt {p} --from 1NN?")["results"]
    assert pending["gradients"]["p_select"] != settled["gradients"]["p_select"]


# ---------------------------------------------------------------- worst case


def test_the_worst_case_in_json_is_the_value_of_its_curve() -> None:
    found = document("worst-case --levels 3 --target 0.25 --separation 0.1 --above 0.4")
    pcs = found["pcs"]
    assert pcs["correct_level"] == 2
    assert pcs["attained"]
    exact = exact_characteristics(build_graph(ThreePlusThree(n_levels=3)), pcs["p_dlt"])
    assert pcs["value"] == pytest.approx(exact.p_select[1], abs=1e-12)
    assert [piece["correct_level"] for piece in pcs["by_correct_level"]] == [None, 1, 2, 3]
    assert pcs["grid"]["value"] >= pcs["value"] - 1e-9
    overdose = found["overdose"]
    assert overdose["lowest_above"] == 1
    assert not overdose["attained"]
    assert overdose["grid"]["value"] <= overdose["value"] + 1e-9


def test_bounds_are_rounded_to_the_safe_side() -> None:
    value = 100 * document("worst-case --levels 3 --above 0.4")["overdose"]["value"]
    said = run("worst-case --levels 3 --above 0.4").stdout
    shown = float(said.partition("with at most ")[2].split()[0])
    assert value <= shown < value + 0.01
    line = "worst-case --levels 3 --target 0.25 --separation 0.1"
    value = 100 * document(line)["pcs"]["value"]
    shown = float(run(line).stdout.partition("at least 0.1 from it: at least")[2].split()[0])
    assert value - 0.01 < shown <= value


# ---------------------------------------------------------------- random scenarios


def test_help_says_that_the_lowest_level_is_never_correct_above_the_target() -> None:
    said = " ".join(run("random-scenarios --help").stdout.split())
    assert "The lowest level is never correct where it lies above the target" in said
    assert "Pseudo-uniform and paoletti draw no such curve" in said


@pytest.mark.parametrize("prior", ["pseudo-uniform", "paoletti"])
def test_no_curve_of_a_prior_by_correct_level_starts_above_the_target(
    prior: str, tmp_path: Path
) -> None:
    table = tmp_path / "curves.csv"
    assert (
        run(
            f"random-scenarios --levels 3 --target 0.1 --prior {prior} --curves 2000 --keep {table}"
        ).exit_code
        == 0
    )
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    assert max(float(row["p_dlt_1"]) for row in rows) <= 0.1


def test_random_scenarios_are_those_of_the_library(tmp_path: Path) -> None:
    table = tmp_path / "curves.csv"
    line = f"random-scenarios --levels 3 --target 0.25 --curves 200 --seed 5 --keep {table}"
    found = document(line)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves = np.array([[float(row[f"p_dlt_{k}"]) for k in (1, 2, 3)] for row in rows])
    drawn = pseudo_uniform(200, np.random.default_rng(5), target=0.25, n_levels=3)
    assert (curves == drawn).all()
    assert {row["seed"] for row in rows} == {"5"}
    assert {row["prior"] for row in rows} == {"pseudo-uniform"}
    mean = np.mean([float(row["pcs"]) for row in rows])
    assert found["figures"]["pcs"]["mean"] == pytest.approx(mean, abs=1e-12)
    assert sum(group["n_curves"] for group in found["by_correct_level"]) == 200
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("words", "draw"),
    [
        (
            "--prior paoletti --prior-set step_mean=0.38 --prior-set sd_at_mtd=0.1",
            lambda rng: paoletti(
                50, rng, target=0.3, n_levels=4, step_mean=0.38, sd_at_mtd=0.1
            ),
        ),
        (
            "--prior logistic-normal --prior-set mean=-1,0.2 --prior-set reference_dose=3e6",
            lambda rng: logistic_normal(
                50, rng, target=0.3, n_levels=4, doses=(1e6, 3e6, 6e6, 1e7),
                mean=(-1, 0.2), reference_dose=3e6,
            ),
        ),
    ],
)  # fmt: skip
def test_settings_of_a_prior_and_the_protocols_doses_are_used(words: str, draw) -> None:
    found = document(f"random-scenarios --target 0.3 --curves 50 --seed 3 {words}")
    graph = build_graph(ThreePlusThree(n_levels=4, start=1))
    sizes = [
        exact_characteristics(graph, p).sample_size.mean
        for p in draw(np.random.default_rng(3)).tolist()
    ]
    assert found["figures"]["sample_size"]["mean"] == pytest.approx(np.mean(sizes), abs=1e-10)


def test_the_target_is_the_designs_where_it_has_one() -> None:
    words = "random-scenarios --design boin --levels 3 --set max_patients=9 --curves 20"
    assert document(f"{words} --set target=0.2")["target"] == 0.2


@pytest.mark.parametrize(
    "line",
    [
        "sensitivity --p-dlt 0.1,0.2,0.3",
        "worst-case --levels 3 --above 0.4",
        "random-scenarios --levels 3 --target 0.25 --curves 10",
    ],
)
def test_a_trial_that_goes_on_says_from_where(line: str) -> None:
    words = [*line.split(), "--from", "1NNN 2NN?"]
    said = CliRunner().invoke(main, words).stdout
    assert "Continuing from 1NNN 2NN?" in said
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert found["from"]["outcomes"] == "1NNN 2NN?"
    assert found["from"]["n_pending"] == [0, 1, 0]


# ---------------------------------------------------------------- rows


def rows_of(line: str) -> list[dict[str, str]]:
    result = run(f"{line} --csv")
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_rows_of_sensitivity_are_the_figures_of_json() -> None:
    line = "sensitivity --p-dlt 0.05,0.1,0.2 --target 0.25 --of p_select:2"
    (result,) = document(line)["results"]
    rows = rows_of(line)
    slopes = [float(r["derivative"]) for r in rows if r["figure"] == "pcs"]
    assert slopes == result["gradients"]["pcs"]
    moved = [row for row in rows if row["at_low"]]
    assert {(row["figure"], row["figure_level"]) for row in moved} == {("p_select", "2")}
    assert [float(row["at_high"]) for row in moved] == result["tornado"]["at_high"]
    by_level = [r for r in rows if (r["figure"], r["figure_level"]) == ("patients", "3")]
    assert [float(row["derivative"]) for row in by_level] == result["gradients"]["patients"][2]
    assert {float(row["value"]) for row in by_level} == {result["values"]["patients"][2]}


def test_rows_of_the_worst_case_are_its_pieces_and_the_grid() -> None:
    line = "worst-case --levels 3 --above 0.4 --target 0.25 --separation 0.1 --starts 3"
    found, rows = document(line), rows_of(line)
    for measure, key in (("overdose", "lowest_above"), ("pcs", "correct_level")):
        pieces = found[measure][f"by_{key}"]
        searched = [r for r in rows if (r["measure"], r["found_by"]) == (measure, "search")]
        assert [float(row["value"]) for row in searched] == [one["value"] for one in pieces]
        assert [row[key] for row in searched] == [str(one[key] or "no MTD") for one in pieces]
        (grid,) = [r for r in rows if (r["measure"], r["found_by"]) == (measure, "grid")]
        curve = [float(grid[f"p_dlt_{label}"]) for label in (1, 2, 3)]
        assert curve == found[measure]["grid"]["p_dlt"]


def test_rows_of_random_scenarios_are_the_figures_of_json() -> None:
    line = "random-scenarios --levels 3 --target 0.25 --curves 50"
    found, rows = document(line), rows_of(line)
    overall = {row["figure"]: row for row in rows if not row["correct_level"]}
    for name, figure in found["figures"].items():
        assert float(overall[name]["mean"]) == figure["mean"]
        assert float(overall[name]["quantile_0.95"]) == figure["quantiles"]["0.95"]
    of_level = [row for row in rows if row["correct_level"] and row["figure"] == "pcs"]
    assert [int(r["n_curves"]) for r in of_level] == [
        group["n_curves"] for group in found["by_correct_level"]
    ]


# ---------------------------------------------------------------- pictures and refusals


@pytest.mark.parametrize(
    "line",
    [
        f"sensitivity --p-dlt {CURVE} --of p_no_mtd",
        "random-scenarios --levels 3 --target 0.25 --curves 100",
    ],
)
def test_pictures_are_drawn(line: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    result = run(f"{line} --plot {picture}")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == f"wrote {picture}\n"
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("line", "exit_code", "message"),
    [
        ("sensitivity --p-dlt 0.1,nan", 1, "'nan'"),
        ("sensitivity --p-dlt 0.1,0.2 --levels 3", 1, "3 levels"),
        ("sensitivity --target nan", 1, "target"),
        ("sensitivity --target 1", 1, "target"),
        ("sensitivity --band 0", 1, "band"),
        ("sensitivity --of pcs", 1, "needs a target"),
        ("sensitivity --of p_selct:1", 1, "did you mean p_select"),
        ("sensitivity --of p_select:7", 1, "its levels are -1, 1, 2, 3"),
        ("sensitivity --of p_select", 1, "by level"),
        ("sensitivity --plot tornado.png", 1, "takes one scenario, and there are several: low"),
        ("sensitivity --p-dlt 0.1,0.2 --plot tornado.doc", 1, ".png, .svg, .pdf"),
        ("sensitivity --band 0.1 --band 0.2", 2, "2 times"),
        ("worst-case --levels 3", 2, "--above"),
        ("worst-case --levels 3 --above nan", 1, "nan"),
        ("worst-case --levels 3 --above 1.2", 1, "1.2"),
        ("worst-case --levels 3 --target 0", 1, "target"),
        ("worst-case --levels 3 --above 0.4 --separation 0.1", 2, "--target"),
        ("worst-case --levels 3 --target 0.3 --separation nan", 1, "separation"),
        ("sensitivity --levels 3 --of p_select", 1, "name one of 3: p_select:LEVEL"),
        ("worst-case --levels 3 --target 0.3 --separation 0.8", 1, "make the separation smaller"),
        ("worst-case --p-dlt 0.1,0.2 --above 0.4", 2, "--band"),
        ("worst-case --above 0.4 --band 0.1", 1, "takes one scenario, and there are several"),
        ("worst-case --p-dlt 0.5,0.2 --band 0.05 --above 0.4", 1, "band is empty"),
        ("worst-case --p-dlt 0.1,0.2 --band nan --above 0.4", 1, "band"),
        ("worst-case --p-dlt 0.1,0.2 --band 0.05 --above 0.4", 1, "above 0.4"),
        ("worst-case --levels 3 --above 0.4 --starts 0", 2, "--starts"),
        ("random-scenarios", 2, "--target"),
        ("random-scenarios --target nan", 1, "target"),
        ("random-scenarios --target 0.3 --prior paoleti", 1, "did you mean paoletti"),
        ("random-scenarios --target 0.3 --prior-set step_mean=1", 1, "it has none"),
        ("random-scenarios --target 0.3 --prior paoletti --prior-set step_maen=1", 1, "step_mean"),
        ("random-scenarios --target 0.3 --prior paoletti --prior-set step_mean=x", 1, "'x'"),
        ("random-scenarios --target 0.3 --prior paoletti --prior-set step_mean", 2, "KEY=VALUE"),
        ("random-scenarios --target 0.3 --prior logistic-normal --prior-set mean=1", 1, "two"),
        ("random-scenarios --target 0.3 --curves 0", 2, "--curves"),
        ("random-scenarios --target 0.3 --keep curves.txt", 1, ".csv"),
    ],
)
def test_bad_input_is_one_clear_line(line: str, exit_code: int, message: str) -> None:
    result = run(line)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_graph_too_large_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    small = functools.partial(build_graph, max_states=100)
    monkeypatch.setattr(question, "build_graph", small)
    boin = "--design boin --set target=0.3 --set max_patients=30"
    test_bad_input_is_one_clear_line(f"random-scenarios {boin} --levels 5", 1, "100 states")


def test_a_ladder_that_is_followed_level_by_level_is_averaged_at_any_length() -> None:
    result = run("random-scenarios --target 0.3 --levels 30 --curves 20 --json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["figures"]["pcs"]["mean"] > 0
    refused = run("random-scenarios --target 0.3 --levels 3 --p-moderate 0.1,0.1,0.1")
    assert refused.exit_code == 1
    assert "--p-moderate does not fit" in refused.stderr


def test_a_search_that_would_take_hours_is_refused_with_what_would_fit() -> None:
    words = "worst-case --above 0.3 --levels 5 --design boin --set target=0.3"
    result = run(f"{words} --set max_patients=60")
    assert result.exit_code == 1
    assert "more than 500000 states; use fewer levels or at most 4" in result.stderr


@pytest.mark.parametrize("limit", [0.2, 0.26, 0.3, 0.33, 0.35, 0.37, 0.41, 0.45, 0.47])
def test_a_bound_is_rounded_to_the_safe_side(limit):
    words = f"worst-case --levels 1 --above {limit} --target {limit} --separation 0.1 --starts 2"
    document = json.loads(run(f"{words} --json").stdout)
    shown = " ".join(run(words).stdout.split())
    at_most, at_least = (
        float(re.search(rf"at {word} (\d+\.\d\d) %", shown)[1]) for word in ("most", "least")
    )
    overdose, pcs = (100 * document[name]["value"] for name in ("overdose", "pcs"))
    assert overdose - 1e-4 <= at_most < overdose + 0.01
    assert pcs - 0.01 < at_least <= pcs + 1e-4
