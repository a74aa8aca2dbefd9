"""Weight and height in a trial: asked for where doses need them, corrected, and missed aloud."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalation.errors import InputError
from escalation.protocol import DoseLevel, Protocol
from escalation.reports.trial.next import next_document, view_next
from escalation.reports.trial.patients import patients_document
from escalation.reports.trial.sentences import describe_entry
from escalation.reports.trial.status import view_status
from escalation.trial import (
    amend_protocol,
    correct_entry,
    dose_subject,
    enrol_subject,
    evolve,
    next_patient,
    warnings,
)
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.events import Event, SubjectDosed, SubjectEnrolled
from escalation.trial.inspection import inspect_entries
from tests.reports.written import lines_of
from tests.trial.bench import CHAIR, NCT, SITE, Bench, day, recorded

DOSES = (5.0, 7.5, 10.0, 15.0)
PER_M2 = replace(
    NCT,
    unit="mg/m2",
    dose_cap=None,
    levels=tuple(
        DoseLevel(label=level.label, dose=dose)
        for level, dose in zip(NCT.levels, DOSES, strict=True)
    ),
)
PER_KG, UNREAD = replace(PER_M2, unit="mg/kg"), replace(PER_M2, unit="mg/kq")
BODY = {"weight_kg": 60.0, "height_cm": 170.0}
BY_MOSTELLER = 7.5 * (170 * 60 / 3600) ** 0.5  # at level 1


def opened(protocol: Protocol = PER_M2) -> Bench:
    bench = Bench.started(protocol)
    bench.open_cohort()
    return bench


def put(bench: Bench, event: Event, by: str = SITE) -> None:
    """Record an event as a ledger has it, whatever a command of today would say."""
    entry = recorded(bench.state, event, by, datetime(2026, 1, 5, 12, tzinfo=UTC))
    bench.entries.append(entry)
    bench.state = evolve(bench.state, entry)


def old_trial(protocol: Protocol, planned: float | None = None) -> Bench:
    """Make a trial that 0.2.0 began, with a patient whose height nobody asked for."""
    bench = Bench.as_0_2_0(protocol)
    bench.open_cohort(attendees=())
    put(bench, SubjectEnrolled(on=day(0), subject="S1", cohort=1, level=1, weight_kg=60.0))
    if planned is not None:
        put(bench, SubjectDosed(on=day(0), subject="S1", planned=planned, infused=planned))
    return bench


def said_by_next(bench: Bench, **more: float) -> str:
    assert bench.state.protocol is not None
    found = next_patient(bench.state, day(0), **more)
    return " ".join(line.strip() for line in lines_of(view_next([found], bench.state.protocol, {})))


@pytest.mark.parametrize(
    ("protocol", "given", "refused"),
    [
        (PER_M2, {}, "Doses are in mg/m2: the weight is needed."),
        (PER_M2, {"weight_kg": 60.0}, "Doses are in mg/m2: the height is needed."),
        (PER_M2, BODY | {"height_cm": 1.7}, "if that is in metres, it is 170 cm."),
        (PER_M2, BODY | {"height_cm": 17.0}, "A height is in cm, from 30 to 250, not 17."),
        (PER_M2, {"weight_kg": 170.0, "height_cm": 60.0}, "or are they the wrong way round?"),
        (PER_KG, {"height_cm": 170.0}, "Doses are in mg/kg: the weight is needed."),
        (PER_KG, BODY | {"weight_kg": 0.5}, "A weight is in kg, from 1 to 500, not 0.5."),
    ],
)
def test_who_is_enrolled_has_the_sizes_that_the_doses_need(protocol, given, refused):
    assert refused in opened(protocol).refused(enrol_subject, SITE, subject="S1", **given)


def test_a_flat_dose_needs_neither_and_a_height_is_kept_where_it_is_given():
    bench = opened(replace(PER_M2, unit="mg"))
    bench.do(enrol_subject, SITE, subject="S1")
    bench.do(enrol_subject, SITE, subject="S2", **BODY)
    assert bench.state.subjects["S2"].enrolment.height_cm == 170.0


def test_an_enrolment_with_a_height_is_version_2_and_reads_back():
    bench = opened()
    (event,) = bench.do(enrol_subject, SITE, subject="S1", **BODY)
    assert version_of(event) == 2
    data = dump_event(event)
    assert data["height_cm"] == 170.0
    assert version_of(replace(event, height_cm=None)) == 1
    assert "height_cm" not in dump_event(replace(event, height_cm=None))
    text = json.dumps(data)
    assert load_event("subject-enrolled", 2, text) == event


def test_the_amount_by_body_surface_is_planned_said_and_recorded():
    bench = opened()
    assert "the amount depends on the weight and the height" in said_by_next(bench)
    assert "7.5 mg/m2: 12.6 mg for 60 kg and 170 cm, 1.683 m2 by Mosteller." in said_by_next(
        bench, **BODY
    )
    bench.do(enrol_subject, SITE, subject="S1", **BODY)
    found = next_document(next_patient(bench.state, day(0)))
    assert found["amount"] == pytest.approx(BY_MOSTELLER)
    assert found["surface_m2"] == pytest.approx(1.6833, abs=1e-4)
    assert (found["height_cm"], found["not_known"]) == (170.0, [])
    (event,) = bench.do(dose_subject, SITE, subject="S1", infused=12.6)
    assert event.planned == pytest.approx(BY_MOSTELLER)
    said = [describe_entry(entry, bench.state) for entry in bench.entries[-2:]]
    assert "60 kg, 170 cm" in said[0]
    assert "12.6 mg, 100 % of the planned 12.6" in said[1]
    (patient,) = patients_document(bench.state, day(0))
    assert (patient["height_cm"], patient["weight_kg"]) == (170.0, 60.0)
    assert patient["surface_m2"] == pytest.approx(1.6833, abs=1e-4)
    assert warnings(bench.state, day(0)) == []
    assert inspect_entries(bench.entries, datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_a_corrected_height_changes_what_is_planned_and_an_odd_amount_is_seen():
    bench = opened()
    bench.do(enrol_subject, SITE, subject="S1", **BODY)
    entry = bench.state.seq
    bench.dose("S1")
    assert warnings(bench.state, day(0)) == []
    change = {"entry": entry, "reason": "misread"}
    for wrong in ({"height_cm": 1.3}, {"height_cm": None}, {"weight_kg": 6.0}):
        bench.refused(correct_entry, SITE, changes=wrong, **change)
    bench.do(correct_entry, SITE, changes={"height_cm": 130.0}, **change)
    assert bench.state.subjects["S1"].planned == pytest.approx(7.5 * (130 * 60 / 3600) ** 0.5)
    (remark,) = [w.text for w in warnings(bench.state, day(0)) if "by the protocol" in w.text]
    assert remark == "12.6 mg were planned for S1; by the protocol it is 11."


def test_where_no_height_was_recorded_nothing_is_planned_and_that_is_said():
    bench = old_trial(PER_M2)
    assert "the amount depends on the height, give it with --height CM." in said_by_next(bench)
    view = view_status(bench.state, "T", day(0), last=bench.entries[-1])
    assert "no amount planned by the protocol: height not known" in " ".join(lines_of(view))
    bench.do(correct_entry, SITE, entry=bench.state.seq, changes={"weight_kg": 61.0}, reason="x")
    bench.do(correct_entry, SITE, entry=bench.state.seq - 1, changes=BODY, reason="x")
    assert "12.6 mg" in said_by_next(bench)


@pytest.mark.parametrize(
    ("unit", "remarks"),
    [
        ("mg/kq", []),
        (
            "mg/m2",
            ["on entries up to 8 it would have been refused: Doses are in mg/m2: the"],
        ),
        ("mg/Kg", ["7.5 mg were planned for S1, who by the protocol gets 450: typed by hand"]),
    ],
)
def test_a_dosing_of_a_trial_that_0_2_0_took_for_flat_is_remarked_on_and_stays(unit, remarks):
    bench = old_trial(replace(PER_M2, unit=unit), planned=7.5)
    subject = bench.state.subjects["S1"]
    assert (subject.dosing.event.planned, subject.planned) == (7.5, 7.5)
    found = inspect_entries(bench.entries, datetime(2030, 1, 1, tzinfo=UTC))
    assert all(difference.remark for difference in found), found
    texts = [difference.text for difference in found]
    assert [text[: len(known)] for text, known in zip(texts, remarks, strict=True)] == remarks


def test_in_a_unit_that_cannot_be_read_nothing_is_planned_until_an_amendment_says_it_right():
    bench = old_trial(UNREAD)
    said = said_by_next(bench)
    assert 'no amount is planned, since the unit "mg/kq" cannot be read.' in said
    (warning,) = [w.text for w in warnings(bench.state, day(0))]
    assert warning.startswith('The unit of the doses, "mg/kq", cannot be read: no amount is')
    bench.do(amend_protocol, CHAIR, protocol=PER_KG, reason="unit misspelt")
    assert "7.5 mg/kg: 450 mg for 60 kg." in said_by_next(bench)
    assert warnings(bench.state, day(0)) == []


@pytest.mark.parametrize(("unit", "taken"), [("mg / m²", True), ("mg/kg", False), ("mg", False)])
def test_an_amendment_may_spell_the_unit_otherwise_and_not_change_it(unit, taken):
    bench = opened()
    bench.do(enrol_subject, SITE, subject="S1", **BODY)
    amended = replace(bench.state.protocol, unit=unit)
    if taken:
        bench.do(amend_protocol, CHAIR, protocol=amended, reason="spelling")
        assert bench.state.protocol.unit == unit
    else:
        said = bench.refused(amend_protocol, CHAIR, protocol=amended, reason="spelling")
        assert f"Doses are in mg/m2; the amended protocol has {unit}." in said


def test_the_sizes_of_the_next_patient_are_checked_as_those_of_the_enrolled():
    with pytest.raises(InputError, match="if that is in metres, it is 180 cm"):
        next_patient(opened().state, date(2026, 1, 5), weight_kg=60, height_cm=1.8)


@pytest.mark.parametrize(("weight_kg", "height_cm"), [(30, 200), (130, 120), (4, 55)])
def test_thin_heavy_and_newborn_people_are_people(weight_kg, height_cm):
    """From 6 to 150 kg for each square metre of height."""
    bench = opened()
    bench.enrol("S1", weight_kg=float(weight_kg), height_cm=float(height_cm))
    assert bench.state.subjects["S1"].enrolment.height_cm == height_cm
