"""Visits at the shell: what is found at one, that it took place, when the next is, and the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import say_written, shows
from escalation.cli.trial.common import Place, check_new, now, place_options, read_days, today
from escalation.cli.trial.picture import check_picture, draw_trial, plot_option
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.trial.view import as_of_option, day_of, read_trial
from escalation.errors import InputError, did_you_mean, printable
from escalation.files import check_writable, write_text
from escalation.reports.view import View
from escalation.reports.visits.calendar import view_calendar
from escalation.reports.visits.ics import write_ics
from escalation.trial import TrialState, leave_study, record_findings, record_visit
from escalation.trial.events import Leaving
from escalation.trial.findings.notation import read_findings
from escalation.trial.visits.calendar import (
    VisitStanding,
    people_of,
    today_of,
    visits_of,
)

__all__ = ["calendar", "leave", "measure", "visit"]


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.argument("results", nargs=-1, required=True, metavar="RESULT...")
@click.option("--visit", metavar="NAME", help="At which visit of the plan, such as W2.")
@click.option(
    "--day",
    type=float,
    metavar="DAYS",
    help="Days since the infusion, where that is known more closely than by the dates.",
)
@click.option("--reason", metavar="TEXT", help="Why these take the place of earlier ones.")
@recording_options
def measure(
    *,
    recording: Recording,
    subject: str,
    results: tuple[str, ...],
    visit: str | None,
    day: float | None,
    reason: str | None,
) -> None:
    """Record results: what was measured, assessed or asked, as the plan names it.

    A RESULT is TEST=VALUE UNIT; the laboratory's limits of normal, the sample's day where it is not
    --on, and who says so may follow: TEST=VALUE UNIT (LOWER..UPPER) @DATE by NAME. Below the limit
    of quantification it is "TEST=<LIMIT UNIT", and where there is none "TEST=not done: WHY". Of
    choices and questions it is TEST=WORD. It is kept in its unit, and converted to the plan's where
    that is asked for. One of a test, day and visit that are recorded takes the place of what is
    there, and needs --reason.

    Example: escalation trial measure TJ-010 "haemoglobin=8.5 g/dL (12..16)" --visit D7
    --on 2026-05-28 --as "Lin Mei"
    """
    found = read_findings(_joined(results))
    if day is not None:
        found = [replace(finding, day=day) for finding in found]
    recording.record(
        partial(record_findings, subject=subject, findings=found, visit=visit, reason=reason),
        subject=subject,
    )


def _joined(words: Iterable[str]) -> Iterator[str]:
    """Yield results whose parts a shell has taken apart: ``hb=85`` and ``g/L``."""
    text = ""
    for word in words:
        if "=" in word and text:
            yield text
            text = word
        else:
            text = f"{text} {word}".strip()
    yield text


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.argument("planned", metavar="VISIT")
@click.option("--missed", metavar="WHY", help="It did not take place: why.")
@click.option("--note", metavar="TEXT", help="What else there is to say.")
@recording_options
def visit(
    *, recording: Recording, subject: str, planned: str, missed: str | None, note: str | None
) -> None:
    """Record that a visit of the plan took place, or was missed.

    Results that are recorded at a visit say so by themselves. One outside its window is recorded as
    it was, and shown so.

    Example: escalation trial visit TJ-010 W2 --on 2026-06-11 --as "Lin Mei"

    Example: escalation trial visit TJ-010 W3 --missed "snowed in" --as "Lin Mei"
    """
    recording.record(
        partial(record_visit, subject=subject, visit=planned, missed=missed, note=note),
        subject=subject,
    )


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option(
    "--because",
    "why",
    type=click.Choice([str(word) for word in Leaving], case_sensitive=False),
    required=True,
    metavar="WORDS",
    help=f"Why: {', '.join(Leaving)}.",
)
@click.option("--reason", metavar="TEXT", help='More about it; needed where it is "other".')
@recording_options
def leave(*, recording: Recording, subject: str, why: str, reason: str | None) -> None:
    """Record that somebody's part in the study ended: nothing is due any more.

    Whoever comes back is in it again once the entry is withdrawn (trial correct).

    Example: escalation trial leave TJ-010 --because "lost to follow-up" --on 2026-07-01
    --as "Lin Mei"
    """
    recording.record(
        partial(leave_study, subject=subject, why=Leaving(why), reason=reason), subject=subject
    )


@click.command(cls=CarefulCommand)
@click.argument("subject", required=False)
@click.option("--site", metavar="NAME", help="Only patients of this site.")
@click.option("--due", is_flag=True, help="Only visits that are due now.")
@click.option("--overdue", is_flag=True, help="Only visits that are overdue.")
@as_of_option
@click.option(
    "--on",
    callback=read_days,
    metavar="DATE",
    help="The day asked about.  [default: today, at each patient's site]",
)
@click.option(
    "--ics",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write them for a calendar program: .ics.",
)
@plot_option("them")
@place_options
@shows
def calendar(
    *,
    place: Place,
    subject: str | None,
    site: str | None,
    due: bool,
    overdue: bool,
    as_of: int | datetime | None,
    on: date | None,
    ics: Path | None,
    plot: Path | None,
) -> View:
    """Show when patients are to be seen: what is done, due, overdue, missed or coming.

    Days are counted from the infusion, as the plan says, each with its window. A visit took place
    if an entry says so (trial visit), or results were recorded at it (trial measure). After a
    death, or once somebody has left, nothing is due any more.

    Example: escalation trial calendar --overdue --on 2026-05-28

    Example: escalation trial calendar TJ-010 --ics visits.ics
    """
    if ics is not None:
        check_new(ics, place.db, force=True)
        check_writable(ics, (".ics",))
    check_picture(plot, place)
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    plan = state.plan
    if plan is None:
        raise InputError("the trial goes by no plan, so no visit is planned; trial plan adopts one")
    at = now()
    day = on or (today() if as_of is None else day_of(as_of, entries[-1]))
    there = on is None and as_of is None
    visits = [
        visit
        for name in _people(state, subject, site, day)
        for visit in visits_of(state, name, today_of(state, name, at, day) if there else day)
    ]
    wanted = [VisitStanding.DUE] * due + [VisitStanding.OVERDUE] * overdue
    shown = [visit for visit in visits if not wanted or visit.standing in wanted]
    trial = tracker.trial
    if ics is not None:
        write_text(ics, [write_ics(state, trial, shown, plan=plan, at=entries[-1].at)])
        say_written(ics)
    if plot is not None:
        from escalation.figures.calendar import plot_calendar_pages  # noqa: PLC0415

        pages = partial(plot_calendar_pages, shown, day, trial=trial)
        draw_trial(state, trial, plot, pages, said=f" on {day}")
    listed = bool(wanted) or subject is not None
    return view_calendar(state, trial, shown, day, plan=plan, listed=listed)


def _people(state: TrialState, subject: str | None, site: str | None, on: date) -> Iterator[str]:
    """Yield whose visits are asked for.

    Raises
    ------
    InputError
        For a patient or a site that is not known.
    """
    known = list(people_of(state))
    if subject is not None:
        subject = state.current_id(subject)
        if subject not in known:
            hint = did_you_mean(subject, known) if known else "nobody is yet"
            raise InputError(f"no {printable(subject)} is screened or enrolled; {hint}")
        known = [subject]
    if site is not None and site not in state.site_zones:
        sites = did_you_mean(site, state.site_zones) if state.site_zones else "none has been"
        raise InputError(f"no site {printable(site)} has been opened; {sites}")
    yield from (name for name in known if site is None or state.site_of(name, on) == site)
