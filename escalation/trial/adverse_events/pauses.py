"""What pauses enrolment by itself: any death, and the pause rules of the protocol.

Whether a pause is still in force, or a decision has lifted it since, is not judged here: each
status says at which entries its rule came to be met. A death that a correction has taken back
pauses as well, from the correction on: whoever recorded it does not resume enrolment alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from escalation.dataclass import dataclass
from escalation.outcomes import Outcome
from escalation.protocol import PauseRule
from escalation.protocol.judging import DEATH_PAUSES, describe_pause_rule
from escalation.text import as_compared
from escalation.trial.adverse_events.course import AdverseEvent, is_death
from escalation.trial.adverse_events.definition import (
    Verdict,
    can_meet,
    is_related,
    same_word,
)
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.adverse_events.verdicts import follows_ruling, is_of_ruling, suggest
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Event,
    EventOutcome,
    OutcomeRecorded,
    Toxicity,
)
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import Correction, TrialState

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
    marked = _marked(rule, state, on)
    taken_back = deaths_taken_back(state) if rule is DEATH_PAUSES else {}
    if taken_back:
        marked = _with_taken_back(marked, taken_back, state)
    met: set[str] = set()
    entries: set[int] = set()
    for run in _runs(rule, state, [subject for subject, _ in marked]):
        if len(run) >= rule.at_least:
            met.update(subject.id for subject, _ in marked[run.start : run.stop])
            marks = [marks for _, marks in marked[run.start : run.stop]]
            entries.update(_completing(marks, rule.at_least))
    listed = tuple(s.id for s, _ in marked if s.id in met or not met)
    return PauseStatus(
        rule=rule,
        met=bool(met),
        subjects=listed,
        entries=tuple(sorted(entries)),
        text=_say(rule, listed, taken_back, met=bool(met)),
    )


def _say(
    rule: PauseRule, listed: Sequence[str], taken_back: Mapping[int, str], *, met: bool
) -> str:
    if rule is DEATH_PAUSES:
        said = f"{' and '.join(listed) or 'nobody'} died"
        notes = [f"that of {name} by entry {entry}" for entry, name in taken_back.items()]
        return f"{said} (taken back: {', '.join(notes)})" if notes else said
    verb = "is" if met else "is not"
    who = ", ".join(listed) or "nobody so far"
    return f'pause rule "{rule.name}" {verb} met: {describe_pause_rule(rule)}: {who}'


def _with_taken_back(
    marked: Sequence[tuple[Subject, Sequence[int]]],
    taken_back: Mapping[int, str],
    state: TrialState,
) -> list[tuple[Subject, Sequence[int]]]:
    """Return the same with deaths that a correction took back, which pauses as a death does."""
    marks = {subject.id: list(entries) for subject, entries in marked}
    for entry, name in taken_back.items():
        marks.setdefault(name, []).append(entry)
    found = [(state.subjects[name], entries) for name, entries in marks.items()]
    return sorted(found, key=lambda pair: _place(pair[0], DEATH_PAUSES))


def deaths_taken_back(state: TrialState) -> dict[int, str]:
    """Return who was recorded as dead in an entry that says so no more, by the correction.

    An outcome that a ruling had recorded is none: the death is that of the event, which stands.
    """
    return {
        correction.seq: state.current_id(state.owners[correction.event.entry])
        for correction in state.corrections
        if _tells_of_death(correction.before, judged=state.own_votes)
        and not (correction.after and _tells_of_death(correction.after, judged=state.own_votes))
        and not _was_of_ruling(correction, state)
    }


def _was_of_ruling(correction: Correction, state: TrialState) -> bool:
    subject = state.subjects[state.current_id(state.owners[correction.event.entry])]
    said = correction.before
    return isinstance(said, OutcomeRecorded) and follows_ruling(
        subject, correction.event.entry, said
    )


def _tells_of_death(event: Event, *, judged: bool) -> bool:
    match event:
        case AdverseEventRecorded():
            return is_death(event)
        case AdverseEventFollowedUp(changes=changes):
            return changes.get("grade") == 5 or changes.get("outcome") == EventOutcome.FATAL
        case OutcomeRecorded(toxicities=toxicities):
            return judged and any(toxicity.grade == 5 for toxicity in toxicities)
    return False


def _marked(rule: PauseRule, state: TrialState, on: date) -> list[tuple[Subject, Sequence[int]]]:
    """Return who has an event that a rule is about, in order, and the entries that say so."""
    found: list[tuple[Subject, Sequence[int]]] = []
    for marks, group in state.subjects.grouped(_marks_of, rule).items():
        for subject in group.values() if marks != () else ():
            now = list(_entries(subject, rule, on)) if marks is None else marks
            if now:
                found.append((subject, now))
    return sorted(found, key=lambda pair: _place(pair[0], rule))


def _place(subject: Subject, rule: PauseRule) -> tuple[date, int]:
    """Sort subjects by dosing; as to deaths, by enrolment."""
    by_dosing = None if rule == DEATH_PAUSES else subject.dosed_at
    return by_dosing or (date.min, subject.enrolments[0].seq)


def _marks_of(subject: Subject, rule: PauseRule) -> tuple[int, ...] | None:
    """Return the entries with events that a rule is about; None where it takes the day to tell."""
    if subject.dosing is None and rule != DEATH_PAUSES:
        return ()
    if rule.dlt and any(e.ruling is None and can_meet(e, subject.dlt) for e in subject.events):
        return None
    return tuple(_entries(subject, rule, date.min))


def _runs(rule: PauseRule, state: TrialState, marked: Sequence[Subject]) -> Iterator[range]:
    """Yield, by their places among the marked, who of them is in one run of patients.

    Every run begins with one of them: any other has no more of them than one that does.
    """
    if rule.among is None:
        yield range(len(marked))
    elif len(marked) >= rule.at_least:
        ranks = [state.subjects.n_dosed_before(subject) for subject in marked]
        for first, rank in enumerate(ranks):
            yield range(first, bisect_left(ranks, rank + rule.among))


def _completing(marks: Sequence[Sequence[int]], at_least: int) -> Iterator[int]:
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
    if rule != DEATH_PAUSES and (
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
    return suggest(subject, event, on).verdict is Verdict.MEETS


def _from_outcomes(subject: Subject, rule: PauseRule) -> Iterator[int]:
    """Yield the entries of outcomes with a toxicity that a rule is about.

    A toxicity that was recorded as an event too is that event. A DLT of which nothing is told is
    one of any grade.
    """
    events = {_called(event.now.term, event.now.started) for event in subject.events}
    for fact in subject.outcomes:
        if rule.dlt and fact.event.outcome is not Outcome.DLT:
            continue
        if not rule.dlt and is_of_ruling(subject, fact):
            continue  # its event answers for it, as corrected since
        told = [
            t for t in fact.event.toxicities if rule.dlt or _called(t.term, t.onset) not in events
        ]
        untold_dlt = rule.dlt and not told and rule.term is rule.category is None and not rule.fatal
        if untold_dlt or any(_is_toxicity_of(rule, toxicity) for toxicity in told):
            yield max(fact.seq, *fact.corrected_by, 0)


def _called(term: str, onset: date) -> tuple[str, date]:
    return as_compared(term), onset


def _is_toxicity_of(rule: PauseRule, toxicity: Toxicity) -> bool:
    """Tell whether a rule is about a toxicity, whose term may be the name of a category."""
    return (
        toxicity.grade >= rule.min_grade
        and (rule.category is None or same_word(rule.category, toxicity.term))
        and (rule.term is None or same_word(rule.term, toxicity.term))
        and (not rule.related or is_related(toxicity.relation))
        and (not rule.fatal or toxicity.grade == 5)
    )
