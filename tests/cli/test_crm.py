"""The CRM from a shell: every command serves it, or refuses in one sentence what it has not."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.designs import Crm
from escalation.outcomes import Tally, last_tally, parse_outcomes, tally_cohorts

from .shell import Shell

P_DLT = "0.05,0.10,0.20,0.33,0.50"
FIVE = Crm(n_levels=5, target=0.25, max_patients=30)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def settings(**more: object) -> list[str]:
    options = {"target": 0.25, "max_patients": 30} | more
    return ["--design", "crm", *(w for k, v in options.items() for w in ("--set", f"{k}={v}"))]


def test_decide_says_what_and_why_and_the_estimates():
    said = run("decide", "1NNN 2NNT", "--levels", "5", *settings(halfwidth=0.05))
    assert said.exit_code == 0, said.output
    assert "Stay at level 2: enrol 3 patients." in said.stdout
    assert "The estimate is the model's" in said.stdout
    assert "skeleton 0.08397,0.1567,0.25,0.3545,0.4603" in " ".join(said.stdout.split())
    assert max(map(len, said.stdout.splitlines())) < 80


def test_a_number_without_its_leading_zero_is_a_number():
    said = run("decide", "", "--levels", "3", *settings(target=".25", skeleton=".1,.25,.4"))
    assert said.exit_code == 0, said.stderr
    plain = run("decide", "", "--levels", "3", *settings(skeleton="0.1,0.25,0.4"))
    assert said.stdout == plain.stdout


@pytest.mark.parametrize(
    "design", [("crm", "--set", "target=0.25", "--set", "max_patients=30"), ("accelerated",)]
)
def test_who_was_not_evaluable_is_said_within_80_columns(design):
    """On the shipped ladder, the widest: doses in cells/kg, and a column of the design's own."""
    words = ("decide", "1TTT 1T -1X", "--allow-departures", "--design", *design)
    said = run(*words)
    assert said.exit_code == 0, said.stderr
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert "none evaluable" in said.stdout
    assert "Not evaluable: 1 at level -1." in said.stdout
    assert json.loads(run(*words, "--json").stdout)["levels"][0]["n_not_evaluable"] == 1


def test_decide_as_json_has_the_estimates_of_dfcrm():
    """Fit 33 of the reference: 0/3 and 1/3 at the first two levels."""
    skeleton = "0.05,0.10,0.20,0.33,0.50"
    said = run("decide", "1NNN 2NNT", "--levels", "5", *settings(skeleton=skeleton), "--json")
    estimates = [level["p_dlt_estimate"] for level in json.loads(said.stdout)["levels"]]
    theirs = [0.113368025331183, 0.187612107362635, 0.310478221052398, 0.446771267838093]
    assert estimates[:4] == pytest.approx(theirs, rel=0, abs=1e-6)


def test_decide_by_likelihood_shows_an_estimate_once_there_is_one():
    words = settings(method="mle", first_stage=1)
    before = run("decide", "1N 2N", "--levels", "5", *words)
    assert before.exit_code == 0, before.output
    assert "Escalate to level 3: enrol 1 patient." in before.stdout
    assert "method mle, first_stage 1" in " ".join(before.stdout.split())
    assert "estimate" not in before.stdout
    after = run("decide", "1N 2N 3T", "--levels", "5", *words)
    assert "De-escalate to level 2: enrol 2 patients." in after.stdout
    assert "The estimate is the model's" in after.stdout
    shown = json.loads(run("decide", "1T", "--levels", "5", *words, "--json").stdout)
    assert shown["clause"]["id"] == "fill"
    assert not any("p_dlt_estimate" in level for level in shown["levels"])


