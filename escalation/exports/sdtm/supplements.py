"""What SDTM has no variable for, beside the record that it is about (SUPP--)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from escalation.exports.dataset import Column, Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study
from escalation.exports.sdtm.variables import EXPECTED, REQUIRED, STUDY, text

__all__ = ["qualifier", "supplement", "supplements"]


def supplements(name: str, identified_by: str, rows: Iterable[Row]) -> Dataset:
    """Return the supplements of a domain, whose records are told apart by a variable."""
    columns = _columns(name, identified_by)
    return make_dataset(f"SUPP{name}", f"Supplemental Qualifiers for {name}", columns, rows)


def _columns(name: str, identified_by: str) -> Sequence[Column]:
    return (
        STUDY,
        text("RDOMAIN", "Related Domain Abbreviation", 2, terms=(name,), key=2, **REQUIRED),
        text("USUBJID", "Unique Subject Identifier", key=3, **REQUIRED),
        text("IDVAR", "Identifying Variable", 8, terms=(identified_by,), key=4, **EXPECTED),
        text("IDVARVAL", "Identifying Variable Value", 40, key=5, **EXPECTED),
        text("QNAM", "Qualifier Variable Name", 8, key=6, **REQUIRED),
        text("QLABEL", "Qualifier Variable Label", 40, **REQUIRED),
        text("QVAL", "Data Value", **REQUIRED),
        text("QORIG", "Origin", 20, terms=("Collected", "Assigned", "Derived"), **REQUIRED),
        text("QEVAL", "Evaluator", 40, terms=("ADJUDICATOR", "INVESTIGATOR"), **EXPECTED),
    )


def supplement(
    study: Study, person: Person, name: str, identified_by: tuple[str, object], said: Row
) -> Row:
    """Return a row: what is said beside a record of a subject."""
    variable, value = identified_by
    return {
        "STUDYID": study.id,
        "RDOMAIN": name,
        "USUBJID": person.unique,
        "IDVAR": variable,
        "IDVARVAL": str(value),
        **said,
    }


def qualifier(name: str, label: str, value: str, origin: str = "Collected") -> Row:
    """Return what is said: under which name, and whether it was collected, assigned or derived."""
    return {"QNAM": name, "QLABEL": label, "QVAL": value, "QORIG": origin}
