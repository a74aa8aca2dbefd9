"""TITE-BOIN against the tables of its paper, TITEgBOIN, and both published formulas."""

import numpy as np
import pytest

from escalation.designs import Action, Boin, TiteBoin, describe_options
from escalation.designs.base import NOBODY
from escalation.designs.followed import FollowedStates
from escalation.errors import DesignError
from escalation.outcomes import FollowUp, Tally
from tests.designs.reference import rows, with_pending


def made(**options):
    return TiteBoin(**{"n_levels": 3, "target": 0.2, "max_patients": 300, **options})


def at_level_2(design, n, x, pending, stft):
    """Ask with so many patients at the middle level, all pending ones followed alike."""
    tallies = [Tally(n_evaluable=n), Tally(n_evaluable=n - pending, n_dlts=x, n_pending=pending)]
    tallies += [Tally()] * (design.n_levels - 2)
    share = stft / pending if pending else 0
    followed = [FollowUp(level=1, days=share, window_days=1)] * pending
    return design.decide(tallies, 1, NOBODY, followed)


def answer(decision):
    if decision.action is Action.WAIT:
        return decision.clause.id
    return "eliminate" if decision.clause.id == "eliminated" else decision.action.value


# ---------------------------------------------------------------- against something outside

# Table 1 (target 0.2) and Table S1 (target 0.3) of Yuan et al. 2018, by patients and DLTs: E
# escalate, S stay, D de-escalate however many are pending, X eliminate, from so many DLTs on; then
# by how many are pending, from which STFT to escalate or up to which to de-escalate. With more than
# half of them pending enrolment is suspended, but for D and X.
PRINTED = {
    (0.2, 3): "E D X",
    (0.2, 6): "E S D X",
    (0.2, 9): "E E,3:0.77,4:2.15 S,1:0.52,2:1.59,3:2.66,4:3.73 D X",
    (0.2, 12): "E E,6:1.24 S D D X",
    (0.2, 15): "E E E,3:1.14,4:2.31,5:3.48,6:4.65,7:5.82 "
    "S,3:1.16,4:2.34,5:3.53,6:4.72,7:5.90 D D X",
    (0.3, 3): "E S,1:0.88 D X",
    (0.3, 6): "E E,2:0.60,3:1.96 S,1:0.73,2:1.80,3:2.87 D X",
    (0.3, 9): "E E E,1:0.59,2:1.65,3:2.71,4:3.77 S,1:0.58,2:1.65,3:2.72,4:3.79 D X",
    (0.3, 12): "E E E,4:1.33,5:2.72,6:4.11 S S,1:0.43,2:1.50,3:2.57,4:3.65,5:4.72,6:5.79 D D X",
    (0.3, 15): "E E E,6:0.35,7:2.07 E,2:0.11,3:1.29,4:2.46,5:3.64,6:4.81,7:5.98 S "
    "S,1:0.28,2:1.35,3:2.42,4:3.50,5:4.57,6:5.64,7:6.72 D D X",
}
WORDS = {"E": "escalate", "S": "stay", "D": "deescalate", "X": "eliminate"}


def printed(target, n, x, pending):
    """Return what the paper's table says without follow-up, with all of it, and where it turns."""
    cells = PRINTED[target, n].split()
    first, *turns = cells[min(x, len(cells) - 1)].split(",")
    if first in "DX":
        return WORDS[first], WORDS[first], None
    if 2 * pending > n:
        return "suspended", "suspended", None
    turn = dict(turn.split(":") for turn in turns).get(str(pending))
    if turn is None:
        return WORDS[first], WORDS[first], None
    return *(("stay", "escalate") if first == "E" else ("deescalate", "stay")), float(turn)


