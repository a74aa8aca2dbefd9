"""`escalation trial ae` at a shell: what is said, what is refused, and the tables it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .shell import Shell

At = Callable[[str], Shell]
BEGAN = "ae S1 --term CRS --started 2026-01-07"
CRS = "--term CRS --category crs --grade 2 --started 2026-01-07"


def reported(at: At) -> tuple[Shell, int]:
    """A trial in which S1, dosed on 2026-01-05, had CRS; with the entry's number."""
    shell = at("dosed")
    shell.ok(f"site: ae S1 {CRS} --on 2026-01-08 --relation probable --serious hospitalisation")
    return shell, shell.seq()


def test_an_event_is_reported_followed_up_and_corrected(at: At) -> None:
    shell = at("dosed")
    said = shell.ok(
        f"site: ae S1 {CRS} --on 2026-01-08 --aware 2026-01-07 --serious hospitalisation "
        '--relation probable --code 10052015 --dictionary "MedDRA 27.1" --baseline-grade 0 '
        '--treatment tocilizumab --outcome "not recovered" --action "not applicable"'
    )
    entry = shell.seq()
    assert said.startswith(
        f"Entry {entry} recorded: S1 had CRS, grade 2 (CTCAE 5.0), baseline grade 0, onset "
        "2026-01-07, the site aware on 2026-01-07, category crs, code 10052015 (MedDRA 27.1), "
        "serious: hospitalisation, relation probable, outcome not recovered, action taken: not "
        'applicable, treatment: "tocilizumab".'
    )
    said = shell.ok(f"site: ae --update {entry} --grade 3 --on 2026-01-09 --aware 2026-01-10")
    assert (
        f"adverse event {entry} (CRS of S1), from 2026-01-09 on: grade 3, the site aware on "
        "2026-01-10."
    ) in said
    said = shell.ok(f"site: correct {entry + 1} --set grade=4 --reason misread --on 2026-01-10")
    assert f"(follow-up of adverse event {entry}) corrected on 2026-01-10: grade 3 -> 4" in said
    said = shell.ok(f"site: correct {entry} --set started=2026-01-06 --reason misread "
                    "--on 2026-01-10")  # fmt: skip
    assert (
        f"entry {entry} (CRS of S1) corrected on 2026-01-10: started 2026-01-07 -> 2026-01-06"
        in said
    )
    log = shell.ok("log --subject S1")
    assert f"[corrected by {entry + 3}] [followed up by {entry + 1}]" in log
    status = shell.ok("status --on 2026-01-10")
    assert "1 adverse event, worst grade 4, 1 serious" in status
    assert "Adverse events: 1 in 1 patient, worst grade 4, 1 serious." in status
    (patient,) = shell.json("status --on 2026-01-10")["patients"]
    assert (patient["n_adverse_events"], patient["n_serious"], patient["worst_grade"]) == (1, 1, 4)


def test_the_definition_of_a_dlt_is_held_against_what_was_reported(at: At) -> None:
    shell, entry = reported(at)
    said = shell.ok(f"site: ae --update {entry} --grade 4 --on 2026-01-09")
    assert "Definition of a DLT: meets rule " in said
    document = shell.json(f"site: ae --update {entry} --outcome recovering --on 2026-01-10")
    assert document["definition"]["verdict"] == "meets the definition"
    (event,) = shell.json("ae --table --on 2026-01-10")["events"]
    assert event["definition"] == "meets the definition"


def test_observations_are_graded_by_the_rule_that_is_said(at: At) -> None:
    shell = at("dosed")
    signs = '--observe temperature=38.5 --observe vasopressors=1 --observe "oxygen=nasal 6"'
    began = "--term CRS --category crs --started 2026-01-07 --on 2026-01-08"
    said = shell.ok(f"site: ae S1 {began} {signs}")
    assert "S1 had CRS, grade 3 (ASTCT 2019: one vasopressor)" in said
    said = shell.fails(f"site: ae S1 {began} {signs} --grade 2")
    assert "Grade 2 was typed, but the observations give grade 3: one vasopressor." in said
    assert "by ASTCT an event of the category crs or icans is graded" in shell.fails(
        "site: ae S1 --term CRS --started 2026-01-07 --observe temperature=38.5 --on 2026-01-08"
    )
    assert "colour is not an observation of crs" in shell.fails(
        f"site: ae S1 {began} --observe colour=red"
    )
    said = shell.ok(f"site: ae --update {shell.seq()} --observe temperature=39 "
                    "--observe oxygen=cpap --on 2026-01-09")  # fmt: skip
    assert "grade 4" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "ae S1 --term CRS --started 2026-01-07 --grade 0",
            "A grade is a whole number from 1 to 5, not 0.",
        ),
        (
            "ae S1 --term CRS --started 2026-01-07 --grade 6",
            "A grade is a whole number from 1 to 5, not 6.",
        ),
        (
            "ae S1 --term CRS --started 2026-01-07 --grade 3.5",
            "A grade is a whole number from 1 to 5, not 3.5.",
        ),
        (f"ae S1 {CRS} --ended 2026-01-06", "The end 2026-01-06 is before the onset 2026-01-07."),
        (f"ae S1 {CRS} --aware 2026-01-06", "aware on 2026-01-06, before the onset 2026-01-07."),
        ("ae S1 --term CRS --grade 2 --started 2026-01-04", "an event before enrolment"),
        (f"ae S7 {CRS}", "No subject S7 is enrolled"),
        ("ae --update 1 --grade 3", "Entry 1 does not report an adverse event; there is none yet."),
        ("ae --update 99 --grade 3", "There is no entry 99"),
    ],
)
def test_bad_input_is_refused_by_name_and_nothing_is_recorded(
    at: At, line: str, words: str
) -> None:
    shell = at("dosed")
    seq = shell.seq()
    assert words in shell.fails(f"site: {line} --on 2026-01-08")
    assert shell.seq() == seq


