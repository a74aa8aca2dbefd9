"""Findings: pharmacokinetic parameters (PP), as the plan has them calculated from PC."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.errors import InputError
from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.findings import plain_number, tests_of
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
)
from escalation.trial.findings.kinetics import KineticsByPatient, KineticsTable, kinetics_in

__all__ = ["parameters"]

_DAYS = "DAYS"
_PARAMETERS = (  # of ``Kinetics``: code, name, and what its unit is times
    ("cmax", "CMAX", "Max Conc", None),
    ("tmax", "TMAX", "Time of CMAX", _DAYS),
    ("tlast", "TLST", "Time of Last Nonzero Conc", _DAYS),
    ("auc_last", "AUCLST", "AUC to Last Nonzero Conc", "day*"),
    ("auc_until", "AUCINT", "AUC from T1 to T2", "day*"),
)
_PP = (
    STUDY,
    domain("PP"),
    SUBJECT,
    sequence("PP", key=3),
    text("PPTESTCD", "Parameter Short Name", 8, terms=tuple(p[1] for p in _PARAMETERS), **REQUIRED),
    text("PPTEST", "Parameter Name", 40, **REQUIRED),
    text("PPCAT", "Parameter Category", **EXPECTED),
    text("PPORRES", "Result or Finding in Original Units", **EXPECTED),
    text("PPORRESU", "Original Units", 40, **EXPECTED),
    text("PPSTRESC", "Character Result/Finding in Std Format", **EXPECTED),
    number("PPSTRESN", "Numeric Result/Finding in Standard Units", **EXPECTED),
    text("PPSTRESU", "Standard Units", 40, **EXPECTED),
    text("PPSTAT", "Completion Status", 8, terms=("NOT DONE",)),
    text("PPREASND", "Reason Not Done"),
    text("PPSPEC", "Specimen Material Type", 40, **EXPECTED),
    text("PPANMETH", "Analysis Method", 80),
    day("PPRFTDTC", "Date/Time of Reference Point", **EXPECTED),
    text("PPSTINT", "Planned Start of Assessment Interval", 20),
    text("PPENINT", "Planned End of Assessment Interval", 20),
)


def parameters(study: Study) -> Dataset:
    """Return PP: each treated patient's parameters; empty where the plan has no kinetics."""
    table = _kinetics(study)
    patients = {} if table is None else {one.measured.subject: one for one in table.patients}
    rows = (
        row
        for person in study.people
        if table is not None and person.id in patients
        for row in numbered("PP", _of_patient(study, person, table, patients[person.id]))
    )
    return make_dataset("PP", "Pharmacokinetics Parameters", _PP, rows)


def _kinetics(study: Study) -> KineticsTable | None:
    plan = study.state.plan
    if plan is None or plan.kinetics is None:
        return None
    try:
        table = kinetics_in(study.state, plan)
    except InputError:  # the plan names a test that it does not have
        return None
    return table if table.has_data else None


def _of_patient(
    study: Study, person: Person, table: KineticsTable, one: KineticsByPatient
) -> Iterator[Row]:
    found = one.kinetics
    if found is None and not one.faults:
        return
    test = tests_of(study)[table.test.name]
    why = "; ".join((*one.faults, *one.notes))[:200] or "not defined"
    for name, code, title, kind in _PARAMETERS:
        value = None if found is None else getattr(found, name)
        row = study.row("PP", person) | {
            "PPTESTCD": code,
            "PPTEST": title,
            "PPCAT": test.label,
            "PPSPEC": test.specimen,
            "PPANMETH": f"{table.trapezoid} trapezoidal rule; below the limit: {table.below}",
            "PPRFTDTC": iso(person.first_dose),
        }
        if code == "AUCINT":
            row |= {"PPSTINT": "P0D", "PPENINT": f"P{plain_number(table.until)}D"}
        if value is None or found is None:
            yield row | {"PPSTAT": "NOT DONE", "PPREASND": why}
            continue
        unit = {None: found.unit, _DAYS: _DAYS}.get(kind, f"{kind}{found.unit}")
        written = plain_number(value)
        yield row | {
            "PPORRES": written,
            "PPORRESU": unit,
            "PPSTRESC": written,
            "PPSTRESN": value,
            "PPSTRESU": unit,
        }
