"""Every course of a trial under a design, asked step by step, and as a walk has it."""

from __future__ import annotations

from typing import Any

from escalation.designs import Decision, Design
from escalation.designs.walk import Walk, walk_design
from escalation.outcomes import Tally


def walked(design: Design, max_states: int = 100_000) -> Walk:
    nobody = (Tally(),) * design.n_levels
    return walk_design(design, [(nobody, Tally())], design.start, max_states)


def outcomes(decision: Decision) -> list[Tally]:
    """Return every way in which the next cohort can turn out, as a walk sorts them."""
    size = decision.n_to_enrol
    ways = [Tally(n_evaluable=size, n_dlts=x) for x in range(size + 1)]
    return ways + [Tally(n_evaluable=1, n_moderate=1)] * decision.counts_moderate


def follow(design: Design) -> set[tuple[Any, ...]]:
    """Return every course to its end: what was seen and what was said, cohort by cohort."""
    courses, open_courses = set(), [((Tally(),) * design.n_levels, design.start, Tally(), ())]
    while open_courses:
        seen, level, last, course = open_courses.pop()
        decision = design.decide(seen, level, last)
        said = (*course, (level, decision))
        if decision.level is None:
            courses.add((seen, said))
        for cohort in outcomes(decision) if decision.level is not None else ():
            target = decision.level
            after = (*seen[:target], seen[target].plus(cohort), *seen[target + 1 :])
            open_courses.append((after, target, cohort, said))
    return courses


def courses_of(walk: Walk) -> set[tuple[Any, ...]]:
    """Return every course through the walked graph, with the moderate toxicities on the way."""
    courses, open_courses = set(), [(0, walk.tallies[0], ())]
    while open_courses:
        index, seen, course = open_courses.pop()
        decision = walk.decisions[index]
        said = (*course, (walk.levels[index], decision))
        assert [(t.n_evaluable, t.n_dlts) for t in walk.tallies[index]] == [
            (t.n_evaluable, t.n_dlts) for t in seen
        ]
        if decision.level is None:
            assert not walk.following[index]
            courses.add((seen, said))
            continue
        target = decision.level
        for child, cohort in zip(walk.following[index], outcomes(decision), strict=True):
            after = (*seen[:target], seen[target].plus(cohort), *seen[target + 1 :])
            open_courses.append((child, after, said))
    return courses
