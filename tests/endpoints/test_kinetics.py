"""Kinetics against WinNonlin's published areas, closed forms, and curves cut into fine steps."""

from __future__ import annotations

import csv
from itertools import pairwise
from math import exp, inf, log, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.endpoints import (
    BelowLimit,
    Kinetics,
    Profile,
    ProfileError,
    Sample,
    Trapezoid,
    area_between,
    kinetics_of,
    profile_of,
    values_by,
)
from escalation.errors import InputError

DATA = Path(__file__).parents[1] / "data"
UNIT = "copies/µg"
LINEAR, LOG = Trapezoid.LINEAR, Trapezoid.LINEAR_UP_LOG_DOWN
DAYS = (0, 4, 7, 10, 14, 21, 28)


def profile(values: dict[float, float | None], lloq: float | None = None) -> Profile:
    return profile_of(
        [Sample(day=day, value=value, unit=UNIT, lloq=lloq) for day, value in values.items()]
    )


def kinetics(values: dict[float, float | None], **settings) -> Kinetics:
    return kinetics_of(profile(values, settings.pop("lloq", None)), **settings)


# ---------------------------------------------------------------- areas


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("found", rows_of("kinetics_theoph_winnonlin.csv"))
def test_theophylline_is_as_winnonlin_has_it(found: dict[str, str]) -> None:
    values: dict[float, float | None] = {
        float(row["hours"]): float(row["mg_per_l"])
        for row in rows_of("kinetics_theoph.csv")
        if row["subject"] == found["subject"]
    }
    by_log, by_line = kinetics(values), kinetics(values, trapezoid=LINEAR)
    assert (by_log.cmax, by_log.tmax) == (float(found["cmax"]), float(found["tmax"]))
    assert by_log.auc_last == pytest.approx(float(found["auc_last_log"]), abs=6e-7)
    assert by_line.auc_last == pytest.approx(float(found["auc_last_linear"]), abs=6e-7)


def test_the_example_of_ncappc_gives_its_area() -> None:
    times = (0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24)
    values = (0, 0.07, 0.14, 0.21, 0.24, 0.27, 0.26, 0.25, 0.22, 0.19, 0.13, 0.081, 0.033)
    found = kinetics(dict(zip(times, values, strict=True)))
    assert (round(found.auc_last or 0, 6), found.cmax, found.tmax) == (3.235439, 0.27, 2)


def test_a_decline_by_the_log_rule_is_its_integral() -> None:
    values = {day: 1000 * exp(-0.1 * day) for day in DAYS}
    by_log, by_line = kinetics(values), kinetics(values, trapezoid=LINEAR)
    assert by_log.auc_last == pytest.approx(10_000 * (1 - exp(-2.8)), rel=1e-15)
    assert by_log.auc_last == pytest.approx(9391.899373747821, rel=1e-15)
    assert by_line.auc_last == pytest.approx(9549.767635236987, rel=1e-15)
    assert by_log.auc_until == by_log.auc_last


@pytest.mark.parametrize("last", [29, 35, 56, 364])
def test_an_area_to_an_unsampled_day_is_the_integral_up_to_it(last: int) -> None:
    values = {day: 1000 * exp(-0.1 * day) for day in (0, 4, 21, last)}
    assert kinetics(values).auc_until == pytest.approx(10_000 * (1 - exp(-2.8)), rel=1e-14)


def test_an_area_to_an_unsampled_day_by_the_linear_rule_is_that_of_the_trapezoid() -> None:
    assert kinetics({0: 0.0, 56: 56.0}, trapezoid=LINEAR).auc_until == pytest.approx(28**2 / 2)
    found = kinetics({0: 100.0, 56: 44.0}, trapezoid=LINEAR)
    assert found.auc_until == pytest.approx(28 * (100 + 72) / 2)


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.floats(0, 1e6, allow_subnormal=False)),
        min_size=2,
        max_size=8,
    ),
    st.sampled_from(Trapezoid),
)
def test_an_area_is_that_of_its_curve_cut_into_fine_steps(steps, trapezoid) -> None:
    day, points = 0, []
    for apart, value in steps:
        points.append((float(day), value if value > 1e-3 else 0.0))
        day += apart
    brute = sum(in_fine_steps(*pair, trapezoid) for pair in pairwise(points))
    found = area_between(points, 0.0, points[-1][0], trapezoid)
    assert found == pytest.approx(brute, rel=2e-4, abs=1e-9)


