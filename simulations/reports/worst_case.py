"""The worst toxicity curves as a page, a document and rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol
from escalation.reports.view import GAP, Block, Paragraph, Table, View
from simulations.questions.question import Question, describe_p_moderate
from simulations.questions.worst_case import WorstCase
from simulations.scenarios.scenario import Scenario

__all__ = ["Searched", "view_worst_case", "worst_case_blocks"]

WIDEST_TABLE = 5  # levels; longer curves do not fit beside the figures

COLUMNS = {
    "measure": "overdose or pcs, which is correct selection",
    "limit": "limit of P(DLT) for overdose, target P(DLT) for pcs, 0 to 1",
    "separation": "least distance of the other levels from the target, of P(DLT)",
    "found_by": "search or grid",
    "lowest_above": "label of the lowest level above the limit",
    "correct_level": "label of the correct level, or no MTD",
    "value": "the worst probability among such curves, 0 to 1",
    "attained": "whether the curve has it, or curves as close to it as one likes",
    "n_starts": "searches",
    "n_agreed": "searches that ended at this value",
    "n_curves": "curves of the grid",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Searched:
    """What was searched for, among which curves, and what was found.

    Attributes
    ----------
    seed : int
    around : Scenario or None
        The middle of the band; None where all curves are searched.
    band : float or None
    above : float or None
        The limit of P(DLT) above which a selection is an overdose.
    overdose : WorstCase or None
    target : float or None
    separation : float or None
    pcs : WorstCase or None
    """

    seed: int
    around: Scenario | None
    band: float | None
    above: float | None
    overdose: WorstCase | None
    target: float | None
    separation: float | None
    pcs: WorstCase | None


def view_worst_case(question: Question, searched: Searched, outcomes: dict[str, Any]) -> View:
    """Return the view; ``outcomes`` is what the document says of the outcomes so far."""
    return View(
        page=partial(_page, question, searched),
        document=partial(_document, question, searched, outcomes),
        rows=partial(_rows, question.protocol, searched),
        columns=COLUMNS
        | {
            f"p_dlt_{label}": f"P(DLT) at level {label} on the worst curve, 0 to 1"
            for label in question.protocol.labels
        },
    )


def _page(question: Question, searched: Searched) -> Iterator[Block]:
    protocol = question.protocol
    yield question.origin()
    if question.p_moderate is not None:
        yield Paragraph(f"{describe_p_moderate(question.p_moderate)}.", "  ")
    if question.cohorts:
        yield Paragraph(f"Continuing from {format_outcomes(question.cohorts)}.", "  ")
    if protocol.regimens:
        yield Paragraph(protocol.regimens, "  ")
    yield from worst_case_blocks(protocol, searched)


def worst_case_blocks(protocol: Protocol, searched: Searched) -> Iterator[Block]:
    """Yield what was found, and among which curves."""
    around = searched.around
    among = (
        "all curves" if around is None else f"all curves within {searched.band:g} of {around.name}"
    )
    yield Paragraph(f"Of {among} on which P(DLT) never falls from one level to the next:", "  ")
    if searched.overdose is not None:
        share = _at_most(searched.overdose.worst.value)
        yield GAP
        yield Paragraph(
            f"A level with P(DLT) above {searched.above:g} is selected with at most {share} %."
        )
        yield from _found(protocol, searched.overdose, "lowest above", "at most %", _at_most)
    if searched.pcs is not None:
        share = _at_least(searched.pcs.worst.value)
        apart = (
            ""
            if searched.separation is None
            else f", the others at least {searched.separation:g} from it"
        )
        yield GAP
        yield Paragraph(
            f"Correct selection for target {searched.target:g}{apart}: at least {share} %."
        )
        yield from _found(protocol, searched.pcs, "correct level", "at least %", _at_least)


def _at_most(p: float) -> str:
    """Write as a percentage, rounded to the safe side."""
    return f"{math.ceil(1e4 * p - 1e-6) / 100:.2f}"


def _at_least(p: float) -> str:
    return f"{math.floor(1e4 * p + 1e-6) / 100:.2f}"


def _found(
    protocol: Protocol, found: WorstCase, what: str, bound: str, percent: Callable[[float], str]
) -> Iterator[Block]:
    names = [*protocol.short_names, "no MTD"]  # NO_MTD is -1
    wide = len(protocol.levels) > WIDEST_TABLE
    rows = [[what, bound, "starts agreed", *([] if wide else ["worst curve"])]]
    for piece in found.pieces:
        row = [names[piece.level], percent(piece.value), f"{piece.n_agreed}/{piece.n_starts}"]
        rows.append(row if wide else [*row, _curve(piece.p_dlt, piece.attained)])
    yield Table(rows, left=(0, 3))
    yield Paragraph(f"worst curve: {_curve(found.worst.p_dlt, found.worst.attained)}", "  ")
    if not all(piece.attained for piece in found.pieces):
        yield Paragraph(
            "*: not attained there, but approached as nearly as one likes by curves beside it."
        )
    if found.grid is None:
        yield Paragraph("No grid: the ladder is too long, or the design too large.")
        return
    extra = "" if found.worst.n_agreed else " No search came there: give more --starts."
    yield Paragraph(
        f"Worst of {found.grid.n_curves:,} curves on a grid: {percent(found.grid.value)} %, at "
        f"{_curve(found.grid.p_dlt, attained=True)}.{extra}",
        "  ",
    )


def _curve(p_dlt: Iterable[float], attained: bool) -> str:
    return " ".join(f"{p:.3f}" for p in p_dlt) + ("" if attained else " *")


def _document(question: Question, searched: Searched, outcomes: dict[str, Any]) -> dict[str, Any]:
    protocol = question.protocol
    document = question.heading() | {"seed": searched.seed} | outcomes
    if searched.around is not None:
        document["band"] = {"around": list(searched.around.p_dlt), "width": searched.band}
    if searched.overdose is not None:
        document["overdose"] = {
            "above": searched.above,
            **_found_document(protocol, searched.overdose, "lowest_above"),
        }
    if searched.pcs is not None:
        document["pcs"] = {
            "target": searched.target,
            "separation": searched.separation,
            **_found_document(protocol, searched.pcs, "correct_level"),
        }
    return document


def _found_document(protocol: Protocol, found: WorstCase, key: str) -> dict[str, Any]:
    labels = [*protocol.labels, None]  # NO_MTD is -1
    pieces = [{key: labels[piece.level], **piece.to_dict()} for piece in found.pieces]
    return {
        **found.worst.to_dict(),
        key: labels[found.worst.level],
        f"by_{key}": pieces,
        "grid": None if found.grid is None else found.grid.to_dict(),
    }


def _rows(protocol: Protocol, searched: Searched) -> Iterator[Sequence[object]]:
    """Yield the worst of each piece, and of the grid, for each measure."""
    labels: list[object] = [*protocol.labels, "no MTD"]  # NO_MTD is -1
    yield [*COLUMNS, *(f"p_dlt_{label}" for label in protocol.labels)]
    for measure, limit, separation, found in (
        ("overdose", searched.above, None, searched.overdose),
        ("pcs", searched.target, searched.separation, searched.pcs),
    ):
        if found is None:
            continue
        asked = [measure, limit, separation]
        for piece in found.pieces:
            level = [labels[piece.level], None]
            if measure == "pcs":
                level.reverse()
            counts = [piece.value, piece.attained, piece.n_starts, piece.n_agreed, None]
            yield [*asked, "search", *level, *counts, *piece.p_dlt.tolist()]
        if found.grid is not None:
            counts = [found.grid.value, True, None, None, found.grid.n_curves]
            yield [*asked, "grid", None, None, *counts, *found.grid.p_dlt.tolist()]
