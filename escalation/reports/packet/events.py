"""T5 to T7: CRS and ICANS, all events by term and worst grade, cytopenia and infections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from escalation.reports.packet.basis import Basis
from escalation.reports.packet.syndromes import CRS, CYTOPENIA, ICANS, INFECTION, is_of
from escalation.reports.trial.adverse_event_counts import (
    GRADES,
    LevelEvents,
    by_level,
    count_events,
)
from escalation.reports.trial.adverse_events import serious_rows, summary_rows, term_rows
from escalation.reports.view import Block, Item, Items, Paragraph, Table
from escalation.trial.adverse_events.delays import warn_of_delays
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.adverse_events.listing import ListedEvent, list_events
from escalation.trial.adverse_events.verdicts import SEVERE

__all__ = ["event_blocks", "listed_blocks", "syndrome_blocks"]


def syndrome_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T5: CRS and ICANS by level and grade, then each with onset, duration, treatment."""
    events = list_events(basis.state)
    of_both = [event for event in events if is_of(event, CRS) or is_of(event, ICANS)]
    if not of_both:
        yield Paragraph("T5 CRS and ICANS: none recorded.")
        return
    levels = [level for level in by_level(basis.state, basis.protocol) if level.n_treated]
    yield Table(
        [
            ("", "level", "treated", "patients", *(f"G{grade}" for grade in GRADES), "onset, days",
             "duration, days"),
            *_syndrome_rows(basis, levels),
        ],
        left=(0,),
        caption="T5 CRS and ICANS: patients by worst grade; days: median (least to most)",
    )  # fmt: skip
    yield Table(
        [("patient", "level", "what", "onset", "days", "treatment"), *_each(basis, of_both)],
        left=(0, 2, 5),
        prose=True,
        caption="T5, each event; onset: day after the infusion",
    )


def _syndrome_rows(basis: Basis, levels: Sequence[LevelEvents]) -> Iterator[Sequence[str]]:
    for name, words in (("CRS", CRS), ("ICANS", ICANS)):
        has_any = any(is_of(event, words) for event in levels[-1].events)
        for level in levels if has_any else levels[-1:]:
            events = [event for event in level.events if is_of(event, words)]
            counts = count_events(events)
            onsets = [n for event in events if (n := _onset(basis, event)) is not None]
            lasted = [n for event in events if (n := _duration(event)) is not None]
            yield (
                name,
                "all" if level.label is None else str(level.label),
                str(level.n_treated),
                str(counts.n_patients),
                *(str(n) if n else "-" for n in counts.patients_at),
                _spread(onsets),
                _spread(lasted),
            )


def _spread(days: Sequence[int]) -> str:
    if not days:
        return "-"
    return f"{median(days):g} ({min(days)} to {max(days)})"


def _onset(basis: Basis, event: ListedEvent) -> int | None:
    """Return the days from the infusion to an event's onset; None for who was not dosed."""
    dosed = basis.state.subjects[event.subject].dosed_on
    return None if dosed is None else (event.started - dosed).days


def _duration(event: ListedEvent) -> int | None:
    """Return the days from onset to end; None where it is not over, or nobody has said."""
    return None if event.ended is None else (event.ended - event.started).days


def _each(basis: Basis, events: Sequence[ListedEvent]) -> Iterator[Sequence[str]]:
    for event in events:
        yield (
            event.subject,
            str(event.level),
            f"{event.term} grade {event.worst_grade}",
            _say_onset(basis, event),
            _say_duration(event),
            _treatment(event),
        )


def _say_onset(basis: Basis, event: ListedEvent) -> str:
    days = _onset(basis, event)
    return f"{event.started}" if days is None else f"{event.started}, day {days}"


def _say_duration(event: ListedEvent) -> str:
    days = _duration(event)
    if days is not None:
        return str(days)
    return "not told" if event.event is None else "not over"


def _treatment(event: ListedEvent) -> str:
    reports = () if event.event is None else event.event.reports
    said = dict.fromkeys(report.event.treatment for report in reports if report.event.treatment)
    return "; ".join(said) or "not recorded"


def event_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T6: counts by level, by term and worst grade, serious events and deaths."""
    levels = by_level(basis.state, basis.protocol)
    in_all = levels[-1]
    if not in_all.events:
        yield Paragraph("T6 Adverse events: none recorded.")
        return
    given = [level for level in levels if level.n_enrolled or level is in_all]
    yield Table(list(summary_rows(given)), caption="T6 Adverse events: patients (events)")
    yield Table(
        list(term_rows(given)),
        caption="T6, by category and term; G1 to G5: patients by their worst grade",
    )
    serious = [event for event in in_all.events if event.serious or event.is_fatal]
    if serious:
        yield Table(
            list(serious_rows(serious)),
            left=(0, 1, 3),
            prose=True,
            caption="T6, serious adverse events and deaths",
        )
    late = [Item(text=remark.text) for remark in warn_of_delays(basis.state)]
    if late:
        yield Paragraph("Known or recorded later than the protocol allows:")
        yield Items(late)


def listed_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T7: each cytopenia and infection, and how long it was of grade 3 or more."""
    events = [
        event
        for event in list_events(basis.state)
        if is_of(event, CYTOPENIA) or is_of(event, INFECTION)
    ]
    if not events:
        yield Paragraph("T7 Cytopenia and infections: none recorded.")
        return
    yield Table(
        [
            ("patient", "level", "what", "onset", f"days of G{SEVERE}+", "days of G4+", "now"),
            *(_course_row(basis, event) for event in events),
        ],
        left=(0, 2, 3, 6),
        caption=f"T7 Cytopenia and infections; days: known by {basis.on}",
    )


def _course_row(basis: Basis, event: ListedEvent) -> Sequence[str]:
    first = (
        event.subject,
        str(event.level),
        f"{event.term} grade {event.worst_grade}",
        _say_onset(basis, event),
    )
    if event.event is None:
        return (*first, "-", "-", "not told")
    course = GradeCourse.of(event.event, basis.on)
    days = [str(course.n_days_of(grade, event.started) or "-") for grade in (SEVERE, 4)]
    if event.is_fatal:
        now = "fatal"
    elif event.ended is not None:
        now = f"ended {event.ended}"
    else:
        now = f"grade {course.last}"
    return (*first, *days, now)
