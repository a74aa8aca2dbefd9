"""The field's measures, against every path followed one by one and against published packages."""

import csv
from pathlib import Path

import numpy as np
import pytest

from escalation.designs import APlusB, Boin, ThreePlusThree
from escalation.errors import InputError
from simulations.compare.metrics import METRICS, metric_values, selection_metrics, target_interval
from simulations.engines.exact import end_probabilities, exact_characteristics
from simulations.graph.build import build_graph
from simulations.questions.paths import iter_paths

DATA = Path("tests/data")
DESIGNS = {
    "3+3": ThreePlusThree(n_levels=3),
    "capped": ThreePlusThree(n_levels=3, max_patients=9),
    "nobody": ThreePlusThree(n_levels=3, max_patients=2),
    "boin": Boin(n_levels=3, target=0.3, max_patients=9),
}


def expected(design, p_dlt, **against):
    graph = build_graph(design)
    p_ends = end_probabilities(graph, np.array([p_dlt]))[0]
    return {
        name: float(p_ends @ values)
        for name, values in metric_values(graph, p_dlt, **against).items()
    }


def followed(design, p_dlt, *, target, low, high, correct):
    """Follow every path, and count in whole patients."""
    sums = dict.fromkeys(METRICS, 0.0)
    rho = [abs(p - target) for p in p_dlt]
    for path in iter_paths(build_graph(design), p_dlt):
        weight, mtd = path.probability, path.decision.mtd
        n = sum(cohort[1] for cohort in path.cohorts)
        n_above = sum(cohort[1] for cohort in path.cohorts if p_dlt[cohort[0]] > target)
        n_dlts = sum(cohort[2] for cohort in path.cohorts)
        sums["sample_size"] += weight * n
        sums["total_dlts"] += weight * n_dlts
        if n:
            sums["share_above"] += weight * n_above / n
            sums["dlt_rate"] += weight * n_dlts / n
            sums["p_60_above"] += weight * (5 * n_above >= 3 * n)
            sums["p_80_above"] += weight * (5 * n_above >= 4 * n)
        if mtd is not None:
            sums["pcs"] += weight * (mtd == correct)
            sums["p_within"] += weight * (low <= p_dlt[mtd] <= high)
            sums["p_overdose"] += weight * (p_dlt[mtd] > target)
            sums["accuracy"] += weight * (1 - len(p_dlt) * rho[mtd] / sum(rho))
        elif path.decision.inconclusive:
            sums["p_inconclusive"] += weight
            sums["accuracy"] += weight * (1 - len(p_dlt) * target / sum(rho))
        else:
            sums["p_no_mtd"] += weight
            sums["pcs"] += weight * (correct is None)
            distance = 0 if correct is None else target
            sums["accuracy"] += weight * (1 - len(p_dlt) * distance / sum(rho))
    return sums


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize(
    ("p_dlt", "correct"),
    [([0.1, 0.27, 0.5], 1), ([0.35, 0.5, 0.6], None), ([0.25, 0.35, 0.36], 0), ([0.0, 0.2, 1], 1)],
)
def test_every_measure_against_every_path(name, p_dlt, correct):
    found = expected(DESIGNS[name], p_dlt, target=0.3)
    by_path = followed(DESIGNS[name], p_dlt, target=0.3, low=0.25, high=0.35, correct=correct)
    assert list(found) == list(METRICS)
    assert found == pytest.approx(by_path, abs=1e-12)


@pytest.mark.parametrize(("variant", "source"), [("declare", "escOnly"), ("expand-below", "deesc")])
@pytest.mark.parametrize("target", [0.15, 0.25, 0.3])
def test_share_of_patients_above_the_target_against_bcrm(variant, source, target):
    by_scenario = {}
    with (DATA / "threep3_bcrm_per_dose.csv").open() as file:
        for row in csv.DictReader(file):
            if row["variant"] == source and row["start"] == "1" and row["dose"] != "0":
                by_scenario.setdefault(row["scenario"], []).append(row)
    assert len(by_scenario) > 5
    for rows in by_scenario.values():
        p_dlt = [float(row["p_true"]) for row in rows]
        design = ThreePlusThree(n_levels=len(rows), variant=variant)
        above = sum(float(row["exp_prop"]) for row in rows if float(row["p_true"]) > target)
        found = expected(design, p_dlt, target=target)["share_above"]
        assert found == pytest.approx(above, abs=1e-6)


def test_share_of_patients_above_the_target_against_aplusb():
    with (DATA / "threep3_AplusB_per_dose.csv").open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["variant"], row["scenario"]) == ("escOnly_A3B3C1D1E1", "D2_10_30")
        ]
    design = APlusB(n_levels=2, a=3, b=3, c=1, d=1, e=1, below="declare", top="declare")
    found = expected(design, [0.1, 0.3], target=0.2)["share_above"]
    assert found == pytest.approx(float(rows[2]["exp_prop"]), abs=1e-9)


@pytest.mark.parametrize("p_dlt", [[0.1, 0.2, 0.4], [0.5, 0.6, 0.7], [0.2, 0.2, 0.2]], ids=str)
def test_one_rule_says_what_is_correct(p_dlt):
    design = DESIGNS["capped"]
    found = expected(design, p_dlt, target=0.25)
    rule = exact_characteristics(build_graph(design), p_dlt).against_target(p_dlt, 0.25)
    assert (found["pcs"], found["p_overdose"]) == pytest.approx((rule["pcs"], rule["p_overdose"]))


@pytest.mark.parametrize(
    ("p_dlt", "shares", "index"),
    [
        ([0.1, 0.3, 0.6], [0, 1, 0], 1),  # always at the target
        ([0.1, 0.3, 0.6], [1 / 3, 1 / 3, 1 / 3], 0),  # drawn
        ([0.1, 0.3, 0.6], [0, 0, 1], 1 - 3 * 0.3 / 0.5),
    ],
)
def test_accuracy_index_by_hand(p_dlt, shares, index):
    values = selection_metrics(p_dlt, target=0.3)["accuracy"]
    assert float(np.array([0, 0, *shares]) @ values) == pytest.approx(index, abs=1e-12)


def test_accuracy_index_is_not_defined_where_every_level_is_at_the_target():
    assert "accuracy" not in selection_metrics([0.3, 0.3], target=0.3)


def test_the_limits_of_the_interval_belong_to_it():
    # 0.3 + 0.05 is no double, nor is 0.35; as written they are one number
    values = selection_metrics([0.2, 0.25, 0.35, 0.3501], target=0.3)["p_within"]
    assert values.tolist() == [0, 0, 0, 1, 1, 0]
    assert target_interval(0.03) == (0, 0.08)


@pytest.mark.parametrize(
    ("target", "interval"),
    [
        (0.0, None),
        (float("nan"), None),
        (0.3, (0.4, 0.5)),
        (0.3, (0.1, 1.2)),
        (0.3, (float("nan"), 0.4)),
    ],
)
def test_an_interval_that_is_none(target, interval):
    with pytest.raises(InputError):
        target_interval(target, interval)
