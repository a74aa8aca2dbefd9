"""The design report: what a protocol or an analysis plan has as its appendix."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.reports.documents import Document
from escalation.reports.origin import describe_origin
from escalation.reports.view import Block, Heading, Paragraph
from escalation.version import __version__
from simulations.reports.design_report.basis import Basis
from simulations.reports.design_report.figures import (
    characteristics_blocks,
    comparison_blocks,
    scenario_blocks,
    summary_blocks,
    worst_case_parts,
)
from simulations.reports.design_report.methods import (
    method_blocks,
    origin_blocks,
    self_check_blocks,
)
from simulations.reports.design_report.rule import flowchart_blocks, rule_in_words, table_blocks

__all__ = ["write_report"]

_PARTS = (
    ("Summary", "summary", summary_blocks),
    ("The design in words", "design", rule_in_words),
    ("Decision table", "table", table_blocks),
    ("Flowchart", "flowchart", flowchart_blocks),
    ("Scenarios, and why", "scenarios", scenario_blocks),
    ("Operating characteristics", "characteristics", characteristics_blocks),
    ("Comparison", "comparison", comparison_blocks),
    ("Worst case", "worst_case", worst_case_parts),
    ("Methods and references", "methods", method_blocks),
    ("Self-check", "check", self_check_blocks),
    ("Versions, digests and seeds", "versions", origin_blocks),
)


def write_report(basis: Basis) -> Document:
    """Return the report as a document, which holds no time of writing."""
    protocol = basis.protocol
    named = protocol.title or protocol.name
    return Document(
        title=f"Design report: {named}",
        origin=f"Design report, protocol {protocol.name}, digest {protocol.digest[:12]}, "
        f"escalation {__version__}",
        at=None,
        blocks=list(_blocks(basis, named)),
        facts={"protocol": protocol.name, "digest": protocol.digest},
    )


def _blocks(basis: Basis, named: str) -> Iterator[Block]:
    yield Heading(f"Design report: {named}", 2)
    if len(basis.designs) == 1:
        yield Paragraph(describe_origin(basis.protocol))
    else:
        ladder, labels = basis.protocol, ", ".join(one.label for one in basis.designs)
        yield Paragraph(
            f"Designs {labels} on the ladder of protocol {ladder.name}, digest "
            f"{ladder.digest[:12]}."
        )
    parts = ((title, name, list(section(basis))) for title, name, section in _PARTS)
    said = ((title, name, blocks) for title, name, blocks in parts if blocks)
    for number, (title, name, blocks) in enumerate(said, start=1):
        yield Heading(f"{number} {title}", name=name)
        yield from blocks
