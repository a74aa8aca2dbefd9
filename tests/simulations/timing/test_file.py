"""Assumptions about time, from a file and back, and everything that can be wrong with them."""

from __future__ import annotations

import math

import pytest

from simulations.timing.assumptions import (
    Costs,
    Given,
    GivenTimes,
    Poisson,
    Regular,
    Site,
    Timing,
    TimingError,
    Uniform,
    Weibull,
)
from simulations.timing.file import (
    TimingFileError,
    load_timing,
    parse_timing,
    read_timing,
    timing_document,
)

SITES = (Site(name="Utrecht", mean_gap_days=20), Site(name="Oslo", opens_day=60, mean_gap_days=10))


@pytest.mark.parametrize(
    "timing",
    [
        Timing(arrivals=Poisson(mean_gap_days=10)),
        Timing(arrivals=Poisson(mean_gap_days=30, ramp=((60, 14), (180, 7))), accrual="wait"),
        Timing(arrivals=Poisson(sites=SITES), decides="settled", time_to_dlt=Uniform()),
        Timing(arrivals=Regular(gap_days=7), whole_days=True, dropout=0.0),
        Timing(arrivals=Regular(gap_days=7), time_to_dlt=Weibull(late_share=0.7), dropout=0.1),
        Timing(
            arrivals=Given(days=(0, 3, 3, 9.5)),
            time_to_dlt=GivenTimes(days=(2, 9)),
            not_manufactured=0.05,
            dose_not_reached=(0, 0.1, 0.2),
            decision_delay_days=7,
            correlation=0.2,
            costs=Costs(per_patient=80_000, per_day=1500),
        ),
    ],
)
def test_a_table_of_assumptions_is_read_back_as_it_was(timing):
    assert read_timing(timing_document(timing)) == (timing, [])


def test_rates_of_sites_add_up_from_the_day_each_opens():
    assert Poisson(sites=SITES).rates() == ((0.0, 1 / 20), (60.0, 1 / 20 + 1 / 10))
    assert Poisson(mean_gap_days=30, ramp=((60, 10),)).rates() == ((0.0, 1 / 30), (60.0, 0.1))


POISSON = '[arrivals]\nkind = "poisson"\nmean_gap_days = 10\n'


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["arrivals: missing"]),
        ('arrivals = "poisson"', ["arrivals: a table is needed"]),
        ('[arrivals]\nkind = "poison"', ["arrivals.kind: 'poison' is not a kind; did you mean"]),
        ("[arrivals]\nmean_gap_days = 10", ["arrivals.kind: missing"]),
        ('[arrivals]\nkind = "poisson"', ["arrivals.mean_gap_days: missing"]),
        ('[arrivals]\nkind = "regular"', ["arrivals.gap_days: missing"]),
        *(
            (f'[arrivals]\nkind = "poisson"\nmean_gap_days = {gap}', ["arrivals.mean_gap_days:"])
            for gap in ("-10", "0", "nan", "inf", "1e9", '"10"', "true")
        ),
        (
            '[arrivals]\nkind = "poisson"\nmean_gap_days = 9\nramp = [[30, 5], [20, -1]]',
            ["arrivals.ramp[1]: day 20 is not after 30", "arrivals.ramp[1]: -1 is not above 0"],
        ),
        ('[arrivals]\nkind = "given"\ndays = [3, 1]', ["arrivals.days[1]: 1 is before 3"]),
        ('[arrivals]\nkind = "given"\ndays = [-3]', ["arrivals.days[0]: -3 is not from 0"]),
        ('[arrivals]\nkind = "given"\ndays = []', ["arrivals.days: 1 to 100000 days"]),
        (
            '[arrivals]\nkind = "poisson"\n[[arrivals.sites]]\nname = ""\nmean_gap_days = 0',
            ["arrivals.sites[0].name:", "arrivals.sites[0].mean_gap_days:"],
        ),
        (
            f'accrual = "queue"\ndropout = 1\nscreen_failure = 1.5\ncorrelation = nan\n{POISSON}'
            '[time_to_dlt]\nkind = "weibull"\nlate_share = 1',
            [
                "time_to_dlt.late_share: 1 is not strictly between 0 and 1",
                "screen_failure: 1.5 is not a probability",
                "dropout: must be below 1, or a trial never ends",
                "correlation: nan is not a probability",
                'accrual: must be "lose" or "wait", not \'queue\'',
            ],
        ),
        (
            f"not_manufactured = [0, -0.1]\ndose_not_reached = 1\n{POISSON}",
            ["not_manufactured[1]: -0.1 is not", "dose_not_reached: must be below 1"],
        ),
        (f"decision_delay_days = -1\n{POISSON}", ["decision_delay_days: -1 is not from 0"]),
        (f"drop_out = 0.1\n{POISSON}", ["the file: 'drop_out' is not a key here; did you mean"]),
        (f"whole_days = 1\n{POISSON}", ["whole_days: must be true or false, not 1"]),
        (f"schema = 2\n{POISSON}", ["schema: 1 is the only one"]),
        (f"{POISSON}[costs]\nper_day = -5", ["costs.per_day: -5 is not an amount"]),
        ("a = [", ["not TOML"]),
    ],
)
def test_everything_wrong_with_a_file_is_said_at_once_and_where(text, faults):
    with pytest.raises(TimingFileError) as caught:
        parse_timing(text.encode(), "clock.toml")
    assert len(caught.value.faults) == len(faults), caught.value.faults
    for found, wanted in zip(caught.value.faults, faults, strict=True):
        assert found.startswith(wanted)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TimingFileError, match="no such file"):
        load_timing(tmp_path / "clock.toml")
    (tmp_path / "clock.toml").write_bytes(b"\xff")
    with pytest.raises(TimingFileError, match="not UTF-8"):
        load_timing(tmp_path / "clock.toml")


def test_probabilities_by_level_must_be_one_a_level():
    timing = Timing(arrivals=Regular(gap_days=1), dose_not_reached=(0.1, 0.2))
    assert timing.by_level("dose_not_reached", 2) == (0.1, 0.2)
    assert timing.by_level("not_manufactured", 3) == (0, 0, 0)
    with pytest.raises(TimingError, match="one probability a level, 3 in all, not 2"):
        timing.by_level("dose_not_reached", 3)


def test_values_are_refused_in_python_as_in_a_file():
    with pytest.raises(TimingError, match="mean_gap_days"):
        Poisson(mean_gap_days=math.nan)
    with pytest.raises(TimingError, match="arrivals: 7 is not one of Poisson, Regular, Given"):
        Timing(arrivals=7)
