"""A trial in memory: commands typed one after the other, each on a day, without a ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from escalation.errors import RefusedError
from escalation.outcomes import Outcome
from escalation.protocol import Committee, Protocol, load_protocol
from escalation.trial import (
    Recorded,
    Recorder,
    TrialState,
    correct_entry,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    evolve,
    record_outcome,
    register_trial,
    sign,
)
from escalation.trial.events import Event, Meaning, Relation, Role, Toxicity

NCT = load_protocol("nct07123519")
D0 = date(2026, 1, 5)

OFFICE, SITE, CHAIR, MEMBER, STATISTICIAN, AUDITOR = (
    "office", "site", "chair", "member", "statistician", "auditor",
)  # fmt: skip


def day(n: int) -> date:
    return D0 + timedelta(days=n)


def crs(onset: date, grade: int = 3) -> Toxicity:
    return Toxicity(term="CRS", grade=grade, onset=onset, relation=Relation.PROBABLE)


def recorded(
    state: TrialState, event: Event, by: str = "nobody", at: datetime | None = None
) -> Recorded:
    seq = state.seq + 1
    seal = sha256(f"{state.head}{event}".encode()).hexdigest()
    at = datetime.combine(event.on, time(12), UTC) if at is None else at
    return Recorded(seq=seq, at=at, by=by, hash=seal, event=event)


@dataclass
class Bench:
    """The state, and what is needed to type the next command."""

    protocol: Protocol = NCT
    state: TrialState = field(default_factory=TrialState)
    quorum: int = 1
    now: int = 0  # today, as a day number
    entries: list[Recorded] = field(default_factory=list)

    @classmethod
    def started(cls, protocol: Protocol = NCT, quorum: int = 1) -> Bench:
        """Register and delegate every role to somebody called like it."""
        bench = cls(protocol=protocol)
        bench.do(register_trial, OFFICE, protocol=protocol, quorum=quorum)
        for role in Role:
            if role is not Role.ADJUDICATOR:
                bench.do(delegate_role, OFFICE, person=str(role), role=role)
        return bench

    @classmethod
    def judged(cls, protocol: Protocol = NCT) -> Bench:
        """Do as ``started``, with verdicts held against events and one person voting."""
        protocol = replace(protocol, committee=Committee(solo=True, quorum=1))
        bench = cls(protocol=protocol)
        bench.do(register_trial, OFFICE, protocol=protocol)
        for role in Role:
            bench.do(delegate_role, OFFICE, person=str(role), role=role)
        return bench

    def do(
        self, command: Callable[..., tuple[Event, ...]], by: str, on: int | None = None, **kw: Any
    ) -> tuple[Event, ...]:
        """Carry a command out on a day, recorded at noon of that day or of today if later."""
        on = self.now if on is None else on
        self.now = max(self.now, on)
        at = datetime.combine(day(self.now), time(12), UTC)
        events = command(self.state, Recorder(name=by, on=day(on), at=at), **kw)
        for event in events:
            self.entries.append(recorded(self.state, event, by, at))
            self.state = evolve(self.state, self.entries[-1])
        return events

    def refused(
        self, command: Callable[..., tuple[Event, ...]], by: str, on: int | None = None, **kw: Any
    ) -> str:
        """Return what a command is refused with; it must be refused, and change nothing."""
        before = self.state
        try:
            self.do(command, by, on, **kw)
        except RefusedError as error:
            assert self.state is before
            return str(error)
        raise AssertionError("it was not refused")

    # ------------------------------------------------------------ short ways to say it

    def open_cohort(self, on: int | None = None, **choice: Any) -> None:
        self.do(decide, CHAIR, on, **choice)
        self.do(sign, CHAIR, meaning=Meaning.APPROVED)

    def enrol(self, subject: str, on: int | None = None, **kw: Any) -> None:
        self.do(enrol_subject, SITE, on, subject=subject, **({"weight_kg": 60.0} | kw))

    def dose(self, subject: str, on: int | None = None, **kw: Any) -> None:
        self.do(dose_subject, SITE, on, subject=subject, **({"infused": 1.8e8} | kw))

    def treat(self, subject: str, on: int | None = None) -> None:
        self.enrol(subject, on)
        self.dose(subject, on)

    def no_dlt(self, subject: str, on: int | None = None) -> None:
        self.do(record_outcome, SITE, on, subject=subject, outcome=Outcome.NO_DLT)

    def dlt(self, subject: str, on: int | None = None, onset: int | None = None) -> None:
        on = self.now if on is None else on
        onset = on if onset is None else onset
        self.do(
            record_outcome,
            SITE,
            on,
            subject=subject,
            outcome=Outcome.DLT,
            toxicities=[crs(day(onset))],
        )

    def lost(self, subject: str, on: int | None = None, reason: str = "withdrew consent") -> None:
        self.do(
            record_outcome, SITE, on, subject=subject, outcome=Outcome.NOT_EVALUABLE, reason=reason
        )

    def correct(self, entry: int, **changes: Any) -> None:
        self.do(correct_entry, SITE, entry=entry, changes=changes, reason="mistyped")

    def cohort_without_dlt(self, subjects: str, start: int) -> int:
        """Treat three by the protocol's stagger, none with a DLT; return the day it is over."""
        return self.cohort_without_dlt_at(subjects, start, 1.8e8)

    def cohort_without_dlt_at(self, subjects: str, start: int, infused: float) -> int:
        for subject, offset in zip(subjects.split(), (0, 14, 17), strict=True):
            self.enrol(subject, start + offset)
            self.dose(subject, start + offset, infused=infused)
        for subject in subjects.split():
            self.no_dlt(subject, start + 45)
        return start + 45
