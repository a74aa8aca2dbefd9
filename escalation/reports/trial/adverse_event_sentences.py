"""What an entry about an adverse event says, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.events import AdverseEventFollowedUp, AdverseEventRecorded
from escalation.trial.state import TrialState

__all__ = ["describe_events", "say_follow_up", "say_report"]


def say_report(event: AdverseEventRecorded) -> str:
    """Say what was reported: term, grade by which scale, days, and the site's judgement."""
    return f"{event.subject} had {event.term}, {', '.join(_details(event))}"


def _details(event: AdverseEventRecorded) -> Iterator[str]:
    graded = f"grade {event.grade} ({event.scale} {event.scale_version}"
    by = "" if event.graded_by is None else f": {event.graded_by}"
    yield f"{graded}{by})"
    if event.baseline_grade is not None:
        yield f"baseline grade {event.baseline_grade}"
    yield f"onset {event.started}"
    if event.ended is not None:
        yield f"ended {event.ended}"
    yield f"the site aware on {event.aware}"
    if event.category is not None:
        yield f"category {event.category}"
    if event.code is not None:
        yield f"code {event.code}" + ("" if event.dictionary is None else f" ({event.dictionary})")
    if event.serious:
        yield f"serious: {' and '.join(event.serious)}"
    for name in ("relation", "outcome"):
        said = getattr(event, name)
        if said is not None:
            yield f"{name} {said}"
    if event.action is not None:
        yield f"action taken: {event.action}"
    if event.treatment is not None:
        yield f'treatment: "{event.treatment}"'
    if event.narrative is not None:
        yield f'narrative: "{event.narrative}"'


def say_follow_up(event: AdverseEventFollowedUp, state: TrialState) -> str:
    """Say what has changed since an adverse event was reported, and from when on."""
    known = state.find_event(event.entry)
    of = "" if known is None else f" ({known.now.term} of {known.subject})"
    aware = "" if event.aware == event.on else f", the site aware on {event.aware}"
    changes = ", ".join(_changes(event.changes))
    return f"adverse event {event.entry}{of}, from {event.on} on: {changes}{aware}"


def _changes(changes: Mapping[str, Any]) -> Iterator[str]:
    for name, value in changes.items():
        if name == "graded_by" and value is None:
            yield "graded without observations"
        elif name != "observations":  # the grade says what they come to
            yield f"{_WORDS.get(name, name.replace('_', ' '))} {_say(value)}"


_WORDS = {"serious": "serious:", "action": "action taken:", "graded_by": "by"}


def _say(value: object) -> str:
    match value:
        case None | []:
            return "none"
        case list():
            return " and ".join(map(str, value))
    return str(value)


def describe_events(events: tuple[AdverseEvent, ...]) -> str:
    """Say how many adverse events a patient had: ``3 adverse events, worst grade 4, 1 serious``."""
    n, n_serious = len(events), sum(event.is_serious for event in events)
    said = f"{n} adverse event{'s' * (n != 1)}, worst grade {max(e.worst_grade for e in events)}"
    said += f", {n_serious} serious" if n_serious else ""
    return said + ", died" * any(event.is_fatal for event in events)
