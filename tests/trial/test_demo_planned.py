"""The demo that goes by a plan is a trial that the commands allow, and shows what it says."""

from __future__ import annotations

import pytest

from escalation.trial import TrialState, departures, replay_events
from escalation.trial.demo import DEMOS, load_demo
from escalation.trial.demo.planned import PLANNED
from escalation.trial.findings.kinetics import kinetics_in
from escalation.trial.screening.judging import eligibility_of
from escalation.trial.visits.calendar import VisitStanding, visits_of
from tests.trial.inspection.test_inspect import demo


@pytest.fixture(scope="module")
def state() -> TrialState:
    return replay_events(demo(PLANNED))


def test_whoever_entered_was_eligible_one_by_a_waiver_and_one_failed(state: TrialState) -> None:
    assert departures(state) == []
    assert list(state.subjects) == ["P-001", "P-003", "P-004"]
    enrolled = state.subjects["P-003"].enrolment.on
    items = {i.criterion.id: i for i in eligibility_of(state, "P-003", enrolled).items}
    assert [name for name, item in items.items() if item.status == "waived"] == ["I2.3"]
    ((_, failed),) = state.not_enrolled
    assert (failed.subject, failed.criteria) == ("P-002", ("I2.2",))
    verdict = eligibility_of(state, "P-002", failed.on)
    assert [i.criterion.id for i in verdict.items if i.status == "not met"] == ["I2.2"]


def test_visits_stand_in_every_way_but_coming_late(state: TrialState) -> None:
    visits = [v for s in state.subjects for v in visits_of(state, s, PLANNED.day)]
    standings = {(v.subject, v.visit.name): v.standing for v in visits}
    assert standings["P-003", "W2"] is VisitStanding.MISSED
    assert standings["P-004", "W3"] is VisitStanding.OVERDUE
    assert standings["P-003", "W4"] is VisitStanding.DUE
    assert [v.visit.name for v in visits if v.out_of_window] == ["W3"]


def test_cells_expand_and_what_was_not_reached_is_not_extrapolated(state: TrialState) -> None:
    assert state.plan is not None
    found = [one.kinetics for one in kinetics_in(state, state.plan).patients]
    assert [k and k.cmax for k in found] == [2.6e4, 1.1e4, 4.2e4]
    assert [k is not None and k.auc_until is not None for k in found] == [True, False, False]


def test_each_demo_has_its_name() -> None:
    assert len({load_demo(name).trial for name in DEMOS}) == len(DEMOS) == 3
    with pytest.raises(LookupError):
        load_demo("other")
