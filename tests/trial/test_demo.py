"""The demo is a trial that the commands allow, and shows what it is said to show."""

from escalation.outcomes import format_outcomes
from escalation.trial import departures, look_back, next_patient, rule_says, warnings
from escalation.trial.demo import DEMO_DAY

from .test_spreadsheet import demo_state


def test_the_demo_shows_what_it_is_said_to_show():
    state = demo_state()
    assert state.oddities == []
    assert format_outcomes(state.written_cohorts()) == "1NNXN 2NTN 2???"
    assert state.subjects["TJ-003"].replaced_by == "TJ-004"
    assert [c.after.infused for c in state.corrections] == [3.48e8]
    assert [made.event.departure for made in state.decisions] == [False, False, True]
    assert len(departures(state)) == 2
    assert look_back(state) == []
    assert warnings(state, DEMO_DAY) == []
    assert not rule_says(state).settled
    assert not next_patient(state, DEMO_DAY).yes
