"""Looking back in one pass, against the rule asked from scratch at every decision."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from escalation.designs import RollingSix
from escalation.outcomes import Outcome, format_outcomes, last_tally, tally_cohorts
from escalation.protocol import load_protocol
from escalation.reports.trial.status import status_document
from escalation.tracker import read_entry
from escalation.trial import decide, replay_events
from escalation.trial.events import Choice
from escalation.trial.hindsight import decisions
from escalation.trial.hindsight import seen as seen_at
from escalation.trial.hindsight.seen import Seen
from escalation.trial.patients.subjects import Subject
from escalation.trial.rule import recommend
from escalation.trial.state import MadeDecision, TrialState, write_cohort
from tests.reliability.long_trial import long_trial
from tests.trial.bench import CHAIR, Bench, day

NCT = load_protocol("nct07123519")


def from_scratch(state: TrialState, made: MadeDecision):
    """Ask the rule of the patients who had been dosed by then, as they stand now.

    Under a rule that enrols while outcomes are pending, those that could not be known are pending.
    """

    def letter(subject: Subject) -> Outcome | None:
        pending = made.protocol.design.while_pending and not made.could_know_outcome(subject)
        return Outcome.PENDING if pending else subject.outcome

    cohorts = [
        written
        for cohort in state.cohorts
        for written in write_cohort(
            cohort, [(s, letter(s)) for s in state.members(cohort) if made.knew(s)]
        )
    ]
    labels, design = made.protocol.labels, made.protocol.design
    level = labels.index(cohorts[-1].label) if cohorts else design.start
    return design.decide(tally_cohorts(cohorts, labels), level, last_tally(cohorts))


@pytest.mark.parametrize("n_entries", [60, 200, 500])
def test_one_pass_asks_what_is_asked_from_scratch(n_entries):
    state = replay_events(map(read_entry, long_trial("LONG", NCT, n_entries)))
    asked = [
        (made.seq, seen.ask(made.protocol), from_scratch(state, made))
        for made, seen, _ in decisions._known_to(state, [(made, ()) for made in state.decisions])
    ]
    assert len(asked) == len(state.decisions)
    assert all(fast == slow for _, fast, slow in asked if fast is not None)
    assert any(fast is not None for _, fast, _ in asked[2:])


def test_the_same_holds_of_an_ordinary_trial():
    bench = Bench.started()
    bench.open_cohort()
    end = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.open_cohort(end)
    bench.cohort_without_dlt_at("S4 S5 S6", end, 3.6e8)
    state = bench.state
    for made, seen, _ in decisions._known_to(state, [(made, ()) for made in state.decisions]):
        assert seen.ask(made.protocol) == from_scratch(state, made)


def test_the_same_holds_of_a_trial_that_goes_on_while_outcomes_are_pending():
    """Patients who are pending at one decision count with their outcome at the next."""
    rolling = replace(NCT, design=RollingSix(n_levels=len(NCT.labels), start=1))
    bench = Bench.started(rolling)
    bench.open_cohort(0)
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.treat(subject, on)
    for subject, on, over in (("S4", 20, ""), ("S5", 30, "S1"), ("S6", 46, "S2 S3")):
        for ended in over.split():
            bench.no_dlt(ended, on - 1)
        bench.open_cohort(on)
        bench.treat(subject, on)
    for subject in ("S4", "S5"):
        bench.no_dlt(subject, 60)
    bench.open_cohort(60)
    bench.enrol("S7", 60)
    bench.dose("S7", 60, infused=3.6e8)
    bench.dlt("S6", 70, onset=50)  # after the decision to escalate, and begun before it
    state = bench.state
    answers = []
    for made, seen, _ in decisions._known_to(state, [(made, ()) for made in state.decisions]):
        answers.append(seen.ask(made.protocol))
        assert answers[-1] == from_scratch(state, made)
    assert len(answers) == 5
    found = [remark.entry for remark in decisions.look_back_at_decisions(state)]
    assert found == [
        made.seq
        for made, now in zip(state.decisions, answers, strict=True)
        if recommend(now, made.protocol).choice != made.event.recommended.choice
    ]


def test_what_is_forgotten_leaves_no_trace():
    state = play_state()
    seen, subject = Seen(state), state.subjects["S1"]
    seen.set(subject, Outcome.DLT)
    seen.set(subject, None)
    assert list(seen) == []
    assert seen.ask(NCT) == Seen(state).ask(NCT)


def play_state() -> TrialState:
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    return bench.state


def test_the_work_of_a_status_grows_with_the_entries_and_not_with_their_square(monkeypatch):
    """Count how often a subject's day of dosing, place and outcomes are asked for."""
    counted: Counter[str] = Counter()
    for name in ("dosed_at", "dosed_on", "cohort", "standing", "window_closes"):
        getter = getattr(Subject, name).fget

        def watched(self, getter=getter, name=name):
            counted[name] += 1
            return getter(self)

        monkeypatch.setattr(Subject, name, property(watched))

    def work(n_entries: int) -> Counter[str]:
        state = replay_events(map(read_entry, long_trial("LONG", NCT, n_entries)))
        counted.clear()
        status_document(state, state.data_on)
        return counted.copy()

    few, many = work(700), work(1_400)
    for name, times in many.items():
        assert times <= 3.2 * few[name], (name, few[name], times)  # of a square: 4 times


