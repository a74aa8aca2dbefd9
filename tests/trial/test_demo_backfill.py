"""The demo with backfill is a trial that the commands allow, and shows what it is said to show."""

from __future__ import annotations

import pytest

from escalation.outcomes import format_outcomes
from escalation.protocol import load_protocol
from escalation.trial import (
    TrialState,
    departures,
    look_back,
    next_patient,
    replay_events,
    rule_says,
    warnings,
)
from escalation.trial.demo.backfill import BACKFILL
from escalation.trial.events import Purpose
from escalation.trial.rule import recommend
from tests.trial.inspection.test_inspect import demo


@pytest.fixture(scope="module")
def state() -> TrialState:
    return replay_events(demo(BACKFILL))


def test_level_1_is_backfilled_while_level_3_is_open() -> None:
    entries = demo(BACKFILL)
    then = replay_events([e for e in entries if str(e.event.on) < "2026-04-03"])
    opened = {(c.purpose, c.level) for c in then.open_cohorts}
    assert opened == {(Purpose.ESCALATION, 3), (Purpose.BACKFILL, 1)}
    assert format_outcomes(then.written_cohorts(Purpose.BACKFILL)) == "1?T?"
    texts = [remark.text for remark in warnings(then, then.data_on)]
    assert any("A-010 had a DLT at level 1 in backfill" in text for text in texts)
    assert rule_says(then).action == "wait"  # for level 3: the DLT at level 1 is not counted


def test_a_level_is_put_between_and_becomes_the_mtd(state: TrialState) -> None:
    """Oracle: the histories by hand, under a 3+3 that confirms the MTD on six."""
    assert state.oddities == []
    escalation = format_outcomes(state.written_cohorts(Purpose.ESCALATION))
    assert escalation == "1NNN 2NNN 3TTN 2.5NNN 2.5NTN"
    assert [amendment.after.labels for amendment in state.amendments] == [(1, 2, "2.5", 3)]
    assert state.stopped.event.chosen.mtd == "2.5"
    assert recommend(rule_says(state), state.protocol).mtd == "2.5"


def test_an_expansion_of_six_is_open_at_the_mtd(state: TrialState) -> None:
    [cohort] = state.open_cohorts
    assert (cohort.purpose, cohort.level, cohort.n_opened) == (Purpose.EXPANSION, "2.5", 6)
    assert format_outcomes(state.written_cohorts(Purpose.EXPANSION)) == "2.5NTN?"
    assert next_patient(state, BACKFILL.day).yes


def test_nothing_in_it_departs_from_the_protocol(state: TrialState) -> None:
    assert departures(state) == []
    assert look_back(state) == []
    assert load_protocol(BACKFILL.protocol).expansion.n_patients == 6
