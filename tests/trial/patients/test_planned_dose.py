"""What a patient is to get, against amounts worked out by hand; and the words for a share of it."""

from __future__ import annotations

from dataclasses import replace
from math import log10, nan
from pathlib import Path

import pytest

from escalation.protocol import Protocol, load_protocol
from escalation.protocol.body_surface import du_bois, mosteller
from escalation.protocol.tables import Dosing
from escalation.protocol.units import BodySize
from escalation.trial.patients.body_size import find_size_fault
from escalation.trial.patients.planned_dose import PlannedDose, plan_dose, say_share
from tests.trial.bench import NCT

FLAT = replace(NCT, unit="mg", dose_cap=None)
PER_M2 = replace(NCT, unit="mg/m2", dose_cap=None)
PER_M2 = replace(PER_M2, levels=(replace(NCT.levels[0], label=1, dose=5.0),), start=0)
CASE_4 = Path(__file__).parents[2] / "data" / "unit_spellings.toml"


@pytest.mark.parametrize(
    ("weight_kg", "is_one"),
    [(0.0, False), (0.999, False), (1.0, True), (500.0, True), (500.1, False), (-60.0, False)],
)
def test_a_weight_is_from_1_to_500_kg(weight_kg, is_one):
    assert (find_size_fault(weight_kg, None) is None) is is_one
    assert find_size_fault(nan, None) == "a weight is in kg, from 1 to 500, not nan"


@pytest.mark.parametrize(
    ("height_cm", "fault"),
    [
        (30.0, None),
        (250.0, None),
        (29.9, "a height is in cm, from 30 to 250, not 29.9"),
        (250.1, "a height is in cm, from 30 to 250, not 250.1"),
        (17.0, "a height is in cm, from 30 to 250, not 17"),
        (
            1.7,
            "a height is in cm, from 30 to 250, not 1.7: if that is in metres, it is 170 cm",
        ),
        (
            1755.0,
            "a height is in cm, from 30 to 250, not 1755: if that is in millimetres, it is "
            "175.5 cm",
        ),
        (nan, "a height is in cm, from 30 to 250, not nan"),
        (-170.0, "a height is in cm, from 30 to 250, not -170"),
    ],
)
def test_a_height_is_from_30_to_250_cm_and_what_was_meant_is_said(height_cm, fault):
    assert find_size_fault(None, height_cm) == fault


@pytest.mark.parametrize(
    ("weight_kg", "height_cm", "belong"),
    [
        (3.4, 50.0, True),  # newborn
        (16.0, 105.0, True),  # five years
        (28.0, 165.0, True),  # starved
        (300.0, 180.0, True),
        (170.0, 60.0, False),  # the wrong way round
        (6.0, 170.0, False),  # a digit lost
    ],
)
def test_weight_and_height_go_together_as_in_people(weight_kg, height_cm, belong):
    assert (find_size_fault(weight_kg, height_cm) is None) is belong


@pytest.mark.parametrize(
    ("height_cm", "weight_kg"), [(50, 3.4), (110.3, 24.2), (164, 55), (170, 60), (180, 80)]
)
def test_body_surface_is_that_of_the_formulas_as_published_in_their_other_forms(
    height_cm, weight_kg
):
    # Du Bois 1916: log A = 0.425 log W + 0.725 log H + 1.8564, in cm2
    logarithm = 0.425 * log10(weight_kg) + 0.725 * log10(height_cm) + 1.8564
    assert du_bois(height_cm, weight_kg) == pytest.approx(10**logarithm / 1e4, rel=2e-4)
    # with the height in metres, as its table in textbooks has it
    in_metres = 0.20247 * (height_cm / 100) ** 0.725 * weight_kg**0.425
    assert du_bois(height_cm, weight_kg) == pytest.approx(in_metres, rel=2e-4)
    # Mosteller 1987, in inches and pounds
    in_pounds = (height_cm / 2.54 * weight_kg / 0.45359237 / 3131) ** 0.5
    assert mosteller(height_cm, weight_kg) == pytest.approx(in_pounds, rel=1.1e-3)


def test_body_surface_of_180_cm_and_80_kg_is_2_m2_by_mosteller():
    assert mosteller(180, 80) == 2.0
    assert round(du_bois(180, 80), 2) == 2.0
    assert round(mosteller(170, 60), 3) == 1.683
    assert round(du_bois(170, 60), 3) == 1.695


