"""Which results of a person count, and in which order."""

from __future__ import annotations

from escalation.trial.findings.results import results_of
from tests.trial.small_plan import followed, measure


def said(bench, *tests):
    return [(r.test, r.finding.value, r.day) for r in results_of(bench.state, "S1", *tests)]


def test_results_are_in_the_order_of_their_days_not_of_recording():
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L")
    measure(bench, "haemoglobin", 3, value=80, unit="g/L")
    measure(bench, "copies", 7, value=500, unit="copies/ug")
    assert said(bench) == [("haemoglobin", 80, 3), ("haemoglobin", 90, 7), ("copies", 500, 7)]
    assert said(bench, "copies") == [("copies", 500, 7)]


def test_a_later_result_of_the_same_day_and_visit_takes_the_place_of_an_earlier_one():
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L", visit="D7")
    measure(bench, "haemoglobin", 7, value=99, unit="g/L", visit="D7", reason="misread")
    assert said(bench) == [("haemoglobin", 99, 7)]


def test_samples_of_one_day_told_apart_by_their_time_both_count():
    bench = followed()
    measure(bench, "copies", 0, value=5, unit="copies/ug", day=0.25)
    measure(bench, "copies", 0, value=1, unit="copies/ug", day=0.0)
    assert said(bench) == [("copies", 1, 0.0), ("copies", 5, 0.25)]


def test_what_a_correction_says_counts_and_what_was_withdrawn_does_not():
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L")
    entry = bench.state.seq
    bench.correct(entry, findings=[{"test": "haemoglobin", "value": 91, "unit": "g/L"}])
    assert said(bench) == [("haemoglobin", 91, 7)]
