"""Which level is the correct one, against the rule spelled out level by level."""

from fractions import Fraction

import numpy as np
import pytest

from simulations.engines.characteristics import correct_level, correct_levels
from simulations.graph.build import NO_MTD


def by_the_rule(p_dlt, target):
    """Go through the levels: nearest wins, of ties the lower P(DLT), then the higher level."""
    if all(p > target for p in p_dlt):
        return None
    best = 0
    for level in range(1, len(p_dlt)):
        here, there = abs(p_dlt[level] - target), abs(p_dlt[best] - target)
        if here < there or (here == there and p_dlt[level] <= p_dlt[best]):
            best = level
    return best


def test_correct_levels_against_the_rule_spelled_out():
    rng = np.random.default_rng(1)
    curves = rng.integers(0, 9, size=(3000, 4)) / 8  # eighths: exact in binary, many ties
    if_sorted = np.sort(curves[:1500], axis=1)
    for p in np.concatenate([curves, if_sorted]):
        expected = by_the_rule([Fraction(value) for value in p], Fraction(3, 8))
        assert correct_level(p.tolist(), 0.375) == expected
        level = int(correct_levels(p[np.newaxis], 0.375)[0])
        assert level == (NO_MTD if expected is None else expected)


@pytest.mark.parametrize(
    ("p_dlt", "expected"),
    [
        ([0.1, 0.2, 0.28], 2),
        ([0.125, 0.375], 0),  # equally near to 0.25: the one below it
        ([0.25, 0.25], 1),  # the same P(DLT): the higher level
        ([0.5, 0.75], None),
    ],
)
def test_ties_and_no_mtd(p_dlt, expected):
    assert correct_level(p_dlt, 0.25) == expected


def test_correct_level_of_decimals_against_fractions():
    """As a person writes them, 0.15 and 0.25 are equally near to 0.20, though not as floats."""
    written = range(1, 100)
    for target in written:
        pairs = [
            (p, q) for p in written[: target + 2] for q in (2 * target - p, 2 * target - p + 1)
        ]
        for p, q in ((p, q) for p, q in pairs if p < q < 100):
            expected = by_the_rule([Fraction(p, 100), Fraction(q, 100)], Fraction(target, 100))
            assert correct_level([p / 100, q / 100], target / 100) == expected, (p, q, target)
