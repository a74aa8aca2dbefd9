"""Numbers with a fraction as options take them."""

import click
import pytest

from escalation.cli.real import RealNumber


@pytest.mark.parametrize(("typed", "number"), [("0", 0), (".5", 0.5), ("1e2", 100), ("+7.", 7)])
def test_numbers_are_read(typed: str, number: float) -> None:
    assert RealNumber(0, 100).convert(typed, None, None) == number


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *((typed, "is not a number") for typed in ("nan", "inf", "", "1_0", "٣", "9" * 5000, "a")),
        *((typed, "is not from 0.000001 to 100") for typed in ("1e999", "-1", "1e-300", "100.1")),
    ],
)
def test_what_is_none_is_one_clear_line(typed: str, said: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        RealNumber(1e-6, 100).convert(typed, None, None)
    assert said in caught.value.message
    assert len(caught.value.message) < 100
