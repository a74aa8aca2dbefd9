"""`escalation decide`: one dose decision, now, with the reason."""

from __future__ import annotations

import click

from escalation.cli.options import OutcomesCommand, protocol_options, read_outcomes
from escalation.cli.show import shows
from escalation.cli.whole import WholeNumber
from escalation.protocol import Protocol, advise
from escalation.reports.decision import view_decision
from escalation.reports.view import View

__all__ = ["decide"]


@click.command(cls=OutcomesCommand)
@click.argument("words", metavar="OUTCOMES", nargs=-1, required=True)
@protocol_options
@click.option(
    "--allow-departures", is_flag=True, help="Decide even if the outcomes depart from the rule."
)
@click.option(
    "--stop-at-rate",
    metavar="X/N",
    help="DLT rate at which an expansion at the MTD stops, such as 1/3.  [default: the protocol's]",
)
@click.option(
    "--window",
    "window_days",
    type=WholeNumber(),
    metavar="DAYS",
    help="DLT window, for a design that asks for follow-up.  [default: the protocol's]",
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
    help="With --all: the target P(DLT).  [default: the design's, else one that is printed]",
)
@click.option(
    "--max-patients",
    type=WholeNumber(),
    metavar="N",
    help="With --all: patients in the whole trial.  [default: the design's, else those planned]",
)
@shows
def decide(
    *,
    words: tuple[str, ...],
    protocol: Protocol,
    allow_departures: bool,
    stop_at_rate: str | None,
    window_days: int | None,
    ask_everyone: bool,
    target: float | None,
    max_patients: int | None,
) -> View:
    """Say what to do next, given the outcomes so far, and why.

    OUTCOMES are cohorts: a level label, then a letter a patient: N no DLT, T DLT, ? pending,
    X not evaluable; in quotes, because a shell may read the ?. "" asks for the first cohort; -
    reads standard input. M is a moderate toxicity (grade 2 or more) without a DLT, a
    letter of this program: it counts in the titration of the design accelerated, and every other
    design reads it as N.

    ?14 has been pending for 14 days, and T@9 is a DLT on day 9, from dosing: a design such as
    tite-boin decides by them.

    Patients treated at the MTD after the rule has stopped with it are an expansion: the rule does
    not count them, and they have a boundary of their own where the protocol gives one.

    \b
    Example: escalation decide "1NNN 2NNT"
             escalation decide "1NNN 2NNT" --all --target 0.30
             escalation decide "1NT?25" --levels 5 --design tite-boin --window 28
    """  # noqa: D301  # click reads the backspace
    if not ask_everyone and (target is not None or max_patients is not None):
        raise click.UsageError("--target and --max-patients are for --all")
    if stop_at_rate is not None:
        protocol = protocol.with_stop_at_rate(stop_at_rate)
    if window_days is not None:
        protocol = protocol.with_window(window_days)
    cohorts = read_outcomes(" ".join(words))
    if ask_everyone:
        # one decision, which is wanted at once, does without them
        from escalation.protocol.consensus import ask_all  # noqa: PLC0415
        from escalation.reports.consensus import view_consensus  # noqa: PLC0415

        found = ask_all(protocol, cohorts, target=target, max_patients=max_patients)
        return view_consensus(protocol, cohorts, found)
    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    return view_decision(protocol, cohorts, advice)
