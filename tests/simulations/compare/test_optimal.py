"""The optimal benchmark, against every patient enumerated, and against patients drawn."""

import itertools

import numpy as np
import pytest

from escalation.errors import InputError
from simulations.compare.optimal import optimal_benchmark
from simulations.engines.characteristics import correct_level


def selected(counts, n, target):
    """Select from complete information, in other words than the module's."""
    near = min(abs(x - n * target) for x in counts)
    x = min(x for x in counts if abs(x - n * target) < near + 1e-9)
    levels = [level for level, count in enumerate(counts) if count == x]
    return levels[-1] if x < n * target + 1e-9 else levels[0]


def enumerated(p_dlt, n, target):
    """Let each patient's first toxic level be every one of L + 1."""
    steps = np.diff([0.0, *p_dlt, 1.0])
    p_select = np.zeros(len(p_dlt))
    for firsts in itertools.product(range(len(p_dlt) + 1), repeat=n):
        counts = [sum(first <= level for first in firsts) for level in range(len(p_dlt))]
        p_select[selected(counts, n, target)] += np.prod(steps[list(firsts)])
    return p_select


@pytest.mark.parametrize("n", [1, 2, 4, 5])
@pytest.mark.parametrize("target", [0.2, 0.25, 0.3, 0.5])
@pytest.mark.parametrize(
    "p_dlt", [[0.3], [0.1, 0.4], [0.05, 0.2, 0.45], [0.3, 0.5, 0.7], [0.0, 0.25, 1.0]], ids=str
)
def test_benchmark_against_every_patient_enumerated(p_dlt, target, n):
    found = optimal_benchmark(p_dlt, target=target, n_patients=n)
    assert found.p_select == pytest.approx(enumerated(p_dlt, n, target), abs=1e-12)


@pytest.mark.parametrize("n", [20, 33])
@pytest.mark.parametrize("target", [0.25, 0.3])
def test_benchmark_against_patients_drawn(n, target):
    p_dlt, trials = [0.05, 0.10, 0.20, 0.33, 0.50], 20_000
    tolerances = np.random.default_rng(1).random((trials, n))
    counts = np.stack([(tolerances < p).sum(axis=1) for p in p_dlt], axis=1)
    drawn = np.zeros(5)
    for row in counts.tolist():
        drawn[selected(row, n, target)] += 1
    p = optimal_benchmark(p_dlt, target=target, n_patients=n).p_select
    assert (np.abs(drawn / trials - p) < 4 * np.sqrt(p * (1 - p) / trials) + 1e-4).all()


@pytest.mark.parametrize("p_dlt", [[0.1, 0.3, 0.5], [0.3, 0.45, 0.5], [0.01, 0.02, 0.03]], ids=str)
def test_with_many_patients_the_correct_level_is_selected(p_dlt):
    found = optimal_benchmark(p_dlt, target=0.3, n_patients=300)
    assert found.p_select[correct_level(p_dlt, 0.3)] > 0.9
    assert found.p_select.sum() == pytest.approx(1, abs=1e-12)


def test_a_falling_curve_is_sorted():
    rising = optimal_benchmark([0.1, 0.2, 0.4], target=0.2, n_patients=20).p_select
    falling = optimal_benchmark([0.2, 0.4, 0.1], target=0.2, n_patients=20).p_select
    assert falling == pytest.approx(rising[[1, 2, 0]], abs=0)


def test_levels_alike_count_as_the_highest_of_them():
    one = optimal_benchmark([0.1, 0.4], target=0.2, n_patients=20).p_select
    two = optimal_benchmark([0.1, 0.1, 0.4, 0.4], target=0.2, n_patients=20).p_select
    assert two == pytest.approx([0, one[0], 0, one[1]], abs=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_dlt": []}, "not none"),
        ({"p_dlt": [0.1, 1.5]}, "not 1.5"),
        ({"p_dlt": [0.1, float("nan")]}, "not nan"),
        ({"target": 0.0}, "between 0 and 1"),
        ({"target": float("nan")}, "between 0 and 1"),
        ({"n_patients": 0}, "not 0"),
        ({"n_patients": 301}, "from 1 to 300"),
        ({"n_patients": 3.0}, "not 3.0"),
    ],
)
def test_bad_input_is_one_clear_line(change, message):
    arguments = {"p_dlt": [0.1, 0.2], "target": 0.3, "n_patients": 10} | change
    with pytest.raises(InputError, match=message):
        optimal_benchmark(**arguments)
