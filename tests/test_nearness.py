"""Above, the same, nearer: decimals as written are the oracle, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from escalation.nearness import is_above, is_same, just_above, upper_is_nearer

DECIMALS = st.integers(0, 10_000).map(lambda k: Fraction(k, 10_000))
POSITIVE = st.integers(1, 9_999).map(lambda k: Fraction(k, 10_000))


def rounded(exact: Fraction, ulps: int) -> float:
    """Return the float of a decimal, some roundings off."""
    value = float(exact)
    for _ in range(abs(ulps)):
        value = float(np.nextafter(value, np.inf if ulps > 0 else 0.0))
    return value


@given(DECIMALS, DECIMALS, st.integers(-20, 20), st.integers(-20, 20))
def test_comparisons_against_decimals_as_written(a: Fraction, b: Fraction, i: int, j: int) -> None:
    p, q = rounded(a, i if a else 0), rounded(b, j if b else 0)
    assert is_above(p, q) == (a > b)
    assert is_same(p, q) == (a == b)


@given(POSITIVE, DECIMALS, DECIMALS, st.integers(-20, 20))
def test_nearer_against_decimals_as_written(
    target: Fraction, one: Fraction, other: Fraction, ulps: int
) -> None:
    lower, upper = sorted((one, other))
    assume(lower < upper)
    found = upper_is_nearer(float(lower), rounded(upper, ulps), float(target))
    assert found == (abs(upper - target) < abs(lower - target))


@given(DECIMALS, DECIMALS)
def test_numbers_and_arrays_are_answered_alike(a: Fraction, b: Fraction) -> None:
    p, q = float(a), float(b)
    of_p, of_q = np.array([p, p]), np.array([q, q])
    assert is_above(of_p, q).tolist() == [is_above(p, q)] * 2
    assert is_above(p, of_q).tolist() == [is_above(p, q)] * 2
    assert is_same(of_p, of_q).tolist() == [is_same(p, q)] * 2
    nearer = upper_is_nearer(of_p, of_p + of_q, 0.25)
    assert nearer.tolist() == [upper_is_nearer(p, p + q, 0.25)] * 2


@given(POSITIVE, st.integers(-20, 20))
def test_just_above_a_limit_is_above_whatever_is_the_same_as_the_limit(
    limit: Fraction, ulps: int
) -> None:
    assert is_above(just_above(float(limit)), rounded(limit, ulps))
    assert just_above(float(limit)) == pytest.approx(float(limit), rel=1e-11)
