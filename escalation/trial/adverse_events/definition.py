"""What the protocol's definition of a DLT says of an adverse event: a suggestion, never a ruling.

Today is the last day known: an event that is not over can stay as it is, or improve tomorrow. What
depends on which of the two is *not yet* decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum

from escalation.dataclass import dataclass
from escalation.protocol import DltWindow
from escalation.protocol.judging import describe_dlt_rule, describe_exception, dlt_rules
from escalation.protocol.tables import DltException, DltRule
from escalation.text import as_compared, count
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.adverse_events.observing import is_lower_bound
from escalation.trial.calendar import add_days, protocol_day
from escalation.trial.events import AdverseEventAdjudicated, AdverseEventRecorded, Relation

__all__ = [
    "Suggestion",
    "Verdict",
    "can_meet",
    "departs",
    "is_related",
    "judge_event",
    "same_word",
    "say_suggested",
]


class Verdict(StrEnum):
    """What the definition says of an event."""

    MEETS = "meets the definition"
    DOES_NOT = "does not meet the definition"
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the definition says of an event, with the rule.

    Attributes
    ----------
    verdict : Verdict
    rule : str or None
        Name of the rule that is met, or can still be; None where no rule is.
    until : date or None
        Not yet: the day from which the rule is met, if the event stays as it is.
    text : str
        One sentence, without a stop.
    """

    verdict: Verdict
    rule: str | None = None
    until: date | None = None
    text: str


def judge_event(
    event: AdverseEvent,
    dlt: DltWindow,
    *,
    dosed_on: date | None,
    window_closes: date | None,
    on: date,
) -> Suggestion:
    """Judge an event by the definition of a DLT: it meets it if it meets any rule.

    It must begin, or become worse than ever before, in the window. Where several rules could be
    met, the answer is the strongest: one that is met, then the one that is decided first.

    Parameters
    ----------
    event : AdverseEvent
    dlt : DltWindow
        Of the protocol under which the subject was dosed (``Subject.dlt``).
    dosed_on : date or None
        Day of the first infusion; None before it.
    window_closes : date or None
        Last day of the window; None where the protocol names no window: then it does not end.
    on : date
        Today.

    Notes
    -----
    Where the record is silent, the event counts: a relation not yet judged is possible, an unknown
    baseline is none. Days of a grade add up, also where it was lower between them. The worst grade
    of the course counts; a fatal event is of grade 5 and is never over.
    """
    if dosed_on is None:
        return _none(f"{event.subject} has not been dosed")
    course = GradeCourse.of(event, on)
    if not course.begins_within(dosed_on, window_closes):
        closes = "" if window_closes is None else f" to {window_closes}"
        return _none(f"began on {course.started}, outside the DLT window, {dosed_on}{closes}")
    judged = [_judge_by(rule, event.now, course, dlt, dosed_on) for rule in dlt_rules(dlt)]
    strongest = min(judged, key=_strength)
    return strongest if strongest.text else _none("no rule is about such an event")


def can_meet(event: AdverseEvent, dlt: DltWindow) -> bool:
    """Tell whether an event may meet a rule on some day, by some of its reports, as any judged it.

    False is certain; True says only that it takes the day to tell.
    """
    course = GradeCourse.of(event, date.min)
    said = [report.event for report in event.reports]
    judged = {(now.category, now.relation, now.baseline_grade): now for now in said}.values()
    terms = {now.term for now in said}
    readings = [n if n.term == t else replace(n, term=t) for n in judged for t in terms]
    return any(
        _is_about(rule, reading) and _falls_short(rule, reading, course) is None
        for rule in dlt_rules(dlt)
        for reading in readings
    )


def _none(why: str) -> Suggestion:
    return Suggestion(verdict=Verdict.DOES_NOT, text=f"does not meet the definition: {why}")


def _strength(suggestion: Suggestion) -> tuple[int, date, bool]:
    """Sort the strongest first; of those that are not met, one that is about such events."""
    order = (Verdict.MEETS, Verdict.NOT_YET, Verdict.DOES_NOT)
    until = suggestion.until or date.max
    return order.index(suggestion.verdict), until, suggestion.text == ""


def _judge_by(
    rule: DltRule, event: AdverseEventRecorded, course: GradeCourse, dlt: DltWindow, dosed_on: date
) -> Suggestion:
    """Judge by one rule; the text is empty where the rule is not about such an event."""
    if not _is_about(rule, event):
        return Suggestion(verdict=Verdict.DOES_NOT, text="")
    why = _falls_short(rule, event, course)
    if why is not None:
        return _not_by(rule, why)
    until = course.known_to
    for day, why in _conditions(rule, event, course, dlt, dosed_on):
        if day is None:
            return _not_by(rule, why)
        until = max(until, day)
    said = f'rule "{rule.name}": {describe_dlt_rule(rule)}'
    if until <= course.known_to:
        return Suggestion(verdict=Verdict.MEETS, rule=rule.name, text=f"meets {said}")
    text = f"not yet (until {until}): {said}"
    return Suggestion(verdict=Verdict.NOT_YET, rule=rule.name, until=until, text=text)


