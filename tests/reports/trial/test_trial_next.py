"""Yes or no first, then where and how much, or everything that stands in the way."""

from __future__ import annotations

import json
from datetime import date, timedelta

from escalation.protocol import Protocol, load_protocol
from escalation.reports.trial.next import next_document, view_next
from escalation.trial import decide, enrol_subject, hold_enrolment, next_patient
from escalation.trial.demo.star_t import STAR_T
from tests.reports.played import START, Played, begin, play_demo
from tests.reports.written import lines_of

NCT = load_protocol("nct07123519")


def asked(played: Played, day: int = 0, **more: float) -> list[str]:
    assert played.state.protocol is not None
    on = START + timedelta(days=day)
    lines = lines_of(view_next([next_patient(played.state, on, **more)], played.state.protocol, {}))
    assert max(map(len, lines)) <= 80
    return lines


def test_no_says_from_when_on_and_everything_in_the_way() -> None:
    lines = lines_of(view_next([next_patient(play_demo().state, STAR_T.day)], NCT, {}))
    assert lines[0] == "No. Not before 2026-06-19, and only after a decision."
    assert [line.strip() for line in lines[1:4]] == [
        "- TJ-008 is in the DLT window until 2026-06-03.",
        "- TJ-009 is in the DLT window until 2026-06-17.",
        "- TJ-010 is in the DLT window until 2026-06-19.",
    ]
    assert "Every place of cohort 3 is taken" in lines[4]


def test_no_cohort_needs_a_decision() -> None:
    assert asked(begin())[0] == "No. It takes a decision of the committee."


def test_a_hold_is_no_with_its_reason() -> None:
    played = begin()
    played.open_cohort(0)
    played.do(hold_enrolment, reason="lot recalled")
    lines = asked(played)
    assert lines[0].startswith("No")
    assert any("lot recalled" in line for line in lines)


def test_yes_names_level_amount_and_place() -> None:
    played = begin(NCT)
    played.open_cohort(0)
    played.do(enrol_subject, subject="S1", weight_kg=61.5)
    text = " ".join(asked(played))
    assert text.startswith("Yes. S1 can be dosed on 2026-01-05.")
    assert "Level 1, 3E6 cells/kg: 1.845E8 cells for 61.5 kg" in text
    assert "Cohort 1, patient 1 of 3." in text


def test_yes_without_a_weight_asks_for_it_and_with_a_large_one_says_the_cap() -> None:
    played = begin(NCT)
    played.open_cohort(0)
    assert "--weight KG" in " ".join(" ".join(asked(played)).split())
    text = " ".join(asked(played, weight_kg=400))
    assert "1E9 cells for 400 kg" in text
    assert "cap" in text


def test_a_flat_dose_and_a_ladder_without_doses() -> None:
    flat = begin(load_protocol("flat-cells-example"))
    flat.open_cohort(0)
    assert "kg" not in " ".join(asked(flat))
    plain = begin(Protocol.plain(3))
    plain.open_cohort(0)
    assert "Level 1." in " ".join(asked(plain))


def test_the_stagger_is_a_day_that_is_named() -> None:
    played = begin(NCT)
    played.open_cohort(0)
    played.treat("S1", 0, infused=1.8e8, weight_kg=60)
    lines = asked(played, 3)
    assert lines[0] == "No. Not before 2026-01-19."
    assert any("alone for 14 days" in line for line in lines)
    assert asked(played, 14)[0].startswith("Yes.")


def test_a_decision_that_is_not_approved_is_in_the_way() -> None:
    played = begin()
    played.do(decide)
    assert any("is not approved yet" in line for line in asked(played))


def test_the_document_s_keys_are_stable() -> None:
    found = next_patient(play_demo().state, date(2026, 5, 28))
    document = json.loads(json.dumps(next_document(found)))
    assert list(document) == [
        *("on", "yes", "earliest", "needs_decision", "subject", "level", "dose", "amount"),
        *("unit", "capped", "weight_kg", "height_cm", "surface_m2", "not_known"),
        *("cohort", "slot", "n_opened", "purpose", "notes", "in_screening", "obstacles"),
    ]
    assert (document["yes"], document["earliest"]) == (False, "2026-06-19")
    assert document["needs_decision"] is True
    assert document["slot"] is None
    assert document["obstacles"][0] == {
        "text": "TJ-008 is in the DLT window until 2026-06-03.",
        "until": "2026-06-03",
        "decision": False,
    }
