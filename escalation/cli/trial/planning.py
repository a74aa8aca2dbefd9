"""The plan that a trial goes by."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import click

from escalation.cli.completion import complete_plans
from escalation.cli.options import CarefulCommand, read_plan
from escalation.cli.show import choose_format, show_view, view_options
from escalation.cli.trial.common import Place
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.trial.view import as_of_option, state_at
from escalation.errors import InputError
from escalation.reports.plan import view_criteria, view_plan
from escalation.reports.view import View
from escalation.trial import adopt_plan

__all__ = ["plan"]


@click.command(cls=CarefulCommand)
@click.argument("plan_name", metavar="[NAME|FILE]", required=False, shell_complete=complete_plans)
@click.option("--reason", metavar="TEXT", help="Why it takes the place of the one in force.")
@click.option("--criteria", is_flag=True, help="Show who may enter, and record nothing.")
@as_of_option
@view_options
@partial(recording_options, unless=lambda given: given.get("plan_name") is None)
def plan(
    *,
    recording: Recording,
    plan_name: str | None,
    reason: str | None,
    criteria: bool,
    as_of: int | datetime | None,
    form: str | None,
    as_csv: bool,
    output: Path | None,
) -> None:
    """Show the plan in force, or go by another one.

    A plan says who may enter, what is measured and when: a shipped one by name, or a file. The
    whole of it goes into the ledger. One that takes the place of another needs a --reason, and has
    to keep the diseases, tests and visits that something is recorded of; patients who have entered
    stay as they are.

    \b
    Example: escalation trial plan nct07123519 --as "Wu Jing"
    Example: escalation trial plan v2.toml --reason "amendment 2" --as "Wu Jing"
    Example: escalation trial plan --criteria --csv
    """  # noqa: D301  # click reads the backspace
    if plan_name is None:
        if reason is not None:
            raise click.UsageError("--reason goes with the plan that is adopted: NAME or FILE")
        chosen = choose_format(form, as_json=recording.as_json, as_csv=as_csv)
        show_view(partial(_show, recording.place, criteria, as_of), chosen, output)
        return
    shown = {"--criteria": criteria or None, "--format": form, "--csv": as_csv or None}
    for name, value in (shown | {"--output": output, "--as-of": as_of}).items():
        if value is not None:
            raise click.UsageError(f"{name} shows the plan in force: leave out {plan_name}")
    recording.record(partial(adopt_plan, plan=read_plan(plan_name), reason=reason))


def _show(place: Place, criteria: bool, as_of: int | datetime | None) -> View:
    with place.opened() as tracker:
        state, _ = state_at(tracker, as_of)
    if state.plan is None:
        raise InputError(
            f"trial {tracker.trial} goes by no plan; `escalation trial plan NAME|FILE` adopts one, "
            "such as nct07123519"
        )
    if criteria:
        return view_criteria(state.plan)
    entry = state.plans[-1][0]
    return view_plan(state.plan, f"In force since entry {entry.seq}, {entry.event.on}.")
