"""What is kept as recorded, and has to be seen."""

from __future__ import annotations

from escalation.reports.trial.recorded import consequences
from escalation.trial import record_visit, screen_subject
from escalation.trial.events import Leaving
from escalation.trial.visits.record import leave_study
from tests.trial.bench import SITE, day
from tests.trial.small_plan import followed, measure


def flags(bench, before):
    said = consequences(bench.entries[len(before.hashes) :], before, bench.entries[-1].event.on)
    return [remark.text for _, remark in said.remarks]


def test_a_concentration_of_0_is_kept_and_said_to_be_below_the_limit():
    bench = followed()
    before = bench.state
    measure(bench, "copies", 7, value=0, unit="copies/ug", visit="D7")
    assert flags(bench, before) == [
        "copies 0 copies/ug of S1 on 2026-01-12 is below the limit of quantification, given as 0: "
        "give the limit, as copies=<LIMIT copies/ug."
    ]


def test_a_limit_above_0_and_a_0_that_can_be_are_not_flagged():
    bench = followed()
    before = bench.state
    measure(bench, "copies", 7, value=50, unit="copies/ug", below=True, visit="D7")
    measure(bench, "fever", 7, answer="no")
    assert flags(bench, before) == []


def test_results_and_visits_outside_the_window_say_so():
    bench = followed()
    before = bench.state
    measure(bench, "copies", 10, value=50, unit="copies/ug", visit="D7")
    assert flags(bench, before) == ["D7 of S1 on 2026-01-15 is 2 days after its window."]
    before = bench.state
    bench.do(record_visit, SITE, 24, subject="S1", visit="W4")
    assert flags(bench, before) == ["W4 of S1 on 2026-01-29 is 1 day before its window."]


def test_a_death_of_which_no_adverse_event_tells_is_asked_for():
    bench = followed()
    before = bench.state
    bench.do(leave_study, SITE, 20, subject="S1", why=Leaving.DEATH)
    assert flags(bench, before) == [
        "No adverse event of S1 is fatal: record the death as one of grade 5 (trial ae), or no "
        "rule knows of it."
    ]


def test_a_sample_for_a_visit_before_the_consent_says_so():
    bench = followed()
    bench.do(screen_subject, SITE, 6, subject="P-9", consented=day(5))
    before = bench.state
    measure(bench, "haemoglobin", 6, subject="P-9", value=90, unit="g/L", visit="SCR", at=4)
    assert flags(bench, before) == [
        "SCR of P-9 on 2026-01-09 was before the consent of 2026-01-10."
    ]
