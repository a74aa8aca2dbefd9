"""`escalation trial screen`, `waive` and `flow` at a shell, by the registry's criteria."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from escalation.ledger import open_ledger
from escalation.plan import load_plan
from escalation.plan.eligibility import Answer, judge
from escalation.tracker import Tracker
from escalation.trial import Recorder, adopt_plan
from escalation.trial.screening.judging import answers_of
from tests.cli.shell import Shell
from tests.trial.bench import day

At = Callable[[str], Shell]
AGE_40 = [Answer(value=40, unit="years")]
PERSON = "--disease sle --sex female --born 1985-03 --consented 2026-01-05 --on 2026-01-06"


@pytest.fixture(scope="module")
def planned(stages, tmp_path_factory: pytest.TempPathFactory) -> Path:  # type: ignore[no-untyped-def]
    """A trial with an open cohort, which has adopted the registry's plan."""
    shell: Shell = stages.at("open", tmp_path_factory.mktemp("planned"))
    with open_ledger(shell.db) as ledger:
        tracker = Tracker(ledger, "TJ")
        at = tracker.entries()[-1].at
        adopt = partial(adopt_plan, plan=load_plan("nct07123519"))
        tracker.record(adopt, Recorder(name="chair", on=day(0), at=at))
    return Path(shell.db)


@pytest.fixture
def shell(planned: Path, tmp_path: Path) -> Shell:
    copied = tmp_path / "trial.db"
    copied.write_bytes(planned.read_bytes())
    return Shell(str(copied))


def test_screening_says_what_decides_and_what_is_missing(shell: Shell) -> None:
    said = shell.ok(f'site: screen TJ-1 {PERSON} --result "alt=200 U/L (7..40)" --answer E1=no')
    assert "TJ-1 screened on 2026-01-06, for sle, female, born 1985-03" in said
    assert "TJ-1 is not eligible: I2.3 ALT 200 U/L on 2026-01-06 is above 3 x ULN (120)." in said
    assert "Not known yet: I2.1, I2.2," in said
    document = shell.json('site: screen TJ-1 --answer "E2=no @2026-01-05 by Dr Li" --on 2026-01-07')
    judged = document["eligibility"]["TJ-1"]
    assert judged["verdict"] == "not eligible"
    (finding,) = document["entries"][0]["data"]["findings"]
    assert (finding["on"], finding["by"]) == ("2026-01-05", "Dr Li")
    said = shell.fails("site: enrol TJ-1 --weight 60 --on 2026-01-07")
    assert "TJ-1 is not eligible: I2.3 ALT 200 U/L" in said
    said = shell.ok('site: waive TJ-1 --criteria I2.3 --reason "lupus hepatitis" --on 2026-01-07')
    assert "Waived: I2.3 ALT 200 U/L on 2026-01-06 is above 3 x ULN (120)" in said


def test_subject_alone_shows_every_criterion_and_records_nothing(shell: Shell) -> None:
    shell.ok(f'site: screen TJ-1 {PERSON} --result "alt=200 U/L (7..40)"')
    seq = shell.seq()
    said = shell.ok("screen TJ-1 --on 2026-01-06")
    assert "TJ-1 is not eligible on 2026-01-06." in said
    assert "Not answered yet - " in said
    assert "Gaps of the source that bite here" in said
    items = {item["criterion"]: item for item in shell.json("screen TJ-1 --on 2026-01-06")["items"]}
    assert items["I2.3"]["status"] == "not met"
    assert items["D2"]["status"] == "not asked"
    rows = list(csv.DictReader(io.StringIO(shell.type("screen TJ-1 --on 2026-01-06 --csv").stdout)))
    assert {row["criterion"]: row["status"] for row in rows} == {
        name: item["status"] for name, item in items.items()
    }
    assert shell.seq() == seq


