"""i3+3 against the sentences of its paper, put in another way: rates as fractions."""

from fractions import Fraction

import pytest

from escalation.designs import I3Plus3
from escalation.errors import DesignError
from escalation.outcomes import Tally


@pytest.mark.parametrize("target", ["0.17", "0.2", "0.25", "0.3", "0.33"])
@pytest.mark.parametrize("eps", ["0", "0.03", "0.05", "0.1"])
def test_decisions_against_the_rule_on_rates(target, eps):
    design = I3Plus3(
        n_levels=3,
        target=float(target),
        eps1=float(eps),
        eps2=float(eps) + 0.02,
        cohort_size=1,
        max_patients=90,
    )
    low = Fraction(target) - Fraction(eps)
    high = Fraction(target) + Fraction(repr(float(eps) + 0.02))
    for n in range(1, 31):
        limit = design.elimination(n)
        for x in range(n + 1):
            if limit is not None and x >= limit:
                expected = 0
            elif Fraction(x, n) < low:
                expected = 2
            elif Fraction(x, n) <= high or Fraction(x - 1, n) < low:
                expected = 1
            else:
                expected = 0
            said = design.decide([Tally(), Tally(n_evaluable=n, n_dlts=x), Tally()], 1)
            assert said.level == expected, (n, x, said)


def test_a_rate_on_the_end_of_the_interval_is_inside():
    """1/4 and 7/20 are the ends of .30 - .05 and .30 + .05, which floats miss."""
    design = I3Plus3(n_levels=3, target=0.3, max_patients=60)
    assert design.boundaries(4) == (0, 2)
    assert design.boundaries(20) == (4, 8)


def test_an_interval_beyond_0_or_1_is_refused():
    with pytest.raises(DesignError, match=r"^i3\+3: needs 0 < target - eps1"):
        I3Plus3(n_levels=3, target=0.3, eps1=0.3, max_patients=30)
