"""`escalation simulate`, as a person types it."""

import csv
import functools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.cli import main
from escalation.designs import Boin
from escalation.protocol import load_protocol
from simulations.cli import options
from simulations.engines.exact import exact_characteristics
from simulations.graph import layers
from simulations.graph.build import build_graph
from simulations.questions import question

CURVE = "0.05,0.10,0.20,0.33,0.50"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *words])


def simulated(*words: str) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_exact_json_against_precautionary() -> None:
    document = simulated("--p-dlt", CURVE, "--method", "exact")
    (result,) = document["results"]
    with Path("tests/data/threep3_precautionary_per_dose.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["scenario"] == "D5_skeleton"]
    exact = result["exact"]
    assert exact["p_no_mtd"] == pytest.approx(float(rows[0]["p_select"]), abs=1e-12)
    assert len(rows) == 6
    for level, row in enumerate(rows[1:]):
        assert exact["p_select"][level] == pytest.approx(float(row["p_select"]), abs=1e-12)
        assert exact["patients"][level] == pytest.approx(float(row["exp_n"]), abs=1e-12)
        assert exact["dlts"][level] == pytest.approx(float(row["exp_dlt"]), abs=1e-12)


def test_json_has_the_keys_of_the_contract() -> None:
    document = simulated("--p-dlt", CURVE, "--trials", "2000", "--seed", "7", "--target", "0.25")
    assert document["schema"] == 1
    assert document["design"]["name"] == "3+3"
    assert document["design"]["variant"] == "confirm"
    assert set(document["protocol"]) == {"name", "digest"}
    (result,) = document["results"]
    assert result["scenario"]["p_dlt"] == [0.05, 0.1, 0.2, 0.33, 0.5]
    figures = {
        *("p_select", "p_no_mtd", "p_inconclusive", "patients", "dlts"),
        *("sample_size", "total_dlts", "pcs", "p_overdose"),
    }
    assert figures <= set(result["exact"])
    assert figures | {"trials", "seed", "mcse"} <= set(result["monte_carlo"])
    assert figures <= set(result["monte_carlo"]["mcse"])
    assert set(result["exact"]["sample_size"]) == {"mean", "sd", "distribution"}
    assert (result["monte_carlo"]["trials"], result["monte_carlo"]["seed"]) == (2000, 7)
    assert result["exact"]["pcs"] == result["exact"]["p_select"][2]
    assert result["exact"]["p_overdose"] == pytest.approx(sum(result["exact"]["p_select"][3:]))


def test_the_engine_not_asked_for_is_absent() -> None:
    (exact,) = simulated("--p-dlt", CURVE, "--method", "exact")["results"]
    assert "monte_carlo" not in exact
    (drawn,) = simulated("--p-dlt", CURVE, "--method", "monte-carlo", "--trials", "10")["results"]
    assert "exact" not in drawn


def test_without_a_scenario_the_protocols_own_are_used() -> None:
    document = simulated("--method", "exact")
    assert document["protocol"]["name"] == "nct07123519"
    named = [
        (result["scenario"]["name"], result["scenario"]["p_dlt"]) for result in document["results"]
    ]
    own = load_protocol("nct07123519").scenarios
    assert named == [(scenario.name, list(scenario.p_dlt)) for scenario in own]
    assert len(named) >= 5


def test_the_table_fits_80_columns() -> None:
    result = run("--trials", "1000", "--target", "0.3")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.isascii()


def test_the_same_seed_gives_the_same_figures_for_any_number_of_workers() -> None:
    words = ("--p-dlt", CURVE, "--method", "monte-carlo", "--trials", "1000001")
    assert simulated(*words, "--workers", "2") == simulated(*words)


def test_from_shows_the_rest_of_the_trial() -> None:
    document = simulated("--p-dlt", "0.1,0.2,0.3", "--from", "1NNN 2NTT", "--method", "exact")
    assert document["from"] == {
        "outcomes": "1NNN 2NTT",
        "n_evaluable": [3, 3, 0],
        "n_dlts": [0, 2, 0],
        "n_pending": [0, 0, 0],
    }
    exact = document["results"][0]["exact"]
    # what is left is three patients at level 1, the MTD with at most one DLT
    assert exact["patients"] == pytest.approx([3, 0, 0])
    assert exact["p_select"] == pytest.approx([0.9**3 + 3 * 0.1 * 0.9**2, 0, 0])


def test_a_finished_trial_has_nothing_left_to_come() -> None:
    words = ("--p-dlt", "0.1,0.2", "--from", "1TT", "--trials", "10")
    (result,) = simulated(*words)["results"]
    for engine in ("exact", "monte_carlo"):
        assert result[engine]["p_no_mtd"] == pytest.approx(1)
        assert result[engine]["sample_size"]["mean"] == 0


def test_as_many_trials_as_counts_can_hold_are_answered() -> None:
    (result,) = simulated("--p-dlt", "0.1,0.3", "--trials", "1" + "0" * 15)["results"]
    found, exact = result["monte_carlo"], result["exact"]
    assert (found["trials"], found["draws"]) == (10**15, "count")
    for share, error, true in zip(
        found["p_select"], found["mcse"]["p_select"], exact["p_select"], strict=True
    ):
        assert abs(share - true) < 5 * error < 1e-6


def test_a_ladder_of_nine_levels_is_simulated_by_counts_where_trials_are_too_many() -> None:
    p_dlt = ",".join(f"{0.03 + 0.05 * level:.2f}" for level in range(9))
    (result,) = simulated("--p-dlt", p_dlt, "--trials", "1" + "0" * 12)["results"]
    assert result["monte_carlo"]["draws"] == "count"
    shares = zip(result["monte_carlo"]["p_select"], result["exact"]["p_select"], strict=True)
    assert all(abs(found - exact) < 1e-5 for found, exact in shares)
    refused = run("--p-dlt", ",".join(["0.1"] * 30), "--trials", "1" + "0" * 12)
    assert refused.exit_code == 1
    assert "drawn one by one must be at most" in refused.stderr


def test_trials_are_drawn_one_by_one_where_they_are_kept(tmp_path: Path) -> None:
    words = ("--p-dlt", "0.1,0.3", "--trials", "500")
    (kept,) = simulated(*words, "--keep", str(tmp_path / "trials.csv"))["results"]
    (one_by_one,) = simulated(*words, "--draws", "trial")["results"]
    assert kept == one_by_one


def test_kept_trials_sum_up_to_the_table(tmp_path: Path) -> None:
    kept = tmp_path / "trials.csv"
    words = ("--p-dlt", "0.1,0.3", "--method", "monte-carlo", "--trials", "500")
    (result,) = simulated(*words, "--keep", str(kept))["results"]
    with kept.open() as file:
        rows = list(csv.DictReader(file))
    ends = {row["trial"]: row["end"] for row in rows}
    assert len(ends) == 500
    found = result["monte_carlo"]
    assert list(ends.values()).count("MTD 2") / 500 == pytest.approx(found["p_select"][1])
    assert sum(int(row["n_dlts"]) for row in rows) / 500 == pytest.approx(sum(found["dlts"]))


@pytest.mark.parametrize("outcomes", ["1NNN 2NT?", "1NNT 1NNN 2NNT 2NT?", "1TT"])
def test_kept_trials_are_all_there_when_some_end_at_once(tmp_path: Path, outcomes: str) -> None:
    kept = tmp_path / "trials.csv"
    words = ("--p-dlt", "0.1,0.3,0.5", "--variant", "declare", "--from", outcomes)
    found = simulated(*words, "--trials", "300", "--keep", str(kept))["results"][0]["monte_carlo"]
    with kept.open() as file:
        rows = list(csv.DictReader(file))
    ends = {row["trial"]: row["end"] for row in rows}
    assert len(ends) == 300
    assert list(ends.values()).count("MTD 1") / 300 == pytest.approx(found["p_select"][0])
    assert sum(int(row["n_patients"]) for row in rows) / 300 == pytest.approx(
        found["sample_size"]["mean"]
    )
    assert sum(int(row["n_dlts"]) for row in rows) / 300 == pytest.approx(sum(found["dlts"]))


@pytest.mark.parametrize(
    ("p_dlt", "target", "pcs", "overdose"),
    [
        ("0.1,0.2,0.3", "0.2", "1", "2"),  # P(DLT) at the target is not above it
        ("0.1,0.2,0.3", "0.25", "1", "2"),  # of two equally near, the one below
        ("0.1,0.1,0.4", "0.2", "1", "2"),  # of several alike, the highest
        ("0.3,0.4,0.5", "0.2", "none", "012"),
    ],
)
def test_correct_selection_by_hand(p_dlt: str, target: str, pcs: str, overdose: str) -> None:
    words = ("--p-dlt", p_dlt, "--target", target, "--method", "exact")
    (result,) = simulated(*words)["results"]
    exact, correct = result["exact"], result["correct_level"]
    selected = exact["p_no_mtd"] if pcs == "none" else exact["p_select"][int(pcs)]
    assert exact["pcs"] == selected
    assert correct == (None if pcs == "none" else int(pcs) + 1)
    assert exact["p_overdose"] == pytest.approx(sum(exact["p_select"][int(i)] for i in overdose))


def test_a_falling_curve_is_allowed_and_said() -> None:
    result = run("--p-dlt", "0.3,0.1", "--method", "exact")
    assert result.exit_code == 0
    assert "P(DLT) falls from one level to a higher one." in result.stdout


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--p-dlt", "0.1,1.5"], 1, "1.5"),
        (["--p-dlt", "0.1,nan"], 1, "nan"),
        (["--p-dlt", "0.1,abc"], 1, "abc"),
        (["--p-dlt", ""], 2, "--p-dlt is empty"),
        (["--p-dlt", "0.1,0.2", "--protocol", "nct07123519"], 1, "4 levels"),
        (["--p-dlt", "0.1", "--levels", "3"], 1, "3 levels"),
        (["--p-dlt", "0.1", "--trials", "0"], 2, "0"),
        (["--p-dlt", "0.1", "--trials", "-5"], 2, "-5"),
        (["--p-dlt", "0.1", "--trials", "1.5e3"], 2, "1.5e3"),
        (["--p-dlt", "0.1", "--trials", "2.5"], 2, "2.5"),
        (["--p-dlt", "0.1", "--trials", "1" + "0" * 16], 1, "at most 1,000,000,000,000,000, not"),
        (["--p-dlt", "0.1", "--trials", "1" + "0" * 15, "--draws", "trial"], 1, "one by one"),
        (["--p-dlt", "0.1", "--trials", "1" + "0" * 15, "--draws", "latent"], 1, "one by one"),
        (["--p-dlt", "0.1", "--draws", "cohort"], 2, "not one of 'count', 'trial', 'latent'"),
        (["--p-dlt", "0.1", "--keep", "t.csv", "--draws", "count"], 2, "--draws count has none"),
        (["--p-dlt", "0.1", "--seed", "-1"], 2, "-1"),
        (["--p-dlt", "0.1", "--target", "1.2"], 1, "--target"),
        (["--p-dlt", "0.1", "--target", "nan"], 1, "--target"),
        (["--p-dlt", "0.1", "--scenario", "levels-3"], 2, "not both"),
        (["--scenario", "no-such-file"], 1, "no-such-file"),
        (["--levels", "7"], 1, "no scenarios are shipped for a ladder of 7"),
        (["--p-dlt", "0.1", "--from", "1NNZ"], 1, "character 4"),
        (["--p-dlt", "0.1,0.2", "--from", "1TTT 2NNN"], 1, "cohort 2 (2NNN)"),
        (["--p-dlt", "0.1", "--plot", "no-such-folder/page.png"], 1, "cannot be written"),
        (["--p-dlt", "0.1", "--plot", "page.docx"], 1, ".png, .svg, .pdf"),
        (["--p-dlt", "0.1", "--keep", "no-such-folder/trials.csv"], 1, "cannot be written"),
        (["--p-dlt", "0.1", "--keep", "t.csv", "--method", "exact"], 2, "--keep"),
        (["--p-dlt", "0.1", "--keep", "t.png", "--plot", "t.png"], 2, "name the same file"),
        (["--p-dlt", "0.1", "--keep", "-"], 1, "must end in .csv"),
        (["--p-dlt", "0.1", "--workers", "1000"], 2, "1000"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], exit_code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == exit_code, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20))
