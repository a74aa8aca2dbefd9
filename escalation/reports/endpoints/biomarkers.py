"""Cytokines and B cells: change from baseline, peak and its day, and when they have come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.endpoints import BelowLimit, Change, Reconstituted, Reconstitution
from escalation.errors import InputError
from escalation.reports.endpoints.words import (
    fault_items,
    flag_blocks,
    plan_of,
    say_below,
    say_day,
    say_geometric,
    say_number,
    say_range,
    summary_document,
)
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Heading, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.findings.biomarkers import (
    BiomarkerByPatient,
    BiomarkerTable,
    biomarkers_in,
)
from escalation.trial.findings.groups import Group
from escalation.trial.findings.profiles import Measured

__all__ = [
    "biomarker_group_rows",
    "biomarker_notes",
    "biomarker_patient_rows",
    "biomarker_visit_rows",
    "name_of",
    "reconstitution_rows",
    "say_biomarker",
    "say_threshold",
    "tables_of",
    "view_biomarkers",
]


def view_biomarkers(state: TrialState, trial: str) -> View:
    """Return the view of a trial's cytokines and cells.

    Parameters
    ----------
    state : TrialState
    trial : str
        Its id.

    Raises
    ------
    InputError
        For a trial without a plan, or whose plan names no biomarker.
    """
    tables = tables_of(state)
    return View(
        page=lambda: _page(state, tables, trial),
        document=lambda: {
            **trial_heading(state, trial),
            "biomarkers": [_document(table) for table in tables],
        },
        rows=lambda: _rows(tables),
        columns=_COLUMNS,
    )


def tables_of(state: TrialState) -> list[BiomarkerTable]:
    """Return a table a biomarker.

    Raises
    ------
    InputError
        As ``view_biomarkers``.
    """
    plan = plan_of(state)
    if not plan.biomarkers:
        raise InputError(f"plan {plan.name} names no biomarker: it has no table [[biomarkers]]")
    return biomarkers_in(state, plan)


def name_of(table: BiomarkerTable) -> str:
    """Return a biomarker's name with its unit."""
    return f"{table.test.label}, {table.unit}" if table.unit else table.test.label


def say_threshold(table: BiomarkerTable) -> str:
    """Say what has to be reached again; empty where the plan names nothing."""
    threshold = table.threshold
    if threshold is None:
        return ""
    if threshold.is_share_of_baseline:
        return f"{100 * threshold.value:g} % of the baseline"
    unit = table.test.unit or table.unit
    return f"{say_number(threshold.value)}{f' {unit}' if unit else ''}"


def say_biomarker(table: BiomarkerTable) -> str:
    """Say what a table rests on, and by which rules."""
    n_known = sum(one.course is not None for one in table.patients)
    n_wrong = sum(bool(one.faults and one.measured.n_samples) for one in table.patients)
    wrong = f" {count(n_wrong, 'profile')} cannot be used." if n_wrong else ""
    aim = say_threshold(table)
    back = ""
    if aim:
        back = (
            f" Reconstitution: the first sample at or above {aim} after one below it; who has not "
            "reached it is censored at the last sample (median by Kaplan and Meier)."
        )
    return (
        f"Profiles of {n_known} of {count(len(table.patients), 'treated patient')}.{wrong} "
        f"Baseline: the last sample on or before the infusion. "
        f"{say_below(BelowLimit(table.biomarker.below))}{back}"
    )


def _page(state: TrialState, tables: Sequence[BiomarkerTable], trial: str) -> Iterator[Block]:
    yield Paragraph(f"Trial {trial} after entry {state.seq}.", "  ")
    for table in tables:
        yield GAP
        yield Heading(name_of(table))
        yield Paragraph(say_biomarker(table), "  ")
        yield from flag_blocks(table.flags)
        if not table.has_data:
            yield Paragraph("Nothing is recorded of anybody who was dosed.", "  ")
            continue
        yield GAP
        yield Table(list(biomarker_group_rows(table)))
        yield GAP
        if table.threshold is not None:
            yield Table(list(reconstitution_rows(table)))
            yield GAP
        yield Table(list(biomarker_visit_rows(table)))
        yield GAP
        yield Table(list(biomarker_patient_rows(table)), left=_left(table))
        notes = list(fault_items(biomarker_notes(table)))
        if notes:
            yield GAP
            yield Items(notes)


