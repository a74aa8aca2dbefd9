"""Who the patients are and where: screening failures, mistyped ids, sites and transfers."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.cli.trial.common import Place, place_options, read_ids
from escalation.cli.trial.recording import Recording, recording_options
from escalation.reports.trial.sites import view_sites
from escalation.reports.view import View
from escalation.trial import (
    open_site,
    record_screening_failure,
    rename_subject,
    transfer_subject,
)

__all__ = ["rename", "screen_fail", "site", "transfer"]


@click.command("screen-fail", cls=CarefulCommand)
@click.argument("subject")
@click.option("--reason", metavar="TEXT", required=True, help="Why they were not enrolled.")
@click.option("--site", metavar="NAME", help="Where it was: see trial site.")
@click.option(
    "--criteria",
    multiple=True,
    callback=read_ids,
    metavar="ID,...",
    help="A criterion of the plan that is not met; may be repeated.",
)
@recording_options
def screen_fail(
    recording: Recording, subject: str, reason: str, site: str | None, criteria: tuple[str, ...]
) -> None:
    """Record that somebody was screened and not enrolled.

    They do not count as enrolled, and may be screened again and enrolled later. Who was enrolled
    and withdraws before being dosed is recorded by `trial outcome SUBJECT --not-evaluable`.

    Example: escalation trial screen-fail TJ-012 --reason "creatinine clearance 41 mL/min"
    --as "Lin Mei"
    """
    recording.record(
        partial(
            record_screening_failure,
            subject=subject,
            reason=reason,
            site=site,
            criteria=criteria,
        ),
        subject=subject,
        site=site,
    )


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--to", "renamed", metavar="ID", required=True, help="The right id.")
@click.option("--reason", metavar="TEXT", required=True, help="Why the old one was wrong.")
@recording_options
def rename(recording: Recording, subject: str, renamed: str, reason: str) -> None:
    """Correct a mistyped id of a subject.

    The old id stays visible and finds the subject: no other can take it.

    Example: escalation trial rename TJ-010 --to TJ-100 --reason "digits swapped" --as "Lin Mei"
    """
    recording.record(
        partial(rename_subject, subject=subject, renamed=renamed, reason=reason), subject=subject
    )


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option("--to", metavar="SITE", required=True, help="The site: see trial site.")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
def transfer(recording: Recording, subject: str, to: str, reason: str) -> None:
    """Hand a subject over to another site.

    From this day on a day of the subject is one of that site.

    Example: escalation trial transfer TJ-010 --to Shanghai --reason "moved house" --as "Lin Mei"
    """
    recording.record(
        partial(transfer_subject, subject=subject, to=to, reason=reason), subject=subject, site=to
    )


@place_options
@shows
def _list(place: Place) -> View:
    with place.opened() as tracker:
        return view_sites(tracker.state(), tracker.trial)


def _list_alone(**options: Any) -> None:
    if click.get_current_context().invoked_subcommand is None:
        _list(**options)


site = click.Group(
    "site",
    callback=_list_alone,
    params=click.command(_list).params,
    invoke_without_command=True,
    short_help="List the sites, or open one.",
    help=(
        "List the sites of a trial, or open one.\n\n"
        "A day of a subject is a day in the time zone of the site that has them in care.\n\n"
        "Example: escalation trial site"
    ),
)


@site.command(cls=CarefulCommand)
@click.argument("site_name", metavar="NAME")
@click.option(
    "--time-zone", metavar="ZONE", required=True, help="IANA name, such as Asia/Shanghai."
)
@recording_options
def add(recording: Recording, site_name: str, time_zone: str) -> None:
    """Open a site: it may enrol from now on.

    Example: escalation trial site add Tianjin --time-zone Asia/Shanghai --as "Zhao Lan"
    """
    recording.record(partial(open_site, site=site_name, time_zone=time_zone))
