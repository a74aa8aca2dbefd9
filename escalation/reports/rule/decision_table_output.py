"""The decision table written: as text on 80 columns, CSV and JSON."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from typing import Any

from escalation.designs import LevelStatus
from escalation.reports.rule.decision_table import TableRow
from escalation.reports.rule.situations import runs, tallies_words
from escalation.text import align

__all__ = ["table_csv", "table_dict", "table_text"]

ABOVE_WORDS = {
    LevelStatus.NOT_GIVEN: ("level above", "not yet given"),
    None: ("highest level", "(none above)"),
    LevelStatus.TOO_TOXIC: ("level above", "too toxic"),
}
NO_LEVEL = "none"


def table_dict(rows: Sequence[TableRow]) -> dict[str, Any]:
    """Return the rows as a document for JSON."""
    return {"schema": 1, "rows": [{**_record(row), "clause": _clause(row)} for row in rows]}


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
        "mtd": row.mtd,
    }


def table_csv(rows: Sequence[TableRow]) -> str:
    """Return the rows as CSV; a neighbour off the ladder is "none"."""
    stream = io.StringIO()
    fields = [*_record(rows[0]), "clause_id", "clause"]
    writer = csv.DictWriter(stream, fields, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        record = _record(row)
        record["above"] = record["above"] or NO_LEVEL
        record["below"] = record["below"] or NO_LEVEL
        writer.writerow({**record, "clause_id": row.clause.id, "clause": row.clause.text})
    return stream.getvalue()


def table_text(rows: Sequence[TableRow]) -> str:
    """Return the rows for 80 columns: by what stands above, then what the level below decides.

    Counts of DLTs with the same answers share a line. A design with titration has two tables.
    """
    phases = dict.fromkeys(row.phase for row in rows)
    return "\n\n".join(
        _phase_text([row for row in rows if row.phase == phase], phase) for phase in phases
    )


def _phase_text(rows: Sequence[TableRow], phase: str | None) -> str:
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
    parts = [f"{title}{f', {phase}' if phase else ''}\n", _grid(grid, rule_after=2)]
    whole = [row for row in rows if (row.n_evaluable, row.n_dlts) == count]  # the last one
    belows = [_below_words(row) for row in {row.below: row for row in whole}.values()]
    for number, (profile, counts) in enumerate(footnotes.items(), start=1):
        title = f"Note {number}. By the level below, at {tallies_words(counts)}:"
        parts += [
            "",
            textwrap.fill(title, 79) + "\n",
            _grid(list(zip(belows, profile, strict=True))),
        ]
    return "\n".join(parts)


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


def _grid(lines: Sequence[Sequence[str]], *, rule_after: int = 0) -> str:
    """Lay cells out in columns, with a rule below the first ``rule_after`` lines."""
    table = [*lines]
    if rule_after:
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table.insert(rule_after, ["-" * width for width in widths])
    return textwrap.indent(align(table, left=range(len(table[0]))), "  ")
