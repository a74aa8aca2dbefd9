"""The keyboard design, and mTPI-2, against R packages; its shortcut against all keys."""

import numpy as np
import pytest
from scipy.stats import beta

from escalation.designs import Keyboard, MTpi2
from escalation.errors import DesignError
from tests.designs.reference import only, rows, tallies, whole


def test_boundaries_against_keyboard():
    differ, n_rows = [], 0
    for row in rows("keyboard_boundaries.csv"):
        n = int(row["n"])
        names = ("escalate_if_dlt_le", "deescalate_if_dlt_ge", "eliminate_if_dlt_ge")
        *limits, eliminate = (whole(row[name]) for name in names)
        # the printed table marks n = 1 and 2 too; get.oc.kb and select.mtd.kb ask for 3 patients
        for made, expected in ((MTpi2, eliminate), (Keyboard, eliminate if n >= 3 else None)):
            design = made(
                n_levels=2,
                target=float(row["target"]),
                max_patients=30,
                margin_left=float(row["marginL"]),
                margin_right=float(row["marginR"]),
                cutoff_eli=float(row["cutoff_eli"]),
            )
            n_rows += 1
            said = (*design.boundaries(n), design.elimination(n))
            if said != (*limits, expected):
                differ.append(f"{design.name} {row}: {said}")
    only(differ)
    assert n_rows == 360


@pytest.mark.slow
def test_selected_mtd_against_keyboard():
    differ, n_rows = [], 0
    for row in rows("boin_select_mtd.csv"):
        if not row["kb_MTD"]:  # only with boundMTD, which that package does not have
            continue
        seen = tallies(row)
        design = Keyboard(
            n_levels=len(seen),
            target=float(row["target"]),
            cohort_size=1,
            max_patients=sum(tally.n_evaluable for tally in seen),
            cutoff_eli=float(row["cutoff_eli"]),
            extrasafe=row["extrasafe"] == "TRUE",
        )
        mtd = design.decide(seen, 0).mtd
        n_rows += 1
        if (99 if mtd is None else mtd + 1) != int(row["kb_MTD"]):
            differ.append(f"{row}: {mtd}")
    only(differ)
    assert n_rows == 400


@pytest.mark.parametrize("target", [0.1, 0.17, 0.25, 0.3, 0.5])
@pytest.mark.parametrize("margins", [(0.05, 0.05), (0.03, 0.08), (0.09, 0.02)])
def test_two_neighbours_decide_as_all_keys_do(target, margins):
    """Every key from 0 to 1, the short ones at the ends too, with scipy's beta."""
    left, right = margins
    design = Keyboard(
        n_levels=2, target=target, max_patients=30, margin_left=left, margin_right=right
    )
    low, high, width = target - left, target + right, left + right
    below = np.maximum(low - width * np.arange(60), 0)
    above = np.minimum(high + width * np.arange(60), 1)
    edges = np.unique(np.round(np.concatenate([below, above]), 12))
    middle = int(np.argmin(np.abs(edges - low)))
    for n in range(1, 31):
        x = np.arange(n + 1)[:, None]
        heights = np.diff(beta.cdf(edges, x + 1, n - x + 1), axis=1) / np.diff(edges)
        strongest = heights.argmax(axis=1)
        up, down = design.boundaries(n)
        assert (np.flatnonzero(strongest < middle) <= up).all()
        assert (np.flatnonzero(strongest > middle) >= down).all()
        assert (strongest < middle).sum() == up + 1
        assert (strongest > middle).sum() == n + 1 - down


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"margin_left": 0.3}, "needs 0 < target - margin_left < target + margin_right < 1"),
        ({"margin_right": 0.7}, "needs 0 < target - margin_left < target + margin_right < 1"),
        ({"margin_left": -0.1}, "margin_left must be 0 or more, not -0.1"),
        ({"margin_left": 0, "margin_right": 0.0}, "needs 0 < target - margin_left"),
        ({"margin_right": "x"}, "margin_right must be a number, not 'x'"),
    ],
)
def test_a_target_key_that_is_none_is_refused(options, said):
    with pytest.raises(DesignError, match=r"^keyboard: ") as error:
        Keyboard(**({"n_levels": 3, "target": 0.3, "max_patients": 30} | options))
    assert said in str(error.value)
