"""Every adverse event of a trial in one list, however it was recorded, each once.

Those reported as events, and the toxicities inside outcomes, which is where they stood before
events were recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.text import as_compared
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.verdicts import is_of_ruling
from escalation.trial.events import Relation, Serious, Toxicity
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState

__all__ = ["ListedEvent", "list_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent:
    """An adverse event as tables count it.

    Attributes
    ----------
    entry : int
        That reported it first.
    subject : str
    level : int
        Label of the level that the subject was assigned to last.
    term, category
    started, ended : date
    worst_grade : int
        Of its course.
    scale : str or None
        With the version; None for a toxicity inside an outcome.
    serious : tuple of Serious
        Every criterion that any report named.
    relation : Relation or None
        As last reported.
    is_fatal : bool
    is_emergent : bool
        Treatment-emergent: it began on or after the day of the first infusion.
    dlt : bool or None
        As ruled; None where nobody has.
    event : AdverseEvent or None
        With its course; None for a toxicity inside an outcome.
    """

    entry: int
    subject: str
    level: Label
    term: str
    category: str | None
    started: date
    ended: date | None
    worst_grade: int
    scale: str | None
    serious: tuple[Serious, ...]
    relation: Relation | None
    is_fatal: bool
    is_emergent: bool
    dlt: bool | None
    event: AdverseEvent | None


def list_events(state: TrialState) -> list[ListedEvent]:
    """Return every adverse event of the trial, by subject as enrolled, then by onset and entry."""
    return [
        listed
        for subject in state.subjects.values()
        for listed in sorted(_of_subject(subject), key=lambda e: (e.started, e.entry))
    ]


def _of_subject(subject: Subject) -> Iterator[ListedEvent]:
    for event in subject.events:
        yield _reported(subject, event)
    seen = {
        (as_compared(event.now.term), event.now.started, report.event.grade)
        for event in subject.events
        for report in event.reports
    }
    for fact in subject.outcomes:
        if is_of_ruling(subject, fact):
            continue  # its event is listed, as corrected and followed up since
        for toxicity in fact.event.toxicities:
            same = (as_compared(toxicity.term), toxicity.onset, toxicity.grade)
            if same not in seen:
                seen.add(same)
                yield _inside_outcome(subject, fact.seq, toxicity)


def _reported(subject: Subject, event: AdverseEvent) -> ListedEvent:
    now = event.now
    named = {criterion for report in event.reports for criterion in report.event.serious}
    return ListedEvent(
        entry=event.entry,
        subject=subject.id,
        level=subject.level,
        term=now.term,
        category=now.category,
        started=now.started,
        ended=now.ended,
        worst_grade=event.worst_grade,
        scale=f"{now.scale} {now.scale_version}",
        serious=tuple(criterion for criterion in Serious if criterion in named),
        relation=now.relation,
        is_fatal=event.is_fatal,
        is_emergent=_is_emergent(subject, now.started),
        dlt=None if event.ruling is None else event.ruling.event.dlt,
        event=event,
    )


def _inside_outcome(subject: Subject, entry: int, toxicity: Toxicity) -> ListedEvent:
    is_fatal = toxicity.grade == 5
    return ListedEvent(
        entry=entry,
        subject=subject.id,
        level=subject.level,
        term=toxicity.term,
        category=None,
        started=toxicity.onset,
        ended=None,
        worst_grade=toxicity.grade,
        scale=None,
        serious=(Serious.DEATH,) if is_fatal else (),
        relation=toxicity.relation,
        is_fatal=is_fatal,
        is_emergent=_is_emergent(subject, toxicity.onset),
        dlt=None,
        event=None,
    )


def _is_emergent(subject: Subject, started: date) -> bool:
    return subject.dosed_on is not None and started >= subject.dosed_on
