"""The graph of reachable states, against the courses followed one by one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from escalation.designs import DESIGNS, make_design
from escalation.designs.base import MAX_LEVELS, MAX_MEMORY
from escalation.designs.walk import (
    TooManyStatesError,
    child_code,
    state_code,
    state_key,
    walk_design,
)
from escalation.outcomes import Tally
from tests.designs.courses import courses_of, follow, outcomes, walked

MOST = 300  # patients that a trial may have


SMALL: list[tuple[str, dict[str, Any]]] = [
    ("3+3", {"n_levels": 3}),
    ("3+3", {"n_levels": 3, "start": 1, "variant": "declare", "two_of_six": "mtd"}),
    ("3+3", {"n_levels": 2, "third": 3}),
    ("rolling-six", {"n_levels": 2}),
    ("accelerated", {"n_levels": 3}),
    ("accelerated", {"n_levels": 4, "moderate_events": 1, "max_patients": 9}),
    ("accelerated", {"n_levels": 3, "start": 1, "after_titration": "below"}),
    ("accelerated", {"n_levels": 4, "moderate_events": 2, "max_patients": 8}),
    ("accelerated", {"n_levels": 5, "moderate_events": 3, "max_patients": 7, "start": 1}),
    ("boin", {"n_levels": 3, "target": 0.3, "max_patients": 12, "n_earlystop": 9}),
    ("tpi", {"n_levels": 3, "target": 0.3, "max_patients": 8, "cohort_size": 2, "titration": True}),
    ("crm", {"n_levels": 3, "target": 0.3, "max_patients": 9}),
    ("crm", {"n_levels": 3, "target": 0.3, "max_patients": 5, "cohort_size": 1}),
]


@pytest.mark.parametrize(("name", "options"), SMALL)
def test_a_walk_has_every_course_and_no_other(name, options):
    design = make_design(name, **options)
    assert courses_of(walked(design)) == follow(design)


@pytest.mark.parametrize(("name", "options"), SMALL)
def test_no_two_states_of_a_walk_are_one(name, options):
    design = make_design(name, **options)
    walk = walked(design)
    n = len(walk.tallies)
    lists = (walk.codes, walk.levels, walk.lasts, walk.decisions, walk.following)
    assert [len(each) for each in lists] == [n] * 5
    states = {
        (
            tuple((t.n_evaluable, t.n_dlts) for t in seen),
            level,
            design.remember(last),
            design.summarise_moderate(seen, level) if design.asks_moderate else 0,
        )
        for seen, level, last in zip(walk.tallies, walk.levels, walk.lasts, strict=True)
    }
    assert len(states) == n
    assert walk.codes == [state_code(seen) for seen in walk.tallies]
    reached = {child for following in walk.following for child in following}
    assert reached == set(range(1, n))


@pytest.mark.parametrize(("name", "options"), SMALL)
def test_states_are_refused_from_one_too_many_on(name, options):
    design = make_design(name, **options)
    n = len(walked(design).tallies)
    assert len(walked(design, n).tallies) == n
    with pytest.raises(TooManyStatesError) as refused:
        walked(design, n - 1)
    assert (refused.value.n_levels, refused.value.max_states) == (design.n_levels, n - 1)
    assert str(refused.value) == (
        f"on a ladder of {design.n_levels} levels the design can reach more than {n - 1} states; "
        "use fewer levels or a smaller maximum sample size"
    )


def test_states_are_prepared_before_they_are_decided_on_and_once():
    made = make_design("crm", n_levels=3, target=0.3, max_patients=9)
    prepared: list[Any] = []

    class Crm(type(made)):
        __slots__ = ()

        def prepare(self, states):
            prepared.extend(states)

        def decide(self, tallies, level, last):
            assert tallies in prepared
            return super().decide(tallies, level, last)

    walk = walked(Crm(n_levels=3, target=0.3, max_patients=9))
    assert prepared == walk.tallies


@pytest.mark.parametrize("name", ["3+3", "boin", "crm", "accelerated"])
@pytest.mark.parametrize("start", [0, 1])
def test_several_roots_come_first_and_are_one_graph(name, start):
    """What a first cohort leads to, given as roots as well, adds no state."""
    options = {"target": 0.3, "max_patients": 9} if name in ("boin", "crm") else {}
    design = make_design(name, n_levels=3, start=start, **options)
    alone = walked(design)
    nobody = alone.tallies[0]
    roots = [(nobody, Tally())]
    for cohort in outcomes(alone.decisions[0]):
        seen = list(nobody)
        seen[start] = cohort
        roots.append((tuple(seen), cohort))
    walk = walk_design(design, roots, start, 10_000)
    n = len(roots)
    assert list(zip(walk.tallies[:n], walk.lasts[:n], strict=True)) == roots
    assert walk.levels[:n] == [start] * n
    assert walk.following[0] == [*range(1, n)]
    assert len(walk.tallies) == len(alone.tallies)


def test_a_state_is_one_number_that_is_read_back():
    """In mixed radix by hand: what no count, level or memory can reach is the next digit."""
    counts = (0, 1, 2, MOST - 1, MOST)
    one = [(n, x) for n in counts for x in counts if x <= n]
    radix = 1 << 20
    for pairs in itertools.product(one, repeat=3):
        seen = tuple(Tally(n_evaluable=n, n_dlts=x) for n, x in pairs)
        code, read = state_code(seen), []
        rest = code
        for _ in seen:
            rest, x = divmod(rest, radix)
            rest, n = divmod(rest, radix)
            read.append((n, x))
        assert read == list(pairs)
        assert rest == 0


def test_the_code_of_a_child_is_that_of_what_has_been_seen_then():
    seen = (Tally(n_evaluable=3, n_dlts=1), Tally(n_evaluable=MOST, n_dlts=MOST), Tally())
    for level, size in itertools.product(range(3), (1, 3, 20)):
        for x in range(size + 1):
            cohort = Tally(n_evaluable=size, n_dlts=x)
            after = (*seen[:level], seen[level].plus(cohort), *seen[level + 1 :])
            assert child_code(state_code(seen), level, size, x) == state_code(after)


def test_keys_of_states_differ_where_code_level_or_memory_do():
    codes = (0, 1, 2, (1 << 40) - 1, 1 << 40)
    parts = [*itertools.product(codes, (0, 1, MAX_LEVELS - 1), (0, 1, MAX_MEMORY - 1))]
    keys = {state_key(*each): each for each in parts}
    assert len(keys) == len(parts)
    for key, (code, level, memory) in keys.items():
        assert key % MAX_MEMORY == memory
        assert key // MAX_MEMORY % MAX_LEVELS == level
        assert key // (MAX_MEMORY * MAX_LEVELS) == code


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_what_is_remembered_fits_its_place_in_the_key(name):
    """Also of a hundred levels and of cohorts as large as they may be."""
    usual = {"target": 0.3, "max_patients": 60} | dict(zip("abcde", (3, 3, 1, 1, 1), strict=True))
    needed = ("a", "b", "c", "d", "e") if name == "a+b" else ("target", "max_patients")
    if name in ("3+3", "rolling-six", "accelerated"):
        needed = ()
    if name == "g3+3":
        needed = ("max_patients",)
    design = make_design(name, n_levels=3, **{key: usual[key] for key in needed})
    for n in range(21):
        for x in range(n + 1):
            assert 0 <= design.remember(Tally(n_evaluable=n, n_dlts=x)) < MAX_MEMORY


@pytest.mark.parametrize("name", ["3+3", "boin", "accelerated"])
@pytest.mark.parametrize("n_cohorts", [0, 1, 2])
def test_a_walk_of_the_next_cohorts_is_the_beginning_of_the_whole(name, n_cohorts):
    options = {"target": 0.3, "max_patients": 9} if name == "boin" else {}
    design = make_design(name, n_levels=3, **options)
    whole = walked(design)
    roots = [(whole.tallies[0], Tally())]
    part = walk_design(design, roots, design.start, 10_000, n_cohorts=n_cohorts)
    n = len(part.tallies)
    assert part.tallies == whole.tallies[:n]
    assert part.decisions == whole.decisions[:n]
    beyond = [-1 in following for following in part.following]
    inside = beyond.index(True)
    assert part.following[:inside] == whole.following[:inside]
    assert [len(following) for following in part.following] == [
        len(following) for following in whole.following[:n]
    ]
    assert beyond[inside:] == [bool(following) for following in part.following[inside:]]