@pytest.mark.parametrize("skeleton", [P_DLT, f"[{P_DLT}]", f"[ {P_DLT} ]"])
def test_a_skeleton_is_given_as_a_list_or_with_commas(skeleton):
    said = run("decide", "", "--levels", "5", *settings(skeleton=skeleton))
    assert said.exit_code == 0, said.output
    assert "skeleton 0.05,0.1,0.2,0.33,0.5" in " ".join(said.stdout.split())


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"skeleton": P_DLT}, "skeleton has length 5 for a ladder of 4 levels; write one number"),
        ({"skeleton": "0.3,0.2,0.1,0.05"}, "skeleton must increase from level to level, not 0.3"),
        ({"skeleton": "0.1,a,0.3,0.4"}, "skeleton must be a list of numbers, one a level, not"),
        ({"skeleton": "0.1"}, "skeleton must be a list of numbers, one a level, not 0.1"),
        ({"target": 1}, "target must be between 0 and 1, not 1"),
        ({"cohort_size": 4}, "max_patients must be a multiple of cohort_size 4, not 30"),
        ({"prior_mtd": 0}, "prior_mtd must be from 1 to 4, not 0"),
        ({"method": "ml"}, 'method must be "bayes" or "mle", not \'ml\''),
        ({"modle": "logistic"}, "crm has no option 'modle'; did you mean model?"),
    ],
)
def test_what_makes_no_design_is_one_line(more, problem):
    said = run("decide", "1NNN", *settings(**more))
    assert said.exit_code == 1
    assert said.stdout == ""
    assert len(said.stderr.splitlines()) == 1
    assert problem in said.stderr


def test_the_table_is_what_follows_each_course_of_the_first_cohorts():
    said = run("table", "--csv", "--levels", "5", *settings())
    assert said.exit_code == 0, said.output
    read = list(csv.DictReader(io.StringIO(said.stdout)))
    assert [row["outcomes"] for row in read[:5]] == [
        "", "1NNN", "1NNN 2NNN", "1NNN 2NNN 3NNN", "1NNN 2NNN 3NNT",
    ]  # fmt: skip
    assert {int(row["n_cohorts"]) for row in read} == {0, 1, 2, 3}
    for row in read:
        cohorts = parse_outcomes(row["outcomes"])
        tallies = tally_cohorts(cohorts, range(1, 6)) if cohorts else (Tally(),) * 5
        level = cohorts[-1].label - 1 if cohorts else 0
        decision = FIVE.decide(tallies, level, last_tally(cohorts))
        assert row["action"] == decision.action
        assert row["level"] == ("" if decision.level is None else str(decision.level + 1))
        assert row["clause_id"] == decision.clause.id


def test_the_table_reads_on_80_columns_and_as_json():
    said = run("table", *settings())
    assert max(map(len, said.stdout.splitlines())) < 80
    assert "1NNN 2NNN 3NTT    De-escalate to level 2, 6E6 cells/kg: enrol 3 patients." in (
        said.stdout
    )
    wide = run("table", *settings(cohort_size=10), "--cohorts", "2")
    assert max(map(len, wide.stdout.splitlines())) < 80
    document = json.loads(run("table", "--json", *settings(), "--cohorts", "1").stdout)
    assert document["schema"] == 1
    assert [path["outcomes"] for path in document["pathways"]] == [
        "", "1NNN", "1NNT", "1NTT", "1TTT",
    ]  # fmt: skip
    assert document["design"]["skeleton"] is None


def test_any_design_can_be_told_by_its_first_cohorts():
    said = run("table", "--levels", "3", "--cohorts", "2")
    assert "1NNN 2NNT     Stay at level 2: enrol 3 patients." in said.stdout
    assert "3+3" in said.stdout


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("table", "--plot", "x.png"), 2, "is drawn by `escalation paths`"),
        (("table", "--cohorts", "0"), 2, "range 1<=x<=20"),
        (("table", "--cohorts", "20"), 1, "more than 5000 courses; ask for fewer cohorts"),
        (("protocol", "text"), 1, "judges all levels together; `escalation table` prints"),
        (("protocol", "diagram"), 1, "judges all levels together; `escalation table` prints"),
    ],
)
def test_what_it_has_not_is_refused(words, code, problem):
    said = run(*words, *settings())
    assert said.exit_code == code
    assert problem in " ".join(said.stderr.split())


