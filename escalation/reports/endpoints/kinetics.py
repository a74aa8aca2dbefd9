"""Cell kinetics: each patient's parameters, and by level their geometric means and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.reports.endpoints.words import (
    SUMMARY_HEADS,
    fault_items,
    flag_blocks,
    plan_of,
    say_below,
    say_day,
    say_number,
    say_trapezoid,
    summary_cells,
    summary_document,
)
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Heading, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.findings.groups import Group
from escalation.trial.findings.kinetics import (
    PARAMETERS,
    AtVisit,
    KineticsByPatient,
    KineticsTable,
    concentrations_at,
    kinetics_in,
)
from escalation.trial.findings.profiles import Measured

__all__ = [
    "kinetics_group_rows",
    "kinetics_notes",
    "kinetics_patient_rows",
    "say_kinetics",
    "view_kinetics",
]


def view_kinetics(state: TrialState, trial: str) -> View:
    """Return the view of a trial's cell kinetics.

    Parameters
    ----------
    state : TrialState
    trial : str
        Its id.

    Raises
    ------
    InputError
        For a trial without a plan, or whose plan says nothing of kinetics.
    """
    table = kinetics_in(state, plan_of(state))
    return View(
        page=lambda: _page(state, table, trial),
        document=lambda: {**trial_heading(state, trial), **_document(table)},
        rows=lambda: _rows(table),
        columns=_COLUMNS,
    )


def say_kinetics(table: KineticsTable) -> str:
    """Say what the tables rest on, and by which rules."""
    n = len(table.patients)
    n_known = sum(one.kinetics is not None for one in table.patients)
    n_wrong = sum(bool(one.faults and one.measured.n_samples) for one in table.patients)
    wrong = f" {count(n_wrong, 'profile')} cannot be used." if n_wrong else ""
    n_short = sum(
        one.kinetics is not None and one.kinetics.auc_until is None for one in table.patients
    )
    short = ""
    if n_short:
        short = f": {count(n_short, 'profile')} without one from day 0 to {table.until:g}"
    return (
        f"{_named(table)}: profiles of {n_known} of {count(n, 'treated patient')}.{wrong} Areas by "
        f"{say_trapezoid(table.trapezoid)}, never extrapolated{short}. {say_below(table.below)}"
    )


def _named(table: KineticsTable) -> str:
    return f"{table.test.label}, {table.unit}" if table.unit else table.test.label


def _page(state: TrialState, table: KineticsTable, trial: str) -> Iterator[Block]:
    yield Paragraph(f"Trial {trial} after entry {state.seq}. {say_kinetics(table)}", "  ")
    yield from flag_blocks(table.flags)
    if not table.has_data:
        yield Paragraph("No concentration is recorded of anybody who was dosed.", "  ")
        return
    yield GAP
    yield Heading("By level")
    yield Table(list(kinetics_group_rows(table)))
    yield GAP
    yield Heading("By level and visit: geometric mean of measurable samples (measurable/samples)")
    yield Table(list(_visit_rows(table)))
    yield Paragraph("None is given where fewer than half of the samples are measurable.", "  ")
    yield GAP
    yield Heading("By patient")
    yield Table(list(kinetics_patient_rows(table)), left=(0,))
    notes = list(fault_items(kinetics_notes(table)))
    if notes:
        yield GAP
        yield Heading("To be known of single profiles")
        yield Items(notes)


def _labels(table: KineticsTable) -> dict[str, str]:
    unit = f", {table.unit}" if table.unit else ""
    area = f", {table.unit}·d" if table.unit else ""
    return {
        "cmax": f"Cmax{unit}",
        "tmax": "Tmax, day",
        "tlast": "Tlast, day",
        "auc_last": f"AUClast{area}",
        "auc_until": f"AUC day 0 to {table.until:g}{area}",
    }


def kinetics_group_rows(table: KineticsTable) -> Iterator[Sequence[str]]:
    """Yield each parameter in short, a row a level."""
    yield ["", *SUMMARY_HEADS]
    for parameter, label in _labels(table).items():
        yield [label]
        for group in table.groups:
            summary = table.summary(group, parameter)
            yield [f"  {group.name}", *summary_cells(summary, days=parameter.startswith("t"))]


def kinetics_patient_rows(table: KineticsTable) -> Iterator[Sequence[str]]:
    """Yield a row a patient."""
    heads = ("Cmax", "Tmax", "Tlast", "AUClast", f"AUC to {table.until:g}", "samples", "below")
    yield ["patient", "level", *heads]
    for one in table.patients:
        row = [one.measured.subject, str(one.measured.level)]
        found = one.kinetics
        if found is None:
            yield [*row, *["-"] * 5, str(one.measured.n_samples), "-"]
            continue
        yield [
            *row,
            say_number(found.cmax),
            say_day(found.tmax),
            say_day(found.tlast),
            say_number(found.auc_last),
            say_number(found.auc_until),
            str(found.n_samples),
            str(found.n_below),
        ]


def kinetics_notes(table: KineticsTable) -> Iterator[tuple[Measured, tuple[str, ...]]]:
    """Yield what has to be known of each patient's profile."""
    for one in table.patients:
        faults = tuple(f"not used: {fault}" for fault in one.faults)
        yield one.measured, (*faults, *one.notes)


