"""Early ICAHT against the consensus (Rejeski et al. 2023), and against days counted one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import InputError
from escalation.grading import grade_early_icaht

NORMAL = 2.0


def daily(*spells: tuple[int, int, float], other: float = NORMAL) -> list[tuple[int, float]]:
    """Return a count a day; each spell is a first and a last day, and the count on them."""
    counts = dict.fromkeys(range(31), other)
    for first, last, found in spells:
        counts |= dict.fromkeys(range(first, last + 1), found)
    return list(counts.items())


# Rejeski et al. 2023, early ICAHT, days 0 to 30: neutrophils, 10^9/L.
@pytest.mark.parametrize(
    ("spell", "grade"),
    [
        ((10, 9, 0.5), 0),
        ((10, 10, 0.5), 1),
        ((10, 15, 0.5), 1),
        ((10, 16, 0.5), 2),
        ((10, 22, 0.5), 2),
        ((10, 23, 0.5), 3),
        ((5, 30, 0.5), 3),
        ((0, 30, 0.5), 4),
        ((10, 23, 0.51), 0),
        ((10, 15, 0.1), 1),
        ((10, 16, 0.1), 3),
        ((10, 22, 0.1), 3),
        ((10, 23, 0.1), 4),
        ((10, 22, 0.11), 2),
    ],
)
def test_every_cell_of_the_table(spell: tuple[int, int, float], grade: int):
    said = grade_early_icaht(daily(spell))
    assert (said.grade, said.at_least) == (grade, False)


def test_the_grade_is_said_with_the_rule():
    assert [
        grade_early_icaht(daily(spell)).text
        for spell in [(5, 12, 0.3), (5, 12, 0.1), (0, 30, 0.4), (5, 4, 0.0)]
    ] == [
        "grade 2: neutrophils at or below 0.5 for 8 days",
        "grade 3: neutrophils at or below 0.1 for 8 days",
        "grade 4: neutrophils never above 0.5",
        "grade 0: no early ICAHT: neutrophils not at or below 0.5",
    ]


@pytest.mark.parametrize(("days_above", "grade"), [(1, 2), (2, 2), (3, 1)])
def test_a_recovery_of_less_than_three_days_belongs_to_the_run(days_above: int, grade: int):
    """As in the published code of Liang: two spells of 5 days with a recovery between them."""
    second = 10 + days_above
    said = grade_early_icaht(daily((5, 9, 0.3), (second, second + 4, 0.3)))
    assert said.grade == grade


@pytest.mark.parametrize(("first", "grade"), [(0, 4), (3, 4), (4, 3)])
def test_who_is_low_from_day_3_to_day_30_was_never_above(first: int, grade: int):
    assert grade_early_icaht(daily((first, 30, 0.3))).grade == grade


def test_a_day_without_a_count_is_as_the_count_before_for_up_to_a_week():
    weekly = [(0, 2.0), (2, 0.4), (9, 0.4), (14, 0.9), (21, 2.0), (28, 2.0), (30, 2.0)]
    assert grade_early_icaht(weekly).text == "grade 2: neutrophils at or below 0.5 for 12 days"


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (
            daily((5, 13, 0.3))[5:],
            "grade at least 2: neutrophils at or below 0.5 for 9 days; "
            "not assessed: counts of days 0 to 4",
        ),
        (
            daily((5, 12, 0.3))[:13],
            "grade at least 2: neutrophils at or below 0.5 for 8 days; "
            "not assessed: counts of days 13 to 30",
        ),
        (
            [(0, 2.0), (1, 0.4), (20, 2.0), (27, 2.0), (30, 2.0)],
            "grade at least 2: neutrophils at or below 0.5 for 8 days; "
            "not assessed: counts of days 9 to 19",
        ),
        (
            daily()[:30],
            "grade at least 0: no early ICAHT: neutrophils not at or below 0.5; "
            "not assessed: count of day 30",
        ),
        (daily((2, 17, 0.05))[:29], "grade 4: neutrophils at or below 0.1 for 16 days"),
    ],
)
def test_days_not_counted_are_named_where_they_could_raise_the_grade(counts, text: str):
    assert grade_early_icaht(counts).text == text


def test_of_several_counts_of_a_day_the_lowest_counts_in_any_order():
    counts = [*daily((5, 11, 2.0)), *((day, 0.4) for day in range(11, 4, -1))]
    assert grade_early_icaht(counts).grade == 2


def test_counts_before_day_0_and_after_day_30_are_left_out():
    outside = [(day, 0.05) for day in (-5, -1, 31, 32, 100)]
    assert grade_early_icaht([*outside, *daily()]).grade == 0


@pytest.mark.parametrize(
    ("counts", "problem"),
    [
        ([], "no neutrophil count is of days 0 to 30"),
        ([(31, 0.2)], "no neutrophil count is of days 0 to 30"),
        ([(3, 400)], r"day 3: 400 is not a neutrophil count in 10\^9/L"),
        ([(3, -0.1)], "day 3: -0.1 is not"),
        ([(3, float("nan"))], "day 3: nan is not"),
    ],
)
def test_what_is_not_a_count_is_refused(counts, problem: str):
    with pytest.raises(InputError, match=problem):
        grade_early_icaht(counts)


@given(st.lists(st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.7, 2.0]), min_size=31, max_size=31))
def test_with_a_count_a_day_the_grade_is_that_of_letters_by_brute_force(found: list[float]):
    """A regular story: days as letters, short recoveries filled in, then the longest stretch."""

    def longest(threshold: float) -> tuple[int, bool]:
        letters = "".join("L" if count <= threshold else "." for count in found)
        for filled in ("L.L", "L..L"):
            while filled in letters:
                letters = letters.replace(filled, "L" * len(filled))
        stretches = letters.split(".")
        never_above = any(letters.endswith("L" * n) for n in (28, 29, 30, 31))
        return max(map(len, stretches)), never_above

    (low, never_above), (very_low, _) = longest(0.5), longest(0.1)
    if never_above or very_low >= 14:
        grade = 4
    elif low >= 14 or very_low >= 7:
        grade = 3
    else:
        grade = 2 if low >= 7 else 1 if low else 0
    said = grade_early_icaht(list(enumerate(found)))
    assert (said.grade, said.at_least) == (grade, False)
