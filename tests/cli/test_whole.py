"""Whole numbers as options take them."""

import click
import pytest

from escalation.cli.whole import WholeNumber


@pytest.mark.parametrize(
    ("typed", "number"),
    [("7", 7), ("1e3", 1000), ("25E2", 2500), ("10^12", 10**12), ("1e+0", 1), ("007", 7)],
)
def test_whole_numbers_are_read_also_with_powers_of_ten(typed: str, number: int) -> None:
    assert WholeNumber(min=1).convert(typed, None, None) == number


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *((typed, "is not a whole number") for typed in ("2.5", "nan", "1e-3", "1.5e3", "", "1_0")),
        *((typed, "is not a whole number") for typed in ("٣", "9" * 5000, "1e1000000000", "2^3")),
        *((typed, "not in the range") for typed in ("0", "-1", "0e5")),
    ],
)
def test_what_is_none_is_one_clear_line(typed: str, said: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        WholeNumber(min=1).convert(typed, None, None)
    assert said in caught.value.message
    assert len(caught.value.message) < 100
