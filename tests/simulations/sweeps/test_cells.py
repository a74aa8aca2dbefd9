"""What a cell holds is what the engines and the command line say."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest

from escalation.protocol import Protocol
from simulations import characteristics
from simulations.engines.timeline.run import simulate_timeline
from simulations.sweeps.cells import run_cell
from simulations.sweeps.columns import columns_of, head_line, row_line
from simulations.sweeps.study import Study

from .studies import SMALL, small_study

P_DLT = (0.10, 0.30, 0.60)


def steep(text: str) -> tuple[Study, dict[str, object]]:
    study = small_study(text)
    return study, run_cell(study.cells[1])


def test_an_exact_cell_holds_the_library_figures():
    """Oracle: simulations.characteristics, asked by itself."""
    _, row = steep(SMALL)
    (found,) = characteristics(Protocol.plain(3), P_DLT, method="exact")
    exact = found.exact
    assert row["method"] == "exact"
    assert row["trials"] is None
    assert [row[f"p_select_{label}"] for label in (1, 2, 3)] == exact.p_select.tolist()
    assert [row[f"patients_{label}"] for label in (1, 2, 3)] == exact.patients.tolist()
    assert [row[f"dlts_{label}"] for label in (1, 2, 3)] == exact.dlts.tolist()
    assert row["p_no_mtd"] == exact.p_no_mtd
    assert row["sample_size"] == exact.sample_size.mean
    for name, share in exact.against_target(P_DLT, 0.25).items():
        assert row[name] == share


def test_a_simulated_cell_holds_the_library_figures_and_their_errors():
    _, row = steep('method = "monte-carlo"\nseed = 3\ntrials = 2000\n' + SMALL)
    (found,) = characteristics(
        Protocol.plain(3), P_DLT, method="monte-carlo", trials=2000, seed=3, draws="latent"
    )
    run = found.monte_carlo
    errors = run.mcse()
    assert (row["method"], row["draws"], row["trials"]) == ("monte_carlo", "latent", 2000)
    assert row["p_select_2"] == run.characteristics.p_select[1]
    assert row["p_select_2_mcse"] == errors["p_select"][1]
    assert row["patients_3_mcse"] == errors["patients"][2]
    assert row["sample_size_mcse"] == errors["sample_size"]["mean"]
    assert row["total_dlts_sd_mcse"] == errors["total_dlts"]["sd"]


def test_designs_meet_the_same_patients():
    """Common random numbers: what is one rule under two options has one result, to the digit."""
    text = """
    method = "monte-carlo"
    trials = 500
    levels = 3
    target = 0.25
    [[designs]]
    design = "boin"
    max_patients = 12
    vary = { cutoff_eli = [0.95, 0.9501] }
    """
    study = small_study(text)
    first, second = (run_cell(study.cells[number]) for number in (2, 2 + len(study.scenarios)))
    assert first["design_digest"] != second["design_digest"]
    for name in ("p_select_1", "p_no_mtd", "sample_size", "dlts_2", "dlts_2_mcse"):
        assert first[name] == second[name]


@pytest.mark.parametrize("method", ["auto", "monte-carlo"])
def test_every_value_has_a_column_and_numbers_are_written_in_full(method):
    study, row = steep(f'method = "{method}"\ntrials = 100\n' + SMALL)
    columns = columns_of(study)
    assert set(row) <= {column.name for column in columns}
    assert len({column.name for column in columns}) == len(columns)
    written = head_line(columns) + row_line([column.name for column in columns], row)
    (read,) = csv.DictReader(written.splitlines())
    assert float(read["sample_size"]) == row["sample_size"]
    assert float(read["p_select_2"]) == row["p_select_2"]
    assert read["timing"] == ""


def test_a_row_is_the_line_that_csv_writes():
    values = ["plain", 'a "b", c', "two\nlines", "", " x ", None, 7, True, -0.0, 0.1, 1e-300, 1e22]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    names = [str(number) for number in range(len(values))]
    assert row_line(names, dict(zip(names, values, strict=True))) == out.getvalue()
    assert row_line("abcde", {"a": math.nan, "b": -math.inf, "c": np.float64(0.1)}) == ",,0.1,,\n"


def test_a_row_says_on_what_it_was_calculated():
    _, row = steep(SMALL)
    import escalation

    assert row["escalation"] == escalation.__version__
    assert str(row["numpy"]).startswith(np.__version__)
    assert row["processor"]


def test_what_is_built_for_a_design_serves_its_scenarios(monkeypatch):
    from simulations.sweeps import cells as module

    built = []
    choose = module.choose_engine
    monkeypatch.setattr(module, "choose_engine", lambda *a, **k: built.append(a) or choose(*a, **k))
    engines = module.Engines()
    for cell in small_study().cells:
        run_cell(cell, engines)
    assert len(built) == 2


def test_backfill_is_among_the_patients_in_all(tmp_path: Path):
    text = """
    protocol = "nct07123519"
    [[designs]]
    design = "3+3"
    """
    row = run_cell(small_study(text).cells[0])
    assert row["patients_in_all"] >= row["sample_size"]


CLOCK = """
protocol = "nct07123519"
target = 0.25
trials = 200
finished_by = [365]
[[designs]]
design = "rolling-six"
[[timing]]
name = "slow"
arrivals = { kind = "regular", gap_days = 10 }
accrual = "wait"
costs = { per_patient = 3.0 }
"""


def test_a_cell_with_a_clock_holds_what_the_clock_gives():
    """Oracle: simulate_timeline, asked by itself."""
    study = small_study(CLOCK)
    cell = study.cells[0]
    row = run_cell(cell)
    assert cell.timing is not None
    found = simulate_timeline(cell.protocol, cell.scenario.p_dlt, cell.timing, trials=200, seed=1)
    shown = found.to_dict()
    assert set(row) <= {column.name for column in columns_of(study)}
    assert row["method"] == "timeline"
    assert [row[f"p_select_{label}"] for label in study.ladder.labels] == shown["p_select"]
    assert row["p_select_3_mcse"] == shown["se"]["p_select"][3]
    for name in ("t_decision", "t_last"):
        assert row[name] == shown[name]["mean"]
        assert row[f"{name}_mcse"] == shown[name]["se"]
        assert row[f"{name}_sd_mcse"] == shown[name]["se_sd"]
        assert row[f"{name}_q95"] == shown[name]["quantiles"]["0.95"]
        assert row[f"{name}_q50_mcse"] == shown[name]["se_quantiles"]["0.5"]
    assert row["days_1"] == shown["days_by_level"][1]["mean"]
    assert row["dlts_2_mcse"] == shown["dlts_by_level"][2]["se"]
    assert row["sample_size"] == shown["n_patients"]["mean"]
    assert row["waiting_days_mcse"] == shown["waiting_days"]["se"]
    assert row["cost"] == shown["cost"]["mean"]
    assert row["p_finished_by_365"] == found.p_finished_by(365)[0]
