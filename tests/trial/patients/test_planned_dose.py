"""What a patient is to get, against amounts worked out by hand; and the words for a share of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.protocol import Protocol
from escalation.trial.patients.planned_dose import PlannedDose, is_weight, plan_dose, say_share
from tests.trial.bench import NCT

FLAT = replace(NCT, unit="mg", dose_cap=None)


@pytest.mark.parametrize(
    ("weight_kg", "is_one"),
    [(0.0, False), (0.999, False), (1.0, True), (500.0, True), (500.1, False), (-60.0, False)],
)
def test_a_weight_is_from_1_to_500_kg(weight_kg, is_one):
    assert is_weight(weight_kg) is is_one
    assert not is_weight(float("nan"))


@pytest.mark.parametrize(
    ("protocol", "label", "weight_kg", "planned"),
    [
        (NCT, -1, 50.0, (1e6, 5e7, "cells", False)),
        (NCT, 3, 60.0, (1e7, 6e8, "cells", False)),
        (NCT, 3, 100.0, (1e7, 1e9, "cells", False)),  # the cap itself
        (NCT, 3, 100.1, (1e7, 1e9, "cells", True)),
        (NCT, 3, None, (1e7, None, "cells", False)),
        (replace(NCT, dose_cap=None), 3, 200.0, (1e7, 2e9, "cells", False)),
        (FLAT, 2, 60.0, (6e6, 6e6, "mg", False)),  # not per kg: whatever the weight
        (FLAT, 2, None, (6e6, 6e6, "mg", False)),
        (replace(FLAT, dose_cap=5e6), 2, None, (6e6, 5e6, "mg", True)),
        (Protocol.plain(2), 1, 60.0, (None, None, "", False)),
    ],
)
def test_the_planned_dose_is_as_worked_out_by_hand(protocol, label, weight_kg, planned):
    dose, amount, unit, capped = planned
    expected = PlannedDose(dose=dose, amount=amount, unit=unit, capped=capped)
    assert plan_dose(protocol, label, weight_kg) == expected


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
