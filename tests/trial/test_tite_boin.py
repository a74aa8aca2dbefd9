"""A trial under TITE-BOIN: each pending patient counts by the days since their own dosing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from escalation.designs import TiteBoin
from escalation.designs.base import Action
from escalation.outcomes import FollowUp
from escalation.protocol.tables import DltWindow
from escalation.reports.trial.outlook import outlook
from escalation.reports.trial.status import status_document, view_status
from escalation.trial import decide
from escalation.trial.events import Purpose
from escalation.trial.gates import enrolment_obstacles
from escalation.trial.hindsight.decisions import look_back_at_decisions
from escalation.trial.inspection.inspect import inspect_entries
from escalation.trial.review.departures import departures
from escalation.trial.rule import follow_up, rule_says
from simulations.reports.what_if import next_cohorts
from tests.reports.written import lines_of

from .bench import CHAIR, NCT, Bench, day

TITE = replace(NCT, design=TiteBoin(n_levels=len(NCT.labels), start=1, target=0.3, max_patients=30))


@pytest.fixture
def bench() -> Bench:
    """Three treated at level 1: a DLT on day 10, one without, one pending since day 18."""
    bench = Bench.started(TITE)
    bench.open_cohort(0)
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 18)):
        bench.treat(subject, on)
        if subject == "S1":
            bench.dlt("S1", 10)
    bench.no_dlt("S2", 42)
    return bench


def at(bench: Bench, on: int):
    decision = rule_says(bench.state, day(on))
    return decision.action.value, decision.level


def test_the_rule_counts_follow_up_to_the_day_of_the_decision(bench):
    """Table S1 of Yuan et al. 2018, 3 patients, 1 DLT, 1 pending: de-escalate to an STFT of .88."""
    assert at(bench, 42) == ("deescalate", 0)  # 24 of 28 days
    assert at(bench, 43) == ("stay", 1)  # 25 of 28
    assert follow_up(bench.state, Purpose.ESCALATION, on=day(43)) == (
        FollowUp(level=1, days=10, window_days=28, has_dlt=True),
        FollowUp(level=1, days=25, window_days=28),
    )


def test_before_more_than_half_have_been_followed_enrolment_is_suspended(bench):
    early = Bench.started(TITE)
    early.open_cohort(0)
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 18)):
        early.treat(subject, on)
    decision = rule_says(early.state, day(27))
    assert (decision.action, decision.clause.id) == (Action.WAIT, "suspended")
    assert "The rule waits for pending patients" in early.refused(decide, CHAIR, 27)
    obstacles = [obstacle.text for obstacle in enrolment_obstacles(early.state, day(27))]
    assert any("S1 is in the DLT window until" in text for text in obstacles)


def test_a_decision_is_looked_back_on_with_the_follow_up_of_its_day(bench):
    bench.open_cohort(43)
    assert bench.state.cohorts[-1].level == 1
    assert bench.state.decisions[-1].event.recommended.clause_id == "stay"
    bench.dlt("S3", 45)  # which nobody could know on day 43
    assert list(look_back_at_decisions(bench.state)) == []
    assert departures(bench.state) == []


def test_a_dlt_that_had_begun_by_then_is_looked_back_on(bench):
    bench.open_cohort(43)
    bench.dlt("S3", 45, onset=41)
    (remark,) = look_back_at_decisions(bench.state)
    assert "cohort 2 (level 1) would not have opened" in remark.text
    assert "De-escalate to level -1" in remark.text


def test_a_cohort_that_was_opened_is_not_closed_by_days_that_pass(bench):
    bench.open_cohort(43)
    bench.enrol("S4", 44)
    assert at(bench, 44) == ("stay", 1)


def test_followed_to_the_end_without_an_outcome_is_not_beyond_the_window(bench):
    *_, pending = follow_up(bench.state, Purpose.ESCALATION, on=day(90))
    assert (pending.days, pending.share, pending.has_dlt) == (28, 1, False)


def test_what_was_recorded_is_found_again_by_the_follow_up_of_its_day(bench):
    bench.open_cohort(43)
    bench.treat("S4", 50)
    assert inspect_entries(bench.entries, datetime(2026, 6, 1, tzinfo=UTC)) == []
    made = bench.state.decisions[-1].seq
    event = replace(bench.entries[made - 1].event, on=day(42))  # on which it said otherwise
    told = [replace(e, event=event) if e.seq == made else e for e in bench.entries]
    found = inspect_entries(told, datetime(2026, 6, 1, tzinfo=UTC))
    assert any("De-escalate to level -1" in str(difference) for difference in found)


def test_the_window_counted_from_day_1_has_a_day_less():
    protocol = replace(TITE, dlt=DltWindow(window_days=28, infusion_day=1))
    bench = Bench.started(protocol)
    bench.open_cohort(0)
    bench.treat("S1", 0)
    (one,) = follow_up(bench.state, Purpose.ESCALATION, on=day(9))
    assert (one.days, one.window_days) == (9, 27)


def test_the_status_says_it_as_of_the_day(bench):
    lines = "\n".join(lines_of(view_status(bench.state, "T1", day(43), last=bench.entries[-1])))
    assert "Follow-up at level 1 by 2026-02-17: 25 of 28 days, in all 0.89 of 1 DLT window" in (
        " ".join(lines.split())
    )
    assert "Stay at level 1" in lines
    document = status_document(bench.state, day(42))
    assert document["rule"]["action"] == "deescalate"
    assert [one["days"] for one in document["follow_up"]] == [10, 24]
    assert "follow_up" not in status_document(Bench.started(NCT).state, day(1))


def test_the_outlook_says_how_probable_each_way_is(bench):
    """One pending for 24 of 28 days, at a level with 1 DLT of 2 and 6/7 of a patient."""
    without, with_one = (way.probability for way in outlook(bench.state, day(42)))
    p = 1.05 / (2 + 24 / 28 + 0.1)
    late = p * (4 / 28) / (1 - p * 24 / 28)
    assert (without, with_one) == pytest.approx((1 - late, late))
    lines = "\n".join(lines_of(view_status(bench.state, "T1", day(42), last=bench.entries[-1])))
    assert "1 has a DLT (7 %): de-escalate to level -1" in lines
    assert "a DLT comes at any\n    moment of the window alike" in lines
    assert status_document(bench.state, day(42))["outlook"][1]["probability"] == with_one


def test_what_the_next_cohorts_can_bring_starts_from_the_follow_up(bench):
    said = " ".join(
        block.text for block in next_cohorts(bench.state, on=day(43)) if hasattr(block, "text")
    )
    assert "The rule now, by follow-up: Stay at level 1" in said
    assert "Follow-up at level 1 by 2026-02-17: 25 of 28 days" in said
    assert "each decision is on cohorts that are complete" in said
