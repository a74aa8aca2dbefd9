"""From what is recorded to endpoints: whose, when, in which unit, and what is wrong of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from escalation.endpoints import Unassessed
from escalation.errors import InputError
from escalation.plan import Biomarker, Plan
from escalation.plan import Kinetics as Rules
from escalation.trial import TrialState
from escalation.trial.events import Finding, Leaving, SubjectLeft, VisitRecorded
from escalation.trial.findings.biomarkers import biomarkers_in
from escalation.trial.findings.groups import groups_of, treated_in
from escalation.trial.findings.kinetics import KineticsTable, concentrations_at, kinetics_in
from escalation.trial.findings.profiles import Measured, measure
from escalation.trial.findings.responses import assess

from .trials import CELLS, PLAN, append, followed, measured, on_day, result, screened

CAR = PLAN.tests[0]
VALUES = {0: "<", 4: 100.0, 7: 900.0, 10: 1200.0, 14: 600.0, 21: 80.0, 28: 12.0}
MISSED, LATER = Unassessed.MISSED, Unassessed.NOT_DUE


@cache
def base() -> TrialState:
    """Two levels: S1 to S3 without a DLT, S4 and S5 dosed, S6 with a DLT."""
    return followed("1NNN 2NNT")


def of(state: TrialState, subject: str = "S1") -> Measured:
    return next(one for one in measure(state, PLAN, CAR) if one.subject == subject)


def dosed(subject: str) -> date:
    found = base().subjects[subject].dosed_on
    assert found is not None
    return found


# ---------------------------------------------------------------- profiles


def test_days_are_since_the_infusion_and_visits_the_plans() -> None:
    found = of(measured(base(), "S1", "car", {-7: 5.0, **VALUES}, lloq=10.0))
    assert found.profile is not None
    assert [s.day for s in found.profile.samples] == [-7, *VALUES]
    assert [visit.name for visit in found.visits.values()] == [
        *("D0", "D4", "D7", "D10", "W2", "W3", "W4")
    ]
    assert (found.profile.samples[1].is_below, found.profile.samples[1].lloq) == (True, 10)


def test_a_sample_without_a_visit_belongs_to_the_one_whose_window_it_is_in() -> None:
    found = of(measured(base(), "S1", "car", {7: 3.0, 15: 2.0, 100: 1.0}, named=False))
    assert {day: visit.name for day, visit in found.visits.items()} == {7: "D7", 15: "W2"}


def test_what_is_known_more_closely_than_by_dates_counts() -> None:
    first = Finding(test="car", value=1.0, unit="%", day=0.25)
    second = Finding(test="car", value=2.0, unit="%", day=0.75)
    found = of(append(base(), on_day(base(), "S1", 0, first), on_day(base(), "S1", 0, second)))
    assert found.profile is not None
    assert [s.day for s in found.profile.samples] == [0.25, 0.75]


def test_a_patient_counts_once_at_a_visit_by_the_sample_of_it_or_nearest_to_its_day() -> None:
    """Two patients, 400 and 50: their geometric mean is the root of 20,000."""
    state = measured(base(), "S1", "car", {6: 100.0, 7: 400.0, 8: 100.0}, named=False)
    state = measured(state, "S2", "car", {7: 900.0}, named=False)
    state = append(state, on_day(state, "S2", 8, result("car", 50.0), visit="D7"))
    assert at_visits(kinetics_in(state, PLAN)) == {"D7": (2, 0, pytest.approx(20_000**0.5))}
    profile = of(state).profile
    assert profile is not None
    assert len(profile.samples) == 3  # all of them are of the profile, and of its areas


def test_a_result_below_a_limit_that_nobody_gave_needs_no_unit() -> None:
    state = measured(base(), "S1", "car", {0: "<"}, unit=None)
    for unit in ("copies/µg", "%"):
        profile = of(measured(state, "S1", "car", {7: 40.0}, unit=unit)).profile
        assert profile is not None
        assert (profile.unit, profile.n_below) == (unit, 1)
    state = measured(measured(state, "S1", "car", {7: 4.0}), "S1", "car", {10: 5.0}, unit="%")
    assert of(state).faults == ("two units, copies/µg (day 7) and % (day 10); a profile has one",)


def test_what_was_recorded_late_is_put_in_order_of_time() -> None:
    state = measured(measured(base(), "S1", "car", {14: 5.0}), "S1", "car", {7: 9.0})
    profile = of(state).profile
    assert profile is not None
    assert [s.day for s in profile.samples] == [7, 14]


def test_a_unit_that_differs_in_writing_only_is_the_plans() -> None:
    profile = of(measured(base(), "S1", "car", VALUES, unit="Copies/\u03bcg")).profile
    assert profile is not None
    assert profile.unit == "copies/µg"


def test_results_that_are_not_there_are_counted() -> None:
    none = Finding(test="car", not_done="clotted")
    found = of(append(measured(base(), "S1", "car", VALUES), on_day(base(), "S1", 56, none)))
    assert (found.n_not_done, found.remarks) == (1, ["1 not done"])


def test_a_sample_outside_its_visits_window_is_kept_and_said() -> None:
    late = Finding(test="car", value=4.0, unit="copies/µg")
    found = of(append(base(), on_day(base(), "S1", 24, late, visit="W2")))
    assert found.profile is not None
    assert found.remarks == ["W2 on day 24, outside its window"]


def wrong(kind: str) -> TrialState:
    state = measured(base(), "S1", "car", VALUES)
    match kind:
        case "units":
            return measured(state, "S1", "car", {56: 3.0}, unit="%")
        case "twice":
            return measured(state, "S1", "car", {7: 3.0}, named=False)
        case "order":
            early = Finding(test="car", value=4.0, unit="copies/µg")
            return append(state, on_day(state, "S1", 11, early, visit="W8"))
        case "no unit":
            return measured(state, "S1", "car", {56: 3.0}, unit=None)
        case _:
            return measured(state, "S1", "car", {56: -3.0})


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("units", "two units, copies/µg (day 0) and % (day 56); a profile has one"),
        ("twice", "two samples of day 7: give each its part of the day"),
        ("order", "times are out of order: W8 on day 11, and W2 on day 14"),
        ("no unit", "day 56: no unit"),
        ("negative", "day 56: the value -3 is negative"),
    ],
)
def test_a_fault_of_one_profile_is_said_of_it_and_leaves_the_others(kind: str, says: str) -> None:
    state = measured(wrong(kind), "S2", "car", VALUES)
    faulty, sound = of(state), of(state, "S2")
    assert faulty.profile is None
    assert says in faulty.faults
    assert (sound.faults, sound.profile is None) == ((), False)
    table = kinetics_in(state, PLAN)
    assert [one.kinetics is None for one in table.patients[:2]] == [True, False]
    assert table.summary(table.groups[-1], "cmax").n == 1


def test_who_has_no_sample_is_in_the_table() -> None:
    table = kinetics_in(measured(base(), "S1", "car", VALUES), PLAN)
    assert [one.measured.subject for one in table.patients] == [f"S{k}" for k in range(1, 7)]
    assert table.patients[1].faults == ("no sample",)
    assert table.has_data
    assert not kinetics_in(base(), PLAN).has_data


# ---------------------------------------------------------------- kinetics


def test_kinetics_are_by_the_plans_rules_and_summarised_by_level() -> None:
    state = base()
    for subject, times in zip(("S1", "S2", "S3", "S4"), (120, 350, 80, 1000), strict=True):
        state = measured(state, subject, "car", {0: 0.0, 14: float(times), 28: 1.0})
    linear = replace(PLAN, kinetics=Rules(test="car", rule="linear", until_day=14))
    table = kinetics_in(state, linear)
    everybody = table.summary(table.groups[-1], "cmax")
    assert everybody.geometric_mean == pytest.approx(240.760268700543)
    assert [group.name for group in table.groups] == ["level 1", "level 2", "all patients"]
    assert [table.summary(group, "cmax").n for group in table.groups] == [3, 1, 4]
    assert table.patients[0].kinetics is not None
    assert table.patients[0].kinetics.auc_until == 14 * 120 / 2


def test_a_profile_in_another_unit_is_shown_and_not_summarised() -> None:
    state = measured(measured(base(), "S1", "car", VALUES), "S2", "car", VALUES, unit="%")
    table = kinetics_in(state, PLAN)
    assert table.patients[1].kinetics is not None
    assert "in %, not in copies/µg: not summarised" in table.patients[1].notes
    assert table.summary(table.groups[-1], "cmax").n == 1


def test_where_nobody_has_the_plans_unit_the_common_one_is_summarised() -> None:
    state = measured(base(), "S1", "car", VALUES, unit="cells")
    for subject in ("S2", "S3"):
        state = measured(state, subject, "car", VALUES, unit="%")
    table = kinetics_in(state, PLAN)
    assert (table.unit, table.summary(table.groups[-1], "cmax").n) == ("%", 2)


def at_visits(table: KineticsTable) -> dict[str, tuple[int, int, float | None]]:
    found = concentrations_at(
        [one.measured for one in table.patients], table.groups[-1], table.unit
    )
    return {at.visit.name: (at.n, at.n_below, at.geometric_mean) for at in found}


def test_a_geometric_mean_at_a_visit_is_given_where_half_of_the_samples_are_measurable() -> None:
    state = base()
    for subject, value in (("S1", 10.0), ("S2", 1000.0), ("S3", "<"), ("S4", "<")):
        state = measured(state, subject, "car", {7: value})
    assert at_visits(kinetics_in(state, PLAN))["D7"] == (4, 2, pytest.approx(100))
    state = measured(state, "S5", "car", {7: "<"})
    assert at_visits(kinetics_in(state, PLAN))["D7"] == (5, 3, None)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (Plan(name="bare"), "plan bare says nothing of kinetics"),
        (replace(PLAN, kinetics=Rules(test="cra")), "plan endpoints has no test 'cra'"),
    ],
)
def test_a_plan_that_does_not_say_how_is_named(plan: Plan, says: str) -> None:
    with pytest.raises(InputError, match=says):
        kinetics_in(base(), plan)


# ---------------------------------------------------------------- biomarkers


def test_biomarkers_are_of_everybody_with_changes_by_visit_and_who_came_back() -> None:
    state = measured(base(), "S1", "b-cells", {0: 180.0, 7: 2.0, 28: 20.0, 56: 70.0}, CELLS)
    state = measured(state, "S2", "b-cells", {0: 100.0, 7: "<", 28: 40.0}, CELLS, lloq=1.0)
    _, cells = biomarkers_in(state, PLAN)
    everybody = cells.groups[-1]
    returned = cells.returned(everybody)
    assert [returned.n[status] for status in returned.n] == [1, 1, 0, 0]
    assert returned.median == 56
    changes = {at.visit.name: at.change for at in cells.at_visits(everybody)}
    assert (changes["D7"].minimum, changes["D7"].maximum) == (-178, -99.5)
    assert cells.extremes(everybody, "nadir", "value").maximum == 2
    assert cells.baselines(everybody).n == 2


def test_half_of_a_limit_that_is_not_known_is_said_of_the_patient() -> None:
    state = measured(base(), "S1", "b-cells", {0: 180.0, 7: "<"}, CELLS)
    _, cells = biomarkers_in(state, PLAN)
    assert cells.patients[0].faults == ("half the limit of quantification is unknown: day 7",)
    zero = replace(PLAN, biomarkers=(Biomarker(test="b-cells", below="zero"),))
    assert biomarkers_in(state, zero)[0].patients[0].course is not None


def test_cells_counted_in_another_unit_are_converted_to_the_plans() -> None:
    state = measured(base(), "S1", "b-cells", {0: 0.18, 7: 0.002, 84: 0.05}, "10^9/L")
    _, cells = biomarkers_in(state, PLAN)
    course, back = cells.patients[0].course, cells.patients[0].back
    assert course is not None
    assert (course.unit, course.baseline, [c.value for c in course.changes]) == (
        *(CELLS, 180, [2, 50]),
    )
    assert back is not None
    assert back.day == 84


def test_a_threshold_in_the_plans_unit_says_nothing_of_one_of_another_kind() -> None:
    state = measured(base(), "S1", "b-cells", {0: 12.0, 7: 0.1}, "%")
    state = measured(state, "S2", "b-cells", {0: 180.0, 7: 2.0}, CELLS)
    _, cells = biomarkers_in(state, PLAN)
    assert [one.back is None for one in cells.patients[:2]] == [True, False]


# ---------------------------------------------------------------- responses


def responses(state: TrialState, days: int, subject: str = "S1") -> list[str]:
    assert PLAN.response is not None
    on = dosed(subject) + timedelta(days=days)
    found = next(o for o in assess(state, PLAN, PLAN.response, on) if o.subject == subject)
    return list(found.responses.values())


def notes(state: TrialState) -> dict[str, str]:
    """Return what is to be known of S1 after all results and before any window closes for it."""
    assert PLAN.response is not None
    on = state.times[-1].date()
    found = assess(state, PLAN, PLAN.response, on)[0]
    return dict(found.notes)


def test_on_a_day_before_them_later_assessments_count_for_nothing() -> None:
    """Or those who responded early would be among those due, and nobody else."""
    state = measured(base(), "S1", "response", {14: "PR", 84: "CR"})
    assert responses(state, 83) == ["PR", MISSED, MISSED, LATER]
    assert responses(state, 84) == ["PR", MISSED, MISSED, "CR"]
    missed = VisitRecorded(
        on=dosed("S1") + timedelta(days=30), subject="S1", visit="W4", missed="in hospital"
    )
    assert responses(append(state, missed), 29)[1] is LATER
    assert responses(append(state, missed), 30)[1] is MISSED


def test_an_assessment_is_due_once_its_window_has_closed() -> None:
    state = measured(base(), "S1", "response", {14: "PR"})
    assert responses(state, 31) == ["PR", LATER, LATER, LATER]
    assert responses(state, 32) == ["PR", MISSED, LATER, LATER]
    assert responses(state, 200) == ["PR", MISSED, MISSED, MISSED]


def test_who_has_left_is_not_assessed_any_more() -> None:
    left = SubjectLeft(on=dosed("S1") + timedelta(days=20), subject="S1", why=Leaving.WITHDREW)
    state = append(measured(base(), "S1", "response", {14: "CR"}), left)
    assert responses(state, 19) == ["CR", LATER, LATER, LATER]
    assert responses(state, 20) == ["CR", MISSED, MISSED, MISSED]


def test_a_visit_that_was_missed_says_why() -> None:
    missed = VisitRecorded(
        on=dosed("S1") + timedelta(days=28), subject="S1", visit="W4", missed="in hospital"
    )
    state = append(base(), missed)
    assert responses(state, 28) == [MISSED, MISSED, LATER, LATER]
    assert notes(state) == {"W4": "missed: in hospital"}


def test_a_later_result_takes_the_place_of_an_earlier_one() -> None:
    state = measured(base(), "S1", "response", {14: "PR"})
    assert responses(measured(state, "S1", "response", {14: "CR"}), 14)[0] == "CR"


def test_the_assessment_of_a_visit_stands_whatever_was_seen_beside_it() -> None:
    seen = Finding(test="response", answer="other")
    state = measured(base(), "S1", "response", {28: "CR"})
    assert responses(append(state, on_day(state, "S1", 30, seen)), 40)[1] == "CR"
    state = measured(base(), "S1", "response", {27: "PR", 30: "other"}, named=False)
    assert responses(state, 40)[1] == "PR"  # the nearest to its day, 28
    not_made = Finding(test="response", not_done="scan failed")
    state = append(state, on_day(state, "S1", 28, not_made, visit="W4"))
    assert responses(state, 40)[1] == "PR"


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (Finding(test="response", not_done="scan failed"), "scan failed"),
        (Finding(test="response", answer="not assessed"), "said not to have been assessed"),
        (Finding(test="response"), "without a result"),
    ],
)
def test_an_assessment_that_was_not_made_is_due_and_says_why(finding: Finding, why: str) -> None:
    state = append(base(), on_day(base(), "S1", 14, finding, visit="W2"))
    assert responses(state, 14)[0] is MISSED
    assert notes(state) == {"W2": why}


def test_an_assessment_outside_its_window_is_kept_and_said() -> None:
    late = Finding(test="response", answer="CR")
    state = append(base(), on_day(base(), "S1", 25, late, visit="W2"))
    assert responses(state, 25)[0] == "CR"
    assert notes(state) == {"W2": "assessed on day 25, outside the window"}


# ---------------------------------------------------------------- groups


def test_groups_are_levels_diseases_in_the_plans_order_and_all() -> None:
    state = screened(base(), {"S1": "aav", "S2": "sle", "S4": "aav"})
    groups = groups_of(state, treated_in(state), diseases=True)
    assert [(group.kind, group.name, len(group.subjects)) for group in groups] == [
        ("level", "level 1", 3),
        ("level", "level 2", 3),
        ("disease", "SLE", 1),
        ("disease", "ANCA vasculitis", 2),
        ("disease", "disease not recorded", 3),
        ("all", "all patients", 6),
    ]


def test_where_no_disease_is_recorded_there_is_no_group_of_one() -> None:
    groups = groups_of(base(), treated_in(base()), diseases=True)
    assert [group.kind for group in groups] == ["level", "level", "all"]
