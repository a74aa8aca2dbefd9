"""The ladder with what has been seen at each level, and a decision, as text and for JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from escalation.binomial import LEVEL, binomial_limits, clopper_pearson, percent
from escalation.designs.base import Decision, LevelStatus
from escalation.designs.replay import SHOWN, Departure
from escalation.labels import Label, are_numbers
from escalation.outcomes import Cohort, FollowUp, Tally
from escalation.protocol import Protocol, format_dose
from escalation.reports.view import Block, Paragraph, Table

__all__ = [
    "answer",
    "departures_document",
    "describe_departures",
    "describe_limits",
    "level_blocks",
    "level_rows",
    "levels_document",
]

_LEVEL = f"{100 * LEVEL:g} %"


def level_blocks(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    tallies: Sequence[Tally],
    judged: Sequence[Tally] | None = None,
    *,
    ended: bool = False,
    expanding: int | None = None,
    reopened: Collection[Label] = (),
    follow_up: Sequence[FollowUp] = (),
) -> Iterator[Block]:
    """Yield the ladder as a table: doses, patients who count, and how each level stands.

    The limits for P(DLT) are the exact ones; a dash where nobody was evaluable.

    Parameters
    ----------
    protocol : Protocol
    cohorts : sequence of Cohort
        For the patients who were not evaluable, of whom tallies know nothing.
    tallies : sequence of Tally
        One a level, lowest first.
    judged : sequence of Tally, optional
        Those among them by which a level stands and P(DLT) is estimated: without an expansion,
        and without backfill that does not count.
    ended : bool
        Whether the decision is to stop, so that a level stands by the patients it has.
    expanding : int or None
        0-based level of the expansion.
    reopened : collection of int or str
        Labels of levels whose patients before an amendment are not among the tallies.
    follow_up : sequence of FollowUp
        Of the pending patients, for a design whose estimate weighs them.
    """
    judged = tallies if judged is None else judged
    dose = [("dose,", protocol.unit)] if protocol.unit else []
    replaced = _not_evaluable(protocol, cohorts)
    graded = [("", "moderate")] if protocol.design.asks_moderate else []
    limits = ("P(DLT)", "limits")
    estimates = protocol.design.estimates(judged, follow_up)
    modelled = [] if estimates is None else [("P(DLT)", "estimate")]
    # beside one more column there is no room for it on 80
    beside = [("not", "evaluable")] if any(replaced) and not (graded or modelled) else []
    counted = [("", "evaluable"), ("", "DLTs"), *graded, ("", "pending")]
    heads = [("", "level"), *dose, *counted, *beside, limits, *modelled, ("", "status")]
    rows = [list(head) for head in zip(*heads, strict=True)]
    statuses = _statuses(protocol, replaced, judged, ended=ended, reopened=reopened)
    for index, (level, tally, n, status) in enumerate(
        zip(protocol.levels, tallies, replaced, statuses, strict=True)
    ):
        given = [] if level.dose is None else [format_dose(level.dose)]
        counts = [tally.n_evaluable, tally.n_dlts, *([tally.n_moderate] if graded else [])]
        counts += [tally.n_pending, *([n] if beside else [])]
        said = [] if estimates is None else [f"{estimates[index]:.3f}"]
        if index == expanding:
            status = "the MTD, in expansion"  # noqa: PLW2901
        elif tally != judged[index]:
            status += " without backfill"  # noqa: PLW2901
        rows.append([str(level.label), *given, *map(str, counts), _limits(tally), *said, status])
    words = [] if are_numbers(protocol.labels) else [0]
    yield Table(rows, left=[*words, len(heads) - 1], n_heads=2)
    if protocol.regimens:
        yield Paragraph(protocol.regimens, "  ")
    if any(tally.n_evaluable for tally in tallies):
        yield Paragraph(f"P(DLT): exact two-sided {_LEVEL} limits (Clopper-Pearson).")
    if modelled:
        whom = "all evaluable patients"
        whom += ", and pending ones by their follow-up" * bool(follow_up)
        whom += " of the escalation" * (tuple(judged) != tuple(tallies))
        yield Paragraph(f"The estimate is the model's, from {whom}.")
    if any(replaced) and not beside:
        yield Paragraph(_describe_not_evaluable(protocol, replaced), "  ")


def _describe_not_evaluable(protocol: Protocol, replaced: Sequence[int]) -> str:
    counts = zip(protocol.labels, replaced, strict=True)
    listed = ", ".join(f"{n} at level {label}" for label, n in counts if n)
    return f"Not evaluable: {listed}."


def _limits(tally: Tally) -> str:
    n = tally.n_evaluable
    return f"{percent(*clopper_pearson(n, tally.n_dlts))} %" if n else "-"


def levels_document(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    tallies: Sequence[Tally],
    judged: Sequence[Tally] | None = None,
    *,
    ended: bool = False,
    reopened: Collection[Label] = (),
    follow_up: Sequence[FollowUp] = (),
) -> list[dict[str, Any]]:
    """Return the same under the names of ``decide --json``, one object a level."""
    judged = tallies if judged is None else judged
    replaced = _not_evaluable(protocol, cohorts)
    statuses = _statuses(protocol, replaced, judged, ended=ended, reopened=reopened)
    estimates = protocol.design.estimates(judged, follow_up)
    return [
        {
            **protocol.level_document(index),
            "n_evaluable": tally.n_evaluable,
            "n_dlts": tally.n_dlts,
            **({"n_moderate": tally.n_moderate} if protocol.design.asks_moderate else {}),
            "n_pending": tally.n_pending,
            "n_not_evaluable": n_replaced,
            "status": status,
            "p_dlt_limits": _limits_document(tally),
            **({} if estimates is None else {"p_dlt_estimate": estimates[index]}),
        }
        for index, (tally, n_replaced, status) in enumerate(
            zip(tallies, replaced, statuses, strict=True)
        )
    ]


def level_rows(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    tallies: Sequence[Tally],
    judged: Sequence[Tally] | None = None,
    *,
    ended: bool = False,
    follow_up: Sequence[FollowUp] = (),
) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, then a row a level; limits are Clopper-Pearson's."""
    documents = levels_document(
        protocol, cohorts, tallies, judged, ended=ended, follow_up=follow_up
    )
    names = [name for name in documents[0] if name != "p_dlt_limits"]
    yield [*names, "p_dlt_low", "p_dlt_high"]
    for document in documents:
        limits = document["p_dlt_limits"]
        low, high = ("", "") if limits is None else limits["clopper_pearson"]
        yield [*(document[name] for name in names), low, high]


