"""Simulated patients against the closed forms of what is assumed of them."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from escalation.plan import load_plan
from simulations.patients.assumptions import Ailment, Expansion, Marker, Patients
from simulations.patients.draw import Patient, draw_patient
from simulations.patients.file import PatientsFileError, load_patients
from simulations.scenarios.checked import AssumptionError

EXACT = Expansion(spread=0, time_spread=0, peak=100, peak_day=10, doubling_days=2, half_life_days=5)


def draw(assumed: Patients, relative_dose: float = 1.0, seed: int = 1) -> Patient:
    return draw_patient(assumed, relative_dose, np.random.default_rng(seed))


def many(assumed: Patients, n: int, relative_dose: float = 1.0) -> list[Patient]:
    draws = np.random.default_rng(7)
    return [draw_patient(assumed, relative_dose, draws) for _ in range(n)]


def test_cells_double_to_their_peak_and_halve_after_it():
    cells = draw(Patients(expansion=EXACT)).cells
    assert [cells.at(day) for day in (6, 8, 10, 15, 20)] == pytest.approx([25, 50, 100, 50, 25])
    assert cells.at(-1) == 0


def test_the_area_under_the_curve_is_that_of_two_exponentials():
    cells = draw(Patients(expansion=EXACT)).cells
    days = np.linspace(0, 300, 30_001)
    area = np.trapezoid([cells.at(day) for day in days], days)
    up, down = log(2) / 2, log(2) / 5
    assert area == pytest.approx(100 * ((1 - exp(-10 * up)) / up + 1 / down), rel=1e-5)


@pytest.mark.parametrize("relative_dose", [0.5, 1.0, 4.0])
def test_the_geometric_mean_of_peaks_and_their_spread_are_as_assumed(relative_dose: float):
    n = 1_500
    expansion = Expansion(peak=300, per_dose=0.5, spread=0.8)
    assumed = Patients(expansion=expansion, markers=(), ailments=())
    logs = [log(patient.cells.extreme) for patient in many(assumed, n, relative_dose)]
    assert abs(np.mean(logs) - log(300 * relative_dose**0.5)) < 4 * 0.8 / n**0.5
    assert abs(np.std(logs) - 0.8) < 4 * 0.8 / (2 * n) ** 0.5


def test_responses_and_events_are_as_frequent_as_assumed():
    n = 1_500
    assumed = Patients(complete=0.4, partial=0.25, ailments=(Ailment(
        term="CRS", category="crs", probability=0.6, grades=(1, 3)),), markers=())  # fmt: skip
    patients = many(assumed, n)
    for best, p in (("CR", 0.4), ("PR", 0.25), ("other", 0.35)):
        share = sum(patient.best == best for patient in patients) / n
        assert abs(share - p) < 4 * (p * (1 - p) / n) ** 0.5
    grades = [onset.grade for patient in patients for onset in patient.onsets]
    assert abs(len(grades) / n - 0.6) < 4 * (0.24 / n) ** 0.5
    assert abs(np.mean(np.equal(grades, 2)) - 0.75) < 4 * (0.1875 / len(grades)) ** 0.5


@pytest.mark.parametrize("fold", [40.0, 0.003])
def test_a_marker_leaves_its_baseline_reaches_its_extreme_and_comes_back(fold: float):
    marker = Marker(test="x", baseline=10, fold=fold, extreme_day=5, back_day=30, spread=0)
    course = draw(Patients(markers=(marker,))).markers["x"]
    assert course.at(-1) == course.at(0) == pytest.approx(10)
    assert course.at(course.day) == pytest.approx(10 * fold)
    assert course.at(400) == pytest.approx(10)


def test_a_response_becomes_complete_and_never_before_it_began():
    for patient in many(Patients(complete=1, partial=0), 50):
        days = (patient.response_day - 1, patient.response_day, patient.complete_day)
        said = [patient.response(day) for day in days]
        assert said in (["other", "PR", "CR"], ["other", "CR", "CR"])


@pytest.mark.parametrize(
    ("made", "said", "fault"),
    [
        (Expansion, {"peak": 0}, "peak: 0 is not above 0"),
        (Expansion, {"spread": float("nan")}, "spread: nan is not a spread"),
        (Patients, {"complete": 0.7, "partial": 0.4}, "with complete it is more than 1"),
        (Patients, {"female": True}, "female: True is not a probability"),
        (Ailment, {"term": "x", "category": "y", "probability": 2}, "probability: 2 is not a"),
        (Ailment, {"term": "x", "category": "y", "probability": 0, "grades": ()}, "grades: shares"),
    ],
)
def test_what_cannot_be_assumed_is_refused(made: type, said: dict[str, object], fault: str):
    with pytest.raises(AssumptionError, match=fault):
        made(**said)


def test_a_file_changes_what_it_names_and_leaves_the_rest(tmp_path):
    file = tmp_path / "patients.toml"
    file.write_text(
        'schema = 1\ncomplete = 0.6\n[expansion]\npeak = 5\n[[markers]]\ntest = "il6"\n'
        "baseline = 3\nfold = 9\nextreme_day = 4\nback_day = 20\n"
    )
    patients = load_patients(file)
    assert patients.complete == 0.6
    assert patients.expansion == replace(Expansion(), peak=5.0)
    assert [marker.test for marker in patients.markers] == ["il6"]
    assert patients.ailments == Patients().ailments


def test_a_marker_is_a_number_that_the_plan_has_measured(tmp_path):
    file = tmp_path / "patients.toml"
    course = "baseline = 3\nfold = 9\nextreme_day = 4\nback_day = 20\n"
    file.write_text("".join(f'[[markers]]\ntest = "{n}"\n{course}' for n in ("il6", "il-6", "hcg")))
    assert len(load_patients(file).markers) == 3
    with pytest.raises(PatientsFileError) as caught:
        load_patients(file, load_plan("nct07123519"))
    first, second = caught.value.faults
    assert "markers[1].test: 'il-6' is not a number that the plan has measured" in first
    assert "did you mean il6?" in first
    assert "markers[2].test: 'hcg'" in second


def test_every_fault_of_a_file_is_said_at_once(tmp_path):
    file = tmp_path / "patients.toml"
    file.write_text(
        "schema = 2\nfemal = 1\n[expansion]\npeak = -1\n[[ailments]]\nterm = 'x'\n[[markers]]\n"
    )
    with pytest.raises(PatientsFileError) as caught:
        load_patients(file)
    said = str(caught.value)
    for words in (
        "schema: 1",
        "femal",
        "expansion.peak",
        "ailments[0].category",
        "markers[0].test",
    ):
        assert words in said
