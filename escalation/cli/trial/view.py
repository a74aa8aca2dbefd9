"""What is known of a trial: its status, its log, and whether the next patient can be dosed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.cli.trial.common import (
    MEASURE,
    Place,
    place_options,
    read_days,
    today,
)
from escalation.cli.trial.picture import check_picture, draw_trial, plot_option
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, did_you_mean
from escalation.reports.trial.heading import trial_heading
from escalation.reports.trial.log import about_subject, view_log
from escalation.reports.trial.next import view_next
from escalation.reports.trial.roles import view_roles
from escalation.reports.trial.status import view_status
from escalation.reports.view import View
from escalation.reports.visits.calendar import overdue_document, say_overdue
from escalation.tracker import Tracker
from escalation.trial import Recorded, TrialState, replay_events
from escalation.trial import next_patient as find_next
from escalation.trial.calendar import day_in
from escalation.trial.patients.next_patient import next_patients
from escalation.trial.rule import NoProtocolError
from escalation.trial.screening.log import people_screened

__all__ = [
    "as_of_option",
    "day_of",
    "log",
    "next_patient",
    "read_trial",
    "roles",
    "state_at",
    "status",
]


def _read_moment(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> int | datetime | None:
    """Read an entry's number or a time; a day is its end, and a time without a zone is UTC."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        return int(value)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return datetime.combine(date.fromisoformat(value), time.max, UTC)
        if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", value, re.ASCII):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise click.BadParameter(
        f"{value!a} is neither an entry's number nor a time; write it as 41, 2026-01-31 or "
        "2026-01-31T12:00"
    )


as_of_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--as-of",
    callback=_read_moment,
    metavar="ENTRY|TIME",
    help="What was known then: at an entry, at the end of a day, at a time (UTC).",
)


def read_trial(tracker: Tracker, as_of: int | datetime | None) -> tuple[list[Recorded], TrialState]:
    """Return the entries up to a moment, and the state they add up to."""
    entries = tracker.entries(as_of)
    if entries:
        return entries, replay_events(entries)
    later = tracker.entries()
    if not later:
        raise InputError(f"nothing has been recorded in trial {tracker.trial}")
    first = f"{later[0].at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    raise InputError(f"nothing was recorded by then; the first entry is of {first}")


def state_at(tracker: Tracker, as_of: int | datetime | None) -> tuple[TrialState, date]:
    """Return what is known now, or was at a moment, and the day that it is asked about."""
    if as_of is None:
        return tracker.state(), today()
    entries, state = read_trial(tracker, as_of)
    return state, day_of(as_of, entries[-1])


@click.command(cls=CarefulCommand)
@as_of_option
@click.option(
    "--on",
    callback=read_days,
    metavar="DATE",
    help="The day to count overdue outcomes on.  [default: today]",
)
@plot_option("every patient's course")
@place_options
@shows
def status(place: Place, as_of: int | datetime | None, on: date | None, plot: Path | None) -> View:
    """Show how a trial stands, on one screen.

    Levels, patients, what was decided, what the rule says, and every departure. The last line is an
    anchor: kept elsewhere, it shows later whether anything was changed or cut off. With --as-of,
    the day is that of the moment asked about.

    Example: escalation trial status --on 2026-05-28
    """
    check_picture(plot, place)
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    if on is None:
        on = today() if as_of is None else day_of(as_of, entries[-1])
    if plot is not None:
        from escalation.figures.course import plot_course_pages  # noqa: PLC0415

        pages = partial(plot_course_pages, state, on, trial=tracker.trial)
        draw_trial(state, tracker.trial, plot, pages, said=f" on {on}")
    return view_status(state, tracker.trial, on, last=entries[-1], as_of=as_of is not None)


def day_of(as_of: int | datetime, last: Recorded) -> date:
    """Return the day of a moment that is asked about, or of the entry that is."""
    day = (as_of if isinstance(as_of, datetime) else last.at).astimezone(UTC).date()
    return min(day, today())


@click.command(cls=CarefulCommand)
@as_of_option
@place_options
@shows
def roles(place: Place, as_of: int | datetime | None) -> View:
    """Show who holds which role since when, and which roles exclude it.

    Example: escalation trial roles --as-of 2026-01-31
    """
    with place.opened() as tracker:
        _, state = read_trial(tracker, as_of)
    return view_roles(state, tracker.trial)


@click.command("next", cls=CarefulCommand)
@click.option(
    "--on", callback=read_days, metavar="DATE", help="The day asked about.  [default: today]"
)
@click.option("--subject", metavar="SUBJECT", help="Ask about this enrolled subject.")
@click.option("--cohort", type=WholeNumber(), metavar="N", help="Ask about this open cohort alone.")
@click.option("--weight", type=MEASURE, metavar="KG", help="For the amount, if not enrolled yet.")
@click.option("--height", type=MEASURE, metavar="CM", help="The same, where doses are per m2.")
@place_options
@shows
def next_patient(
    *,
    place: Place,
    on: date | None,
    subject: str | None,
    cohort: int | None,
    weight: float | None,
    height: float | None,
) -> View:
    """Say whether the next patient can be dosed: yes or no, and why.

    It is answered for each open cohort, the escalation's first. If yes, the level, the amount and
    the place in the cohort; if no, the earliest day and everything that stands in the way.

    Example: escalation trial next --on 2026-05-28
    """
    with place.opened() as tracker:
        state = tracker.state()
    if state.protocol is None:
        raise NoProtocolError
    if on is None and subject is not None:
        now = datetime.now(UTC)
        on = day_in(state.zone_of(subject, now.date()), now)
    on = today() if on is None else on
    body = {"weight_kg": weight, "height_cm": height}
    if subject is None and cohort is None:
        found = next_patients(state, on, **body)
    else:
        found = [find_next(state, on, subject=subject, cohort=cohort, **body)]
    heading = {**trial_heading(state, tracker.trial), **overdue_document(state, on)}
    return view_next(found, state.protocol, heading, beside=list(say_overdue(state, on)))


@click.command(cls=CarefulCommand)
@as_of_option
@click.option("--subject", metavar="SUBJECT", help="Only entries about this subject.")
@place_options
@shows
def log(place: Place, as_of: int | datetime | None, subject: str | None) -> View:
    """Show every entry: what, when and by whom.

    Times are when it was recorded, UTC; the day is named where it is not that of the recording.
    Corrected entries stay, and name what corrected them.

    Example: escalation trial log --subject TJ-005
    """
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    if subject is not None:
        people = people_screened(state)
        if subject not in state.subjects and subject not in people:
            known = did_you_mean(subject, people) if people else "nobody is yet"
            raise InputError(f"no subject {subject} is screened or enrolled; {known}")
        subject = state.current_id(subject)
        entries = [entry for entry in entries if about_subject(entry, subject, state)]
    return view_log(entries, state, tracker.trial)
