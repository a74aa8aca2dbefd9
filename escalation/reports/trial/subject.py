"""One patient of a trial: what is known, the adverse events, and the entries about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from escalation.protocol import format_dose
from escalation.reports.trial.log import about_subject
from escalation.reports.trial.patients import list_notes
from escalation.reports.trial.sentences import say_amount
from escalation.reports.view import Block, Heading, Item, Items, Paragraph, Table
from escalation.trial import TrialState
from escalation.trial.adverse_events.listing import list_events
from escalation.trial.events import Purpose
from escalation.trial.patients.planned_dose import say_share
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import Recorded

__all__ = ["subject_blocks", "subject_entries"]


def subject_blocks(subject: Subject, state: TrialState, on: date) -> Iterator[Block]:
    """Yield what is known of a patient, what has to be known beside it, and adverse events."""
    yield Table(list(_facts(subject, state, on)), left=(0, 1), n_heads=0, prose=True)
    notes = list(list_notes(subject, state))
    if notes:
        yield Items([Item(f"{note[0].upper()}{note[1:]}.") for note in notes])
    yield Heading("Adverse events", 2)
    events = [event for event in list_events(state) if event.subject == subject.id]
    if not events:
        yield Paragraph("None is recorded.")
        return
    rows = [("event", "worst grade", "began", "ended", "serious", "relation", "DLT", "since")]
    for event in events:
        rows.append(
            (
                event.term,
                str(event.worst_grade),
                str(event.started),
                "-" if event.ended is None else str(event.ended),
                ", ".join(event.serious) or "-",
                event.relation or "-",
                "-" if event.dlt is None else "yes" if event.dlt else "no",
                f"entry {event.entry}",
            )
        )
    yield Table(rows, left=(0, 4, 5, 6, 7))


def _facts(subject: Subject, state: TrialState, on: date) -> Iterator[tuple[str, str]]:
    enrolled, dosing = subject.enrolment, None if subject.dosing is None else subject.dosing.event
    yield "standing", "overdue" if subject.is_overdue(on) else str(subject.standing)
    protocol = state.protocol
    level = f"level {subject.level}"
    if protocol is not None and subject.level in protocol.labels:
        level = protocol.describe_level(protocol.labels.index(subject.level))
    yield "level", level
    beside = "" if subject.purpose is Purpose.ESCALATION else f", {subject.purpose}"
    yield "cohort", f"{subject.cohort}{beside}"
    if subject.sites:
        yield "site", subject.sites[-1][1]
    body = []
    if enrolled.weight_kg is not None:
        body.append(f"{format_dose(enrolled.weight_kg)} kg")
    if enrolled.height_cm is not None:
        body.append(f"{format_dose(enrolled.height_cm)} cm")
    if body:
        yield "body", ", ".join(body)
    yield "enrolled", str(enrolled.on)
    if dosing is None:
        return
    yield "dosed", str(dosing.on)
    if subject.infused is not None:
        plan = None
        if protocol is not None and subject.level in protocol.labels:
            plan = subject.plan(subject.protocol or protocol)
        unit = "" if plan is None or plan.unit is None else f" {plan.unit}"
        share = "" if subject.share is None else f", {say_share(subject.share)} of the planned"
        yield "given", f"{say_amount(subject.infused)}{unit}{share}"
    if dosing.lot is not None:
        yield "lot", dosing.lot
    if subject.window_closes is not None:
        yield "DLT window to", str(subject.window_closes)


def subject_entries(
    entries: Sequence[Recorded], state: TrialState, subject: str
) -> Iterator[Recorded]:
    """Yield the entries about a patient."""
    return (entry for entry in entries if about_subject(entry, subject, state))
