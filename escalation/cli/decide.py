"""`escalation decide`: one dose decision, now, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
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
from escalation.designs.base import Decision
from escalation.outcomes import Tally
from escalation.protocol import Advice, Protocol, advise, describe_decision, format_dose
from escalation.text import align

__all__ = ["answer", "decide"]


@click.command(cls=OutcomesCommand)
@click.argument("outcomes")
@protocol_options
@click.option("--allow-departures", is_flag=True, help="Decide on a history against the rule too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decide(outcomes: str, protocol: Protocol, allow_departures: bool, as_json: bool) -> None:
    """Say what to do next, given the outcomes so far, and why.

    OUTCOMES are cohorts: a level label, then a letter a patient: N no DLT, T DLT, ? pending,
    X not evaluable. "" asks for the first cohort; - reads standard input.

    \b
    Example: escalation decide "1NNN 2NNT"
    """  # noqa: D301  # click reads the backspace
    advice = advise(protocol, read_outcomes(outcomes), allow_departures=allow_departures)
    decision = advice.decision
    if as_json:
        echo_json(_document(protocol, advice))
        return
    for departure in advice.departures:
        line(f"Departure: {departure.problem}.")
    line(describe_decision(decision, protocol))
    line(f"Why: {decision.clause.text}", indent="     ")
    for possible in decision.possible:
        line(f"  possible: {describe_decision(possible, protocol)}", indent="    ")
    click.echo()
    click.echo(_table(protocol, advice.tallies))
    click.echo()
    line(origin(protocol), indent="  ")


def _table(protocol: Protocol, tallies: Sequence[Tally]) -> str:
    dose = [f"dose, {protocol.unit}"] if protocol.unit else []
    rows = [["level", *dose, "evaluable", "DLTs", "pending", "status"]]
    for level, tally in zip(protocol.levels, tallies, strict=True):
        given = [] if level.dose is None else [format_dose(level.dose)]
        counts = (tally.n_evaluable, tally.n_dlts, tally.n_pending)
        status = protocol.design.status(tally)
        rows.append([str(level.label), *given, *map(str, counts), status])
    return align(rows, left=[len(rows[0]) - 1])


def _document(protocol: Protocol, advice: Advice) -> dict[str, Any]:
    decision = advice.decision
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
                "status": protocol.design.status(tally),
            }
            for level, tally in zip(protocol.levels, advice.tallies, strict=True)
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