def test_what_was_seen_is_read_in_the_order_of_the_cohorts_and_back():
    bench = Bench.started()
    bench.open_cohort()
    end = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.open_cohort(end)
    bench.enrol("S4", end)
    bench.dose("S4", end, infused=3.6e8)
    seen = Seen(bench.state)
    for subject in bench.state.subjects.values():
        seen.set(subject, subject.outcome)
    assert list(seen) == bench.state.written_cohorts()
    assert list(reversed(seen)) == bench.state.written_cohorts()[::-1]


def test_a_decision_of_a_day_before_that_of_the_last_one_knows_less():
    """It is entered later, and looks at what had happened by its own day."""
    bench = Bench.started()
    bench.open_cohort()
    end = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.open_cohort(end)
    first, second = bench.state.decisions
    back = replace(second, event=replace(second.event, on=day(1)))
    made = [(one, ()) for one in (first, second, back)]
    asked = [format_outcomes(seen) for _, seen, _ in decisions._known_to(bench.state, made)]
    assert asked == ["", "1NNN", "1N"]


def test_under_another_rule_what_was_pending_counts_as_that_rule_says():
    """Rolling six decides while outcomes are pending, 3+3 does not."""
    rolling = replace(NCT, design=RollingSix(n_levels=len(NCT.labels), start=1))
    bench = Bench.started(rolling)
    bench.open_cohort(0)
    bench.treat("S1", 0)
    bench.no_dlt("S1", 40)
    (opening,) = bench.state.decisions
    first, second = (
        replace(opening, n_cohorts=1, event=replace(opening.event, on=day(on))) for on in (1, 2)
    )
    for protocols, letters in (
        ((rolling, NCT), "?N"),
        ((NCT, rolling), "N?"),
        ((rolling, rolling), "??"),
    ):
        made = [
            (replace(first, protocol=protocols[0]), ()),
            (replace(second, protocol=protocols[1]), ()),
        ]
        asked = [format_outcomes(seen) for _, seen, _ in decisions._known_to(bench.state, made)]
        assert asked == [f"1{letter}" for letter in letters]


def test_with_more_patients_pending_than_can_be_asked_of_the_rule_is_not_asked(monkeypatch):
    """One pending patient turns out in three ways: no DLT, a DLT, or not evaluable."""
    state = play_state()
    looked = Seen(state)
    looked.set(state.subjects["S1"], Outcome.PENDING)
    for most, asked in ((3, True), (2, False)):
        monkeypatch.setattr(seen_at, "MAX_WAYS", most)
        assert (looked.ask(NCT) is not None) == asked


def test_a_ladder_without_the_level_of_a_patient_cannot_be_asked():
    state = play_state()
    looked = Seen(state)
    looked.set(state.subjects["S1"], Outcome.NO_DLT)
    assert looked.ask(replace(NCT, levels=NCT.levels[2:])) is None


def test_who_was_dosed_by_the_last_entry_before_a_decision_was_known_to_it():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    bench.do(decide, CHAIR, choice=Choice(action="defer"), rationale="tomorrow")
    bench.no_dlt("S1", 28)
    made = [(one, ()) for one in bench.state.decisions]
    asked = [format_outcomes(seen) for _, seen, _ in decisions._known_to(bench.state, made)]
    assert asked == ["", "1N"]


def test_news_of_a_decision_is_what_was_recorded_between_it_and_the_next_that_knew_it():
    bench = Bench.started()
    bench.open_cohort()
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.treat(subject, on)
    outcomes = []
    for subject, on in (("S1", 28), ("S2", 42), ("S3", 45)):
        bench.do(decide, CHAIR, on, choice=Choice(action="defer"), rationale="tomorrow")
        bench.no_dlt(subject, on)
        outcomes.append(bench.state.seq)
    bench.open_cohort(45)
    late = bench.state.subjects["S1"].outcomes[0].seq
    bench.correct(late, on=day(29).isoformat())
    correction = bench.state.seq
    news = [(made.seq, tuple(later)) for made, later in decisions._news(bench.state)]
    first, second, third = outcomes
    seqs = [made.seq for made in bench.state.decisions[1:]]
    known = [(first, second, third), (second, third), (third,), ()]
    assert news == [
        (seq, (*later, correction) if late <= seq else later)
        for seq, later in zip(seqs, known, strict=True)
    ]
