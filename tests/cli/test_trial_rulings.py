"""Verdicts, rulings, pauses and split infusions at a shell; cases 12 and 13 of the field typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .shell import Shell

At = Callable[[str], Shell]
DEATH = "--term MOF --grade 5 --relation definite"


def with_adjudicator(at: At, stage: str) -> Shell:
    shell = at(stage)
    shell.ok('office: delegate "P. Novak" adjudicator --on 2026-01-05')
    return shell


# ---------------------------------------------------------------- case 12


def test_no_dlt_with_a_grade_5_definitely_related_toxicity_is_refused(at: At) -> None:
    """Case 12: accepted silently by 0.2.0."""
    shell = with_adjudicator(at, "dosed")
    before = shell.seq()
    said = shell.fails(f"site: outcome S1 --no-dlt {DEATH} --onset 2026-01-10 --on 2026-02-02")
    assert said.startswith("escalation: the outcome of S1 cannot be recorded")
    assert "MOF of S1, grade 5, definite, meets rule" in said
    assert (
        'It cannot be "no DLT" unless it is recorded as an event (trial ae S1) and adjudicated as '
        "none (trial adjudicate)." in said
    )
    assert shell.seq() == before

    recorded = f"site: ae S1 {DEATH} --started 2026-01-10 --on 2026-01-12"
    said = shell.ok(recorded)
    entry = shell.seq()
    assert "Enrolment is paused: S1 died." in said
    assert f"(entry {entry}) is not adjudicated: it meets rule" in said
    said = shell.fails("site: outcome S1 --no-dlt --on 2026-02-02")
    assert (
        f'it has to be adjudicated before "no DLT" can be said (trial adjudicate {entry})' in said
    )

    said = shell.fails(f"P. Novak: adjudicate {entry} --no-dlt --on 2026-01-20")
    assert "To rule otherwise needs a reason." in said
    said = shell.ok(
        f'P. Novak: adjudicate {entry} --no-dlt --reason "progression, by autopsy" --on 2026-01-20'
    )
    assert f"Entry {entry + 1} recorded: adverse event {entry} (MOF of S1) adjudicated" in said
    assert "as no DLT, although it meets the definition" in said
    assert "Departure: MOF grade 5 of S1" in said
    shell.ok(f"site: outcome S1 --no-dlt {DEATH} --onset 2026-01-10 --on 2026-02-02")
    page = shell.ok("status --on 2026-02-03")
    assert "was ruled no DLT by P. Novak, although it meets the definition" in page
    assert 'Reason: "progression, by autopsy"' in page


def test_a_ruling_of_a_dlt_is_the_outcome_and_the_rule_sees_it_at_once(at: At) -> None:
    shell = with_adjudicator(at, "dosed")
    shell.ok(
        "site: ae S1 --term CRS --grade 3 --relation probable --started 2026-01-10 --on 2026-01-12"
    )
    entry = shell.seq()
    said = shell.ok(f"P. Novak: adjudicate {entry} --dlt --on 2026-01-12")
    assert f"Entries {entry + 1} and {entry + 2} recorded: adverse event {entry}" in said
    assert "S1 had a DLT, as of 2026-01-12" in said
    status = shell.json("status --on 2026-01-12")
    assert status["history"] == "1T"
    assert status["rulings"][0]["entry"] == entry + 1


# ---------------------------------------------------------------- case 13


@pytest.mark.parametrize(("infused", "percent"), [("1.8e6", "1 %"), ("1.8e9", "1000 %")])
def test_one_percent_or_a_thousand_of_the_dose_clears_no_level(
    at: At, infused: str, percent: str
) -> None:
    """Case 13: infused 1 % or 1,000 % of the planned amount, then "no DLT"."""
    shell = with_adjudicator(at, "enrolled")
    shell.ok(f"site: dose S1 --infused {infused} --on 2026-01-05")
    said = shell.ok("site: outcome S1 --no-dlt --on 2026-02-02")
    assert f"The evaluability of S1 has to be ruled: {percent} of the planned dose." in said
    status = shell.json("status --on 2026-02-02")
    assert status["history"] == "1?"
    assert status["patients"][0]["standing"] == "evaluability to be ruled"
    assert "evaluability to be ruled" in shell.ok("status --on 2026-02-02")

    said = shell.fails('site: evaluable S1 --yes --reason "seen" --on 2026-02-03')
    assert "to rule on evaluability takes chair or adjudicator" in said
    said = shell.ok('P. Novak: evaluable S1 --no --reason "the bag leaked" --on 2026-02-03')
    assert "S1 ruled not evaluable on 2026-02-03: the bag leaked" in said
    status = shell.json("status --on 2026-02-03")
    assert status["history"] == "1X"
    assert status["cohorts"][0]["n_free"] == 3
    assert status["patients"][0]["ruled_evaluable"] is False
    assert status["patients"][0]["ruled_because"] == "the bag leaked"
    shell.ok('P. Novak: evaluable S1 --yes --reason "expanded in vivo" --on 2026-02-04')
    assert shell.json("status --on 2026-02-04")["history"] == "1N"
    page = shell.ok("status --on 2026-02-04")
    assert 'Rulings: - S1 was ruled not evaluable by P. Novak: "the bag leaked" It is not' in page
    assert "ruled evaluable: expanded in vivo" in page


def test_a_dose_in_parts_adds_up(at: At) -> None:
    shell = at("enrolled")
    shell.ok("site: dose S1 --infused 0.9e8 --lot L-1 --on 2026-01-05")
    said = shell.ok("site: dose S1 --further --infused 0.9e8 --lot L-2 --on 2026-01-06")
    assert "S1 dosed further on 2026-01-06, 9E7 cells, lot L-2." in said
    entry = shell.seq()
    page = shell.ok("status --on 2026-01-07")
    assert "2 infusions, the last on 2026-01-06" in page
    patient = shell.json("status --on 2026-01-07")["patients"][0]
    assert (patient["infused"], patient["n_infusions"]) == (1.8e8, 2)
    assert patient["percent_of_planned"] == 100
    said = shell.ok(f"site: correct {entry} --set infused=9.9e7 --reason misread --on 2026-01-07")
    assert f"entry {entry} (further infusion of S1) corrected" in said
    assert "dosed further" in shell.ok("log --subject S1")
    shell.ok("site: outcome S1 --no-dlt --on 2026-02-02")
    assert shell.json("status --on 2026-02-02")["history"] == "1N"


# ---------------------------------------------------------------- pauses


def test_a_death_pauses_and_a_decision_resumes(at: At) -> None:
    shell = at("dosed")
    said = shell.ok(
        "site: ae S1 --term sepsis --grade 5 --relation unrelated --started 2026-01-10 "
        "--on 2026-01-12"
    )
    entry = shell.seq()
    page = shell.ok("status --on 2026-01-20")
    assert f"ENROLMENT IS PAUSED since entry {entry}: S1 died." in page
    said = shell.ok("next --on 2026-01-20")
    assert "No. It takes a decision of the committee." in said
    assert shell.json("next --on 2026-01-20")["needs_decision"] is True
    assert "is paused since entry" in shell.fails("site: enrol S2 --weight 60 --on 2026-01-20")
    said = shell.fails("chair: resume --reason reviewed --on 2026-01-20")
    assert "(trial decide --resume)" in said
    assert "To resume needs a rationale." in shell.fails("chair: decide --resume --on 2026-01-20")
    said = shell.ok('chair: decide --resume --rationale "unrelated, by culture" --on 2026-01-20')
    assert "decision of 2026-01-20 on entries up to" in said
    assert "resume enrolment" in said
    assert "as the rule says" not in said
    assert "other than the rule" not in said
    shell.ok("chair: sign approved --on 2026-01-20")
    assert "has to be adjudicated" in shell.ok("next --on 2026-01-20")
    shell.ok(f"chair: adjudicate {entry} --no-dlt --reason 'by culture' --on 2026-01-20")
    assert "Yes." in shell.ok("next --on 2026-01-20")
    assert "PAUSED" not in shell.ok("status --on 2026-01-20")
    assert "resume enrolment" in shell.ok("log")


# ---------------------------------------------------------------- lines that make no sense


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chair: adjudicate 9", "say what was ruled: --dlt or --no-dlt"),
        ("chair: adjudicate 9 --dlt --no-dlt", "say what was ruled: --dlt or --no-dlt"),
        ("chair: evaluable S1 --reason x", "say what was ruled: --yes or --no"),
        ("chair: evaluable S1 --yes --no --reason x", "say what was ruled: --yes or --no"),
        ("chair: evaluable S1 --yes", "--reason"),
        ("site: dose S1 --further --infused 1 --planned 2", "--planned goes with the first"),
        ("chair: decide --resume --follow", "choose one"),
        ("chair: adjudicate x --dlt", "is not a whole number"),
    ],
)
def test_a_line_that_does_not_say_what_was_ruled_is_refused(at: At, line: str, words: str) -> None:
    assert words in at("dosed").fails(line, exit_code=2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chair: adjudicate 9 --dlt --on 2026-02-01", "not the first report of an adverse event"),
        ("chair: adjudicate 9 --dlt --on 2026-02-01", "none is recorded yet"),
        ("chair: evaluable S1 --yes --reason x --on 2026-02-01", "There is nothing to rule"),
        ("chair: decide --resume --rationale x --on 2026-02-01", "neither paused nor held"),
        ("site: dose S2 --further --infused 1e7 --on 2026-02-01", "No subject S2 is enrolled"),
    ],
)
def test_what_cannot_be_ruled_is_refused_by_name(at: At, line: str, words: str) -> None:
    assert words in at("dosed").fails(line)
