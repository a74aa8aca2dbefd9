"""How probable each answer still possible is: patient by patient, and by simulated times."""

from itertools import product

import numpy as np
import pytest

from escalation.designs import Boin, TiteBoin, TiteCrm
from escalation.designs.chances import chances_of, p_late_dlt
from escalation.outcomes import FollowUp, Tally

BOIN = TiteBoin(n_levels=3, target=0.3, max_patients=30)
CRM = TiteCrm(n_levels=3, target=0.25, max_patients=24)
SEEN = [Tally(n_evaluable=5, n_dlts=1, n_pending=1), Tally(n_evaluable=1, n_pending=2), Tally()]
LAST = Tally(n_pending=1)
FOLLOWED = [
    FollowUp(level=0, days=21, window_days=28),
    FollowUp(level=1, days=14, window_days=28),
    FollowUp(level=1, days=2, window_days=28),
]


@pytest.mark.parametrize("design", [BOIN, CRM])
def test_each_answer_has_the_probability_of_the_outcomes_that_lead_to_it_one_by_one(design):
    """Each patient has a DLT or not: 8 ways, added up by what the design says then."""
    p_dlt = design.p_dlt_while_pending(SEEN, FOLLOWED)
    expected: dict[object, float] = {}
    for dlts in product((0, 1), repeat=3):
        chance = 1.0
        for one, dlt in zip(FOLLOWED, dlts, strict=True):
            p, s = p_dlt[one.level], one.share
            late = p * (1 - s) / (1 - p * s)
            chance *= late if dlt else 1 - late
        first, second, third = dlts  # the last has been followed least: the last cohort
        tallies = [
            Tally(n_evaluable=6, n_dlts=1 + first),
            Tally(n_evaluable=3, n_dlts=second + third),
            Tally(),
        ]
        said = design.decide(tallies, 1, Tally(n_evaluable=1, n_dlts=third)).said
        expected[said] = expected.get(said, 0) + chance
    found = chances_of(design, SEEN, 1, LAST, FOLLOWED)
    assert found == pytest.approx(expected)
    assert sum(found.values()) == pytest.approx(1)


def test_a_late_dlt_is_as_probable_as_among_simulated_times():
    rng = np.random.default_rng(1)
    n, p, share = 400_000, 0.3, 0.6
    dlt, times = rng.random(n) < p, rng.random(n)
    without_yet = ~(dlt & (times <= share))
    observed = dlt[without_yet].mean()
    assert p_late_dlt(p, share) == pytest.approx(observed, abs=4 * 0.4 / n**0.5)


def test_the_rate_by_which_boin_counts_is_isotonic_with_the_share_followed():
    rates = BOIN.p_dlt_while_pending(SEEN, FOLLOWED)
    assert rates[0] == rates[1] > 0 == rates[2]  # 1 of 5.75 above 0 of 1.57: pooled
    alone = BOIN.p_dlt_while_pending([SEEN[1], Tally(), Tally()], [
        FollowUp(level=0, days=one.days, window_days=28) for one in FOLLOWED[1:]
    ])  # fmt: skip
    assert alone[0] == pytest.approx(0.05 / (1 + 16 / 28 + 0.1))


def test_nothing_is_said_where_follow_up_is_not_known_or_not_asked_for():
    assert chances_of(BOIN, SEEN, 1, LAST) is None
    boin = Boin(n_levels=3, target=0.3, max_patients=30)
    assert chances_of(boin, SEEN, 1, LAST, FOLLOWED) is None
