"""`escalation plan` and `escalation trial plan`, typed as a user types them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import escalation
from escalation.cli import main
from escalation.plan import load_plan, shipped_plans

from .shell import Shell

PLAN = load_plan("nct07123519")


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(main, ["plan", *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_list_and_show_and_criteria_say_the_same_in_every_form():
    assert [p["name"] for p in json.loads(run("list", "--json").output)["plans"]] == [
        *shipped_plans()
    ]
    shown = json.loads(run("show", "nct07123519", "--json").output)
    assert (shown["plan"], shown["digest"]) == (PLAN.document, PLAN.digest)
    rows = list(csv.DictReader(io.StringIO(run("show", "nct07123519", "--csv").output)))
    assert {"table": "visits", "name": "W2", "setting": "day", "value": "14"} in rows
    criteria = json.loads(run("criteria", "nct07123519", "--json").output)["criteria"]
    assert sorted(c["id"] for c in criteria) == sorted(c.id for c in PLAN.criteria)
    written = list(csv.DictReader(io.StringIO(run("criteria", "nct07123519", "--csv").output)))
    assert [row["id"] for row in written] == [c["id"] for c in criteria]
    for view in ("show", "criteria"):
        page = run(view, "nct07123519").output
        assert max(map(len, page.splitlines())) <= 80


def test_the_criteria_show_every_flag_where_it_bites():
    page = " ".join(run("criteria", "nct07123519").output.split())
    for criterion in PLAN.criteria:
        for flag in criterion.flags:
            assert f"! {flag}" in page
    assert "= fall of FVC >= 10 % ! The record has no comparator: taken as >=." in page
    assert "= ALT <= 3 x ULN; waiver: disease-related elevation permitted" in page
    shown = " ".join(run("show", "nct07123519").output.split())
    for flagged in (*PLAN.visits, *PLAN.tests, *PLAN.biomarkers, *PLAN.diseases):
        for flag in flagged.flags:
            assert f"! {flag}" in shown


def test_the_template_is_a_plan_and_check_names_every_fault(tmp_path: Path):
    template = run("init", "-").output
    assert run("check", "-", stdin=template).output.startswith("ok ")
    assert json.loads(run("check", "-", "--json", stdin=template).output)["valid"] is True
    wrong = template.replace("D28", "D29", 1).replace('comparator = "<="', 'comparator = "=<"')
    result = run("check", "-", stdin=wrong)
    assert result.exit_code == 3
    assert result.stderr.startswith("escalation: standard input: 2 faults\n")
    assert "criteria[1].comparator (I2): must be '>=', '>', '<=', '<' or 'between'" in result.stderr
    assert 'response.visits: there is no visit "D28"; did you mean D29?' in result.stderr
    document = json.loads(run("check", "-", "--json", stdin=wrong).output)
    assert (document["valid"], len(document["faults"])) == (False, 2)
    file = tmp_path / "p.toml"
    assert "escalation plan check" in run("init", str(file)).output
    assert run("init", str(file)).exit_code == 1
    schema = Path(escalation.__file__).with_name("plans") / "plan.schema.json"
    assert run("schema").output == schema.read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(db=str(tmp_path / "t.db"))
    made.ok("Wu: register --trial T --solo", 'Wu: delegate "Zhao" chair')
    return made


def test_a_trial_adopts_shows_and_changes_its_plan(shell: Shell, tmp_path: Path):
    assert "goes by no plan; `escalation trial plan NAME|FILE` adopts one" in shell.fails("plan")
    said = shell.ok("Wu: plan nct07123519 --on 2026-03-02")
    assert f"plan nct07123519, digest {PLAN.digest[:12]}" in said
    assert "In force since entry 3, 2026-03-02." in shell.ok("plan")
    assert shell.json("plan")["digest"] == PLAN.digest
    assert "! Who enters by a recurrent thrombosis" in shell.ok("plan --criteria")
    file = tmp_path / "p.toml"
    run("init", str(file))
    assert "say why it changes" in shell.fails(f"Zhao: plan {file}")
    shell.ok(f'Zhao: plan {file} --reason "amendment 2"')
    assert shell.json("plan")["plan"]["name"] == "my-plan"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("plan nct07123519", "say who records this"),
        ("Wu: plan nct07123519 --criteria", "--criteria shows the plan in force: leave out"),
        ("Wu: plan nct07123519 --csv", "--csv shows the plan in force: leave out nct07123519"),
        ("plan --reason x", "--reason goes with the plan that is adopted"),
    ],
)
def test_what_cannot_stand_together_is_said(shell: Shell, line, says):
    assert says in shell.fails(line, exit_code=2)


def test_a_plan_that_cannot_be_read_leaves_no_ledger(tmp_path: Path):
    shell = Shell(db=str(tmp_path / "none.db"))
    said = shell.fails("Wu: register --trial T --plan nct0712351", exit_code=3)
    assert "no shipped plan of this name; did you mean nct07123519?" in said
    assert not (tmp_path / "none.db").exists()
    shell.ok("Wu: register --trial T --plan nct07123519")
    assert shell.json("plan")["plan"]["name"] == "nct07123519"