def _is_about(rule: DltRule, event: AdverseEventRecorded) -> bool:
    """Tell whether a rule is about events of this term and category."""
    if any(same_word(category, event.category) for category in rule.except_categories):
        return False
    return _names(rule, event)


def _names(rule: DltRule | DltException, event: AdverseEventRecorded) -> bool:
    return (rule.category is None or same_word(rule.category, event.category)) and (
        rule.term is None or same_word(rule.term, event.term)
    )


def same_word(one: str, other: str | None) -> bool:
    """Tell whether two terms or categories are the same, in large letters or small."""
    return other is not None and as_compared(one) == as_compared(other)


def is_related(relation: Relation | None) -> bool:
    """Tell whether something is at least possibly related, or not yet judged."""
    return relation not in (Relation.UNRELATED, Relation.UNLIKELY)


def _falls_short(rule: DltRule, event: AdverseEventRecorded, course: GradeCourse) -> str | None:
    """Say why an event does not meet a rule, however long it lasts; None if it still can."""
    baseline = event.baseline_grade or 0
    if course.worst < rule.min_grade:
        assessed = ", as far as assessed" * is_lower_bound(event.graded_by)
        return f"of grade {course.worst} at worst{assessed}, below {rule.min_grade}"
    if rule.related and not is_related(event.relation):
        return f"relation {event.relation}"
    by = rule.worse_than_baseline_by
    if by is not None and course.worst - baseline < by:
        worse = f"not {count(by, 'grade')} worse than at baseline"
        return f"of grade {course.worst} at worst, {baseline} at baseline: {worse}"
    return None


def _conditions(
    rule: DltRule, event: AdverseEventRecorded, course: GradeCourse, dlt: DltWindow, dosed_on: date
) -> Iterator[tuple[date | None, str]]:
    """Yield the day from which each condition of time holds if the event stays as it is.

    None where it cannot hold any more, with the reason.
    """
    least, known_to = rule.min_grade, course.known_to
    stays = course.last >= least
    if rule.lasts_days is not None:
        n_days = course.n_days_of(least, dosed_on)
        missing = rule.lasts_days + 1 - n_days
        if missing <= 0:
            yield known_to, ""
        else:
            why = f"of grade {least} or more for {count(n_days, 'day')}"
            why += f", not for more than {rule.lasts_days}"
            yield (add_days(known_to, missing) if stays else None), why
    if rule.provisional_until_day is not None:
        number = rule.provisional_until_day
        # who reaches the grade later than that is not held to a day already past
        day = max(protocol_day(dlt, dosed_on, number), course.first_of(least))
        why = f"not of grade {least} or more any longer on day {number}"
        is_so = stays if day > known_to else course.grade_on(day) >= least
        yield (day if is_so else None), why
    for exception in rule.exceptions:
        if not _names(exception, event) or course.worst > (exception.max_grade or 5):
            continue
        named = describe_exception(exception)
        returns_to, within = exception.resolves_to, exception.within_days
        if returns_to is None or within is None:
            yield None, f"excepted: {named}"
            return
        deadline = add_days(course.first_of(least), within)
        if deadline > known_to:
            yield (deadline if course.last > returns_to else None), f"excepted: {named}"
        elif course.worst_from(deadline) <= returns_to:
            yield None, f"excepted: {named}"


def _not_by(rule: DltRule, why: str) -> Suggestion:
    text = f'does not meet rule "{rule.name}": {why}'
    return Suggestion(verdict=Verdict.DOES_NOT, text=text)


def departs(ruling: AdverseEventAdjudicated) -> bool:
    """Tell whether a ruling went against what the definition said then, or came before it."""
    return ruling.suggested != (Verdict.MEETS if ruling.dlt else Verdict.DOES_NOT)


def say_suggested(ruling: AdverseEventAdjudicated) -> str:
    """Say what the definition said of an event when it was ruled, to go on from the ruling.

    Such as ``, although it meets the definition (rule "CRS")``.
    """
    not_yet = ruling.suggested == Verdict.NOT_YET
    said = "could still meet the definition" if not_yet else ruling.suggested
    rule = "" if ruling.rule is None else f' (rule "{ruling.rule}")'
    return f"{', although' if departs(ruling) else ';'} it {said}{rule}"
