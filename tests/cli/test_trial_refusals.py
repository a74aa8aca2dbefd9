"""Every sentence with which a trial refuses what a person types, and nothing is recorded then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from escalation.protocol import load_protocol

from .shell import Shell, treat

At = Callable[[str], Shell]

MANY = "x" * 1001
REFUSALS = [
    # ------------------------------------------------------------ who, when, in what words
    ("open", "nobody: enrol S1 --weight 60", '"nobody" has no role in this trial; to record'),
    ("open", "chair: enrol S1 --weight 60", '"chair" has the role chair; to record patients takes'),
    ("open", "site: sign approved", '"site" has the role site; to sign as approved takes chair.'),
    ("open", "site: hold --reason x --on 2099-01-01", "2099-01-01 is still to come."),
    ("open", f"site: hold --reason {MANY}", "The reason must be one line of text, at most 1000"),
    ("open", "site: hold --reason ' x'", "The reason must be one line of text"),
    # ------------------------------------------------------------ the office
    ("open", "office: register --trial TJ", "It is registered, by office."),
    ("open", f"{'x' * 101}: register --trial U", "The name must be one line of text, at most 100"),
    ("open", "office: delegate site site", '"site" has this role.'),
    ("open", "office: delegate site chair --revoke --reason x", '"site" does not have it.'),
    ("open", "site: delegate x site", "to delegate roles takes chair."),
    ("held", "site: hold --reason x", "It is held since entry 10."),
    ("open", "chair: resume --reason x", "It is not held."),
    ("held", "site: resume --reason x", "to resume enrolment takes chair."),
    ("enrolled", "chair: close --reason x", "S1 is enrolled and not dosed: record the withdrawal"),
    ("closed", "chair: close --reason x", "The trial was closed by entry 10."),
    # ------------------------------------------------------------ enrolling
    ("open", "site: enrol SMITH-1 --weight 60", "more than 4 letters in a row could be a name."),
    ("open", "site: enrol smith --weight 60", "must be capitals and digits in groups joined by -"),
    ("open", "site: enrol 19800213 --weight 60", "19800213 could be a date of birth."),
    ("open", "site: enrol S1", "Doses are in cells/kg: the weight is needed."),
    ("open", "site: enrol S1 --weight 0", "A weight is in kg, from 1 to 500, not 0."),
    ("open", "site: enrol S1 --weight nan", "A weight is in kg, from 1 to 500, not nan."),
    ("enrolled", "site: enrol S1 --weight 60", "S1 is enrolled since entry 8."),
    ("open", "site: enrol S1 --weight 60 --level 2", "Cohort 1 is open at level 1, not 2."),
    ("dosed", "site: enrol S2 --weight 60 --replaces S1", "S1 is nobody to replace in cohort 1"),
    ("open", "site: enrol S1 --weight 60 --deviation x", "No gate stands in the way"),
    ("registered", "site: enrol S1 --weight 60", "No cohort is open: the committee has to decide."),
    ("registered", "site: enrol S1 --weight 60", "Without an open cohort there is no level"),
    ("decided", "site: enrol S1 --weight 60", "Decision 6 is not approved yet."),
    ("full", "site: enrol S4 --weight 60", "Every place of cohort 1 is taken"),
    ("full", "site: enrol S4 --weight 60 --on 2026-02-01", "S1 is in the DLT window until 2026-"),
    ("full", "site: enrol S4 --weight 60", "The outcome of S1 has not been recorded: the DLT"),
    ("stopped", "site: enrol S4 --weight 60", "The committee has stopped the trial by decision 17"),
    ("held", "site: enrol S2 --weight 60", "Enrolment is held since entry 10: death."),
    ("closed", "site: enrol S2 --weight 60", "The trial was closed by entry 10."),
    ("open", "site: enrol S1 --weight 60 --on 2026-01-04", "Cohort 1 was opened on 2026-01-05."),
    ("toxic", "site: enrol S3 --weight 60", "Cohort 1 is overtaken by what was recorded since"),
    # ------------------------------------------------------------ dosing
    ("open", "site: dose S1 --infused 1", "No subject S1 is enrolled; nobody is yet."),
    ("enrolled", "site: dose S2 --infused 1", "No subject S2 is enrolled; known: S1."),
    ("dosed", "site: dose S1 --infused 1", "S1 is not waiting to be dosed: pending."),
    ("enrolled", "site: dose S1 --infused 1 --on 2026-01-04", "S1 was enrolled on 2026-01-05."),
    ("enrolled", "site: dose S1", "The infused amount is needed."),
    ("enrolled", "site: dose S1 --infused 0", "The infused amount must be from 1E-9 to"),
    ("enrolled", "site: dose S1 --infused 1 --planned -1", "The planned amount must be from"),
    ("enrolled", f"site: dose S1 --infused 1 --lot {'x' * 101}", "The lot must be one line of"),
    # ------------------------------------------------------------ outcomes
    ("enrolled", "site: outcome S1 --no-dlt", "S1 has not been dosed."),
    ("dosed", "site: outcome S1 --not-evaluable", '"Not evaluable" needs a reason.'),
    ("dosed", "site: outcome S1 --no-dlt --on 2026-01-04", "S1 was dosed on 2026-01-05."),
    ("dosed", "site: outcome S1 --no-dlt --on 2026-02-01", 'closes on 2026-02-02: "no DLT" cannot'),
    ("dosed", "site: outcome S1 --dlt", "A DLT needs its term, grade and day of onset."),
    ("complete", "site: outcome S1 --no-dlt", "Entry 14 says no DLT. If that is wrong, correct"),
    *(
        ("dosed", f"site: outcome S1 --dlt --on 2026-03-10 {toxicity}", sentence)
        for toxicity, sentence in (
            (
                "--term CRS --grade 6 --onset 2026-01-06",
                "A grade is a number from 1 to 5, not 6.",
            ),
            (
                "--term ' ' --grade 3 --onset 2026-01-06",
                "The term must be one line of text",
            ),
            (
                f"--term CRS --grade 3 --onset 2026-01-06 --narrative {'x' * 2001}",
                "The narrative must be one line of text",
            ),
            (
                "--term CRS --grade 3 --onset 2026-03-11",
                "The onset 2026-03-11 is after the day 2026-03-10.",
            ),
            (
                "--term CRS --grade 3 --onset 2026-01-04",
                "The onset 2026-01-04 is before the dosing on 2026-01-05.",
            ),
            (
                "--term CRS --grade 3 --onset 2026-03-09",
                "A DLT begins in the DLT window, 2026-01-05 to 2026-02-02; this one began on",
            ),
        )
    ),
    # ------------------------------------------------------------ corrections
    ("open", "site: correct 99 --withdraw --reason x", "The last entry is 7."),
    ("open", "site: correct 6 --withdraw --reason x", "Only enrolments, infusions, outcomes"),
    ("dosed", "site: correct 8 --withdraw --reason x", "An enrolment is not withdrawn: record"),
    ("complete", "site: correct 9 --withdraw --reason x", "Withdraw the subject's outcome first."),
    ("dosed", "site: correct 9 --set lott=1 --reason x", "lott cannot be corrected in this entry;"),
    ("dosed", "site: correct 9 --set infused=1.8e8 --reason x", "That is what it says."),
    ("dosed", "site: correct 9 --set infused=-1 --reason x", "The infused amount must be from"),
    ("dosed", "site: correct 8 --set level=9 --reason x", "There is no level 9."),
    ("dosed", "site: correct 8 --set weight_kg=0 --reason x", "A weight is in kg, from 1 to 500"),
    ("dosed", "site: correct 9 --set infused=much --reason x", "infused: Input should be a valid"),
    ("dosed", "site: correct 9 --set on=yesterday --reason x", "on: Input should be a valid date"),
    ("dosed", "site: correct 9 --set infused=NaN --reason x", "a number must be finite"),
    # ------------------------------------------------------------ decisions
    ("full", "chair: decide --follow", "The rule waits for pending patients. Defer, or choose"),
    ("closed", "chair: decide --defer", "The trial was closed by entry 10."),
    ("complete", "chair: decide --level 9 --enrol 3", "There is no level 9 on the ladder; its"),
    ("complete", "chair: decide --level 2 --enrol 0", "A decision opens 1 to 100 places, not 0."),
    ("complete", "chair: decide --mtd 3", "Level 3 has not been given: it cannot be the MTD."),
    ("complete", "chair: decide --stop", "The rule says: Escalate to level 2, 6E6 cells/kg: enrol"),
    ("complete", "member: decide --stop --rationale x", "to override the rule takes chair."),
    ("open", "chair: decide --follow", "Cohort 1 at level 1 is open, with 3 of 3 places free"),
    ("enrolled", "chair: decide --follow", "with 2 of 3 places free and S1 to be dosed: there is"),
    ("full", "chair: decide --defer", "No outcome is recorded of S1, S2, S3, whose DLT"),
    ("complete", "chair: decide --follow --on 2026-02-19", "It rests on data of 2026-02-20 and"),
    *(
        ("complete", f"chair: decide --follow {attended}", sentence)
        for attended, sentence in (
            ("--attended chair --attended chair", "is named 2 times among those who"),
            ("--attended chair --attended x", '"x" attended, but has no role'),
            ("--attended member=for", '"member" votes by an entry of their own:'),
        )
    ),
    # ------------------------------------------------------------ signatures
    ("registered", "chair: sign approved", "No decision has been made."),
    ("decided", "chair: sign approved --on 2026-01-04", "The decision is of 2026-01-05; 2026-"),
    ("open", "chair: sign approved", "chair has signed it so. It was approved by entry 7."),
    ("decided", "chair: sign approved 5", "It is not a decision; the last one is entry 6."),
    ("second", "chair: sign proposed 6", "Decision 17 has taken its place."),
    ("decided", "chair: sign reviewed 99", "The last entry is 6."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "line", "sentence"), REFUSALS, ids=[f"{line[:40]}@{s}" for s, line, _ in REFUSALS]
)
def test_what_is_refused_is_said_and_not_recorded(
    at: At, stage: str, line: str, sentence: str
) -> None:
    shell = at(stage)
    before = Path(shell.db).read_bytes()
    assert sentence in shell.fails(line)
    assert Path(shell.db).read_bytes() == before


def test_the_first_patient_is_alone_and_the_next_follow_apart(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: enrol S2 --weight 60 --on 2026-01-06")
    said = shell.fails("site: dose S2 --infused 1.8e8 --on 2026-01-18")
    assert "Not before 2026-01-19: the first patient of a cohort is alone for 14 days." in said
    shell.ok("site: dose S2 --infused 1.8e8 --on 2026-01-19", "site: enrol S3 --weight 60")
    said = shell.fails("site: dose S3 --infused 1.8e8 --on 2026-01-21")
    assert "Not before 2026-01-22: patients of a cohort are dosed 3 days apart." in said


def test_a_full_cohort_names_who_will_fill_it_and_whom_to_replace(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: enrol S2 --weight 60", "site: enrol S3 --weight 60")
    said = shell.fails("site: enrol S4 --weight 60")
    assert "Cohort 1 has no free place: S2, S3 will fill the last." in said
    shell.ok("site: outcome S1 --not-evaluable --reason moved")
    said = shell.fails("site: enrol S4 --weight 60 --replaces S2")
    assert "S2 is nobody to replace in cohort 1; to be replaced: S1." in said


def test_a_decision_on_data_that_others_followed_cannot_be_approved(at: At) -> None:
    shell = at("complete")
    shell.ok("chair: decide --follow --on 2026-02-21")
    shell.ok("site: correct 9 --set lot=L1 --reason forgotten --on 2026-02-21")
    said = shell.fails("chair: sign approved --on 2026-02-22")
    assert "It was made on entries up to 16, and entry 18 came after: decide on the latest" in said
    said = shell.fails("site: enrol S4 --weight 60")
    assert "Decision 17 is not approved yet, and has to be made again: entry 18 came" in said


def test_a_cohort_opened_against_the_rule_ends_with_the_first_dlt(at: At) -> None:
    shell = at("full")
    shell.ok(
        "chair: decide --level 1 --enrol 3 --rationale expiring --on 2026-01-25",
        "chair: sign approved --on 2026-01-25",
        "site: outcome S2 --dlt --term CRS --grade 3 --onset 2026-01-25 --on 2026-01-26",
    )
    said = shell.fails("site: enrol S4 --weight 60 --on 2026-01-27")
    assert "Cohort 2 was opened against the rule, and S2 had a DLT since: the committee" in said


def test_a_subject_of_a_closed_cohort_is_not_dosed_in_the_next(at: At) -> None:
    shell = at("full")
    shell.ok("site: outcome S1 --not-evaluable --reason moved --on 2026-01-24")
    shell.ok("site: enrol S4 --weight 60 --on 2026-01-24")
    shell.ok(
        "chair: decide --level 1 --enrol 3 --rationale expiring --on 2026-01-25",
        "chair: sign approved --on 2026-01-25",
    )
    said = shell.fails("site: dose S4 --infused 1.8e8 --on 2026-02-25")
    assert "S4 was assigned to cohort 1, which is closed; cohort 2 is open." in said


def test_what_the_rule_has_stopped_is_not_stopped_again(at: At) -> None:
    shell = at("toxic")
    shell.ok(
        "chair: decide --follow --on 2026-01-21",
        "chair: sign approved --on 2026-01-21",
        *treat("S3", "2026-01-21"),
        *treat("S4", "2026-02-21"),
        "site: outcome S3 --dlt --term CRS --grade 3 --onset 2026-01-22 --on 2026-02-22",
        "site: outcome S4 --dlt --term CRS --grade 3 --onset 2026-02-22 --on 2026-02-22",
        "chair: decide --follow --on 2026-02-22",
        "chair: sign approved --on 2026-02-22",
    )
    assert "Decision 22 has stopped the trial." in shell.fails("chair: decide --follow")


def shipped_text() -> str:
    shipped = Path(load_protocol.__code__.co_filename).parents[1] / "protocols"
    return (shipped / "nct07123519.toml").read_text(encoding="utf-8")


def test_an_amendment_that_says_the_same_is_refused(at: At, tmp_path: Path) -> None:
    same = tmp_path / "same.toml"
    same.write_text(shipped_text() + "\n[committee]\nsolo = true\n", encoding="utf-8")
    said = at("open").fails(f"chair: amend {same} --reason x")
    assert "It says the same as the one in force." in said


def test_an_amended_protocol_keeps_unit_and_the_doses_given(at: At, tmp_path: Path) -> None:
    text = shipped_text()
    amended = tmp_path / "v2.toml"
    amended.write_text(text.replace("dose = 3e6", "dose = 4e6"), encoding="utf-8")
    shell = at("dosed")
    said = shell.fails(f"chair: amend {amended} --reason x")
    assert "Level 1 has been opened and must stay on the ladder with its dose." in said
    amended.write_text(text.replace('"cells/kg"', '"cells"'), encoding="utf-8")
    said = shell.fails(f"chair: amend {amended} --reason x")
    assert "Doses are in cells/kg; the amended protocol has cells." in said


def test_several_reasons_stand_one_below_the_other_on_80_columns(at: At) -> None:
    result = at("decided").type("nobody: enrol SMITH")
    lines = result.stderr.splitlines()
    assert lines[0] == "escalation: SMITH cannot be enrolled:"
    assert len([line for line in lines if line[:3].strip() and line.startswith("  ")]) == 5
    assert max(map(len, lines)) <= 80
