"""`escalation decide`: one dose decision, now, with the reason."""

from __future__ import annotations

import click

from escalation.cli.options import (
    OutcomesCommand,
    echo_json,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol, advise, describe_decision
from escalation.reports.decision import decision_document, decision_notes
from escalation.reports.level_table import level_table

__all__ = ["decide"]


@click.command(cls=OutcomesCommand)
@click.argument("words", metavar="OUTCOMES", nargs=-1, required=True)
@protocol_options
@click.option("--allow-departures", is_flag=True, help="Decide on a history against the rule too.")
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

    \b
    Example: escalation decide "1NNN 2NNT"
             escalation decide "1NNN 2NNT" --all --target 0.30
    """  # noqa: D301  # click reads the backspace
    if not ask_everyone and (target is not None or max_patients is not None):
        raise click.UsageError("--target and --max-patients are for --all")
    cohorts = read_outcomes(" ".join(words))
    if ask_everyone:
        from escalation.cli.consensus import show_all  # noqa: PLC0415  # one decision needs none

        show_all(protocol, cohorts, target, max_patients, as_json=as_json)
        return
    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    if as_json:
        echo_json(decision_document(protocol, cohorts, advice))
        return
    line(describe_decision(advice.decision, protocol))
    line(f"Why: {advice.decision.clause.text}", indent="     ")
    for possible in advice.decision.possible:
        line(f"  possible: {describe_decision(possible, protocol)}", indent="    ")
    for note in decision_notes(protocol, advice):
        line(note, indent="  ")
    click.echo()
    if cohorts:
        line(f"After {format_outcomes(cohorts)}:")
    click.echo(level_table(protocol, cohorts, advice.tallies))
    click.echo()
    line(origin(protocol), indent="  ")
