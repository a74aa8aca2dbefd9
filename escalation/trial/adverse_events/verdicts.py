"""Verdicts held against events: which of them call for a ruling before "no DLT" can be said.

An event calls for a ruling while the definition of a DLT is met or may be, and while it is severe
(grade 3 or more, in the window, not said to be unrelated). A ruling answers until the event has
become worse, has been corrected, or has come to meet the definition only since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from escalation.dataclass import dataclass
from escalation.outcomes import Outcome
from escalation.trial.adverse_events.course import Adjudication, AdverseEvent, Report
from escalation.trial.adverse_events.definition import (
    Suggestion,
    Verdict,
    can_meet,
    is_related,
    judge_event,
    same_word,
)
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.events import AdverseEventRecorded, OutcomeRecorded, Toxicity
from escalation.trial.patients.subjects import Fact, Standing, Subject, in_order
from escalation.trial.state import TrialState

__all__ = [
    "SEVERE",
    "OpenEvent",
    "dlts_without_event",
    "faults_of_verdict",
    "follows_ruling",
    "is_of_ruling",
    "known_by",
    "may_be_dlt",
    "open_events",
    "reason_of_ruling",
    "ruled_dlts",
    "ruling_in_force",
    "suggest",
    "unruled_dlts",
]

SEVERE = 3
"""The grade from which protocols of such products speak of a DLT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvent:
    """An adverse event that calls for a ruling.

    Attributes
    ----------
    subject : str
    event : AdverseEvent
    suggestion : Suggestion
        What the definition says of it.
    before : bool
        Whether it says so of the event as an earlier report judged it.
    """

    subject: str
    event: AdverseEvent
    suggestion: Suggestion
    before: bool = False

    @property
    def name(self) -> str:
        """What it is called, with its entry."""
        now = self.event.now
        grade = GradeCourse.of(self.event, now.started).worst
        return f"{now.term} grade {grade} of {self.subject} (entry {self.event.entry})"

    @property
    def why(self) -> str:
        """Why it calls for a ruling: what the definition says of it."""
        said = _say(self.suggestion)
        if self.before:
            said = f"was judged otherwise before, and as it was judged then it {said}"
        if self.event.ruling is not None:
            said += f"; the ruling of entry {self.event.ruling.seq} was on less"
        return said

    @property
    def text(self) -> str:
        """One sentence, without a stop."""
        return f"{self.name} {self.why}"


def _say(suggestion: Suggestion) -> str:
    """Say why an event calls for a ruling; what the rule asks for is in the protocol."""
    if suggestion.verdict is Verdict.DOES_NOT:
        return f"is severe and may be related, though it {suggestion.text}"
    if suggestion.verdict is Verdict.NOT_YET:
        return f'can still meet rule "{suggestion.rule}" for a DLT (on {suggestion.until})'
    return f'meets rule "{suggestion.rule}" for a DLT'


def suggest(subject: Subject, event: AdverseEvent, on: date) -> Suggestion:
    """Judge a subject's event by the definition of the protocol under which they were dosed."""
    return judge_event(
        event,
        subject.dlt,
        dosed_on=subject.dosed_on,
        window_closes=subject.window_closes,
        on=on,
    )


def may_be_dlt(subject: Subject, event: AdverseEvent, on: date) -> bool:
    """Tell whether a decision has to know of an event: severe, serious, or by the definition."""
    if event.worst_grade >= SEVERE or event.now.serious or event.is_fatal:
        return True
    return suggest(subject, event, on).verdict is not Verdict.DOES_NOT


def known_by(event: AdverseEvent, on: date) -> AdverseEvent | None:
    """Return an event as the site knew it on a day; None before it knew of it."""
    reports = tuple(report for report in event.reports if report.aware <= on)
    return replace(event, reports=reports) if reports else None


def ruling_in_force(subject: Subject, event: AdverseEvent, on: date) -> Adjudication | None:
    """Return the ruling that answers for an event as it is now; None where it takes a new one."""
    ruled = event.ruling
    if ruled is None or ruled.event.dlt:
        return ruled
    if max(event.corrected_by, default=0) > ruled.seq or _is_worse(event, ruled.seq):
        return None
    met = suggest(subject, event, on).verdict is Verdict.MEETS
    return None if met and ruled.event.suggested != Verdict.MEETS else ruled


