"""Backfill, expansion and amendments of the ladder against a simple model of whole trials."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from escalation.designs import ThreePlusThree
from escalation.errors import RefusedError
from escalation.outcomes import Outcome, Tally
from escalation.trial import (
    amend_protocol,
    correct_entry,
    decide,
    dose_subject,
    enrol_subject,
    look_back,
    record_outcome,
    rule_says,
    sign,
)
from escalation.trial.events import Choice, Meaning, Purpose
from escalation.trial.hindsight import decisions
from escalation.trial.inspection import inspect_entries

from .bench import CHAIR, SITE, Bench, crs, day
from .small_trials import NEW, THREE, ladder, with_beside

ESCALATION, BACKFILL, EXPANSION = Purpose
LADDERS = {3: THREE, 4: ladder((1, 100), (NEW, 150), (2, 200), (3, 400))}


class Beside(RuleBasedStateMachine):
    """The model keeps patients, cohorts and the ladder, each a list, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench.started(with_beside(THREE))
        self.labels: list = [1, 2, 3]
        self.patients: list[dict] = []  # name, cohort, level, purpose, dosed, outcome, aside
        self.cohorts: list[dict] = []  # level, purpose, open
        self.mtd: object = None
        self.stopped = False
        self.counted = "never"

    # ------------------------------------------------------------ the model

    def tallies(self, *purposes: Purpose) -> list[Tally]:
        seen = []
        for label in self.labels:
            letters = "".join(
                p["outcome"]
                for p in self.patients
                if p["level"] == label and p["dosed"] and not p["aside"]
                and p["purpose"] in purposes
            )  # fmt: skip
            seen.append(
                Tally(
                    n_evaluable=letters.count("N") + letters.count("T"),
                    n_dlts=letters.count("T"),
                    n_pending=letters.count("?"),
                )
            )
        return seen

    def advice(self):
        counts = [
            p for p in self.patients if p["dosed"] and not p["aside"] and p["purpose"] is ESCALATION
        ]
        last = max(counts, key=lambda p: p["cohort"], default=None)
        level = 0 if last is None else self.labels.index(last["level"])
        design = ThreePlusThree(n_levels=len(self.labels), start=0)
        both = self.tallies(ESCALATION, BACKFILL)
        own = both if self.counted == "every decision" else self.tallies(ESCALATION)
        said = design.decide(own, level)
        if self.counted == "final decision" and said.action == "stop":
            return design.decide(both, level)
        return said

    # ------------------------------------------------------------ what can happen

    def done(self, command, by, **kw) -> bool:
        before = self.bench.state
        try:
            self.bench.do(command, by, **kw)
        except RefusedError:
            assert self.bench.state is before
            return False
        return True

    def carry_out(self, choice: Choice) -> None:
        """Approve what was decided, as the protocol's one person may."""
        self.bench.do(sign, CHAIR, meaning=Meaning.APPROVED, entry=self.bench.state.seq)
        for cohort in self.cohorts:
            kind, level = cohort["purpose"], cohort["level"]
            if choice.purpose is not ESCALATION:
                ended = kind is choice.purpose and (kind is EXPANSION or level == choice.level)
            elif choice.action == "stop" or kind is not BACKFILL:
                ended = True
            else:  # backfill is below the escalation, or it is none
                ended = self.labels.index(level) >= self.labels.index(choice.level)
            cohort["open"] = cohort["open"] and not ended
        if choice.action == "stop":
            self.stopped, self.mtd = True, choice.mtd
            return
        if choice.purpose is ESCALATION:
            self.stopped, self.mtd = False, None
        self.cohorts.append({"level": choice.level, "purpose": choice.purpose, "open": True})

    @rule()
    def follow_the_rule(self) -> None:
        if self.done(decide, CHAIR):
            self.carry_out(self.bench.state.decisions[-1].event.chosen)

    @rule(data=st.data(), n=st.integers(1, 4))
    def choose_a_level(self, data, n: int) -> None:
        level = data.draw(st.sampled_from(self.labels))
        choice = Choice(action="enrol", level=level, n_to_enrol=n)
        if self.done(decide, CHAIR, choice=choice, rationale="x"):
            self.carry_out(choice)

    @rule(data=st.data(), n=st.integers(1, 4))
    def backfill(self, data, n: int) -> None:
        level = data.draw(st.sampled_from(self.labels))
        choice = Choice(action="enrol", level=level, n_to_enrol=n, purpose=BACKFILL)
        done = self.done(decide, CHAIR, choice=choice, rationale="x")
        current = [c["level"] for c in self.cohorts if c["purpose"] is ESCALATION]
        below = current and self.labels.index(level) < self.labels.index(current[-1])
        if self.stopped or not below:
            assert not done
        if done:
            self.carry_out(choice)

    @rule(data=st.data(), n=st.integers(1, 7))
    def expand(self, data, n: int) -> None:
        level = data.draw(st.sampled_from([None, *self.labels]))
        choice = Choice(action="enrol", level=level, n_to_enrol=n, purpose=EXPANSION)
        done = self.done(decide, CHAIR, choice=choice, rationale="x")
        if self.mtd is None or level not in (None, self.mtd):
            assert not done
        if done:
            self.carry_out(replace(choice, level=self.mtd))

    @precondition(lambda self: any(c["open"] for c in self.cohorts))
    @rule(data=st.data())
    def treat(self, data) -> None:
        number = data.draw(st.sampled_from([k for k, c in enumerate(self.cohorts) if c["open"]]))
        cohort, name = self.cohorts[number], f"S{len(self.patients) + 1}"
        if self.done(enrol_subject, SITE, subject=name, weight_kg=60.0, cohort=number + 1):
            self.patients.append(
                {"name": name, "cohort": number, "level": cohort["level"], "dosed": False,
                 "purpose": cohort["purpose"], "outcome": "?", "aside": False}
            )  # fmt: skip
            self.dose(self.patients[-1])

    @precondition(lambda self: any(not p["dosed"] for p in self.patients))
    @rule(data=st.data())
    def dose_later(self, data) -> None:
        self.dose(data.draw(st.sampled_from([p for p in self.patients if not p["dosed"]])))

    def dose(self, patient: dict) -> None:
        level = next(lv for lv in LADDERS[len(self.labels)].levels if lv.label == patient["level"])
        name = patient["name"]
        patient["dosed"] = self.done(dose_subject, SITE, subject=name, infused=level.dose)

    @precondition(lambda self: any(p["dosed"] and p["outcome"] == "?" for p in self.patients))
    @rule(data=st.data(), letters=st.text("NNNTX", min_size=1, max_size=4))
    def outcomes(self, data, letters: str) -> None:
        waiting = [p for p in self.patients if p["dosed"] and p["outcome"] == "?"]
        for patient, letter in zip(waiting, letters, strict=False):
            self.bench.do(
                record_outcome,
                SITE,
                subject=patient["name"],
                outcome=Outcome(letter),
                toxicities=[crs(day(0))] if letter == "T" else [],
                reason="lost" if letter == "X" else None,
            )
            patient["outcome"] = letter

    @precondition(lambda self: any(p["outcome"] == "N" for p in self.patients))
    @rule(data=st.data())
    def a_dlt_comes_to_light(self, data) -> None:
        patient = data.draw(st.sampled_from([p for p in self.patients if p["outcome"] == "N"]))
        verdict = self.bench.state.subjects[patient["name"]].outcomes[0].seq
        toxicity = {"term": "CRS", "grade": 3, "onset": day(0).isoformat()}
        changes = {"outcome": "T", "toxicities": [toxicity]}
        self.bench.do(correct_entry, SITE, entry=verdict, changes=changes, reason="late")
        patient["outcome"] = "T"

    @rule(
        data=st.data(),
        counted=st.sampled_from(["never", "every decision", "final decision"]),
        levels=st.sampled_from([3, 4]),
    )
    def amend(self, data, counted: str, levels: int) -> None:
        labels = list(LADDERS[levels].labels)
        reopens = data.draw(st.lists(st.sampled_from([1, 2, NEW, 3]), max_size=2))
        protocol = replace(
            with_beside(LADDERS[levels], counted=counted),
            committee=self.bench.state.protocol.committee,
            title=f"as amended after entry {self.bench.state.seq}",
        )
        done = self.done(amend_protocol, CHAIR, protocol=protocol, reason="x", reopens=reopens)
        opened = {c["level"] for c in self.cohorts}
        given = {p["level"] for p in self.patients if p["dosed"]}
        sound = all(
            label in labels and (label in given or label not in self.labels) for label in reopens
        )
        expected = opened <= set(labels) and sound and len(set(reopens)) == len(reopens)
        assert done == expected
        if done:
            self.labels, self.counted = labels, counted
            for patient in self.patients:
                if patient["level"] in reopens and patient["dosed"]:
                    patient["aside"] = True
            if reopens:
                self.stopped, self.mtd = False, None

    @rule(data=st.data(), letters=st.text("NNNNT", min_size=6, max_size=6))
    def the_trial_goes_on(self, data, letters: str) -> None:
        """Do what comes next, so that trials get further than chance would take them."""
        self.follow_the_rule()
        for _ in range(3):
            if any(c["open"] for c in self.cohorts):
                self.treat(data)
        if any(p["dosed"] and p["outcome"] == "?" for p in self.patients):
            self.outcomes(data, letters)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_same_is_counted_and_said(self) -> None:
        state = self.bench.state
        for purpose in Purpose:
            assert list(state.tallies(purpose, set_aside=False)) == self.tallies(purpose)
        assert rule_says(state) == self.advice()
        assert (state.stopped is not None) == self.stopped
        assert state.oddities == []

    @invariant()
    def cohorts_are_open_as_the_model_has_it(self) -> None:
        found = [(c.level, c.purpose, c.closed_by is None) for c in self.bench.state.cohorts]
        assert found == [(c["level"], c["purpose"], c["open"]) for c in self.cohorts]

    def teardown(self) -> None:
        """Every entry, recorded again, is the same; a last decision is seen as the rule sees it."""
        state, now = self.bench.state, self.bench.entries[-1].at
        assert inspect_entries(self.bench.entries, now) == []
        for made, seen, _ in decisions._known_to(state, [(m, ()) for m in state.decisions[-1:]]):
            if made.event.cutoff == state.seq:
                assert seen.ask(made.protocol) == rule_says(state)
        assert {remark.entry for remark in look_back(state)} <= set(range(1, state.seq + 1))


Beside.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestBeside = Beside.TestCase


@pytest.mark.parametrize("n", [3, 4])
def test_the_model_knows_the_ladders(n: int) -> None:
    assert len(LADDERS[n].labels) == n
