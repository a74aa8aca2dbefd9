"""T4: every DLT in one frame, from the baseline to who ruled on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.outcomes import Outcome
from escalation.reports.packet.basis import Basis
from escalation.reports.view import Block, Paragraph, Table
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.definition import say_suggested
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.adverse_events.verdicts import is_of_ruling, ruled_dlts, suggest
from escalation.trial.events import OutcomeRecorded, Toxicity
from escalation.trial.patients.subjects import Fact, Standing, Subject

__all__ = ["narrative_blocks"]

Frame = tuple[str, list[tuple[str, str]]]

_SILENT = "not recorded"


def narrative_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T4, a table for each DLT, also of those whom a ruling has taken out of the count."""
    frames = [
        (subject, frame)
        for subject in basis.state.subjects.values()
        for frame in _frames(basis, subject)
    ]
    if not frames:
        yield Paragraph("T4 DLT narratives: no DLT has been recorded.")
    for number, (subject, (what, rows)) in enumerate(frames, start=1):
        part = f".{number}" if len(frames) > 1 else ""
        yield Table(
            [("event", what), *rows],
            left=(0, 1),
            n_heads=0,
            prose=True,
            caption=f"T4{part} DLT of {subject.id}, level {subject.level}, cohort {subject.cohort}",
        )


def _frames(basis: Basis, subject: Subject) -> Iterator[Frame]:
    counts = [] if subject.standing is Standing.DLT else [("counts", f"no: {subject.standing}")]
    for event in ruled_dlts(subject):
        what = f"{event.now.term} grade {event.worst_grade}"
        yield what, [*_of_event(basis, subject, event), *counts]
    for fact in subject.outcomes:
        if fact.event.outcome is not Outcome.DLT or is_of_ruling(subject, fact):
            continue
        for toxicity in fact.event.toxicities:
            what = f"{toxicity.term} grade {toxicity.grade}"
            yield what, [*_of_toxicity(subject, fact, toxicity), *counts]
        if not fact.event.toxicities:
            yield "nothing is told of it", [("recorded", _recorded(fact)), *counts]


def _of_event(basis: Basis, subject: Subject, event: AdverseEvent) -> Iterator[tuple[str, str]]:
    now, ruling = event.now, event.ruling
    baseline = now.baseline_grade
    yield "baseline", _SILENT if baseline is None else f"grade {baseline}"
    yield "course", _say_course(basis, subject, event)
    treatments = dict.fromkeys(r.event.treatment for r in event.reports if r.event.treatment)
    yield "treatment", "; ".join(treatments) or _SILENT
    yield "recovery", _say_recovery(event)
    yield "relation", _SILENT if now.relation is None else str(now.relation)
    said = suggest(subject, event, basis.on)
    yield "definition", f"{said.text[0].upper()}{said.text[1:]}"
    if ruling is not None:
        words = "" if ruling.event.reason is None else f'. Reason: "{ruling.event.reason}"'
        yield (
            "ruled",
            f"a DLT by {ruling.by} on {ruling.event.on} (entry {ruling.seq})"
            f"{say_suggested(ruling.event)}{words}",
        )
    narratives = dict.fromkeys(r.event.narrative for r in event.reports if r.event.narrative)
    if narratives:
        yield "narrative", " / ".join(narratives)


def _say_course(basis: Basis, subject: Subject, event: AdverseEvent) -> str:
    steps = [
        f"grade {grade} from {first}{_since(subject, first)}" if grade else f"over on {first}"
        for first, grade in GradeCourse.of(event, basis.on).steps
    ]
    scale = f"{event.now.scale} {event.now.scale_version}".strip()
    by = "" if event.now.graded_by is None else f": {event.now.graded_by}"
    return f"{', '.join(steps)} ({scale}{by})"


def _since(subject: Subject, day: date) -> str:
    dosed = subject.dosed_on
    return "" if dosed is None else f" (day {(day - dosed).days})"


def _say_recovery(event: AdverseEvent) -> str:
    outcome = "outcome not recorded" if event.now.outcome is None else str(event.now.outcome)
    ended = event.now.ended
    return f"{outcome}, not over" if ended is None else f"{outcome}, ended on {ended}"


def _of_toxicity(
    subject: Subject, fact: Fact[OutcomeRecorded], toxicity: Toxicity
) -> Iterator[tuple[str, str]]:
    onset = f"grade {toxicity.grade} from {toxicity.onset}{_since(subject, toxicity.onset)}"
    yield "baseline", _SILENT
    yield "course", onset
    yield "treatment", _SILENT
    yield "recovery", _SILENT
    yield "relation", _SILENT if toxicity.relation is None else str(toxicity.relation)
    yield "definition", "not asked: it is recorded with the outcome, not as an adverse event"
    yield "recorded", _recorded(fact)
    if toxicity.narrative is not None:
        yield "narrative", toxicity.narrative


def _recorded(fact: Fact[OutcomeRecorded]) -> str:
    said = f"as a DLT by {fact.by} on {fact.event.on} (entry {fact.seq})"
    return said if fact.event.reason is None else f"{said}: {fact.event.reason}"
