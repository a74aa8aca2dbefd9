"""What holds of every interval design, whatever its boundaries."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from escalation.designs import Action, Design, LevelStatus, change_design, make_design
from escalation.designs.interval.base import IntervalDesign
from escalation.errors import DesignError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from tests.designs.reference import select_as_boin
from tests.designs.untidy import NONE, assert_never_higher, assert_none, every_answer

NAMES = ("boin", "keyboard", "mtpi-2", "mtpi", "tpi", "i3+3")
FEWEST = {"boin": 3, "keyboard": 3, "mtpi-2": 1, "mtpi": 1, "tpi": 1, "i3+3": 3}  # to eliminate
by_name = pytest.mark.parametrize("name", NAMES)


def made(name: str, **options: Any) -> IntervalDesign:
    given = {"n_levels": 3, "target": 0.3, "max_patients": 30} | options
    design = make_design(name, **given)
    assert isinstance(design, IntervalDesign)
    return design


def uncapped(name: str, **options: Any) -> Design:
    return made(name, **options, max_patients=None)


@by_name
@pytest.mark.parametrize("cohort_size", [1, 3])
@pytest.mark.slow
def test_every_untidy_tally_has_a_sound_answer(name, cohort_size):
    answers = every_answer(uncapped(name, cohort_size=cohort_size), [0, 1, 2, 3, 4, 5, 7])
    treats = answers.level != NONE
    prior = 0.005 if name == "tpi" else 1
    size = np.where(answers.n > 0, np.maximum(answers.n, cohort_size), 0)
    counts = np.arange(8)
    too_toxic = beta.sf(0.3, counts + prior, np.maximum(counts[:, None] - counts, 0) + prior)
    chance = too_toxic[size, answers.x]
    eliminated = (size >= FEWEST[name]) & (chance > 0.95)
    ceiling = np.where(eliminated.any(axis=1), eliminated.argmax(axis=1), 3)
    assert_none(answers, ~answers.settled, "not settled with nobody pending")
    assert_none(answers, treats & (answers.level >= ceiling), "gives an eliminated level")
    assert_none(answers, treats == (ceiling == 0), "stops, or does not, for another reason")
    assert_none(answers, treats != (answers.n_to_enrol > 0), "level without patients, or reverse")
    assert_none(answers, answers.level > answers.current + 1, "skips a level upwards")
    assert_none(answers, answers.mtd != NONE, "an MTD without a cap")
    there = answers.n[np.arange(len(answers.n)), np.maximum(answers.level, 0)]
    lacking = np.where(there < cohort_size, cohort_size - there, cohort_size)
    assert_none(answers, treats & (answers.n_to_enrol != lacking), "opens another cohort")
    assert_never_higher(answers)


@by_name
@pytest.mark.parametrize("cohort_size", [1, 2, 3])
def test_extra_safety_stops_on_the_patients_that_elimination_judges_by_scipy(name, cohort_size):
    """At least a first cohort, the missing without a DLT, and for BOIN and Keyboard three."""
    design = uncapped(name, cohort_size=cohort_size, extrasafe=True)
    prior = 0.005 if name == "tpi" else 1
    for n, x in ((size, dlts) for size in range(8) for dlts in range(size + 1)):
        judged_as = max(n, cohort_size)
        chance = beta.sf(0.3, x + prior, judged_as - x + prior)
        judged = n > 0 and judged_as >= FEWEST[name]
        expected = "lowest-eliminated" if judged and chance > 0.95 else "lowest-unsafe"
        decision = design.decide([Tally(n_evaluable=n, n_dlts=x), Tally(), Tally()], 0)
        assert (decision.action is Action.STOP) == (judged and chance > 0.9), (n, x)
        assert decision.action is not Action.STOP or decision.clause.id == expected, (n, x)


def test_extra_safety_says_where_it_is_not_published():
    said = {name: made(name, extrasafe=True).clauses["lowest-unsafe"].text for name in NAMES}
    taken_over = {name for name, text in said.items() if text.endswith("it is BOIN's.")}
    assert taken_over == {"mtpi-2", "mtpi", "tpi", "i3+3"}


@by_name
def test_the_fewest_patients_to_eliminate_are_said_where_cohorts_are_smaller(name):
    small = made(name, cohort_size=2).clauses["eliminated"].text
    assert ("is above 0.95 on 3 patients or more, the level" in small) == (FEWEST[name] == 3)
    assert "or more" not in made(name).clauses["eliminated"].text


@by_name
@pytest.mark.parametrize(
    ("seen", "level", "clause"),
    [
        ("", 1, "start"),
        ("", 0, "not-given"),  # where nobody begins
        ("", 2, "not-given"),
        ("1NNN", 1, "not-given"),  # the start, but somebody has been treated
        ("1X 2T", 1, "fill"),
        ("2TN", 1, "fill"),  # one less than a cohort
        ("2TNN", 1, "stay"),  # a whole one
        ("2NNN", 1, "escalate"),
        ("3NNN", 2, "stay-highest"),
        ("2NNN 3TTT", 1, "stay-below-eliminated"),
        ("2TTN", 1, "deescalate"),
        ("1TTN", 0, "stay-lowest"),
        ("2NNN 3TTT", 2, "eliminated"),
        ("2TTT", 2, "eliminated"),
        ("1TTT", 1, "lowest-eliminated"),
    ],
)
def test_each_sentence_is_said_up_to_the_limit_in_its_words(name, seen, level, clause):
    design = made(name, start=1)
    tallies = tally_cohorts(parse_outcomes(seen), (1, 2, 3))
    assert design.decide(tallies, level).clause.id == clause


@by_name
@pytest.mark.parametrize(
    ("seen", "level", "clause"),
    [
        ("", 1, "start"),
        ("", 0, "titrate"),  # where nobody begins
        ("1N", 1, "titrate"),  # the start, but somebody has been treated
        ("2N", 1, "titrate"),
        ("2N", 2, "titrate"),
        ("3N", 2, "fill"),
    ],
)
def test_each_sentence_of_a_titration_is_said_up_to_the_limit_in_its_words(
    name, seen, level, clause
):
    design = made(name, start=1, titration=True)
    tallies = tally_cohorts(parse_outcomes(seen), (1, 2, 3))
    assert design.decide(tallies, level).clause.id == clause


@by_name
def test_the_ends_of_a_trial_are_said_up_to_the_limit_in_their_words(name):
    design = made(name, n_earlystop=9, max_patients=12)

    def clause(*tallies: tuple[int, int], level: int = 1) -> str:
        seen = [Tally(n_evaluable=n, n_dlts=x) for n, x in tallies]
        return design.decide(seen, level).clause.id

    assert clause((0, 0), (8, 2), (0, 0)) == "stay"
    assert clause((0, 0), (9, 3), (0, 0)) == "enough-here"
    assert clause((0, 0), (9, 0), (0, 0)) == "escalate"  # the next cohort is not treated here
    assert clause((9, 0), (2, 2), (0, 0)) == "deescalate"  # nor is it from there
    assert clause((0, 0), (9, 3), (2, 0)) == "enough-here"
    assert clause((0, 0), (9, 3), (3, 0)) == "max-patients"


@by_name
def test_a_cap_stops_with_a_selected_mtd_and_changes_nothing_before(name):
    capped = every_answer(made(name, max_patients=12), [0, 2, 3, 6])
    free = every_answer(uncapped(name), [0, 2, 3, 6])
    total = capped.n.sum(axis=1)
    assert_none(
        capped, (capped.level != NONE) & (total + capped.n_to_enrol > 12), "exceeds the cap"
    )
    early = total + free.n_to_enrol <= 12
    for what in ("action", "level", "n_to_enrol", "mtd"):
        differs = getattr(capped, what) != getattr(free, what)
        assert_none(capped, differs & early & (total < 12), f"the cap changes {what}")
    full = (total >= 12) & (free.level != NONE)
    assert_none(capped, full & (capped.action != Action.STOP), "goes on beyond the cap")
    top = np.where(capped.n > 0, beta.sf(0.3, capped.x + 1, capped.n - capped.x + 1), 0) > 0.9
    tolerated = (capped.n > 0).any(axis=1) & ~top.any(axis=1)
    assert_none(capped, full & tolerated & (capped.mtd == NONE), "no MTD, and no level too toxic")
    given = capped.n[np.arange(len(total)), np.maximum(capped.mtd, 0)]
    assert_none(capped, (capped.mtd != NONE) & (given == 0), "an MTD that was never given")


@pytest.mark.slow
@by_name
@pytest.mark.parametrize("target", [0.2, 0.3])
def test_at_the_cap_every_level_is_judged_on_its_own_patients_against_select_mtd(name, target):
    """Also one whose cohort the cap has cut short, which nobody will complete."""
    design = made(name, target=target, cohort_size=4, max_patients=8)
    prior = 0.005 if name == "tpi" else 1
    answers = every_answer(design, [0, 1, 2, 3, 5])
    limits = {n: design.elimination(max(n, 4)) or 99 for n in (1, 2, 3, 5)} | {0: 99}
    n_ends = 0
    for n, x, mtd in zip(answers.n, answers.x, answers.mtd, strict=True):
        if n.sum() < 8 or any(y >= limits[m] for m, y in zip(n, x, strict=True)):
            continue  # eliminated before, though the rest should have no DLT
        seen = list(zip(n.tolist(), x.tolist(), strict=True))
        theirs = select_as_boin(seen, target, fewest=FEWEST[name], prior=prior)
        assert mtd == (NONE if theirs is None else theirs), seen
        n_ends += 1
    assert n_ends > 1000


@by_name
def test_the_order_of_cohorts_changes_no_answer(name):
    design, labels = made(name), (1, 2, 3)
    rng = np.random.default_rng(7)
    for _ in range(200):
        cohorts = [
            f"{rng.choice(labels)}{''.join(rng.choice(list('NNT?X'), rng.integers(1, 4)))}"
            for _ in range(5)
        ]
        level = int(rng.integers(3))
        answers = {
            design.decide(tally_cohorts(parse_outcomes(" ".join(order)), labels), level)
            for order in itertools.islice(itertools.permutations(cohorts), 0, 120, 17)
        }
        assert len(answers) == 1, cohorts


@by_name
def test_pending_patients_are_waited_for_only_where_they_matter(name):
    design = made(name)
    nobody = Tally()
    waits = design.decide([Tally(n_evaluable=2, n_pending=1), nobody, nobody], 0)
    assert (waits.action, waits.settled) == (Action.WAIT, False)
    sure = design.decide([nobody, Tally(n_evaluable=2, n_dlts=2, n_pending=1), nobody], 1)
    assert sure.settled
    assert sure.level == 0


@by_name
def test_a_first_cohort_is_completed_unless_it_cannot_matter(name):
    design = made(name)
    for seen in ((1, 0), (1, 1), (2, 0), (2, 1)):
        decision = design.decide([Tally(), Tally(n_evaluable=seen[0], n_dlts=seen[1]), Tally()], 1)
        assert (decision.level, decision.n_to_enrol) == (1, 3 - seen[0])
        assert decision.clause.id == "fill"
    assert design.decide([Tally(), Tally(n_evaluable=2, n_dlts=2), Tally()], 1).level == 0


@by_name
def test_an_early_stop_waits_until_the_design_would_stay(name):
    design = made(name, n_earlystop=6)
    stay = design.decide([Tally(n_evaluable=3), Tally(n_evaluable=6, n_dlts=2), Tally()], 1)
    assert (stay.action, stay.mtd, stay.clause.id) == (Action.STOP, 1, "enough-here")
    leave = design.decide([Tally(n_evaluable=3), Tally(n_evaluable=6), Tally()], 1)
    assert (leave.action, leave.level) == (Action.ESCALATE, 2)


@by_name
@pytest.mark.parametrize(
    ("options", "stages"),
    [
        ({"max_patients": 12}, (3, 6, 9, 12)),
        ({"max_patients": 12, "n_earlystop": 6}, (3, 6)),
        ({"max_patients": 12, "n_earlystop": 7}, (3, 6, 9)),
        ({"max_patients": 12, "n_earlystop": 300}, (3, 6, 9, 12)),
        ({"max_patients": None, "cohort_size": 10}, (10, 20, 30)),
    ],
)
def test_a_level_is_looked_at_after_whole_cohorts_up_to_the_end(name, options, stages):
    assert made(name, **options).stages == stages


@by_name
def test_over_enrolment_beyond_the_table_is_judged_like_the_rest(name):
    small, large = made(name, max_patients=3), made(name, max_patients=60)
    for x in range(46):
        tally = Tally(n_evaluable=45, n_dlts=x)
        assert small.status(tally) is large.status(tally)
    assert small.status(Tally(n_evaluable=45, n_dlts=45)) is LevelStatus.TOO_TOXIC


@by_name
def test_a_trial_that_ran_over_its_cap_ends_as_one_whose_cap_that_was(name):
    over, full = made(name, max_patients=3), made(name, max_patients=45)
    for x in range(16):
        seen = [Tally(n_evaluable=30, n_dlts=3), Tally(n_evaluable=15, n_dlts=x), Tally()]
        ended = over.decide(seen, 1)
        assert (ended.action, ended.clause.id) == (Action.STOP, "max-patients")
        assert ended.mtd == full.decide(seen, 1).mtd is not None


@by_name
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": 0.0}, "target must be between 0 and 1, not 0.0"),
        ({"target": 1}, "target must be between 0 and 1, not 1"),
        ({"target": 1e-300}, "target must be 0 or at least 1e-06, not 1e-300"),
        ({"target": -0.3}, "target must be between 0 and 1, not -0.3"),
        ({"target": float("nan")}, "target must be a number, not nan"),
        ({"target": float("inf")}, "target must be a number, not inf"),
        ({"target": True}, "target must be a number, not True"),
        ({"target": "0.3"}, "target must be a number, not '0.3'"),
        ({"target": None}, "target must be a number, not None"),
        ({"max_patients": 31}, "max_patients must be a multiple of cohort_size 3, not 31"),
        ({"max_patients": 0}, "max_patients must be from 1 to 300, not 0"),
        ({"max_patients": 303}, "max_patients must be from 1 to 300, not 303"),
        ({"max_patients": 30.0}, "max_patients must be a whole number, not 30.0"),
        ({"cohort_size": 0}, "cohort_size must be from 1 to 20, not 0"),
        ({"cohort_size": True}, "cohort_size must be a whole number, not True"),
        ({"cutoff_eli": 1.0}, "cutoff_eli must be between 0.5 and 1, not 1.0"),
        ({"offset": 0.5}, "offset must be between 0 and 0.5, not 0.5"),
        ({"extrasafe": "yes"}, "extrasafe must be true or false, not 'yes'"),
        ({"n_earlystop": 0}, "n_earlystop must be from 1 to 300, not 0"),
        ({"start": 3}, "start must be from 0 to 2, not 3"),
        ({"n_levels": 0}, "n_levels must be from 1 to 100, not 0"),
        ({"margin": 1}, "has no option 'margin'"),
    ],
)
def test_bad_options_are_refused_in_one_line(name, options, said):
    with pytest.raises(DesignError) as error:
        made(name, **options)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@by_name
def test_a_cap_is_required_of_a_protocol(name):
    with pytest.raises(DesignError, match="needs the option max_patients"):
        make_design(name, n_levels=3, target=0.3)


@by_name
def test_a_changed_option_leaves_the_others(name):
    design = change_design(made(name, cohort_size=2, cutoff_eli=0.9), max_patients=20)
    assert isinstance(design, IntervalDesign)
    assert (design.cohort_size, design.cutoff_eli, design.max_patients) == (2, 0.9, 20)
