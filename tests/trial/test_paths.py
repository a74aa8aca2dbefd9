"""Every reachable path of every 3+3, entered through the tracker's commands, ends as theory says.

The paths are walked outcome by outcome: each cohort is decided, approved, enrolled, dosed and
judged through the commands. Their number is that of independent implementations, and the
probabilities of their ends are those of the exact engine.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from copy import copy
from math import comb
from pathlib import Path

import pytest

from escalation.designs import VARIANTS
from escalation.protocol import Protocol
from escalation.trial import dose_subject, enrol_subject
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph

from .bench import SITE, Bench

P_DLT = [0.10, 0.25, 0.35, 0.55]

# shared by independent implementations (precautionary, bcrm): 1 to 4 levels
PATHS = {
    "declare": [7, 19, 43, 91],
    "expand-below": [7, 34, 118, 346],
    "confirm": [10, 46, 154, 442],
    "declare-confirm-top": [10, 25, 55, 115],
}


def walk(
    bench: Bench, ways: tuple[tuple[int, int, int], ...] = ()
) -> Iterator[tuple[Bench, tuple]]:
    """Yield each end of the trial with its cohorts as (level, patients, DLTs)."""
    bench.open_cohort()
    cohort = bench.state.open_cohort
    if cohort is None:
        yield bench, ways
        return
    names = [f"S{cohort.number:02}-{k}" for k in range(1, cohort.n_opened + 1)]
    for name in names:
        bench.do(enrol_subject, SITE, subject=name)
        bench.do(dose_subject, SITE, subject=name)
    for n_dlts in range(cohort.n_opened + 1):
        child = copy(bench)
        for name in names[:n_dlts]:
            child.dlt(name)
        for name in names[n_dlts:]:
            child.no_dlt(name)
        yield from walk(child, (*ways, (cohort.level, cohort.n_opened, n_dlts)))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n_levels", [1, 2, 3, 4])
def test_every_path_entered_through_the_tracker_ends_as_the_exact_engine_says(variant, n_levels):
    protocol = Protocol.plain(n_levels, variant=variant)
    p_end: Counter[int | None] = Counter()
    p_dlts: Counter[int] = Counter()
    n_paths = 0
    for bench, ways in walk(Bench.started(protocol)):
        probability = 1.0
        for level, n, x in ways:
            p = P_DLT[level - 1]
            probability *= comb(n, x) * p**x * (1 - p) ** (n - x)
        assert bench.state.stopped is not None
        assert bench.state.oddities == []
        p_end[bench.state.stopped.event.chosen.mtd] += probability
        p_dlts[sum(x for _, _, x in ways)] += probability
        n_paths += 1
    assert n_paths == PATHS[variant][n_levels - 1]
    exact = exact_characteristics(build_graph(protocol.design), P_DLT[:n_levels])
    found = [p_end[label] for label in protocol.labels]
    assert found == pytest.approx(exact.p_select.tolist(), rel=0, abs=1e-12)
    assert p_end[None] == pytest.approx(exact.p_no_mtd, rel=0, abs=1e-12)
    mean = sum(x * p for x, p in p_dlts.items())
    assert mean == pytest.approx(exact.total_dlts.mean, rel=0, abs=1e-12)


def test_the_number_of_paths_is_that_of_precautionary():
    path = Path(__file__).parents[1] / "data" / "precautionary_path_counts.csv"
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    counts = [int(row[-1]) for row in rows]
    assert counts[:3] == PATHS["confirm"][1:]  # it starts at 2 levels
