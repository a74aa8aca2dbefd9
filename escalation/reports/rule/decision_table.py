"""The whole decision table: what a design says at a level, for every count and neighbourhood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from escalation.dataclass import dataclass
from escalation.designs import AcceleratedTitration, Clause, Decision, Design, LevelStatus
from escalation.errors import DesignError
from escalation.outcomes import Tally
from escalation.reports.rule.situations import (
    answer_words,
    mtd_words,
    neighbours,
    on_ladder,
    uncapped,
)

__all__ = [
    "DURING",
    "TableRow",
    "decision_table",
    "neighbourhoods",
]

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
