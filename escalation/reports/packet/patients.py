"""T3: every patient, replaced ones too, with what was given and how it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from escalation.reports.packet.basis import Basis
from escalation.reports.packet.syndromes import CRS, ICANS, is_of
from escalation.reports.trial.patients import list_notes
from escalation.reports.view import Block, Paragraph, Table
from escalation.trial.adverse_events.listing import ListedEvent, list_events
from escalation.trial.events import Purpose
from escalation.trial.patients.planned_dose import say_share
from escalation.trial.patients.subjects import Subject

__all__ = ["patient_blocks"]

_HEADS = (
    *("patient", "level", "cohort", "lot", "dosed", "day", "of planned", "window to"),
    *("CRS", "ICANS", "worst", "standing"),
)


def patient_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T3, then F2."""
    state = basis.state
    if not state.subjects:
        yield Paragraph("T3 Patients: nobody has been enrolled.")
        return
    of_subject: dict[str, list[ListedEvent]] = {}
    for event in list_events(state):
        of_subject.setdefault(event.subject, []).append(event)
    subjects = list(state.subjects.values())
    notes = ("; ".join(list_notes(subject, state)) for subject in subjects)
    yield Table(
        [_HEADS, *(_row(basis, s, of_subject.get(s.id, [])) for s in subjects)],
        left=(0, 3, len(_HEADS) - 1),
        notes={place: said for place, said in enumerate(notes, start=1) if said},
        caption="T3 Patients; day: since the infusion; CRS, ICANS, worst: highest grades",
    )
    for name, (_, failed) in state.screening_failures.items():
        where = "" if failed.site is None else f" at {failed.site}"
        yield Paragraph(f"{name} failed screening{where} on {failed.on}: {failed.reason}")
    yield from basis.pictures(basis, "F2")


def _row(basis: Basis, subject: Subject, events: Sequence[ListedEvent]) -> Sequence[str]:
    dosed, closes, share = subject.dosed_on, subject.window_closes, subject.share
    purpose = "" if subject.purpose is Purpose.ESCALATION else f" {subject.purpose}"
    lots = [fact.event.lot for fact in subject.infusions if fact.event.lot is not None]
    with_dose = basis.protocol.unit is not None and dosed is not None
    return (
        subject.id,
        str(subject.level),
        f"{subject.cohort}{purpose}",
        ", ".join(dict.fromkeys(lots)) or "-",
        "-" if dosed is None else str(dosed),
        "-" if dosed is None else str((basis.on - dosed).days),
        say_share(share) if share is not None else "not stated" if with_dose else "-",
        "-" if closes is None else str(closes),
        _worst(event for event in events if is_of(event, CRS)),
        _worst(event for event in events if is_of(event, ICANS)),
        _worst(events),
        "overdue" if subject.is_overdue(basis.on) else str(subject.standing),
    )


def _worst(events: Iterable[ListedEvent]) -> str:
    grades = [event.worst_grade for event in events]
    return str(max(grades)) if grades else "-"
