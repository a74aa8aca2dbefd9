"""The design in words, as a decision table and as a flowchart."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.designs import describe_options
from escalation.designs.interval.base import has_boundaries
from escalation.errors import DesignError
from escalation.protocol import Protocol
from escalation.reports.rule.boundary_table import view_boundaries
from escalation.reports.rule.decision_table import decision_table
from escalation.reports.rule.decision_table_output import view_table
from escalation.reports.rule.pathways import view_pathways
from escalation.reports.rule.text import rule_blocks, rule_sections, sections_beside
from escalation.reports.view import Block, Heading, Item, Items, Paragraph
from simulations.reports.design_report.basis import Basis, part_of

__all__ = ["flowchart_blocks", "rule_in_words", "table_blocks"]

FIRST_COHORTS = 2  # of a design without a table by level; what a page can hold


def rule_in_words(basis: Basis) -> Iterator[Block]:
    """Yield each design as a protocol states it."""
    for label, protocol in basis.protocols():
        if label:
            yield Heading(f"Design {label}", 4)
        yield from _words(protocol, 4 if label else 3)
    beside = list(sections_beside(basis.protocol))
    yield from part_of(rule_blocks(beside), basis.protocol)
    if basis.protocol.regimens:
        yield Paragraph(basis.protocol.regimens)


def _words(protocol: Protocol, below: int) -> Iterator[Block]:
    design, names = protocol.design, protocol.level_names
    try:
        sections = rule_sections(design, names)
    except DesignError:  # it judges no level by itself
        yield Paragraph(
            f"Design: {design.name}. It judges all levels together, so that its rule is not a list "
            "of sentences by level; the table below says what follows the first cohorts."
            if not design.by_level
            else f"Design: {design.name}. The table below says what it does in every situation."
        )
        yield Paragraph(f"Dose levels, lowest first: {'; '.join(names)}.")
        yield Paragraph(f"The trial starts at {names[design.start]}.")
        yield Items([Item(text) for text in describe_options(design)])
        return
    _, *blocks = rule_blocks(sections)
    yield from part_of(blocks, protocol, below)


def table_blocks(basis: Basis) -> Iterator[Block]:
    """Yield what each design says in every situation, as `escalation table` prints it."""
    for label, protocol in basis.protocols():
        if label:
            yield Heading(f"Design {label}", 4)
        yield from part_of(_table_page(protocol), protocol, 4 if label else 3)


def _table_page(protocol: Protocol) -> Iterator[Block]:
    design = protocol.design
    if not design.by_level:
        yield from view_pathways(protocol, FIRST_COHORTS).page()
    elif has_boundaries(design):
        yield from view_boundaries(protocol, design).page()
    else:
        yield from view_table(protocol, decision_table(design)).page()


def flowchart_blocks(basis: Basis) -> Iterator[Block]:
    """Yield a flowchart of each design that has one."""
    drawn = list(basis.pictures(basis, "F1"))
    if not drawn:
        yield Paragraph(
            "There is no flowchart: what follows depends on more than the DLTs of one or two "
            "cohorts at a level."
        )
    yield from drawn
