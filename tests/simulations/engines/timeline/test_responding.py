"""BF-BOIN: against figures of another implementation, and the rule against cases by hand."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from escalation.designs import make_design
from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import (
    Backfill,
    Protocol,
    decide_with_backfill,
    open_after_responses,
)
from escalation.protocol.file import find_faults
from simulations.engines.backfill import walk_together
from simulations.engines.timeline import responding
from simulations.engines.timeline.arriving import Stream
from simulations.engines.timeline.course import Kind
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.timing.assumptions import Poisson, Timing, TimingError, Weibull

from .reference import protocol_of, rows

MONTH = 30
P = [0.12, 0.25, 0.42, 0.49, 0.55]
RESPONSE = (0.2, 0.3, 0.4, 0.5, 0.6)


def bf_boin(**options) -> Protocol:
    options = {"target": 0.25, "max_patients": 30, "n_earlystop": 9} | options
    table = Backfill(scheme="zhao2024", counted="every decision", max_per_level=12)
    return replace(protocol_of(make_design("boin", n_levels=5, **options), MONTH), backfill=table)


def timing_of(response: tuple[float, ...] | float, **others) -> Timing:
    """Three patients a month, half of the DLTs in the second half of a window of a month."""
    return Timing(
        arrivals=Poisson(mean_gap_days=10),
        time_to_dlt=Weibull(late_share=0.5),
        p_response=response,
        **{"decides": "arrival"} | others,
    )


def totals(found: Timeline) -> tuple[list[float], list[float]]:
    """Return patients and DLTs at each level, with the backfill."""
    assert found.backfill is not None
    patients = [a.mean + b.mean for a, b in zip(found.patients, found.backfill[0], strict=True)]
    dlts = [a.mean + b.mean for a, b in zip(found.dlts, found.backfill[1], strict=True)]
    return patients, dlts


def far_off(row: dict[str, str], trials: int) -> dict[str, float]:
    """Compare with a row of ``bfboin::get.oc.bf``, whose first patient comes on day 0."""

    def numbers(name: str) -> list[float]:
        return list(map(float, row[name].split()))

    n = int(row["ntrial"])
    found = simulate_timeline(
        bf_boin(), numbers("p"), timing_of(tuple(numbers("p_response"))), trials=trials, seed=5
    )
    more = sqrt(1 / n + 1 / trials)
    z = {}
    shares = [*found.p_select.tolist(), found.p_no_mtd]
    for k, (share, theirs) in enumerate(
        zip(shares, [*numbers("sel"), float(row["stop"])], strict=True)
    ):
        both = (share * trials + theirs / 100 * n) / (trials + n)
        z[f"share {k}"] = (share - theirs / 100) / max(sqrt(both * (1 - both)) * more, 1e-9)
    patients, dlts = totals(found)
    for k in range(5):
        z[f"patients {k}"] = (patients[k] - numbers("npat")[k]) / (
            max(found.patients[k].sd, 0.05) * more
        )
        z[f"dlts {k}"] = (dlts[k] - numbers("ntox")[k]) / (max(found.dlts[k].sd, 0.05) * more)
    days = found.t_decision.moments
    z["days"] = (days.mean - 10 - MONTH * float(row["duration"])) / (days.sd * more)
    return {name: value for name, value in z.items() if abs(value) >= 4}


def test_figures_are_those_of_bfboin():
    """Its first row, without responses: no backfill, and conflicts from going back alone."""
    assert far_off(rows("bfboin_oc.csv")[0], 600) == {}


@pytest.mark.slow
@pytest.mark.parametrize("row", rows("bfboin_oc.csv"), ids=lambda row: row["p"] + row["p_response"])
def test_every_row_of_bfboin_is_met(row):
    assert far_off(row, 1_500) == {}


class _Even(Stream):
    """Gaps evenly spread up to twice their mean, and the first patient on day 0."""

    def __init__(self, rng: np.random.Generator, n: int, most: float) -> None:
        self.rng, self.most, self.last = rng, most, np.zeros(n)

    def first(self, n):
        return self.last.copy()

    def next_after(self, trials, day):
        self.last[trials] = day + self.rng.uniform(0, self.most, len(trials))
        return self.last[trials]

    def next_from(self, trials, day):
        for trial, from_day in zip(trials, day, strict=True):
            while self.last[trial] < from_day:
                self.last[trial] += self.rng.uniform(0, self.most)
        return self.last[trials]

    def count(self, until, open_days, n_enrolled, following, *, waits):
        names = ("n_arrived", "n_screen_failures", "n_turned_away", "n_still_waiting")
        return dict.fromkeys(names, np.zeros(len(until), dtype=np.int64))


@pytest.mark.slow
def test_with_responses_figures_are_those_that_bfboin_prints(monkeypatch):
    """Its article "Compare to publication": scenarios 1 and 2 of Zhao et al. (2024), 1,000 trials.

    Patients, DLTs and selection of the lowest levels, the sample size, and months.
    """
    monkeypatch.setattr(responding, "stream_of", lambda timing, rng, n: _Even(rng, n, 20.0))
    printed = (
        ((0.25, 0.41, 0.45, 0.49, 0.53), (0.3, 0.4, 0.45, 0.5, 0.55), 79.9, 11.179, 2.774, 16.552),
        (P, RESPONSE, 29.9, 11.399, 1.288, 25.730),
    )
    months = (8.325489, 12.507645)
    for (p, response, selected, n_lowest, dlts_lowest, n), duration in zip(
        printed, months, strict=True
    ):
        found = simulate_timeline(bf_boin(), p, timing_of(tuple(response)), trials=1_000, seed=5)
        patients, dlts = totals(found)
        more = sqrt(1 / 1_000 + 1 / 1_000)
        share = selected / 100
        assert abs(found.p_select[0] - share) < 4 * sqrt(share * (1 - share)) * more
        assert abs(patients[0] - n_lowest) < 4 * 4.0 * more  # SD of the lowest level: about 4
        assert abs(dlts[0] - dlts_lowest) < 4 * 1.4 * more
        assert abs(sum(patients) - n) < 4 * 9.0 * more
        days = found.t_decision.moments
        assert abs(days.mean - MONTH * duration) < 4 * days.sd * more


# ---------------------------------------------------------------- the rule, by hand


def tallies(*pairs: tuple[int, int]) -> tuple[Tally, ...]:
    pairs = (*pairs, *[(0, 0)] * (5 - len(pairs)))
    return tuple(Tally(n_evaluable=n, n_dlts=x) for n, x in pairs)


@pytest.mark.parametrize(
    ("escalation", "backfill", "level", "to"),
    [
        # lambda_e .197, lambda_d .298: no conflict, as BOIN
        ([(3, 0), (3, 0)], [(6, 0)], 1, 2),
        # level 2 says escalate; level 1, 2 of 9, stays: 2 of 12 together escalate
        ([(3, 0), (3, 0)], [(6, 2)], 1, 2),
        # 3 of 9 is too high; together 3 of 12 stay
        ([(3, 0), (3, 0)], [(6, 3)], 1, 1),
        # 4 of 12 together are too high, and 4 of 9 at level 1 alone: the lowest it is
        ([(3, 1), (3, 0)], [(6, 3)], 1, 0),
        # level 3 says escalate, level 2 has 5 of 12: 5 of 15 from there are too high; below it
        ([(3, 0), (3, 0), (3, 0)], [(0, 0), (9, 5)], 2, 0),
        # level 2 stays by its own 2 of 9, level 1 has 3 of 9: together 5 of 18 stay
        ([(3, 0), (9, 2)], [(6, 3)], 1, 1),
    ],
)
def test_levels_in_conflict_are_judged_together(escalation, backfill, level, to):
    protocol = bf_boin(n_earlystop=None)
    said = decide_with_backfill(protocol, tallies(*escalation), tallies(*backfill), level)
    assert said.level == to


def test_who_is_pending_in_the_backfill_is_not_waited_for_and_the_maximum_is_the_escalations():
    protocol = bf_boin(max_patients=9)
    own, more = tallies((3, 0), (3, 0)), (Tally(n_evaluable=6, n_pending=3), *tallies()[1:])
    said = decide_with_backfill(protocol, own, more, 1)
    assert (said.level, said.n_to_enrol) == (2, 3)
    assert decide_with_backfill(protocol, tallies((3, 0), (3, 0), (3, 0)), more, 2).has_ended


@pytest.mark.parametrize(
    ("escalation", "backfill", "responded", "expected"),
    [
        ([(3, 0), (3, 0)], [], (1, 1, 0), (0, 1)),
        ([(3, 0), (3, 0)], [], (0, 1, 0), (1,)),
        ([(3, 1), (3, 0)], [], (1, 1, 0), (0, 1)),  # 1 of 3 is too high, 1 of 6 together is not
        ([(3, 1), (3, 1)], [], (1, 1, 0), ()),  # nor is the level above one that is closed
        ([(3, 0), (3, 0)], [(9, 0)], (1, 1, 0), (0, 1)),  # 12 are there: bfboin lets one more in
        ([(3, 0), (3, 0)], [(10, 0)], (1, 1, 0), (1,)),
    ],
)
def test_a_level_is_open_after_a_response_while_it_is_safe(
    escalation, backfill, responded, expected
):
    found = open_after_responses(
        bf_boin(),
        2,
        tallies(*escalation),
        tallies(*backfill),
        (*map(bool, responded), False, False),
    )
    assert found == expected


def test_nobody_is_backfilled_before_a_response_could_be_known():
    n_backfilled = 0
    for course in follow_trials(bf_boin(), P, timing_of(1.0), trials=20, seed=3):
        level = 0
        for one in course.happenings:
            if one.kind is Kind.DECIDED:
                level = one.decision.level
            elif one.purpose == "backfill" and one.kind is Kind.DOSED:
                n_backfilled += 1
                assert one.level < level
                before = course.of_kind(Kind.DOSED)
                own = [o.day for o in before if (o.purpose, o.level) == ("escalation", one.level)]
                assert min(own) + MONTH <= one.day
    assert n_backfilled > 50


def test_single_trials_are_those_that_are_summed_up():
    timing = timing_of(0.5, dropout=0.1, decision_delay_days=3)
    found = simulate_timeline(bf_boin(), P, timing, trials=30, seed=2)
    courses = list(follow_trials(bf_boin(), P, timing, trials=30, seed=2))
    assert found.t_last.values.tolist() == [course.t_last for course in courses]
    dosed = sum(1 for course in courses for _ in course.of_kind(Kind.DOSED))
    assert sum(totals(found)[0]) * 30 == pytest.approx(dosed)


# ---------------------------------------------------------------- bad input


def test_the_scheme_is_for_boin_that_counts_backfill_at_every_decision():
    document = {
        "schema": 1,
        "name": "x",
        "levels": [{"label": 1}, {"label": 2}],
        "design": {"name": "3+3"},
        "backfill": {"max_per_level": 6, "scheme": "zhao2024", "stop_at_rate": "1/3"},
    }
    faults = " ".join(find_faults(document))
    assert 'backfill.scheme: "zhao2024" needs the design "boin" without titration' in faults
    assert 'backfill.counted: is missing; with "zhao2024" it is "every decision"' in faults
    assert "backfill.stop_at_rate: is given beside" in faults


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="simulate it in time"):
        walk_together(bf_boin(), P, trials=10)
    with pytest.raises(InputError, match='decides = "arrival" is for'):
        simulate_timeline(protocol_of(make_design("3+3", n_levels=5)), P, timing_of(0.1), trials=1)
    with pytest.raises(TimingError, match=r"p_response\[1\]: 1.2 is not a probability"):
        timing_of((0.1, 1.2))