@pytest.mark.parametrize(("target", "n"), PRINTED)
def test_every_row_of_the_tables_of_yuan_2018_is_what_it_says(target, n):
    """Among them six patients with one DLT, who stay whatever the follow-up."""
    design = made(target=target, max_patients=None)
    for x in range(n + 1):
        for pending in range(n - x + 1):
            none, all_of_it, turn = printed(target, n, x, pending)
            assert answer(at_level_2(design, n, x, pending, 0)) == none, (x, pending)
            assert answer(at_level_2(design, n, x, pending, pending)) == all_of_it, (x, pending)
            if turn is not None:
                assert answer(at_level_2(design, n, x, pending, turn - 0.006)) == none
                assert answer(at_level_2(design, n, x, pending, turn + 0.006)) == all_of_it


def test_all_861_decisions_of_titegboin():
    designs = {
        target: made(target=target, max_patients=None, likelihood="linyuan2020")
        for target in (0.2, 0.25, 0.3)
    }
    asked = list(rows("clock/titeboin_decisions_TITEgBOIN.csv"))
    assert len(asked) == 861
    for row in asked:
        counts = (int(row[name]) for name in ("n", "dlts", "pending"))
        decision = at_level_2(designs[float(row["target"])], *counts, float(row["stft"]))
        said = answer(decision)
        assert (said == "suspended") == (row["suspended"] == "1")
        assert (said == "eliminate") == (row["eliminated"] == "1")
        level = 1 if decision.level is None else decision.level
        assert level == int(row["next_dose"]) - 1


def test_the_crossings_are_those_of_both_published_formulas():
    asked = list(rows("clock/titeboin_stft_thresholds.csv"))
    assert len(asked) == 1104
    designs = {
        (formula, target): made(target=target, max_patients=None, likelihood=formula)
        for formula in ("yuan2018", "linyuan2020")
        for target in (0.2, 0.25, 0.3)
    }
    for row in asked:
        design = designs[row["formula"], float(row["target"])]
        n, x, pending = (int(row[name]) for name in ("n", "dlts", "pending"))
        up, down = design.crossings(n, x, pending)
        said = "always" if up <= 0 else "never" if up > pending else f"{up:.4f}"
        assert said == padded(row["escalate_from_stft"])
        said = "always" if down > pending else "never" if down <= 0 else f"{down:.4f}"
        assert said == padded(row["deescalate_to_stft"])


def padded(text):
    return text if text in ("always", "never") else f"{float(text):.4f}"


@pytest.mark.parametrize("likelihood", ["yuan2018", "linyuan2020"])
def test_fully_followed_it_is_boin_whose_boundaries_are_exact(likelihood):
    tite = made(likelihood=likelihood, max_pending=1.0)
    boin = Boin(n_levels=3, target=0.2, max_patients=300)
    for n in (3, 6, 9, 12):
        for x in range(n + 1):
            for pending in range(n - x + 1):
                found = at_level_2(tite, n, x, pending, pending)
                complete = [Tally(n_evaluable=n), Tally(n_evaluable=n, n_dlts=x), Tally()]
                said = boin.decide(complete, 1)
                assert (found.action, found.level, found.n_to_enrol) == (
                    said.action,
                    said.level,
                    said.n_to_enrol,
                )


# ---------------------------------------------------------------- what it does with it


def test_a_cohort_is_filled_before_its_follow_up_counts():
    decision = at_level_2(made(), 2, 0, 2, 0)
    assert (decision.action, decision.n_to_enrol, decision.clause.id) == (Action.STAY, 1, "fill")


def test_suspended_it_says_what_is_still_possible():
    decision = at_level_2(made(), 6, 1, 4, 3)
    assert decision.clause.id == "suspended"
    assert {one.action for one in decision.possible} == {Action.STAY, Action.DEESCALATE}
    assert "more than 50 % of the patients" in decision.clause.text


def test_the_end_is_on_complete_data_except_for_an_eliminated_lowest_level():
    design = made(max_patients=6)
    tallies = [Tally(n_evaluable=3), Tally(n_evaluable=2, n_pending=1), Tally()]
    followed = [FollowUp(level=1, days=27, window_days=28)]
    assert design.decide(tallies, 1, NOBODY, followed).clause.id == "wait-for-mtd"
    toxic = [Tally(n_evaluable=3, n_dlts=3, n_pending=3), Tally(), Tally()]
    followed = [FollowUp(level=0, days=1, window_days=28)] * 3
    decision = design.decide(toxic, 0, NOBODY, followed)
    assert (decision.action, decision.clause.id) == (Action.STOP, "lowest-eliminated")


