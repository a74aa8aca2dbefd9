"""What pauses enrolment by itself: any death, and the pause rules of the protocol.

Whether a pause is still in force, or a decision has lifted it since, is not judged here: each
status says at which entries its rule came to be met. A death that a correction has taken back
pauses as well, from the correction on: whoever recorded it does not resume enrolment alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from escalation.outcomes import Outcome
from escalation.protocol import PauseRule
from escalation.protocol.judging import DEATH_PAUSES, describe_pause_rule
from escalation.trial.adverse_events.course import AdverseEvent, is_death
from escalation.trial.adverse_events.definition import (
    Verdict,
    is_related,
    judge_event,
    same_word,
)
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Event,
    EventOutcome,
    OutcomeRecorded,
    Toxicity,
)
from escalation.trial.state import TrialState
from escalation.trial.subjects import Subject

__all__ = ["PauseStatus", "deaths_taken_back", "judge_pauses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStatus:
    """How a trial stands to a pause rule.

    Attributes
    ----------
    rule : PauseRule
    met : bool
    subjects : tuple of str
        Who makes that it is met; where it is not, who has such an event, in the order of dosing.
    entries : tuple of int
        The entries with which it came to be met: the one that completed it, and every later one
        that adds to it. A pause that was lifted after the last of them stays lifted.
    text : str
        One sentence, without a stop.
    """

    rule: PauseRule
    met: bool
    subjects: tuple[str, ...]
    entries: tuple[int, ...]
    text: str

    @property
    def since(self) -> int | None:
        """The entry that first met it."""
        return self.entries[0] if self.entries else None

    @property
    def last(self) -> int | None:
        """The last entry that met it anew."""
        return self.entries[-1] if self.entries else None


def judge_pauses(state: TrialState, on: date) -> list[PauseStatus]:
    """Judge the built-in rule that a death pauses, then each rule of the protocol.

    Parameters
    ----------
    state : TrialState
    on : date
        Today: which events are DLTs by the definition can depend on it.

    Notes
    -----
    A rule of *n* among *m* is met by *n* such patients in any run of *m* dosed one after the other,
    by the day of dosing, then by entry: so the first *m* are one run of many, and fewer than *m*
    patients are enough. Of the patients never dosed only a death counts, by the built-in rule. An
    event that a ruling has made no DLT is none; before any ruling it is one if it meets the
    definition. A toxicity recorded inside an outcome counts as an event. What an earlier protocol's
    rule paused by, an amendment does not resume: it is listed last, by the entries before it.
    """
    rules = (DEATH_PAUSES, *(() if state.protocol is None else state.protocol.pause))
    statuses = [_judge(rule, state, on) for rule in rules]
    for amendment, rule in state.former_pauses:
        status = _judge(rule, state, on)
        entries = tuple(entry for entry in status.entries if entry < amendment)
        if entries:
            text = f"{status.text} (before it was amended by entry {amendment})"
            statuses.append(replace(status, entries=entries, text=text))
    return statuses


def _judge(rule: PauseRule, state: TrialState, on: date) -> PauseStatus:
    subjects = list(state.subjects.values())
    if rule is not DEATH_PAUSES:
        subjects = sorted((s for s in subjects if s.dosing is not None), key=_dosed)
    marks = {subject.id: list(_entries(subject, rule, on)) for subject in subjects}
    taken_back = deaths_taken_back(state) if rule is DEATH_PAUSES else {}
    for entry, name in taken_back.items():
        marks[name] = [*marks[name], entry]
    length = min(rule.among or len(subjects), len(subjects))
    met: set[str] = set()
    entries: set[int] = set()
    for first in range(len(subjects) - length + 1):
        run = [subject.id for subject in subjects[first : first + length] if marks[subject.id]]
        if len(run) >= rule.at_least:
            met.update(run)
            entries.update(_completing([marks[subject] for subject in run], rule.at_least))
    listed = tuple(s.id for s in subjects if s.id in met or (not met and marks[s.id]))
    only = {
        name: entry for entry, name in taken_back.items() if set(marks[name]) <= taken_back.keys()
    }
    named = [f"{s} (taken back by entry {only[s]})" if s in only else s for s in listed]
    verb = "is" if met else "is not"
    said = f'pause rule "{rule.name}" {verb} met: {describe_pause_rule(rule)}'
    return PauseStatus(
        rule=rule,
        met=bool(met),
        subjects=listed,
        entries=tuple(sorted(entries)),
        text=f"{said}: {', '.join(named) or 'nobody so far'}",
    )


def deaths_taken_back(state: TrialState) -> dict[int, str]:
    """Return who was recorded as dead in an entry that says so no more, by the correction."""
    return {
        correction.seq: state.current_id(state.owners[correction.event.entry])
        for correction in state.corrections
        if _tells_of_death(correction.before, judged=state.own_votes)
        and not (correction.after and _tells_of_death(correction.after, judged=state.own_votes))
    }


def _tells_of_death(event: Event, *, judged: bool) -> bool:
    match event:
        case AdverseEventRecorded():
            return is_death(event)
        case AdverseEventFollowedUp(changes=changes):
            return changes.get("grade") == 5 or changes.get("outcome") == EventOutcome.FATAL
        case OutcomeRecorded(toxicities=toxicities):
            return judged and any(toxicity.grade == 5 for toxicity in toxicities)
    return False


def _dosed(subject: Subject) -> tuple[date, int]:
    """Sort subjects by dosing."""
    assert subject.dosing is not None  # noqa: S101  # only who was dosed is sorted
    return subject.dosing.event.on, subject.dosing.seq


def _completing(marks: list[list[int]], at_least: int) -> Iterator[int]:
    """Yield the entries at and after which so many subjects of a run have such an event."""
    begins = sorted(min(entries) for entries in marks)[at_least - 1]
    yield from (entry for entries in marks for entry in entries if entry >= begins)


def _entries(subject: Subject, rule: PauseRule, on: date) -> Iterator[int]:
    """Yield, for each event of a subject that a rule is about, the entry since which it is."""
    since = [e for event in subject.events if (e := _since(event, subject, rule, on)) is not None]
    since += _from_outcomes(subject, rule)
    # the ruling on a DLT and the outcome that follows from it are one DLT
    yield from sorted(since)[:1] if rule.dlt else since


def _since(event: AdverseEvent, subject: Subject, rule: PauseRule, on: date) -> int | None:
    """Return the entry since which a rule is about an event; None where it is not, as it stands."""
    if not _is_about(event, subject, rule, on):
        return None
    if rule.dlt and event.ruling is not None:
        entry = next(ruling.seq for ruling in event.adjudications if ruling.event.dlt)
    else:
        reports = event.reports
        entry = next(
            reports[n - 1].seq
            for n in range(1, len(reports) + 1)
            if _is_about(replace(event, reports=reports[:n]), subject, rule, on)
        )
    return max(entry, *event.corrected_by, 0)  # as corrected, it is known since the correction


def _is_about(event: AdverseEvent, subject: Subject, rule: PauseRule, on: date) -> bool:
    now, course = event.now, GradeCourse.of(event, on)
    if rule is not DEATH_PAUSES and (
        subject.dosed_on is None or not course.begins_within(subject.dosed_on, None)
    ):
        return False
    return (
        course.worst >= rule.min_grade
        and (rule.category is None or same_word(rule.category, now.category))
        and (rule.term is None or same_word(rule.term, now.term))
        and (not rule.related or is_related(now.relation))
        and (not rule.fatal or course.worst == 5)
        and (not rule.dlt or _is_dlt(event, subject, on))
    )


def _is_dlt(event: AdverseEvent, subject: Subject, on: date) -> bool:
    if event.ruling is not None:
        return event.ruling.event.dlt
    said = judge_event(
        event, subject.dlt, dosed_on=subject.dosed_on, window_closes=subject.window_closes, on=on
    )
    return said.verdict is Verdict.MEETS


def _from_outcomes(subject: Subject, rule: PauseRule) -> Iterator[int]:
    """Yield the entries of outcomes with a toxicity that a rule is about.

    A toxicity that was recorded as an event too is that event. A DLT of which nothing is told is
    one of any grade.
    """
    events = {_called(event.now.term, event.now.started) for event in subject.events}
    for fact in subject.outcomes:
        if rule.dlt and fact.event.outcome is not Outcome.DLT:
            continue
        told = [
            t for t in fact.event.toxicities if rule.dlt or _called(t.term, t.onset) not in events
        ]
        untold_dlt = rule.dlt and not told and rule.term is rule.category is None and not rule.fatal
        if untold_dlt or any(_is_toxicity_of(rule, toxicity) for toxicity in told):
            yield max(fact.seq, *fact.corrected_by, 0)


def _called(term: str, onset: date) -> tuple[str, date]:
    return term.strip().casefold(), onset


def _is_toxicity_of(rule: PauseRule, toxicity: Toxicity) -> bool:
    """Tell whether a rule is about a toxicity, whose term may be the name of a category."""
    return (
        toxicity.grade >= rule.min_grade
        and (rule.category is None or same_word(rule.category, toxicity.term))
        and (rule.term is None or same_word(rule.term, toxicity.term))
        and (not rule.related or is_related(toxicity.relation))
        and (not rule.fatal or toxicity.grade == 5)
    )
