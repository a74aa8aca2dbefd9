"""How visits stand: each kind of standing, on the days around the edges of a window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from escalation.exports.package import make_export
from escalation.outcomes import Outcome
from escalation.trial import record_outcome, record_visit
from escalation.trial.events import Leaving
from escalation.trial.screening.flow import count_flow
from escalation.trial.visits.calendar import today_of, visits_of
from escalation.trial.visits.record import leave_study
from tests.trial.bench import D0, SITE, crs, day
from tests.trial.small_plan import SMALL, followed, measure


def standing(bench, visit, on, subject="S1"):
    return at(bench, visit, on, subject).standing


def at(bench, visit, on, subject="S1"):
    return next(v for v in visits_of(bench.state, subject, day(on)) if v.visit.name == visit)


@pytest.mark.parametrize(
    ("on", "said"), [(24, "coming"), (25, "due"), (28, "due"), (31, "due"), (32, "overdue")]
)
def test_a_visit_is_due_from_the_first_to_the_last_day_of_its_window(on, said):
    assert standing(followed(), "W4", on) == said  # day 28, from day 25 to day 31


@pytest.mark.parametrize(("on", "outside"), [(5, -1), (6, 0), (7, 0), (8, 0), (9, 1), (20, 12)])
def test_a_visit_outside_its_window_is_kept_and_says_by_how_many_days(on, outside):
    bench = followed()
    bench.do(record_visit, SITE, on, subject="S1", visit="D7")
    said = at(bench, "D7", 20)
    assert (said.standing, said.on, said.out_of_window) == ("done", day(on), outside)


def test_results_at_a_visit_say_that_it_took_place_and_which_are_missing():
    bench = followed()
    measure(bench, "copies", 8, value=3, unit="copies/ug", visit="D7")
    said = at(bench, "D7", 20)
    assert (said.standing, said.on, said.missing) == ("done", day(8), ("haemoglobin",))
    measure(bench, "haemoglobin", 8, not_done="clotted", visit="D7")
    assert at(bench, "D7", 20).missing == ()


def test_a_visit_of_which_nothing_could_be_done_did_not_take_place():
    bench = followed()
    measure(bench, "copies", 7, not_done="at home", visit="D7")
    assert standing(bench, "D7", 20) == "overdue"


def test_the_infusion_is_the_visit_of_day_0():
    bench = followed()
    said = at(bench, "D0", 20)
    assert (said.standing, said.on, said.missing) == ("done", day(0), ("copies",))
    missed = bench.refused(record_visit, SITE, 0, subject="S1", visit="D0", missed="ill")
    assert "S1 was dosed on 2026-01-05: that was day 0." in missed


def test_a_missed_visit_says_why_and_is_not_overdue():
    bench = followed()
    bench.do(record_visit, SITE, 10, subject="S1", visit="D7", missed="snowed in")
    said = at(bench, "D7", 20)
    assert (said.standing, said.why, said.out_of_window) == ("missed", "snowed in", 0)


def test_before_the_infusion_visits_are_coming_and_the_screening_is_due():
    said = [v.standing for v in visits_of(followed().state, "S2", day(90))]
    assert said == ["due", "coming", "coming", "coming", "coming"]


def test_nothing_is_due_any_more_of_somebody_who_left():
    bench = followed()
    bench.do(record_visit, SITE, 7, subject="S1", visit="D7")
    bench.do(leave_study, SITE, 20, subject="S1", why=Leaving.WITHDREW)
    said = {v.visit.name: v.standing for v in visits_of(bench.state, "S1", day(200))}
    assert {said.pop("D0"), said.pop("D7")} == {"done"}
    assert set(said.values()) == {"not due any more"}
    assert at(bench, "W4", 200).why == "left the study on 2026-01-25 (withdrew consent)"


def test_who_died_of_a_dlt_is_dead_for_the_calendar_the_flow_and_the_datasets():
    bench = followed()
    bench.do(
        record_outcome,
        SITE,
        9,
        subject="S1",
        outcome=Outcome.DLT,
        toxicities=[crs(day(8), grade=5)],
    )
    assert standing(bench, "W4", 90) == "not due any more"
    assert at(bench, "W4", 90).why == "died on 2026-01-14"
    (left,) = count_flow(bench.state).all.left
    assert (left.text, left.n) == ("death", 1)
    adsl = next(d for d in make_export(bench.state, "TJ").datasets if d.name == "ADSL")
    row = next(row for row in adsl.records_by_name() if row["SUBJID"] == "S1")
    said = [row[name] for name in ("DTHFL", "DTHDT", "EOSSTT", "DCSREAS", "EOSDT")]
    assert said == ["Y", "2026-01-14", "DISCONTINUED", "DEATH", "2026-01-14"]


def test_nothing_is_due_any_more_of_somebody_who_withdrew_before_the_infusion():
    bench = followed()
    bench.lost("S2", 3)
    assert standing(bench, "D7", 30, "S2") == "not due any more"


def test_an_optional_visit_is_never_overdue():
    optional = replace(SMALL, visits=tuple(replace(v, optional=True) for v in SMALL.visits))
    bench = followed(optional)
    assert [standing(bench, "W4", on) for on in (28, 32)] == ["due", "not due any more"]


def test_without_a_plan_there_are_no_visits():
    bench = followed()
    bench.state.plan = None
    assert visits_of(bench.state, "S1", day(9)) == ()


def test_today_is_the_day_at_the_site():
    state = followed().state
    late = datetime(2026, 1, 5, 20, tzinfo=UTC)  # 04:00 of the next day in Shanghai
    assert today_of(state, "S1", late, D0) == D0
    state.site_zones["Tianjin"] = "Asia/Shanghai"
    state.subjects["S1"] = replace(state.subjects["S1"], sites=((D0, "Tianjin"),))
    assert today_of(state, "S1", late, D0) == day(1)
