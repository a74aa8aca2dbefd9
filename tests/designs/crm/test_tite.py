"""TITE-CRM against dfcrm, by brute force, and where follow-up is missing or odd."""

import random
from functools import cache
from math import exp

import numpy as np
import pytest
from scipy.integrate import quad

from escalation.designs import Action, Crm, TiteCrm, change_design
from escalation.designs.base import NOBODY
from escalation.designs.crm.follow_up_digest import weigh_many
from escalation.designs.crm.weights import weigh, weigh_adaptively
from escalation.designs.followed import FollowedStates
from escalation.errors import DesignError, InputError
from escalation.outcomes import FollowUp, Tally
from tests.designs.reference import rows, with_pending

PRIOR = (0.05, 0.12, 0.25, 0.4, 0.55)
# dfcrm says where the estimate points, whatever has been skipped, and never stops
AS_DFCRM = {"cohort_size": 1, "coherent": False, "cutoff_stop": 1, "skeleton": PRIOR}


def made(**options):
    given = {"n_levels": 5, "target": 0.25, "max_patients": 300, **options}
    return TiteCrm(**given)


def seen_at(patients, window):
    """Return tallies and follow-up of patients, each (level, has a DLT, days)."""
    counts = [[0, 0, 0] for _ in range(5)]
    for level, dlt, days in patients:
        counts[level][0 if dlt else 1 if days >= window else 2] += 1
    tallies = [Tally(n_evaluable=x + y, n_dlts=x, n_pending=n) for x, y, n in counts]
    return tallies, [
        FollowUp(level=level, days=days, window_days=window, has_dlt=bool(dlt))
        for level, dlt, days in patients
        if dlt or days < window
    ]


def fit(design, tallies, follow_up):
    counts = [(tally.n_dlts, tally.n_evaluable - tally.n_dlts) for tally in tallies]
    return design.fit_followed(counts, weigh(follow_up, design.weights))[0]


@cache
def partial_data():
    """Return dfcrm's data sets, each with what it says, read from its file."""
    found = []
    for row in rows("clock/titecrm_decisions_dfcrm.csv"):
        numbers = {
            name: [float(word) for word in row[name].split()]
            for name in ("level", "tox", "followup", "weights", "ptox")
        }
        levels = [int(level) - 1 for level in numbers["level"]]
        patients = list(zip(levels, numbers["tox"], numbers["followup"], strict=True))
        found.append((row, numbers, patients))
    return found


def test_all_258_recommendations_and_estimates_on_partial_data_are_those_of_dfcrm():
    assert len(partial_data()) == 258
    designs = {
        (model, scheme): made(**AS_DFCRM, model=model, weights=scheme, skipping=True)
        for model in ("empiric", "logistic")
        for scheme in ("linear", "adaptive")
    }
    for row, numbers, patients in partial_data():
        design = designs[row["model"], row["scheme"]]
        tallies, follow_up = seen_at(patients, float(row["obswin"]))
        decision = design.decide(tallies, patients[-1][0], NOBODY, follow_up)
        assert decision.level == int(row["mtd"]) - 1
        estimate = fit(design, tallies, follow_up)
        assert estimate == pytest.approx(float(row["estimate"]), abs=1e-5)
        assert design.curve.p_dlt(estimate) == pytest.approx(numbers["ptox"], abs=1e-5)
    assert design.estimates(tallies, follow_up) == design.curve.p_dlt(estimate)


def test_weights_are_those_of_dfcrm():
    for row, numbers, patients in partial_data():
        _, follow_up = seen_at(patients, float(row["obswin"]))
        weighed = [
            weight
            for weight, (_, dlt, days) in zip(numbers["weights"], patients, strict=True)
            if not dlt and days < float(row["obswin"])
        ]
        found = [weight for _, weight in weigh(follow_up, row["scheme"])]
        assert sorted(found) == pytest.approx(sorted(weighed), abs=1e-12)


def test_one_trial_of_titesim_is_followed_patient_by_patient():
    trial = [
        {name: float(value) for name, value in row.items()}
        for row in rows("clock/titecrm_one_trial_dfcrm.csv")
    ]
    design, window, last = made(**AS_DFCRM), 28.0, None
    for patient in trial:
        now, known = patient["arrival"], []
        for other in trial[: int(patient["patient"]) - 1]:
            dlt = other["toxicity_study_time"] <= now
            days = other["toxicity_time"] if dlt else min(now - other["arrival"], window)
            known.append((int(other["level"]) - 1, dlt, days))
        tallies, follow_up = seen_at(known, window)
        if last is not None:
            assert fit(design, tallies, follow_up) == pytest.approx(patient["beta_hat"], abs=1e-5)
            decision = design.decide(tallies, last, NOBODY, follow_up)
            assert decision.level == int(patient["level"]) - 1
        last = int(patient["level"]) - 1
    complete, _ = seen_at([(int(p["level"]) - 1, p["tox"], window) for p in trial], window)
    at_end = change_design(design, max_patients=24).decide(complete, last)
    assert (at_end.action, at_end.mtd) == (Action.STOP, int(trial[0]["mtd"]) - 1)
    assert fit(design, complete, []) == pytest.approx(trial[0]["final_est"], abs=1e-5)


