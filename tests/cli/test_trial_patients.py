"""Patients as they are, typed at a shell: case 14, screening, mistyped ids, sites."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from escalation.cli.trial import recording

from .shell import Shell


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets the time at which commands record, in UTC."""
    moments = [datetime(2026, 1, 5, 12, tzinfo=UTC)]

    monkeypatch.setattr(recording, "now", lambda: moments[-1])
    return lambda text: moments.append(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_case_14_two_dlts_entered_seven_weeks_late_are_seen_at_the_patient_between(tmp_path, clock):
    shell = Shell(str(tmp_path / "case14.db"))
    shell.ok(
        "office: register --trial CASE-14 --solo --on 2026-01-05",
        "office: delegate site site --on 2026-01-05",
        "office: delegate chair chair --on 2026-01-05",
        "chair: decide --follow --on 2026-01-05",
        "chair: sign approved --on 2026-01-05",
    )
    for subject, on in (("P-01", "2026-01-05"), ("P-02", "2026-01-19"), ("P-03", "2026-02-10")):
        clock(f"{on}T12:00")
        shell.ok(
            f"site: enrol {subject} --weight 60 --on {on}",
            f"site: dose {subject} --infused 1.8e8 --on {on}",
        )
    dosed = shell.seq()
    for subject, onset, at in (("P-01", "2026-01-10", 49), ("P-02", "2026-01-26", 50)):
        clock(f"{date.fromisoformat(onset) + timedelta(days=at)}T12:00")
        shell.ok(f"site: outcome {subject} --dlt --term CRS --grade 4 --onset {onset} --on {onset}")
    said = shell.ok("status --on 2026-03-20")
    assert (
        "P-03 was dosed on 2026-02-10 after 2 DLTs had begun (P-01 on 2026-01-10, day 5; P-02 on "
        f"2026-01-26, day 7), recorded 49 and 50 days later by entries {dosed + 1} and {dosed + 2}."
    ) in said
    assert "Had that been known, the rule would have forbidden it:" in said
    assert "CRS grade 4, onset 2026-01-10, recorded 49 days later" in said
    patients = shell.json("status --on 2026-03-20")["patients"]
    assert [p["days_from_onset_to_record"] for p in patients] == [49, 50, None]


def test_a_screening_failure_is_shown_and_does_not_count(at):
    shell = at("open")
    said = shell.ok('site: screen-fail S9 --reason "creatinine clearance 41" --on 2026-01-06')
    assert "S9 failed screening on 2026-01-06: creatinine clearance 41." in said
    said = shell.ok("status --on 2026-01-06")
    assert "0 of 18 planned patients enrolled. 1 screened, 1 failed, 0 withdrawn" in said
    assert "S9 failed screening on 2026-01-06: creatinine clearance 41" in said
    assert "failed screening" in shell.ok("log --subject S9")


def test_a_mistyped_id_is_corrected_and_the_old_one_finds_it(at):
    shell = at("dosed")
    shell.ok('site: rename S1 --to S01 --reason "a digit too few" --on 2026-01-06')
    shell.ok("site: outcome S1 --no-dlt --on 2026-02-03")
    said = shell.ok("log --subject S1")
    assert said.count("S01 (recorded as S1)") == 2
    assert "S1 renamed S01" in said
    assert "S01 had no DLT" in said
    assert "called S1 before, by mistake" in shell.ok("status --on 2026-02-03")
    failed = shell.fails("site: enrol S1 --weight 60 --on 2026-02-04")
    assert "S01 is enrolled" in failed or "S1 is enrolled" in failed
    assert "is another subject" not in failed


def test_the_day_of_a_command_is_today_at_the_subject_s_site(tmp_path, clock):
    shell = Shell(str(tmp_path / "sites.db"))
    shell.ok(
        "office: register --trial TJ --solo --on 2026-01-05",
        "office: delegate site site --on 2026-01-05",
        "office: delegate chair chair --on 2026-01-05",
        "chair: decide --follow --on 2026-01-05",
        "chair: sign approved --on 2026-01-05",
    )
    clock("2026-01-06T17:00")  # 01:00 of the 7th in Shanghai, noon of the 6th in New York
    shell.ok(
        "chair: site add Tianjin --time-zone Asia/Shanghai --on 2026-01-06",
        "chair: site add Boston --time-zone America/New_York --on 2026-01-06",
    )
    assert "S1 in care of Tianjin from 2026-01-07." in shell.ok(
        "site: enrol S1 --weight 60 --site Tianjin"
    )
    assert "S1 dosed on 2026-01-07" in shell.ok("site: dose S1 --infused 1.8e8")
    clock("2026-01-08T02:00")  # the 8th in Tianjin, still the 7th in Boston
    said = shell.ok('site: transfer S1 --to Boston --reason "moved house"')
    assert "S1 transferred to Boston from 2026-01-07: moved house." in said
    assert "is still to come" in shell.fails("site: outcome S1 --no-dlt --on 2026-01-08")
    assert "Tianjin, Boston from 2026-01-07" in shell.ok("status --on 2026-01-08")
    assert "Boston America/New_York S1" in shell.ok("site")
    assert [s["site"] for s in shell.json("site")["sites"]] == ["Tianjin", "Boston"]


def test_a_zone_that_is_none_is_refused_with_the_one_that_was_meant(at):
    said = at("open").fails("chair: site add Tianjin --time-zone Asia/Shangai")
    assert "did you mean Asia/Shanghai?" in said


def test_a_dose_for_each_m2_goes_from_the_file_to_the_dosing(tmp_path):
    """5 mg/m2 for 170 cm and 60 kg are 8.42 mg: worked out by hand, by Mosteller."""
    file = tmp_path / "surface.toml"
    file.write_text(
        'schema = 1\nname = "surface"\nunit = "mg/m²"\nstart = 1\n[design]\nname = "3+3"\n'
        "[[levels]]\nlabel = 1\ndose = 5\n[[levels]]\nlabel = 2\ndose = 10\n",
        encoding="utf-8",
    )
    shell = Shell(str(tmp_path / "surface.db"))
    shell.ok(
        f"office: register --trial TJ --protocol {file} --solo --on 2026-01-05",
        "office: delegate site site --on 2026-01-05",
        "office: delegate chair chair --on 2026-01-05",
        "chair: decide --follow --on 2026-01-05",
        "chair: sign approved --on 2026-01-05",
    )
    enrol = "site: enrol S1 --weight 60 --on 2026-01-05"
    assert "the height is needed." in shell.fails(enrol)
    assert "if that is in metres, it is 170 cm" in shell.fails(f"{enrol} --height 1.7")
    assert "'1.7 m' is not a number of cm" in shell.fails(f"{enrol} --height '1.7 m'", 2)
    assert "60 kg, 107 cm" in shell.ok(f"{enrol} --height 107")
    change = 'site: correct 6 --set height_cm=170 --reason "digits" --on 2026-01-05'
    assert "height in cm 107 -> 170" in shell.ok(change)
    assert "8.42 mg for 60 kg and 170 cm, 1.683 m2" in shell.ok("next --on 2026-01-05")
    said = shell.ok("site: dose S1 --infused 8.4 --on 2026-01-05")
    assert "8.4 mg, 100 % of the planned 8.42" in said
    assert "Nothing is wrong" in shell.ok("verify")
