"""`escalation compare`, as a person types it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.cli import main
from escalation.designs import DESIGNS, VARIANTS
from simulations.compare.metrics import METRICS

CURVE = ("--p-dlt", "0.05,0.10,0.20,0.33,0.50")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["compare", *words])


def compared(*words: str) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def published(file: str, **row_has: str) -> list[dict[str, str]]:
    with Path(f"tests/data/{file}.csv").open() as opened:
        rows = [row for row in csv.DictReader(opened) if row_has.items() <= row.items()]
    assert rows
    return [row for row in rows if row["dose"] != "0"]


def test_json_against_precautionary_bcrm_and_boin() -> None:
    words = ("confirm", "declare", "boin:target=0.25", *CURVE)
    document = compared(*words)
    assert document["schema"] == 1
    assert document["target"] == 0.25  # the only one that a design brings along
    (result,) = document["results"]
    confirm, declare, boin = result["designs"]
    for found, rows in (
        (confirm, published("threep3_precautionary_per_dose", scenario="D5_skeleton", start="1")),
        (
            declare,
            published(
                "threep3_bcrm_per_dose", scenario="D5_skeleton", start="1", variant="escOnly"
            ),
        ),
    ):
        assert found["engine"] == "exact"
        assert found["p_select"] == pytest.approx([float(r["p_select"]) for r in rows], abs=1e-12)
        assert found["metrics"]["pcs"] == pytest.approx(float(rows[2]["p_select"]), abs=1e-12)
    rows = published("boin_keyboard_oc_per_dose", scenario="skeleton", target="0.25")
    rows = [row for row in rows if row["config"].startswith("ncohort10_size3")][:5]
    for found, row in zip(boin["p_select"], rows, strict=True):
        p = float(row["sel_percent"]) / 100
        assert abs(found - p) < 4 * (max(p * (1 - p), 1e-4) / 10_000) ** 0.5
    gap = declare["metrics"]["pcs"] - confirm["metrics"]["pcs"]
    assert declare["differences"]["pcs"] == {
        "estimate": pytest.approx(gap, abs=1e-14),
        "low": None,
        "high": None,
    }
    assert "differences" not in confirm


def test_json_has_the_keys_of_the_contract() -> None:
    document = compared("3+3", "boin", *CURVE, "--method", "monte-carlo", "--trials", "200")
    assert [one["label"] for one in document["designs"]] == ["3+3", "boin"]
    assert document["designs"][1]["design"]["max_patients"] == 30
    assert document["interval"] == [0.2, 0.3]
    (result,) = document["results"]
    assert result["correct_level"] == 3
    assert set(result["benchmark"]) == {"n_patients", "p_select", "metrics"}
    for design in result["designs"]:
        assert design["engine"] == "monte-carlo"
        assert (design["trials"], design["seed"], design["draws"]) == (200, 1, "latent")
        assert list(design["metrics"]) == list(design["metrics_mcse"]) == list(METRICS)
    assert set(result["designs"][1]["differences"]["pcs"]) == {"estimate", "low", "high"}


def test_the_table_fits_80_columns_and_names_what_was_chosen() -> None:
    words = ("3+3", "boin", "boin:cohort_size=1,max_patients=15", "keyboard", "declare")
    result = run(*words, *CURVE, "--method", "monte-carlo", "--trials", "300")
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.isascii()
    said = " ".join(result.stdout.split())
    assert "Target P(DLT) 0.25 (default). Where a design needs a number of patients: 30" in said
    assert "patients: 30 (default)." in said
    assert "within: P(DLT) from 0.2 to 0.3;" in said
    assert "boin:cohort_s... 3 = boin: " in result.stdout
    assert "optimal, n = 30" in result.stdout
    assert "correct is level 3" in result.stdout
    assert "none is exact" in said


def test_a_protocol_brings_its_ladder_scenarios_and_patients() -> None:
    said = run("nct07123519", "declare", "boin").stdout
    assert "patients: 18, as the protocol plans." in " ".join(said.split())
    document = compared("nct07123519", "declare", "boin")
    assert document["protocol"]["name"] == "nct07123519"
    assert [level["level"] for level in document["levels"]] == [-1, 1, 2, 3]
    assert document["designs"][2]["design"]["max_patients"] == 18
    assert len(document["results"]) >= 5
    toxic = document["results"][-1]
    assert toxic["correct_level"] is None
    assert toxic["benchmark"]["metrics"] is None


def test_start_moves_every_design() -> None:
    document = compared("nct07123519", "declare", "--start", "-1")
    for design in document["results"][0]["designs"]:
        assert design["patients"][0] > 3


def test_options_shared_and_own() -> None:
    words = ("3+3", "boin", "boin:max_patients=24", *CURVE, "--set", "max_patients=18")
    document = compared(*words, "--target", "0.25")
    designs = [one["design"] for one in document["designs"]]
    assert [design["max_patients"] for design in designs] == [18, 18, 24]
    assert designs[1]["target"] == 0.25
    assert document["results"][0]["benchmark"]["n_patients"] == 24


def test_max_patients_fills_in_what_a_design_needs() -> None:
    document = compared("3+3", "boin", *CURVE, "--max-patients", "12")
    assert [one["design"]["max_patients"] for one in document["designs"]] == [None, 12]


def test_an_alias_names_a_design_in_every_table(tmp_path: Path) -> None:
    file = tmp_path / "a=b.toml"
    shipped = Path("escalation/protocols/nct07123519.toml")
    file.write_bytes(shipped.read_bytes())
    words = ("boin=A:target=0.3", "boin=cohort of 1:target=0.3,cohort_size=1", "declare=our own")
    document = compared(*words, str(file), f"{file}=theirs:below=declare", "--max-patients", "12")
    assert [one["label"] for one in document["designs"]] == [
        *("A", "cohort of 1", "our own", str(file), "theirs"),
    ]
    assert [one["design"]["name"] for one in document["designs"]] == ["boin"] * 2 + ["3+3"] * 3
    assert document["target"] == 0.3
    shown = run(*words, "--max-patients", "12", *CURVE).stdout
    assert "\ncohort of 1 = boin: " in shown
    assert "minus A\n" in shown
    plain = compared("boin:target=0.3", "declare", *CURVE)
    assert plain["results"] == [
        {**result, "designs": [{**one, "label": name} for one, name in zip(
            result["designs"], ["boin:target=0.3", "declare"], strict=True
        )]}
        for result in compared("boin=A:target=0.3", "declare=B", *CURVE)["results"]
    ]  # fmt: skip


def test_a_scenario_is_picked_by_name() -> None:
    words = ("boin", "3+3", "--levels", "3")
    every = compared(*words, "--scenario", "levels-3")["results"]
    (steep,) = compared(*words, "--scenario", "levels-3:steep")["results"]
    assert steep == every[[one["scenario"]["name"] for one in every].index("steep")]


def test_the_last_table_is_over_all_scenarios_against_the_figures_of_each() -> None:
    words = ("3+3", "boin", "--protocol", "nct07123519")
    results = compared(*words)["results"]
    table = run(*words).stdout.partition(f"All {len(results)} scenarios\n")[2]
    parts = [part.splitlines() for part in table.split("\n\n")[:2]]
    for place, label in enumerate(("3+3", "boin")):
        metrics = [result["designs"][place]["metrics"] for result in results]
        pcs = [one["pcs"] for one in metrics]
        means = [
            sum(one[name] for one in metrics) / len(metrics)
            for name in ("pcs", "p_overdose", "share_above", "sample_size")
        ]
        figures = [100 * x for x in (means[0], min(pcs), *means[1:3])] + [means[3]]
        figures += [100 * one for one in pcs]
        shown = [row.split()[1:] for part in parts for row in part if row.startswith(label)]
        assert [cell for row in shown for cell in row] == [f"{one:.2f}" for one in figures]
    optimal = [row for part in parts for row in part if row.startswith("optimal, n = ")]
    assert [row.split()[4] for row in optimal] == ["-", optimal[1].split()[4]]
    assert "All 1 scenario" not in run("3+3", "boin", *CURVE).stdout


def test_workers_change_nothing() -> None:
    words = ("boin:cohort_size=1", "keyboard", *CURVE, "--method", "monte-carlo", "--trials", "300")
    assert run(*words, "--workers", "2", "--csv").stdout == run(*words, "--csv").stdout


def test_csv_holds_every_figure() -> None:
    result = run("3+3", "boin", *CURVE, "--csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["design"] for row in rows} == {"3+3", "boin", "benchmark"}
    figures = {row["figure"] for row in rows}
    assert figures == {*METRICS, "p_select", "patients", "dlts"}
    assert [r["level"] for r in rows if (r["design"], r["figure"]) == ("boin", "dlts")] == [
        *"12345"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_picture_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"designs.{suffix}"
    words = ("3+3", "boin:max_patients=12", "--method", "monte-carlo", "--trials", "100")
    result = run(*words, "--plot", str(path))
    assert result.exit_code == 0, result.stderr
    assert path.stat().st_size > 5000
    assert f"wrote {path}" in result.stderr


# ---------------------------------------------------------------- why they differ


def test_diff_explains_the_gap_at_the_top_level() -> None:
    words = ("confirm", "declare", *CURVE, "--diff")
    result = run(*words, "--by", "p_select:5")
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    said = " ".join(result.stdout.split())
    assert "level 5, MTD % 2.970 4.667 +1.697" in said
    assert "level 5, MTD %: +1.697 in all +1.697 from 16 data sets" in said
    assert "1: 0/3, 2: 0/3, 3: 0/3, 4: 0/3, 5: 0/3, at level 5" in said
    assert "confirm: Stay at level 5: enrol 3 patients. declare: Stop: the MTD is level 5." in said


def test_diff_contributions_add_up_in_json_and_csv() -> None:
    words = ("expand-below", "declare-confirm-top", *CURVE, "--diff")
    document = compared(*words)
    (result,) = document["results"]
    assert len(result["partings"]) == len(document["partings"])
    file = run(*words, "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(file)))
    assert len(rows) == len(document["partings"])
    for key, figure in result["figures"].items():
        gap = figure["second"] - figure["first"]
        assert figure["difference"] == pytest.approx(gap, abs=1e-14)
        total = sum(parting["contributions"][key] for parting in result["partings"])
        assert total == pytest.approx(gap, abs=1e-12)
        assert sum(float(row[key]) for row in rows) == pytest.approx(gap, abs=1e-12)
    first = document["partings"][0]
    assert first["data"] == rows[0]["data"]
    assert {"action", "level", "mtd", "clause"} <= set(first["decisions"][0])


def test_diff_by_default_explains_the_selection_that_differs_most() -> None:
    document = compared("confirm", "declare", *CURVE, "--diff")
    figures = document["results"][0]["figures"]
    gaps = {key: abs(f["difference"]) for key, f in figures.items() if key.startswith("p_select")}
    largest = max(gaps, key=lambda key: gaps[key]).partition(":")[2]
    assert f"level {largest}, MTD %:" in run("confirm", "declare", *CURVE, "--diff").stdout


def test_diff_names_the_last_cohort_and_moderate_toxicities_where_they_count() -> None:
    crm = "crm:max_patients=12,halfwidth=0.05"
    words = (crm, f"{crm},coherent=false", "--p-dlt", "0.1,0.2,0.3,0.4", "--diff")
    assert ", the last cohort 1/3" in " ".join(run(*words).stdout.split())
    assert {one["last_cohort"] for one in compared(*words)["partings"]} == {"1/3"}
    one_event = ("accelerated", "accelerated:moderate_events=1", "--p-moderate", "0.3,0.3,0.3")
    words = (*one_event, "--p-dlt", "0.1,0.2,0.3", "--diff")
    assert "1: 0/1 and 1 moderate, at level 1" in run(*words).stdout
    assert [level["n_moderate"] for level in compared(*words)["partings"][0]["levels"]] == [1, 0, 0]
    plain = compared("confirm", "declare", *CURVE, "--diff")["partings"][0]
    assert "last_cohort" not in plain
    assert "n_moderate" not in plain["levels"][0]


def test_diff_of_designs_that_do_the_same() -> None:
    # a stop for the lowest level only where P(DLT) is certainly above the target
    result = run("3+3", "3+3:max_patients=100", *CURVE, "--diff")
    assert result.exit_code == 0, result.stderr
    assert "they never part" in result.stdout


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["boim", "3+3", *CURVE], 1, "no design, variant or protocol is called 'boim'; did you"),
        (["boim", "3+3", *CURVE], 1, "mean boin?"),
        (["boin:variant=declare", "3+3", *CURVE], 1, "boin has no option 'variant'"),
        (["declare:variant=confirm", "3+3", *CURVE], 1, "declare is a variant already"),
        (["boin:", "boin", *CURVE], 1, "boin: and boin are one design"),
        (["boin:x", "3+3", *CURVE], 1, "boin:x: options are written as boin:KEY=VALUE,KEY=VALUE"),
        (["crm:skeleton=0.1,0.2", "3+3", *CURVE], 1, "a list as KEY=[0.1,0.2]"),
        (["crm:skeleton=", "3+3", *CURVE], 2, "crm: takes KEY=VALUE, not 'skeleton='"),
        (["boin:p_saf=0.1,x", "3+3", *CURVE], 1, "options are written as boin:KEY=VALUE"),
        (["boin:target=2", "3+3", *CURVE], 1, "target must be between 0 and 1"),
        (["boin:target=NaN", "3+3", *CURVE], 1, "target must be a number"),
        (["boin:cohort_size=4,max_patients=30", "3+3", *CURVE], 1, "multiple of cohort_size"),
        (["boin:n_levels=3", "3+3", *CURVE], 1, "'n_levels' is not a design option"),
        (["3+3", *CURVE], 2, "two designs or more"),
        ([*CURVE], 2, "Missing argument"),
        (["3+3", "confirm", *CURVE], 1, "3+3 and confirm are one design"),
        (["3+3", "3+3", *CURVE], 1, "are one design"),
        (["boin", "3+3", "--p-dlt", "0.1,nan"], 1, "nan"),
        (["boin", "3+3", "--p-dlt", "0.1,0.2", "--levels", "3"], 1, "3 levels"),
        (["boin", "nct07123519", *CURVE], 1, "4 levels"),
        (["nct07123519", "flat-cells-example"], 1, "on one ladder"),
        (["boin", "3+3", *CURVE, "--target", "nan"], 1, "--target must lie between 0 and 1"),
        (["boin:target=0.2", "tpi:target=0.3", *CURVE], 1, "targets of 0.2 and 0.3"),
        (["boin", "3+3", *CURVE, "--interval", "0.4,0.5"], 1, "interval around the target"),
        (["boin", "3+3", *CURVE, "--interval", "0.4"], 1, "LOW,HIGH"),
        (["boin", "3+3", *CURVE, "--set", "varaint=x"], 1, "did you mean variant?"),
        (["boin", "3+3", *CURVE, "--set", "variant"], 2, "KEY=VALUE"),
        (["boin", "3+3", *CURVE, "--csv", "--json"], 2, "give one format, not csv and json"),
        (["boin", "3+3", *CURVE, "--format", "md", "--json"], 2, "give one format, not json and"),
        (["boin=A", "keyboard=A", *CURVE], 1, "keyboard=A: another design is called 'A' already"),
        (["boin=keyboard", "keyboard", *CURVE], 1, "keyboard: another design is called 'keyboard'"),
        (["boin=A", "boin=B", *CURVE], 1, "A and B are one design"),
        (["boin=", "3+3", *CURVE], 1, "boin=: an alias is 1 to 19 characters"),
        (["boin=A=B", "3+3", *CURVE], 1, "no design, variant or protocol is called 'boin=A'; did"),
        (["boin=A,B", "3+3", *CURVE], 1, "without a comma, written as boin=ALIAS:KEY=VALUE"),
        ([f"boin={20 * 'A'}", "3+3", *CURVE], 1, "an alias is 1 to 19 characters"),
        (["boin=A:x", "3+3", *CURVE], 1, "options are written as boin:KEY=VALUE"),
        (["=A", "3+3", *CURVE], 1, "no design, variant or protocol is called ''"),
        (["boin", "3+3", "--levels", "3", "--scenario", "levels-3:flt"], 1, "did you mean flat?"),
        (["boin", "3+3", *CURVE, "--trials", "0"], 2, "0"),
        (["boin", "3+3", *CURVE, "--max-patients", "0"], 2, "0"),
        (["boin", "3+3", *CURVE, "--plot", "x.docx"], 1, ".png, .svg, .pdf"),
        (["boin", "3+3", "tpi", *CURVE, "--diff"], 2, "--diff takes two designs, not 3"),
        (["boin", *CURVE, "--diff"], 2, "--diff takes two designs, not 1"),
        (["boin", "3+3", *CURVE, "--by", "pcs"], 2, "give --diff too"),
        (["boin", "3+3", *CURVE, "--diff", "--by", "pcss"], 1, "did you mean pcs?"),
        (["boin", "3+3", *CURVE, "--diff", "--plot", "x.png"], 2, "no picture"),
        (["boin", "3+3", *CURVE, "--diff", "--method", "monte-carlo"], 2, "--diff is exact"),
        (["boin", "3+3", "--levels", "7"], 1, "no scenarios are shipped for a ladder of 7"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], exit_code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == exit_code, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_one_level_and_certain_scenarios() -> None:
    for p_dlt in ("0", "1", "0.3"):
        result = run("3+3", "boin", "--p-dlt", p_dlt)
        assert result.exit_code == 0, result.stderr
        assert run("3+3", "boin", "--p-dlt", p_dlt, "--diff").exit_code == 0


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=12), st.sampled_from(["", "boin:", "3+3:", "boin:target="]))
def test_random_designs_never_end_in_a_traceback(text: str, before: str) -> None:
    result = run("3+3", *CURVE, "--", before + text)
    assert result.exit_code in (0, 1, 2, 3), result.exception
    assert result.exit_code == 0 or "Traceback" not in result.stderr


def test_every_design_and_variant_has_a_name() -> None:
    words = [name for name in DESIGNS if name not in ("a+b", "3+3")]
    document = compared(*words, *VARIANTS, "--p-dlt", "0.1,0.3", "--max-patients", "9")
    assert len(document["designs"]) == len(words) + len(VARIANTS)


def test_a_pipe_into_head_ends_quietly() -> None:
    command = f"{sys.executable} -m escalation compare 3+3 boin --p-dlt 0.1,0.3 --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_the_patients_filled_in_are_whole_cohorts_as_for_one_design() -> None:
    words = ("--target", "0.25", "--p-dlt", "0.1,0.2,0.3,0.4")
    result = run("boin:cohort_size=4", "keyboard", *words)
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "needs a number of patients: 30 (default); 28 in whole cohorts." in said
    design = compared("boin:cohort_size=4", "keyboard", *words)["designs"][0]["design"]
    alone = ["--design", "boin", "--set", "cohort_size=4", *words, "--method", "exact", "--json"]
    simulated = CliRunner().invoke(main, ["simulate", *alone])
    assert json.loads(simulated.stdout)["design"] == design
    own = run("boin:cohort_size=4,max_patients=30", "keyboard", *words)
    assert "max_patients must be a multiple of cohort_size 4, not 30" in own.stderr
