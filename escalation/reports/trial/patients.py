"""The patients of a trial: a table with what has to be known of each below the row, and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from escalation.outcomes import Outcome
from escalation.reports.trial.adverse_event_sentences import describe_events
from escalation.reports.trial.sentences import describe_toxicity
from escalation.reports.view import Block, Paragraph, Table
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.codec import dump_event
from escalation.trial.events import Purpose
from escalation.trial.patients.planned_dose import PlannedDose, say_share
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.screening.log import in_screening, screenings_of

__all__ = ["list_notes", "patient_blocks", "patient_rows", "patients_document"]

_HEADING = ("patient", "level", "cohort", "dosed", "given", "window to", "standing")


_COLUMNS = (
    *("subject", "level", "cohort", "weight_kg", "height_cm", "surface_m2"),
    *("enrolled_on", "dosed_on", "planned", "infused"),
    *("percent_of_planned", "lot", "window_closes", "standing", "overdue", "replaces"),
    *("replaced_by", "former_ids", "site", "days_from_onset_to_record"),
    *("n_adverse_events", "n_serious", "worst_grade", "toxicities", "purpose"),
    "set_aside_by",
)


def patient_blocks(state: TrialState, on: date) -> Iterator[Block]:
    """Yield a table with a row a patient, replaced ones too, in the order of enrolment."""
    subjects = list(state.subjects.values())
    if subjects:
        with_doses = state.protocol is not None and state.protocol.unit is not None
        notes = ("; ".join(list_notes(subject, state)) for subject in subjects)
        yield Table(
            [_HEADING, *(_row(subject, on, with_doses=with_doses) for subject in subjects)],
            left=(0, len(_HEADING) - 1),
            notes={place: said for place, said in enumerate(notes, start=1) if said},
        )
    for subject, (_, event) in state.screening_failures.items():
        where = "" if event.site is None else f" at {event.site}"
        items = f" ({', '.join(event.criteria)})" if event.criteria else ""
        said = f"{subject} failed screening{where} on {event.on}: {event.reason}{items}"
        yield Paragraph(said, "  ")
    for subject in in_screening(state):
        screening = screenings_of(state, subject)[-1]
        judged = screening.judged(state, on)
        verdict = "" if judged is None else f": {judged.verdict}"
        yield Paragraph(f"{subject} is in screening since {screening.on}{verdict}.", "  ")


def _row(subject: Subject, on: date, *, with_doses: bool) -> tuple[str, ...]:
    dosed, closes, share = subject.dosed_on, subject.window_closes, subject.share
    unstated = with_doses and dosed is not None and subject.infused is None
    return (
        subject.id,
        str(subject.level),
        str(subject.cohort) + _purpose(subject),
        "-" if dosed is None else str(dosed),
        "not stated" if unstated else "-" if share is None else say_share(share),
        "-" if closes is None else str(closes),
        "overdue" if subject.is_overdue(on) else str(subject.standing),
    )


def _purpose(subject: Subject) -> str:
    return "" if subject.purpose is Purpose.ESCALATION else f" {subject.purpose}"


def list_notes(subject: Subject, state: TrialState) -> Iterator[str]:
    """Yield what has to be known of a patient beside the row."""
    yield from _names_and_sites(subject)
    for fact in subject.outcomes:
        is_dlt = fact.event.outcome is Outcome.DLT
        for toxicity in fact.event.toxicities:
            late = state.recorded_on(fact.seq, subject.id) - toxicity.onset
            after = f", recorded {count(late.days, 'day')} later" if late.days > 0 else ""
            yield f"{describe_toxicity(toxicity)}{after if is_dlt else ''}"
    if subject.events:
        yield describe_events(subject.events)
    if subject.standing in (Standing.NOT_EVALUABLE, Standing.WITHDRAWN):
        yield from (f.event.reason for f in subject.outcomes if f.event.reason is not None)
        if subject.ruling is not None:
            yield subject.ruling.event.reason
    elif subject.ruling is not None:
        yield f"ruled evaluable: {subject.ruling.event.reason}"
    if subject.further:
        yield f"{len(subject.infusions)} infusions, the last on {subject.infusions[-1].event.on}"
    yield from _note_missing(subject, state)
    if subject.replaced_by is not None:
        yield f"replaced by {subject.replaced_by}"
    if subject.set_aside_by is not None:
        yield f"not counted since amendment {subject.set_aside_by}"
    yield from _corrections(subject)


def _names_and_sites(subject: Subject) -> Iterator[str]:
    if subject.former_ids:
        yield f"called {', '.join(subject.former_ids)} before, by mistake"
    if len(subject.sites) > 1:
        (_, first), *others = subject.sites
        yield f"{first}, {', '.join(f'{site} from {since}' for since, site in others)}"


def _corrections(subject: Subject) -> Iterator[str]:
    facts = [*subject.enrolments, *subject.outcomes, *subject.infusions]
    seqs = [(fact.seq, fact.corrected_by) for fact in facts]
    seqs += [(report.seq, report.corrected_by) for e in subject.events for report in e.reports]
    for seq, corrected_by in sorted(seqs):
        if corrected_by:
            yield f"entry {seq} was corrected by {' and '.join(map(str, corrected_by))}"


def patient_rows(state: TrialState, on: date) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, then a row a patient: what the document says of each."""
    documents = patients_document(state, on)
    yield _COLUMNS
    for document in documents:
        terms = [toxicity["term"] for toxicity in document["toxicities"]]
        cells = {**document, "toxicities": "; ".join(terms)}
        cells["former_ids"] = " ".join(document["former_ids"])
        yield [cells[key] for key in _COLUMNS]


