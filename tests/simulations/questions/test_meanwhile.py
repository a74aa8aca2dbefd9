"""What is made ahead comes in order, one at a time, with its errors in place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulations.questions.meanwhile import ahead


def numbers(made: list[int], fail_at: int = -1) -> Iterator[int]:
    for number in range(5):
        if number == fail_at:
            raise ValueError(number)
        made.append(number)
        yield number


def test_items_come_in_order_and_one_at_most_is_made_before_it_is_asked_for():
    made: list[int] = []
    for number in ahead(numbers(made)):
        assert len(made) <= number + 2
    assert made == [0, 1, 2, 3, 4]
    assert list(ahead(iter(()))) == []


def test_an_error_comes_in_its_place():
    coming = ahead(numbers([], fail_at=2))
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(coming)


def test_who_stops_asking_leaves_no_thread_behind():
    made: list[int] = []
    asked = ahead(numbers(made))
    assert next(asked) == 0
    asked.close()
    assert len(made) <= 2
