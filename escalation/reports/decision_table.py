"""The whole decision table: what a design says at a level, for every count and neighbourhood."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from escalation.designs import AcceleratedTitration, Clause, Decision, Design, LevelStatus
from escalation.errors import DesignError
from escalation.outcomes import Tally
from escalation.reports.situations import (
    answer_words,
    mtd_words,
    neighbours,
    on_ladder,
    runs,
    tallies_words,
    uncapped,
)
from escalation.text import align

__all__ = [
    "DURING",
    "TableRow",
    "decision_table",
    "neighbourhoods",
    "table_csv",
    "table_dict",
    "table_text",
]

ABOVE_WORDS = {
    LevelStatus.NOT_GIVEN: ("level above", "not yet given"),
    None: ("highest level", "(none above)"),
    LevelStatus.TOO_TOXIC: ("level above", "too toxic"),
}
NO_LEVEL = "none"
DURING, AFTER = "during titration", "after titration"
_ONE = Tally(n_evaluable=1)  # a level that titration has passed


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """What a design says at one level in one situation.

    Attributes
    ----------
    n_evaluable, n_dlts : int
        What has been seen at this level.
    status : LevelStatus
        How the design judges it.
    above, below : LevelStatus or None
        How the neighbours are judged; None off the ladder.
    tally_below : Tally or None
        What the level below was asked with.
    decision : Decision
    level_change : int or None
        -1, 0 or +1; None when no patients follow.
    mtd : str or None
        "this level" or "the level below", where one is declared.
    answer : str
        All of it in a few words.
    phase : {"during titration", "after titration"} or None
        For a design with titration.
    """

    n_evaluable: int
    n_dlts: int
    status: LevelStatus
    above: LevelStatus | None
    below: LevelStatus | None
    tally_below: Tally | None
    decision: Decision
    level_change: int | None
    mtd: str | None
    answer: str
    phase: str | None = None

    @property
    def clause(self) -> Clause:
        """The sentence that the answer rests on."""
        return self.decision.clause

    @property
    def n_to_enrol(self) -> int:
        """Patients to enrol before the next decision."""
        return self.decision.n_to_enrol


def decision_table(design: Design, sizes: Sequence[int] | None = None) -> tuple[TableRow, ...]:
    """Ask ``design`` about every count of DLTs at a level, in every neighbourhood.

    The table is about one level, so it leaves out a maximum sample size, which is about all.

    Parameters
    ----------
    design : Design
    sizes : sequence of int, optional
        Numbers of evaluable patients; by default 0 to the last look of the design.

    Returns
    -------
    tuple of TableRow

    Raises
    ------
    DesignError
        For a design that judges all levels together.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> rows = decision_table(ThreePlusThree(n_levels=3), sizes=[3])
    >>> [row.answer for row in rows if row.n_dlts == 1][:1]
    ['stay, treat 3']
    """
    if not design.by_level:
        raise DesignError(f"{design.name} judges all levels together: it has no table by level")
    if sizes is None:
        sizes = range(design.stages[-1] + 1)
    design = uncapped(design)
    rows = tuple(
        (Tally(n_evaluable=n, n_dlts=x), above, below)
        for n in sizes
        for x in range(n + 1)
        for above, below in neighbourhoods(design)
    )
    if isinstance(design, AcceleratedTitration):
        return (*_titration(design), *_after_titration(design, rows))
    return tuple(_ask(design, *row) for row in rows)


def _titration(design: AcceleratedTitration) -> Iterator[TableRow]:
    """Ask about a level in titration, before and after its one patient, nothing seen."""
    for here in (Tally(), _ONE):
        for above in (Tally(), None):
            for below in (None, _ONE):
                yield replace(_ask(design, here, above, below), phase=DURING)


def _after_titration(
    design: AcceleratedTitration, rows: Iterable[tuple[Tally, Tally | None, Tally | None]]
) -> Iterator[TableRow]:
    """Ask with titration ended, by DLTs or else by a moderate toxicity at the level or below it.

    One is made enough: how many it took no longer matters. What cannot be met then is left out.
    """
    ended = replace(design, moderate_events=1)
    own = {row.clause.id: row.clause for row in _titration(design)}  # with the design's own number
    for here, above, below in rows:
        counted = (below, here, above)
        if not any(tally.n_dlts for tally in counted if tally is not None):
            if here.n_evaluable:
                here = replace(here, n_moderate=1)  # noqa: PLW2901
            elif below is not None and below.n_evaluable > 1:
                below = replace(below, n_moderate=1)  # noqa: PLW2901
            else:
                continue
        row = _ask(ended, here, above, below)
        clause = own.get(row.clause.id, row.clause)
        yield replace(row, decision=replace(row.decision, clause=clause), phase=AFTER)


def neighbourhoods(design: Design) -> Iterator[tuple[Tally | None, Tally | None]]:
    """Yield what can have been seen above and below a level; None off the ladder."""
    aboves = (Tally(), None, _example(design, LevelStatus.TOO_TOXIC))
    belows = (
        None,
        Tally(),
        *((_ONE,) if design.asks_moderate else ()),
        _example(design, LevelStatus.CLEARED),
        _example(design, LevelStatus.CONFIRMED),
    )
    # an example is missing (None) where the design has no such status: None stays, once
    for above in dict.fromkeys(aboves):
        for below in dict.fromkeys(belows):
            yield above, below


def _example(design: Design, status: LevelStatus) -> Tally | None:
    """Return the smallest tally at a look that the design judges so."""
    for n in design.stages:
        for x in range(n + 1):
            tally = Tally(n_evaluable=n, n_dlts=x)
            if design.status(tally) is status:
                return tally
    return None


def _ask(design: Design, here: Tally, above: Tally | None, below: Tally | None) -> TableRow:
    tallies = tuple(tally for tally in (below, here, above) if tally is not None)
    level = int(below is not None)
    ladder = on_ladder(design, n_levels=len(tallies), start=level)
    decision = ladder.decide(tallies, level)
    status_above, status_below = neighbours(ladder, tallies, level)
    return TableRow(
        n_evaluable=here.n_evaluable,
        n_dlts=here.n_dlts,
        status=ladder.status(here),
        above=status_above,
        below=status_below,
        tally_below=below,
        decision=decision,
        level_change=None if decision.level is None else decision.level - level,
        mtd=None if decision.mtd is None else mtd_words(decision.mtd - level),
        answer=answer_words(decision, level, begun=here.n_evaluable > 0),
    )


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
