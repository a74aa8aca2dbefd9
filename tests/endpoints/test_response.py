"""Responses counted, with the exact limits of scipy."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from escalation.endpoints import NotAssessed, Unassessed, count_responses

MISSED, LATER = Unassessed.MISSED, Unassessed.NOT_DUE
GROUP = ["CR", "CR", "PR", "other", MISSED, MISSED, LATER]


@pytest.mark.parametrize(
    ("not_assessed", "among"), [(NotAssessed.COUNTED, 6), (NotAssessed.LEFT_OUT, 4)]
)
def test_who_was_not_assessed_is_counted_whatever_the_denominator(not_assessed, among) -> None:
    found = count_responses(GROUP, not_assessed=not_assessed)
    assert (found.n_not_assessed, found.n_not_due, found.among) == (2, 1, among)
    assert {name: share.count for name, share in found.shares.items()} == {
        "CR": 2,
        "PR": 1,
        "other": 1,
    }
    assert (found.responded.count, found.shares["CR"].proportion) == (3, 2 / among)


def test_who_is_not_due_is_in_no_denominator() -> None:
    assert count_responses([LATER, LATER, "CR"]).among == 1


@pytest.mark.parametrize("n", range(1, 8))
def test_limits_are_the_beta_quantiles_of_scipy(n: int) -> None:
    for x in range(n + 1):
        found = count_responses(["CR"] * x + ["other"] * (n - x)).shares["CR"]
        assert found.lower == pytest.approx(beta.ppf(0.025, x, n - x + 1) if x else 0)
        assert found.upper == pytest.approx(beta.ppf(0.975, x + 1, n - x) if x < n else 1)


def test_among_nobody_there_is_no_proportion() -> None:
    for group in ([], [LATER]):
        found = count_responses(group).responded
        assert (found.among, found.proportion, found.lower) == (0, None, None)
    left_out = count_responses([MISSED], not_assessed=NotAssessed.LEFT_OUT)
    assert left_out.responded.proportion is None


def test_a_response_that_is_not_among_the_choices_is_shown_after_them() -> None:
    found = count_responses(["SD", "CR", "SD"])
    assert list(found.shares) == ["CR", "PR", "other", "SD"]
    assert (found.shares["SD"].count, found.responded.count) == (2, 1)
