"""The tables of the primary outcome: adverse events by level, term and worst grade, and DLTs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from escalation.binomial import LEVEL, clopper_pearson, percent
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from escalation.reports.trial.adverse_event_counts import (
    GRADES,
    Counts,
    LevelEvents,
    TermEvents,
    by_level,
    by_term,
    count_events,
)
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Heading, Item, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.adverse_events.delays import find_delays, warn_of_delays
from escalation.trial.adverse_events.listing import ListedEvent, list_events
from escalation.trial.adverse_events.verdicts import SEVERE, suggest
from escalation.trial.rule import NoProtocolError

__all__ = ["serious_rows", "summary_rows", "term_rows", "view_adverse_events"]

NO_CATEGORY = "no category"


def view_adverse_events(state: TrialState, trial: str, on: date) -> View:
    """Return the view of a trial's adverse events.

    Parameters
    ----------
    state : TrialState
    trial : str
        Its id.
    on : date
        The day it is looked at: what the definition of a DLT says depends on it.

    Raises
    ------
    NoProtocolError
        For a trial without a protocol that can be read.
    """
    protocol = state.protocol
    if protocol is None:
        raise NoProtocolError
    return View(
        page=lambda: _page(state, protocol, trial),
        document=lambda: {
            **trial_heading(state, trial),
            "on": on.isoformat(),
            "levels": [_level_document(level) for level in by_level(state, protocol)],
            "events": [_event_document(event, state, on) for event in list_events(state)],
            "late": _late_document(state),
        },
        rows=lambda: _rows(by_level(state, protocol)),
        columns=_COLUMNS,
    )


# ---------------------------------------------------------------- the page


def _page(state: TrialState, protocol: Protocol, trial: str) -> Iterator[Block]:
    levels = by_level(state, protocol)
    in_all = levels[-1]
    given = [level for level in levels if level.n_enrolled or level is in_all]
    yield Paragraph(_say_in_all(state, in_all, trial), "  ")
    yield GAP
    yield Heading("By level: patients (events)")
    yield Table(list(summary_rows(given)))
    if in_all.events:
        yield GAP
        yield Heading("By category, term and worst grade: patients (events)")
        yield Table(list(term_rows(given)))
        yield Paragraph(
            "A patient counts once a row. G1 to G5: patients of all levels by their worst grade. "
            "An event recorded without a category is listed with the same term that has one.",
            "  ",
        )
    yield GAP
    yield Heading("DLTs by level")
    yield Table(list(_incidence(levels, protocol)))
    yield Paragraph(f"Exact two-sided {100 * LEVEL:g} % limits (Clopper-Pearson).")
    serious = [event for event in in_all.events if event.serious]
    if serious:
        yield GAP
        yield Heading("Serious adverse events")
        yield Table(list(serious_rows(serious)), left=(1, 3), prose=True)
    late = [Item(text=remark.text) for remark in warn_of_delays(state)]
    if late:
        yield GAP
        yield Heading("Known or recorded later than the protocol allows")
        yield Items(late)


def _say_in_all(state: TrialState, in_all: LevelEvents, trial: str) -> str:
    counts = count_events(in_all.events)
    said = (
        f"Trial {trial} after entry {state.seq}: {count(counts.n_events, 'adverse event')} in "
        f"{counts.n_patients} of {count(in_all.n_enrolled, 'patient')}, {in_all.n_treated} treated."
    )
    n_inside = sum(event.event is None for event in in_all.events)
    if n_inside:
        said += f" From recorded outcomes, without a report of their own: {n_inside}."
    return said


def _heads(levels: Sequence[LevelEvents]) -> list[str]:
    return ["all" if level.label is None else f"level {level.label}" for level in levels]


def summary_rows(levels: Sequence[LevelEvents]) -> Iterator[Sequence[str]]:
    """Yield patients with an event of each kind, a column a level."""
    yield ["", *_heads(levels)]
    yield ["patients enrolled", *(str(level.n_enrolled) for level in levels)]
    yield ["patients treated", *(str(level.n_treated) for level in levels)]
    for name, kept in _KINDS.items():
        chosen = (count_events(filter(kept, level.events)) for level in levels)
        yield [_SAID[name], *map(_cell, chosen)]


_KINDS = {
    "any": lambda event: True,
    "emergent": lambda event: event.is_emergent,
    "severe": lambda event: event.worst_grade >= SEVERE,
    "serious": lambda event: bool(event.serious),
    "dlt": lambda event: event.dlt is True,
    "fatal": lambda event: event.is_fatal,
}
_SAID = {
    "any": "any event",
    "emergent": "treatment-emergent",
    "severe": f"grade {SEVERE} or more",
    "serious": "serious",
    "dlt": "adjudicated as a DLT",
    "fatal": "fatal",
}


def _cell(counts: Counts) -> str:
    return f"{counts.n_patients} ({counts.n_events})" if counts.n_events else "-"


def term_rows(levels: Sequence[LevelEvents]) -> Iterator[Sequence[str]]:
    """Yield patients with an event of each category and term, a column a level, then by grade."""
    yield ["", *_heads(levels), *(f"G{grade}" for grade in GRADES)]
    for row in by_term(levels[-1].events):
        name = row.category or NO_CATEGORY if row.term is None else f"  {row.term}"
        counts = [count_events(_at(level, row)) for level in levels]
        yield [name, *map(_cell, counts), *(str(n) if n else "-" for n in counts[-1].patients_at)]


def _at(level: LevelEvents, row: TermEvents) -> Iterable[ListedEvent]:
    return (event for event in row.events if level.label in (None, event.level))


def _incidence(levels: Sequence[LevelEvents], protocol: Protocol) -> Iterator[Sequence[str]]:
    yield ["", "evaluable", "DLTs", "rate", "limits"]
    for index, level in enumerate(levels):
        named = (
            "all levels" if level.label is None else protocol.describe_level(index, briefly=True)
        )
        n, x = level.tally.n_evaluable, level.tally.n_dlts
        limits = f"{percent(*clopper_pearson(n, x))} %" if n else "-"
        yield [named, str(n), str(x), f"{100 * x / n:.0f} %" if n else "-", limits]


def serious_rows(events: Sequence[ListedEvent]) -> Iterator[Sequence[str]]:
    """Yield a row an event, with why it is serious."""
    yield "entry", "patient", "level", "what"
    for event in events:
        days = f"from {event.started}" + ("" if event.ended is None else f" to {event.ended}")
        relation = "not judged" if event.relation is None else str(event.relation)
        said = (
            f"{event.term} grade {event.worst_grade}, {days}: "
            f"{' and '.join(event.serious)}; relation {relation}"
        )
        yield str(event.entry), event.subject, str(event.level), said


# ---------------------------------------------------------------- rows and JSON

_COLUMNS = {
    "level": 'label; "all" for all levels',
    "category": '"any" for all of them; empty where none was given',
    "term": '"any" for all terms of the category',
    "worst_grade": '"any", or 1 to 5: patients and events whose worst grade this is',
    "n_patients": "who had such an event",
    "n_events": "such events",
    "n_events_emergent": "of them, treatment-emergent",
    "n_events_serious": "of them, serious",
    "n_enrolled": "patients assigned to the level",
    "n_treated": "of them, dosed",
    "n_evaluable": "patients whom the rule counts",
    "n_dlts": "of them, with a DLT",
    "dlt_lower": f"exact {100 * LEVEL:g} % limit of P(DLT)",
    "dlt_upper": f"exact {100 * LEVEL:g} % limit of P(DLT)",
}


def _rows(levels: Sequence[LevelEvents]) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    for level in levels:
        label = "all" if level.label is None else level.label
        of_level = (level.n_enrolled, level.n_treated, *_limits(level.tally))
        rows = [("any", "any", level.events)]
        rows += [
            (row.category or "", "any" if row.term is None else row.term, row.events)
            for row in by_term(level.events)
        ]
        for category, term, events in rows:
            counts = count_events(events)
            yield (
                *(label, category, term, "any", counts.n_patients, counts.n_events),
                *_marked(events),
                *of_level,
            )
            for grade in GRADES:
                n_patients, n_events = counts.patients_at[grade - 1], counts.events_at[grade - 1]
                if n_patients or n_events:
                    at = [event for event in events if event.worst_grade == grade]
                    yield (
                        *(label, category, term, grade, n_patients, n_events),
                        *_marked(at),
                        *of_level,
                    )


def _marked(events: Sequence[ListedEvent]) -> tuple[int, int]:
    return sum(event.is_emergent for event in events), sum(bool(e.serious) for e in events)


def _limits(tally: Tally) -> tuple[int, int, float | None, float | None]:
    n, x = tally.n_evaluable, tally.n_dlts
    return (n, x, *(clopper_pearson(n, x) if n else (None, None)))


def _level_document(level: LevelEvents) -> dict[str, Any]:
    n, x, lower, upper = _limits(level.tally)
    return {
        "level": level.label,
        "n_enrolled": level.n_enrolled,
        "n_treated": level.n_treated,
        "n_evaluable": n,
        "n_dlts": x,
        "p_dlt_limits": None if lower is None else [lower, upper],
        **{name: _counts_document(filter(kept, level.events)) for name, kept in _KINDS.items()},
        "terms": [
            {"category": row.category, "term": row.term, **_counts_document(row.events)}
            for row in by_term(level.events)
        ],
    }


def _counts_document(events: Iterable[ListedEvent]) -> dict[str, Any]:
    counts = count_events(events)
    return {
        "n_patients": counts.n_patients,
        "n_events": counts.n_events,
        "patients_by_worst_grade": list(counts.patients_at),
        "events_by_worst_grade": list(counts.events_at),
    }


def _event_document(event: ListedEvent, state: TrialState, on: date) -> dict[str, Any]:
    said = None
    if event.event is not None:
        said = suggest(state.subjects[event.subject], event.event, on)
    return {
        "entry": event.entry,
        "subject": event.subject,
        "level": event.level,
        "term": event.term,
        "category": event.category,
        "started": event.started.isoformat(),
        "ended": None if event.ended is None else event.ended.isoformat(),
        "worst_grade": event.worst_grade,
        "scale": event.scale,
        "serious": list(event.serious),
        "relation": event.relation,
        "emergent": event.is_emergent,
        "fatal": event.is_fatal,
        "dlt": event.dlt,
        "definition": None if said is None else said.verdict,
        "definition_says": None if said is None else said.text,
        "inside_outcome": event.event is None,
    }


def _late_document(state: TrialState) -> list[dict[str, Any]]:
    return [
        {
            "event": delay.event.entry,
            "entry": delay.report.seq,
            "subject": delay.subject,
            "since": delay.since.isoformat(),
            "aware": delay.aware.isoformat(),
            "recorded": delay.recorded.isoformat(),
            "too_late": list(delay.too_late),
        }
        for delay in find_delays(state)
    ]