def _left(table: BiomarkerTable) -> tuple[int, ...]:
    return (0,) if table.threshold is None else (0, 10)


def biomarker_group_rows(table: BiomarkerTable) -> Iterator[Sequence[str]]:
    """Yield a row a level: baseline, peak and nadir in short."""
    yield (
        *("", "baseline, median (range)", "peak, geo. mean (CV)", "peak/baseline, median"),
        *("day of peak", "nadir, median (range)"),
    )
    for group in table.groups:
        yield [
            group.name,
            say_range(table.baselines(group)),
            say_geometric(table.extremes(group, "peak", "value")),
            say_number(table.extremes(group, "peak", "fold").median),
            say_range(table.extremes(group, "peak", "day")),
            say_range(table.extremes(group, "nadir", "value")),
        ]


def reconstitution_rows(table: BiomarkerTable) -> Iterator[Sequence[str]]:
    """Yield a row a level: how many have come back, and when half of them have."""
    yield ["reconstitution", *_STANDINGS.values(), "median day"]
    for group in table.groups:
        returned = table.returned(group)
        counts = [str(returned.n[status]) for status in _STANDINGS]
        yield [group.name, *counts, say_day(returned.median)]


_STANDINGS = {
    Reconstituted.REACHED: "reached",
    Reconstituted.CENSORED: "not yet",
    Reconstituted.NEVER_BELOW: "never below",
    Reconstituted.UNKNOWN: "unknown",
}


def biomarker_visit_rows(table: BiomarkerTable) -> Iterator[Sequence[str]]:
    """Yield a row a visit, a column a level: the median change from baseline, of how many."""
    columns = {
        group.name: {at.visit: at for at in table.at_visits(group)} for group in table.groups
    }
    visits = {visit for found in columns.values() for visit in found}
    yield ["median change (n)", "day", *columns]
    for visit in sorted(visits, key=lambda visit: visit.day):
        changes = [found[visit].change if visit in found else None for found in columns.values()]
        cells = [f"{say_number(one.median)} ({one.n})" if one else "-" for one in changes]
        yield [visit.name, str(visit.day), *cells]


def biomarker_patient_rows(table: BiomarkerTable) -> Iterator[Sequence[str]]:
    """Yield a row a patient."""
    heads = ["patient", "level", "baseline", "peak", "day", "change", "x baseline"]
    heads += ["nadir", "day", "below limit"]
    if table.threshold is not None:
        heads.append("reconstitution")
    yield heads
    for one in table.patients:
        course, profile = one.course, one.measured.profile
        row = [one.measured.subject, str(one.measured.level)]
        if course is None:
            row += ["-"] * 8
        else:
            row += [
                say_number(course.baseline),
                *_extreme_cells(course.peak),
                say_number(None if course.peak is None else course.peak.change),
                say_number(None if course.peak is None else course.peak.fold),
                *_extreme_cells(course.nadir),
                "-" if profile is None else str(profile.n_below),
            ]
        if table.threshold is not None:
            row.append(_say_back(one.back))
        yield row


def _extreme_cells(change: Change | None) -> tuple[str, str]:
    if change is None:
        return "-", "-"
    return say_number(change.value), say_day(change.day)


def _say_back(back: Reconstitution | None) -> str:
    if back is None:
        return "unknown"
    match back.status:
        case Reconstituted.REACHED:
            return f"day {say_day(back.day)}, below since day {say_day(back.below_since)}"
        case Reconstituted.CENSORED:
            return f"not by day {say_day(back.day)}"
        case status:
            return str(status)


def biomarker_notes(table: BiomarkerTable) -> Iterator[tuple[Measured, tuple[str, ...]]]:
    """Yield what has to be known of each patient's profile."""
    for one in table.patients:
        faults = tuple(f"not used: {fault}" for fault in one.faults)
        yield one.measured, (*faults, *one.notes)


# ---------------------------------------------------------------- rows and JSON