def test_the_estimate_is_the_posterior_mean_by_scipys_quadrature():
    """Pending patients among all others, one of them not followed at all."""
    design = made(skeleton=PRIOR)
    tallies, follow_up = seen_at(
        [(0, 0, 28), (1, 1, 9), (1, 0, 0), (2, 0, 13), (2, 0, 27.5), (3, 0, 28)], 28
    )

    def density(beta, power=0):
        p = [prior ** exp(beta) for prior in PRIOR]
        likelihood = (1 - p[0]) * p[1] * (1 - p[2] * 13 / 28) * (1 - p[2] * 27.5 / 28) * (1 - p[3])
        return beta**power * likelihood * exp(-(beta**2) / (2 * design.prior_sd**2))

    mean = quad(density, -8, 8, args=(1,))[0] / quad(density, -8, 8)[0]
    assert fit(design, tallies, follow_up) == pytest.approx(mean, abs=1e-7)


def test_a_patient_followed_to_the_end_counts_as_complete_and_one_at_dosing_not_at_all():
    for method in ("bayes", "mle"):
        design = made(method=method)
        whole = [Tally(n_evaluable=3, n_dlts=1), Tally(n_evaluable=2), *[Tally()] * 3]
        with_one = [whole[0], Tally(n_evaluable=2, n_pending=1), *whole[2:]]
        complete = [whole[0], Tally(n_evaluable=3), *whole[2:]]
        full, none = (FollowUp(level=1, days=days, window_days=28) for days in (28, 0))
        assert fit(design, with_one, [full]) == pytest.approx(fit(design, complete, []), abs=1e-12)
        assert fit(design, with_one, [none]) == pytest.approx(fit(design, whole, []), abs=1e-12)


@pytest.mark.parametrize(
    ("share", "dlts", "weight"),
    [
        (0.5, [], 0.5),
        (0.25, [0.5], 0.25),  # half of the way to the first of one DLT: (0 + 1/2) / 2
        (0.75, [0.5], 0.75),
        (0.5, [0.5, 0.5, 1.0], 0.5),  # two have come by then: (2 + 0) / 4
        (0.5, [0.0], 0.75),
        (1.0, [1.0], 1.0),
        (0.0, [0.0], 0.5),
    ],
)
def test_adaptive_weights_by_hand(share, dlts, weight):
    assert weigh_adaptively(share, dlts) == pytest.approx(weight)
    padded = np.array([[*dlts, *[np.nan] * (4 - len(dlts))]])
    assert weigh_many(np.array([[share]]), padded) == pytest.approx(weight)


# ---------------------------------------------------------------- what it does with it


def test_nobody_who_is_pending_ends_the_trial():
    design = made(max_patients=6)
    tallies = [Tally(n_evaluable=3), Tally(n_evaluable=2, n_pending=1), *[Tally()] * 3]
    follow_up = [FollowUp(level=1, days=27, window_days=28)]
    decision = design.decide(tallies, 1, tallies[1], follow_up)
    assert (decision.action, decision.clause.id) == (Action.WAIT, "wait-for-mtd")
    complete = [tallies[0], Tally(n_evaluable=3), *tallies[2:]]
    assert design.decide(complete, 1, complete[1]) in decision.possible
    enough = made(n_earlystop=3)
    assert enough.decide(tallies, 1, tallies[1], follow_up).action is not Action.STOP


def test_it_stops_for_the_lowest_level_only_where_no_pending_patient_can_undo_it():
    design = made(cutoff_stop=0.8)

    def after(n_dlts, n_pending):
        tallies = [Tally(n_evaluable=n_dlts, n_dlts=n_dlts, n_pending=n_pending), *[Tally()] * 4]
        follow_up = [FollowUp(level=0, days=1, window_days=28)] * n_pending
        return design.decide(tallies, 0, tallies[0], follow_up)

    assert (after(2, 4).action, after(2, 4).clause.id) == (Action.WAIT, "wait-lowest")
    assert (after(4, 2).action, after(4, 2).clause.id) == (Action.STOP, "lowest-too-toxic")
    assert (
        made(cutoff_stop=1)
        .decide(
            [Tally(n_evaluable=4, n_dlts=4, n_pending=2), *[Tally()] * 4],
            0,
            NOBODY,
            [FollowUp(level=0, days=1, window_days=28)] * 2,
        )
        .level
        == 0
    )


