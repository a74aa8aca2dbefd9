"""What invented trials share: who takes part, and the commands that come again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeAlias

from escalation.dataclass import dataclass
from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.trial.commands import Events, Recorder
from escalation.trial.committee.decide import decide
from escalation.trial.committee.sign import sign
from escalation.trial.committee.vote import cast_vote
from escalation.trial.events import Attendance, Choice, Meaning, Role, Vote
from escalation.trial.office import delegate_role, register_trial
from escalation.trial.patients.recording import dose_subject, enrol_subject, record_outcome
from escalation.trial.state import TrialState

__all__ = [
    "ADJUDICATOR",
    "AUDITOR",
    "CHAIR",
    "OFFICE",
    "OTHER_MEMBER",
    "SITE",
    "Command",
    "Demo",
    "Step",
    "begin",
    "dose",
    "enrol",
    "meet",
    "no_dlt",
    "recorded_at",
]

OFFICE, SITE, CHAIR = "Wu Jing", "Lin Mei", "Zhao Lan"
MEMBER, STATISTICIAN, AUDITOR = "K. Sato", "E. Brandt", "N. Okafor"
OTHER_MEMBER, ADJUDICATOR = "A. Haddad", "P. Novak"

Command = Callable[[TrialState, Recorder], Events]
Step: TypeAlias = tuple[str, str, Command]  # day, person, what they do


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A trial to look at.

    Attributes
    ----------
    trial : str
        Its id in the ledger.
    protocol : str
        A shipped one's name.
    day : date
        The day after its last entry.
    script : callable
        From the protocol to the steps, in order.
    """

    trial: str
    protocol: str
    day: date
    script: Callable[[Protocol], Iterable[Step]]

    def steps(self, protocol: Protocol) -> Iterator[tuple[Command, Recorder]]:
        """Yield the trial's commands with their recorders, in order; see ``recorded_at``.

        Parameters
        ----------
        protocol : Protocol
            Shipped under the demo's name of it.
        """
        return recorded_at(self.script(protocol))


def recorded_at(steps: Iterable[Step]) -> Iterator[tuple[Command, Recorder]]:
    """Yield the commands of steps in order of days, with recorders at times that are invented."""
    last: datetime | None = None
    for day, person, command in steps:
        morning = datetime.fromisoformat(f"{day}T08:00:00+00:00").astimezone(UTC)
        last = morning if last is None or morning > last else last + timedelta(minutes=7)
        yield command, Recorder(name=person, on=last.date(), at=last)


def begin(day: str, protocol: Protocol) -> Iterator[Step]:
    """Register the trial and delegate every role."""
    yield day, OFFICE, partial(register_trial, protocol=protocol)
    for person, role in (
        (SITE, Role.SITE),
        (CHAIR, Role.CHAIR),
        (MEMBER, Role.MEMBER),
        (OTHER_MEMBER, Role.MEMBER),
        (STATISTICIAN, Role.STATISTICIAN),
        (AUDITOR, Role.AUDITOR),
        (ADJUDICATOR, Role.ADJUDICATOR),
    ):
        yield day, OFFICE, partial(delegate_role, person=person, role=role)


def meet(
    day: str,
    choice: Choice | None = None,
    rationale: str | None = None,
    dissent: str | None = None,
    approve: Command | None = None,
) -> Iterator[Step]:
    """Decide, vote, and sign as proposed and approved."""
    present = (Attendance(person=STATISTICIAN, vote=Vote.PRESENT),)
    yield (
        day,
        STATISTICIAN,
        partial(decide, attendees=present, choice=choice, rationale=rationale),
    )
    for person in (CHAIR, MEMBER):
        yield day, person, partial(cast_vote, vote=Vote.FOR)
    if dissent is not None:
        yield day, OTHER_MEMBER, partial(cast_vote, vote=Vote.AGAINST, reason=dissent)
    yield day, STATISTICIAN, partial(sign, meaning=Meaning.PROPOSED)
    yield day, CHAIR, approve or partial(sign, meaning=Meaning.APPROVED)


def enrol(
    day: str, subject: str, weight_kg: float | None = None, cohort: int | None = None
) -> Step:
    """Enrol a subject."""
    command = partial(enrol_subject, subject=subject, weight_kg=weight_kg, cohort=cohort)
    return day, SITE, command


def dose(day: str, subject: str, infused: float) -> Step:
    """Dose a subject, from a lot of their own."""
    lot = f"L-{subject[-3:]}"
    return day, SITE, partial(dose_subject, subject=subject, infused=infused, lot=lot)


def no_dlt(day: str, subject: str) -> Step:
    """Record that a subject had no DLT."""
    return day, SITE, partial(record_outcome, subject=subject, outcome=Outcome.NO_DLT)
