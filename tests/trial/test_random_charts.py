"""Random commands of a trial that goes by a plan: the record stays whole, whatever is typed.

The oracle knows no rule. What a command returned is no oddity, is returned again by ``verify``,
is read back as it was written, and replayed is the state that the commands saw.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.errors import EscalationError
from escalation.outcomes import Outcome
from escalation.plan import Plan
from escalation.trial import (
    adopt_plan,
    correct_entry,
    departures,
    dose_subject,
    enrol_subject,
    leave_study,
    record_adverse_event,
    record_findings,
    record_outcome,
    record_screening_failure,
    record_visit,
    rename_subject,
    screen_subject,
    waive_criteria,
    warnings,
)
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.events import Choice, Finding, Leaving, Sex
from escalation.trial.evolve import replay_events
from escalation.trial.inspection import inspect_entries
from escalation.trial.screening.flow import count_flow
from escalation.trial.screening.log import screening_log
from escalation.trial.screening.steps import add_to_screening
from escalation.trial.spreadsheet.charting import import_list
from escalation.trial.visits.calendar import visits_of
from tests.trial.bench import CHAIR, SITE, Bench, day
from tests.trial.screening.screened import ALT, ANSWERS, FIT, HB, HIGH, LOW, PLAN
from tests.trial.small_plan import SMALL

WHOLE = replace(
    PLAN,
    visits=SMALL.visits,
    tests=(*PLAN.tests, *(t for t in SMALL.tests if t.name != "haemoglobin")),
)
PLANS = (
    WHOLE,
    replace(WHOLE, title="second"),
    replace(WHOLE, criteria=WHOLE.criteria[:2]),
    replace(WHOLE, tests=WHOLE.tests[:3], visits=()),
    Plan(name="empty"),
)
IDS = st.sampled_from(["S1", "S2", "S3", "S4"])
NUMBERS = st.sampled_from([0.0, 55.0, 85.0, 130.0, -1.0, float("nan")])
FINDING = st.one_of(
    st.sampled_from(
        [HB, LOW, ALT, HIGH, *ANSWERS, *(replace(a, answer="unknown") for a in ANSWERS)]
    ),
    st.builds(
        Finding,
        test=st.sampled_from(["haemoglobin", "copies", "response", "age", "I1", "gone"]),
        value=st.none() | NUMBERS,
        unit=st.sampled_from([None, "g/L", "copies/ug", "g/dL", "years"]),
        answer=st.sampled_from([None, None, "CR", "yes", "BLQ"]),
        below=st.booleans(),
        on=st.none() | st.integers(-3, 40).map(day),
        day=st.none() | st.sampled_from([0.0, 7.5, 28.0]),
        not_done=st.sampled_from([None, None, "haemolysed"]),
    ),
)
FINDINGS = st.lists(FINDING, min_size=1, max_size=3) | st.just(list(FIT))
VISITS = st.sampled_from([None, "SCR", "D0", "D7", "W4", "W9"])
REASON = st.sampled_from([None, "repeated"])
CHANGES = st.one_of(
    st.none(),
    st.fixed_dictionaries({"on": st.integers(-3, 40).map(lambda n: str(day(n)))}),
    st.sampled_from(
        [
            {"born": "1990"},
            {"born": "2026-01", "disease": "SSc"},
            {"criteria": ["I3"]},
            {"criteria": []},
            {"visit": "D7"},
            {"missed": "ill"},
            {"missed": None},
            {"why": "death"},
            {"findings": [{"test": "haemoglobin", "value": 61.0, "unit": "g/L"}]},
            {"findings": []},
        ]
    ),
)
TABLES: dict[Any, list[str]] = {
    "results": [
        "subject,date,visit,test,value,unit\n",
        "S1,2026-01-12,D7,copies,7,copies/ug\n",
        "S2,2026-01-05,,haemoglobin,8.5,g/dL\n",
        "S9,2026-01-05,,haemoglobin,8.5,g/dL\n",
    ],
    "visits": ["subject,visit,date\n", "S1,D7,2026-01-12\n", "S2,SCR,2026-01-05\n"],
    "screening": [
        "subject,date,disease,born\n",
        "S3,2026-01-05,SLE,1985\n",
        "S4,2026-01-05,SSc,1985\n",
    ],
}


def step(draw: Any, bench: Bench) -> tuple[Any, dict[str, Any]]:  # noqa: PLR0911, PLR0912  # one each
    """Draw a command with what it is told."""
    who = {"subject": draw(IDS)}
    match draw(st.integers(0, 15)):
        case 0 | 1:
            said = {
                "disease": draw(st.sampled_from([None, "SLE", "SSc", "gone"])),
                "sex": draw(st.sampled_from([None, Sex.FEMALE, Sex.UNKNOWN])),
                "born": draw(st.sampled_from([None, "1985", "1985-01", "2012"])),
                "findings": draw(st.just([]) | FINDINGS),
            }
            if draw(st.booleans()):
                return add_to_screening, who | said | {"again": draw(st.booleans())}
            return screen_subject, who | said
        case 2 | 3:
            said = {"findings": draw(FINDINGS), "visit": draw(VISITS), "reason": draw(REASON)}
            return record_findings, who | said
        case 4:
            names = st.lists(st.sampled_from(["I3", "I2", "I9"]), max_size=2)
            criteria = draw(st.just(["I3"]) | names)
            return waive_criteria, who | {"criteria": criteria, "reason": "lupus"}
        case 5:
            said = {"visit": draw(VISITS) or "D0", "missed": draw(REASON)}
            return record_visit, who | said
        case 6:
            return leave_study, who | {"why": draw(st.sampled_from(Leaving)), "reason": "moved"}
        case 7:
            criteria = draw(st.sampled_from([(), ("I2",), ("I9",)]))
            return record_screening_failure, who | {"reason": "low", "criteria": criteria}
        case 8 | 9:
            last = bench.state.seq
            entry = draw(st.integers(max(1, last - 6), last))
            said = {"entry": entry, "changes": draw(CHANGES), "reason": "misread"}
            return correct_entry, said
        case 10:
            return rename_subject, who | {"renamed": draw(IDS), "reason": "mistyped"}
        case 11:
            return adopt_plan, {"plan": draw(st.sampled_from(PLANS)), "reason": draw(REASON)}
        case 12:
            deviation = draw(st.sampled_from([None, "urgent"]))
            return enrol_subject, who | {"weight_kg": 60.0, "deviation": deviation}
        case 13:
            deviation = draw(st.sampled_from([None, "urgent"]))
            return dose_subject, who | {"infused": 1.8e8, "deviation": deviation}
        case 14:
            if draw(st.booleans()):
                return record_outcome, who | {"outcome": Outcome.NOT_EVALUABLE, "reason": "left"}
            on = day(bench.now)
            ill = {"term": "Sepsis", "grade": 5, "started": on, "aware": on}
            return record_adverse_event, who | ill
    what = draw(st.sampled_from(sorted(TABLES)))
    heading, *rows = TABLES[what]
    chosen = draw(st.lists(st.sampled_from(rows), min_size=1, max_size=3))
    return import_list(what, "".join([heading, *chosen]).encode(), "list.csv"), {}


@cache
def begun(*, dosed: bool) -> Bench:
    bench = Bench.started()
    bench.do(adopt_plan, CHAIR, plan=WHOLE)
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=None)
    bench.do(screen_subject, SITE, subject="S1", disease="SLE", born="1985", findings=FIT)
    bench.do(screen_subject, SITE, subject="S2", disease="SLE", findings=(HB, HIGH, *ANSWERS))
    bench.do(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    if dosed:
        bench.dose("S1")
    return bench


def whole(bench: Bench) -> None:
    """Hold what always holds, and have everything said that is said of a trial."""
    state = bench.state
    assert state.oddities == []
    assert replay_events(bench.entries) == state
    assert inspect_entries(bench.entries, datetime(2030, 1, 1, tzinfo=UTC)) == []
    for entry in bench.entries:
        event = entry.event
        assert load_event(event.kind, version_of(event), json.dumps(dump_event(event))) == event
        if entry.seq in state.charted:
            fact = state.fact(entry.seq)
            assert fact is None or fact.event.subject in (event.subject, state.charted[entry.seq])
    for name, chart in state.charts.items():
        assert name == state.current_id(name)
        assert chart.screenings or name in state.subjects or not any(chart.facts())
        visits_of(state, name, day(bench.now))
    log = screening_log(state)
    flow = count_flow(state)
    assert flow.n_screened == len({one.subject for one in log})
    assert flow.all.n_dosed == sum(s.dosing is not None for s in state.subjects.values())
    departures(state)
    warnings(state, day(bench.now))


def play(data: st.DataObject, n: int) -> None:
    first = begun(dosed=data.draw(st.booleans()))
    bench = replace(first, entries=list(first.entries))
    for _ in range(n):
        command, said = step(data.draw, bench)
        by = CHAIR if command is adopt_plan else SITE
        on = bench.now + data.draw(st.sampled_from([0, 0, 0, 1, 7, -1]))
        before, n_entries = bench.state, len(bench.entries)
        try:
            bench.do(command, by, max(on, 0), **said)
        except EscalationError:
            assert (bench.state, len(bench.entries)) == (before, n_entries)
    whole(bench)


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_record_stays_whole(data: st.DataObject) -> None:
    play(data, 12)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_record_stays_whole_for_long(data: st.DataObject) -> None:
    play(data, 40)
