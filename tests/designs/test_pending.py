"""Every way in which pending patients turn out, against each patient's own outcomes."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from escalation.designs import Action, Clause, Decision, Design, make_design
from escalation.designs.base import NOBODY
from escalation.designs.pending import (
    count_resolutions,
    resolve_pending,
    resolve_with_last,
    without_last,
)
from escalation.errors import InputError
from escalation.outcomes import Tally

SEEN = [
    (Tally(),),
    (Tally(n_evaluable=3, n_dlts=1, n_moderate=1),),
    (Tally(n_pending=1),),
    (Tally(n_evaluable=2, n_dlts=1, n_pending=3),),
    (Tally(n_evaluable=3), Tally(n_evaluable=1, n_pending=2), Tally(n_pending=1)),
    (Tally(n_pending=2), Tally(n_evaluable=2, n_moderate=2), Tally(n_pending=2, n_evaluable=1)),
]
NO_DLT, DLT = Tally(n_evaluable=1), Tally(n_evaluable=1, n_dlts=1)
MODERATE = Tally(n_evaluable=1, n_moderate=1)


def by_patient(seen, *, dropouts: bool, moderate: bool) -> set[tuple[Tally, ...]]:
    """Give each pending patient an outcome, in every way."""
    outcomes = [NO_DLT, DLT, *[MODERATE] * moderate, *[Tally()] * dropouts]
    where = [level for level, tally in enumerate(seen) for _ in range(tally.n_pending)]
    ways = set()
    for turned_out in itertools.product(outcomes, repeat=len(where)):
        after = [replace(tally, n_pending=0) for tally in seen]
        for level, outcome in zip(where, turned_out, strict=True):
            after[level] = after[level].plus(outcome)
        ways.add(tuple(after))
    return ways


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("dropouts", [False, True])
@pytest.mark.parametrize("moderate", [False, True])
def test_every_way_once_and_counted_beforehand(seen, dropouts, moderate):
    ways = list(resolve_pending(seen, dropouts=dropouts, moderate=moderate))
    assert set(ways) == by_patient(seen, dropouts=dropouts, moderate=moderate)
    assert len(set(ways)) == len(ways)
    assert count_resolutions(seen, dropouts=dropouts, moderate=moderate) == len(ways)


@pytest.mark.parametrize("seen", SEEN)
def test_by_default_nobody_drops_out_and_none_is_moderate(seen):
    plain = by_patient(seen, dropouts=False, moderate=False)
    assert set(resolve_pending(seen)) == plain
    assert count_resolutions(seen) == len(plain)
    alone = {ways for ways, _ in resolve_with_last(seen, 0, NOBODY)}
    assert alone == plain


def test_fewest_dlts_come_first():
    seen = (Tally(n_pending=2), Tally(n_evaluable=1, n_pending=1))
    dlts = [tuple(tally.n_dlts for tally in way) for way in resolve_pending(seen)]
    assert dlts == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize("dropouts", [False, True])
@pytest.mark.parametrize("moderate", [False, True])
def test_the_last_cohort_turns_out_with_its_level(dropouts, moderate):
    seen = (Tally(n_evaluable=3), Tally(n_evaluable=2, n_dlts=1, n_pending=3), Tally())
    last = Tally(n_evaluable=1, n_dlts=1, n_pending=2)
    rest = (seen[0], Tally(n_evaluable=1, n_pending=1), seen[2])
    assert without_last(seen, 1, last) == rest
    expected = {
        ((seen[0], before[0].plus(cohort[0]), seen[2]), cohort[0])
        for before in by_patient((rest[1],), dropouts=dropouts, moderate=moderate)
        for cohort in by_patient((last,), dropouts=dropouts, moderate=moderate)
    }
    found = list(resolve_with_last(seen, 1, last, dropouts=dropouts, moderate=moderate))
    assert set(found) == expected


@pytest.mark.parametrize("field", ["n_evaluable", "n_dlts", "n_pending", "n_moderate"])
def test_a_last_cohort_of_more_than_was_seen_is_refused(field):
    here = Tally(n_evaluable=5, n_dlts=2, n_pending=2, n_moderate=1)
    seen = (Tally(n_evaluable=9), here)
    assert without_last(seen, 1, here) == (seen[0], Tally())
    extra = {field: getattr(here, field) + 1}
    too_many = (
        replace(here, n_evaluable=here.n_evaluable + (field != "n_pending"))
        if (field in ("n_dlts", "n_moderate"))
        else here
    )
    with pytest.raises(InputError, match="the last cohort is not part of what was seen at its"):
        without_last(seen, 1, replace(too_many, **extra))


# --- what a design says with patients pending ----------------------------------------------------


class _Any(Design):
    """A design that says what it is told, by the DLTs seen in all."""

    name = "any"
    __slots__ = ("n_levels", "said", "start")

    def __init__(self, said, n_levels=2):
        self.said, self.n_levels, self.start = said, n_levels, 0

    def _decide(self, tallies, level):
        n, x = sum(t.n_evaluable for t in tallies), sum(t.n_dlts for t in tallies)
        return self.said(n, x)

    def status(self, tally):
        raise AssertionError(tally)

    @property
    def stages(self):
        return (3,)


A, B = Clause("a", "A."), Clause("b", "B.")
STAY = Decision(action=Action.STAY, level=0, n_to_enrol=3, clause=A)
UP = Decision(action=Action.ESCALATE, level=1, n_to_enrol=3, clause=A)
DOWN = Decision(action=Action.DEESCALATE, level=0, n_to_enrol=3, clause=A)
END = Decision(action=Action.STOP, mtd=0, clause=A)
PENDING = (Tally(n_evaluable=1, n_pending=2), Tally())


def answer(said) -> Decision:
    return _Any(said).decide(PENDING, 0)


@pytest.mark.parametrize("decision", [STAY, UP, DOWN, END])
def test_one_answer_to_every_way_is_settled_with_its_own_clause(decision):
    assert answer(lambda _n, _x: decision) == decision


@pytest.mark.parametrize("decision", [STAY, UP, DOWN, END])
def test_one_answer_for_two_reasons_is_settled_early(decision):
    found = answer(lambda _n, x: replace(decision, clause=B if x else A))
    assert found == replace(decision, clause=found.clause)
    assert (found.clause.id, found.settled) == ("settled-early", True)


@pytest.mark.parametrize("decision", [UP, END])
def test_to_go_up_or_to_stop_waits_for_who_may_drop_out(decision):
    """Without one of the three patients the design would say something else."""
    found = answer(lambda n, _x: decision if n == 3 else STAY)
    assert (found.action, found.settled) == (Action.WAIT, False)
    assert set(found.possible) == {decision, STAY}
    assert (found.clause.id, found.level, found.n_to_enrol, found.mtd) == ("wait", None, 0, None)


@pytest.mark.parametrize("decision", [STAY, DOWN])
def test_to_stay_or_go_down_does_not(decision):
    assert answer(lambda n, _x: decision if n == 3 else END) == decision


@pytest.mark.parametrize(
    "other",
    [
        replace(END, mtd=1),
        replace(END, mtd=None),
        replace(END, mtd=0, inconclusive=True),
        UP,
    ],
)
def test_answers_that_differ_are_each_possible_fewest_dlts_first(other):
    found = answer(lambda _n, x: replace(END, clause=B) if x == 1 else END if x else other)
    assert found.action is Action.WAIT
    assert found.possible == (other, replace(END, clause=B))


@pytest.mark.parametrize("change", [{"level": 0}, {"n_to_enrol": 2}])
def test_answers_at_another_level_or_with_other_patients_differ(change):
    found = answer(lambda _n, x: replace(UP, **change) if x else UP)
    assert found.possible == (UP, replace(UP, **change))


def test_the_most_ways_that_are_foreseen():
    """Of one level, 445 patients have a hundred thousand ways: with a DLT, without, dropped out."""
    design = _Any(lambda _n, _x: STAY, n_levels=1)
    most = max(n for n in range(1000) if (n + 1) * (n + 2) // 2 <= 100_000)
    assert design.decide((Tally(n_pending=most),), 0) == STAY
    found = design.decide((Tally(n_pending=most + 1),), 0)
    assert (found.action, found.settled, found.possible) == (Action.WAIT, False, ())
    assert found.clause == Clause(
        "wait",
        f"{most + 1} patients are pending, too many to foresee how they turn out: wait.",
    )


def test_a_hundred_thousand_ways_are_foreseen():
    """Three pending at each of five levels have ten ways a level."""
    design = _Any(lambda _n, _x: STAY, n_levels=5)
    assert design.decide((Tally(n_pending=3),) * 5, 0) == STAY
    assert design.decide((*(Tally(n_pending=3),) * 4, Tally(n_pending=4)), 0).possible == ()


def test_many_pending_on_several_levels_are_counted_together():
    design = _Any(lambda _n, _x: STAY, n_levels=3)
    found = design.decide((Tally(n_pending=40), Tally(n_pending=7), Tally(n_pending=40)), 0)
    assert found.clause.text.startswith("87 patients are pending")


def test_the_last_cohort_is_looked_at_only_by_a_design_that_remembers_it():
    plain = make_design("3+3", n_levels=2)
    seen = (Tally(n_evaluable=3), Tally())
    assert plain.decide(seen, 0, Tally(n_evaluable=9)) == plain.decide(seen, 0)
    crm = make_design("crm", n_levels=2, target=0.3, max_patients=30)
    pending = (Tally(n_evaluable=3, n_pending=1), Tally())
    with pytest.raises(InputError, match="the last cohort is not part"):
        crm.decide(pending, 0, Tally(n_evaluable=9))


def test_a_design_left_as_it_is_says_nothing_more():
    design = _Any(lambda _n, _x: STAY)
    assert (design.target, design.max_patients, design.full_name) == (None, None, "any")
    assert design.remember(Tally(n_evaluable=3, n_dlts=3)) == 0
    assert design.summarise_moderate(PENDING, 0) == 0
    assert design.places_while_pending(PENDING, 0) == 0
    assert (design.largest_cohort, design.spelled_out()) == (3, {})
    assert design.estimates(PENDING) is None
    assert design.superseded_by({"target"}) == frozenset()
    assert Counter(
        getattr(Design, flag)
        for flag in ("by_stages", "by_level", "remembers", "asks_moderate", "by_boundaries")
    ) == {True: 2, False: 3}
    assert (Design.by_stages, Design.by_level) == (True, True)
    assert (Design.while_pending, Design.variants) == (None, ())


@pytest.mark.parametrize(
    ("target", "level", "action"),
    [(0, 0, "stay"), (1, 0, "escalate"), (0, 1, "deescalate"), (5, 2, "escalate"), (3, 3, "stay")],
)
def test_an_action_is_named_by_where_it_leads(target, level, action):
    assert Action.towards(target, level) == action


@pytest.mark.parametrize("n_tallies", [0, 1, 3])
def test_tallies_of_another_ladder_are_refused(n_tallies):
    with pytest.raises(InputError, match=f"^{n_tallies} tallies for a ladder of 2 levels$"):
        _Any(lambda _n, _x: STAY).decide([Tally()] * n_tallies, 0)


@pytest.mark.parametrize("level", [-1, 2, 3, True, 0.0, "0", None])
def test_a_level_off_the_ladder_is_refused(level):
    with pytest.raises(InputError) as refused:
        _Any(lambda _n, _x: STAY).decide([Tally()] * 2, level)
    assert str(refused.value) == f"level index {level!r} is outside 0 .. 1"


def test_a_decision_counts_what_it_allows():
    assert replace(STAY, n_optional=2).n_at_most == 5
    assert (STAY.n_at_most, STAY.n_optional) == (3, 0)
    assert (STAY.has_ended, END.has_ended) == (False, True)
    assert (STAY.settled, STAY.inconclusive, STAY.counts_moderate) == (True, False, False)
    assert (STAY.possible, STAY.mtd, END.level, END.n_to_enrol) == ((), None, None, 0)
