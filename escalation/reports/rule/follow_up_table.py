"""The decision table with pending patients, as TITE-BOIN's authors print it.

By the patients at the current level, the DLTs and the pending among them: what to do, or from which
and up to which total follow-up in DLT windows (STFT). Every number is the design's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from typing import Any, Literal

from escalation.dataclass import dataclass
from escalation.designs.interval.base import IntervalDesign
from escalation.reports.view import GAP, Block, Paragraph, Table

__all__ = ["FollowUpRow", "follow_up_blocks", "follow_up_rows", "follow_up_table_document"]

Answer = Literal["escalate", "stay", "de-escalate", "eliminate", "suspend", "by STFT"]
SHOWN = 5  # cohorts, as in the paper; more fill pages
HEADS = (("", "patients"), ("", "DLTs"), ("", "pending"), ("escalate", "at STFT"),
         ("stay", "at STFT"), ("de-escalate", "at STFT"))  # fmt: skip
YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRow:
    """What to do with so many patients at the current level, DLTs and pending among them.

    Attributes
    ----------
    n_patients : int
    n_dlts, n_pending : (int, int)
        From and to.
    answer : str
        "by STFT" where it depends on the follow-up.
    escalate_from, deescalate_to : float or None
        The least STFT to escalate, and the greatest to de-escalate.
    """

    n_patients: int
    n_dlts: tuple[int, int]
    n_pending: tuple[int, int]
    answer: Answer
    escalate_from: float | None = None
    deescalate_to: float | None = None


def follow_up_rows(design: IntervalDesign, sizes: Sequence[int]) -> Iterator[FollowUpRow]:
    """Ask a design at each number of patients, and join what is the same whatever is pending.

    Parameters
    ----------
    design : IntervalDesign
        One that asks for follow-up.
    sizes : sequence of int
        Numbers of patients at the level.

    Examples
    --------
    >>> from escalation.designs import TiteBoin
    >>> design = TiteBoin(n_levels=3, target=0.2, max_patients=30)
    >>> rows = list(follow_up_rows(design, [9]))
    >>> round(rows[4].escalate_from, 2), rows[4].n_dlts, rows[4].n_pending
    (2.15, (1, 1), (4, 4))
    """
    for n in sizes:
        of_each = [
            list(_joined(_ask(design, n, x, pending) for pending in range(n - x + 1)))
            for x in range(n + 1)
        ]
        for _, group in groupby(range(n + 1), key=partial(_alike, of_each)):
            dlts = list(group)
            for row in of_each[dlts[0]]:
                yield replace(row, n_dlts=(dlts[0], dlts[-1]))


def _alike(of_each: Sequence[Sequence[FollowUpRow]], x: int) -> object:
    """Return what numbers of DLTs that share a row have in common: the level is left."""
    first, *others = of_each[x]
    return x if others or first.answer not in ("de-escalate", "eliminate") else first.answer


def _ask(design: IntervalDesign, n: int, x: int, pending: int) -> FollowUpRow:
    found = design.follow_up_boundaries(n, x, pending)
    answer: Answer = "suspend"
    up = down = None
    if found is not None and not found.suspended:
        up = found.escalate_from if found.escalate_from <= pending else None
        down = found.deescalate_to if found.deescalate_to >= 0 else None
        answer = "stay" if up is None and down is None else "by STFT"
        if found.eliminated:
            answer = "eliminate"
        elif found.escalate_from <= 0:
            answer = "escalate"
        elif found.deescalate_to >= pending:
            answer = "de-escalate"
    by_stft = answer == "by STFT"
    return FollowUpRow(
        n_patients=n,
        n_dlts=(x, x),
        n_pending=(pending, pending),
        answer=answer,
        escalate_from=up if by_stft else None,
        deescalate_to=down if by_stft else None,
    )


def _joined(rows: Iterator[FollowUpRow]) -> Iterator[FollowUpRow]:
    """Join rows that follow each other and do not depend on the follow-up."""
    joined: FollowUpRow | None = None
    for row in rows:
        if joined is not None and joined.answer == row.answer != "by STFT":
            joined = replace(joined, n_pending=(joined.n_pending[0], row.n_pending[1]))
            continue
        if joined is not None:
            yield joined
        joined = row
    if joined is not None:
        yield joined


def follow_up_table_document(design: IntervalDesign) -> dict[str, Any]:
    """Return the rows at every look for JSON."""
    return {"follow_up": [asdict(row) for row in follow_up_rows(design, design.stages)]}


def follow_up_blocks(design: IntervalDesign) -> Iterator[Block]:
    """Yield the table after the first cohorts at a level, and what a reader must know beside it."""
    sizes = design.stages[:SHOWN]
    yield Paragraph("With patients pending, by their total follow-up in DLT windows (STFT)")
    yield GAP
    lines = [list(head) for head in zip(*HEADS, strict=True)]
    lines += [_line(row) for row in follow_up_rows(design, sizes)]
    yield Table(lines, left=(1, 2, 3, 4, 5), n_heads=2, ruled=True, indent="  ", n_labels=1)
    yield GAP
    more = "" if len(sizes) == len(design.stages) else f", to {sizes[-1]} patients"
    yield Paragraph(
        f"Patients at the current level, pending ones among them{more}; --json has every look. "
        "STFT: the days for which the pending have been followed, in all, divided by the days of "
        "the DLT window. A level is eliminated as if no pending patient had a DLT."
    )


def _line(row: FollowUpRow) -> list[str]:
    numbers = [str(row.n_patients), _range(row.n_dlts), _range(row.n_pending)]
    up, down = row.escalate_from, row.deescalate_to
    if row.answer != "by STFT":
        place = {"escalate": 0, "stay": 1, "de-escalate": 2, "eliminate": 2, "suspend": 1}
        words = {"eliminate": "yes, eliminate", "suspend": "suspended"}
        cells = ["", "", ""]
        cells[place[row.answer]] = words.get(row.answer, YES)
        return [*numbers, *cells]
    stay = [] if down is None else [f"> {down:.2f}"]
    stay += [] if up is None else [f"< {up:.2f}"]
    return [
        *numbers,
        "" if up is None else f">= {up:.2f}",
        " ".join(stay),
        "" if down is None else f"<= {down:.2f}",
    ]


def _range(span: tuple[int, int]) -> str:
    return f"{span[0]}" if span[0] == span[1] else f"{span[0]}-{span[1]}"
