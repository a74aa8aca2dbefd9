"""Biomarkers by hand, and the median of Kaplan and Meier by their own product."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from escalation.endpoints import (
    BelowLimit,
    Profile,
    Reconstituted,
    Reconstitution,
    Sample,
    Threshold,
    course_of,
    median_time,
    profile_of,
    reconstitution_of,
)
from escalation.errors import InputError

REACHED, CENSORED = Reconstituted.REACHED, Reconstituted.CENSORED


def profile(values: dict[float, float | None], lloq: float | None = None) -> Profile:
    return profile_of(
        [Sample(day=day, value=value, unit="cells/µL", lloq=lloq) for day, value in values.items()]
    )


# ---------------------------------------------------------------- change from baseline


def test_changes_are_from_the_last_sample_on_or_before_the_infusion() -> None:
    course = course_of(profile({-14: 90.0, 0: 40.0, 4: 100.0, 7: 10.0}))
    assert (course.baseline, course.baseline_day) == (40, 0)
    assert [(c.day, c.change, c.fold) for c in course.changes] == [(4, 60, 2.5), (7, -30, 0.25)]


def test_peak_and_nadir_are_the_first_of_equals_after_the_infusion() -> None:
    course = course_of(profile({0: 999.0, 4: 8.0, 7: 50.0, 10: 50.0, 14: 8.0}))
    assert course.peak is not None
    assert course.nadir is not None
    assert (course.peak.day, course.peak.value) == (7, 50)
    assert (course.nadir.day, course.nadir.value) == (4, 8)


def test_without_a_baseline_there_is_no_change_and_it_is_said() -> None:
    course = course_of(profile({4: 100.0, 7: 10.0}))
    assert [(c.change, c.fold) for c in course.changes] == [(None, None)] * 2
    assert course.notes == ("no baseline: no sample on or before the infusion",)
    assert course.peak is not None
    assert course.peak.value == 100


def test_of_a_baseline_of_0_there_is_a_change_and_no_fold() -> None:
    course = course_of(profile({0: 0.0, 4: 100.0}))
    assert [(c.change, c.fold) for c in course.changes] == [(100, None)]
    assert course.notes == ("baseline below the limit, taken as 0", "given as 0: day 0")


@pytest.mark.parametrize(
    ("rule", "baseline", "values"),
    [("half", 1, [9, 1]), ("zero", 0, [9, 0]), ("standard", 0, [9]), ("missing", None, [9])],
)
def test_values_below_the_limit_are_by_the_rule(rule, baseline, values) -> None:
    course = course_of(profile({0: None, 4: 9.0, 7: None}, lloq=2.0), BelowLimit(rule))
    assert course.baseline == baseline
    assert [change.value for change in course.changes] == values


def test_no_sample_after_the_infusion_is_said() -> None:
    course = course_of(profile({0: 5.0}))
    assert (course.peak, course.nadir, course.notes) == (
        None,
        None,
        ("no sample after the infusion",),
    )


# ---------------------------------------------------------------- reconstitution


@pytest.mark.parametrize(
    ("values", "status", "day"),
    [
        ({0: 180, 7: 2, 28: 49.9, 56: 50, 84: 20}, "reached", 56),
        ({0: 180, 7: 2, 28: 49.9, 56: 49}, "not reached", 56),
        ({0: 180, 7: 90, 28: 50}, "never below", None),
        ({0: 2, 7: 90, 28: 70}, "never below", None),  # low before the infusion only
        ({0: 2, 7: 10, 28: 70}, "reached", 28),
        ({0: 180}, "unknown", None),
        ({7: 0, 28: 70}, "reached", 28),
    ],
)
def test_reconstitution_is_the_first_day_at_the_threshold_after_one_below(
    values, status, day
) -> None:
    found = reconstitution_of(profile(values), Threshold(value=50.0))
    assert (found.status, found.day) == (status, day)


def test_a_share_of_the_baseline_needs_one() -> None:
    half = Threshold(value=0.5, is_share_of_baseline=True)
    given = reconstitution_of(profile({0: 180, 7: 2, 28: 89.9, 56: 90}), half)
    assert (given.day, given.threshold, given.below_since) == (56, 90, 7)
    assert reconstitution_of(profile({7: 2, 28: 89}), half).why == "no baseline"
    assert reconstitution_of(profile({0: 0, 28: 89}), half).why == "the baseline is 0"


def test_a_third_of_a_baseline_is_reached_by_a_third_of_it() -> None:
    third = Threshold(value=0.1, is_share_of_baseline=True)
    assert reconstitution_of(profile({0: 3.0, 7: 0.1, 28: 0.3}), third).day == 28


def test_below_the_limit_is_below_a_threshold_that_the_limit_does_not_exceed() -> None:
    values: dict[float, float | None] = {0: 180, 7: None, 28: 70}
    assert reconstitution_of(profile(values, lloq=50.0), Threshold(value=50.0)).day == 28
    unknown = reconstitution_of(profile(values, lloq=60.0), Threshold(value=50.0))
    assert unknown.status is Reconstituted.UNKNOWN
    assert unknown.why == "limit of quantification above the threshold on day 7"


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_is_a_number_above_0(bad: float) -> None:
    with pytest.raises(InputError, match="a threshold is a number above 0"):
        Threshold(value=bad)


def test_the_median_time_is_where_kaplan_and_meiers_product_first_falls_to_a_half() -> None:
    choices = [(day, status) for day in (28, 56, 84) for status in (REACHED, CENSORED)]
    for n in (1, 2, 3, 4):
        for group in product(choices, repeat=n):
            times = [Reconstitution(status=status, day=day) for day, status in group]
            assert median_time(times) == by_product(group)


def by_product(group) -> float | None:
    """Walk through the patients one by one, those reached before those censored on a day."""
    share, left = Fraction(1), len(group)
    for day in (28, 56, 84):
        reached = sum(status is REACHED for at, status in group if at == day)
        if reached:
            share *= Fraction(left - reached, left)
            if share <= Fraction(1, 2):
                return day
        left -= sum(at == day for at, _ in group)
    return None


def test_who_was_never_below_is_not_in_the_median() -> None:
    never = Reconstitution(status=Reconstituted.NEVER_BELOW)
    assert median_time([never, Reconstitution(status=REACHED, day=28)]) == 28
    assert median_time([]) is None
