"""Summaries against the issue's numbers, Python's statistics, and a lognormal's own CV."""

from __future__ import annotations

import statistics
from math import exp, inf, log, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.endpoints import summarise
from escalation.errors import InputError


def test_four_areas_have_the_published_geometric_mean_and_cv() -> None:
    found = summarise([120, 350, 80, 1000])
    assert found.geometric_mean == pytest.approx(240.760268700543, rel=1e-14)
    assert round(found.geometric_cv or 0, 2) == 162.12


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12))
def test_a_summary_is_that_of_pythons_statistics(values: list[float]) -> None:
    found = summarise(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert found.sd == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)
    assert found.median == pytest.approx(statistics.median(values))
    assert (found.minimum, found.maximum) == (min(values), max(values))


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12))
def test_a_geometric_mean_is_that_of_pythons_statistics(values: list[float]) -> None:
    assert summarise(values).geometric_mean == pytest.approx(statistics.geometric_mean(values))


@pytest.mark.parametrize("sigma", [1e-9, 0.1, 1.0, 3.0])
def test_the_geometric_cv_is_that_of_the_lognormal(sigma: float) -> None:
    """Two values at mu -/+ d have the SD d sqrt(2); CV = sqrt(exp(sigma^2) - 1)."""
    apart = sigma / sqrt(2)
    found = summarise([exp(5 - apart), exp(5 + apart)])
    first_terms = 100 * sigma * sqrt(1 + sigma**2 / 2)  # of the series, for a small sigma
    expected = first_terms if sigma < 1e-3 else 100 * sqrt(exp(sigma**2) - 1)
    assert found.geometric_cv == pytest.approx(expected, rel=1e-6)
    assert log(found.geometric_mean or 0) == pytest.approx(5)


def test_a_zero_or_a_negative_number_leaves_no_geometric_mean_and_is_counted() -> None:
    found = summarise([0, -2, 5, 7])
    assert (found.geometric_mean, found.geometric_cv, found.n_not_positive) == (None, None, 2)
    assert found.mean == 2.5


def test_few_numbers_have_no_spread() -> None:
    none, one = summarise([]), summarise([7])
    assert (none.n, none.mean, none.sd, none.median, none.geometric_mean) == (0, *[None] * 4)
    assert (one.mean, one.median, one.geometric_mean) == (7, 7, pytest.approx(7))
    assert (one.sd, one.geometric_cv) == (None, None)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_what_is_not_a_number_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match="not a finite number"):
        summarise([1, bad])


def test_numbers_too_far_apart_have_an_infinite_cv() -> None:
    assert summarise([1e-99, 1e99]).geometric_cv == inf
