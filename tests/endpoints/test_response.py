"""Responses counted, with the exact limits of published tables and of scipy."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from escalation.endpoints import Assessment, Denominator, count_responses

CR, PR, OTHER = Assessment.CR, Assessment.PR, Assessment.OTHER
MISSED, LATER = Assessment.NOT_ASSESSED, Assessment.NOT_DUE
GROUP = [CR, CR, PR, OTHER, MISSED, MISSED, LATER]


@pytest.mark.parametrize(
    ("denominator", "among"), [(Denominator.DUE, 6), (Denominator.ASSESSED, 4)]
)
def test_who_was_not_assessed_is_counted_whatever_the_denominator(denominator, among) -> None:
    found = count_responses(GROUP, denominator)
    assert (found.n_not_assessed, found.n_not_due, found.among) == (2, 1, among)
    assert [s.count for s in (found.cr, found.pr, found.other, found.responded)] == [2, 1, 1, 3]
    assert found.cr.proportion == 2 / among


def test_who_is_not_due_is_in_no_denominator() -> None:
    assert count_responses([LATER, LATER, CR]).among == 1


@pytest.mark.parametrize("n", range(1, 8))
def test_limits_are_the_beta_quantiles_of_scipy(n: int) -> None:
    for x in range(n + 1):
        found = count_responses([CR] * x + [OTHER] * (n - x)).cr
        assert found.lower == pytest.approx(beta.ppf(0.025, x, n - x + 1) if x else 0)
        assert found.upper == pytest.approx(beta.ppf(0.975, x + 1, n - x) if x < n else 1)


def test_among_nobody_there_is_no_proportion() -> None:
    for group in ([], [LATER]):
        found = count_responses(group)
        assert (found.among, found.cr.proportion, found.cr.lower) == (0, None, None)
    assert count_responses([MISSED], Denominator.ASSESSED).responded.proportion is None