def describe_limits(tally: Tally) -> str:
    """Say what the outcomes at the MTD leave open."""
    if not tally.n_evaluable:  # a design may rest its MTD on what was seen elsewhere
        return "At the MTD nobody was evaluable."
    limits = binomial_limits(tally.n_evaluable, tally.n_dlts)
    return (
        f"At the MTD {tally.n_dlts} of {tally.n_evaluable} had a DLT. {_LEVEL} limits for P(DLT), "
        f"in per cent: exact {percent(*limits.clopper_pearson)}, Wilson {percent(*limits.wilson)}, "
        f"exact one-sided upper {percent(limits.upper_one_sided)}."
    )


def _limits_document(tally: Tally) -> dict[str, Any] | None:
    if not tally.n_evaluable:
        return None
    return asdict(binomial_limits(tally.n_evaluable, tally.n_dlts))


def answer(protocol: Protocol, decision: Decision) -> dict[str, Any]:
    """Return one decision under the names of ``decide --json``."""
    level, mtd = decision.level, decision.mtd
    return {
        "action": decision.action,
        **protocol.level_document(level),
        "unit": protocol.unit,
        "n_to_enrol": decision.n_to_enrol,
        "n_at_most": decision.n_at_most,
        "mtd": None if mtd is None else protocol.labels[mtd],
        "inconclusive": decision.inconclusive,
        "clause": {"id": decision.clause.id, "text": decision.clause.text},
    }


def describe_departures(departures: Sequence[Departure]) -> Iterator[str]:
    """Say each cohort against the rule, the first few of many."""
    for departure in departures[:SHOWN]:
        yield f"Departure: {departure.problem}."
    if len(departures) > SHOWN:
        yield f"and {len(departures) - SHOWN} more departures"


def departures_document(
    protocol: Protocol, departures: Sequence[Departure]
) -> list[dict[str, Any]]:
    """Return the cohorts against the rule under the names of ``decide --json``."""
    return [
        {
            "cohort": departure.cohort,
            "outcomes": departure.notation,
            "expected": answer(protocol, departure.expected),
            "problem": departure.problem,
        }
        for departure in departures
    ]


def _not_evaluable(protocol: Protocol, cohorts: Sequence[Cohort]) -> list[int]:
    """Count the patients of each level who were not evaluable."""
    return [
        sum(cohort.n_not_evaluable for cohort in cohorts if cohort.label == label)
        for label in protocol.labels
    ]


def _statuses(
    protocol: Protocol,
    replaced: Sequence[int],
    tallies: Sequence[Tally],
    *,
    ended: bool,
    reopened: Collection[Label] = (),
) -> Iterator[str]:
    """Say how each level stands, seen from the whole ladder."""
    judge = protocol.design.final_status if ended else protocol.design.status
    closed = False
    for label, tally, n_replaced in zip(protocol.labels, tallies, replaced, strict=True):
        status = judge(tally)
        if closed:
            yield "closed"
        elif status is LevelStatus.NOT_GIVEN and not tally.n_pending and label in reopened:
            yield "reopened"
        elif status is LevelStatus.NOT_GIVEN and (tally.n_pending or n_replaced):
            yield "none evaluable"
        elif status is LevelStatus.OPEN and not protocol.design.by_level:
            yield "given"  # it is never judged by itself
        else:
            yield str(status)
        closed = closed or status is LevelStatus.TOO_TOXIC