_COLUMNS = {
    "test": "as the plan names it",
    "subject": "",
    "level": "label",
    "disease": "as the plan names it; empty where it is not recorded",
    "unit": "of values",
    "baseline": "the last sample on or before the infusion",
    "baseline_day": "its day, since the infusion",
    "peak": "highest value after the infusion",
    "peak_day": "first day with it",
    "peak_change": "from baseline",
    "peak_fold": "peak/baseline",
    "nadir": "lowest value after the infusion",
    "nadir_day": "first day with it",
    "reconstitution": "reached, not reached, never below or unknown; empty without a threshold",
    "reconstitution_day": "when it was reached, or at which it is censored",
    "below_since": "first sampled day below the threshold",
    "threshold": "in the unit of the values",
    "n_samples": "",
    "n_below": "of them, below the limit of quantification",
    "faults": "why a profile cannot be used",
    "notes": "what has to be known of it",
}


def _rows(tables: Sequence[BiomarkerTable]) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    for table in tables:
        for one in table.patients:
            document = _patient_document(one) | {"test": table.test.name}
            document["faults"] = "; ".join(one.faults)
            document["notes"] = "; ".join(one.notes)
            yield tuple(document[name] for name in _COLUMNS)


def _patient_document(one: BiomarkerByPatient) -> dict[str, Any]:
    course, back, profile = one.course, one.back, one.measured.profile
    peak, nadir = (None, None) if course is None else (course.peak, course.nadir)
    return {
        "subject": one.measured.subject,
        "level": one.measured.level,
        "disease": one.measured.disease,
        "unit": None if course is None else course.unit,
        "baseline": None if course is None else course.baseline,
        "baseline_day": None if course is None else course.baseline_day,
        "peak": None if peak is None else peak.value,
        "peak_day": None if peak is None else peak.day,
        "peak_change": None if peak is None else peak.change,
        "peak_fold": None if peak is None else peak.fold,
        "nadir": None if nadir is None else nadir.value,
        "nadir_day": None if nadir is None else nadir.day,
        "reconstitution": None if back is None else str(back.status),
        "reconstitution_day": None if back is None else back.day,
        "below_since": None if back is None else back.below_since,
        "threshold": None if back is None else back.threshold,
        "n_samples": one.measured.n_samples,
        "n_below": None if profile is None else profile.n_below,
        "faults": list(one.faults),
        "notes": list(one.notes),
    }


def _document(table: BiomarkerTable) -> dict[str, Any]:
    threshold = table.threshold
    return {
        "test": table.test.name,
        "unit": table.unit,
        "below": table.biomarker.below,
        "flags": list(table.flags),
        "threshold": None
        if threshold is None
        else {
            "value": threshold.value,
            "is_share_of_baseline": threshold.is_share_of_baseline,
        },
        "groups": [
            {
                "kind": group.kind,
                "label": group.label,
                "n_treated": len(group.subjects),
                "baseline": summary_document(table.baselines(group)),
                "peak": summary_document(table.extremes(group, "peak", "value")),
                "peak_day": summary_document(table.extremes(group, "peak", "day")),
                "peak_change": summary_document(table.extremes(group, "peak", "change")),
                "peak_fold": summary_document(table.extremes(group, "peak", "fold")),
                "nadir": summary_document(table.extremes(group, "nadir", "value")),
                "visits": [
                    {
                        "visit": at.visit.name,
                        "day": at.visit.day,
                        "value": summary_document(at.value),
                        "change": summary_document(at.change),
                        "fold": summary_document(at.fold),
                    }
                    for at in table.at_visits(group)
                ],
                **_returned_document(table, group),
            }
            for group in table.groups
        ],
        "patients": [
            _patient_document(one)
            | {
                "changes": [
                    {
                        "day": change.day,
                        "value": change.value,
                        "below": change.is_below,
                        "change": change.change,
                        "fold": change.fold,
                    }
                    for change in (() if one.course is None else one.course.changes)
                ]
            }
            for one in table.patients
        ],
    }


def _returned_document(table: BiomarkerTable, group: Group) -> dict[str, Any]:
    if table.threshold is None:
        return {"reconstitution": None}
    returned = table.returned(group)
    return {
        "reconstitution": {
            **{str(status): n for status, n in returned.n.items()},
            "median_day": returned.median,
        }
    }
