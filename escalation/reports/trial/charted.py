"""What an entry of somebody's chart says, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from escalation.text import count, list_briefly
from escalation.trial.chart import ChartEvent
from escalation.trial.events import (
    EligibilityWaived,
    Finding,
    FindingsRecorded,
    SubjectLeft,
    SubjectScreened,
    VisitRecorded,
)
from escalation.trial.findings.words import say_result

__all__ = ["headline_of_charted", "say_charted", "say_findings"]


def say_charted(
    event: ChartEvent,
    on: str,
) -> str:
    """Say what an entry of a chart records; ``on`` is its day, where it has to be said."""
    match event:
        case SubjectScreened():
            said = [
                None if event.disease is None else f"for {event.disease}",
                event.sex and str(event.sex),
                None if event.born is None else f"born {event.born}",
                None if event.consented is None else f"consented on {event.consented}",
                None if event.site is None else f"at {event.site}",
            ]
            return ", ".join([f"{event.subject} screened{on}", *filter(None, said)])
        case FindingsRecorded():
            at = "" if event.visit is None else f" at {event.visit}"
            said_of = list_briefly([_say_dated(finding, event.on) for finding in event.findings])
            why = "" if event.reason is None else f", because {event.reason}"
            file = None if event.source is None else event.source.partition(", SHA-256 ")[0]
            source = "" if file is None else f", from {file}"
            n = count(len(event.findings), "result")
            return f"{n} of {event.subject}{at}{on}{source}: {said_of}{why}"
        case EligibilityWaived():
            items = list_briefly(event.criteria)
            return f"criteria waived for {event.subject}{on}: {items}. Reason: {event.reason}"
        case VisitRecorded(missed=None):
            note = "" if event.note is None else f": {event.note}"
            return f"visit {event.visit} of {event.subject}{on}{note}"
        case VisitRecorded():
            return f"visit {event.visit} of {event.subject} missed{on}: {event.missed}"
        case SubjectLeft():
            why = "" if event.reason is None else f" ({event.reason})"
            return f"{event.subject} left the study{on}: {event.why}{why}"


def headline_of_charted(
    event: ChartEvent,
) -> str:
    """Say what an entry of a chart is, as what is said of its correction begins."""
    match event:
        case SubjectScreened():
            return f"screening of {event.subject}"
        case FindingsRecorded():
            return f"results of {event.subject}"
        case EligibilityWaived():
            return f"waiver for {event.subject}"
        case VisitRecorded():
            return f"visit {event.visit} of {event.subject}"
        case SubjectLeft():
            return f"end of {event.subject}'s part"


def _say_dated(finding: Finding, on: date) -> str:
    """Say a result, and the day of its sample where that is not the entry's."""
    day = "" if finding.on in (None, on) else f" on {finding.on}"
    return f"{say_result(finding)}{day}"


def say_findings(findings: Sequence[Mapping[str, Any]], *, but: Sequence[object]) -> str:
    """Say results that are not among others, with what is said beside them: ``alt 30 U/L``."""
    said = []
    for data in findings:
        if data not in but:
            found = Finding(**{name: data[name] for name in _RESULT})
            beside = [
                f"{name} {value}"
                for name, value in data.items()
                if name not in _RESULT and value is not None
            ]
            said.append(say_result(found) + (f" ({', '.join(beside)})" if beside else ""))
    return " and ".join(said) or "none"


_RESULT = ("test", "value", "unit", "answer", "below", "not_done")
