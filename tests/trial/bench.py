"""A trial in memory: commands typed one after the other, each on a day, without a ledger."""

from __future__ import annotations

import json
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
    cast_vote,
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
from escalation.trial.events import (
    Event,
    Meaning,
    Relation,
    Role,
    Toxicity,
    TrialRegistered,
    Vote,
)

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
    now: int = 0  # today, as a day number
    entries: list[Recorded] = field(default_factory=list)

    @classmethod
    def started(cls, protocol: Protocol = NCT, **committee: Any) -> Bench:
        """Register and delegate every role to somebody called like it; one person decides.

        With rules of a ``committee`` it is one of several people, who vote: see ``meet``.
        """
        rules = Committee(**committee) if committee else Committee(solo=True)
        bench = cls(protocol=replace(protocol, committee=rules))
        bench.do(register_trial, OFFICE, protocol=bench.protocol)
        bench._delegate_all()
        return bench

    @classmethod
    def judged(cls, protocol: Protocol = NCT) -> Bench:
        """Do as ``started``, with somebody who adjudicates."""
        bench = cls.started(protocol)
        bench.do(delegate_role, OFFICE, person="adjudicator", role=Role.ADJUDICATOR)
        return bench

    @classmethod
    def as_0_2_0(cls, protocol: Protocol = NCT, quorum: int = 1) -> Bench:
        """Do as ``started`` in a trial that 0.2.0 began: votes are said by who decides."""
        bench = cls(protocol=protocol)
        registered = TrialRegistered(
            on=day(0),
            protocol=json.loads(json.dumps(protocol.document)),
            digest=protocol.digest,
            quorum=quorum,
            software="escalation 0.2.0",
        )
        bench.entries.append(recorded(bench.state, registered, OFFICE))
        bench.state = evolve(bench.state, bench.entries[-1])
        bench._delegate_all()
        return bench

    def _delegate_all(self) -> None:
        for role in Role:
            if role is not Role.ADJUDICATOR:
                self.do(delegate_role, OFFICE, person=str(role), role=role)

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

    def meet(self, on: int | None = None, *, votes: str = "chair member", **choice: Any) -> None:
        """Decide as the statistician, and let these vote for it."""
        self.do(decide, STATISTICIAN, on, **choice)
        for person in votes.split():
            self.do(cast_vote, person, vote=Vote.FOR)

    def enrol(self, subject: str, on: int | None = None, **kw: Any) -> None:
        self.do(enrol_subject, SITE, on, subject=subject, **({"weight_kg": 60.0} | kw))

    def dose(self, subject: str, on: int | None = None, **kw: Any) -> None:
        """Infuse what the protocol plans, unless told otherwise."""
        known = self.state.subjects.get(subject)
        planned = None
        if known is not None and self.state.protocol is not None:
            planned = known.plan(self.state.protocol).amount
        self.do(dose_subject, SITE, on, subject=subject, **({"infused": planned or 1.8e8} | kw))

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
