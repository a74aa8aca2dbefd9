"""Adverse events at the shell: to report one, to follow it up, and to print the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import choose_format, show_view, view_options
from escalation.cli.trial.common import Place, read_days
from escalation.cli.trial.picture import check_picture, draw_trial
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.grading import read_observations
from escalation.reports.trial.adverse_events import view_adverse_events
from escalation.reports.view import View
from escalation.trial import follow_up, record_adverse_event
from escalation.trial.adverse_events.observing import graded_as
from escalation.trial.adverse_events.record import SCALES
from escalation.trial.events import ActionTaken, EventOutcome, Relation, Serious

__all__ = ["ae"]


def _words(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([str(word) for word in kind], case_sensitive=False)


def _read_grade(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Read a whole number as one, and leave the rest for the trial to refuse by name."""
    return int(value) if value is not None and value.is_integer() else value


def _event_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is said of an event, as first reported or since; pass it as ``said``."""
    options = [
        click.option("--term", metavar="TEXT", help="What it was, in your own words."),
        click.option("--grade", type=float, callback=_read_grade, metavar="1-5", help="Its grade."),
        click.option("--started", callback=read_days, metavar="DATE", help="The day it began."),
        click.option("--ended", callback=read_days, metavar="DATE", help="The day it ended."),
        click.option(
            "--scale",
            type=click.Choice(list(SCALES), case_sensitive=False),
            help="What it was graded by.  [default: CTCAE]",
        ),
        click.option(
            "--scale-version",
            metavar="V",
            help=f"Version of the scale.  [default: {_defaults()}]",
        ),
        click.option(
            "--category", metavar="WORD", help="As the protocol's rules name it, such as crs."
        ),
        click.option("--code", metavar="CODE", help="Code of the term, in your dictionary."),
        click.option("--dictionary", metavar="TEXT", help="Which dictionary, and its version."),
        click.option(
            "--baseline-grade",
            type=float,
            callback=_read_grade,
            metavar="0-5",
            help="Grade of the same finding before the first infusion.",
        ),
        click.option(
            "--serious",
            type=_words(Serious),
            multiple=True,
            metavar="WHY",
            help=f"Why it is serious: {', '.join(Serious)}; may be repeated.",
        ),
        click.option("--relation", type=_words(Relation), help="Relation to the product."),
        click.option(
            "--action",
            type=_words(ActionTaken),
            metavar="WORDS",
            help=f"What was done with the product: {', '.join(ActionTaken)}.",
        ),
        click.option(
            "--outcome",
            type=_words(EventOutcome),
            metavar="WORDS",
            help=f"How it stands: {', '.join(EventOutcome)}.",
        ),
        click.option(
            "--observe",
            multiple=True,
            metavar="NAME=VALUE",
            help="What CRS, ICANS or early ICAHT is graded from; may be repeated.",
        ),
        click.option("--treatment", metavar="TEXT", help="What was given for it."),
        click.option("--narrative", metavar="TEXT", help="What happened, in words."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _defaults() -> str:
    return ", ".join(f"{scale} {versions[0]}" for scale, versions in SCALES.items())


@click.command(cls=CarefulCommand)
@click.argument("subject", required=False)
@click.option(
    "--update", type=WholeNumber(), metavar="ENTRY", help="Follow up this event since --on."
)
@click.option("--table", is_flag=True, help="Print the tables, and record nothing.")
@_event_options
@click.option(
    "--aware",
    callback=read_days,
    metavar="DATE",
    help="The day on which the site became aware.  [default: as --on]",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --table, also draw them: .png, .svg or .pdf.",
)
@view_options
@partial(recording_options, unless="table")
def ae(
    *,
    recording: Recording,
    subject: str | None,
    update: int | None,
    table: bool,
    aware: date | None,
    plot: Path | None,
    form: str | None,
    as_csv: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Record an adverse event, follow it up, or print the tables.

    SUBJECT had it on any day from enrolment on, within the DLT window or not. It is called by the
    number of its entry: --update says how it is since --on, and overwrites nothing; what was
    reported wrongly is corrected. A death is an event of grade 5.

    With --observe the grade is given by a rule, and is said with it: of the categories crs
    (temperature, hypotension, vasopressors, vasopressin, oxygen, treated) and icans (ice,
    consciousness, seizure, deep-focal-weakness, oedema, sedated) by ASTCT, and with --scale ICAHT
    from neutrophils, each the number of a day and its count. What was not assessed is unknown, not
    normal.

    With --table nothing is recorded: events and patients by level, term and worst grade, serious
    and treatment-emergent ones, and DLTs with exact limits.

    Example: escalation trial ae TJ-010 --term CRS --grade 2 --started 2026-05-26 --as "Lin Mei"

    Example: escalation trial ae TJ-010 --term CRS --category crs --started 2026-05-26 --observe
    temperature=38.5 --observe vasopressors=1 --observe "oxygen=nasal 6" --as "Lin Mei"

    Example: escalation trial ae --update 62 --grade 3 --on 2026-05-27 --as "Lin Mei"

    Example: escalation trial ae --table --output events.html
    """
    said = {name: value for name, value in options.items() if value not in (None, ())}
    shown = {"--plot": plot, "--format": form, "--csv": as_csv or None, "--output": output}
    if table:
        _refuse("with --table", SUBJECT=subject, update=update, aware=aware, **said)
        _show_tables(recording, choose_format(form, as_json=recording.as_json, as_csv=as_csv),
                     plot, output)  # fmt: skip
        return
    for name, value in shown.items():
        if value is not None:
            raise click.UsageError(f"{name} goes with --table")
    aware = recording.recorder.on if aware is None else aware
    if update is not None:
        first = ("term", "started", "scale", "scale_version")
        _refuse(
            "with --update, which says what has changed (what was wrong is corrected)",
            SUBJECT=subject,
            **{name: said[name] for name in first if name in said},
        )
        if not said:
            raise click.UsageError("say what has changed, such as --grade or --ended")
        observe = said.pop("observe", ())
        recording.record(
            partial(follow_up, entry=update, changes=_as_json(said), aware=aware, observe=observe)
        )
        return
    if subject is None:
        raise click.UsageError("say whose event it is: SUBJECT, --update ENTRY or --table")
    needed = ("term", "started", *(() if "observe" in said else ("grade",)))
    missing = [name for name in needed if name not in said]
    if missing:
        raise click.UsageError(f"an event needs {_listed(missing)}")
    if "observe" in said:
        said |= _read_observed(said.pop("observe"), said.get("scale"), said.get("category"))
    recording.record(partial(record_adverse_event, subject=subject, aware=aware, **_typed(said)))


