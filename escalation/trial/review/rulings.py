"""What has to be seen of rulings: those that were made, for ever, and those that are awaited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.outcomes import Outcome
from escalation.trial.adverse_events.course import Adjudication, AdverseEvent
from escalation.trial.adverse_events.definition import departs, say_suggested
from escalation.trial.adverse_events.verdicts import dlts_without_event, unruled_dlts
from escalation.trial.gates import say_unruled
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState

__all__ = ["against_definition", "other_rulings", "to_be_ruled"]


def against_definition(state: TrialState) -> Iterator[Remark]:
    """Yield every adjudication that went against the protocol's definition of a DLT."""
    for subject in state.subjects.values():
        for event in subject.events:
            for ruling in event.adjudications:
                if departs(ruling.event):
                    yield Remark(entry=ruling.seq, text=_say(event, ruling))


def other_rulings(state: TrialState) -> list[Remark]:
    """Return every other ruling, in the order of the entries, those that were replaced too."""
    found = [
        Remark(entry=ruling.seq, text=_say(event, ruling))
        for subject in state.subjects.values()
        for event in subject.events
        for ruling in event.adjudications
        if not departs(ruling.event)
    ]
    for subject in state.subjects.values():
        for fact in subject.rulings:
            word = "evaluable" if fact.event.evaluable else "not evaluable"
            text = f'{subject.id} was ruled {word} by {fact.by}: "{fact.event.reason}"'
            if fact is not subject.ruling:
                text += " It is not in force any more."
            found.append(Remark(entry=fact.seq, text=text))
    return sorted(found, key=lambda remark: remark.entry or 0)


def _say(event: AdverseEvent, ruling: Adjudication) -> str:
    before = [report.event for report in event.reports if report.seq < ruling.seq]
    worst, said = max(report.grade for report in before), ruling.event
    word = "a DLT" if said.dlt else "no DLT"
    text = (
        f"{before[-1].term} grade {worst} of {event.subject} (entry {event.entry}) was ruled "
        f"{word} by {ruling.by}"
    )
    if departs(said):
        text += say_suggested(said)
    text += "." if said.reason is None else f'. Reason: "{said.reason}"'
    return text if ruling is event.ruling else f"{text} A later ruling took its place."


def to_be_ruled(state: TrialState, on: date) -> Iterator[Remark]:
    """Yield what a ruling is awaited for, and what a ruling has taken out of the count."""
    for unruled in unruled_dlts(state, on):
        subject = state.subjects[unruled.subject]
        but = ""
        if subject.standing in (Standing.NO_DLT, Standing.MODERATE):
            but = f", but {subject.id} counts as {subject.standing}"
        yield Remark(
            entry=unruled.event.entry,
            text=f"{unruled.name} is not adjudicated{but}: it {unruled.why}.",
        )
    for subject in state.subjects.values():
        if subject.standing is Standing.UNRULED:
            yield Remark(entry=subject.outcomes[-1].seq, text=say_unruled(subject))
        yield from _ruled_away(subject)
        if subject.evaluability is not None and dlts_without_event(subject, on):
            dlt = next(f for f in subject.outcomes if f.event.outcome is Outcome.DLT)
            yield Remark(
                entry=dlt.seq,
                text=f"{subject.id} is recorded with a DLT, but no adverse event of {subject.id} "
                "meets the protocol's definition. It counts.",
            )


def _ruled_away(subject: Subject) -> Iterator[Remark]:
    """Name the DLTs that a ruling has taken, or had taken, out of the count."""
    for fact in subject.rulings:
        dlts = [
            said.seq
            for said in subject.outcomes
            if said.event.outcome is Outcome.DLT and max(said.seq, *said.corrected_by, 0) < fact.seq
        ]
        if fact.event.evaluable or not dlts:
            continue
        now = fact is subject.ruling and subject.standing is not Standing.DLT
        counts = "does not count" if now else "did not count for a time"
        yield Remark(
            entry=fact.seq,
            text=f"{subject.id} had a DLT (entry {dlts[0]}) and was ruled not evaluable by "
            f'{fact.by}, so that it {counts}: "{fact.event.reason}"',
        )
    if subject.rulings and subject.ruling is None:
        last = subject.rulings[-1]
        yield Remark(
            entry=last.seq,
            text=f"What was infused into {subject.id} has changed since entry {last.seq} ruled on "
            "it: that ruling counts no more.",
        )
