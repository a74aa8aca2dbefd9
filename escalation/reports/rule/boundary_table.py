"""The field's decision table: at which numbers of DLTs to escalate, de-escalate and eliminate.

Four rows by the number of patients at the current level, as the authors of BOIN, keyboard and mTPI
print them. Every number is found by asking the design, so the table is what the trial does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs import Design, LevelStatus, design_settings
from escalation.designs.interval.base import IntervalDesign
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.rule.follow_up_table import follow_up_blocks, follow_up_table_document
from escalation.reports.rule.situations import on_ladder, uncapped
from escalation.reports.view import GAP, Block, Paragraph, Table, View

__all__ = [
    "Boundaries",
    "boundary_blocks",
    "boundary_notes",
    "boundary_table",
    "boundary_table_document",
    "boundary_table_rows",
    "view_boundaries",
]

TITLE = "Boundaries: what the DLTs at a level mean, by the number of patients there"
NEVER = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """What the DLTs among ``n_evaluable`` patients at a level mean; None where no number does.

    Attributes
    ----------
    n_evaluable : int
    escalate_if_at_most : int or None
    deescalate_if_at_least : int or None
        A level that is eliminated is left as well.
    eliminate_if_at_least : int or None
    stop_at_lowest_if_at_least : int or None
        What stops the trial at the lowest level: what eliminates it, or fewer DLTs by
        ``extrasafe``.
    """

    n_evaluable: int
    escalate_if_at_most: int | None
    deescalate_if_at_least: int | None
    eliminate_if_at_least: int | None
    stop_at_lowest_if_at_least: int | None


def boundary_table(
    design: IntervalDesign, sizes: Iterable[int] | None = None
) -> tuple[Boundaries, ...]:
    """Ask ``design`` for its boundaries at each number of evaluable patients.

    Parameters
    ----------
    design : IntervalDesign
    sizes : iterable of int, optional
        Numbers of evaluable patients at the level; by default 1 to the last look of the design.

    Returns
    -------
    tuple of Boundaries

    Examples
    --------
    >>> from escalation.designs import Boin
    >>> design = Boin(n_levels=5, target=0.3, max_patients=30)
    >>> (at_6,) = boundary_table(design, [6])
    >>> at_6.escalate_if_at_most, at_6.deescalate_if_at_least, at_6.eliminate_if_at_least
    (1, 3, 4)
    """
    if sizes is None:
        sizes = range(1, design.stages[-1] + 1)
    lowest = on_ladder(uncapped(design), n_levels=2, start=0)
    return tuple(_ask(design, lowest, n) for n in sizes)


def _ask(design: IntervalDesign, lowest: Design, n: int) -> Boundaries:
    """Ask at ``n`` patients, and on the ladder ``lowest`` with these at its lowest level."""
    tallies = [Tally(n_evaluable=n, n_dlts=x) for x in range(n + 1)]

    def fewest(says: Callable[[Tally], bool]) -> int | None:
        # with more DLTs a design never judges more lightly
        x = bisect_left(tallies, True, key=says)
        return x if x <= n else None

    def stops(tally: Tally) -> bool:
        decision = lowest.decide((tally, Tally()), 0)
        return decision.level is None and decision.mtd is None

    escalating = sum(design.status(tally) is LevelStatus.CLEARED for tally in tallies)
    return Boundaries(
        n_evaluable=n,
        escalate_if_at_most=escalating - 1 if escalating else None,
        deescalate_if_at_least=fewest(
            lambda tally: design.status(tally) in (LevelStatus.ABOVE_TARGET, LevelStatus.TOO_TOXIC)
        ),
        eliminate_if_at_least=fewest(lambda tally: design.status(tally) is LevelStatus.TOO_TOXIC),
        stop_at_lowest_if_at_least=fewest(stops),
    )


def boundary_table_document(design: IntervalDesign) -> dict[str, Any]:
    """Return the boundaries as a document for JSON, one entry a number of patients."""
    return {
        "boundaries": [asdict(one) for one in boundary_table(design)],
        "notes": list(boundary_notes(design)),
    }


def boundary_table_rows(design: IntervalDesign) -> list[list[object]]:
    """Return the rows of the field's table, the numbers of patients first; "" where no DLTs do.

    With extra safety there is a fifth row, for the lowest level.
    """
    table = boundary_table(design)
    rows: dict[str, list[int] | list[int | None]] = {
        "Evaluable patients": [one.n_evaluable for one in table],
        "Escalate if DLTs <=": [one.escalate_if_at_most for one in table],
        "De-escalate if DLTs >=": [one.deescalate_if_at_least for one in table],
        "Eliminate if DLTs >=": [one.eliminate_if_at_least for one in table],
    }
    if design.extrasafe:
        rows["Stop if DLTs >= at the lowest level"] = [
            one.stop_at_lowest_if_at_least for one in table
        ]
    return [
        [name, *("" if value is None else value for value in values)]
        for name, values in rows.items()
    ]


def view_boundaries(protocol: Protocol, design: IntervalDesign) -> View:
    """Return the view of a protocol's boundaries; ``design`` is the protocol's own."""
    return View(
        page=lambda: [
            *boundary_blocks(design),
            *_followed(design),
            GAP,
            Paragraph(describe_origin(protocol), "  "),
        ],
        document=lambda: {
            **identity_document(protocol),
            **boundary_table_document(design),
            **(follow_up_table_document(design) if design.asks_follow_up else {}),
            "stages": design.stages,
            "design": design_settings(design),
        },
        rows=lambda: boundary_table_rows(design),
    )


def _followed(design: IntervalDesign) -> Iterator[Block]:
    """Yield the table with pending patients, of a design that asks for their follow-up."""
    if design.asks_follow_up:
        yield GAP
        yield from follow_up_blocks(design)


def boundary_blocks(design: IntervalDesign) -> Iterator[Block]:
    """Yield the table, and what a reader must know beside the numbers."""
    yield Paragraph(TITLE)
    yield GAP
    rows = boundary_table_rows(design)
    shown = [[NEVER if value == "" else str(value) for value in row] for row in rows]
    digits = max(len(cell) for _, *cells in shown for cell in cells)
    shown = [[name, *(cell.rjust(digits) for cell in cells)] for name, *cells in shown]
    yield Table(shown, ruled=True, indent="  ")
    yield GAP
    yield Paragraph(f"{NEVER}: no number of DLTs does.")
    yield from map(Paragraph, boundary_notes(design))


def boundary_notes(design: IntervalDesign) -> Iterator[str]:
    """Yield what a reader must know beside the numbers, the protocol's own sentences among it."""
    yield (
        "In between stay; so too instead of escalating at the highest level or below an "
        "eliminated one, and instead of de-escalating at the lowest level. A level that is "
        "eliminated, and all above it, is never given again; the lowest one stops the trial."
    )
    said = {
        "fill": design.cohort_size > 1,
        "lowest-unsafe": design.extrasafe,
        "enough-here": design.n_earlystop is not None,
        "max-patients": design.max_patients is not None,
    }
    yield from (design.clauses[clause_id].text for clause_id, holds in said.items() if holds)
