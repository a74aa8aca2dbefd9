"""A+B designs: an oracle in the words of Lin and Shih, and every untidy tally for odd constants."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.designs import (
    APlusB,
    ThreePlusThree,
    change_design,
    describe_design,
    design_settings,
    make_design,
)
from escalation.errors import DesignError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from tests.designs.untidy import (
    NONE,
    assert_capped,
    assert_never_higher,
    assert_none,
    assert_sound,
    every_answer,
)

CONSTANTS = [
    (3, 3, 1, 1, 1),
    (3, 3, 1, 1, 2),
    (3, 3, 1, 2, 2),
    (2, 4, 1, 1, 1),
    (2, 4, 1, 1, 2),
    (4, 4, 1, 1, 1),
    (4, 4, 1, 2, 2),
    (1, 2, 1, 1, 1),
    (1, 1, 1, 0, 0),
    (1, 1, 1, 1, 1),
    (4, 2, 2, 2, 3),
    (3, 2, 2, 1, 1),  # C = D + 1: no doubt after the first cohort, B only to confirm
    (2, 2, 2, 2, 3),  # D = A: the first cohort alone never fails a level
    (5, 1, 3, 3, 4),
]
OPTIONS = [
    {"below": below, "top": top, "untested_below": untested, "borderline": borderline}
    for below in ("expand", "declare")
    for top in ("expand", "declare")
    for untested in ("treat", "stop")
    for borderline in ("fail", "mtd")
]


def named(values: tuple[int, ...]) -> dict[str, int]:
    return dict(zip("abcde", values, strict=True))


class Story:
    """Conduct an A+B trial cohort by cohort: looks at each level, and whether one has failed."""

    def __init__(self, constants: tuple[int, ...], n_levels: int, options: dict[str, Any]) -> None:
        self.a, self.b, self.c, self.d, self.e = constants
        self.top_level = n_levels - 1
        self.options = options

    def verdict(self, history: tuple[tuple[int, int], ...], start: int) -> tuple[str, int | None]:
        looks: dict[int, list[int]] = {}
        going_down, verdict = False, ("treat", start)
        for level, n_dlts in history:
            assert verdict == ("treat", level)
            looks.setdefault(level, []).append(n_dlts)
            mark = self._mark(looks[level])
            going_down |= mark == "failed"
            verdict = self._next(mark, level, looks, going_down)
        return verdict

    def _mark(self, look: list[int]) -> str:
        if len(look) == 1:
            if look[0] < self.c:
                return "cleared"
            return "doubt" if look[0] <= self.d else "failed"
        if sum(look) <= self.e:
            return "confirmed"
        borderline = sum(look) == self.e + 1 and self.options["borderline"] == "mtd"
        return "borderline" if borderline else "failed"

    def _next(
        self, mark: str, level: int, looks: dict[int, list[int]], going_down: bool
    ) -> tuple[str, int | None]:
        if mark in ("doubt", "borderline"):
            return ("treat" if mark == "doubt" else "mtd", level)
        if mark == "failed":
            if level == 0 or (level - 1 not in looks and self.options["untested_below"] == "stop"):
                return ("none", None)
            if level - 1 not in looks:
                return ("treat", level - 1)
            once = len(looks[level - 1]) == 1
            again = once and self.options["below"] == "expand"
            return ("treat" if again else "mtd", level - 1)
        if going_down or level == self.top_level:
            more = self.options["below" if going_down else "top"] == "expand"
            return ("treat" if mark == "cleared" and more else "mtd", level)
        return ("treat", level + 1)


def assert_agrees(constants, n_levels, start, options):
    story = Story(constants, n_levels, options)
    design = APlusB(n_levels=n_levels, start=start, **named(constants), **options)
    sizes = constants[:2]
    todo: list[tuple[tuple[int, int], ...]] = [()]
    while todo:
        history = todo.pop()
        looks = [[x for at, x in history if at == level] for level in range(n_levels)]
        tallies = [Tally(n_evaluable=sum(sizes[: len(xs)]), n_dlts=sum(xs)) for xs in looks]
        here = history[-1][0] if history else start
        decision = design.decide(tallies, here)
        verdict, level = story.verdict(history, start)
        where = (constants, options, start, history)
        assert decision.settled
        assert not decision.inconclusive
        if verdict == "treat":
            assert (decision.level, decision.mtd) == (level, None), where
            size = sizes[len(looks[level])]
            assert decision.n_to_enrol == size, where
            todo += [(*history, (level, n_dlts)) for n_dlts in range(size + 1)]
        else:
            assert (decision.level, decision.n_to_enrol, decision.mtd) == (None, 0, level), where


@pytest.mark.parametrize("constants", CONSTANTS, ids=str)
def test_every_reachable_state_against_prose(constants):
    for options in OPTIONS:
        for n_levels, start in ((1, 0), (2, 0), (2, 1), (3, 1)):
            if constants[0] < 5 or n_levels < 3:
                assert_agrees(constants, n_levels, start, options)


def judges(constants, borderline):
    a, b, c, d, e = constants
    most = e + (borderline == "mtd")
    rate = Fraction(e + 1, a + b)
    fewest = [ceil(n * rate) if borderline == "fail" else floor(n * rate) + 1 for n in range(30)]
    too_many = np.array(fewest)  # DLTs among n patients

    def is_failed(n, x):
        return np.where(n <= a, x > d, np.where(n <= a + b, x > most, x >= too_many[n]))

    def is_open(n, x):
        judged = (n >= a + b) | ((n >= a) & (x < c))
        return (n > 0) & ~is_failed(n, x) & ~judged

    return is_failed, is_open


@pytest.mark.parametrize("constants", CONSTANTS[1:], ids=str)
@pytest.mark.parametrize("borderline", ["fail", "mtd"])
@pytest.mark.slow
def test_every_untidy_tally_gets_a_sound_decision(constants, borderline):
    a, b, _, _, e = constants
    up_to_rate = np.array([floor(n * Fraction(e + 1, a + b)) for n in range(a + b + 3)])
    for options in OPTIONS:
        if options["borderline"] != borderline or options["top"] != "expand":
            continue
        sizes = list(range(a + b + 3))
        design = APlusB(n_levels=2, **named(constants), **options)
        answers = every_answer(design, sizes)
        assert_sound(answers, *judges(constants, borderline))
        rows = np.flatnonzero(answers.mtd != NONE)
        n, x = (counts[rows, answers.mtd[rows]] for counts in (answers.n, answers.x))
        wrong = np.zeros(len(answers.mtd), dtype=bool)
        allowed = np.where(n <= a + b, e + (borderline == "mtd"), up_to_rate[n])
        wrong[rows] = (n < a) | (x > allowed)
        assert_none(answers, wrong, "an MTD without the patients it takes")
        capped = APlusB(n_levels=2, max_patients=a + b, **named(constants), **options)
        assert_capped(every_answer(capped, sizes), answers, a + b)


def test_exactly_one_more_than_e_is_borderline_and_two_more_are_not():
    """Also where E+1 = A+B, and an over-enrolled level has more DLTs than A+B patients."""
    design = APlusB(n_levels=2, a=1, b=1, c=1, d=1, e=1, borderline="mtd", beyond="count")
    assert design.status(Tally(n_evaluable=2, n_dlts=2)) == "borderline"
    assert design.status(Tally(n_evaluable=3, n_dlts=2)) == "borderline"
    assert design.status(Tally(n_evaluable=3, n_dlts=3)) == "too toxic"


# --- more than A+B patients at a level -----------------------------------------------------


@pytest.mark.parametrize("constants", CONSTANTS, ids=str)
@pytest.mark.parametrize("borderline", ["fail", "mtd"])
def test_more_than_a_plus_b_are_judged_by_rate_in_fractions(constants, borderline):
    """Every tally up to 60 patients against exact fractions; at A+B rate and count agree."""
    a, b, _, _, e = constants
    by_rate = APlusB(n_levels=2, **named(constants), borderline=borderline)
    by_count = APlusB(n_levels=2, **named(constants), borderline=borderline, beyond="count")
    assert by_rate.beyond == "rate"
    limit = Fraction(e + 1, a + b)
    at_limit = "borderline" if borderline == "mtd" else "too toxic"
    for n in range(1, 61):
        for x in range(n + 1):
            tally = Tally(n_evaluable=n, n_dlts=x)
            rate = Fraction(x, n)
            said = "confirmed" if rate < limit else at_limit if rate == limit else "too toxic"
            if n >= a + b:
                assert by_rate.status(tally) == said, (n, x)
                counted = "confirmed" if x <= e else at_limit if x == e + 1 else "too toxic"
                assert by_count.status(tally) == counted, (n, x)
            else:
                assert by_rate.status(tally) == by_count.status(tally), (n, x)


@pytest.mark.parametrize(
    ("outcomes", "options", "expected"),
    [
        # case 2 of the field: an expansion of ten at the MTD, two of them with a DLT
        ("1NNN 2TTN 1NNN 1NNNNNNNNTT", {}, ("stop", 0)),
        ("1NNN 2TTN 1NNN 1NNNNNNNNTT", {"beyond": "count"}, ("stop", None)),
        ("1NNN 2TTN 1NNN 1NTT", {}, ("stop", 0)),  # 2/9
        ("1NNN 2TTN 1NNN 1TTT", {}, ("stop", None)),  # 3/9
        ("1NNN 2TTN 1NNN 1TTT", {"two_of_six": "mtd"}, ("stop", 0)),  # 3/9 is 2/6
        ("1NNN 2TTN 1NNN 1TTTT", {"two_of_six": "mtd"}, ("stop", None)),
        ("1NNNTNNT", {}, ("escalate", 1)),  # 2/8
    ],
)
def test_an_expansion_is_judged_by_rate_by_hand(outcomes, options, expected):
    design = ThreePlusThree(n_levels=3, **options)
    cohorts = parse_outcomes(outcomes)
    decision = design.decide(tally_cohorts(cohorts, (1, 2, 3)), cohorts[-1].label - 1)
    named_level = decision.mtd if decision.action == "stop" else decision.level
    assert (decision.action, named_level) == expected
    said = "A level with more than six patients is judged by its rate"
    assert (said in decision.clause.text) == (options.get("beyond") != "count")


def test_the_sentence_on_more_patients_is_said_where_there_are_more():
    design = ThreePlusThree(n_levels=2)
    six, seven = (Tally(n_evaluable=n, n_dlts=1) for n in (6, 7))
    one, other = (design.decide([seen, Tally()], 0).clause for seen in (six, seven))
    assert one.id == other.id == "escalate-expanded"
    assert other.text == (
        f"{one.text} A level with more than six patients is judged by its rate: 2/6 or more is too "
        "toxic, less is passed."
    )
    borderline = ThreePlusThree(n_levels=2, two_of_six="mtd")
    nine = [Tally(n_evaluable=9, n_dlts=3), Tally()]
    assert borderline.decide(nine, 0).clause.text.endswith(
        "is judged by its rate: more than 2/6 is too toxic, 2/6 makes it the MTD, less is passed."
    )


@pytest.mark.parametrize("options", [{}, {"beyond": "rate"}])
def test_an_option_at_its_new_default_leaves_description_and_settings_as_they_were(options):
    design = make_design("3+3", n_levels=3, **options)
    assert "beyond" not in describe_design(design)
    assert "beyond" not in design_settings(design)
    other = make_design("3+3", n_levels=3, beyond="count")
    assert describe_design(other).endswith("beyond count")
    assert change_design(other, two_of_six="mtd").beyond == "count"


@pytest.mark.parametrize("borderline", ["fail", "mtd"])
def test_every_untidy_tally_gets_a_sound_decision_by_count_too(borderline):
    def is_failed(n, x):
        return np.where(n <= 3, x > 1, x > 1 + (borderline == "mtd"))

    def is_open(n, x):
        return (n > 0) & ~is_failed(n, x) & ~((n >= 6) | ((n >= 3) & (x < 1)))

    design = ThreePlusThree(n_levels=2, two_of_six=borderline, beyond="count")
    answers = every_answer(design, list(range(10)))
    assert_sound(answers, is_failed, is_open)
    assert_never_higher(answers)


@pytest.mark.slow
@pytest.mark.parametrize("constants", CONSTANTS[1:], ids=str)
@pytest.mark.parametrize("borderline", ["fail", "mtd"])
def test_one_more_dlt_never_leads_higher(constants, borderline):
    a, b = constants[:2]
    for below, top in itertools.product(("expand", "declare"), repeat=2):
        design = APlusB(n_levels=2, **named(constants), below=below, top=top, borderline=borderline)
        answers = every_answer(design, list(range(a + b + 2)))
        assert_never_higher(answers)


constants_of_any_kind = st.tuples(
    st.integers(1, 8), st.integers(1, 8), st.integers(1, 8), st.integers(0, 8), st.integers(0, 15)
)


@settings(max_examples=150)
@given(values=constants_of_any_kind, data=st.data())
def test_any_constants_either_make_a_total_design_or_are_refused(values, data):
    a, b, c, d, e = values
    legal = 1 <= c <= a and c - 1 <= d <= min(a, e) and e < a + b
    if not legal:
        with pytest.raises(DesignError, match="needs"):
            APlusB(n_levels=3, **named(values))
        return
    options = data.draw(st.sampled_from(OPTIONS))
    design = APlusB(n_levels=3, **named(values), **options)
    assert design.stages == (a, a + b)
    count = st.integers(0, a + b + 2).flatmap(
        lambda n: st.builds(Tally, n_evaluable=st.just(n), n_dlts=st.integers(0, n))
    )
    tallies = data.draw(st.lists(count, min_size=3, max_size=3))
    decision = design.decide(tallies, data.draw(st.integers(0, 2)))
    is_failed, _ = judges(values, options["borderline"])
    failed = [i for i, t in enumerate(tallies) if is_failed(t.n_evaluable, t.n_dlts)]
    for level in (decision.level, decision.mtd):
        assert level is None or level < min(failed, default=3)
    if decision.level is not None:
        after = tallies[decision.level].n_evaluable + decision.n_to_enrol
        assert after in (a, a + b)


@st.composite
def legal_constants(draw):
    a, b = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    c = draw(st.integers(1, a))
    d = draw(st.integers(c - 1, a))
    e = draw(st.integers(min(d, a + b - 1), a + b - 1))
    return a, b, c, d, e


@given(values=legal_constants(), n=st.integers(0, 18), borderline=st.sampled_from(["fail", "mtd"]))
def test_one_more_dlt_never_improves_a_levels_status(values, n, borderline):
    design = APlusB(n_levels=2, **named(values), borderline=borderline)
    order = ["not given", "confirmed", "cleared", "open", "borderline", "too toxic"]
    found = [design.status(Tally(n_evaluable=n, n_dlts=x)).value for x in range(n + 1)]
    ranks = [order.index(status) for status in found]
    assert ranks == sorted(ranks)
    assert (found[0] == "not given") == (n == 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"c": 4}, "1 <= C <= A"),
        ({"c": 0}, "1 <= C <= A"),
        ({"b": 0}, "B >= 1"),
        ({"a": 0, "c": 0}, "1 <= C <= A"),
        ({"d": 4, "e": 4}, "D <= A"),
        ({"d": -1, "e": 0}, "C - 1 <= D"),
        ({"d": 2, "e": 1}, "D <= E"),
        ({"e": 6}, "E < A + B"),
        ({"a": 3.0}, "a must be a whole number, not 3.0"),
        ({"b": True}, "b must be a whole number, not True"),
        ({"e": float("nan")}, "e must be a whole number, not nan"),
        ({"c": None}, "c must be a whole number, not None"),
        ({"d": "1"}, "d must be a whole number, not '1'"),
        ({"below": None}, "below must be 'expand' or 'declare', not None"),
        ({"top": "confirm"}, "top must be 'expand' or 'declare', not 'confirm'"),
        ({"beyond": "percent"}, "beyond must be 'rate' or 'count', not 'percent'"),
        ({"beyond": None}, "beyond must be 'rate' or 'count', not None"),
        ({"borderline": True}, "borderline must be 'fail' or 'mtd', not True"),
        ({"max_patients": -1}, "max_patients must be a whole number from 1, not -1"),
        ({"n_levels": 0}, "n_levels must be from 1"),
    ],
)
def test_constants_that_make_no_design_are_refused(options, said):
    with pytest.raises(DesignError) as caught:
        APlusB(**{"n_levels": 3, **named((3, 3, 1, 1, 1)), **options})
    assert said in str(caught.value)
    assert str(caught.value).startswith("a+b: ")


def test_a_missing_constant_is_named():
    with pytest.raises(DesignError, match=r"a\+b needs the options d, e"):
        make_design("a+b", n_levels=3, a=3, b=3, c=1)


@pytest.mark.parametrize(("b", "written"), [(5, "ten"), (6, "11"), (7, "12")])
def test_numbers_are_written_out_up_to_ten(b, written):
    design = APlusB(n_levels=3, **named((5, b, 1, 1, 2)))
    decision = design.decide([Tally(n_evaluable=5, n_dlts=1), Tally(), Tally()], 0)
    assert decision.clause.text == (
        "With one DLT among five patients, treat more at the same level until "
        f"{written} are evaluable, and judge it on them."
    )
