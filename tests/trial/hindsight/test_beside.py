"""Looking back on backfill, expansion and reopened levels: who counted, at which decision."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from escalation.designs.base import Decision
from escalation.errors import RefusedError
from escalation.outcomes import Outcome, Tally
from escalation.protocol import Protocol
from escalation.trial import look_back, rule_says
from escalation.trial.events import Choice, ProtocolAmended, Purpose
from escalation.trial.hindsight import decisions
from escalation.trial.hindsight.seen import Seen
from escalation.trial.inspection import inspect_entries
from escalation.trial.rule import counted_tallies
from escalation.trial.state import MadeDecision, TrialState
from tests.trial.bench import Bench, day
from tests.trial.small_trials import FOUR, THREE, amended, treat, typed, with_beside

BACKFILL, EXPANSION = Purpose.BACKFILL, Purpose.EXPANSION


def corrected_into_dlt(bench: Bench, subject: str) -> int:
    verdict = bench.state.subjects[subject].outcomes[0].seq
    toxicity = {"term": "CRS", "grade": 3, "onset": day(0).isoformat()}
    bench.correct(verdict, outcome="T", toxicities=[toxicity])
    return bench.state.seq


def backfilled(counted: str = "never") -> Bench:
    """Three at level 1, three at level 2, two more at level 1 beside it, and on to level 3."""
    bench = typed("1NNN", with_beside(THREE, counted=counted))
    treat(bench, 2, "NNN")
    treat(bench, 1, "NN", BACKFILL)
    bench.open_cohort()
    assert bench.state.open_cohort.level == 3
    return bench


@pytest.mark.parametrize(
    ("counted", "named"), [("never", False), ("every decision", True), ("final decision", False)]
)
def test_late_dlts_in_backfill_change_a_decision_only_where_they_count(counted, named) -> None:
    bench = backfilled(counted)
    to_level_3 = bench.state.decisions[-1].seq
    late = [corrected_into_dlt(bench, subject) for subject in ("S7", "S8")]
    texts = {remark.entry: remark.text for remark in look_back(bench.state)}
    assert (to_level_3 in texts) == named
    if named:
        assert f"Had entries {late[0]}, {late[1]} been known" in texts[to_level_3]


def test_a_backfill_that_late_dlts_would_have_closed_is_named() -> None:
    """Oracle: 2 of 5 at level 1 is more than a third; 1 of 5 is not."""
    bench = backfilled()
    treat(bench, 1, "N", BACKFILL)
    second = bench.state.decisions[-1].seq
    first = corrected_into_dlt(bench, "S7")
    assert [remark.entry for remark in look_back(bench.state)] == []
    also = corrected_into_dlt(bench, "S2")  # of the escalation, at the same level
    found = {remark.entry: remark.text for remark in look_back(bench.state)}
    assert found[second] == (
        f"Had entries {first}, {also} been known, cohort 5 (backfill at level 1) would not have "
        "opened: Level 1 is closed to backfill: 2 of 5 treated there had a DLT, "
        "a rate of 1/3 or more."
    )


def test_an_expansion_that_late_dlts_would_have_stopped_is_named() -> None:
    bench = typed("1NNN 2TTN 1NNN", with_beside(THREE))
    bench.open_cohort()
    treat(bench, 1, "NNN", EXPANSION)
    treat(bench, 1, "NN", EXPANSION)
    last = bench.state.decisions[-1].seq
    late = [corrected_into_dlt(bench, subject) for subject in ("S10", "S11")]
    [remark] = [r for r in look_back(bench.state) if r.entry == last]
    assert remark.text == (
        f"Had entries {late[0]}, {late[1]} been known, cohort 5 (expansion at level 1) would not "
        "have opened: The expansion has reached its boundary (1/3): 2 of 3 had a DLT. It is "
        "stopped until the committee has reconsidered."
    )
    stop = next(made.seq for made in bench.state.decisions if made.event.chosen.mtd == 1)
    assert stop not in {r.entry for r in look_back(bench.state)}  # the MTD stands


def test_a_dosing_in_backfill_after_dlts_had_begun_is_held_against_the_protocol() -> None:
    bench = typed("1NNN", with_beside(THREE))
    choice = Choice(action="enrol", level=2, n_to_enrol=3)
    bench.open_cohort(choice=choice)
    choice = Choice(action="enrol", level=1, n_to_enrol=3, purpose=BACKFILL)
    bench.open_cohort(choice=choice)
    for subject, on in (("S4", 1), ("S5", 1), ("S6", 9)):
        bench.enrol(subject, on, cohort=3)
        bench.dose(subject, on)
    for subject in ("S4", "S5"):
        bench.dlt(subject, 12, onset=5)
    [remark] = [r for r in look_back(bench.state) if "S6 was dosed" in r.text]
    assert remark.text.endswith(
        "Had that been known, the backfill would have been closed: Level 1 is closed to backfill: "
        "2 of 5 treated there had a DLT, a rate of 1/3 or more."
    )


# ---------------------------------------------------------------- random trials


def from_scratch(state: TrialState, made: MadeDecision) -> Decision:
    """Ask of the patients of that time, as they stand now, counted here subject by subject."""
    protocol, cutoff = made.protocol, made.event.cutoff
    tallies = {purpose: [Tally()] * len(protocol.labels) for purpose in Purpose}
    standing, place = protocol.design.start, 0
    reopened = [
        (a.event.on, a.seq, label)
        for a in state.amendments
        for label in a.event.reopens
        if a.seq <= cutoff
    ]
    for subject in state.subjects.values():
        at = subject.dosed_at
        if at is None or not made.knew(subject) or subject.outcome is None:
            continue
        if any(at < (on, seq) and label == subject.level for on, seq, label in reopened):
            continue
        level = protocol.labels.index(subject.level)
        one = {
            Outcome.NO_DLT: Tally(n_evaluable=1),
            Outcome.DLT: Tally(n_evaluable=1, n_dlts=1),
            Outcome.PENDING: Tally(n_pending=1),
        }.get(subject.outcome, Tally())
        tallies[subject.purpose][level] = tallies[subject.purpose][level].plus(one)
        if subject.purpose is Purpose.ESCALATION and subject.cohort >= place:
            standing, place = level, subject.cohort
    own, more = tallies[Purpose.ESCALATION], tallies[BACKFILL]
    both = [a.plus(b) for a, b in zip(own, more, strict=True)]
    counted = protocol.backfill.counted
    said = protocol.design.decide(both if counted == "every decision" else own, standing)
    if counted == "final decision" and said.has_ended:
        said = protocol.design.decide(both, standing)
    return said


def random_trial(rng: random.Random, protocol: Protocol) -> Bench:
    """Do what a trial does, and what it should not, in any order: what is refused is not done."""
    bench = Bench.started(protocol)
    for _ in range(45):
        state = bench.state
        with suppress(RefusedError):
            match rng.choice("rrrrbbeeaooooottcccl"):
                case "r":
                    bench.open_cohort(bench.now + rng.randrange(2))
                case "b":
                    choice = Choice(
                        action="enrol", level=rng.choice(state.protocol.labels), n_to_enrol=2,
                        purpose=rng.choice((BACKFILL, EXPANSION)),
                    )  # fmt: skip
                    bench.open_cohort(choice=choice, rationale="x")
                case "e":
                    label = rng.choice(state.protocol.labels)
                    choice = Choice(action="enrol", level=label, n_to_enrol=3)
                    bench.open_cohort(choice=choice, rationale="x")
                case "a":
                    other = FOUR if len(state.protocol.labels) == 3 else state.protocol
                    tables = {"backfill": protocol.backfill, "expansion": protocol.expansion}
                    new = replace(other, title=f"amended {state.seq}", **tables)
                    labels = rng.sample(new.labels, rng.randrange(3))
                    amended(bench, new, *labels)
                case "o" | "t":
                    cohort = rng.choice(state.open_cohorts or [None])
                    if cohort is not None:
                        name = f"S{len(state.subjects) + 1}"
                        bench.enrol(name, cohort=cohort.number)
                        bench.dose(name, bench.now - rng.randrange(2))
                case "c" | "l":
                    waiting = [s.id for s in state.subjects.values() if s.outcome == "?"]
                    dead = rng.random() < 0.3
                    for name in waiting[: rng.randrange(4)]:
                        (bench.dlt if dead else bench.no_dlt)(name)
                    verdicts = [
                        s.id for s in state.subjects.values()
                        if s.outcomes and s.outcome is Outcome.NO_DLT
                    ]  # fmt: skip
                    if verdicts and rng.random() < 0.2:
                        corrected_into_dlt(bench, rng.choice(verdicts))
    return bench


def trials(counted: str, seeds: range) -> Iterator[Bench]:
    for seed in seeds:
        rng = random.Random(seed)  # noqa: S311  # no secret
        yield random_trial(rng, with_beside(THREE, counted=counted))


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
def test_one_pass_asks_what_is_asked_from_scratch_of_any_trial(counted: str) -> None:
    """Oracle: subjects counted one by one at every decision, over random trials."""
    n_asked, n_amended, n_beside = 0, 0, 0
    for bench in trials(counted, range(14)):
        state = bench.state
        every = [(made, ()) for made in state.decisions]
        for made, seen, _ in decisions._known_to(state, every):
            assert seen.ask(made.protocol) == from_scratch(state, made)
            n_asked += 1
            n_beside += made.purpose is not Purpose.ESCALATION
        n_amended += sum(bool(a.event.reopens) for a in state.amendments)
        assert rule_says(state) == from_scratch(state, as_if_decided_now(bench))
    assert min(n_asked // 10, n_amended, n_beside) > 5


def as_if_decided_now(bench: Bench) -> MadeDecision:
    """Return a decision that rests on everything recorded."""
    state = bench.state
    made = state.decisions[-1]
    event = replace(made.event, cutoff=state.seq, on=day(bench.now + 9))
    return replace(made, event=event, protocol=state.protocol, n_cohorts=len(state.cohorts))


@pytest.mark.parametrize("counted", ["never", "every decision"])
def test_what_is_recorded_of_any_trial_is_recorded_again_alike(counted: str) -> None:
    """Oracle: a sound record has no finding, whatever was backfilled, expanded or reopened."""
    kinds = set()
    for bench in trials(counted, range(25, 33)):
        assert inspect_entries(bench.entries, bench.entries[-1].at) == []
        kinds |= {
            (type(entry.event), len(entry.event.reopens))
            for entry in bench.entries
            if isinstance(entry.event, ProtocolAmended)
        }
    assert len(kinds) >= 2


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
def test_whom_the_rule_counted_then_is_whom_the_gates_count_now(counted: str) -> None:
    """Of everybody as they stand: also where the escalation would end and backfill counts."""
    for bench in trials(counted, range(12)):
        seen = Seen(bench.state)
        for subject in bench.state.subjects.values():
            if subject.outcome is not None and subject.set_aside_by is None:
                seen.set(subject, subject.outcome)
        assert seen.counted(bench.state.protocol) == counted_tallies(bench.state)


def test_backfill_that_counts_at_the_end_counts_there_looked_back_on() -> None:
    bench = typed("1NNN", with_beside(THREE, counted="final decision"))
    treat(bench, 2, "NNN")
    treat(bench, 1, "TT", BACKFILL)
    treat(bench, 3, "TTN")
    treat(bench, 2, "NNN")
    seen = Seen(bench.state)
    for subject in bench.state.subjects.values():
        seen.set(subject, subject.outcome)
    assert rule_says(bench.state).has_ended
    assert seen.counted(bench.state.protocol)[0] == Tally(n_evaluable=5, n_dlts=2)
