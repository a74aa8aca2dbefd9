"""Trials as people conduct them, by random commands: whatever is refused is not recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from escalation.errors import EscalationError
from escalation.ledger import Draft, Entry
from escalation.ledger.archive import read_archive
from escalation.ledger.entries import START, chain
from escalation.outcomes import Outcome
from escalation.protocol import DoseLevel, Protocol, load_protocol
from escalation.protocol.tables import Backfill, ExpansionMonitoring
from escalation.tracker import read_entry
from escalation.trial import (
    Events,
    Recorder,
    TrialState,
    amend_protocol,
    correct_entry,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    evolve,
    hold_enrolment,
    record_outcome,
    register_trial,
    replay_events,
    resume_enrolment,
    revoke_role,
    sign,
)
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.codec import dump_event, version_of
from escalation.trial.committee.circulate import circulate_decision
from escalation.trial.committee.vote import cast_vote
from escalation.trial.demo.script import Demo
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Attendance, Choice, Meaning, Purpose, Relation, Role, Vote
from escalation.trial.patients.subjects import Standing

__all__ = ["Story", "demo_story", "random_story", "released_story"]

OFFICE, SITE, CHAIR, MEMBER, AUDITOR = "Wu Jing", "Lin Mei", "Zhao Lan", "K. Sato", "N. Okafor"
DEPUTY = "B. Ivanova"
RELEASED = Path(__file__).parents[1] / "data" / "ledgers" / "0.2.0.jsonl"
FIRST = date(2020, 1, 6)


class Story:
    """A trial in memory, chained as a ledger would keep it."""

    def __init__(self, trial: str) -> None:
        self.trial = trial
        self.entries: list[Entry] = []
        self.state = TrialState()

    def do(self, command: Callable[[TrialState, Recorder], Events], recorder: Recorder) -> None:
        """Record what a command returns."""
        events = command(self.state, recorder)
        made = chain(
            [Draft(kind=e.kind, version=version_of(e), data=dump_event(e)) for e in events],
            trial=self.trial,
            head=self.entries[-1].anchor if self.entries else START,
            recorded_at=recorder.at,
            recorded_by=recorder.name,
        )
        for entry in made:
            self.state = evolve(self.state, read_entry(entry))
        self.entries += made


def demo_story(demo: Demo = STAR_T) -> Story:
    """Return a demo trial."""
    story = Story(demo.trial)
    for command, recorder in demo.steps(load_protocol(demo.protocol)):
        story.do(command, recorder)
    return story


def released_story() -> Story:
    """Return the demo trial as 0.2.0 recorded it."""
    story = Story(STAR_T.trial)
    story.entries = read_archive(RELEASED)[STAR_T.trial]
    story.state = replay_events(map(read_entry, story.entries))
    return story


def random_story(seed: int, n_entries: int, *, beside: bool = False) -> Story:
    """Return a trial of so many entries at least, with everything that is done in one.

    ``beside`` puts backfill, an expansion, and amendments of the ladder into it.
    """
    random = Random(seed)  # noqa: S311  # no secret
    teller = _BesideTeller(random) if beside else _Teller(random)
    while len(teller.story.entries) < n_entries:
        teller.go_on()
    return teller.story


class _Teller:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.story = Story("LONG")
        self.on = FIRST
        self.minute = 0
        self.n_subjects = 0
        self.protocol = self.first_protocol()
        self.do(OFFICE, register_trial, protocol=self.protocol)
        for person, role in (
            (SITE, Role.SITE),
            (CHAIR, Role.CHAIR),
            (DEPUTY, Role.CHAIR),
            (MEMBER, Role.MEMBER),
            (AUDITOR, Role.AUDITOR),
        ):
            self.do(OFFICE, delegate_role, person=person, role=role)

    def first_protocol(self) -> Protocol:
        return load_protocol(STAR_T.protocol)

    def do(self, by: str, command: Callable[..., Events], **details: Any) -> bool:
        """Do what is allowed; say whether it was."""
        self.minute += 1
        at = datetime.combine(self.on, time(9), UTC) + timedelta(minutes=self.minute)
        try:
            self.story.do(partial(command, **details), Recorder(name=by, on=self.on, at=at))
        except EscalationError:
            return False
        return True

    def go_on(self) -> None:
        """Let a day or more pass, and do something of what there is to do."""
        if self.random.random() < 0.5:
            self.on += timedelta(days=self.random.choice([1, 2, 3, 7]))
            self.minute = 0
        what = self.random.choices(
            [self.treat, self.observe, self.meet, self.correct, self.manage], [8, 8, 2, 1, 1]
        )
        what[0]()

    def treat(self) -> None:
        waiting = [
            s.id for s in self.story.state.subjects.values() if s.standing is Standing.ASSIGNED
        ]
        if not waiting:
            subject = f"TJ-{self.n_subjects + 1:03}"
            weight = self.random.randrange(45, 95) + 0.5
            if self.do(SITE, enrol_subject, subject=subject, weight_kg=weight, **self.measured()):
                self.n_subjects += 1
            return
        known = self.story.state.subjects[waiting[0]]
        [per_kg] = [lv.dose or 0 for lv in self.protocol.levels if lv.label == known.level]
        details = {
            "subject": known.id,
            "infused": round(per_kg * (known.enrolment.weight_kg or 60)),
            "lot": f"L-{known.id[-3:]}",
        }
        if not self.do(SITE, dose_subject, **details) and self.random.random() < 0.1:
            self.do(SITE, dose_subject, **details, deviation="the product would expire")

    def measured(self) -> dict[str, Any]:
        return {}

    def observe(self) -> None:
        pending = [s for s in self.story.state.subjects.values() if s.standing is Standing.PENDING]
        for subject in pending:
            draw = self.random.random()
            if draw < 0.25 and subject.dosed_on is not None:
                self.toxicity(subject.id, subject.dosed_on)
            elif draw < 0.28:
                self.outcome(subject.id, Outcome.NOT_EVALUABLE, reason="withdrew consent")
            else:
                self.outcome(subject.id, Outcome.NO_DLT)
        if self.random.random() < 0.1:
            self.adjudicate()
        if pending and self.random.random() < 0.1:
            self.follow_up()

    def toxicity(self, subject: str, dosed: date) -> None:
        """Report an adverse event; mostly, have it adjudicated."""
        started = min(dosed + timedelta(days=self.random.randrange(20)), self.on)
        reported = self.do(
            SITE,
            record_adverse_event,
            subject=subject,
            term="CRS",
            started=started,
            aware=started,
            grade=self.random.choice([2, 3, 3, 4]),
            relation=Relation.PROBABLE,
            narrative="vasopressor for 2 days",
        )
        if reported and self.random.random() < 0.8:
            self.adjudicate()

    def adjudicate(self) -> None:
        """Rule on every adverse event that nobody has ruled on."""
        subjects = self.story.state.subjects.values()
        for event in [e for s in subjects for e in s.events if not e.adjudications]:
            dlt, why = self.random.random() < 0.5, "as the panel saw it"
            self.do(CHAIR, adjudicate, entry=event.entry, dlt=dlt, reason=why)

    def follow_up(self) -> None:
        reports = [e for e in self.story.entries if e.kind == "ae-recorded"]
        if reports:
            entry = self.random.choice(reports).seq
            changes = {"outcome": "recovered", "ended": str(self.on)}
            self.do(SITE, follow_up, entry=entry, changes=changes, aware=self.on)

    def outcome(self, subject: str, outcome: Outcome, **details: Any) -> None:
        self.do(SITE, record_outcome, subject=subject, outcome=outcome, **details)

    def meet(self) -> None:
        there = [Attendance(person=AUDITOR, vote=Vote.PRESENT)]
        decided = self.do(MEMBER, decide, attendees=there)
        state = self.story.state
        if not decided and (state.stopped is not None or self.random.random() < 0.1):
            level = self.random.choice([1, 2])
            choice = Choice(action="enrol", level=level, n_to_enrol=3)
            why = "the product would expire"
            decided = self.do(CHAIR, decide, choice=choice, rationale=why, attendees=there)
        if decided:
            for person in (MEMBER, CHAIR):
                against = self.random.random() < 0.05
                reason = "too early" if against else None
                vote = Vote.AGAINST if against else Vote.FOR
                self.do(person, cast_vote, vote=vote, reason=reason)
            self.do(MEMBER, sign, meaning=Meaning.PROPOSED)
            if self.do(DEPUTY, sign, meaning=Meaning.APPROVED):
                self.do(MEMBER, circulate_decision, to=[SITE])

    def correct(self) -> None:
        kinds = ("subject-dosed", "outcome-recorded", "subject-enrolled")
        entry = self.random.choice([e for e in self.story.entries if e.kind in kinds] or [None])
        if entry is None:
            return
        changes = self.random.choice(
            [{"lot": "L-9"}, {"infused": 2.5e8}, {"weight_kg": 61.0}, {"outcome": "N"}]
        )
        self.do(SITE, correct_entry, entry=entry.seq, changes=changes, reason="misread")

    def manage(self) -> None:
        match self.random.randrange(5):
            case 0:
                self.do(AUDITOR, hold_enrolment, reason="an event is under review")
            case 1:
                self.do(AUDITOR, sign, meaning=Meaning.REVIEWED)
            case 2:
                self.do(OFFICE, delegate_role, person="A. Novak", role=Role.MEMBER)
            case 3:
                self.do(CHAIR, revoke_role, person="A. Novak", role=Role.MEMBER, reason="left")
            case 4:
                planned = 18 + self.random.randrange(30)
                enrolment = replace(self.protocol.enrolment, planned_patients=planned)
                self.protocol = replace(self.protocol, enrolment=enrolment)
                self.do(CHAIR, amend_protocol, protocol=self.protocol, reason="more patients")
        self.do(CHAIR, resume_enrolment, reason="unrelated")


class _BesideTeller(_Teller):
    """Tells of cohorts beside the escalation, of levels put between others and reopened."""

    def first_protocol(self) -> Protocol:
        protocol = super().first_protocol()
        return replace(
            protocol,
            backfill=Backfill(max_per_level=6, stop_at_rate="1/3", counted="every decision"),
            expansion=ExpansionMonitoring(n_patients=6, stop_at_rate="1/3"),
        )

    def measured(self) -> dict[str, Any]:
        """Name a cohort, where several are open, and mostly a height."""
        numbers = [cohort.number for cohort in self.story.state.open_cohorts]
        height = 160.5 if self.random.random() < 0.7 else None
        return {"cohort": self.random.choice(numbers or [None]), "height_cm": height}

    def meet(self) -> None:
        super().meet()
        labels, beside = self.protocol.labels, (Purpose.BACKFILL, Purpose.EXPANSION)
        purpose = self.random.choice(beside)
        level = self.random.choice(labels) if purpose is Purpose.BACKFILL else None
        choice = Choice(action="enrol", level=level, n_to_enrol=3, purpose=purpose)
        if self.do(MEMBER, decide, choice=choice):
            decision = self.story.state.seq
            for person in (MEMBER, CHAIR):
                self.do(person, cast_vote, decision=decision, vote=Vote.FOR)
            self.do(DEPUTY, sign, entry=decision, meaning=Meaning.APPROVED)

    def manage(self) -> None:
        super().manage()
        if self.random.random() < 0.7:
            return
        levels = list(self.protocol.levels)
        if "1.5" not in self.protocol.labels:
            levels.insert(2, DoseLevel(label="1.5", dose=4.5e6))
        title = f"amended after entry {self.story.state.seq}"
        design = replace(self.protocol.design, n_levels=len(levels))
        amended = replace(self.protocol, levels=tuple(levels), design=design, title=title)
        reopens = self.random.sample(amended.labels, 1)
        if self.do(
            CHAIR, amend_protocol, protocol=amended, reason="a level between", reopens=reopens
        ):
            self.protocol = amended