def patients_document(state: TrialState, on: date) -> list[dict[str, Any]]:
    """Return the patients for JSON."""
    return [_document(subject, on, state) for subject in state.subjects.values()]


def _document(subject: Subject, on: date, state: TrialState) -> dict[str, Any]:
    dosing = None if subject.dosing is None else subject.dosing.event
    ruling = None if subject.ruling is None else subject.ruling.event
    by_protocol = _plan(subject, state)
    toxicities = [
        toxicity
        for fact in subject.outcomes
        for toxicity in dump_event(fact.event).get("toxicities", ())
    ]
    return {
        "subject": subject.id,
        "level": subject.level,
        "cohort": subject.cohort,
        "purpose": subject.purpose,
        "weight_kg": subject.enrolment.weight_kg,
        "height_cm": subject.enrolment.height_cm,
        "surface_m2": None if by_protocol is None else by_protocol.surface_m2,
        "enrolled_on": subject.enrolment.on.isoformat(),
        "dosed_on": None if dosing is None else dosing.on.isoformat(),
        "planned": None if dosing is None else dosing.planned,
        "infused": subject.infused,
        "n_infusions": len(subject.infusions),
        "percent_of_planned": None if subject.share is None else 100 * subject.share,
        "lot": None if dosing is None else dosing.lot,
        "window_closes": None
        if subject.window_closes is None
        else subject.window_closes.isoformat(),
        "standing": subject.standing,
        "ruled_evaluable": None if ruling is None else ruling.evaluable,
        "ruled_because": None if ruling is None else ruling.reason,
        "overdue": subject.is_overdue(on),
        "set_aside_by": subject.set_aside_by,
        "toxicities": toxicities,
        "n_adverse_events": len(subject.events),
        "n_serious": sum(event.is_serious for event in subject.events),
        "worst_grade": max((event.worst_grade for event in subject.events), default=None),
        "replaces": subject.enrolment.replaces,
        "replaced_by": subject.replaced_by,
        "former_ids": list(subject.former_ids),
        "site": subject.sites[-1][1] if subject.sites else None,
        "sites": [{"site": site, "from": since.isoformat()} for since, site in subject.sites],
        "days_from_onset_to_record": _days_to_record(subject, state),
    }


def _note_missing(subject: Subject, state: TrialState) -> Iterator[str]:
    """Say of who waits to be dosed what is not known; of who was dosed, a warning says it."""
    by_protocol = _plan(subject, state) if subject.standing is Standing.ASSIGNED else None
    if by_protocol is not None and by_protocol.missing:
        yield f"no amount planned by the protocol: {' and '.join(by_protocol.missing)} not known"


def _plan(subject: Subject, state: TrialState) -> PlannedDose | None:
    """Return what a subject is to get by the protocol; None where it does not know the level."""
    protocol = subject.protocol or state.protocol
    if protocol is None or subject.level not in protocol.labels:
        return None
    return subject.plan(protocol)


def _days_to_record(subject: Subject, state: TrialState) -> int | None:
    """Return the days from a subject's first DLT to its entry; None without a DLT."""
    late = [
        state.recorded_on(fact.seq, subject.id) - min(t.onset for t in fact.event.toxicities)
        for fact in subject.outcomes
        if fact.event.outcome is Outcome.DLT and fact.event.toxicities
    ]
    return late[0].days if late else None
