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
from escalation.designs.base import Action, LevelStatus
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Advice, Protocol, advise, describe_decision
from escalation.reports.expansion_text import (
    describe_expansion,
    describe_outlook,
    expansion_document,
    headline,
)
from escalation.reports.level_table import (
    answer,
    departures_document,
    describe_departures,
    describe_limits,
    level_table,
    levels_document,
)

__all__ = ["decide"]


@click.command(cls=OutcomesCommand)
@click.argument("words", metavar="OUTCOMES", nargs=-1, required=True)
@protocol_options
@click.option("--allow-departures", is_flag=True, help="Decide on a history against the rule too.")
@click.option(
    "--stop-at-rate",
    metavar="X/N",
    help="DLT rate at which an expansion at the MTD stops, as 1/3.  [default: the protocol's]",
)
@click.option(
    "--all",
    "ask_everyone",
    is_flag=True,
    help="Ask every design, also those that would not have produced the outcomes.",
)
@click.option(
    "--target",
    type=float,
    metavar="P",
    help="With --all: P(DLT) sought.  [default: the design's, else one that is said]",
)
@click.option(
    "--max-patients",
    type=int,
    metavar="N",
    help="With --all: in the whole trial.  [default: the design's, else those planned]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decide(
    *,
    words: tuple[str, ...],
    protocol: Protocol,
    allow_departures: bool,
    stop_at_rate: str | None,
    ask_everyone: bool,
    target: float | None,
    max_patients: int | None,
    as_json: bool,
) -> None:
    """Say what to do next, given the outcomes so far, and why.

    OUTCOMES are cohorts: a level label, then a letter a patient: N no DLT, T DLT, ? pending,
    X not evaluable; in quotes, because a shell may read the ?. "" asks for the first cohort; -
    reads standard input. Our own letter M is a moderate toxicity (grade 2 or more) without a DLT:
    it counts in the titration of the design accelerated, and is an N to every other.

    Patients treated at the MTD after the rule has stopped with it are an expansion: the rule does
    not count them, and they have a boundary of their own where the protocol gives one.

    \b
    Example: escalation decide "1NNN 2NNT"
             escalation decide "1NNN 2NNT" --all --target 0.30
    """  # noqa: D301  # click reads the backspace
    if not ask_everyone and (target is not None or max_patients is not None):
        raise click.UsageError("--target and --max-patients are for --all")
    if stop_at_rate is not None:
        protocol = protocol.with_stop_at_rate(stop_at_rate)
    cohorts = read_outcomes(" ".join(words))
    if ask_everyone:
        from escalation.cli.consensus import show_all  # noqa: PLC0415  # one decision needs none

        show_all(protocol, cohorts, target, max_patients, as_json=as_json)
        return
    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    if as_json:
        echo_json(_document(protocol, cohorts, advice))
        return
    line(headline(protocol, advice) or describe_decision(advice.decision, protocol))
    line(f"Why: {advice.decision.clause.text}", indent="     ")
    for possible in advice.decision.possible:
        line(f"  possible: {describe_decision(possible, protocol)}", indent="    ")
    for note in _notes(protocol, advice):
        line(note, indent="  ")
    click.echo()
    if cohorts:
        line(f"After {format_outcomes(cohorts)}:")
    click.echo(level_table(protocol, cohorts, advice.tallies, advice.escalation))
    click.echo()
    line(origin(protocol), indent="  ")


def _notes(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say what a reader of the decision must not miss."""
    for level, tally in enumerate(advice.escalation):
        if protocol.design.status(tally) is LevelStatus.TOO_TOXIC:
            seen = f"{tally.n_dlts} DLTs among {tally.n_evaluable}"
            yield f"Too toxic: {protocol.describe_level(level)}, {seen}."
    mtd = advice.decision.mtd
    if advice.expansion is not None:
        yield from describe_expansion(protocol, advice)
    elif mtd is not None:
        yield describe_limits(advice.tallies[mtd])
        outlook = describe_outlook(protocol.expansion)
        if outlook is not None:
            yield outlook
    if advice.decision.action is Action.WAIT and advice.n_places:
        taken = advice.n_opened - advice.n_places
        yield (
            f"The cohort of {advice.n_opened} opened at {protocol.describe_level(advice.level)} "
            f"has {taken} of its places taken; the answer is about what follows it."
        )
    yield from describe_departures(advice.departures)


def _document(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> dict[str, Any]:
    decision = advice.decision
    return {
        **identity(protocol),
        **answer(protocol, decision),
        "settled": decision.settled,
        "possible": [answer(protocol, possible) for possible in decision.possible],
        "levels": levels_document(protocol, cohorts, advice.tallies, advice.escalation),
        "expansion": expansion_document(protocol, advice),
        "departures": departures_document(protocol, advice.departures),
    }