def in_fine_steps(before, after, trapezoid, n: int = 400) -> float:
    """Integrate from one sample to the next by Simpson's rule, the curve drawn from its words."""
    (start, high), (end, low) = before, after
    logarithmic = trapezoid is LOG and high > low > 0

    def height(part: float) -> float:
        return high ** (1 - part) * low**part if logarithmic else high * (1 - part) + low * part

    weights = [1, *[4, 2] * (n // 2 - 1), 4, 1]
    return (end - start) / n / 3 * sum(w * height(k / n) for k, w in enumerate(weights))


def test_an_area_in_parts_is_the_whole() -> None:
    points = [(0.0, 3.0), (4.0, 900.0), (7.0, 1200.0), (14.0, 40.0), (28.0, 0.5), (56.0, 0.0)]
    for trapezoid in Trapezoid:
        parts = [area_between(points, a, b, trapezoid) for a, b in pairwise((0, 2, 9.5, 40, 56))]
        assert sum(parts) == pytest.approx(area_between(points, 0, 56, trapezoid), rel=1e-14)


def test_two_samples_that_hardly_differ_lose_no_digit() -> None:
    high = 1000.0
    low = high * (1 - 1e-13)
    assert kinetics({0: high, 28: low}).auc_last == pytest.approx(28_000, rel=1e-12)


def test_two_samples_that_are_far_apart_are_the_closed_form() -> None:
    found = kinetics({0: 1e9, 28: 1e-12})
    assert found.auc_last == pytest.approx(28 * (1e9 - 1e-12) / (21 * log(10)), rel=1e-14)


def test_nothing_is_extrapolated() -> None:
    found = kinetics({0: 5.0, 7: 90.0, 21: 4.0})
    assert (found.auc_until, found.tlast) == (None, 21)
    assert found.notes == ("day 28 not reached: last measurable on day 21, not extrapolated",)
    for day in (-1.0, 21.1):
        with pytest.raises(InputError, match="outside the samples, of days 0 to 21"):
            area_between([(0.0, 5.0), (21.0, 4.0)], 0.0 if day > 0 else day, day, LOG)


def test_areas_from_different_days_are_not_one_parameter() -> None:
    """CDISC's AUCLST is from the time of dosing: an area from day 4 on is not among those."""
    found = kinetics({4: 10.0, 28: 10.0})
    assert (found.cmax, found.auc_last, found.auc_until) == (10, None, None)
    assert found.notes == ("no area: the first sample is of day 4",)


def test_a_first_sample_some_hours_after_the_infusion_is_of_its_day() -> None:
    found = kinetics({0.25: 10.0, 28.25: 10.0})
    assert (found.auc_last, found.auc_until) == (280, 277.5)
    assert found.notes == ("areas begin on day 0.25, the first value",)


def test_a_last_day_that_was_sampled_is_not_said_not_to_be_reached() -> None:
    found = kinetics({0: 5.0, 7: 90.0, 28: None})
    assert found.auc_until is None
    assert found.notes == (
        "no area from day 0 to 28: below the limit after day 7, and missing by the rule",
    )


# ---------------------------------------------------------------- peaks and limits


def test_tmax_is_the_first_of_equal_peaks() -> None:
    found = kinetics({0: 1.0, 7: 50.0, 10: 50.0, 14: 3.0})
    assert (found.cmax, found.tmax, found.tlast, found.clast) == (50, 7, 14, 3)


def test_samples_before_the_infusion_are_left_out_and_said() -> None:
    found = kinetics({-7: 99.0, 0: 1.0, 7: 50.0})
    assert (found.cmax, found.n_samples) == (50, 2)
    assert "1 before the infusion left out" in found.notes


def test_a_value_at_the_limit_is_measurable_and_one_below_it_is_not() -> None:
    found = kinetics({0: 9.99, 7: 50.0, 14: 10.0, 21: 9.99}, lloq=10.0)
    assert (found.tlast, found.clast, found.n_below) == (14, 10, 2)


BELOW = {0: None, 4: None, 7: 40.0, 10: None, 14: 20.0, 21: None, 28: None}


@pytest.mark.parametrize(
    ("rule", "values", "auc_last", "auc_until"),
    [
        ("standard", {0: 0, 4: 0, 7: 40, 14: 20}, 60 + 210, None),
        ("ends", {0: 0, 4: 0, 7: 40, 14: 20, 21: 0, 28: 0}, 60 + 210, 60 + 210 + 70),
        ("zero", {0: 0, 4: 0, 7: 40, 10: 0, 14: 20, 21: 0, 28: 0}, 160, 230),
        ("half", {0: 5, 4: 5, 7: 40, 10: 5, 14: 20, 21: 5, 28: 5}, 205, 205 + 87.5 + 35),
        ("missing", {7: 40, 14: 20}, 210, None),
    ],
)
def test_each_rule_below_the_limit_by_hand(rule, values, auc_last, auc_until) -> None:
    below = BelowLimit(rule)
    assert values_by(profile(BELOW, 10.0).samples, below) == values
    found = kinetics(BELOW, lloq=10.0, below=below, trapezoid=LINEAR)
    assert (found.cmax, found.tmax, found.tlast, found.n_below) == (40, 7, 14, 5)
    assert (found.auc_last, found.auc_until) == (auc_last, auc_until)


def test_below_the_limit_given_as_0_is_flagged() -> None:
    found = kinetics({0: 0.0, 7: 40.0, 14: 0.0, 28: 1.0}, trapezoid=LINEAR)
    assert "given as 0, taken as below the limit: days 0, 14" in found.notes
    assert (found.n_below, found.auc_last) == (2, 140 + 21 * 20.5)


def test_half_of_a_limit_that_is_not_known_is_refused() -> None:
    with pytest.raises(ProfileError, match="S1: half the limit of quantification is unknown: day"):
        kinetics({0: None, 7: 40.0}, below=BelowLimit.HALF, what="S1")


@pytest.mark.parametrize("rule", BelowLimit)
def test_what_was_never_measurable_has_no_kinetics(rule: BelowLimit) -> None:
    found = kinetics({0: None, 7: None, 28: None}, lloq=10.0, below=rule)
    assert (found.cmax, found.tmax, found.tlast, found.auc_last, found.auc_until) == (None,) * 5
    assert found.notes == ("never measurable",)


def test_one_sample_is_a_profile_without_an_area() -> None:
    """An area of 0 would leave its whole level without a geometric mean."""
    for values in ({0: 7.0}, {0: 7.0, 4: None, 28: None}):
        found = kinetics(values)
        assert (found.cmax, found.tmax, found.auc_last, found.auc_until) == (7, 0, None, None)
        assert found.notes[0] == "no AUClast: no value before day 0"
    by_ends = kinetics({0: 7.0, 28: None}, below=BelowLimit.ENDS)
    assert (by_ends.auc_last, by_ends.auc_until) == (None, 98)


def test_only_samples_before_the_infusion_are_no_kinetics() -> None:
    assert kinetics({-7: 5.0}).notes[-1] == "no sample since the infusion"


# ---------------------------------------------------------------- what is not a profile


def sample(day: float, value: float | None = 1.0, unit: str = UNIT, lloq: float | None = None):
    return Sample(day=day, value=value, unit=unit, lloq=lloq)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ([], "no sample"),
        ([sample(0), sample(7, unit="%")], "two units, copies/µg (day 0) and % (day 7); a profile"),
        ([sample(0), sample(7, unit="%"), sample(9, unit="g")], "3 units, copies/µg (day 0) and %"),
        ([sample(0), sample(7, unit=" ")], "day 7: no unit"),
        ([sample(7), sample(4)], "day 4 comes after day 7: times are out of order"),
        ([sample(7), sample(7)], "two samples of day 7"),
        ([sample(7, -0.5)], "day 7: the value -0.5 is negative"),
        ([sample(7, nan)], "day 7: the value nan is not a number that can be measured"),
        ([sample(7, inf)], "day 7: the value inf is not a number that can be measured"),
        ([sample(7, 1e120)], "day 7: the value 1e+120 is not a number that can be measured"),
        ([sample(7, True)], "day 7: the value True is not a number that can be measured"),
        ([sample(nan)], "sample 1: nan is not a day since the infusion"),
        ([sample(0), sample(inf)], "sample 2: inf is not a day since the infusion"),
        ([sample(7, lloq=-1.0)], "day 7: the limit of quantification -1 is negative"),
        ([sample(7, lloq=0.0)], "day 7: a limit of quantification of 0 is none"),
    ],
)
def test_what_is_not_a_profile_is_named_with_its_place(samples, says) -> None:
    with pytest.raises(ProfileError) as error:
        profile_of(samples, "S003, CAR copies")
    assert str(error.value).startswith("S003, CAR copies: ")
    assert says in str(error.value)


def test_a_fault_of_several_samples_of_a_day_is_said_once() -> None:
    with pytest.raises(ProfileError) as error:
        profile_of([sample(7), sample(7), sample(7)])
    assert error.value.faults == ("two samples of day 7: give each its part of the day",)


def test_every_fault_of_a_profile_is_said() -> None:
    with pytest.raises(ProfileError) as error:
        profile_of([sample(7), sample(4, -1.0), sample(4, unit="%")])
    assert len(error.value.faults) == 4
