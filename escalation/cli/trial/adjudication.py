"""Rulings: whether an adverse event is a DLT, and whether a patient counts."""

from __future__ import annotations

from functools import partial

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.trial import adjudicate as adjudicate_command
from escalation.trial import rule_evaluability

__all__ = ["adjudicate", "evaluable"]


@click.command(cls=CarefulCommand)
@click.argument("entry", type=WholeNumber())
@click.option("--dlt", is_flag=True, help="It is a DLT: the subject's outcome is recorded as well.")
@click.option("--no-dlt", is_flag=True, help="It is not a DLT.")
@click.option(
    "--reason",
    metavar="TEXT",
    help="Why; needed against the protocol's definition, or to rule again.",
)
@recording_options
def adjudicate(
    *, recording: Recording, entry: int, dlt: bool, no_dlt: bool, reason: str | None
) -> None:
    """Rule whether an adverse event is a DLT.

    ENTRY is the number of the event's first report in `escalation trial log`. What the protocol's
    definition says of the event is recorded with the ruling. It takes the role adjudicator or
    chair.

    Example: escalation trial adjudicate 62 --no-dlt --reason "sepsis, blood culture positive"
    --as "P. Novak"
    """
    if dlt == no_dlt:
        raise click.UsageError("say what was ruled: --dlt or --no-dlt")
    recording.record(partial(adjudicate_command, entry=entry, dlt=dlt, reason=reason))


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--yes", is_flag=True, help="The subject counts as the verdict says.")
@click.option("--no", is_flag=True, help="The subject does not count, and is replaced.")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
def evaluable(*, recording: Recording, subject: str, yes: bool, no: bool, reason: str) -> None:
    """Rule whether a patient counts.

    Outside the limits of the protocol's [evaluability], such as 1 % of the planned dose, "no DLT"
    counts for nothing until somebody has ruled. It takes the role adjudicator or chair. A DLT
    counts whatever the dose, unless it is ruled not evaluable, which stays a warning.

    Example: escalation trial evaluable TJ-010 --no --reason "the bag leaked" --as "P. Novak"
    """
    if yes == no:
        raise click.UsageError("say what was ruled: --yes or --no")
    recording.record(partial(rule_evaluability, subject=subject, evaluable=yes, reason=reason))
