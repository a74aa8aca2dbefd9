"""`escalation decide`: one dose decision, now, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from escalation.cli.options import (
    OutcomesCommand,
    echo_json,
    identity,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.designs.base import Action, Decision, LevelStatus
from escalation.designs.replay import SHOWN
from escalation.outcomes import Cohort, Tally, format_outcomes
from escalation.protocol import Advice, Protocol, advise, describe_decision, format_dose
from escalation.text import align

__all__ = ["answer", "decide"]


@click.command(cls=OutcomesCommand)
@click.argument("words", metavar="OUTCOMES", nargs=-1, required=True)
@protocol_options
@click.option("--allow-departures", is_flag=True, help="Decide on a history against the rule too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decide(
    words: tuple[str, ...], protocol: Protocol, allow_departures: bool, as_json: bool
) -> None:
    """Say what to do next, given the outcomes so far, and why.

    OUTCOMES are cohorts: a level label, then a letter a patient: N no DLT, T DLT, ? pending,
    X not evaluable; in quotes, because a shell may read the ?. "" asks for the first cohort; -
    reads standard input.

    \b
    Example: escalation decide "1NNN 2NNT"
    """  # noqa: D301  # click reads the backspace
    cohorts = read_outcomes(" ".join(words))
    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    if as_json:
        echo_json(_document(protocol, cohorts, advice))
        return
    line(describe_decision(advice.decision, protocol))
    line(f"Why: {advice.decision.clause.text}", indent="     ")
    for possible in advice.decision.possible:
        line(f"  possible: {describe_decision(possible, protocol)}", indent="    ")
    for note in _notes(protocol, advice):
        line(note, indent="  ")
    click.echo()
    if cohorts:
        line(f"After {format_outcomes(cohorts)}:")
    click.echo(_table(protocol, cohorts, advice))
    click.echo()
    line(origin(protocol), indent="  ")


def _notes(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say what a reader of the decision must not miss."""
    for level, tally in enumerate(advice.tallies):
        if protocol.design.status(tally) is LevelStatus.TOO_TOXIC:
            seen = f"{tally.n_dlts} DLTs among {tally.n_evaluable}"
            yield f"Too toxic: {protocol.describe_level(level)}, {seen}."
    if advice.decision.action is Action.WAIT and advice.n_places:
        taken = advice.n_opened - advice.n_places
        yield (
            f"The cohort of {advice.n_opened} opened at {protocol.describe_level(advice.level)} "
            f"has {taken} of its places taken; the answer is about what follows it."
        )
    for departure in advice.departures[:SHOWN]:
        yield f"Departure: {departure.problem}."
    if len(advice.departures) > SHOWN:
        yield f"and {len(advice.departures) - SHOWN} more departures"


def _table(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> str:
    dose = [f"dose, {protocol.unit}"] if protocol.unit else []
    replaced = _not_evaluable(protocol, cohorts)
    beside = ["not evaluable"] if any(replaced) else []
    rows = [["level", *dose, "evaluable", "DLTs", "pending", *beside, "status"]]
    statuses = _statuses(protocol, replaced, advice.tallies)
    for level, tally, n, status in zip(
        protocol.levels, advice.tallies, replaced, statuses, strict=True
    ):
        given = [] if level.dose is None else [format_dose(level.dose)]
        counts = [tally.n_evaluable, tally.n_dlts, tally.n_pending, *([n] if beside else [])]
        rows.append([str(level.label), *given, *map(str, counts), status])
    return align(rows, left=[len(rows[0]) - 1])


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
        else:
            yield str(status)
        closed = closed or status is LevelStatus.TOO_TOXIC


def _document(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> dict[str, Any]:
    decision = advice.decision
    replaced = _not_evaluable(protocol, cohorts)
    statuses = _statuses(protocol, replaced, advice.tallies)
    return {
        **identity(protocol),
        **answer(protocol, decision),
        "settled": decision.settled,
        "possible": [answer(protocol, possible) for possible in decision.possible],
        "levels": [
            {
                "level": level.label,
                "dose": level.dose,
                "n_evaluable": tally.n_evaluable,
                "n_dlts": tally.n_dlts,
                "n_pending": tally.n_pending,
                "n_not_evaluable": n_replaced,
                "status": status,
            }
            for level, tally, n_replaced, status in zip(
                protocol.levels, advice.tallies, replaced, statuses, strict=True
            )
        ],
        "departures": [
            {
                "cohort": departure.cohort,
                "outcomes": departure.notation,
                "expected": answer(protocol, departure.expected),
                "problem": departure.problem,
            }
            for departure in advice.departures
        ],
    }


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
