"""Posterior probabilities and isotonic estimates against scipy."""

import numpy as np
import pytest
from scipy.optimize import isotonic_regression
from scipy.stats import beta

from escalation.designs.interval.isotonic import select_mtd
from escalation.designs.interval.posterior import exceeds
from escalation.outcomes import Tally


@pytest.mark.parametrize("target", [0.05, 0.2, 0.25, 0.3, 0.333, 0.6])
@pytest.mark.parametrize("cutoff", [0.8, 0.9, 0.95])
def test_exceeds_against_scipy(target, cutoff):
    for n in range(1, 61):
        x = np.arange(n + 1)
        theirs = beta.sf(target, x + 1, n - x + 1)
        clear = np.abs(theirs - cutoff) > 1e-9
        ours = np.array([exceeds(n, int(k), target, cutoff) for k in x])
        assert (ours == (theirs > cutoff))[clear].all()


def test_exceeds_is_strict_at_an_exact_tie():
    """P(rate > 1/2) is 3/4 after 1 DLT among 1, exactly; and 1 - 0.2^2 = 0.96 above 0.2."""
    assert not exceeds(1, 1, 0.5, 0.75)
    assert not exceeds(1, 1, 0.2, 0.96)
    assert exceeds(1, 1, 0.2, 0.9599999999)


def test_selected_mtd_against_scipy_isotonic_regression():
    rng = np.random.default_rng(4)
    n_compared = 0
    for _ in range(3000):
        n_levels = int(rng.integers(1, 8))
        n = rng.integers(1, 16, n_levels)
        x = rng.binomial(n, rng.uniform(0, 0.7, n_levels))
        a, b = x + 0.05, n - x + 0.05
        fit = isotonic_regression(a / (a + b), weights=1 / beta.var(a, b)).x
        target = float(rng.choice([0.2, 0.25, 0.3, 0.4]))
        # as the R package breaks ties: by a rise too small to matter otherwise
        nearest = int(np.argmin(np.abs(fit + np.arange(n_levels) * 1e-10 - target)))
        seen = [Tally(n_evaluable=int(k), n_dlts=int(d)) for k, d in zip(n, x, strict=True)]
        assert select_mtd(seen, target) == nearest, (seen, fit)
        n_compared += 1
    assert n_compared == 3000