def test_simulate_and_paths_ask_it():
    said = run(
        "simulate", *settings(halfwidth=0.05, cutoff_stop=1), "--p-dlt", P_DLT, "--method", "exact",
        "--json",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    exact = json.loads(said.stdout)["results"][0]["exact"]
    # of 1,000 trials of crmsim, patients a level: 3.954 5.907 10.254 7.818 2.067
    assert exact["patients"] == pytest.approx([3.954, 5.907, 10.254, 7.818, 2.067], abs=0.6)
    assert run("paths", "--levels", "3", *settings(), "--depth", "2").exit_code == 0


def test_simulate_by_monte_carlo_agrees_with_exact():
    said = run("simulate", *settings(max_patients=15), "--p-dlt", P_DLT, "--trials", "20000",
               "--seed", "1", "--json")  # fmt: skip
    result = json.loads(said.stdout)["results"][0]
    exact, simulated = result["exact"], result["monte_carlo"]
    for p, share, error in zip(
        exact["p_select"], simulated["p_select"], simulated["mcse"]["p_select"], strict=True
    ):
        assert abs(p - share) < 4 * max(error, 1e-4)


FILE = """\
schema = 1
name = "trial"
start = 1

[design]
name = "crm"
target = 0.25
max_patients = 12
skeleton = [0.1, 0.25, 0.4]
model = "logistic"

[[levels]]
label = 1

[[levels]]
label = 2

[[levels]]
label = 3
"""


def test_a_protocol_file_and_the_tracker_follow_it(tmp_path: Path):
    file = tmp_path / "trial.toml"
    file.write_text(FILE, encoding="utf-8")
    assert run("protocol", "check", str(file)).exit_code == 0
    assert "0.1; 0.25; 0.4" in run("protocol", "show", str(file)).stdout
    shell = Shell(str(tmp_path / "new.db"))
    said = shell.ok(f"office: register --trial TJ --protocol {file} --on 2026-01-05")
    assert "The rule now says: Start at level 1: enrol 3 patients." in said


def test_the_tracker_holds_back_after_a_toxic_cohort_and_shows_the_estimates(tmp_path: Path):
    file = tmp_path / "trial.toml"
    file.write_text(
        'schema = 1\nname = "trial"\nstart = 1\nunit = "cells/kg"\n\n[design]\nname = "crm"\n'
        "target = 0.3\nmax_patients = 15\ncohort_size = 5\nprior_mtd = 5\n\n"
        "[dlt]\nwindow_days = 28\n\n"
        + "".join(f"[[levels]]\nlabel = {k}\ndose = {k}e6\n\n" for k in range(1, 6)),
        encoding="utf-8",
    )
    shell = Shell(str(tmp_path / "new.db"))
    shell.ok(
        f"office: register --trial TJ --protocol {file} --solo --on 2026-01-05",
        'office: delegate "Lin Mei" site --on 2026-01-05',
        'office: delegate "Zhao Lan" chair --on 2026-01-05',
    )
    for month, dlts in ((1, ()), (3, ("S6", "S7"))):  # 0/5 at level 1, 2/5 at level 2
        level = (month + 1) // 2
        shell.ok(
            f"Zhao Lan: decide --follow --on 2026-0{month}-06",
            f"Zhao Lan: sign approved --on 2026-0{month}-06",
        )
        subjects = [f"S{k}" for k in range(5 * level - 4, 5 * level + 1)]
        for subject in subjects:
            shell.ok(
                f"Lin Mei: enrol {subject} --weight 50 --on 2026-0{month}-07",
                f"Lin Mei: dose {subject} --infused {level * 5}e7 --on 2026-0{month}-07",
            )
        for subject in subjects:
            on = f"2026-0{month + 1}-20"
            what = f"--dlt --term CRS --grade 3 --onset 2026-0{month}-09"
            what = what if subject in dlts else "--no-dlt"
            shell.ok(f"Lin Mei: outcome {subject} {what} --on {on}")
    status = shell.ok("status --on 2026-04-28")
    assert "The estimate is the model's" in status
    assert "Stay at level 2, 2E6 cells/kg: enrol 5 patients." in status
    assert "never right after a cohort with a DLT rate of 0.3 or more" in status


def test_every_fault_of_a_file_is_named(tmp_path: Path):
    file = tmp_path / "trial.toml"
    wrong = FILE.replace("0.4]", '"x", 1.5]').replace("logistic", "probit")
    file.write_text(wrong, encoding="utf-8")
    said = run("protocol", "check", str(file))
    assert said.exit_code != 0
    for place in ("design.skeleton[2]", "design.skeleton[3]", "design.model"):
        assert place in said.output
    file.write_text(FILE.replace("0.25, 0.4", "0.4"), encoding="utf-8")
    said = run("protocol", "check", str(file))
    assert "skeleton has length 2 for a ladder of 3 levels" in said.output


def test_the_start_of_a_protocol_can_be_moved():
    said = run("decide", "", "--start", "2", *settings())
    assert "Start at level 2, 6E6 cells/kg: enrol 3 patients." in said.stdout


def test_a_decision_from_a_shell_loads_no_numpy():
    words = ["decide", "1NNN 2NNT", *settings()]
    code = (
        "import sys\nfrom escalation.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'scipy', 'pydantic', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