def test_a_file_is_given_again_with_more_in_it(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "tj-1.toml"
    text = 'disease = "sle"\nsex = "female"\nborn = 1985\nconsented = 2026-01-05\n[results]\n'
    file.write_text(text + 'haemoglobin = "8.5 g/dL"\n[answers]\nE1 = false\nI2.1b = "yes"\n')
    shell.ok(f"site: screen TJ-1 --from {file} --on 2026-01-06")
    file.write_text(text + 'haemoglobin = "8.5 g/dL"\nage = "40 years"\n[answers]\nE1 = false\n')
    said = shell.ok(f"site: screen TJ-1 --from {file} --on 2026-01-08")
    assert "1 result of TJ-1 on 2026-01-08: age 40 years" in said
    assert "All of it is recorded" in shell.fails(f"site: screen TJ-1 --from {file}")
    table = tmp_path / "tj-1.csv"
    table.write_text(
        "test;value;unit;lower;upper;date;by;note\nSex;Female;;;;;;\n"
        "ast;30;U/L;;40;2026-01-07;;\nE3;no;;;;;Dr Li;seen, twice\n"
    )
    said = shell.ok(f"site: screen TJ-1 --from {table} --on 2026-01-08")
    assert "2 results of TJ-1 on 2026-01-08: ast 30 U/L on 2026-01-07, E3 no" in said


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.toml", "disease = ", "a.toml: "),
        ("a.toml", 'colour = "red"', "colour is not known; known: disease"),
        ("a.toml", '[results]\nhb = "8,5 g/dL"\nalt = "?"', "8,5 is not a number"),
        ("a.toml", '[results]\nhaemoglobin = "85 mol/kg"', "haemoglobin"),
        ("a.toml", '[results]\nhaemoglobin = "85"', "haemoglobin"),
        ("a.toml", '[answers]\nE99 = "no"', "E99"),
        ("a.toml", '[answers]\nE1 = "maybe"', "E1 maybe"),
        ("a.toml", 'consented = "yesterday"', "consented yesterday is not a day"),
        ("a.toml", 'sex = "woman"', "sex is one of female, male, unknown, not woman"),
        ("a.csv", "name,value\nhb,85", "name is not a column; the columns are test, value"),
        ("a.csv", "test;value;wer;wann\nhb;85;;", "wer, wann are not columns; the columns are"),
        ("a.csv", "test,value\nhb,?,x\nb,", "a.csv: 2 faults line 2: there are more cells"),
        ("a.csv", "test;unit\nhb;g/L", "test and value are needed"),
        ("a.csv", 'test,value\nhb,"8,5"\nE1,', "line 2: 'hb=8,5'"),
        ("a.csv", "test,value\nE1,no,x\n", "line 2: there are more cells than columns"),
    ],
)
def test_a_file_with_a_fault_is_refused_whole(
    shell: Shell, tmp_path: Path, name: str, text: str, why: str
) -> None:
    seq = shell.seq()
    (tmp_path / name).write_text(text)
    assert why in shell.fails(f"site: screen TJ-1 --from {tmp_path / name} --on 2026-01-06")
    assert shell.seq() == seq


