"""G3+3 against the sentences of its authors, put in another way, and against the 3+3."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from escalation.designs import Action, G3Plus3, LevelStatus, ThreePlusThree, make_design
from escalation.errors import DesignError
from escalation.outcomes import Tally
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from tests.designs.untidy import NONE, assert_never_higher, assert_none, every_answer


def by_sentences(n: int, x: int) -> str:
    """E, S, D, or DU: de-escalate and never return; as the authors' package tabulates them."""
    if n >= 3 and beta.sf(0.25, x + 1, n - x + 1) > 0.95:
        return "DU"
    if n == 3:
        return "ESDD"[x]
    if n == 6:
        return "E" if x <= 1 else "D"
    rate = Fraction(x, n)
    if rate < Fraction(20, 100):
        return "E"
    return "D" if rate > Fraction(29, 100) else "S"


STATUS = {
    LevelStatus.CLEARED: "E",
    LevelStatus.OPEN: "S",
    LevelStatus.ABOVE_TARGET: "D",
    LevelStatus.TOO_TOXIC: "DU",
}


def test_every_decision_up_to_100_patients_against_the_authors_rule():
    design = G3Plus3(n_levels=3, cohort_size=1, max_patients=300)
    for n in range(1, 101):
        for x in range(n + 1):
            here = Tally(n_evaluable=n, n_dlts=x)
            expected = by_sentences(n, x)
            assert STATUS[design.status(here)] == expected, (n, x)
            to = design.decide([Tally(), here, Tally()], 1).level
            assert to == {"E": 2, "S": 1, "D": 0, "DU": 0}[expected], (n, x)


def test_three_and_six_patients_against_the_3_plus_3():
    """Where to treat next; a level that the 3+3 calls too toxic is left, but may be given again."""
    g3 = G3Plus3(n_levels=3, max_patients=30)
    classical = ThreePlusThree(n_levels=3, variant="confirm")
    for n in (3, 6):
        for x in range(n + 1):
            tallies = [Tally(), Tally(n_evaluable=n, n_dlts=x), Tally()]
            assert g3.decide(tallies, 1).level == classical.decide(tallies, 1).level, (n, x)


def test_every_untidy_tally_has_a_sound_answer():
    answers = every_answer(G3Plus3(n_levels=3, max_patients=300), [0, 1, 2, 3, 4, 6, 7])
    treats = answers.level != NONE
    size = np.where(answers.n > 0, np.maximum(answers.n, 3), 0)
    eliminated = (size > 0) & (beta.sf(0.25, answers.x + 1, size - answers.x + 1) > 0.95)
    ceiling = np.where(eliminated.any(axis=1), eliminated.argmax(axis=1), 3)
    assert_none(answers, treats & (answers.level >= ceiling), "gives an eliminated level")
    assert_none(answers, treats == (ceiling == 0), "stops, or does not, for another reason")
    assert_none(answers, answers.level > answers.current + 1, "skips a level upwards")
    assert_never_higher(answers)


def at_the_end(*seen: tuple[int, int]) -> int | None:
    total = sum(n for n, _ in seen)
    design = G3Plus3(n_levels=len(seen), cohort_size=1, max_patients=total)
    decision = design.decide([Tally(n_evaluable=n, n_dlts=x) for n, x in seen], 0)
    assert decision.action is Action.STOP
    return decision.mtd


@pytest.mark.parametrize(
    ("seen", "mtd"),
    [
        (((3, 0), (6, 1), (6, 2)), 1),  # below the lowest that says to de-escalate
        (((3, 0), (6, 2), (3, 0)), 0),  # also where a higher one does not
        (((3, 0), (6, 1), (0, 0)), 1),  # none does: the highest given
        (((3, 0), (3, 0), (9, 1)), 2),
        (((3, 0), (12, 3), (3, 3)), 1),  # below an eliminated one
        (((6, 2), (3, 0), (0, 0)), None),  # the lowest says to de-escalate
        (((6, 5), (3, 0), (0, 0)), None),  # or is eliminated
        (((0, 0), (6, 2), (3, 1)), None),  # nothing given below it
        (((0, 0), (6, 1), (3, 2)), 1),
    ],
)
def test_the_mtd_against_the_authors_three_rules(seen, mtd):
    assert at_the_end(*seen) == mtd


@pytest.mark.parametrize(
    ("last", "mtd"),
    [((1, 1), 1), ((2, 1), 1), ((2, 2), 1), ((1, 0), 2), ((2, 0), 2)],
)
def test_the_mtd_of_a_cohort_cut_short_against_the_authors_three_rules(last, mtd):
    """The cap can cut the last cohort; it is judged on those who were treated."""
    design = G3Plus3(n_levels=3, max_patients=12, titration=True)
    seen = [(6, 0), (6 - last[0], 0), last]
    decision = design.decide([Tally(n_evaluable=n, n_dlts=x) for n, x in seen], 2)
    assert decision.action is Action.STOP
    assert decision.mtd == mtd


def by_recursion(p: tuple[float, ...], n_cohorts: int) -> list[float]:
    """P(no MTD), then P(each level), by following every trial of threes to its end."""
    found = [0.0] * (len(p) + 1)

    def judged(seen: tuple[tuple[int, int], ...]) -> list[str]:
        return [by_sentences(n, x) if n else "" for n, x in seen]

    def follow(seen: tuple[tuple[int, int], ...], level: int, left: int, weight: float) -> None:
        for k in range(4):
            w = weight * (1, 3, 3, 1)[k] * p[level] ** k * (1 - p[level]) ** (3 - k)
            n, x = seen[level]
            then = (*seen[:level], (n + 3, x + k), *seen[level + 1 :])
            said = judged(then)
            top = said.index("DU") if "DU" in said else len(p)
            if top == 0:
                found[0] += w
            elif left == 1:
                good = [i for i, word in enumerate(said) if word in ("E", "S")]
                bad = min((i for i, word in enumerate(said) if word.startswith("D")), default=9)
                found[max((i + 1 for i in good if i < bad), default=0)] += w
            else:
                step = {"E": 1, "S": 0, "D": -1, "DU": -1}[said[level]]
                follow(then, min(max(level + step, 0), top - 1), left - 1, w)

    follow(((0, 0),) * len(p), 0, n_cohorts, 1.0)
    return found


@pytest.mark.parametrize("p", [(0.1, 0.25, 0.5), (0.3, 0.2, 0.45), (0.5, 0.6, 0.7)])
def test_exact_characteristics_against_a_recursion(p):
    design = make_design("g3+3", n_levels=3, max_patients=18)
    exact = exact_characteristics(build_graph(design), p)
    assert [exact.p_no_mtd, *exact.p_select] == pytest.approx(by_recursion(p, 6), abs=1e-12)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": 0.25}, "g3+3 has no option 'target'"),
        ({"cutoff_eli": 0.9}, "g3+3 has no option 'cutoff_eli'"),
        ({"extrasafe": True}, "g3+3 has no option 'extrasafe'"),
        ({"max_patients": 31}, "max_patients must be a multiple of cohort_size 3, not 31"),
        ({"max_patients": float("nan")}, "max_patients must be a whole number, not nan"),
        ({"n_levels": 0}, "n_levels must be from 1 to 100, not 0"),
    ],
)
def test_bad_options_are_refused_in_one_line(options: dict[str, Any], said):
    with pytest.raises(DesignError) as error:
        make_design("g3+3", **{"n_levels": 3, "max_patients": 30} | options)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
