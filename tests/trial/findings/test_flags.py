"""What is kept as recorded, and has to be seen."""

from __future__ import annotations

from escalation.reports.trial.recorded import consequences
from escalation.trial import record_visit
from tests.trial.bench import SITE
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