@pytest.mark.parametrize(
    ("protocol", "label", "weight_kg", "planned"),
    [
        (NCT, -1, 50.0, (1e6, 5e7, "cells", False)),
        (NCT, 3, 60.0, (1e7, 6e8, "cells", False)),
        (NCT, 3, 100.0, (1e7, 1e9, "cells", False)),  # the cap itself
        (NCT, 3, 100.1, (1e7, 1e9, "cells", True)),
        (replace(NCT, dose_cap=None), 3, 200.0, (1e7, 2e9, "cells", False)),
        (FLAT, 2, 60.0, (6e6, 6e6, "mg", False)),  # not per kg: whatever the weight
        (FLAT, 2, None, (6e6, 6e6, "mg", False)),
        (replace(FLAT, dose_cap=5e6), 2, None, (6e6, 5e6, "mg", True)),
    ],
)
def test_the_planned_dose_is_as_worked_out_by_hand(protocol, label, weight_kg, planned):
    dose, amount, unit, capped = planned
    per = BodySize.PATIENT if unit == "mg" else BodySize.KG
    expected = PlannedDose(dose=dose, amount=amount, unit=unit, capped=capped, per=per)
    assert plan_dose(protocol, label, weight_kg=weight_kg, height_cm=None) == expected


def test_no_amount_is_planned_without_a_dose_or_a_weight():
    assert plan_dose(NCT, 3, weight_kg=None, height_cm=170) == PlannedDose(
        dose=1e7, amount=None, unit="cells", per=BodySize.KG, missing=("weight",)
    )
    nothing = PlannedDose(dose=None, amount=None, unit="")
    assert plan_dose(Protocol.plain(2), 1, weight_kg=60, height_cm=170) == nothing
    assert not nothing.is_unread


def test_capitals_in_a_unit_do_not_take_the_weight_or_the_cap_away():
    planned = plan_dose(load_protocol(CASE_4), 1, weight_kg=120, height_cm=None)
    assert (planned.amount, planned.unit, planned.capped) == (1e8, "cells", True)


def test_5_mg_per_m2_for_170_cm_and_60_kg_are_8_42_mg_by_mosteller_and_8_47_by_du_bois():
    planned = plan_dose(PER_M2, 1, weight_kg=60, height_cm=170)
    assert planned.amount == pytest.approx(8.42, abs=0.005)
    assert planned.surface_m2 == pytest.approx(1.683, abs=0.0005)
    by_du_bois = replace(PER_M2, dosing=Dosing(body_surface="dubois"))
    assert plan_dose(by_du_bois, 1, weight_kg=60, height_cm=170).amount == pytest.approx(
        8.47, abs=0.005
    )
    capped = plan_dose(replace(PER_M2, dose_cap=8.0), 1, weight_kg=60, height_cm=170)
    assert (capped.amount, capped.capped) == (8.0, True)


@pytest.mark.parametrize(
    ("weight_kg", "height_cm", "missing"),
    [(60, None, ("height",)), (None, 170, ("weight",)), (None, None, ("weight", "height"))],
)
def test_no_amount_by_body_surface_is_planned_without_weight_and_height(
    weight_kg, height_cm, missing
):
    planned = plan_dose(PER_M2, 1, weight_kg=weight_kg, height_cm=height_cm)
    assert (planned.amount, planned.surface_m2, planned.missing) == (None, None, missing)


def test_a_unit_that_cannot_be_read_plans_nothing_rather_than_a_flat_dose():
    planned = plan_dose(replace(NCT, unit="mg/kq"), 1, weight_kg=60, height_cm=170)
    assert planned == PlannedDose(dose=3e6, amount=None, unit="mg/kq")
    assert planned.is_unread


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "an unknown part"),
        (0.0012, "0.12 %"),
        (0.00999, "0.999 %"),
        (0.01, "1 %"),
        (0.794, "79 %"),
        (1.0, "100 %"),
        (99.99, "9999 %"),
        (100.0, "1e+04 %"),
    ],
)
def test_a_share_is_said_in_percent_with_as_many_digits_as_tell(share, said):
    assert say_share(share) == said