def test_nobody_dies_twice(at: At) -> None:
    shell = at("dosed")
    death = "--term sepsis --grade 5 --started 2026-01-07 --ended 2026-01-08 --on 2026-01-08"
    assert "serious: death" in shell.ok(f"site: ae S1 {death}")
    entry = shell.seq()
    assert f"S1 died on 2026-01-08 by adverse event {entry}: nobody dies twice." in shell.fails(
        f"site: ae S1 {death}"
    )
    assert "is after the death of S1" in shell.fails(
        "site: ae S1 --term rash --grade 1 --started 2026-01-09 --on 2026-01-09"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ae", "say whose event it is: SUBJECT, --update ENTRY or --table"),
        ("ae S1", "an event needs --term, --started, --grade"),
        ("ae S1 --term x --grade 1", "an event needs --started"),
        ("ae --update 9", "say what has changed, such as --grade or --ended"),
        ("ae S1 --update 9 --grade 1", "SUBJECT cannot be given with --update"),
        ("ae --update 9 --term x", "--term cannot be given with --update"),
        ("ae --table S1 --grade 3", "SUBJECT, --grade cannot be given with --table"),
        (f"ae S1 {CRS} --csv", "--csv goes with --table"),
        (f"ae S1 {CRS} --plot a.png", "--plot goes with --table"),
        ("ae --table --csv --json", "give one format, not csv and json"),
        (f"ae S1 {CRS} --relation maybe", "'maybe' is not one of"),
        ("ae S1 --started yesterday", "is not a day"),
    ],
)
def test_combinations_that_say_nothing_are_usage_errors(at: At, line: str, words: str) -> None:
    assert words in at("dosed").fails(f"site: {line}", exit_code=2)


def test_the_tables_need_nobody_to_record_and_come_in_every_form(at: At, tmp_path: Path) -> None:
    shell, entry = reported(at)
    said = shell.ok("ae --table")
    assert f"Trial TJ after entry {entry}: 1 adverse event in 1 of 1 patient, 1 treated." in said
    assert "CRS grade 2, 2026-01-07: hospitalisation; relation probable" in said
    assert shell.json("ae --table")["levels"][-1]["any"]["n_events"] == 1
    rows = shell.type("ae --table --csv").stdout.splitlines()
    assert rows[0].startswith("level,category,term,worst_grade,n_patients,n_events")
    for ending in ("html", "md", "tex", "csv", "json"):
        file = tmp_path / f"events.{ending}"
        assert shell.type(f"ae --table --output {file}").exit_code == 0
        assert "CRS" in file.read_text(encoding="utf-8")


def test_the_tables_are_drawn(at: At, tmp_path: Path) -> None:
    shell, _ = reported(at)
    file = tmp_path / "events.svg"
    result = shell.type(f"ae --table --plot {file}")
    assert result.exit_code == 0
    assert result.stderr == f"wrote {file}\n"
    assert "grade 4" in file.read_text(encoding="utf-8")
    assert "no treatment-emergent adverse event" in at("decided").fails(f"ae --table --plot {file}")


def test_a_request_that_is_repeated_is_recorded_once(at: At) -> None:
    shell = at("dosed")
    signs = "--observe temperature=38.5 --observe vasopressors=1"
    line = (
        f"site: ae S1 --term CRS --category crs --started 2026-01-07 {signs} --on 2026-01-08 "
        "--serious hospitalisation --serious life-threatening --request-id first"
    )
    entry = shell.json(line)["entries"][0]["seq"]
    assert shell.json(line)["entries"][0]["seq"] == entry == shell.seq()
    line = (
        f"site: ae --update {entry} --observe temperature=39 --observe vasopressors=2 "
        "--serious hospitalisation --ended 2026-01-09 --on 2026-01-09 --request-id second"
    )
    assert shell.json(line)["entries"][0]["seq"] == entry + 1
    assert shell.json(line)["entries"][0]["seq"] == entry + 1 == shell.seq()
    assert "is not as it was written" not in shell.ok("verify")


def test_a_term_as_long_as_may_be_is_folded_and_the_table_keeps_to_the_page(at: At) -> None:
    shell = at("dosed")
    term = " ".join(["encephalopathy"] * 13)  # 194 letters
    shell.ok(f"site: ae S1 --term '{term}' --grade 2 --started 2026-01-08 --on 2026-01-09")
    said = shell.ok("ae --table")
    assert said.count("encephalopathy") % 13 == 0
