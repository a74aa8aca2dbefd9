"""Interventions: exposure (EX), each infusion a row."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso, numbered
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    SUBJECT,
    day,
    domain,
    number,
    sequence,
    text,
    whole,
)

__all__ = ["exposure"]

_NOT_RECORDED = "the record never asks for it"
_EX = (
    STUDY,
    domain("EX"),
    SUBJECT,
    sequence("EX", key=3),
    text("EXSPID", "Sponsor-Defined Identifier", 20),
    text(
        "EXTRT",
        "Name of Treatment",
        left_empty="only where the protocol names a product",
        **REQUIRED,
    ),
    number("EXDOSE", "Dose", **EXPECTED),
    text("EXDOSU", "Dose Units", **EXPECTED),
    text("EXDOSFRM", "Dose Form", left_empty=_NOT_RECORDED, **EXPECTED),
    text("EXDOSFRQ", "Dosing Frequency per Interval", terms=("ONCE",), **EXPECTED),
    text("EXROUTE", "Route of Administration", left_empty=_NOT_RECORDED, **EXPECTED),
    text("EXLOT", "Lot Number"),
    text("EPOCH", "Epoch", terms=("TREATMENT",)),
    day("EXSTDTC", "Start Date/Time of Treatment", **EXPECTED),
    day("EXENDTC", "End Date/Time of Treatment", **EXPECTED),
    whole("EXSTDY", "Study Day of Start of Treatment"),
    whole("EXENDY", "Study Day of End of Treatment"),
)


def exposure(study: Study) -> Dataset:
    """Return EX: what each subject was given, as infused."""
    rows = (row for person in study.people for row in numbered("EX", _infusions(study, person)))
    return make_dataset("EX", "Exposure", _EX, rows)


def _infusions(study: Study, person: Person) -> Iterator[Row]:
    if person.subject is None:
        return
    for fact in person.subject.infusions:
        event = fact.event
        on, number_of_day = iso(event.on), person.study_day(event.on)
        yield study.row("EX", person) | {
            "EXSPID": f"entry {fact.seq}",
            "EXTRT": study.treatment,
            "EXDOSE": event.infused,
            "EXDOSU": None if event.infused is None else study.unit,
            "EXDOSFRQ": "ONCE",
            "EXLOT": event.lot,
            "EPOCH": "TREATMENT",
            "EXSTDTC": on,
            "EXENDTC": on,
            "EXSTDY": number_of_day,
            "EXENDY": number_of_day,
        }