def test_without_follow_up_it_is_the_crm():
    tite, crm = made(), Crm(n_levels=5, target=0.25, max_patients=300)
    rng = random.Random(5)  # noqa: S311  # of data
    for _ in range(40):
        tallies = [
            Tally(n_evaluable=n, n_dlts=rng.randint(0, n), n_pending=rng.choice((0, 0, 1)))
            for n in (rng.randint(0, 3) for _ in range(5))
        ]
        level = rng.randrange(5)
        assert tite.decide(tallies, level) == crm.decide(tallies, level)
        followed = [
            FollowUp(level=place, days=3, window_days=28)
            for place, tally in enumerate(tallies)
            for _ in range(tally.n_pending)
        ]
        assert crm.decide(tallies, level, NOBODY, followed) == crm.decide(tallies, level)


def test_follow_up_of_others_than_those_pending_is_refused():
    tallies = [Tally(n_evaluable=2, n_pending=1), *[Tally()] * 4]
    one = FollowUp(level=0, days=3, window_days=28)
    for follow_up, problem in (
        ([one, one], "follow-up of 2 patients at level index 0, where 1 are pending"),
        ([FollowUp(level=1, days=3, window_days=28)], "follow-up of 0 patients at level index 0"),
        ([one, FollowUp(level=7, days=3, window_days=28)], "level index 7 is outside 0 .. 4"),
        ([one, FollowUp(level=0, days=3, window_days=28, has_dlt=True)], "the days of 1 DLTs"),
    ):
        with pytest.raises(InputError, match=problem):
            made().decide(tallies, 0, NOBODY, follow_up)
    with pytest.raises(DesignError, match='weights must be "linear" or "adaptive", not \'step\''):
        made(weights="step")


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize(
    "options",
    [
        {"cohort_size": 1},
        {"cutoff_stop": 0.7},
        {"max_patients": 12, "weights": "adaptive", "coherent": False},
        {"n_earlystop": 6, "model": "logistic", "skipping": True},
        {"method": "mle", "max_patients": 12, "cohort_size": 2},
    ],
)
def test_equal_digests_mean_equal_decisions(options):
    design = made(**options)
    rng = np.random.default_rng(11)
    n = 150
    size = design.cohort_size
    n_evaluable = rng.integers(0, 4, (n, 5)) * (np.arange(5) < rng.integers(1, 6, (n, 1)))
    n_dlts = rng.binomial(n_evaluable, 0.25)
    levels, memory = rng.integers(0, 5, n), rng.integers(0, 2, n) * int(design.coherent)
    pending = np.where(rng.random((n, 4)) < 0.5, rng.integers(0, 5, (n, 4)), -1)
    shares = rng.random((n, 4))
    dlt_days = np.full((n, 20), np.nan)
    for state, x in enumerate(n_dlts.sum(axis=1)):
        dlt_days[state, :x] = rng.random(x)
    numbers = design.follow_up_digest(
        FollowedStates(n_evaluable, n_dlts, levels, memory, pending, shares, dlt_days)
    )
    answers = {}
    for state in range(n):
        tallies, follow_up = with_pending(
            n_evaluable[state], n_dlts[state], pending[state], shares[state]
        )
        days = iter(dlt_days[state])
        follow_up += [
            FollowUp(level=level, days=float(next(days)), window_days=1, has_dlt=True)
            for level, tally in enumerate(tallies)
            for _ in range(tally.n_dlts)
        ]
        level = int(levels[state])
        last = Tally(n_evaluable=1, n_dlts=1) if memory[state] else NOBODY
        here = tallies[level]
        if memory[state] and not here.n_dlts:
            continue
        said = design.decide(tallies, level, last, follow_up if (pending[state] >= 0).any() else ())
        answer = (said.action, said.level, said.n_to_enrol, said.mtd, said.clause)
        assert answers.setdefault(int(numbers[state]), answer) == answer
    assert len(answers) > 15 / size


def test_adaptive_weights_of_many_states_are_not_made_without_the_days_of_dlts():
    few, one = np.zeros((1, 5), dtype=int), np.zeros(1, int)
    states = FollowedStates(few, few, one, one, np.array([[0]]), np.array([[0.5]]))
    with pytest.raises(InputError, match="adaptive weights need to know when the DLTs came"):
        made(weights="adaptive").follow_up_digest(states)