def test_titration_waits_for_its_single_patients():
    design = made(titration=True)
    tallies = [Tally(n_evaluable=1), Tally(n_pending=1), Tally()]
    decision = design.decide(tallies, 1, NOBODY, [FollowUp(level=1, days=20, window_days=28)])
    assert decision.action is Action.WAIT
    assert design.follow_up_digest is None


def test_without_follow_up_it_is_boin():
    tite, boin = made(), Boin(n_levels=3, target=0.2, max_patients=300)
    for here in (Tally(n_evaluable=2, n_pending=1), Tally(n_evaluable=5, n_dlts=2, n_pending=1)):
        tallies = [Tally(n_evaluable=3), here, Tally()]
        said, by_boin = tite.decide(tallies, 1), boin.decide(tallies, 1)
        assert (said.action, said.level) == (by_boin.action, by_boin.level)
        assert {one.level for one in said.possible} == {one.level for one in by_boin.possible}


def test_its_options_are_refused_or_said_in_a_sentence():
    with pytest.raises(DesignError, match='likelihood must be "yuan2018" or "linyuan2020"'):
        made(likelihood="yuan")
    for share in (0, 1.5):
        with pytest.raises(DesignError, match="max_pending must be above 0 and at most 1"):
            made(max_pending=share)
    said = " ".join(describe_options(made(likelihood="linyuan2020")))
    assert "the DLT rate at a level is DLTs / (complete + STFT) (Lin & Yuan 2020)" in said
    assert "except where" not in said
    assert "except where" in " ".join(describe_options(made()))


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"likelihood": "linyuan2020", "max_pending": 0.7},
        {"max_patients": 12, "target": 0.3},
        {"n_earlystop": 6, "extrasafe": True, "bound_mtd": True},
    ],
)
def test_equal_digests_mean_equal_decisions(options):
    design = made(n_levels=4, **options)
    rng = np.random.default_rng(3)
    n = 300
    n_evaluable = rng.integers(0, 7, (n, 4)) * (np.arange(4) < rng.integers(1, 5, (n, 1)))
    n_dlts = rng.binomial(n_evaluable, 0.2)
    levels = rng.integers(0, 4, n)
    pending = np.where(rng.random((n, 4)) < 0.4, rng.integers(0, 4, (n, 4)), -1)
    shares = rng.random((n, 4))
    numbers = design.follow_up_digest(
        FollowedStates(n_evaluable, n_dlts, levels, np.zeros(n, int), pending, shares)
    )
    answers = {}
    for state in range(n):
        tallies, follow_up = with_pending(
            n_evaluable[state], n_dlts[state], pending[state], shares[state]
        )
        said = design.decide(tallies, int(levels[state]), NOBODY, follow_up)
        found = (said.action, said.level, said.n_to_enrol, said.mtd, said.clause)
        assert answers.setdefault(int(numbers[state]), found) == found
    assert 10 < len(answers) < n


@pytest.mark.parametrize("likelihood", ["yuan2018", "linyuan2020"])
def test_a_lowest_level_that_cannot_be_left_downwards_waits_for_those_pending(likelihood):
    """As in TITEgBOIN and Lin's own programs; one of three had a DLT, and one is pending."""
    design = made(target=0.25, likelihood=likelihood)
    for level, answered in ((0, "suspended"), (1, "deescalate")):
        tallies = [Tally(n_evaluable=3), NOBODY, NOBODY]
        tallies[level] = Tally(n_evaluable=2, n_dlts=1, n_pending=1)
        followed = [FollowUp(level=level, days=11, window_days=28)]
        assert answer(design.decide(tallies, level, NOBODY, followed)) == answered
    complete = [Tally(n_evaluable=3, n_dlts=1), NOBODY, NOBODY]
    assert answer(design.decide(complete, 0)) == "stay"
