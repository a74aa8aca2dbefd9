"""The decision table as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.designs import LevelStatus, design_settings
from escalation.protocol import Protocol
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.rule.decision_table import TableRow
from escalation.reports.rule.situations import runs, tallies_words
from escalation.reports.view import GAP, Block, Paragraph, Table, View

__all__ = ["table_blocks", "table_document", "table_rows", "view_table"]

ABOVE_WORDS = {
    LevelStatus.NOT_GIVEN: ("level above", "not yet given"),
    None: ("highest level", "(none above)"),
    LevelStatus.TOO_TOXIC: ("level above", "too toxic"),
}
NO_LEVEL = "none"


def view_table(protocol: Protocol, rows: Sequence[TableRow]) -> View:
    """Return the view of what a protocol's design does in every situation of a level."""
    return View(
        page=lambda: _page(protocol, rows),
        document=lambda: {
            **identity_document(protocol),
            **table_document(rows),
            "stages": protocol.design.stages,
            "design": design_settings(protocol.design),
        },
        rows=lambda: table_rows(rows),
    )


def _page(protocol: Protocol, rows: Sequence[TableRow]) -> Iterator[Block]:
    yield from table_blocks(rows)
    yield GAP
    yield from map(Paragraph, {row.clause.text for row in rows if row.clause.id == "end-titration"})
    cap = protocol.design.max_patients
    if cap is not None:
        yield Paragraph(f"The trial stops where the next patients would be more than {cap} in all.")
    if protocol.design.while_pending is not None:
        yield Paragraph(protocol.design.while_pending.text)
    yield Paragraph(describe_origin(protocol), "  ")


def table_document(rows: Sequence[TableRow]) -> dict[str, Any]:
    """Return the rows as a document for JSON."""
    return {"rows": [{**_record(row), "clause": _clause(row)} for row in rows]}


def _clause(row: TableRow) -> dict[str, str]:
    return {"id": row.clause.id, "text": row.clause.text}


def _record(row: TableRow) -> dict[str, Any]:
    return {
        **({"phase": row.phase} if row.phase is not None else {}),
        "n_evaluable": row.n_evaluable,
        "n_dlts": row.n_dlts,
        "status": row.status.value,
        "above": row.above and row.above.value,
        "below": row.below and row.below.value,
        "action": row.decision.action.value,
        "level_change": row.level_change,
        "n_to_enrol": row.n_to_enrol,
        "n_at_most": row.decision.n_at_most,
        "mtd": row.mtd,
    }


def table_rows(rows: Sequence[TableRow]) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, then a row a situation; no neighbour is "none"."""
    yield [*_record(rows[0]), "clause_id", "clause"]
    for row in rows:
        record = _record(row)
        record["above"] = record["above"] or NO_LEVEL
        record["below"] = record["below"] or NO_LEVEL
        yield [*record.values(), row.clause.id, row.clause.text]


def table_blocks(rows: Sequence[TableRow]) -> Iterator[Block]:
    """Yield the table: by what stands above, then what the level below decides.

    Counts of DLTs with the same answers share a line. A design with titration has two tables.
    """
    for place, phase in enumerate(dict.fromkeys(row.phase for row in rows)):
        if place:
            yield GAP
        yield from _phase([row for row in rows if row.phase == phase], phase)


def _phase(rows: Sequence[TableRow], phase: str | None) -> Iterator[Block]:
    answers: dict[tuple[int, int], dict[LevelStatus | None, list[TableRow]]] = {}
    for row in rows:
        count = (row.n_evaluable, row.n_dlts)
        answers.setdefault(count, {}).setdefault(row.above, []).append(row)
    footnotes: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    lines: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for (n, x), by_above in answers.items():
        cells = tuple(_cell(by_below, footnotes) for by_below in by_above.values())
        lines.setdefault((n, cells), []).append(x)
    heads = [ABOVE_WORDS[above] for above in dict.fromkeys(row.above for row in rows)]
    grid = [
        ["", "", *(first for first, _ in heads)],
        ["DLTs", "of", *(second for _, second in heads)],
        *([_range(xs), str(n), *cells] for (n, cells), xs in lines.items()),
    ]
    title = "What to do at a level, by what stands above it"
    yield Paragraph(f"{title}{f', {phase}' if phase else ''}")
    yield GAP
    yield Table(grid, left=range(len(grid[0])), n_heads=2, ruled=True, indent="  ", n_labels=2)
    whole = [row for row in rows if (row.n_evaluable, row.n_dlts) == count]  # the last one
    belows = [_below_words(row) for row in {row.below: row for row in whole}.values()]
    for number, (profile, counts) in enumerate(footnotes.items(), start=1):
        yield GAP
        yield Paragraph(f"Note {number}. By the level below, at {tallies_words(counts)}:")
        yield GAP
        yield Table(list(zip(belows, profile, strict=True)), (0, 1), n_heads=0, indent="  ")


def _cell(by_below: list[TableRow], footnotes: dict[tuple[str, ...], list[tuple[int, int]]]) -> str:
    """Return the answer, or the number of the note where it depends on the level below."""
    profile = tuple(row.answer for row in by_below)
    if len(set(profile)) == 1:
        return profile[0]
    count = (by_below[0].n_evaluable, by_below[0].n_dlts)
    counts = footnotes.setdefault(profile, [])
    if count not in counts:
        counts.append(count)
    see = f"see note {list(footnotes).index(profile) + 1}"
    return f"too toxic, {see}" if by_below[0].status is LevelStatus.TOO_TOXIC else see


def _below_words(row: TableRow) -> str:
    if row.below is None or row.tally_below is None:
        return "none: this is the lowest"
    if row.tally_below.n_evaluable == 0:
        return row.below.value
    return f"{row.below.value}, as {row.tally_below.n_dlts}/{row.tally_below.n_evaluable}"


def _range(xs: Sequence[int]) -> str:
    return ", ".join(f"{low}-{high}" if low < high else f"{low}" for low, high in runs(xs))