def _visit_rows(table: KineticsTable) -> Iterator[Sequence[str]]:
    columns = [list(_at_visits(table, group)) for group in table.groups]
    visits = sorted({(at.visit.day, at.visit.name) for found in columns for at in found})
    yield ["visit", "day", *(group.name for group in table.groups)]
    for day, name in visits:
        cells = []
        for found in columns:
            at = next((at for at in found if at.visit.name == name), None)
            said = (
                "-" if at is None else f"{say_number(at.geometric_mean)} ({at.measurable.n}/{at.n})"
            )
            cells.append(said)
        yield [name, str(day), *cells]


def _at_visits(table: KineticsTable, group: Group) -> Iterator[AtVisit]:
    return concentrations_at([one.measured for one in table.patients], group, table.unit)


# ---------------------------------------------------------------- rows and JSON


_COLUMNS = {
    "subject": "",
    "level": "label",
    "disease": "as the plan names it; empty where it is not recorded",
    "unit": "of concentrations; areas are in it times days",
    "cmax": "highest measurable concentration",
    "tmax": "first day with it, since the infusion",
    "tlast": "day of the last measurable sample",
    "clast": "its concentration",
    "auc_last": "area from the infusion to tlast; empty without a sample on its day",
    "until": "day that auc_until reaches to",
    "auc_until": "area from day 0 to it; empty where it is not reached",
    "n_samples": "since the infusion",
    "n_below": "of them, below the limit of quantification",
    "is_summarised": "false where it is in another unit than the others",
    "faults": "why a profile cannot be used",
    "notes": "what has to be known of it",
}


def _rows(table: KineticsTable) -> Iterator[Sequence[object]]:
    names = tuple(_COLUMNS)
    yield names
    for one in table.patients:
        document = _patient_document(one)
        document["faults"] = "; ".join(one.faults)
        document["notes"] = "; ".join(one.notes)
        yield tuple(document[name] for name in names)


def _patient_document(one: KineticsByPatient) -> dict[str, Any]:
    found = one.kinetics
    names = ("cmax", "tmax", "tlast", "clast", "auc_last", "until", "auc_until")
    return {
        "subject": one.measured.subject,
        "level": one.measured.level,
        "disease": one.measured.disease,
        "unit": None if found is None else found.unit,
        **{name: None if found is None else getattr(found, name) for name in names},
        "n_samples": one.measured.n_samples if found is None else found.n_samples,
        "n_below": None if found is None else found.n_below,
        "is_summarised": found is not None and one.is_summarised,
        "faults": list(one.faults),
        "notes": list(one.notes),
    }


def _document(table: KineticsTable) -> dict[str, Any]:
    return {
        "test": table.test.name,
        "unit": table.unit,
        "rule": str(table.trapezoid),
        "below": str(table.below),
        "until_day": table.until,
        "flags": list(table.flags),
        "groups": [
            {
                "kind": group.kind,
                "label": group.label,
                "n_treated": len(group.subjects),
                **{name: summary_document(table.summary(group, name)) for name in PARAMETERS},
                "visits": [
                    {
                        "visit": at.visit.name,
                        "day": at.visit.day,
                        "n": at.n,
                        "n_below": at.n_below,
                        "measurable": summary_document(at.measurable),
                    }
                    for at in _at_visits(table, group)
                ],
            }
            for group in table.groups
        ],
        "patients": [_patient_document(one) for one in table.patients],
    }
