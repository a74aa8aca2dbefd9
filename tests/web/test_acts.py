"""What a site or an adjudicator records on the page is what the command line records."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import pytest

from escalation.cli import main
from escalation.cli.trial import recording
from escalation.ledger import Ledger, open_ledger
from escalation.trial.demo.script import ADJUDICATOR, CHAIR, SITE
from escalation.web.acts import ACTS
from tests.cli.shell import Shell
from tests.web.acting import act
from tests.web.conftest import NOW, TRIAL, AsPerson

WAITS = f'{SITE}: enrol TJ-040 --weight 60.5 --deviation "sponsor asked" --on 2026-05-28'
SITES = (
    f"{CHAIR}: site add Tianjin --time-zone Asia/Shanghai --on 2026-05-28",
    f"{CHAIR}: site add Lyon --time-zone Europe/Paris --on 2026-05-28",
)
SHEET = "subject,level,outcome,outcome_on,reason\nTJ-008,2,not evaluable,2026-05-27,withdrew\n"

# person, form, link, fields; the line at a shell; lines before it
SAME: dict[str, tuple[str, str, str, dict[str, Any], str, tuple[str, ...]]] = {
    "a DLT with two toxicities": (
        *(SITE, "outcome", "?subject=TJ-008"),
        {
            "outcome": "dlt",
            "toxicities-0-term": "CRS",
            "toxicities-0-grade": "3",
            "toxicities-0-onset": "2026-05-20",
            "toxicities-0-relation": "probable",
            "toxicities-0-narrative": "two lines\r\nof it",
            "toxicities-1-term": "ICANS",
            "toxicities-1-grade": "4",
            "toxicities-1-onset": "2026-05-21",
        },
        "outcome TJ-008 --dlt --term CRS --grade 3 --onset 2026-05-20 --relation probable "
        '--narrative "two lines of it" --term ICANS --grade 4 --onset 2026-05-21 --relation - '
        "--narrative -",
        (),
    ),
    "not evaluable": (
        *(SITE, "outcome", "?subject=TJ-008"),
        {"outcome": "not-evaluable", "reason": "withdrew consent", "on": "2026-05-27"},
        'outcome TJ-008 --not-evaluable --reason "withdrew consent" --on 2026-05-27',
        (),
    ),
    "a screening failure": (
        *(SITE, "screen-fail", ""),
        {"subject": "TJ-012", "reason": "creatinine clearance 41 mL/min"},
        'screen-fail TJ-012 --reason "creatinine clearance 41 mL/min"',
        (),
    ),
    "an enrolment against a gate": (
        *(SITE, "enrol", ""),
        {"subject": "TJ-040", "weight": "60.5", "deviation": "sponsor asked"},
        'enrol TJ-040 --weight 60.5 --deviation "sponsor asked"',
        (),
    ),
    "an enrolment at one of two sites": (
        *(SITE, "enrol", ""),
        {"subject": "TJ-040", "weight": "60.5", "site": "Lyon", "deviation": "sponsor asked"},
        'enrol TJ-040 --weight 60.5 --site Lyon --deviation "sponsor asked"',
        SITES,
    ),
    "a dosing with the amount that the protocol plans": (
        *(SITE, "dose", "?subject=TJ-040"),
        {"infused": "3.5×10⁸", "lot": "L-040", "deviation": "thawed", "on": "2026-05-28"},
        "dose TJ-040 --infused 3.5e8 --lot L-040 --deviation thawed --on 2026-05-28",
        (WAITS,),
    ),
    "a dosing of which another amount was planned": (
        *(SITE, "dose", "?subject=TJ-040"),
        {"infused": "350000000", "planned": "3.55E8", "deviation": "thawed"},
        "dose TJ-040 --infused 3.5e8 --planned 3.55e8 --deviation thawed",
        (WAITS,),
    ),
    "a further infusion": (
        *(SITE, "further", "?subject=TJ-010"),
        {"infused": "2E7", "lot": "L-010b", "on": "2026-05-25"},
        "dose TJ-010 --further --infused 2e7 --lot L-010b --on 2026-05-25",
        (),
    ),
    "a transfer": (
        *(SITE, "transfer", "?subject=TJ-010"),
        {"to": "Lyon", "reason": "moved house"},
        'transfer TJ-010 --to Lyon --reason "moved house"',
        SITES,
    ),
    "another id": (
        *(SITE, "rename", "?subject=TJ-010"),
        {"renamed": "TJ-100", "reason": "digits swapped"},
        'rename TJ-010 --to TJ-100 --reason "digits swapped"',
        (),
    ),
    "an adverse event with all that can be said": (
        *(SITE, "event", "?subject=TJ-008"),
        {
            "term": "pneumonia",
            "grade": "3",
            "started": "2026-05-11",
            "ended": "2026-05-20",
            "aware": "2026-05-12",
            "on": "2026-05-27",
            "scale_version": "6.0",
            "other_category": "infection",
            "code": "10035664",
            "dictionary": "MedDRA 28.0",
            "baseline_grade": "0",
            "serious": ["medically important", "hospitalisation"],
            "relation": "possible",
            "action": "none",
            "outcome": "recovered",
            "treatment": "ceftriaxone",
            "narrative": "resolved on day 9",
        },
        "ae TJ-008 --term pneumonia --grade 3 --started 2026-05-11 --ended 2026-05-20 --aware "
        "2026-05-12 --on 2026-05-27 --scale-version 6.0 --category infection --code 10035664 "
        '--dictionary "MedDRA 28.0" --baseline-grade 0 --serious hospitalisation --serious '
        '"medically important" --relation possible --action none --outcome recovered '
        '--treatment ceftriaxone --narrative "resolved on day 9"',
        (),
    ),
    "an adverse event with the least that can be said": (
        *(SITE, "event", "?subject=TJ-008"),
        {"term": "fever", "grade": "1", "started": "2026-05-11", "on": "2026-05-28"},
        "ae TJ-008 --term fever --grade 1 --started 2026-05-11 --on 2026-05-28",
        (),
    ),
    "CRS": (
        *(SITE, "crs", "?subject=TJ-008"),
        {
            "started": "2026-05-08",
            "on": "2026-05-28",
            "temperature": "38.5",
            "vasopressors": "1",
            "hypotension": "yes",
            "oxygen": "nasal",
            "oxygen_flow": "6",
        },
        "ae TJ-008 --term CRS --category crs --started 2026-05-08 --observe temperature=38.5 "
        '--observe hypotension=yes --observe vasopressors=1 --observe "oxygen=nasal 6" '
        "--on 2026-05-28",
        (),
    ),
    "ICANS": (
        *(SITE, "icans", "?subject=TJ-008"),
        {
            "started": "2026-05-08",
            "on": "2026-05-28",
            "ice": "5",
            "consciousness": "by-itself",
            "sedated": "yes",
            "oedema": "none",
        },
        "ae TJ-008 --term ICANS --category icans --started 2026-05-08 --observe ice=5 --observe "
        "consciousness=by-itself --observe sedated=yes --observe oedema=none --on 2026-05-28",
        (),
    ),
    "low neutrophils": (
        *(SITE, "icaht", "?subject=TJ-008"),
        {
            "started": "2026-05-11",
            "on": "2026-05-28",
            "term": "neutropenia",
            "neutrophils": "0=2.1 5=0.4\r\n9=0.3; 13=0.9",
        },
        "ae TJ-008 --term neutropenia --scale ICAHT --started 2026-05-11 --observe 0=2.1 "
        "--observe 5=0.4 --observe 9=0.3 --observe 13=0.9 --on 2026-05-28",
        (),
    ),
    "a follow-up": (
        *(SITE, "follow-up", "?entry=40"),
        {"grade": "1", "ended": "2026-05-26", "outcome": "recovered", "on": "2026-05-26"},
        "ae --update 40 --grade 1 --ended 2026-05-26 --outcome recovered --on 2026-05-26",
        (),
    ),
    "a follow-up of CRS by signs": (
        *(SITE, "follow-up", "?entry=41"),
        {"temperature": "38.1", "vasopressors": "0", "oxygen": "none", "on": "2026-05-26"},
        "ae --update 41 --observe temperature=38.1 --observe vasopressors=0 --observe oxygen=none "
        "--on 2026-05-26",
        (),
    ),
    "a ruling on an event": (
        *(ADJUDICATOR, "adjudicate", "?entry=22"),
        {"dlt": "dlt", "reason": "culture was positive"},
        'adjudicate 22 --dlt --reason "culture was positive"',
        (),
    ),
    "a ruling on who counts": (
        *(ADJUDICATOR, "evaluable", "?subject=TJ-007"),
        {"evaluable": "no", "reason": "the bag leaked"},
        'evaluable TJ-007 --no --reason "the bag leaked"',
        (),
    ),
    "a corrected lot": (
        *(SITE, "correct", "?entry=60"),
        {"lot": "L-10", "reason": "misread"},
        "correct 60 --set lot=L-10 --reason misread",
        (),
    ),
    "a corrected amount and day": (
        *(SITE, "correct", "?entry=60"),
        {"infused": "3.2E8", "said_on": "2026-05-23", "lot": "", "reason": "misread"},
        "correct 60 --set infused=3.2e8 --set lot= --set on=2026-05-23 --reason misread",
        (),
    ),
    "a corrected weight": (
        *(SITE, "correct", "?entry=59"),
        {"weight_kg": "55.5", "reason": "misread"},
        "correct 59 --set weight_kg=55.5 --reason misread",
        (),
    ),
    "a corrected toxicity": (
        *(SITE, "correct", "?entry=21"),
        {"toxicities-0-grade": "1", "reason": "misread"},
        "correct 21 --set grade=1 --reason misread",
        (),
    ),
    "an outcome that is withdrawn": (
        *(SITE, "correct", "?entry=26"),
        {"withdraw": "y", "reason": "of another patient"},
        'correct 26 --withdraw --reason "of another patient"',
        (),
    ),
    "a corrected report": (
        *(SITE, "correct", "?entry=22"),
        {"category": "", "other_category": "lung", "serious": ["disability"], "reason": "misread"},
        "correct 22 --set category=lung --set serious=disability --reason misread",
        (),
    ),
    "a corrected observation": (
        *(SITE, "correct", "?entry=41"),
        {"temperature": "39.2", "reason": "misread"},
        'correct 41 --set \'observations={"temperature": 39.2, "vasopressors": 1, "oxygen": '
        '"none"}\' --reason misread',
        (),
    ),
    "a corrected follow-up": (
        *(SITE, "correct", "?entry=44"),
        {"grade": "1", "reason": "misread"},
        "correct 44 --set grade=1 --reason misread",
        (),
    ),
    "a spreadsheet": (
        *(SITE, "import", ""),
        {"file": SHEET, "decimal": ",", "on": "2026-05-28"},
        "import sheet.csv --decimal , --on 2026-05-28",
        (),
    ),
}

PLAN = f"{CHAIR}: plan nct07123519 --on 2026-05-28"
SCREENED = (PLAN, f"{SITE}: screen TJ-041 --disease sle --sex female --born 1975-03")
SAME |= {
    "somebody who is screened": (
        *(SITE, "screen", ""),
        {"subject": "TJ-041", "disease": "sle", "sex": "female", "consented": "2026-05-27"},
        "screen TJ-041 --disease sle --sex female --consented 2026-05-27",
        (PLAN,),
    ),
    "answers to criteria": (
        *(SITE, "criteria", "?subject=TJ-041"),
        {
            "result-haemoglobin-value": "8.5",
            "result-haemoglobin-unit": "g/dL",
            "result-I2.9-answer": "yes",
            "result-I2.9-by": "Dr Ren",
        },
        'screen TJ-041 --result "haemoglobin=8.5 g/dL" --result "I2.9=yes by Dr Ren"',
        SCREENED,
    ),
    "a waiver": (
        *(SITE, "waive", "?subject=TJ-041"),
        {"criteria": ["I2.3"], "reason": "lupus hepatitis"},
        'waive TJ-041 --criteria I2.3 --reason "lupus hepatitis"',
        (*SCREENED, f'{SITE}: measure TJ-041 "alt=200 U/L (10..40)"'),
    ),
    "results at a visit": (
        *(SITE, "results", "?at=TJ-001+W4"),
        {
            "result-yts109-value": "50",
            "result-yts109-below": "y",
            "result-crp-not_done": "no sample",
            "on": "2026-02-09",
        },
        'measure TJ-001 "yts109=<50 copies/ug" "crp=not done: no sample" --visit W4 '
        "--on 2026-02-09",
        (PLAN,),
    ),
    "a visit that was missed": (
        *(SITE, "visit", "?at=TJ-001+W12"),
        {"how": "missed", "missed": "snowed in", "on": "2026-04-06"},
        'visit TJ-001 W12 --missed "snowed in" --on 2026-04-06',
        (PLAN,),
    ),
    "somebody who left": (
        *(SITE, "leave", "?subject=TJ-001"),
        {"why": "lost to follow-up", "reason": "moved"},
        'leave TJ-001 --because "lost to follow-up" --reason moved',
        (PLAN,),
    ),
}


def _data(ledger: Ledger, after: int) -> list[tuple[str, int, Any, str]]:
    return [
        (entry.kind, entry.version, json.loads(entry.data), entry.recorded_by)
        for entry in ledger.entries(TRIAL, after=after)
    ]


@pytest.fixture
def typed(demo_file: Path, tmp_path: Path) -> Path:
    """Return another copy of the demo's ledger, for the command line."""
    return shutil.copy(demo_file, tmp_path / "typed.db")


