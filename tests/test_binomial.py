"""Limits for P(DLT) from a binomial count."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, inf, nan
from typing import Any

import pytest
from scipy.stats import binomtest

from escalation.binomial import (
    BinomialLimits,
    binomial_limits,
    clopper_pearson,
    upper_limit,
    wilson,
)
from escalation.errors import InputError

LEVELS = (0.80, 0.90, 0.95, 0.99)


@pytest.mark.parametrize(
    "sizes",
    [(*range(1, 11), 20, 33, 60), pytest.param(range(1, 61), marks=pytest.mark.slow, id="all")],
)
def test_both_methods_against_scipy(sizes: Sequence[int]) -> None:
    for n in sizes:
        for x in range(n + 1):
            test = binomtest(x, n)
            for level in LEVELS:
                exact = test.proportion_ci(level, method="exact")
                assert clopper_pearson(n, x, level) == pytest.approx(exact, abs=1e-10), (n, x)
                score = test.proportion_ci(level, method="wilson")
                assert wilson(n, x, level) == pytest.approx(score, abs=1e-10), (n, x)


def test_one_sided_upper_limit_against_scipy() -> None:
    for n in range(1, 31):
        for x in range(n + 1):
            test = binomtest(x, n, alternative="less")
            for level in LEVELS:
                oracle = test.proportion_ci(level, method="exact").high
                assert upper_limit(n, x, level) == pytest.approx(oracle, abs=1e-10), (n, x)


def test_exact_limits_against_the_binomial_tail_in_fractions() -> None:
    """Each tail holds just alpha / 2 at its limit, to the last digits."""
    for n in range(1, 31):
        for x in range(n + 1):
            low, high = clopper_pearson(n, x)
            if x:
                assert tail(n, range(x, n + 1), low) == pytest.approx(0.025, rel=1e-12)
            if x < n:
                assert tail(n, range(x + 1), high) == pytest.approx(0.025, rel=1e-12)


def tail(n: int, counts: range, p: float) -> float:
    q = Fraction(p)
    return float(sum(comb(n, k) * q**k * (1 - q) ** (n - k) for k in counts))


def test_published_limits_of_none_among_six() -> None:
    assert round(100 * clopper_pearson(6, 0)[1], 1) == 45.9
    assert round(100 * upper_limit(6, 0), 1) == 39.3


@pytest.mark.parametrize(("n", "x"), [(300, 0), (300, 1), (300, 150), (5000, 7), (5000, 4999)])
def test_many_patients_against_scipy(n: int, x: int) -> None:
    for level in (0.5, 0.95, 0.999999):
        oracle = binomtest(x, n).proportion_ci(level, method="exact")
        assert clopper_pearson(n, x, level) == pytest.approx(oracle, abs=1e-10)


@pytest.mark.parametrize("level", [5e-324, 1e-9, 0.01, 1 - 1e-9, 1 - 2**-53])
def test_any_level_has_limits(level: float) -> None:
    for n in range(1, 20):
        for x in range(n + 1):
            for low, high in (
                clopper_pearson(n, x, level),
                wilson(n, x, level),
                (0, upper_limit(n, x, level)),
            ):
                assert 0 <= low <= high <= 1
    assert clopper_pearson(6, 0, 1 - 1e-9)[1] == pytest.approx(1 - (5e-10) ** (1 / 6))


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
def test_limits_mirror_and_hold_the_rate(method: Any) -> None:
    for n in range(1, 25):
        for x in range(n + 1):
            low, high = method(n, x)
            assert 0 <= low <= x / n <= high <= 1
            assert (low == 0) == (x == 0)
            assert (high == 1) == (x == n)
            assert method(n, n - x) == pytest.approx((1 - high, 1 - low), abs=1e-14)


def test_all_limits_of_a_tally_under_one_level() -> None:
    assert binomial_limits(6, 1, 0.9) == BinomialLimits(
        level=0.9,
        clopper_pearson=clopper_pearson(6, 1, 0.9),
        wilson=wilson(6, 1, 0.9),
        upper_one_sided=upper_limit(6, 1, 0.9),
    )


@pytest.mark.parametrize("method", [clopper_pearson, wilson, upper_limit, binomial_limits])
@pytest.mark.parametrize(
    ("n", "x", "level", "message"),
    [
        (0, 0, 0.95, "at least one evaluable patient"),
        (3, 4, 0.95, "4 DLTs among 3"),
        (3, -1, 0.95, "-1 DLTs among 3"),
        (True, 1, 0.95, "whole numbers"),
        (3.0, 1, 0.95, "whole numbers"),
        (3, nan, 0.95, "whole numbers"),
        (3, 1, 0.0, "between 0 and 1"),
        (3, 1, 1.0, "between 0 and 1"),
        (3, 1, nan, "between 0 and 1"),
        (3, 1, inf, "between 0 and 1"),
        (3, 1, 95, "between 0 and 1"),
        (3, 1, "0.95", "between 0 and 1"),
    ],
)
def test_what_has_no_limits_is_refused(
    method: Any, n: Any, x: Any, level: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        method(n, x, level)