def test_random_probabilities_never_end_in_a_traceback(text: str) -> None:
    result = run("--method", "exact", f"--p-dlt={text}")
    assert result.exit_code in (0, 1, 2), result.exception
    assert result.exit_code == 0 or "Traceback" not in result.stderr


# levels are not followed one by one after a titration, so that a graph too large is the end of it
SMALL = ("--design", "boin", "--set", "target=0.3", "--set", "max_patients=12")
SMALL = (*SMALL, "--set", "titration=true")


@pytest.fixture
def small_graphs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = functools.partial(question.build_graph, max_states=50)
    monkeypatch.setattr(question, "build_graph", limited)


@pytest.mark.usefixtures("small_graphs_only")
def test_a_graph_too_large_is_simulated_against_the_exact_engine() -> None:
    words = (*SMALL, "--p-dlt", "0.1,0.2,0.4", "--trials", "20000")
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    assert "more than 50 states" in result.stderr
    assert "simulating only, with latent draws" in result.stderr
    found = json.loads(result.stdout)["results"][0]
    assert "exact" not in found
    assert found["monte_carlo"]["draws"] == "latent"
    whole = build_graph(Boin(n_levels=3, target=0.3, max_patients=12, titration=True))
    expected = exact_characteristics(whole, [0.1, 0.2, 0.4]).p_select
    errors = np.array(found["monte_carlo"]["mcse"]["p_select"])
    assert (np.abs(found["monte_carlo"]["p_select"] - expected) < 4 * errors).all()


