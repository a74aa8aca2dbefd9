"""What an interval design declares that its decision looks at, against the decision itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from escalation.designs import DESIGNS, make_design
from escalation.designs.interval.isotonic import select_mtd
from escalation.designs.interval.many import select_mtds
from escalation.outcomes import Tally

TARGET = {"target": 0.3}
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("boin", TARGET),
    ("boin", {"max_patients": None, "n_earlystop": 5, "extrasafe": True, **TARGET}),
    ("boin", {"bound_mtd": True, "titration": True, **TARGET}),
    ("tite-boin", {"max_patients": 6, **TARGET}),
    ("keyboard", {"cohort_size": 1, "extrasafe": True, **TARGET}),
    ("mtpi-2", {"n_earlystop": 6, "titration": True, "extrasafe": True, **TARGET}),
    ("mtpi", {"cohort_size": 4, "max_patients": 8, **TARGET}),
    ("tpi", {"cohort_size": 2, "max_patients": 6, "extrasafe": True, **TARGET}),
    ("i3+3", {"titration": True, **TARGET}),
    ("g3+3", {"titration": True}),
]
SIZES = (0, 1, 2, 3, 4, 6, 7)
TALLIES = [Tally(n_evaluable=n, n_dlts=x) for n in SIZES for x in range(n + 1)]


def test_every_interval_design_is_held_to_its_outline():
    assert {name for name, _ in OPTIONS} == {
        name for name, design in DESIGNS.items() if design.by_boundaries
    }


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_states_with_one_outline_have_one_decision_also_untidy_ones(name, options, start):
    design = make_design(name, **{"n_levels": 2, "start": start, "max_patients": 9} | options)
    outline = design.outline
    assert outline is not None
    said: dict[object, object] = {}
    selecting: list[tuple[tuple[int, int], int | None]] = []
    for (i, low), (j, high) in itertools.product(enumerate(TALLIES), repeat=2):
        in_all = outline.in_all(low.n_evaluable + high.n_evaluable)
        for level in (0, 1):
            looks = [
                (outline.here if at == level else outline.elsewhere)(at, tally)
                for at, tally in enumerate((low, high))
            ]
            decision = design.decide((low, high), level)
            selects = decision.has_ended and decision.clause.id in outline.selecting
            if selects:
                selecting.append(((i, j), decision.mtd))
            told = (decision.level, decision.n_to_enrol, decision.clause, not selects)
            told = (*told, None if selects else decision.mtd)
            assert said.setdefault((in_all, level, *looks), told) == told
    which = np.array([pair for pair, _ in selecting]).reshape(-1, 2)
    mtds = [-1 if mtd is None else mtd for _, mtd in selecting]
    assert outline.select(TALLIES, which).tolist() == mtds


@pytest.mark.parametrize("at_most", [None, 0.35])
@pytest.mark.parametrize("target", [0.2, 1 / 3])
def test_the_mtds_of_many_trials_are_those_of_one_at_a_time(target, at_most):
    tallies = [Tally(n_evaluable=n, n_dlts=x) for n in (0, 1, 3, 6) for x in range(n + 1)]
    which = np.array(list(itertools.product(range(len(tallies)), repeat=3)))
    eliminated = [tally.n_dlts >= 5 for tally in tallies]
    found = select_mtds(tallies, which, eliminated, target, at_most=at_most)
    for row, mtd in zip(which.tolist(), found.tolist(), strict=True):
        seen = list(itertools.takewhile(lambda one: one.n_dlts < 5, (tallies[i] for i in row)))
        one = select_mtd(seen, target, at_most=at_most)
        assert mtd == (-1 if one is None else one), seen
