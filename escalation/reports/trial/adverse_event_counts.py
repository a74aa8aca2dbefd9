"""The primary outcome counted: adverse events and the patients who had them, by level and in all.

A patient counts once a row, at the worst grade that they had in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from escalation.text import as_compared
from escalation.trial import TrialState
from escalation.trial.adverse_events.listing import ListedEvent, list_events

__all__ = [
    "GRADES",
    "Counts",
    "LevelEvents",
    "TermEvents",
    "by_level",
    "by_term",
    "count_events",
]

GRADES = range(1, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Events, and patients who had at least one.

    Attributes
    ----------
    n_events, n_patients : int
    events_at, patients_at : tuple of int
        By worst grade, 1 to 5: of the event, and of the patient.
    """

    n_events: int
    n_patients: int
    events_at: tuple[int, ...]
    patients_at: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelEvents:
    """What happened at one level, or at all of them.

    Attributes
    ----------
    label : int or None
        None for all levels.
    n_enrolled, n_treated : int
        Patients assigned there last, and those of them who were dosed.
    tally : Tally
        Evaluable patients and DLTs, as the rule counts them.
    events : tuple of ListedEvent
    """

    label: Label | None
    n_enrolled: int
    n_treated: int
    tally: Tally
    events: tuple[ListedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermEvents:
    """The events of one term, or of one category where ``term`` is None."""

    category: str | None
    term: str | None
    events: tuple[ListedEvent, ...]


def count_events(events: Iterable[ListedEvent]) -> Counts:
    """Count events and patients, in all and by worst grade.

    Examples
    --------
    >>> count_events([])
    Counts(n_events=0, n_patients=0, events_at=(0, 0, 0, 0, 0), patients_at=(0, 0, 0, 0, 0))
    """
    grades: list[int] = []
    worst: dict[str, int] = {}
    for event in events:
        grades.append(event.worst_grade)
        worst[event.subject] = max(event.worst_grade, worst.get(event.subject, 0))
    of_patients = list(worst.values())
    return Counts(
        n_events=len(grades),
        n_patients=len(worst),
        events_at=tuple(grades.count(grade) for grade in GRADES),
        patients_at=tuple(of_patients.count(grade) for grade in GRADES),
    )


def by_level(state: TrialState, protocol: Protocol) -> list[LevelEvents]:
    """Return what happened at each level of the ladder, lowest first, and at all of them last."""
    events, tallies = list_events(state), state.tallies()
    levels = []
    for label, tally in zip(protocol.labels, tallies, strict=True):
        here = [subject for subject in state.subjects.values() if subject.level == label]
        levels.append(
            LevelEvents(
                label=label,
                n_enrolled=len(here),
                n_treated=sum(subject.dosing is not None for subject in here),
                tally=tally,
                events=tuple(event for event in events if event.level == label),
            )
        )
    in_all = LevelEvents(
        label=None,
        n_enrolled=state.n_enrolled,
        n_treated=sum(level.n_treated for level in levels),
        tally=Tally(
            n_evaluable=sum(tally.n_evaluable for tally in tallies),
            n_dlts=sum(tally.n_dlts for tally in tallies),
            n_pending=sum(tally.n_pending for tally in tallies),
        ),
        events=tuple(events),
    )
    return [*levels, in_all]


def by_term(events: Sequence[ListedEvent]) -> Iterator[TermEvents]:
    """Yield each category, then its terms: those that most patients had first.

    A term without a category is in that of the same term elsewhere; events that have none come
    last. Words are written as they were first.
    """
    known = {as_compared(e.term): e.category for e in reversed(events) if e.category is not None}

    def category_of(event: ListedEvent) -> str | None:
        return event.category or known.get(as_compared(event.term))

    for named in _grouped(events, category_of):
        category = category_of(named[0])
        yield TermEvents(category=category, term=None, events=named)
        for of_term in _grouped(named, lambda event: event.term):
            yield TermEvents(category=category, term=of_term[0].term, events=of_term)


def _grouped(
    events: Sequence[ListedEvent], word: Callable[[ListedEvent], str | None]
) -> list[tuple[ListedEvent, ...]]:
    groups: dict[str | None, list[ListedEvent]] = {}
    for event in events:
        said = word(event)
        groups.setdefault(None if said is None else as_compared(said), []).append(event)

    def place(name: str | None) -> tuple[bool, int, int, str]:
        counts = count_events(groups[name])
        return name is None, -counts.n_patients, -counts.n_events, name or ""

    return [tuple(groups[name]) for name in sorted(groups, key=place)]
