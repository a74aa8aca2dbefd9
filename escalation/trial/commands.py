"""What a command is: it returns events, or refuses with every reason.

Commands are pure. They see the state, who asks and what time it is, and nothing else; the ledger
records what they return (``escalation.tracker``).
"""

from __future__ import annotations

import unicodedata
from dataclasses import field
from datetime import UTC, date, datetime, timedelta

from escalation.dataclass import dataclass
from escalation.errors import RefusedError, did_you_mean
from escalation.text import is_line
from escalation.trial.calendar import day_in
from escalation.trial.events import AnyEvent
from escalation.trial.patients.subjects import Subject
from escalation.trial.people.names import near_miss
from escalation.trial.people.rights import lacks_role
from escalation.trial.state import TrialState

__all__ = ["Events", "Recorder", "Refusal"]

Events = tuple[AnyEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Who records something, the day it is said to have happened, and the clock's time.

    Attributes
    ----------
    name : str
    on : date
    at : datetime
        With a time zone; what the ledger will write.
    """

    name: str
    on: date
    at: datetime


FIRST_DAY = date(2000, 1, 1)  # no trial that is tracked here is older
_EASTERNMOST = timedelta(hours=14)  # where it is already tomorrow


@dataclass(slots=True)
class Refusal:
    """Collects the reasons why a command cannot be carried out, so that all are said at once."""

    what: str
    reasons: list[str] = field(default_factory=list)

    def add(self, reason: str | None) -> None:
        """Add a reason, if it is one."""
        if reason is not None:
            self.reasons.append(reason)

    def unless(self, holds: bool, reason: str) -> None:
        """Add the reason unless a condition holds."""
        if not holds:
            self.reasons.append(reason)

    def check(
        self, state: TrialState, recorder: Recorder, task: str, *, zone: str | None = None
    ) -> None:
        """Refuse what holds for every command: no trial, no role, a day yet to come.

        Where it is about a subject, in the time ``zone`` of the subject's site, if that is known.
        """
        if state.registered is None:
            self.reasons.append("The trial is not registered.")
        else:
            self.check_role(state, recorder.name, task)
        self.check_day(recorder, zone)

    def check_role(self, state: TrialState, name: str, task: str) -> None:
        """Refuse who may not do a task; of a name that nobody has, say whom it may mean."""
        roles = state.roles_of(name)
        self.add(lacks_role(name, roles, task))
        if not roles:
            self.add(near_miss(name, state.roles))

    def check_has_role(self, state: TrialState, name: str) -> None:
        """Refuse to name somebody who has no role; say whom the name may mean."""
        if not state.roles_of(name):
            self.reasons.append(f'"{name}" has no role in this trial.')
            self.add(near_miss(name, state.roles))

    def check_day(self, recorder: Recorder, zone: str | None = None) -> None:
        """Refuse a day that is still to come in a time zone, or everywhere on earth."""
        today = day_in(zone, recorder.at)
        if today is None:
            today = (recorder.at.astimezone(UTC) + _EASTERNMOST).date()
        if recorder.on < FIRST_DAY:
            self.reasons.append(f"{recorder.on} is before {FIRST_DAY}.")
        if recorder.on > today:
            self.reasons.append(f"{recorder.on} is still to come.")

    def check_person(self, name: str) -> None:
        """Refuse a name that could be written otherwise and look the same."""
        self.check_line("name", name, 100)
        self.unless(
            name.isprintable() and unicodedata.is_normalized("NFC", name),
            f"The name {name!a} must be of letters that can be seen, in their usual form "
            "(Unicode NFC), with ordinary blanks between them.",
        )

    def find_subject(self, state: TrialState, subject: str) -> Subject | None:
        """Return a subject, also by an id that was mistyped; refuse one that was never given."""
        known = state.subjects.get(subject)
        if known is None:
            hint = did_you_mean(subject, state.subjects) if state.subjects else "nobody is yet"
            self.reasons.append(f"No subject {subject} is enrolled; {hint}.")
        return known

    def check_not_before(self, recorder: Recorder, on: date) -> None:
        """Refuse a day before that of the decision."""
        self.unless(recorder.on >= on, f"The decision is of {on}; {recorder.on} is before it.")

    def check_line(self, name: str, text: str | None, max_length: int = 1000) -> None:
        """Refuse a text that is empty, more than one line, or holds what is not seen."""
        if text is not None and not is_line(text, max_length):
            self.reasons.append(
                f"The {name} must be one line of text, at most {max_length} characters, without "
                "a blank at its ends."
            )

    def error(self) -> RefusedError:
        """Return the refusal as an error to raise."""
        return RefusedError(self.what, dict.fromkeys(self.reasons))

    def raise_if_any(self) -> None:
        """Refuse if there is a reason.

        Raises
        ------
        RefusedError
        """
        if self.reasons:
            raise self.error()
