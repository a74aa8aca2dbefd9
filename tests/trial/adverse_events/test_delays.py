"""Reports that came later than the protocol allows: to the day, and to the word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.protocol import Reporting
from escalation.trial.adverse_events.delays import find_delays, warn_of_delays
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from tests.trial.bench import NCT, SITE, Bench, day


def reported(aware: int, recorded: int, **limits: int) -> Bench:
    """S1 had a fever on day 5, known to the site and recorded on these days."""
    bench = Bench.judged(replace(NCT, reporting=Reporting(**limits)))
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.do(
        record_adverse_event,
        SITE,
        recorded,
        subject="S1",
        term="fever",
        grade=1,
        started=day(5),
        aware=day(aware),
    )
    return bench


def said(bench: Bench) -> list[str]:
    return [remark.text for remark in warn_of_delays(bench.state)]


@pytest.mark.parametrize(
    ("aware", "recorded", "limits", "late"),
    [
        (5, 5, {"aware_within_days": 0, "recorded_within_days": 0}, []),
        (9, 20, {}, []),
        (6, 6, {"aware_within_days": 1}, []),
        (7, 7, {"aware_within_days": 1}, ["2 days until the site was aware (at most 1)"]),
        (7, 9, {"recorded_within_days": 2}, []),
        (7, 10, {"recorded_within_days": 2}, ["3 days until it was recorded (at most 2)"]),
        (
            6,
            7,
            {"aware_within_days": 0, "recorded_within_days": 0},
            ["1 day until the site was aware (at most 0)", "1 day until it was recorded (at most"],
        ),
        (6, 7, {"aware_within_days": 1, "recorded_within_days": 0}, ["1 day until it was rec"]),
        (6, 7, {"aware_within_days": 0, "recorded_within_days": 1}, ["1 day until the site was"]),
    ],
)
def test_a_report_is_late_by_more_days_than_the_limit(aware, recorded, limits, late):
    bench = reported(aware, recorded, **limits)
    found = list(find_delays(bench.state))
    assert len(found) == bool(late)
    for delay in found:
        assert len(delay.too_late) == len(late)
        assert all(map(str.startswith, delay.too_late, late))
        assert (delay.subject, delay.since) == ("S1", day(5))
        assert (delay.aware, delay.recorded) == (day(aware), day(recorded))


def test_a_late_report_is_said_with_its_days():
    bench = reported(7, 10, aware_within_days=1, recorded_within_days=2)
    entry = bench.state.seq
    assert said(bench) == [
        f"Adverse event {entry} of S1 (fever): onset 2026-01-10, aware 2026-01-12, recorded "
        "2026-01-15: 2 days until the site was aware (at most 1), 3 days until it was recorded "
        "(at most 2)."
    ]


def test_a_late_follow_up_counts_from_the_day_of_the_change():
    bench = reported(5, 5, aware_within_days=1, recorded_within_days=2)
    entry = bench.state.seq
    bench.now = 13
    bench.do(follow_up, SITE, 8, entry=entry, changes={"grade": 2}, aware=day(10))
    (remark,) = warn_of_delays(bench.state)
    assert remark.entry == bench.state.seq
    assert remark.text == (
        f"Entry {bench.state.seq} on adverse event {entry} of S1 (fever): changed 2026-01-13, "
        "aware 2026-01-15, recorded 2026-01-18: 2 days until the site was aware (at most 1), "
        "3 days until it was recorded (at most 2)."
    )


def test_an_onset_that_was_corrected_counts():
    bench = reported(7, 7, aware_within_days=1)
    assert len(said(bench)) == 1
    bench.correct(bench.state.seq, started=str(day(6)))
    assert said(bench) == []
