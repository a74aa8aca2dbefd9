"""The A+B family on small ladders, whole, against its prose written plainly."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from escalation.designs import (
    AcceleratedTitration,
    APlusB,
    Decision,
    RollingSix,
    ThreePlusThree,
    make_design,
)
from escalation.designs.a_plus_b.clauses import describe_beyond
from escalation.designs.base import MAX_LEVELS, MAX_SUMMARY, LevelStatus
from escalation.errors import DesignError
from escalation.outcomes import Tally
from tests.designs.courses import courses_of, follow, walked

NOT_GIVEN, OPEN, CLEARED, CONFIRMED = (
    LevelStatus.NOT_GIVEN,
    LevelStatus.OPEN,
    LevelStatus.CLEARED,
    LevelStatus.CONFIRMED,
)
BORDERLINE, TOO_TOXIC = LevelStatus.BORDERLINE, LevelStatus.TOO_TOXIC


def judge(design: APlusB, n: int, x: int) -> LevelStatus:
    """Judge a level by the docstring of ``APlusB``."""
    full = design.a + design.b
    third = design.third or 0
    most = (design.f or design.e + 1) if third else design.e  # that pass on the last look
    is_mtd = design.borderline == "mtd"
    if n == 0:
        return NOT_GIVEN
    if n < full + third:
        if x > (design.d if n <= design.a else most + is_mtd):
            return TOO_TOXIC
        if n >= full and x <= design.e:
            return CONFIRMED
        return CLEARED if n >= design.a and x < design.c else OPEN
    if design.beyond == "rate":
        seen, limit = Fraction(x, n), Fraction(most + 1, full + third)
    else:
        seen, limit = Fraction(x), Fraction(most + 1)
    if seen < limit:
        return CONFIRMED
    return BORDERLINE if seen == limit and is_mtd else TOO_TOXIC


def titration(design: AcceleratedTitration, seen: Sequence[Tally]) -> tuple[int, bool]:
    """Return where titration ends, and whether it has."""
    n_moderate = 0
    for level, tally in enumerate(seen):
        n_moderate += tally.n_moderate
        if tally.n_dlts or n_moderate >= design.moderate_events:
            return level, True
    return design.n_levels - 1, seen[-1].n_evaluable > 0


def goes_below(design: AcceleratedTitration, seen: Sequence[Tally], level: int) -> bool:
    if design.after_titration == "same" or level == 0 or level < design.start:
        return False
    only_one_with_dlt = (seen[level].n_evaluable, seen[level].n_dlts) == (1, 1)
    opens = seen[level - 1].n_evaluable > 0 or design.untested_below == "treat"
    return only_one_with_dlt and opens


def plain(  # noqa: PLR0912
    design: APlusB, seen: Sequence[Tally], level: int
) -> tuple[Any, ...]:
    """Return next level, patients, how many more and clause, or ``None`` and the MTD."""
    n, size = [t.n_evaluable for t in seen], design.n_levels
    status = [judge(design, t.n_evaluable, t.n_dlts) for t in seen]
    ceiling = [*status, TOO_TOXIC].index(TOO_TOXIC)
    if ceiling == 0:
        return None, None, "lowest-too-toxic"
    borderline = [k for k in range(ceiling) if status[k] is BORDERLINE]
    highest = min([ceiling - 1, *borderline])
    way = list(status)
    if isinstance(design, AcceleratedTitration):
        end, _ = titration(design, seen)
        way = [CLEARED if k < end and s is OPEN else s for k, s in enumerate(status)]
        for k in range(1, size):
            if status[k - 1] in (OPEN, NOT_GIVEN) and goes_below(design, seen, k):
                way[k - 1] = OPEN
    target = min(level, highest)
    unfinished = [k for k in range(target) if way[k] is OPEN]
    if unfinished:
        return treat(design, seen, level, unfinished[0], "unfinished-below")
    while way[target] in (CLEARED, CONFIRMED) and target < highest:
        target += 1
    if status[target] is BORDERLINE:
        return None, target, "borderline-mtd"
    failed_above = target + 1 == ceiling < size
    if failed_above and status[target] is NOT_GIVEN and design.untested_below == "stop":
        given = [k for k in range(target) if n[k]]
        if not given:
            return None, None, "untested-below-stop"
        target = given[-1]
    here, why = status[target], ""
    where, expands = ("below", design.below) if failed_above else ("top", design.top)
    if here is NOT_GIVEN and failed_above:
        why = "untested-below"
    elif here is NOT_GIVEN and target > level:
        why = "escalate-first" if status[level] is CLEARED else "escalate-expanded"
    elif here in (NOT_GIVEN, OPEN) and not any(n):
        why = "start"
    elif here in (NOT_GIVEN, OPEN):
        stage = sum(n[target] >= look for look in design.stages)
        why = ("fill", "expand", "expand-third")[stage]
    elif here is CLEARED and expands == "expand":
        why = f"confirm-{where}"
    else:
        return None, target, f"{'declare' if here is CLEARED else 'mtd'}-{where}"
    return treat(design, seen, level, target, why)


def treat(
    design: APlusB, seen: Sequence[Tally], level: int, target: int, why: str
) -> tuple[Any, ...]:
    there, more = seen[target].n_evaluable, 0
    size = min(look for look in design.stages if look > there) - there
    if isinstance(design, AcceleratedTitration):
        end, has_ended = titration(design, seen)
        if not has_ended and not there:
            size, why = 1, "start" if why == "start" else "titrate"
        elif target + 1 < design.n_levels and goes_below(design, seen, target + 1):
            why = "end-titration" if why in ("fill", "unfinished-below") else why
        elif why == "fill" and target == end and not goes_below(design, seen, end):
            why = "end-titration"
    if design.cohort_size is not None and why != "titrate":
        most = int(design.cohort_size.split("-")[1])
        more = max(most - (there if there < design.a else 0) - size, 0)
        if isinstance(design, AcceleratedTitration) and not there and why == "start":
            more = 0  # one patient begins
    total = sum(t.n_evaluable for t in seen) + size
    if design.max_patients is not None:
        if total > design.max_patients:
            return None, None, "max-patients"
        more = min(more, design.max_patients - total)
    return target, size, more, why


def said(decision: Decision) -> tuple[Any, ...]:
    if decision.level is None:
        assert decision.inconclusive == (decision.clause.id == "max-patients")
        return None, decision.mtd, decision.clause.id
    return decision.level, decision.n_to_enrol, decision.n_optional, decision.clause.id


def constants(*values: int) -> dict[str, int]:
    return dict(zip("abcde", values, strict=True))


CONFIGURED: list[tuple[str, dict[str, Any]]] = [
    ("3+3", {}),
    ("3+3", {"variant": "declare", "start": 1, "untested_below": "stop"}),
    ("3+3", {"below": "declare", "two_of_six": "mtd", "max_patients": 9}),
    ("3+3", {"top": "declare", "third": 3, "start": 2}),
    ("3+3", {"two_of_six": "mtd", "beyond": "count", "start": 2, "untested_below": "stop"}),
    ("3+3", {"cohort_size": "3-6", "max_patients": 10}),
    ("3+3", {"cohort_size": "3-9", "third": 3, "beyond": "count"}),
    ("a+b", constants(2, 3, 1, 1, 2) | {"borderline": "mtd"}),
    ("a+b", constants(1, 2, 1, 1, 1) | {"max_patients": 4, "cohort_size": "1-2"}),
    ("a+b", constants(3, 1, 2, 1, 1) | {"below": "declare", "third": 2, "f": 3}),
    ("a+b", constants(4, 2, 2, 3, 3) | {"top": "declare", "start": 1}),
    ("rolling-six", {"start": 1}),
    ("rolling-six", {"variant": "declare", "beyond": "count", "untested_below": "stop"}),
    ("accelerated", {}),
    ("accelerated", {"start": 1, "after_titration": "below", "moderate_events": 1}),
    ("accelerated", {"start": 1, "after_titration": "below", "untested_below": "stop"}),
    ("accelerated", {"max_patients": 6, "variant": "declare", "two_of_six": "mtd"}),
    ("accelerated", {"cohort_size": "3-5", "after_titration": "below", "moderate_events": 3}),
    ("accelerated", {"third": 3, "start": 2, "after_titration": "below"}),
]
ONE = [Tally(n_evaluable=n, n_dlts=x) for n in range(11) for x in range(min(n, 4) + 1)]
FEW = [
    Tally(n_evaluable=n, n_dlts=x, n_moderate=m)
    for n, x, m in (
        *((0, 0, 0), (1, 0, 1), (1, 1, 0), (3, 0, 0), (3, 1, 1)),
        *((6, 2, 0), (7, 2, 2)),
    )
]


@pytest.mark.parametrize(("name", "options"), CONFIGURED)
def test_every_tally_on_small_ladders_against_the_prose(name, options):
    for n_levels, tallies in ((2, ONE[::2]), (3, FEW)):
        start = min(options.get("start", 0), n_levels - 1)
        design = make_design(name, n_levels=n_levels, **options | {"start": start})
        for seen in itertools.product(tallies, repeat=n_levels):
            for level in range(n_levels):
                found = design.decide(seen, level)
                assert said(found) == plain(design, seen, level), (seen, level)


@pytest.mark.parametrize(("name", "options"), CONFIGURED)
def test_every_status_up_to_twenty_patients_against_the_prose(name, options):
    design = make_design(name, n_levels=3, **options)
    for n in range(21):
        for x in range(n + 1):
            tally = Tally(n_evaluable=n, n_dlts=x)
            assert design.status(tally) is judge(design, n, x), (n, x)
            assert design.final_status(tally) is judge(design, n, x)
    third = (design.third,) if design.third else ()
    stages = (design.a, design.a + design.b, design.a + design.b + sum(third))
    assert design.stages == stages[: 2 + len(third)]
    most = int(design.cohort_size.split("-")[1]) if design.cohort_size else design.a
    assert design.largest_cohort == most


@pytest.mark.parametrize("beyond", ["rate", "count"])
def test_the_clause_says_how_more_patients_are_judged_only_where_there_are_more(beyond):
    design = ThreePlusThree(n_levels=2, beyond=beyond)
    for n in range(1, 13):
        decision = design.decide((Tally(n_evaluable=n), Tally()), 0)
        plain_text = design._clauses[decision.clause.id].text
        more = f" {describe_beyond(design, 'rate')}" if n > 6 and beyond == "rate" else ""
        assert decision.clause.text == plain_text + more


# --- accelerated titration ------------------------------------------------------------------------


TITRATED = [
    Tally(n_evaluable=n, n_dlts=x, n_moderate=m)
    for n, x, m in (
        *((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0)),
        *((3, 0, 0), (3, 0, 1), (3, 0, 2), (3, 1, 0), (3, 1, 1)),
    )
]


@pytest.mark.parametrize("events", [1, 2, 3])
@pytest.mark.parametrize("after_titration", ["same", "below"])
def test_equal_summaries_of_moderate_toxicities_mean_equal_decisions_now_and_later(
    events, after_titration
):
    """Where all else is equal; later, as what comes next leads to equal summaries again."""
    design = AcceleratedTitration(
        n_levels=3, moderate_events=events, after_titration=after_titration
    )
    groups: dict[Any, set[Any]] = defaultdict(set)
    for seen in itertools.product(TITRATED, repeat=3):
        counts = tuple((t.n_evaluable, t.n_dlts) for t in seen)
        for level in range(3):
            summary = design.summarise_moderate(seen, level)
            assert 0 <= summary < MAX_SUMMARY
            decision = design.decide(seen, level)
            later = []
            if decision.level is not None:
                size, target = decision.n_to_enrol, decision.level
                cohorts = [Tally(n_evaluable=size, n_dlts=x) for x in range(size + 1)]
                cohorts += [Tally(n_evaluable=1, n_moderate=1)] * decision.counts_moderate
                for cohort in cohorts:
                    after = (*seen[:target], seen[target].plus(cohort), *seen[target + 1 :])
                    later.append(design.summarise_moderate(after, target))
            groups[counts, level, summary].add((decision, tuple(later)))
    differing = {key: found for key, found in groups.items() if len(found) > 1}
    assert not differing, next(iter(differing.items()))


def tallies_of(*counts: tuple[int, int, int]) -> tuple[Tally, ...]:
    return tuple(Tally(n_evaluable=n, n_dlts=x, n_moderate=m) for n, x, m in counts)


ENDED = (MAX_LEVELS + 1) ** 2
ABOVE = MAX_LEVELS + 1


@pytest.mark.parametrize(
    ("counts", "level", "summary"),
    [
        ([(0, 0, 0)] * 4, 0, 0),
        ([(1, 0, 1), *[(0, 0, 0)] * 3], 0, 1),  # the second would end it
        ([(1, 0, 1), (1, 0, 0), (0, 0, 0), (0, 0, 0)], 1, 1),
        ([(1, 0, 1), (1, 0, 0), (1, 0, 0), (0, 0, 0)], 2, 0),  # at the highest it ends anyhow
        ([(1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 0, 0)], 2, 0),
        ([(1, 0, 1), (1, 0, 1), (0, 0, 0), (0, 0, 0)], 1, ENDED + 1),  # ended by the second
        ([(1, 0, 1), (1, 0, 0), (1, 0, 1), (0, 0, 0)], 2, ENDED + 2),
        ([(1, 0, 1), (1, 1, 0), (0, 0, 0), (0, 0, 0)], 1, 0),  # ended by a DLT, which is seen
        ([(1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 1)], 3, 0),  # ended at the highest level
        ([(0, 0, 0), (1, 0, 1), (0, 0, 0), (0, 0, 0)], 0, 1 + 2 * ABOVE),  # against the rule
        ([(0, 0, 0), (0, 0, 0), (1, 0, 1), (0, 0, 0)], 0, 1 + 3 * ABOVE),
        ([(0, 0, 0), (1, 0, 1), (0, 0, 0), (0, 0, 0)], 1, 1),
    ],
)
def test_what_is_kept_of_moderate_toxicities_by_hand(counts, level, summary):
    design = AcceleratedTitration(n_levels=4)
    assert design.summarise_moderate(tallies_of(*counts), level) == summary


@pytest.mark.parametrize(
    ("counts", "level", "counted"),
    [
        ([(0, 0, 0)] * 3, 0, True),  # the first and the second of three can both have one
        ([(1, 0, 0), (0, 0, 0), (0, 0, 0)], 0, False),  # only the second: the third ends it
        ([(1, 0, 1), (0, 0, 0), (0, 0, 0)], 0, True),
        ([(1, 0, 1), (1, 0, 0), (0, 0, 0)], 1, False),
    ],
)
def test_a_moderate_toxicity_counts_while_it_can_end_titration(counts, level, counted):
    design = AcceleratedTitration(n_levels=3)
    decision = design.decide(tallies_of(*counts), level)
    assert decision.n_to_enrol == 1
    assert decision.counts_moderate == counted


@pytest.mark.parametrize(
    "options",
    [
        {"n_levels": 3},
        {"n_levels": 4, "moderate_events": 1, "max_patients": 8},
        {"n_levels": 4, "moderate_events": 2, "max_patients": 8, "start": 1},
        {"n_levels": 5, "moderate_events": 3, "max_patients": 7, "after_titration": "below"},
    ],
)
def test_a_graph_of_titration_has_every_course(options):
    design = AcceleratedTitration(**options)
    assert courses_of(walked(design)) == follow(design)


@pytest.mark.parametrize("events", [0, 101, -1, 2.0, True, "2", None])
def test_a_number_of_events_off_the_limits_is_refused(events):
    with pytest.raises(DesignError) as refused:
        AcceleratedTitration(n_levels=3, moderate_events=events)
    assert str(refused.value) == (
        "accelerated: moderate_events must be a whole number from 1 to 100, not " + repr(events)
    )
    AcceleratedTitration(n_levels=3, moderate_events=1)
    AcceleratedTitration(n_levels=3, moderate_events=100)


# --- the rolling six ------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"max_patients": 7}, {"variant": "declare", "start": 1}])
def test_the_rolling_six_goes_on_while_it_may_and_else_is_a_3_plus_3(options):
    """One more at the level while outcomes leave it open, fewer than six are there, and every
    level below is passed however its patients turn out."""
    design, other = RollingSix(n_levels=2, **options), ThreePlusThree(n_levels=2, **options)
    one = [
        Tally(n_evaluable=n, n_dlts=x, n_pending=pending)
        for n in (0, 2, 3, 5)
        for x in range(min(n, 2) + 1)
        for pending in (0, 1, 3)
    ]
    for seen in itertools.product(one, repeat=2):
        for level in range(2):
            waits = other.decide(seen, level)
            found = design.decide(seen, level)
            here = seen[level]
            below = [
                judge(design, t.n_evaluable + k, t.n_dlts + x)
                for t in seen[:level]
                for k in range(t.n_pending + 1)
                for x in range(k + 1)
            ]
            rolls = (
                waits.action == "wait"
                and here.n_pending > 0
                and here.n_patients < 6
                and sum(t.n_patients for t in seen) < (design.max_patients or 1000)
                and judge(design, here.n_evaluable, here.n_dlts) is not TOO_TOXIC
                and not {OPEN, TOO_TOXIC} & set(below)
            )
            if rolls:
                assert (found.action, found.level, found.n_to_enrol) == ("stay", level, 1)
                assert found.clause is RollingSix.while_pending
            else:
                assert (found.action, found.level, found.mtd, found.n_to_enrol) == (
                    waits.action,
                    waits.level,
                    waits.mtd,
                    waits.n_to_enrol,
                )


@pytest.mark.parametrize(
    ("max_patients", "counts", "level", "places"),
    [
        (None, [(3, 0), (0, 0)], 0, 3),
        (None, [(4, 1), (0, 0)], 0, 2),
        (None, [(6, 0), (0, 0)], 0, 0),
        (None, [(0, 0), (0, 0)], 0, 6),
        (None, [(3, 0), (2, 0)], 1, 4),
        (None, [(2, 0), (2, 0)], 1, 0),  # the level below is not passed
        (None, [(3, 1), (2, 0)], 1, 0),
        (None, [(3, 2), (2, 0)], 0, 3),  # they may all have been enrolled before
        (8, [(3, 0), (3, 0)], 1, 2),
        (8, [(3, 0), (1, 0)], 1, 4),
        (9, [(3, 0), (1, 0)], 1, 5),
        (10, [(3, 0), (1, 0)], 1, 5),
    ],
)
def test_how_many_may_have_been_enrolled_before_outcomes_were_known(
    max_patients, counts, level, places
):
    design = RollingSix(n_levels=2, max_patients=max_patients)
    seen = [Tally(n_evaluable=n, n_dlts=x) for n, x in counts]
    assert design.places_while_pending(seen, level) == places
    assert ThreePlusThree(n_levels=2).places_while_pending(seen, level) == 0
