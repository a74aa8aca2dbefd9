"""The interval designs from a shell: every command serves them as it serves the 3+3."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main

from .shell import Shell

NAMES = ("boin", "keyboard", "mtpi-2", "mtpi", "tpi", "i3+3", "g3+3")
by_name = pytest.mark.parametrize("name", NAMES)

P_DLT = "0.05,0.10,0.20,0.33,0.50"
GET_OC = (0.0026, 0.0463, 0.3589, 0.4777, 0.1143)  # of BOIN 2.7.2, 10,000 trials


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def settings(name: str, **more: object) -> list[str]:
    options = {"max_patients": 30} | ({} if name == "g3+3" else {"target": 0.3}) | more
    return ["--design", name, *(w for k, v in options.items() for w in ("--set", f"{k}={v}"))]


def test_simulate_boin_is_within_monte_carlo_error_of_get_oc():
    result = run("simulate", *settings("boin"), "--p-dlt", P_DLT, "--method", "exact", "--json")
    assert result.exit_code == 0, result.output
    selected = json.loads(result.stdout)["results"][0]["exact"]["p_select"]
    for p, theirs in zip(selected, GET_OC, strict=True):
        assert abs(p - theirs) < 4 * math.sqrt(p * (1 - p) / 10_000)


@by_name
def test_decide_says_what_and_why(name):
    said = run("decide", "1NNN 2NNN 3TTT", "--levels", "5", *settings(name))
    assert said.exit_code == 0, said.output
    assert "De-escalate to level 2: enrol 3 patients." in said.stdout
    assert "Too toxic: level 3, 3 DLTs among 3." in said.stdout
    words = " ".join(said.stdout.split())
    target = 0.25 if name == "g3+3" else 0.3
    eliminated = f"probability that P(DLT) exceeds {target} is above 0.95, the level and all above"
    assert eliminated in words


@by_name
def test_paths_ask_the_design(name):
    said = run("paths", "--from", "1NNN 2NNT", "--levels", "3", *settings(name, max_patients=12))
    assert said.exit_code == 0, said.output


@by_name
def test_the_rule_is_printed_in_words(name):
    said = run("protocol", "text", *settings(name))
    assert said.exit_code == 0, said.output
    assert "Boundaries" in said.stdout
    assert run("protocol", "text", "--format", "md", *settings(name)).exit_code == 0


@by_name
def test_what_only_a_design_by_stages_has_is_refused_in_one_line(name):
    said = run("protocol", "diagram", *settings(name))
    assert said.exit_code == 1
    assert len(said.stderr.splitlines()) == 1
    assert "judges a level on any number of patients; `escalation table`" in said.stderr


@by_name
def test_the_table_has_every_count_up_to_the_cap_in_every_neighbourhood(name):
    said = run("table", "--full", "--csv", "--levels", "5", *settings(name, max_patients=12))
    assert said.exit_code == 0, said.output
    read = list(csv.DictReader(io.StringIO(said.stdout)))
    assert {(int(r["n_evaluable"]), int(r["n_dlts"])) for r in read} == {
        (n, x) for n in range(13) for x in range(n + 1)
    }
    change = {"below target": "+1", "open": "0", "above target": "-1", "too toxic": "-1"}
    for row in read:
        if row["above"] != "not given" or row["below"] != "cleared":
            continue
        status = row["status"].replace("cleared", "below target")
        if status in change:
            assert int(row["level_change"]) == int(change[status]), row


@by_name
def test_the_full_table_fits_80_columns(name):
    said = run("table", "--full", "--levels", "5", *settings(name, max_patients=12))
    assert max(map(len, said.stdout.splitlines())) < 80
    assert "see note" in said.stdout


def test_the_drawn_table_tells_too_toxic_from_above_the_target(tmp_path: Path):
    file = tmp_path / "table.svg"
    words = ("table", "--full", "--levels", "5", *settings("boin", max_patients=6))
    said = run(*words, "--plot", str(file))
    assert said.exit_code == 0, said.output
    drawn = file.read_text(encoding="utf-8")
    assert (
        drawn.count(": de-escalate, treat 3") > drawn.count("de-escalate, treat 3; too toxic") > 0
    )


def test_the_boin_table_is_the_published_one():
    """Target .30; escalate at most, de-escalate at least, eliminate at least, of 3, 6, 9, 12."""
    said = run("table", "--full", "--csv", "--levels", "5", *settings("boin"))
    published = {3: (0, 2, 3), 6: (1, 3, 4), 9: (2, 4, 5), 12: (2, 5, 7), 30: (7, 11, 14)}
    for row in csv.DictReader(io.StringIO(said.stdout)):
        n, x = int(row["n_evaluable"]), int(row["n_dlts"])
        if n not in published or row["above"] != "not given":
            continue
        escalate, deescalate, eliminate = published[n]
        if x >= eliminate:
            expected = "too toxic"
        elif x >= deescalate:
            expected = "above target"
        else:
            expected = "cleared" if x <= escalate else "open"
        assert row["status"] == expected, row
        lowest = row["below"] == "none"
        if x <= escalate:
            assert (row["action"], row["level_change"]) == ("escalate", "1")
        elif x >= eliminate and lowest:
            assert (row["action"], row["mtd"]) == ("stop", "")
        elif x >= deescalate and not lowest:
            assert (row["action"], row["level_change"]) == ("deescalate", "-1")
        else:
            assert (row["action"], row["level_change"]) == ("stay", "0")


@pytest.mark.slow
@by_name
def test_the_table_of_a_long_trial_is_the_fields_on_80_columns(name, tmp_path: Path):
    words = ("table", "--levels", "5", *settings(name))
    picture = tmp_path / "table.svg"
    said = run(*words, "--plot", str(picture))
    assert said.exit_code == 0, said.output
    assert max(map(len, said.stdout.splitlines())) < 80
    read = list(csv.reader(io.StringIO(run(*words, "--csv").stdout)))
    assert [row[0] for row in read] == [
        "Evaluable patients",
        "Escalate if DLTs <=",
        "De-escalate if DLTs >=",
        "Eliminate if DLTs >=",
    ]
    assert read[0][1:] == [str(n) for n in range(1, 31)]
    for row in read:
        assert row[0] in said.stdout
    document = json.loads(run(*words, "--json").stdout)
    assert document["design"]["name"] == name
    assert [one["n_evaluable"] for one in document["boundaries"]] == list(range(1, 31))
    assert "X: eliminate" in picture.read_text(encoding="utf-8")


def test_all_situations_or_the_first_cohorts_but_not_both():
    said = run("table", "--full", "--cohorts", "2", *settings("boin"))
    assert (said.exit_code, said.stdout) == (2, "")
    assert "give --full or --cohorts, not both" in said.stderr


@by_name
def test_a_protocol_file_and_the_tracker_follow_it(name, tmp_path: Path):
    file = tmp_path / "trial.toml"
    target = "" if name == "g3+3" else "target = 0.3\n"
    file.write_text(
        f'schema = 1\nname = "trial"\nstart = 1\n\n[design]\nname = "{name}"\n{target}'
        "cohort_size = 3\nmax_patients = 12\n\n[[levels]]\nlabel = 1\n\n[[levels]]\nlabel = 2\n",
        encoding="utf-8",
    )
    assert run("protocol", "check", str(file)).exit_code == 0
    shell = Shell(str(tmp_path / "new.db"))
    said = shell.ok(f"office: register --trial TJ --protocol {file} --on 2026-01-05")
    assert "The rule now says: Start at level 1: enrol 3 patients." in said


def test_a_file_with_the_options_of_another_design_is_refused(tmp_path: Path):
    file = tmp_path / "trial.toml"
    file.write_text(
        'schema = 1\nname = "trial"\nstart = 1\n\n[design]\nname = "boin"\ntarget = 1.5\n'
        'variant = "confirm"\n\n[[levels]]\nlabel = 1\n',
        encoding="utf-8",
    )
    said = run("protocol", "check", str(file))
    assert said.exit_code != 0
    for fault in ("target", "variant", "max_patients"):
        assert fault in said.output


def test_titration_is_an_option_like_any_other():
    titrated = settings("boin", titration="true")
    said = run("decide", "1N 2N", "--levels", "4", *titrated)
    assert said.exit_code == 0, said.output
    assert "Escalate to level 3: enrol 1 patient." in said.stdout
    assert "Why: Titration: treat one patient a level" in said.stdout
    said = run("decide", "1N 2T", "--levels", "4", *titrated)
    assert "Stay at level 2: enrol 2 patients." in said.stdout
    refused = run("decide", "", "--levels", "4", *settings("boin", titration="true", cohort_size=1))
    assert refused.exit_code != 0
    assert "titration needs a cohort_size of 2 or more, not 1" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_an_option_that_g3_plus_3_does_not_have_is_refused_in_one_line():
    refused = run("decide", "", *settings("g3+3", target=0.3))
    assert refused.exit_code != 0
    assert "g3+3 has no option 'target'" in refused.stderr


def test_a_level_cut_short_by_the_cap_is_said_to_be_eliminated_as_by_select_mtd():
    """``select.mtd(.2, c(3,5,4), c(2,2,1))`` of BOIN 2.7.2 is 99: level 1 and all above are out."""
    options = {"target": 0.2, "cohort_size": 4, "max_patients": 12, "titration": "true"}
    words = ("decide", "1N 2N 3N 3TNN 2TTNN 1TT", "--levels", "3", *settings("boin", **options))
    document = json.loads(run(*words, "--json").stdout)
    assert (document["action"], document["mtd"]) == ("stop", None)
    statuses = [level["status"] for level in document["levels"]]
    assert statuses == ["too toxic", "closed", "closed"]
    assert "Too toxic: level 1, 2 DLTs among 3." in run(*words).stdout
    before = run("decide", "1N 2N 3N 3TNN 2TTNN", *words[2:], "--json")  # more will come
    lowest = json.loads(before.stdout)["levels"][0]
    assert lowest["status"] == "open"


def test_one_dlt_is_not_said_in_the_plural():
    said = run("decide", "1T", "--levels", "3", *settings("mtpi-2", target=0.2, cohort_size=1))
    assert "Too toxic: level 1, 1 DLT among 1." in said.stdout


def test_extra_safety_says_its_limit_which_is_the_offset_below():
    for size, enough in ((3, ""), (1, " on 3 patients or more")):
        more = {"extrasafe": "true", "offset": 0.15, "cohort_size": size}
        text = " ".join(run("protocol", "text", *settings("boin", **more)).stdout.split())
        assert f"is above 0.8{enough} at the lowest level, where the limit is stricter" in text


def test_the_text_has_no_empty_section_where_cohorts_are_of_one():
    words = ("protocol", "text", "--levels", "3")
    assert "another size" not in run(*words, *settings("keyboard", cohort_size=1)).stdout
    assert "another size" in run(*words, *settings("keyboard", cohort_size=2)).stdout


def test_a_design_without_a_target_has_the_one_it_is_measured_by_as_in_compare():
    words = ("--target", "0.3", "--p-dlt", "0.1,0.2,0.3,0.4", "--method", "exact", "--json")
    result = run("simulate", "--design", "boin", *words)
    assert "boin with target 0.3 (as --target), max_patients 30 (default)" in result.stderr
    found = json.loads(result.stdout)
    assert found["design"]["target"] == 0.3
    compared = json.loads(run("compare", "boin", "3+3", *words).stdout)
    assert compared["designs"][0]["design"] == found["design"]
    alone = compared["results"][0]["designs"][0]["p_select"]
    assert alone == pytest.approx(found["results"][0]["exact"]["p_select"], abs=1e-12)
