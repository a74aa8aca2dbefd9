"""Pauses: a death, and each pause rule of the protocol that is met, until a decision resumes.

A decision to resume lifts what was known at its cut-off; an event recorded after it pauses again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.dataclass import dataclass
from escalation.protocol import PauseRule
from escalation.trial.adverse_events.pauses import PauseStatus, deaths_taken_back, judge_pauses
from escalation.trial.state import MadeDecision, TrialState

__all__ = ["Pause", "before_hold", "find_pauses", "standing_pauses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Enrolment is paused by an entry.

    Attributes
    ----------
    rule : PauseRule
    entry : int
        With which it was met, or met again.
    since : date
        The day on which the site knew.
    lifted : MadeDecision or None
        The approved decision that has resumed; None while the pause stands.
    text : str
        One sentence, without a stop.
    """

    rule: PauseRule
    entry: int
    since: date
    lifted: MadeDecision | None
    text: str


def find_pauses(state: TrialState, on: date) -> Iterator[Pause]:
    """Yield every pause, lifted ones too, in the order of rules and entries."""
    resumed = [made for entry in state.resumed if (made := state.find_decision(entry)) is not None]
    for status in judge_pauses(state, on):
        days = _days_of(state, status) if status.met else {}
        for entry in status.entries:
            if entry in days:
                lifted = next((made for made in resumed if made.event.cutoff >= entry), None)
                yield Pause(
                    rule=status.rule,
                    entry=entry,
                    since=days[entry],
                    lifted=lifted,
                    text=status.text,
                )


def standing_pauses(state: TrialState, on: date) -> list[Pause]:
    """Return the pauses that stand, one a rule: by the first entry that nothing has lifted."""
    standing: dict[str, Pause] = {}
    for pause in find_pauses(state, on):
        if pause.lifted is None:
            standing.setdefault(pause.text, pause)
    return list(standing.values())


def before_hold(state: TrialState, on: date) -> str | None:
    """Say that a day is before the hold that would be lifted; None where it is not."""
    if state.held is None or on >= state.held.event.on:
        return None
    return f"Enrolment is held since {state.held.event.on}; {on} is before it."


def _days_of(state: TrialState, status: PauseStatus) -> dict[int, date]:
    """Return the days on which what pauses became known, by entry.

    In a trial whose record began before verdicts were judged, what stands inside an outcome pauses
    nothing: it did not when it was recorded.
    """
    back = deaths_taken_back(state)
    days = {c.seq: c.event.on for c in state.corrections if c.seq in back}
    for name in status.subjects:
        subject = state.subjects[name]
        for event in subject.events:
            days |= {report.seq: report.aware for report in event.reports}
            days |= {ruling.seq: ruling.event.on for ruling in event.adjudications}
            days |= dict.fromkeys(event.corrected_by, event.reports[-1].aware)
        if state.own_votes:
            for fact in subject.outcomes:
                days |= dict.fromkeys((fact.seq, *fact.corrected_by), fact.event.on)
    return days