def _read_observed(words: Sequence[str], scale: str | None, category: str | None) -> dict[str, Any]:
    """Return observations, and the scale that grades them where none is named."""
    if scale is None:
        scale = "ICAHT" if (category or "").casefold() == "icaht" else "ASTCT"
    return {"scale": scale, "observations": read_observations(graded_as(scale, category), words)}


def _refuse(where: str, **given: Any) -> None:
    names = [name for name, value in given.items() if value is not None]
    if names:
        raise click.UsageError(f"{_listed(names)} cannot be given {where}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name if name.isupper() else f"--{name.replace('_', '-')}" for name in names)


_KINDS: dict[str, Callable[[str], StrEnum]] = {
    "relation": Relation,
    "action": ActionTaken,
    "outcome": EventOutcome,
}


def _typed(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said as the types of an event."""
    typed = {name: _KINDS[name](value) if name in _KINDS else value for name, value in said.items()}
    if "serious" in typed:
        typed["serious"] = [Serious(word) for word in typed["serious"]]
    return typed


def _as_json(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said as JSON types."""
    as_json: dict[str, Any] = {}
    for name, value in said.items():
        match value:
            case date():
                as_json[name] = value.isoformat()
            case tuple():
                as_json[name] = list(value)
            case _:
                as_json[name] = value
    return as_json


def _show_tables(
    recording: Recording, chosen: str | None, plot: Path | None, output: Path | None
) -> None:
    if plot is not None:
        if plot == output:
            raise click.UsageError(f"{output} is named twice; give each output its own file")
        check_picture(plot, recording.place)
    show_view(partial(_tables, recording.place, recording.recorder.on, plot), chosen, output)


def _tables(place: Place, on: date, plot: Path | None) -> View:
    with place.opened() as tracker:
        state = tracker.state()
    view = view_adverse_events(state, tracker.trial, on)
    if plot is not None:
        from escalation.figures.adverse_events import plot_adverse_events_pages  # noqa: PLC0415

        draw_trial(
            state,
            tracker.trial,
            plot,
            lambda: plot_adverse_events_pages(state, trial=tracker.trial),
        )
    return view
