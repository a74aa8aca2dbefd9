"""The trial's office: register a trial, delegate roles, hold, resume, amend and close."""

from __future__ import annotations

from functools import partial

import click

from escalation.cli.completion import complete_plans, complete_protocols
from escalation.cli.label import LABEL
from escalation.cli.options import DEFAULT_PROTOCOL, CarefulCommand, read_plan, read_protocol
from escalation.cli.trial.recording import Recording, recording_options
from escalation.labels import Label
from escalation.ledger import check_trial, create_ledger
from escalation.ledger.values import check_name
from escalation.tracker import Command, Tracker
from escalation.trial import (
    TrialState,
    amend_protocol,
    close_trial,
    delegate_role,
    hold_enrolment,
    register_trial,
    register_with_plan,
    resume_enrolment,
    revoke_role,
)
from escalation.trial.events import Role

__all__ = ["amend", "close", "delegate", "hold", "register", "resume"]


@click.command(cls=CarefulCommand)
@click.option(
    "--protocol",
    "protocol_name",
    metavar="NAME|FILE",
    shell_complete=complete_protocols,
    default=DEFAULT_PROTOCOL,
    help=f"A shipped protocol or a file.  [default: {DEFAULT_PROTOCOL}]",
)
@click.option(
    "--plan",
    "plan_name",
    metavar="NAME|FILE",
    shell_complete=complete_plans,
    help="Also go by a plan: who may enter, what is measured, when.  [default: none]",
)
@click.option("--solo", is_flag=True, help="One person decides alone: shown on every page.")
@recording_options
def register(recording: Recording, protocol_name: str, plan_name: str | None, solo: bool) -> None:
    """Begin to track a trial.

    The ledger is made if it is not there; the whole protocol goes into it, and its [committee] says
    how decisions are carried. Whoever registers the trial may delegate roles. With --solo the
    protocol is registered with solo = true, and one person may do everything. A plan is adopted
    with --plan, or later by `escalation trial plan`.

    Example: escalation trial register --trial TJ-1 --db trials.db --as "Wu Jing"
    """
    trial = recording.place.trial
    if trial is None:
        raise click.UsageError("name the trial: --trial ID")
    check_trial(trial)
    check_name("request id", recording.request_id)
    if recording.seen:
        raise click.UsageError("a new trial has no entries to have seen")
    protocol = read_protocol(protocol_name)
    command: Command = partial(register_trial, protocol=protocol, solo=solo)
    if plan_name is not None:
        plan = read_plan(plan_name)
        command = partial(register_with_plan, protocol=protocol, plan=plan, solo=solo)
    command(TrialState(), recording.recorder)  # a refusal leaves no empty ledger behind
    with create_ledger(recording.place.db) as ledger:
        new = trial not in ledger.trials()
        recording.record_in(Tracker(ledger, trial), command, new=new)


@click.command(cls=CarefulCommand)
@click.argument("person")
@click.argument("role", metavar="ROLE", type=click.Choice([str(role) for role in Role]))
@click.option("--revoke", is_flag=True, help="Take the role away instead.")
@click.option("--reason", metavar="TEXT", help="Why it is taken away.")
@recording_options
def delegate(
    recording: Recording, person: str, role: str, revoke: bool, reason: str | None
) -> None:
    """Give a person a role in the trial, or take it away.

    ROLE is site (records patients), member (votes), chair (votes, overrides the rule, approves),
    statistician (records and proposes decisions), adjudicator (rules on adverse events and on who
    counts, as the chair may) or auditor. Everybody may sign as reviewed, and hold enrolment.

    Example: escalation trial delegate "Li Na" site --as "Zhao Lan"
    """
    if revoke != (reason is not None):
        raise click.UsageError("--revoke and --reason TEXT go together")
    if reason is None:
        recording.record(partial(delegate_role, person=person, role=Role(role)))
    else:
        recording.record(partial(revoke_role, person=person, role=Role(role), reason=reason))


_reason = click.option("--reason", metavar="TEXT", required=True, help="Why.")


@click.command(cls=CarefulCommand)
@_reason
@recording_options
def hold(recording: Recording, reason: str) -> None:
    """Hold enrolment: nobody is enrolled or dosed.

    Anybody with a role can hold it; only the chair resumes it.

    Example: escalation trial hold --reason "a death is under review" --as "Lin Mei"
    """
    recording.record(partial(hold_enrolment, reason=reason))


@click.command(cls=CarefulCommand)
@_reason
@recording_options
def resume(recording: Recording, reason: str) -> None:
    """Resume enrolment after a hold.

    Example: escalation trial resume --reason "unrelated to the product" --as "Zhao Lan"
    """
    recording.record(partial(resume_enrolment, reason=reason))


@click.command(cls=CarefulCommand)
@click.argument("protocol_name", metavar="PROTOCOL", shell_complete=complete_protocols)
@_reason
@click.option(
    "--reopen",
    "reopens",
    metavar="LEVEL",
    type=LABEL,
    multiple=True,
    help="A new level, or one whose patients so far no longer count; a stop is lifted. Repeatable.",
)
@recording_options
def amend(
    recording: Recording, protocol_name: str, reason: str, reopens: tuple[Label, ...]
) -> None:
    """Continue under another protocol: a shipped one or a file.

    Levels that have been opened keep their label, dose and regimen; new ones may stand anywhere
    between them. At a level named with --reopen the patients so far no longer count for the rule,
    and a trial that had been stopped goes on. Decisions made before are judged by the protocol of
    their time.

    Example: escalation trial amend v2.toml --reason "longer window" --as "Zhao Lan"
    """
    protocol = read_protocol(protocol_name)
    recording.record(partial(amend_protocol, protocol=protocol, reason=reason, reopens=reopens))


@click.command(cls=CarefulCommand)
@_reason
@recording_options
def close(recording: Recording, reason: str) -> None:
    """Close the trial: nobody is treated any more.

    Outcomes, corrections and reviews can still be recorded.

    Example: escalation trial close --reason "MTD declared" --as "Zhao Lan"
    """
    recording.record(partial(close_trial, reason=reason))
