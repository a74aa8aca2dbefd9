"""T2: the levels with everybody assigned to them, backfill and expansion apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.binomial import LEVEL, clopper_pearson, percent
from escalation.labels import Label
from escalation.protocol import format_dose
from escalation.reports.backfill_text import say_when_counted
from escalation.reports.level_table import levels_document
from escalation.reports.packet.basis import Basis
from escalation.reports.trial.beside import beside_document, describe_declared
from escalation.reports.trial.status import say_screened
from escalation.reports.view import Block, Paragraph, Table
from escalation.text import count
from escalation.trial.events import Purpose
from escalation.trial.patients.subjects import Subject
from escalation.trial.rule import counted_purposes, counted_tallies, follow_up, rule_says

__all__ = ["level_blocks"]


def level_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T2, then F1."""
    state, protocol = basis.state, basis.protocol
    documents = levels_document(
        protocol,
        state.written_cohorts(Purpose.ESCALATION),
        state.tallies(Purpose.ESCALATION, set_aside=False),
        counted_tallies(state, basis.on),
        ended=rule_says(state, basis.on).has_ended,
        follow_up=follow_up(state, *counted_purposes(state, basis.on), on=basis.on),
    )
    has_dose = any(document["dose"] is not None for document in documents)
    graded = protocol.design.asks_moderate
    modelled = any("p_dlt_estimate" in document for document in documents)
    beside = beside_document(state, protocol)
    rows: list[Sequence[str]] = []
    notes: dict[int, str] = {}
    heads = ["level"]
    heads += [f"dose, {protocol.unit}"] if has_dose else []
    heads += ["assigned", "dosed", "evaluable", "pending", "not evaluable", "replaced", "DLT"]
    heads += ["moderate"] if graded else []
    heads += ["P(DLT) limits"] + (["estimate"] if modelled else []) + ["status"]
    for purpose, found in ((Purpose.ESCALATION, documents), *_grouped(beside)):
        for document in found:
            label = document["level"]
            subjects = _subjects(basis, label, purpose)
            dose = protocol.levels[protocol.labels.index(label)].dose
            name = str(label) if purpose is Purpose.ESCALATION else f"{label}, {purpose}"
            row = [name]
            row += ["" if dose is None else format_dose(dose)] if has_dose else []
            row += [*_counts(subjects, document), f"{document['n_dlts']}/{document['n_evaluable']}"]
            row += [str(document.get("n_moderate", ""))] if graded else []
            row += [_limits(document)]
            estimate = document.get("p_dlt_estimate")
            row += ["" if estimate is None else f"{estimate:.3f}"] if modelled else []
            rows.append([*row, document.get("status", document.get("standing", ""))])
            aside = [s.id for s in subjects if s.set_aside_by is not None]
            if aside:
                verb = "is" if len(aside) == 1 else "are"
                notes[len(rows)] = (
                    f"{', '.join(aside)} {verb} not counted: an amendment has reopened the level"
                )
    yield Table(
        [heads, *rows],
        left=(0, len(heads) - 1),
        notes=notes,
        caption="T2 Levels: patients and DLTs of the evaluable",
    )
    yield Paragraph(" ".join(_notes(basis, beside, modelled=modelled)))
    yield from basis.pictures(basis, "F1")


def _grouped(beside: Sequence[dict[str, Any]]) -> Iterator[tuple[Purpose, list[dict[str, Any]]]]:
    for purpose in (Purpose.BACKFILL, Purpose.EXPANSION):
        yield purpose, [document for document in beside if document["purpose"] == purpose]


def _subjects(basis: Basis, label: Label, purpose: Purpose) -> list[Subject]:
    return [s for s in basis.state.subjects.at_level(label) if s.purpose is purpose]


def _counts(subjects: Sequence[Subject], document: dict[str, Any]) -> Iterator[str]:
    yield str(len(subjects))
    yield str(sum(subject.dosing is not None for subject in subjects))
    yield str(document["n_evaluable"])
    yield str(document["n_pending"])
    yield str(document["n_not_evaluable"])
    yield str(sum(subject.replaced_by is not None for subject in subjects))


def _limits(document: dict[str, Any]) -> str:
    if not document["n_evaluable"]:
        return "-"
    limits = clopper_pearson(document["n_evaluable"], document["n_dlts"])
    return f"{percent(*limits)} %"


def _notes(basis: Basis, beside: Sequence[dict[str, Any]], *, modelled: bool) -> Iterator[str]:
    state, protocol = basis.state, basis.protocol
    said = f"Limits: exact two-sided {100 * LEVEL:g} % (Clopper-Pearson)."
    if modelled:
        said += " The estimate is the model's, from all evaluable patients of the escalation."
    yield said
    yield from say_screened(state)
    planned = protocol.planned_patients
    enrolled = count(state.n_enrolled, "patient")
    yield f"{enrolled} enrolled" + ("." if planned is None else f" of {planned} planned.")
    if protocol.regimens:
        yield protocol.regimens
    if any(document["purpose"] == Purpose.BACKFILL for document in beside):
        yield f"Backfill: {say_when_counted(protocol)}."
    if any(document["purpose"] == Purpose.EXPANSION for document in beside):
        yield "Expansion: it counts at no decision of the escalation."
    yield from describe_declared(state, protocol)
