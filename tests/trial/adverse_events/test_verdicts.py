"""What a ruling answers for, on a day that knew less than it does."""

from __future__ import annotations

from dataclasses import replace

from escalation.trial.adverse_events.course import Adjudication
from escalation.trial.adverse_events.verdicts import known_by, ruling_in_force
from escalation.trial.events import AdverseEventAdjudicated

from .made import day, make_event
from .test_pauses import subject


def test_on_a_day_that_knew_only_of_what_was_reported_after_a_ruling_it_answers_for_nothing():
    event = make_event(grade=3, course={6: 3})
    first, later = event.reports
    ruled = AdverseEventAdjudicated(on=day(9), entry=event.entry, dlt=False, suggested="?")
    event = replace(
        event,
        reports=(replace(first, aware=day(9)), replace(later, seq=20)),
        adjudications=(Adjudication(seq=15, by="adjudicator", event=ruled),),
    )
    patient = subject("P-01", event)
    known = known_by(event, day(7))
    assert known is not None
    assert ruling_in_force(patient, known, day(7)) is None
    assert ruling_in_force(patient, event, day(9)) is event.ruling


def test_who_died_stays_dead_whatever_a_later_report_says():
    """No command records such a report."""
    event = make_event(5, course={9: 3})
    assert event.is_fatal
    assert event.died_on == day(5)
    assert not make_event(4, course={9: 3}).is_fatal
