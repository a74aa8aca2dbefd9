"""A trial that is played by commands, for what is shown of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

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
from escalation.trial.demo.script import Command
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Choice, Meaning, Role, Toxicity, TrialRegistered

START = date(2026, 1, 5)
SOLO = replace(load_protocol("nct07123519"), committee=Committee(solo=True))


class Played:
    """The state of a trial and its entries, each command a day after the one before."""

    def __init__(self) -> None:
        self.state = TrialState()
        self.entries: list[Recorded] = []

    def record(self, command: Command, recorder: Recorder) -> Recorded:
        for event in command(self.state, recorder):
            seq = self.state.seq + 1
            entry = Recorded(
                seq=seq, at=recorder.at, by=recorder.name, hash=f"{seq:064x}", event=event
            )
            self.entries.append(entry)
            self.state = evolve(self.state, entry)
        return self.entries[-1]

    def do(self, command: Any, by: str = "Ada", day: int = 0, **details: Any) -> Recorded:
        at = datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(days=day)
        recorder = Recorder(name=by, on=at.date(), at=at)
        return self.record(partial(command, **details), recorder)

    def open_cohort(self, day: int, **choice: Any) -> None:
        """Decide and approve: as the rule says, or against it."""
        against = {"choice": Choice(**choice), "rationale": "it is so wanted"} if choice else {}
        self.do(decide, day=day, **against)
        self.do(sign, day=day, meaning=Meaning.APPROVED)

    def treat(self, subject: str, day: int, infused: float | None = None, **more: Any) -> None:
        self.do(enrol_subject, day=day, subject=subject, **more)
        self.do(dose_subject, day=day, subject=subject, infused=infused)

    def outcome(self, subject: str, day: int, letter: str, **more: Any) -> Recorded:
        if letter == "T" and "toxicities" not in more:
            on = START + timedelta(days=day)
            more["toxicities"] = [Toxicity(term="fever", grade=3, onset=on)]
        if letter == "X":
            more.setdefault("reason", "moved away")
        return self.do(record_outcome, day=day, subject=subject, outcome=Outcome(letter), **more)

    def correct(self, entry: int, day: int, changes: dict[str, Any] | None) -> Recorded:
        return self.do(correct_entry, day=day, entry=entry, changes=changes, reason="misread")


def begin(protocol: Protocol | None = None) -> Played:
    """Register a trial on a plain ladder of three levels; Ada may do everything."""
    played = Played()
    protocol = Protocol.plain(3) if protocol is None else protocol
    played.do(register_trial, protocol=protocol, solo=True)
    for role in (Role.SITE, Role.CHAIR):
        played.do(delegate_role, person="Ada", role=role)
    return played


def begin_as_0_2_0(protocol: Protocol) -> Played:
    """Do as ``begin`` in a trial that 0.2.0 began, with a quorum of 1."""
    played = Played()
    document = json.loads(json.dumps(protocol.document))
    registered = TrialRegistered(
        on=START, protocol=document, digest=protocol.digest, quorum=1, software="escalation 0.2.0"
    )
    played.do(lambda *_: (registered,))
    for role in (Role.SITE, Role.CHAIR):
        played.do(delegate_role, person="Ada", role=role)
    return played


def play_demo(last: int = 10_000) -> Played:
    """Play the demo up to an entry."""
    played = Played()
    for command, recorder in STAR_T.steps(load_protocol(STAR_T.protocol)):
        if played.state.seq >= last:
            break
        played.record(command, recorder)
    return played
