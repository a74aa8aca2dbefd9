"""Looking at a trial: one screen, the log, the next patient; now and as it was known then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .shell import Shell

At = Callable[[str], Shell]


def test_the_demo_fits_on_a_screen(demo: Shell) -> None:
    lines = demo.type("status --on 2026-05-28").stdout.splitlines()
    assert len(lines) <= 62
    assert max(map(len, lines)) <= 80
    assert lines[0] == "Trial DEMO on 2026-05-28: 10 of 18 planned patients enrolled."
    assert lines[-1].startswith("anchor 61:")
    assert len(lines[-1].partition(":")[2]) == 64


def test_the_last_line_of_the_status_is_an_anchor_for_verify(demo: Shell) -> None:
    anchor = demo.type("status").stdout.splitlines()[-1].removeprefix("anchor ")
    assert "Nothing is wrong, and every anchor fits." in demo.ok(f"verify --anchor {anchor}")


@pytest.mark.parametrize(
    ("as_of", "seq"),
    [
        ("43", 43),
        ("2026-04-13", 43),
        ("2026-04-13T08:00", 41),
        ("2026-04-13T07:59:59", 40),
        ("2026-04-13T10:00+02:00", 41),
        ("'2026-04-13 16:30+08:00'", 43),
        ("2030-01-01", 61),
    ],
)
def test_a_moment_is_an_entry_the_end_of_a_day_or_a_time(demo: Shell, as_of: str, seq: int) -> None:
    for command in ("status", "log"):
        assert demo.json(f"{command} --as-of {as_of}")["head"]["seq"] == seq


def test_what_was_known_then_is_said_to_be_so_and_judged_on_its_day(demo: Shell) -> None:
    said = demo.ok("status --as-of 2026-04-13")
    assert said.startswith("Trial DEMO on 2026-04-13: 7 of 18 planned patients enrolled. As known")
    assert "overdue" not in said
    assert "2?T?" in said
    assert demo.json("status --as-of 2026-04-13 --on 2026-06-01")["on"] == "2026-06-01"
    # the entry's own day, in the words of its time
    assert demo.json("status --as-of 43")["on"] == "2026-04-13"


@pytest.mark.parametrize(
    ("line", "exit_code", "said"),
    [
        ("status --as-of 62", 1, "there is no entry 62; the last one is 61"),
        ("status --as-of 0", 1, "nothing was recorded by then; the first entry is of 2026-01-05"),
        ("log --as-of 2025-12-31", 1, "nothing was recorded by then"),
        (
            "status --as-of yesterday",
            2,
            "'yesterday' is neither an entry's number nor a time; write it",
        ),
        ("status --as-of 2026-13-01", 2, "'2026-13-01' is neither an entry's number nor a time"),
        ("status --as-of -1", 2, "'-1' is neither an entry's number nor a time"),
        ("status --on 1.2.2026", 2, "'1.2.2026' is not a day; write it as 2026-01-31"),
        (
            "log --subject TJ-01",
            1,
            "no subject TJ-01 is screened or enrolled; did you mean TJ-010?",
        ),
        ("next --subject TJ-01", 1, "no subject TJ-01 is enrolled; did you mean TJ-010?"),
        ("next --subject TJ-001", 1, "TJ-001 is not waiting to be dosed: no DLT"),
        ("next --weight 0", 1, "a weight is in kg, from 1 to 500, not 0"),
        ("next --height 1.7", 1, "from 30 to 250, not 1.7: if that is in metres, it is 170 cm"),
        ("next --height '17 m'", 2, "'17 m' is not a number of cm, such as 61.5 or 170"),
        ("next --weight nan", 1, "a weight is in kg, from 1 to 500, not nan"),
    ],
)
def test_a_moment_or_subject_that_is_not_there_is_said(
    demo: Shell, line: str, exit_code: int, said: str
) -> None:
    assert said in demo.fails(line, exit_code)


HEADER = ["schema", "software", "trial", "protocol", "solo", "head"]


def test_the_status_as_json_has_stable_keys(demo: Shell) -> None:
    document = demo.json("status --on 2026-05-28")
    assert list(document) == [
        *HEADER, "on", "quorum", "n_enrolled", "n_screened", "n_screening_failures",
        "n_withdrawn", "n_planned", "held", "paused", "closed", "amendments", "stopped",
        "history", "histories", "levels", "counted", "beside", "rule", "outlook", "cohorts",
        "open_cohort", "open_cohorts", "patients",
        "n_adverse_events", "screening_failures", "decisions", "departures", "look_back",
        "rulings", "warnings",
    ]  # fmt: skip
    assert document["history"] == "1NNXN 2NTN 2???"
    assert document["rule"]["action"] == "wait"
    assert [level["n_evaluable"] for level in document["levels"]] == [0, 3, 3, 0]
    assert [remark["entry"] for remark in document["departures"]] == [23, 48, 60]


def test_the_log_as_json_has_every_entry_and_what_became_of_it(demo: Shell) -> None:
    document = demo.json("log")
    assert list(document) == [*HEADER, "entries"]
    assert [entry["seq"] for entry in document["entries"]] == list(range(1, 62))
    assert set(document["entries"][0]) == {
        "seq", "recorded_at", "recorded_by", "kind", "version", "data", "hash",
        "sentence", "corrected_by", "withdrawn_by", "oddity",
    }  # fmt: skip
    assert document["entries"][33]["corrected_by"] == [35]
    assert document["entries"][-1]["hash"] == document["head"]["hash"]


def test_the_log_marks_a_corrected_entry_and_shows_old_and_new(demo: Shell) -> None:
    said = demo.ok("log --subject TJ-005")
    assert "[corrected by 35]" in said
    assert "infused 3.84E8 -> 3.48E8" in said
    assert "TJ-006" not in said
    assert " 33 " in f" {said}"


def test_the_log_names_the_day_only_where_it_was_recorded_on_another(at: At, demo: Shell) -> None:
    assert "TJ-005 dosed, 3.84E8 cells" in demo.ok("log")
    assert "S1 dosed on 2026-01-05, 1.8E8 cells" in at("dosed").ok("log")


def test_a_withdrawn_entry_stays_in_the_log(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: correct 9 --withdraw --reason 'another patient'")
    said = shell.ok("log --subject S1")
    assert "S1 dosed on 2026-01-05" in said
    assert "[withdrawn by 10]" in said


# ---------------------------------------------------------------- next


@pytest.mark.parametrize(
    ("stage", "line", "said"),
    [
        (
            "enrolled",
            "next --on 2026-01-05",
            "Yes. S1 can be dosed on 2026-01-05. Level 1, 3E6 cells/kg: 1.8E8 cells for 60 kg. "
            "Cohort 1, patient 1 of 3.",
        ),
        (
            "open",
            "next --on 2026-01-05 --weight 54.3",
            "Yes. The next patient can be dosed on 2026-01-05. Level 1, 3E6 cells/kg: 1.629E8 "
            "cells for 54.3 kg. Cohort 1, patient 1 of 3. Nobody waits in the cohort: enrol the "
            "patient first.",
        ),
        (
            "open",
            "next --on 2026-01-05",
            "Level 1, 3E6 cells/kg; the amount depends on the weight, give it with --weight KG.",
        ),
        (
            "open",
            "next --on 2026-01-05 --weight 400",
            "1E9 cells for 400 kg, which is the cap.",
        ),
        (
            "dosed",
            "next --on 2026-01-06",
            "No. Not before 2026-01-19. - Not before 2026-01-19: the first patient of a cohort is "
            "alone for 14 days. Then the next patient: Level 1,",
        ),
        (
            "full",
            "next --on 2026-01-23",
            "No. Not before 2026-02-19, and only after a decision. - S1 is in the DLT window",
        ),
        ("complete", "next", "No. It takes a decision of the committee."),
        ("held", "next", "No. No date can be given. - Enrolment is held since entry 10: death."),
        ("closed", "next", "No. No date can be given. - The trial was closed by entry 10."),
        ("stopped", "next", "The committee has stopped the trial by decision 17"),
    ],
)
def test_whether_the_next_patient_can_be_dosed(at: At, stage: str, line: str, said: str) -> None:
    assert said in at(stage).ok(line)


def test_next_as_json_has_stable_keys(at: At) -> None:
    document = at("enrolled").json("next --on 2026-01-05")
    assert list(document) == [
        *HEADER, "on", "yes", "earliest", "needs_decision", "subject", "level", "dose", "amount",
        "unit", "capped", "weight_kg", "height_cm", "surface_m2", "not_known",
        "cohort", "slot", "n_opened", "purpose", "notes", "in_screening", "obstacles",
            "cohorts",
    ]  # fmt: skip
    assert (document["yes"], document["subject"], document["amount"]) == (True, "S1", 1.8e8)
    document = at("full").json("next --on 2026-01-23")
    assert (document["yes"], document["earliest"]) == (False, "2026-02-19")
    assert document["needs_decision"] is True
    assert [set(obstacle) for obstacle in document["obstacles"]] == [
        {"text", "until", "decision"}
    ] * 5


def test_without_a_day_it_is_today(at: At) -> None:
    today = datetime.now(UTC).astimezone().date().isoformat()
    assert at("open").json("next")["on"] == today
    assert at("open").json("status")["on"] == today


# ---------------------------------------------------------------- where the trial is


def test_a_ledger_that_is_not_there_is_said(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path / "none.db"))
    for line in ("status", "log", "next", "verify", "export", "site: dose S1", "backup b.jsonl"):
        assert "there is no ledger at" in shell.fails(line)
    assert list(tmp_path.iterdir()) == []


def test_without_a_ledger_named_it_is_asked_for(at: At) -> None:
    result = at("open").type("status", ESCALATION_DB="")
    assert result.exit_code == 2
    assert "say where the ledger is: --db FILE|URL, or ESCALATION_DB" in result.stderr


def test_of_several_trials_one_has_to_be_named(at: At) -> None:
    shell = at("open")
    shell.ok("office: register --trial TJ-2")
    said = shell.fails("status")
    assert "holds several trials; say which with --trial: TJ, TJ-2" in said
    assert "say which with --trial: TJ, TJ-2" in shell.fails("site: enrol S1 --weight 60")
    assert shell.ok("status --trial TJ-2").startswith("Trial TJ-2 on ")
    said = shell.fails("status --trial TJ-3")
    assert "no trial TJ-3 in" in said
    assert "trials: TJ, TJ-2" in said


@pytest.mark.parametrize("trial", ["", "a b", "-x", "x/y"])
def test_a_trial_is_not_called_so(tmp_path: Path, trial: str) -> None:
    shell = Shell(str(tmp_path / "new.db"))
    result = shell.type(f"office: register --trial '{trial}'")
    assert result.exit_code in (1, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_registration_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path / "new.db"))
    assert "name the trial: --trial ID" in shell.fails("office: register", 2)
    shell.fails("office: register --trial TJ --on 1999-12-31")
    shell.fails("office: register --trial TJ --protocol none.toml", 3)
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://keeper:s3cret@127.0.0.1:1/none"
    for line in ("status", "site: dose S1 --infused 1", "office: register --trial T", "verify"):
        result = Shell(url).type(line)
        assert result.exit_code == 1, result.output
        assert "s3cret" not in result.output
        assert "Traceback" not in result.output


def test_a_ledger_that_may_only_be_read_is_shown_all_the_same(at: At) -> None:
    shell = at("dosed")
    folder = Path(shell.db).parent
    Path(shell.db).chmod(0o444)
    folder.chmod(0o555)
    try:
        assert shell.ok("status").startswith("Trial TJ on")
        assert "Entry" not in shell.ok("log")
    finally:
        folder.chmod(0o755)
        Path(shell.db).chmod(0o644)


def test_the_course_is_drawn_and_says_what_it_was_made_from(demo: Shell, tmp_path: Path) -> None:
    picture = tmp_path / "course.svg"
    result = demo.type(f"status --on 2026-05-28 --plot {picture}")
    assert (result.exit_code, result.stderr) == (0, f"wrote {picture}\n")
    drawn = picture.read_text(encoding="utf-8")
    assert "trial DEMO on 2026-05-28, anchor 61:" in drawn
    assert "digest: d16fd4b83ef9" in drawn


def test_a_picture_that_cannot_be_written_is_said_before_anything_else(demo: Shell) -> None:
    assert "must end in one of .png, .svg, .pdf" in demo.type("status --plot course.txt").stderr