@pytest.mark.usefixtures("small_graphs_only")
def test_a_graph_too_large_for_the_exact_engine_asked_for() -> None:
    result = run(*SMALL, "--p-dlt", "0.1,0.2,0.4", "--method", "exact")
    assert result.exit_code == 1
    assert "more than 50 states" in result.stderr
    assert result.stdout == ""


def test_what_a_large_graph_takes_is_said_beside_the_answer(monkeypatch) -> None:
    monkeypatch.setattr(layers, "_FEW", 100)
    monkeypatch.setattr(layers, "_FEW_OF_MOST", 1e-5)
    monkeypatch.setattr(layers, "_FEW_TO_TELL", 1e-5)
    words = ("--design", "boin", "--set", "target=0.3", "--set", "max_patients=18")
    words = (*words, "--p-dlt", "0.1,0.2,0.4", "--method", "exact", "--json")
    assert run(*words).stderr == ""
    plain = run(*words).stdout
    monkeypatch.setattr(options, "MUCH_MEMORY", 1)
    told = run(*words)
    assert "escalation: the trial can reach about " in told.stderr
    assert "states, which take up to 10 MiB" in told.stderr
    assert told.stdout == plain


def test_the_page_says_where_all_figures_are_exact() -> None:
    assert "All figures are exact." in run("--p-dlt", CURVE, "--method", "exact").stdout
    both = run("--p-dlt", CURVE, "--trials", "100").stdout
    assert "All figures are exact." not in both
    assert "Monte Carlo: 100 trials a scenario" in both


def test_sizes_that_no_simulated_trial_met_are_no_reason_not_to_draw(tmp_path: Path) -> None:
    p_dlt = ",".join(["0.02"] * 10)
    picture = tmp_path / "page.png"
    result = run("--p-dlt", p_dlt, "--trials", "20", "--plot", str(picture))
    assert result.exit_code == 0, result.stderr
    assert picture.stat().st_size > 1000