def _is_worse(event: AdverseEvent, entry: int) -> bool:
    """Tell whether a report after an entry says something worse than those before it, if any."""
    if all(report.seq > entry for report in event.reports):
        return True  # on the day of which it is asked, only what was reported later was known
    then = replace(event, reports=tuple(r for r in event.reports if r.seq < entry))
    before = [report.event for report in then.reports]
    return event.is_fatal > then.is_fatal or any(
        report.event.grade > max(said.grade for said in before)
        or (is_related(report.event.relation) and not is_related(before[-1].relation))
        or bool(set(report.event.serious) - set(before[-1].serious))
        for report in event.reports
        if report.seq > entry
    )


def open_events(subject: Subject, on: date) -> Iterator[OpenEvent]:
    """Yield the events of a subject that call for a ruling; nothing hangs on them after a DLT."""
    if subject.standing is not Standing.DLT:
        yield from _without_ruling(subject, on)


def _without_ruling(subject: Subject, on: date) -> Iterator[OpenEvent]:
    for event in subject.events:
        if ruling_in_force(subject, event, on) is not None:
            continue
        calls = list(_calls(subject, event, on))
        if calls:  # that it meets the definition outdoes that it may, and how it is judged now
            yield next(
                (call for call in calls if call.suggestion.verdict is Verdict.MEETS), calls[0]
            )


def _calls(subject: Subject, event: AdverseEvent, on: date) -> Iterator[OpenEvent]:
    """Yield why an event calls for a ruling, as it is judged now and as it was before."""
    for reading in _readings(event):
        found = suggest(subject, reading, on)
        if found.verdict is not Verdict.DOES_NOT or _is_severe(subject, reading, on):
            before = reading is not event
            yield OpenEvent(subject=subject.id, event=event, suggestion=found, before=before)


def _readings(event: AdverseEvent) -> Iterator[AdverseEvent]:
    """Yield an event as it is judged now, then as earlier reports judged it.

    Whether it is related, of which category it is and what it was at baseline are the site's own
    judgement: by changing it, nobody takes back that the event calls for a ruling.
    """
    yield event
    *earlier, last = event.reports
    for report in reversed(earlier):
        said = report.event
        then = replace(
            last.event,
            relation=said.relation,
            category=said.category,
            baseline_grade=said.baseline_grade,
        )
        if then != last.event:
            yield replace(event, reports=(*earlier, replace(last, event=then)))


def _is_severe(subject: Subject, event: AdverseEvent, on: date) -> bool:
    """Tell whether an event reached grade 3 or more in the window and may be related."""
    opens, closes = subject.dosed_on, subject.window_closes
    if opens is None or not is_related(event.now.relation):
        return False
    worst = 0
    for day, grade in GradeCourse.of(event, on).steps:
        if grade > worst and grade >= SEVERE and opens <= day <= (closes or date.max):
            return True
        worst = max(worst, grade)
    return False


def unruled_dlts(state: TrialState, on: date) -> list[OpenEvent]:
    """Return the events that, as known on a day, meet the definition and were not adjudicated."""
    found = []
    for subject in in_order(state.subjects.grouped(_may_be_unruled).get(True, {}).values()):
        known = tuple(k for event in subject.events if (k := known_by(event, on)) is not None)
        found += [
            unruled
            for unruled in open_events(replace(subject, events=known), on)
            if unruled.suggestion.verdict is Verdict.MEETS
        ]
    return found


def _may_be_unruled(subject: Subject) -> bool:
    """Tell whether a subject may have an event, on some day, that ``unruled_dlts`` names."""
    return subject.standing is not Standing.DLT and any(
        can_meet(event, subject.dlt) and not _is_settled(event) for event in subject.events
    )


def _is_settled(event: AdverseEvent) -> bool:
    """Tell whether a ruling answers for an event on every day: it met the definition by then."""
    ruled = event.ruling
    if ruled is None or ruled.event.dlt:
        return ruled is not None
    last = max(max((report.seq, *report.corrected_by)) for report in event.reports)
    return ruled.event.suggested == Verdict.MEETS and last < ruled.seq


def ruled_dlts(subject: Subject) -> list[AdverseEvent]:
    """Return the events of a subject that were ruled a DLT."""
    return [e for e in subject.events if e.ruling is not None and e.ruling.event.dlt]


