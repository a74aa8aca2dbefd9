"""`escalation simulate --timeline`, as a person types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main

CURVE = "--p-dlt 0.05,0.1,0.2,0.35"
QUICK = f"simulate --protocol nct07123519 {CURVE} --timeline --every 10 --trials 300"

FEW = QUICK.replace("300", "3")
BOIN = "--design boin --set target=0.3 --set max_patients=12"


def run(line: str) -> Result:
    return CliRunner().invoke(main, line.split())


def test_durations_levels_and_assumptions_are_said_with_the_accrual():
    result = run(f"{QUICK} --by 200 --target 0.25")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in (
        "300 simulated a scenario, seed 1",
        "The DLT window is 28 days",
        "The first patient of a cohort is alone for 14 days.",
        "Accrual = lose: a patient who finds no free place is lost to the trial.",
        "The last decision is made by day 200 in",
        "Correct is level 2 (6E6), whose P(DLT) is nearest to 0.25",
    ):
        assert words in said


def test_json_holds_every_figure_with_its_error_and_what_was_assumed():
    found = json.loads(run(f"{QUICK} --accrual wait --by 200 --json").stdout)
    (result,) = found["results"]
    assert found["timing"]["accrual"] == result["accrual"] == "wait"
    assert found["timing"]["arrivals"] == {"kind": "poisson", "mean_gap_days": 10.0}
    shares = [*result["p_select"], *(result[f"p_{end}"] for end in ("no_mtd", "inconclusive"))]
    assert sum(shares) == pytest.approx(1)
    assert sum(level["mean"] for level in result["days_by_level"]) == pytest.approx(
        result["t_decision"]["mean"]
    )
    assert result["t_decision"]["se"] > 0
    assert 0 < result["p_finished_by"][0]["p"] < 1


def test_rows_carry_what_they_rest_on():
    rows = list(csv.DictReader(run(f"{QUICK} --csv").stdout.splitlines()))
    assert {row["trials"] for row in rows} == {"300"}
    assert len({row["digest"] for row in rows}) == 1
    assert {"t_decision", "days", "idle_days", "p_select"} <= {row["figure"] for row in rows}
    (lasts,) = (row for row in rows if row["figure"] == "t_decision")
    errors = [float(lasts[f"q{q}_mcse"]) for q in ("05", "25", "50", "75", "95")]
    assert all(error > float(lasts["mean_mcse"]) for error in errors)


def test_a_file_of_assumptions_may_come_from_standard_input():
    line = QUICK.replace("--every 10", "--timing -")
    given = '[arrivals]\nkind = "poisson"\nmean_gap_days = 10\n'
    assert CliRunner().invoke(main, line.split(), input=given).stdout == run(QUICK).stdout
    wrong = CliRunner().invoke(main, line.split(), input="x = 1")
    assert (wrong.exit_code, "standard input: " in wrong.output) == (1, True)


def test_what_happened_is_kept_day_by_day(tmp_path: Path):
    kept = tmp_path / "trials.csv"
    assert run(f"{FEW} --keep {kept}").exit_code == 0
    rows = list(csv.DictReader(kept.read_text().splitlines()))
    assert {row["trial"] for row in rows} == {"1", "2", "3"}
    for number in ("1", "2", "3"):
        own = [row for row in rows if row["trial"] == number]
        days = [float(row["day"]) for row in own]
        assert days == sorted(days)
        assert sum(row["kind"] == "dosed" for row in own) == sum(
            row["kind"] in ("dlt", "window closed") for row in own
        )


def test_a_simulated_trial_is_recorded_and_tracked(tmp_path: Path):
    file = tmp_path / "simulated.db"
    assert run(f"{FEW} --decides settled --ledger {file}").exit_code == 0
    said = " ".join(run(f"trial status --db {file} --on 2030-01-01").stdout.split())
    assert "SIMULATED" in said
    assert run(f"trial verify --db {file}").exit_code == 0
    boin = run(f"{FEW} --decides settled {BOIN} --ledger {tmp_path}/boin.db")
    assert (boin.exit_code, "Days are whole" in boin.stdout) == (0, True)
    again = run(f"{FEW} --decides settled --ledger {file}")
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    nowhere = run(f"{FEW} --decides settled --ledger {tmp_path}/no/such.db")
    assert (nowhere.exit_code, "no folder" in nowhere.output) == (1, True)


def test_a_trial_that_cannot_be_recorded_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_given: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("escalation.tracker.Tracker.record_new", interrupted)
    assert run(f"{FEW} --decides settled --ledger {tmp_path}/simulated.db").exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_drawn(tmp_path: Path):
    picture = tmp_path / "time.svg"
    result = run(f"{FEW} --plot {picture}")
    assert result.exit_code == 0, result.output
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"simulate {CURVE} --every 10", "--every is about trials in time: add --timeline"),
        (f"simulate {CURVE} --timeline", "--every DAYS between them, or --timing FILE"),
        (f"simulate {CURVE} --timeline --every 0", "0 is not from 0.000001"),
        (f"simulate {CURVE} --timeline --every nan", "'nan' is not a number"),
        (f"simulate {CURVE} --timeline --every 1e9", "1e9 is not from 0.000001 to 36525"),
        (f"simulate {CURVE} --timeline --every 10 --method exact", "--method does not fit"),
        (f"simulate {CURVE} --timeline --every 10 --draws count", "--draws does not fit"),
        (f"simulate {CURVE} --levels 4 --timeline --every 10", "add --window DAYS"),
        (f"{QUICK} --window 3", "longer than the DLT window"),
        (f"{QUICK} --window {10**20}", "a whole number of days from 1 to 36525"),
        (f"{QUICK} --by nan", "'nan' is not a number"),
        (f"simulate {CURVE} --timeline --every 10 --from 1NNN", "trial forecast"),
        (f"simulate {CURVE} --timeline --every 10 --timing no.toml", "not both"),
        (f"simulate {CURVE} --timeline --timing no.toml", "no such file"),
        (f"{QUICK} --ledger new.db", "add --decides settled"),
    ],
)
def test_bad_input_is_one_clear_line(line: str, words: str):
    result = run(line)
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert words in " ".join(result.output.split())


def test_a_file_says_all_that_is_wrong_with_it(tmp_path: Path):
    file = tmp_path / "timing.toml"
    file.write_text('dropout = 2\naccrual = "maybe"\n[arrivals]\nkind = "poisson"\n')
    result = run(f"simulate {CURVE} --timeline --timing {file}")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    for words in ("dropout: 2 is not a probability", "accrual: must be", "mean_gap_days: missing"):
        assert words in said
