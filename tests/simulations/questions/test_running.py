"""Numbers that are not kept, against numpy on all of them."""

from __future__ import annotations

import numpy as np
import pytest

from simulations.questions.running import Running

SHARES = (0.01, 0.05, 0.25, 0.5, 0.95)
DRAWS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "mostly 0": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.random(n)),
    "a quantile at a jump": lambda rng, n: np.where(rng.random(n) < 0.25, 0.0, 1 + rng.random(n)),
    "few values": lambda rng, n: rng.integers(0, 5, n).astype(float),
    "all the same": lambda rng, n: np.full(n, 0.3),
    "far from 0": lambda rng, n: 1e9 + rng.random(n),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(("n", "block"), [(1, 1), (2, 1), (9_000, 700), (10_001, 10_001)])
def test_quantiles_are_those_of_numpy(name, n, block):
    follow(DRAWS[name](np.random.default_rng(n), n), block)


@pytest.mark.parametrize("name", DRAWS)
def test_so_are_those_of_many_of_which_few_are_kept(name):
    running = follow(DRAWS[name](np.random.default_rng(3), 300_000), 20_000)
    kept = sum(len(rank._inside) + rank._n_fresh for rank in running._ranks)
    assert kept < 50_000


def follow(values, block):
    running = Running(SHARES)
    for first in range(0, len(values), block):
        running.add(values[first : first + block])
    running.add(values[:0])
    assert running.n == len(values)
    assert running.quantiles == tuple(np.quantile(values, SHARES).tolist())
    assert running.mean == pytest.approx(values.mean(), rel=1e-14, abs=1e-15)
    if len(values) == 1:
        assert running.sd is None
    else:
        assert running.sd == pytest.approx(values.std(ddof=1), rel=1e-8, abs=1e-7 * 1e-7)
    return running
