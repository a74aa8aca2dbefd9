"""T14 to T16: responses, cell kinetics, cytokines and B cells, in trials whose plan names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from escalation.reports.endpoints.biomarkers import (
    biomarker_group_rows,
    biomarker_notes,
    name_of,
    reconstitution_rows,
    say_biomarker,
    say_threshold,
)
from escalation.reports.endpoints.kinetics import (
    kinetics_group_rows,
    kinetics_notes,
    kinetics_patient_rows,
    say_kinetics,
)
from escalation.reports.endpoints.response import (
    response_notes,
    response_patient_rows,
    response_rows,
    responses_in,
    say_response,
)
from escalation.reports.endpoints.words import fault_items, flag_blocks
from escalation.reports.packet.basis import Basis
from escalation.reports.view import Block, Item, Items, Paragraph, Table
from escalation.trial.findings.biomarkers import biomarkers_in
from escalation.trial.findings.kinetics import kinetics_in

__all__ = ["biomarker_blocks", "kinetics_blocks", "response_blocks"]


def response_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T14 and F9, where somebody was assessed."""
    plan = basis.state.plan
    if plan is None or plan.response is None:
        return
    table = responses_in(basis.state, plan, basis.on)
    if not table.has_data:
        return
    yield Table(list(response_rows(table)), caption="T14 Responses by visit: patients")
    yield Paragraph(say_response(table))
    yield from flag_blocks(table.flags)
    yield Table(
        list(response_patient_rows(table)),
        left=range(2 + len(table.visits)),
        caption="T14, each patient",
    )
    yield from _items(response_notes(table))
    yield from basis.pictures(basis, "F9")


def kinetics_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T15 and F10, where a concentration is recorded."""
    plan = basis.state.plan
    if plan is None or plan.kinetics is None:
        return
    table = kinetics_in(basis.state, plan)
    if not table.has_data:
        return
    yield Table(list(kinetics_group_rows(table)), caption="T15 Cell kinetics by level")
    yield Paragraph(say_kinetics(table))
    yield from flag_blocks(table.flags)
    yield Table(list(kinetics_patient_rows(table)), caption="T15, each patient; times in days")
    yield from _items(fault_items(kinetics_notes(table)))
    yield from basis.pictures(basis, "F10")


def biomarker_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T16 and F11, for every biomarker of which something is recorded."""
    plan = basis.state.plan
    tables = [] if plan is None else biomarkers_in(basis.state, plan)
    shown = [table for table in tables if table.has_data]
    for table in shown:
        caption = f"T16 {name_of(table)}, by level"
        yield Table(list(biomarker_group_rows(table)), caption=caption)
        if table.threshold is not None:
            yield Table(
                list(reconstitution_rows(table)),
                caption=f"{caption}: back at {say_threshold(table)}",
            )
        yield Paragraph(say_biomarker(table))
        yield from flag_blocks(table.flags)
        yield from _items(fault_items(biomarker_notes(table)))
    if shown:
        yield from basis.pictures(basis, "F11")


def _items(said: Iterable[Item]) -> Iterator[Block]:
    items = list(said)
    if items:
        yield Items(items)
