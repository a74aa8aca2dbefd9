"""The ladder with what has been seen at each level, and a decision, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.designs.base import Decision, LevelStatus
from escalation.outcomes import Cohort, Tally
from escalation.protocol import Protocol, format_dose
from escalation.text import align

__all__ = ["answer", "level_table", "levels_document"]


def level_table(protocol: Protocol, cohorts: Sequence[Cohort], tallies: Sequence[Tally]) -> str:
    """Return the ladder as aligned lines: doses, patients who count, and how each level stands.

    Parameters
    ----------
    protocol : Protocol
    cohorts : sequence of Cohort
        For the patients who were not evaluable, of whom tallies know nothing.
    tallies : sequence of Tally
        One a level, lowest first.
    """
    dose = [f"dose, {protocol.unit}"] if protocol.unit else []
    replaced = _not_evaluable(protocol, cohorts)
    beside = ["not evaluable"] if any(replaced) else []
    estimates = protocol.design.estimates(tallies)
    modelled = [] if estimates is None else ["P(DLT), est."]
    rows = [["level", *dose, "evaluable", "DLTs", "pending", *beside, *modelled, "status"]]
    statuses = _statuses(protocol, replaced, tallies)
    for index, (level, tally, n, status) in enumerate(
        zip(protocol.levels, tallies, replaced, statuses, strict=True)
    ):
        given = [] if level.dose is None else [format_dose(level.dose)]
        counts = [tally.n_evaluable, tally.n_dlts, tally.n_pending, *([n] if beside else [])]
        said = [] if estimates is None else [f"{estimates[index]:.3f}"]
        rows.append([str(level.label), *given, *map(str, counts), *said, status])
    return align(rows, left=[len(rows[0]) - 1])


def levels_document(
    protocol: Protocol, cohorts: Sequence[Cohort], tallies: Sequence[Tally]
) -> list[dict[str, Any]]:
    """Return the same under the names of ``decide --json``, one object a level."""
    replaced = _not_evaluable(protocol, cohorts)
    statuses = _statuses(protocol, replaced, tallies)
    estimates = protocol.design.estimates(tallies)
    return [
        {
            "level": level.label,
            "dose": level.dose,
            "n_evaluable": tally.n_evaluable,
            "n_dlts": tally.n_dlts,
            "n_pending": tally.n_pending,
            "n_not_evaluable": n_replaced,
            "status": status,
            **({} if estimates is None else {"p_dlt_estimate": estimates[index]}),
        }
        for index, (level, tally, n_replaced, status) in enumerate(
            zip(protocol.levels, tallies, replaced, statuses, strict=True)
        )
    ]


def answer(protocol: Protocol, decision: Decision) -> dict[str, Any]:
    """Return one decision under the names of ``decide --json``."""
    level, mtd = decision.level, decision.mtd
    return {
        "action": decision.action,
        "level": None if level is None else protocol.labels[level],
        "dose": None if level is None else protocol.levels[level].dose,
        "unit": protocol.unit,
        "n_to_enrol": decision.n_to_enrol,
        "mtd": None if mtd is None else protocol.labels[mtd],
        "inconclusive": decision.inconclusive,
        "clause": {"id": decision.clause.id, "text": decision.clause.text},
    }


def _not_evaluable(protocol: Protocol, cohorts: Sequence[Cohort]) -> list[int]:
    """Count the patients of each level who were not evaluable."""
    return [
        sum(cohort.n_not_evaluable for cohort in cohorts if cohort.label == label)
        for label in protocol.labels
    ]


def _statuses(
    protocol: Protocol, replaced: Sequence[int], tallies: Sequence[Tally]
) -> Iterator[str]:
    """Say how each level stands, seen from the whole ladder."""
    closed = False
    for tally, n_replaced in zip(tallies, replaced, strict=True):
        status = protocol.design.status(tally)
        if closed:
            yield "closed"
        elif status is LevelStatus.NOT_GIVEN and (tally.n_pending or n_replaced):
            yield "none evaluable"
        elif status is LevelStatus.OPEN and not protocol.design.by_level:
            yield "given"  # it is never judged by itself
        else:
            yield str(status)
        closed = closed or status is LevelStatus.TOO_TOXIC
