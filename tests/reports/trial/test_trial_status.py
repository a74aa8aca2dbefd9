"""A trial on one screen, as a committee reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from escalation.protocol import Committee, Protocol, load_protocol
from escalation.reports.trial.status import status_document, view_status
from escalation.trial import (
    TrialState,
    amend_protocol,
    close_trial,
    correct_entry,
    decide,
    enrol_subject,
    hold_enrolment,
)
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Choice
from tests.reports.played import Played, begin, play_demo
from tests.reports.written import lines_of


def screen(played: Played, on: date = STAR_T.day, *, as_of: bool = False) -> str:
    lines = lines_of(view_status(played.state, "T1", on, last=played.entries[-1], as_of=as_of))
    assert max(map(len, lines)) <= 80
    return "\n".join(lines)


def test_the_demo_is_one_screen() -> None:
    shown = screen(play_demo())
    assert len(shown.splitlines()) <= 62
    assert shown.startswith("Trial T1 on 2026-05-28: 10 of 18 planned patients enrolled.")
    assert "\nHistory: 1NNXN 2NTN 2???\n" in shown
    assert "Cohort 3 is open at level 2, 6E6 cells/kg: no place free." in shown
    assert "The rule says: Wait for the pending patients." in shown
    assert "If, of the 3 pending at level 2," in shown
    assert "- Decision 48 went further than the rule" in shown
    assert "- TJ-010 was dosed against a gate." in shown
    assert "Warnings: none." in shown
    assert shown.endswith(f"\nanchor 61:{61:064x}")


@pytest.mark.parametrize("last", range(1, 62))
def test_every_moment_of_the_demo_fits_80_columns_and_is_json(last: int) -> None:
    played = play_demo(last)
    last = played.state.seq  # a ruling records two entries
    shown = screen(played, played.entries[-1].event.on, as_of=True)
    assert f"anchor {last}:" in shown
    json.dumps(status_document(played.state, STAR_T.day), allow_nan=False)


def test_levels_carry_the_limits_of_what_was_seen() -> None:
    played = play_demo()
    shown = [line.split() for line in screen(played).splitlines()]
    assert ["1", "3E6", "3", "0", "0", "1", "0-71", "%", "cleared"] in shown
    levels = status_document(played.state, STAR_T.day)["levels"]
    assert levels[0]["p_dlt_limits"] is None
    assert levels[1]["p_dlt_limits"]["upper_one_sided"] == pytest.approx(1 - 0.05 ** (1 / 3))


def test_an_mtd_is_said_with_the_limits_for_its_p_dlt() -> None:
    played = begin(Protocol.plain(1, variant="declare"))
    played.open_cohort(0)
    for n in range(3):
        played.treat(f"S{n}", 0)
        played.outcome(f"S{n}", 1, "N")
    shown = " ".join(screen(played).split())
    assert "The rule says: Stop: the MTD is level 1." in shown
    assert "exact 0-71, Wilson 0-56, exact one-sided upper 63." in shown


def test_what_halts_a_trial_is_in_capitals_at_the_top() -> None:
    played = begin()
    played.do(hold_enrolment, reason="lot recalled")
    top = screen(played).partition("level ")[0]
    assert "HELD since entry 4: lot recalled" in top
    played.do(close_trial, reason="sponsor's wish")
    top = screen(played).partition("level ")[0]
    assert "CLOSED by entry 5: sponsor's wish" in top


def test_a_stop_names_its_mtd() -> None:
    played = begin()
    played.open_cohort(0)
    for n in range(3):
        played.treat(f"S{n}", 0)
        played.outcome(f"S{n}", 1, "N")
    played.open_cohort(2, action="stop", mtd=1)
    assert "STOPPED by decision" in screen(played)
    assert "stop, the MTD is level 1" in screen(played)
    document = status_document(played.state, STAR_T.day)
    assert document["stopped"]["chosen"] == "stop, the MTD is level 1"
    assert document["open_cohort"] is None


def test_a_decision_that_is_not_approved_is_seen_to_be_so() -> None:
    played = begin()
    played.do(decide)
    assert "NOT APPROVED YET" in " ".join(screen(played).split())


def test_a_deferral_awaits_no_approval() -> None:
    played = begin()
    played.do(decide, choice=Choice(action="defer"), rationale="a meeting is due")
    assert "NOT APPROVED" not in screen(played)


def test_who_waits_to_be_dosed_is_named() -> None:
    played = begin()
    played.open_cohort(0)
    played.do(enrol_subject, subject="S1")
    assert "S1" in next(line for line in screen(played).splitlines() if "is open at" in line)


def test_a_correction_that_changes_a_decision_is_seen_from_now() -> None:
    played = begin()
    played.open_cohort(0)
    for n in range(3):
        played.treat(f"S{n}", 0)
        played.outcome(f"S{n}", 1, "N")
    played.open_cohort(2)
    played.outcome("S2", 3, "T")
    shown = " ".join(screen(played).split())
    assert "Seen from now: - Had entry 17 been known, cohort 2 (level 2) would not" in shown


def test_a_warning_is_shown() -> None:
    played = begin(load_protocol("nct07123519"))
    played.open_cohort(0)
    played.treat("S1", 0, infused=1.8e8, weight_kg=60)
    assert "- The outcome of S1 is overdue" in screen(played)
    assert "Warnings: none." in screen(played, date(2026, 1, 6))


def test_an_amendment_is_shown_with_the_protocol_in_force() -> None:
    played = begin()
    solo = replace(load_protocol("nct07123519"), committee=Committee(solo=True))
    played.do(amend_protocol, protocol=solo, reason="new ladder")
    shown = screen(played)
    assert "nct07123519" in shown
    assert "entry 4" in shown


def test_a_trial_without_a_protocol_is_shown_all_the_same() -> None:
    state = TrialState()
    entry = play_demo(1).entries[0]
    lines = lines_of(view_status(state, "T1", STAR_T.day, last=entry))
    assert any("registered" in line for line in lines)
    document = status_document(state, STAR_T.day)
    assert document["rule"] is None
    assert document["levels"] == []


def test_the_document_s_keys_are_stable() -> None:
    document = json.loads(json.dumps(status_document(play_demo().state, STAR_T.day)))
    assert list(document) == [
        *("on", "quorum", "n_enrolled", "n_screened", "n_screening_failures", "n_withdrawn"),
        *("n_planned", "held", "paused", "closed", "amendments", "stopped"),
        *("history", "histories", "levels", "counted", "beside", "rule", "outlook", "cohorts"),
        *("open_cohort", "open_cohorts", "patients"),
        *("n_adverse_events", "screening_failures", "decisions", "departures", "look_back"),
        *("rulings", "warnings"),
    ]
    assert document["history"] == "1NNXN 2NTN 2???"
    assert document["rule"]["action"] == "wait"
    assert [answer["action"] for answer in document["rule"]["possible"]] == [
        "escalate",
        "deescalate",
    ]
    assert document["cohorts"][2] == {
        "cohort": 3,
        "level": 2,
        "purpose": "escalation",
        "n_opened": 3,
        "n_free": 0,
        "opened_on": "2026-05-04",
        "decision": 48,
        "closed_by": None,
        "patients": ["TJ-008", "TJ-009", "TJ-010"],
    }
    decision = document["decisions"][2]
    assert (decision["departure"], decision["override"], decision["approved_by"]) == (
        True,
        True,
        53,
    )
    assert [s["meaning"] for s in decision["signatures"]] == ["proposed", "approved"]


def test_corrected_entries_are_seen_in_the_table() -> None:
    played = begin()
    played.open_cohort(0)
    played.treat("S1", 0)
    seq = played.outcome("S1", 3, "N").seq
    played.do(correct_entry, day=4, entry=seq, changes={"on": "2026-01-07"}, reason="misread")
    assert f"entry {seq} was corrected by {seq + 1}" in screen(played)
