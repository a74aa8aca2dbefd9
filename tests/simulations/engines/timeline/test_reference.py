"""The clock against independent simulations and against trials worked out by hand."""

from __future__ import annotations

from itertools import groupby

import pytest

from escalation.designs import RollingSix, ThreePlusThree
from simulations.engines.timeline.course import Course, GivenPatient, Kind
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.engines.timeline.stagger import Stagger
from simulations.timing.assumptions import Poisson, Regular, Timing

from .reference import protocol_of, rows, setting_of, z_scores

ROWS = rows("clock_3plus3_rolling6.csv")
QUICK = {
    ("base", "3+3", "confirm"),
    ("toxic", "rolling-six", "confirm"),
    ("toxic", "3+3", "declare"),
}


def name_of(row: dict[str, str]) -> tuple[str, str, str]:
    return row["setting"], row["design"], row["variant"]


def far_off(row: dict[str, str], trials: int, seed: int = 20) -> dict[str, float]:
    protocol, p, timing = setting_of(row)
    found = simulate_timeline(protocol, p, timing, trials=trials, seed=seed)
    z = z_scores(row, found)
    return {name: value for name, value in z.items() if abs(value) >= 4}


@pytest.mark.parametrize("row", [r for r in ROWS if name_of(r) in QUICK], ids=name_of)
def test_durations_and_losses_are_those_of_an_independent_simulation(row):
    assert far_off(row, 4_000) == {}


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_row_of_an_independent_simulation_is_met(row, monkeypatch):
    """Its patients are dosed as planned on enrolment; ours as the tracker's gates say."""
    monkeypatch.setattr(Stagger, "replans", False)
    assert far_off(row, 3_000 if row["design"] == "rolling-six" else 8_000) == {}


@pytest.mark.parametrize(
    ("design", "days", "sd"),
    [("3+3", 350, 84), pytest.param("rolling-six", 294, 75, marks=pytest.mark.slow)],
)
def test_skolniks_published_durations_are_met(design, days, sd):
    """Skolnik et al. 2008, abstract: patients every 10 days; the rest as the reference found it."""
    kind = ThreePlusThree if design == "3+3" else RollingSix
    found = simulate_timeline(
        protocol_of(kind(n_levels=5), 21),
        [0.02, 0.05, 0.12, 0.35, 0.60],
        Timing(arrivals=Poisson(mean_gap_days=10), dropout=0.2),
        trials=1_000,
    )
    assert found.t_decision.moments.mean == pytest.approx(days, rel=0.05)
    assert found.t_decision.moments.sd == pytest.approx(sd, rel=0.1)
    assert found.figures["n_dlts"].mean == pytest.approx(3.2, rel=0.05)


SCRIPTED = {
    case: list(lines)
    for case, lines in groupby(rows("scripted_trials.csv"), key=lambda row: row["case"])
}


def follow(lines: list[dict[str, str]]) -> Course:
    settings = lines[0]["settings"]
    words = dict(word.split("=") for word in settings.replace(";", ",").split(", ") if "=" in word)
    kind = {"3+3": ThreePlusThree, "rolling-six": RollingSix}[words["design"]]
    protocol = protocol_of(
        kind(n_levels=3),
        alone=int(words.get("first_alone", 0)),
        apart=int(words.get("apart", 0)),
    )
    timing = Timing(
        arrivals=Regular(gap_days=5),
        accrual="wait" if words.get("accrual") == "queue" else "lose",
        decides=words.get("when", "complete"),
        decision_delay_days=float(words.get("delay", 0)),
    )
    patients = [
        GivenPatient(
            dlt_after=float(row["dlt_after"]) if row["dlt_after"] else None,
            dropped_after=float(row["dropped_after"]) if row["dropped_after"] else None,
        )
        for row in lines
        if row["kind"] == "dosed"
    ]
    (course,) = follow_trials(protocol, [0.3] * 3, timing, trials=1, patients=patients)
    return course


@pytest.mark.parametrize("case", SCRIPTED)
def test_a_trial_worked_out_by_hand_is_met_day_by_day(case):
    lines = SCRIPTED[case]
    course = follow(lines)
    arrived = {one.patient: one.arrived for one in course.of_kind(Kind.ENROLLED)}
    dosed = [(one.day, arrived[one.patient], one.level + 1) for one in course.of_kind(Kind.DOSED)]
    assert dosed == [
        (float(row["day"]), float(row["arrived"]), int(row["level"]))
        for row in lines
        if row["kind"] == "dosed"
    ]
    assert [(one.day, say(one.decision)) for one in course.of_kind(Kind.DECIDED)] == [
        (float(row["day"]), row["decision"]) for row in lines if row["kind"] == "decision"
    ]
    (end,) = (row for row in lines if row["kind"] == "end")
    assert course.t_decision == float(end["day"])
    assert f"last outcome {course.t_last}" == end["decision"].partition(";")[0]


def say(decision) -> str:
    if decision.has_ended:
        return f"stop: MTD {decision.mtd + 1}"
    return f"treat {decision.n_to_enrol} at level {decision.level + 1}"
