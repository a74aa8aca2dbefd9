"""The tracker against a simple model of it: a property test over whole trials."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from escalation.designs import ThreePlusThree
from escalation.errors import RefusedError
from escalation.outcomes import Outcome, Tally
from escalation.trial import (
    decide,
    dose_subject,
    enrol_subject,
    next_patient,
    record_outcome,
    rule_says,
    sign,
)
from escalation.trial.events import Meaning
from escalation.trial.inspection import inspect_entries

from .bench import CHAIR, NCT, SITE, Bench, crs, day

LABELS = (-1, 1, 2, 3)
AMOUNTS = dict(zip(LABELS, (5e7, 1.5e8, 3e8, 5e8), strict=True))  # for 50 kg
WINDOW, ALONE, APART = 28, 14, 3  # what nct07123519 says, written a second time on purpose


def first_day(dosed: list[dict]) -> int:
    """Return the day from which one more may be dosed after these."""
    watched = [
        p["dosed"] + ALONE for p in dosed if p["lost"] is None or p["lost"] >= p["dosed"] + ALONE
    ]
    return max(max((p["dosed"] for p in dosed), default=-APART) + APART, min(watched, default=0))


class Tracker(RuleBasedStateMachine):
    """Random commands on random days; the model keeps a list of patients and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench.started()
        self.today = 0
        self.patients: list[dict] = []  # name, cohort, level, dosed, outcome
        self.cohorts: list[dict] = []  # level, size, opened
        self.decided = False  # a decision waits for its signature

    # ------------------------------------------------------------ the model

    def tallies(self) -> list[Tally]:
        seen = []
        for label in LABELS:
            here = [p for p in self.patients if p["level"] == label and p["dosed"] is not None]
            letters = "".join(p["outcome"] for p in here)
            seen.append(
                Tally(
                    n_evaluable=letters.count("N") + letters.count("T"),
                    n_dlts=letters.count("T"),
                    n_pending=letters.count("?"),
                )
            )
        return seen

    def advice(self):
        given = [
            c
            for c in self.cohorts
            if any(p["dosed"] is not None and p["cohort"] is c for p in self.patients)
        ]
        level = LABELS.index(given[-1]["level"]) if given else 1
        return ThreePlusThree(n_levels=4, start=1).decide(self.tallies(), level)

    def members(self) -> list[dict]:
        return [p for p in self.patients if self.cohorts and p["cohort"] is self.cohorts[-1]]

    def n_free(self) -> int:
        taken = [p for p in self.members() if p["outcome"] != "X"]
        return self.cohorts[-1]["size"] - len(taken) if self.cohorts else 0

    def may_go_on(self) -> bool:
        """Whether the open cohort still stands under the rule, asked again."""
        if not self.cohorts or self.cohorts[-1]["size"] == 0:
            return False
        now = self.advice()
        if now.action == "wait":
            return True
        return now.level is not None and now.level >= LABELS.index(self.cohorts[-1]["level"])

    def overdue(self) -> list[dict]:
        return [
            p for p in self.patients if p["outcome"] == "?" and p["dosed"] + WINDOW <= self.today
        ]

    # ------------------------------------------------------------ what can happen

    def attempt(self, expected: bool, command, by, **kw) -> bool:
        if not expected:
            with pytest.raises(RefusedError):
                self.bench.do(command, by, self.today, **kw)
            return False
        self.bench.do(command, by, self.today, **kw)
        return True

    @rule(days=st.sampled_from([1, 2, 3, 7, 11, 14, 28]))
    def time_passes(self, days: int) -> None:
        self.today += days

    @rule()
    def decide_by_the_rule(self) -> None:
        now = self.advice()
        waiting = [p for p in self.members() if p["outcome"] == "-"]
        open_again = (
            self.cohorts
            and now.level is not None
            and LABELS[now.level] == self.cohorts[-1]["level"]
            and (self.n_free() > 0 or waiting)
        )
        stopped = bool(self.cohorts) and self.cohorts[-1]["size"] == 0
        expected = (
            now.action != "wait"
            and not open_again
            and not self.overdue()
            and not (stopped and now.action == "stop")
        )
        if self.attempt(expected, decide, CHAIR):
            self.decided = True
            self.pending_decision = now

    @precondition(lambda self: self.decided)
    @rule()
    def approve(self) -> None:
        now = self.pending_decision
        # nothing was overdue when it was decided
        if self.attempt(not self.overdue(), sign, CHAIR, meaning=Meaning.APPROVED):
            self.decided = False
            level = None if now.level is None else LABELS[now.level]
            self.cohorts.append({"level": level, "size": now.n_to_enrol, "opened": self.today})

    @rule()
    def enrol(self) -> None:
        name = f"S{len(self.patients) + 1}"
        expected = bool(self.cohorts) and self.n_free() > 0 and self.may_go_on()
        if self.attempt(expected, enrol_subject, SITE, subject=name, weight_kg=50.0):
            self.patients.append(
                {"name": name, "cohort": self.cohorts[-1], "level": self.cohorts[-1]["level"],
                 "dosed": None, "outcome": "-", "lost": None}
            )  # fmt: skip
            self.decided = False  # the data have changed: it could not be approved any more

    @precondition(lambda self: any(p["outcome"] == "-" for p in self.patients))
    @rule(data=st.data())
    def dose(self, data) -> None:
        waiting = [p for p in self.patients if p["outcome"] == "-"]
        patient = data.draw(st.sampled_from(waiting))
        own = [p for p in self.members() if p["dosed"] is not None]
        beside = [  # at the same level, by an earlier decision, and still in the window
            p
            for p in self.patients
            if p["outcome"] == "?"
            and p["cohort"] is not self.cohorts[-1]
            and p["level"] == self.cohorts[-1]["level"]
            and p["dosed"] + WINDOW > self.today
        ]
        early = self.today < max(first_day(own), first_day(own + beside))
        current = patient["cohort"] is self.cohorts[-1]
        expected = current and self.may_go_on() and not early
        if current:
            answer = next_patient(self.bench.state, day(self.today), subject=patient["name"])
            assert answer.yes is expected
        amount = AMOUNTS[patient["level"]]
        if self.attempt(expected, dose_subject, SITE, subject=patient["name"], infused=amount):
            patient.update(dosed=self.today, outcome="?")
            self.decided = False

    @precondition(lambda self: any(p["outcome"] in "?N" for p in self.patients))
    @rule(data=st.data(), letter=st.sampled_from("NNTX"))
    def outcome(self, data, letter: str) -> None:
        self.record(
            data.draw(st.sampled_from([p for p in self.patients if p["outcome"] in "?N"])), letter
        )

    def record(self, patient: dict, letter: str) -> None:
        closes = patient["dosed"] + WINDOW
        late = patient["outcome"] == "N"
        expected = letter == "T" or (not late and (letter == "X" or self.today >= closes))
        done = self.attempt(
            expected,
            record_outcome,
            SITE,
            subject=patient["name"],
            outcome=Outcome(letter),
            toxicities=[crs(day(patient["dosed"]))] if letter == "T" else [],
            reason="lost" if letter == "X" else None,
        )
        if done:
            patient["outcome"] = letter
            patient["lost"] = self.today if letter == "X" else None
            self.decided = False

    @rule(data=st.data(), letters=st.text("NNNNTX", min_size=3, max_size=3))
    def the_trial_goes_on(self, data, letters: str) -> None:
        """Do what comes next, so that trials get further than chance would take them."""
        waiting = [p for p in self.members() if p["outcome"] == "-"]
        if self.decided:
            self.approve()
        elif self.may_go_on() and (waiting or self.n_free() > 0):
            if not waiting:
                self.enrol()
            dosed = [p["dosed"] for p in self.members() if p["dosed"] is not None]
            self.today = max([self.today, *(d + ALONE for d in dosed)])
            self.dose(data)
        elif any(p["outcome"] == "?" for p in self.patients):
            for patient, letter in zip(self.patients, letters * 9, strict=False):
                if patient["outcome"] == "?":
                    self.today = max(self.today, patient["dosed"] + WINDOW)
                    self.record(patient, letter)
        else:
            self.decide_by_the_rule()

    # ------------------------------------------------------------ what always holds

    def teardown(self) -> None:
        """Every entry, recorded again, is the same."""
        now = self.bench.entries[-1].at
        assert inspect_entries(self.bench.entries, now) == []

    @invariant()
    def the_same_is_seen_and_said(self) -> None:
        assert list(self.bench.state.tallies()) == self.tallies()
        assert rule_says(self.bench.state) == self.advice()
        assert self.bench.state.oddities == []

    @invariant()
    def no_more_are_dosed_than_were_opened(self) -> None:
        for cohort in self.bench.state.cohorts:
            members = self.bench.state.members(cohort)
            assert sum(m.takes_place for m in members) <= cohort.n_opened or any(
                len(m.outcomes) > 1 for m in members
            )


Tracker.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestTracker = Tracker.TestCase


def test_the_model_knows_the_protocol() -> None:
    assert NCT.labels == LABELS
    assert NCT.dlt.window_days == WINDOW
    assert (NCT.enrolment.first_alone_days, NCT.enrolment.next_apart_days) == (ALONE, APART)
    assert day(1) - day(0) == timedelta(days=1)
