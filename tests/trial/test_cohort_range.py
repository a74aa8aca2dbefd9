"""A trial whose protocol has a range of cohort sizes: the committee opens up to its end."""

from dataclasses import replace

import pytest

from escalation.designs import ThreePlusThree
from escalation.outcomes import format_outcomes
from escalation.trial import decide
from escalation.trial.events import Choice
from escalation.trial.hindsight import look_back
from escalation.trial.review.departures import departures
from escalation.trial.rule import rule_says
from escalation.trial.spreadsheet.importing import import_patients

from .bench import CHAIR, NCT, SITE, Bench

RANGED = replace(NCT, design=ThreePlusThree(n_levels=4, start=1, cohort_size="3-6"))


def enrol(n: int, level: int = 1) -> Choice:
    return Choice(action="enrol", level=level, n_to_enrol=n)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_a_cohort_in_the_range_is_as_the_rule_says(n):
    bench = Bench.started(RANGED)
    bench.open_cohort(0, choice=enrol(n))
    made = bench.state.decisions[-1].event
    assert (made.departure, made.override, made.recommended.n_to_enrol) == (False, False, 3)
    assert bench.state.cohorts[-1].n_opened == n
    assert departures(bench.state) == []


@pytest.mark.parametrize(
    ("choice", "departs"), [(enrol(7), True), (enrol(3, level=2), True), (enrol(2), False)]
)
def test_what_is_outside_the_range_needs_a_rationale(choice, departs):
    bench = Bench.started(RANGED)
    assert "enrol 3 to 6 patients" in bench.refused(decide, CHAIR, choice=choice)
    bench.open_cohort(0, choice=choice, rationale="they wait")
    made = bench.state.decisions[-1].event
    assert (made.departure, made.override) == (departs, True)


def test_without_a_range_one_patient_more_is_a_departure_as_before():
    bench = Bench.started()
    bench.open_cohort(0, choice=enrol(4), rationale="they wait")
    made = bench.state.decisions[-1].event
    assert (made.departure, made.override) == (True, True)


def test_a_cohort_of_five_goes_on_and_is_judged_together():
    bench = Bench.started(RANGED)
    bench.open_cohort(0, choice=enrol(5))
    for number, on in enumerate((0, 14, 17, 20, 23), start=1):
        bench.treat(f"S{number}", on)
    for number in range(1, 5):
        bench.no_dlt(f"S{number}", 60)
    assert rule_says(bench.state).action == "wait"
    bench.dlt("S5", 60, 30)
    decision = rule_says(bench.state)
    assert (decision.level, decision.n_to_enrol, decision.n_at_most) == (1, 1, 6)
    assert departures(bench.state) == []
    assert look_back(bench.state) == []


def test_a_history_with_a_cohort_of_four_is_imported_as_one_without_departure():
    rows = ["subject,level,weight_kg,dosed_on,infused,lot,outcome,outcome_on"]
    rows += [f"S{n},1,60,2026-01-{4 + n:02},1.8e8,A{n},no DLT,2026-03-01" for n in range(1, 5)]
    rows += [f"S{n},2,60,2026-03-{n:02},3.6e8,A{n},no DLT,2026-04-15" for n in range(5, 8)]
    bench = Bench.started(RANGED)
    bench.do(import_patients("\n".join(rows).encode(), "patients.csv"), SITE, 150)
    assert format_outcomes(bench.state.written_cohorts()) == "1NNNN 2NNN"
    assert [cohort.n_opened for cohort in bench.state.cohorts] == [4, 3]
