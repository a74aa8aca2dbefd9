"""A trial under the rolling six: enrolled one by one while outcomes are pending."""

from dataclasses import replace

import pytest

from escalation.designs import RollingSix
from escalation.trial import decide
from escalation.trial.events import Choice
from escalation.trial.hindsight.decisions import look_back_at_decisions
from escalation.trial.review.departures import departures
from escalation.trial.rule import rule_says

from .bench import CHAIR, NCT, Bench

ROLLING = replace(NCT, design=RollingSix(n_levels=len(NCT.labels), start=1))


@pytest.fixture
def bench() -> Bench:
    """Three treated at level 1 within 17 days, all pending."""
    bench = Bench.started(ROLLING)
    bench.open_cohort(0)
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.treat(subject, on)
    return bench


def roll(bench: Bench, subject: str, on: int) -> None:
    bench.open_cohort(on)
    bench.treat(subject, on)


def test_the_committee_follows_the_rule_without_waiting(bench):
    decision = rule_says(bench.state)
    assert (decision.level, decision.n_to_enrol, decision.settled) == (1, 1, True)
    for subject, on in (("S4", 20), ("S5", 23), ("S6", 26)):
        roll(bench, subject, on)
    assert [cohort.n_opened for cohort in bench.state.cohorts] == [3, 1, 1, 1]
    assert "The rule waits for pending patients" in bench.refused(decide, CHAIR)
    for subject in ("S1", "S2", "S3", "S4", "S5"):
        bench.no_dlt(subject, 60)
    assert rule_says(bench.state).level == 2
    assert departures(bench.state) == []


def test_outcomes_that_come_in_overturn_no_decision_made_while_they_were_pending(bench):
    roll(bench, "S4", 20)
    for subject in ("S1", "S2", "S3", "S4"):
        bench.no_dlt(subject, 60)
    assert list(look_back_at_decisions(bench.state)) == []


def test_two_dlts_among_the_pending_overturn_none_either(bench):
    roll(bench, "S4", 20)
    bench.dlt("S1", 21)
    bench.dlt("S2", 22)
    assert rule_says(bench.state).level == 0
    assert list(look_back_at_decisions(bench.state)) == []


def test_a_dlt_that_replaces_a_known_outcome_is_still_looked_back_on(bench):
    bench.dlt("S2", 20)
    bench.no_dlt("S1", 30)
    roll(bench, "S4", 31)
    bench.dlt("S1", 32, onset=27)
    (remark,) = list(look_back_at_decisions(bench.state))
    assert "cohort 2 (level 1) would not have opened" in remark.text


def test_a_dlt_that_had_begun_before_a_decision_is_looked_back_on(bench):
    bench.dlt("S2", 18)
    roll(bench, "S4", 20)
    bench.dlt("S1", 21, onset=19)
    (remark,) = list(look_back_at_decisions(bench.state))
    assert "cohort 2 (level 1) would not have opened" in remark.text


def test_more_than_one_while_outcomes_are_pending_goes_further_than_the_rule(bench):
    choice = Choice(action="enrol", level=1, n_to_enrol=2)
    bench.open_cohort(20, choice=choice, rationale="a site has two waiting")
    (remark,) = departures(bench.state)
    assert "went further than the rule" in remark.text
