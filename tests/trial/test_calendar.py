"""Days, against dates counted by hand."""

from datetime import UTC, date, datetime

import pytest

from escalation.protocol import DltWindow, Enrolment
from escalation.trial import calendar
from escalation.trial.calendar import DosedPatient, day_in, next_dosing_day, window_closes

JAN1 = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("window_days", "infusion_day", "dosed", "closes"),
    [
        (28, 0, "2026-01-01", "2026-01-29"),  # day 0 to day 28 inclusive: 29 days
        (28, 1, "2026-01-01", "2026-01-28"),  # 28 days counted from day 1
        (28, 0, "2026-02-10", "2026-03-10"),
        (28, 0, "2024-02-10", "2024-03-09"),  # a leap year
        (1, 1, "2026-01-01", "2026-01-01"),
        (42, 0, "2026-11-20", "2027-01-01"),
        (10**7, 0, "2026-01-01", "9999-12-31"),  # longer than there are dates
    ],
)
def test_window_closes_on_the_day_counted_by_hand(window_days, infusion_day, dosed, closes):
    window = DltWindow(window_days=window_days, infusion_day=infusion_day)
    assert window_closes(window, date.fromisoformat(dosed)) == date.fromisoformat(closes)


def test_without_a_window_nothing_closes():
    assert window_closes(DltWindow(), JAN1) is None


@pytest.mark.parametrize(
    ("cohort", "earliest", "word"),
    [
        ([(1, None)], 15, "alone"),
        ([(1, None), (15, None)], 18, "apart"),
        ([(1, None), (15, None), (18, None)], 21, "apart"),
        ([(15, None), (1, None)], 18, "apart"),  # whatever the order of entry
        ([(1, 20)], 15, "alone"),  # lost after having been watched
        ([(1, 15)], 15, "alone"),  # on the very day
        ([(1, 9)], 4, "apart"),  # lost before: nobody is watched now
        ([(1, 9), (10, None)], 24, "alone"),  # the second is alone in turn
        ([(1, 9), (10, None), (24, None)], 27, "apart"),
        ([(1, None), (4, None)], 15, "alone"),  # dosed too early: the third still waits
    ],
)
def test_next_dosing_day_against_days_counted_by_hand(cohort, earliest, word):
    enrolment = Enrolment(first_alone_days=14, next_apart_days=3)
    patients = [
        DosedPatient(dosed=date(2026, 1, d), lost=None if lost is None else date(2026, 1, lost))
        for d, lost in cohort
    ]
    day, why = next_dosing_day(enrolment, patients)
    assert day == date(2026, 1, earliest)
    assert word in why


def test_the_first_patient_of_a_cohort_waits_for_nobody():
    assert next_dosing_day(Enrolment(first_alone_days=14), []) is None


def test_without_a_stagger_patients_may_follow_on_the_same_day():
    day, _ = next_dosing_day(Enrolment(), [DosedPatient(dosed=JAN1)])
    assert day == JAN1


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../zones", "Asia\0Tianjin"])
def test_of_a_zone_that_this_machine_does_not_have_no_day_is_known(zone):
    assert day_in(zone, datetime(2026, 1, 5, 17, tzinfo=UTC)) is None


@pytest.mark.parametrize("error", [LookupError, ValueError, OSError])
def test_of_a_zone_that_cannot_be_read_no_day_is_known(monkeypatch, error):
    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(calendar, "ZoneInfo", fail)
    assert day_in("Asia/Shanghai", datetime(2026, 1, 5, 17, tzinfo=UTC)) is None
