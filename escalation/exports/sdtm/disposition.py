"""Events: disposition (DS), how each part in the study began and ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso, numbered
from escalation.exports.sdtm.terms import LEAVINGS
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    SUBJECT,
    day,
    domain,
    sequence,
    text,
    whole,
)
from escalation.outcomes import Outcome

__all__ = ["disposition"]

_MILESTONE, _END, _OTHER = "PROTOCOL MILESTONE", "DISPOSITION EVENT", "OTHER EVENT"
_CONSENT, _ENROLLED = "INFORMED CONSENT OBTAINED", "ENROLLED"
_FAILURE, _NOT_EVALUABLE = "SCREEN FAILURE", "NOT EVALUABLE"
_DECODED = (_CONSENT, _ENROLLED, _FAILURE, _NOT_EVALUABLE, *LEAVINGS.values())
_DS = (
    STUDY,
    domain("DS"),
    SUBJECT,
    sequence("DS", key=3),
    text("DSTERM", "Reported Term for the Disposition Event", **REQUIRED),
    text("DSDECOD", "Standardized Disposition Term", terms=_DECODED, **REQUIRED),
    text("DSCAT", "Category for Disposition Event", terms=(_MILESTONE, _END, _OTHER), **EXPECTED),
    text("EPOCH", "Epoch", terms=("SCREENING", "TREATMENT", "FOLLOW-UP")),
    day("DSSTDTC", "Start Date/Time of Disposition Event", **EXPECTED),
    whole("DSSTDY", "Study Day of Start of Disposition Event", **EXPECTED),
)


def disposition(study: Study) -> Dataset:
    """Return DS: consent, enrolment, screening failure, loss for the rule, end."""
    rows = (row for person in study.people for row in numbered("DS", _of(study, person)))
    return make_dataset("DS", "Disposition", _DS, rows)


def _of(study: Study, person: Person) -> Iterator[Row]:
    def row(category: str, decoded: str, on: date | None, term: str | None = None) -> Row:
        return study.row("DS", person) | {
            "DSTERM": term or decoded,
            "DSDECOD": decoded,
            "DSCAT": category,
            "EPOCH": _epoch(person, category, on),
            "DSSTDTC": iso(on),
            "DSSTDY": person.study_day(on),
        }

    screening = person.chart.screening
    if screening is not None and screening.event.consented is not None:
        yield row(_MILESTONE, _CONSENT, screening.event.consented)
    subject = person.subject
    if subject is not None:
        enrolled = subject.enrolment
        yield row(_MILESTONE, _ENROLLED, None if enrolled.undated else enrolled.on)
        for fact in subject.outcomes:
            if fact.event.outcome is Outcome.NOT_EVALUABLE:
                known = None if fact.event.undated else fact.event.on
                yield row(_OTHER, _NOT_EVALUABLE, known, fact.event.reason)
    if person.failed is not None:
        yield row(_END, _FAILURE, person.failed.on, person.failed.reason)
    left = person.chart.left
    if left is not None:
        said = left.event
        yield row(_END, LEAVINGS[said.why], person.ended_on, said.reason or str(said.why).upper())
    elif person.died_on is not None:
        yield row(_END, "DEATH", person.died_on)


def _epoch(person: Person, category: str, on: date | None) -> str | None:
    if on is None:
        return None
    first, last = person.first_dose, person.last_dose
    if first is None or last is None or on < first or category == _MILESTONE:
        return "SCREENING"  # nobody is dosed before they are enrolled
    return "TREATMENT" if on <= last else "FOLLOW-UP"