@pytest.mark.parametrize("case", SAME)
def test_the_page_records_what_the_command_line_records(
    case: str,
    as_person: AsPerson,
    ledger: Ledger,
    typed: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    person, name, query, fields, line, before = SAME[case]
    monkeypatch.setattr(recording, "now", lambda: NOW)
    monkeypatch.setattr(recording, "today", NOW.date)
    there, here = Shell(str(typed)), Shell(ledger.name)
    for earlier in before:
        there.ok(earlier)
        here.ok(earlier)
    seen = len(ledger.entries(TRIAL))
    if "file" in fields:
        (typed.parent / "sheet.csv").write_text(fields["file"], "utf-8")
        monkeypatch.chdir(typed.parent)
        fields = {**fields, "file": (BytesIO(fields["file"].encode()), "sheet.csv")}
    result = there.type(f"{person}: {line}")
    assert result.exit_code == 0, result.output
    said = act(as_person(person), name, query, fields)
    with open_ledger(str(typed)) as other:
        assert _data(ledger, seen) == _data(other, seen)
    assert "recorded" in said.text


# commands that record, and the forms that do; those of the committee and the office are elsewhere
ON_THE_PAGE: dict[str, tuple[str, ...]] = {
    "enrol": ("enrol",),
    "dose": ("dose", "further"),
    "outcome": ("outcome",),
    "screen-fail": ("screen-fail",),
    "ae": ("event", "crs", "icans", "icaht", "follow-up"),
    "adjudicate": ("adjudicate",),
    "evaluable": ("evaluable",),
    "correct": ("correct",),
    "rename": ("rename",),
    "transfer": ("transfer",),
    "import": ("import",),
    "screen": ("screen", "criteria"),
    "waive": ("waive",),
    "measure": ("results",),
    "visit": ("visit",),
    "leave": ("leave",),
}
OF_COMMITTEE_AND_OFFICE = {
    *("amend", "circulate", "close", "decide", "delegate", "freeze", "hold", "resume"),
    *("plan", "sign", "vote", "site add", "key add", "key revoke"),
}
NOT_ON_THE_PAGE = {
    "register": "a trial begins where its protocol file is: at the terminal",
    "demo": "it makes a ledger of its own",
    "key statement": "it prints what is to be signed, and records nothing",
    "timestamp keep": "it takes the answer of an authority from a file, or asks it on the network",
}


def _recording() -> set[str]:
    """Return the commands of a trial that record: they say who does it."""

    def walk(group: click.Group, path: tuple[str, ...]) -> Any:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from walk(command, (*path, name))
            if any(param.envvar == "ESCALATION_AS" for param in command.params):
                yield " ".join((*path, name))

    trial = main.get_command(click.Context(main), "trial")
    assert isinstance(trial, click.Group)
    return set(walk(trial, ()))


def test_every_command_that_records_is_on_the_page_or_named_with_the_reason():
    commands = _recording()
    known = {*ON_THE_PAGE, *OF_COMMITTEE_AND_OFFICE, *NOT_ON_THE_PAGE}
    assert commands - known == set()
    assert {*ON_THE_PAGE, *OF_COMMITTEE_AND_OFFICE} - commands == set()
    assert {form for forms in ON_THE_PAGE.values() for form in forms} <= set(ACTS)


def test_every_form_of_sites_and_adjudicators_is_held_against_the_command_line():
    used = {name for _, name, *_ in SAME.values()}
    assert used == {form for forms in ON_THE_PAGE.values() for form in forms}