def reason_of_ruling(entry: int) -> str:
    """Return the reason of the outcome that a ruling on an event records."""
    return f"adverse event of entry {entry}, adjudicated"


def is_of_ruling(subject: Subject, fact: Fact[OutcomeRecorded]) -> bool:
    """Tell whether a ruling recorded an outcome: what it holds is the event that was ruled on."""
    return follows_ruling(subject, fact.seq, fact.event)


def follows_ruling(subject: Subject, entry: int, said: OutcomeRecorded) -> bool:
    """Tell the same of an outcome that an entry said, also of one that was taken back since."""
    return said.outcome is Outcome.DLT and any(
        entry == ruling.seq + 1 and said.reason == reason_of_ruling(event.entry)
        for event in subject.events
        for ruling in event.adjudications
    )


def faults_of_verdict(subject: Subject, said: OutcomeRecorded) -> Iterator[str]:
    """Yield why an outcome that is no DLT cannot be said, and what has to be done first.

    "Not evaluable" waits for no ruling on an event, which stands in the way of the next dosing
    anyway; but a toxicity that calls for one has to be recorded as an event.
    """
    if said.outcome in (Outcome.NO_DLT, Outcome.MODERATE):
        yield from _faults_by_events(subject, said)
    if said.outcome is not Outcome.DLT:
        yield from _faults_by_toxicities(subject, said)


def _faults_by_events(subject: Subject, said: OutcomeRecorded) -> Iterator[str]:
    for ruled in ruled_dlts(subject):
        ruling = ruled.adjudications[-1].seq
        yield (
            f"{ruled.now.term} of {subject.id} (entry {ruled.entry}) was ruled a DLT by entry "
            f"{ruling}: it would have to be ruled again (trial adjudicate {ruled.entry})."
        )
    for unruled in _without_ruling(subject, said.on):
        entry = unruled.event.entry
        yield (
            f'{unruled.text}: it has to be adjudicated before "no DLT" can be said '
            f"(trial adjudicate {entry})."
        )


def _faults_by_toxicities(subject: Subject, said: OutcomeRecorded) -> Iterator[str]:
    word = "not evaluable" if said.outcome is Outcome.NOT_EVALUABLE else "no DLT"
    for toxicity in said.toxicities:
        event = _as_event(subject, toxicity, said)
        if any(_is_recorded_as(toxicity, known) for known in subject.events):
            continue  # the event answers for it
        found = suggest(subject, event, said.on)
        if found.verdict is not Verdict.DOES_NOT or _is_severe(subject, event, said.on):
            relation = "relation not given" if toxicity.relation is None else toxicity.relation
            yield (
                f"{toxicity.term} of {subject.id}, grade {toxicity.grade}, {relation}, "
                f'{_say(found)}. It cannot be "{word}" unless it is recorded as an event (trial ae '
                f"{subject.id}) and adjudicated as none (trial adjudicate)."
            )


def _is_recorded_as(toxicity: Toxicity, event: AdverseEvent) -> bool:
    return (
        same_word(toxicity.term, event.now.term)
        and toxicity.onset == event.now.started
        and toxicity.grade <= event.worst_grade
        and (
            toxicity.relation is None
            or not is_related(toxicity.relation)
            or is_related(event.now.relation)
        )
    )


def _as_event(subject: Subject, toxicity: Toxicity, said: OutcomeRecorded) -> AdverseEvent:
    """Return a toxicity of an outcome as if it had been recorded as an event."""
    event = AdverseEventRecorded(
        on=said.on,
        subject=subject.id,
        term=toxicity.term,
        started=toxicity.onset,
        grade=toxicity.grade,
        scale="CTCAE",
        scale_version="",
        relation=toxicity.relation,
        aware=said.on,
    )
    return AdverseEvent(
        entry=0, reports=(Report(seq=0, by="", on=said.on, aware=said.on, event=event),)
    )


def dlts_without_event(subject: Subject, on: date) -> bool:
    """Tell whether a DLT was recorded of a subject in whom nothing meets the definition."""
    said = [fact.event for fact in subject.outcomes if fact.event.outcome is Outcome.DLT]
    if not said:
        return False
    events = [*subject.events]
    events += [_as_event(subject, t, one) for one in said for t in one.toxicities]
    return not any(
        (event.ruling is not None and event.ruling.event.dlt)
        or suggest(subject, event, on).verdict is Verdict.MEETS
        for event in events
    )