@pytest.mark.parametrize(
    ("line", "exit_code", "why"),
    [
        ("screen", 2, "say who is screened: SUBJECT, or --log for everybody"),
        ("screen TJ-9", 1, "TJ-9 has not been screened"),
        ("screen TJ-1 --log", 2, "--log is of everybody"),
        ("screen TJ-1 --disease sle", 2, "say who records this"),
        ("site: screen TJ-1 --disease sle --csv", 2, "--csv goes with SUBJECT alone"),
        ("site: screen --disease sle", 2, "say who is screened"),
        ("site: screen TJ-1 --answer E1", 2, "is not a result"),
        (
            "site: screen TJ-1 --answer E1 --result b=8,5",
            2,
            "--result: 'b=8,5': 8,5 is not a number",
        ),
        ('site: screen TJ-1 --answer "E1=3 g"', 2, "is not ID=yes, no or unknown"),
        ("site: screen TJ-1 --result alt=8,5", 2, "8,5 is not a number"),
        ("site: screen TJ-1 --born 1985-03-02", 1, "a full date of birth could identify"),
        ("site: screen TJ-1 --from no.toml", 1, "no.toml cannot be read"),
        ("chair: screen TJ-1 --disease sle", 1, "to record patients takes site"),
        ("site: waive TJ-1 --criteria I2.3,I2.4 --reason x", 1, "TJ-1 has not been screened"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_line(
    shell: Shell, line: str, exit_code: int, why: str
) -> None:
    assert why in shell.fails(line, exit_code)


def test_the_log_the_flow_and_a_failure_by_its_criterion(shell: Shell, tmp_path: Path) -> None:
    shell.ok(
        f'site: screen TJ-1 {PERSON} --result "haemoglobin=55 g/L"',
        "site: screen-fail TJ-1 --reason anaemia --criteria I2.2 --on 2026-01-06",
        f"site: screen TJ-2 {PERSON}",
        "site: enrol TJ-2 --weight 60 --on 2026-01-06 --deviation compassionate",
    )
    said = shell.ok("screen --log --on 2026-01-06")
    assert "2 screenings of 2 people." in said
    assert "failed on 2026-01-06: anaemia (I2.2)" in said
    assert "enrolled on 2026-01-06: against a gate: compassionate" in said
    (first, second) = shell.json("screen --log")["screenings"]
    assert (first["verdict"], first["not_met"], first["end"]) == (
        "not eligible",
        ["I2.2"],
        "failed",
    )
    assert (second["verdict"], second["end"]) == ("incomplete", "enrolled")
    said = shell.ok("flow")
    assert "screened 2 failed screening 1 I2.2 Haemoglobin at least 60 g/L. 1" in said
    flow = shell.json("flow")
    assert (flow["n_screened"], flow["all"]["n_waiting"]) == (2, 1)
    result = shell.type(f"flow --plot {tmp_path / 'flow.png'} --csv")
    assert result.exit_code == 0
    assert (tmp_path / "flow.png").stat().st_size > 10_000
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["n"] for row in rows if row["stage"] == "failed"] == ["1", "1"]


def test_what_was_known_at_an_entry_is_shown_as_it_was(shell: Shell) -> None:
    shell.ok(f"site: screen TJ-1 {PERSON} --answer E1=no")
    entry = len(shell.json("log")["entries"])
    shell.ok('site: screen TJ-1 --result "haemoglobin=55 g/L" --on 2026-01-07')
    assert "is below 60" in shell.ok("screen TJ-1 --on 2026-01-07")
    then = shell.ok(f"screen TJ-1 --as-of {entry} --on 2026-01-07")
    assert "is below 60" not in then
    assert "TJ-1" in shell.ok(f"screen --log --as-of {entry}")
    assert "TJ-1" not in shell.ok(f"screen --log --as-of {entry - 2}")
    assert "goes by no plan" in shell.fails("plan --as-of 2")
    assert "nct07123519" in shell.ok(f"plan --as-of {entry}")
    said = shell.fails("site: screen TJ-1 --answer E2=no --as-of 3", exit_code=2)
    assert "--as-of goes with SUBJECT alone, or with --log" in said


def test_a_correction_says_how_it_stands_then(shell: Shell) -> None:
    shell.ok(f'site: screen TJ-1 {PERSON} --result "haemoglobin=55 g/L"')
    entry = shell.seq()
    said = shell.ok(f"site: correct {entry - 1} --set born=2015 --reason misread --on 2026-01-06")
    assert "TJ-1 is not eligible: I1 " in said
    said = shell.ok(f"site: correct {entry} --set value=85 --reason misread --on 2026-01-06")
    assert "I2.2" not in said


def test_the_file_of_the_documentation_is_recorded_as_it_stands(
    shell: Shell, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "screening.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "tj-001.toml").write_text(text, encoding="utf-8")
    said = shell.ok(f"site: screen TJ-1 --from {tmp_path / 'tj-001.toml'} --on 2026-03-04")
    assert "6 results of TJ-1 on 2026-03-04" in said


FITTING = """
disease = "sle"
sex = "male"
born = "1985-03"
consented = 2026-01-05
[results]
neutrophils = "2.1 x10^9/L"
haemoglobin = "8.5 g/dL"
alt = "30 U/L (7..40)"
ast = "30 U/L (7..40)"
bilirubin = "0.7 mg/dL (0.2..1.2)"
creatinine = "150 umol/L"
weight = "60 kg"
inr = "1.0 (0.8..1.2)"
pt = "12 s (10..14)"
fertile = "no"
upcr = "2.1 g/g"
ln-class = "IV"
sclerosis = "10 %"
"""


def test_who_fits_the_registrys_criteria_is_enrolled_and_every_question_matters(
    shell: Shell, tmp_path: Path
) -> None:
    """Oracle: of somebody with lupus nephritis each question, answered the other way, excludes."""
    plan = load_plan("nct07123519")
    asked = [c for c in plan.criteria if not (c.test or c.all_of or c.any_of)]
    common = [c for c in asked if c.id[0] in "IE" or c.id in ("D1.1", "D1.LN1")]
    common = [c for c in common if c.id not in ("I3.1", "I3.3")]  # of fertile people
    right = {c.id: "no" if c.id[0] == "E" else "yes" for c in common}
    lines = "\n".join(f'"{name}" = "{answer}"' for name, answer in right.items())
    (tmp_path / "fits.toml").write_text(f"{FITTING}[answers]\n{lines}\n")
    said = shell.ok(f"site: screen TJ-1 --from {tmp_path / 'fits.toml'} --on 2026-01-06")
    assert "TJ-1 is eligible." in said
    with open_ledger(shell.db) as ledger:
        state = Tracker(ledger, "TJ").state()
    plan_, chart = state.plan, state.chart("TJ-1")
    assert plan_ is not None
    assert chart.screening is not None
    on = chart.screening.event.on
    answers = answers_of(chart, chart.screening, on)
    together = ("E8.1a", "E8.1b", "E8.1c")  # HBsAg, and HBcAb, and DNA: all three exclude
    for name, answer in right.items():
        for other in ({"yes": "no", "no": "yes"}[answer], "unknown"):
            names = together if name in together else (name,)
            changed = {**answers, **{n: [replace(answers[n][-1], answer=other)] for n in names}}
            found = judge(plan_, {**changed, "age": AGE_40}, disease="sle", sex="male", on=on)
            assert found.verdict != "eligible", (name, other)
    shell.ok("site: enrol TJ-1 --weight 60 --on 2026-01-06")
    assert "Nothing is wrong." in shell.ok("verify")
