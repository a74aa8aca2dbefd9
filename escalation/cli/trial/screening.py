"""Screening at the shell: who may enter, what is missing to say it, and how many came how far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from escalation.cli.options import CarefulCommand, read_stdin
from escalation.cli.show import choose_format, show_view, shows, view_options
from escalation.cli.trial.common import Place, place_options, read_days, read_ids
from escalation.cli.trial.picture import check_picture, draw_trial, plot_option
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.trial.view import as_of_option, read_trial, state_at
from escalation.errors import InputError, printable
from escalation.errors import reason as say_reason
from escalation.reports.screening.eligibility import view_screening
from escalation.reports.screening.flow import view_flow
from escalation.reports.screening.log import view_screening_log
from escalation.reports.view import View
from escalation.trial import waive_criteria
from escalation.trial.events import Finding, Sex
from escalation.trial.findings.notation import read_finding
from escalation.trial.screening.file import ScreeningFile, read_screening_file
from escalation.trial.screening.steps import add_to_screening

__all__ = ["flow", "screen", "waive"]

_MAX_BYTES = 1_000_000
_NAMED = ("disease", "sex", "born", "consented", "site", "answer", "result", "from_file", "again")


def _records(given: Mapping[str, Any]) -> bool:
    """Tell whether something is said of somebody, or only asked."""
    return any(given.get(name) for name in _NAMED)


@click.command(cls=CarefulCommand)
@click.argument("subject", required=False)
@click.option("--disease", metavar="NAME", help="Under which they enter, as the plan names it.")
@click.option(
    "--sex",
    type=click.Choice(list(map(str, Sex)), case_sensitive=False),
    help="As far as criteria and formulas ask for it.",
)
@click.option(
    "--born", metavar="YEAR[-MONTH]", help="Such as 1975 or 1975-03: no full date of birth."
)
@click.option("--consented", callback=read_days, metavar="DATE", help="Day of informed consent.")
@click.option("--site", metavar="NAME", help="Where: see trial site.")
@click.option(
    "--answer",
    multiple=True,
    metavar="ID=WORD",
    help="yes, no or unknown to a criterion; @DATE and by NAME may follow; may be repeated.",
)
@click.option(
    "--result",
    multiple=True,
    metavar="TEST=VALUE",
    help='Such as "alt=130 U/L (7..40) @2026-03-01": value, unit, limits of normal and day of the '
    "sample; may be repeated.",
)
@click.option(
    "--from", "from_file", metavar="FILE", help="The same from a file, TOML or .csv; - is TOML."
)
@click.option("--again", is_flag=True, help="Begin another screening: nothing of before counts.")
@click.option("--reason", metavar="TEXT", help="Why a result takes the place of another one.")
@click.option("--log", "as_log", is_flag=True, help="Print the screening log, and record nothing.")
@as_of_option
@view_options
@partial(recording_options, unless=lambda given: not _records(given))
def screen(
    *,
    recording: Recording,
    subject: str | None,
    as_log: bool,
    as_of: int | datetime | None,
    form: str | None,
    as_csv: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Screen somebody, and say whether they may enter: yes, no, or what is missing.

    What is said of SUBJECT is recorded; SUBJECT alone shows how it stands with every criterion of
    the plan. Answers and results may come in any number of steps: what is recorded already is not
    recorded twice. What nobody has answered is unknown, and unknown never passes.

    A result is TEST=VALUE UNIT, with the laboratory's limits of normal in brackets, of which either
    may be missing, and the day of the sample after @; <50 copies/ug is below a limit, and
    "TEST=not done: WHY" none. A file in TOML has disease, sex, born, consented, and the tables
    [answers] and [results], with ID = "yes" and TEST = "VALUE UNIT ..."; one in CSV the columns
    test, value, unit, lower, upper, date, by, note.

    Example: escalation trial screen TJ-012 --disease sle --sex female --born 1985-03
    --consented 2026-03-02 --result "haemoglobin=85 g/L" --as "Lin Mei"

    Example: escalation trial screen TJ-012 --from tj-012.toml --as "Lin Mei"

    Example: escalation trial screen TJ-012

    Example: escalation trial screen --log --csv

    Example: escalation trial screen TJ-012 --as-of 41
    """
    shown = {"--format": form, "--csv": as_csv or None, "--output": output, "--as-of": as_of}
    if not _records(options) or as_log:
        if as_log and (subject is not None or _records(options)):
            raise click.UsageError("--log is of everybody: give nothing else")
        if subject is None and not as_log:
            raise click.UsageError("say who is screened: SUBJECT, or --log for everybody")
        chosen = choose_format(form, as_json=recording.as_json, as_csv=as_csv)
        on = recording.recorder.on if recording.day_given else None
        show_view(partial(_show, recording.place, subject, on, as_of), chosen, output)
        return
    for name, value in shown.items():
        if value is not None:
            raise click.UsageError(f"{name} goes with SUBJECT alone, or with --log")
    if subject is None:
        raise click.UsageError("say who is screened: SUBJECT")
    recording.record(
        partial(add_to_screening, subject=subject, **_said(options)),
        subject=subject,
        site=options["site"],
    )


def _show(place: Place, subject: str | None, on: date | None, as_of: int | datetime | None) -> View:
    with place.opened() as tracker:
        state, day = state_at(tracker, as_of)
    on = on or day
    if subject is None:
        return view_screening_log(state, tracker.trial, on)
    return view_screening(state, tracker.trial, subject, on)


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said by options and in a file: a file may add, and contradicts nothing."""
    read = ScreeningFile()
    if options["from_file"] is not None:
        read = _read_file(options["from_file"])
    person = {name: options[name] for name in ("disease", "sex", "born", "consented")}
    for name, value in read.person.items():
        if person[name] not in (None, value):
            raise click.UsageError(
                f"--{name} says {printable(str(person[name]))}, and the file {printable(value)}"
            )
        person[name] = value
    return {
        **person,
        "sex": _read_sex(person["sex"]),
        "consented": _read_consent(person["consented"]),
        "site": options["site"],
        "again": options["again"],
        "reason": options["reason"],
        "findings": (*_typed(options["answer"], options["result"]), *read.findings),
    }


def _typed(answers: Sequence[str], results: Sequence[str]) -> list[Finding]:
    found, faults = [], []
    for name, words in (("answer", answers), ("result", results)):
        for text in words:
            try:
                finding = read_finding(text)
                if name == "answer" and finding.answer is None:
                    raise InputError(f"{text!a} is not ID=yes, no or unknown")
                found.append(finding)
            except InputError as error:
                faults.append(f"--{name}: {error}")
    if faults:
        raise click.UsageError("\n  ".join(faults))
    return found


def _read_sex(word: str | None) -> Sex | None:
    if word is None:
        return None
    if word.casefold() not in map(str, Sex):
        raise InputError(f"sex is one of {', '.join(Sex)}, not {printable(word)}")
    return Sex(word.casefold())


def _read_consent(day: date | str | None) -> date | None:
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise InputError(
            f"consented {printable(day)} is not a day; write it as 2026-01-31"
        ) from error


def _read_file(file: str) -> ScreeningFile:
    where = "standard input" if file == "-" else Path(file).name
    try:
        if file == "-":
            data = read_stdin(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InputError(f"{printable(where)} is longer than {_MAX_BYTES} bytes")
        return read_screening_file(data.decode("utf-8-sig"), where)
    except UnicodeDecodeError as error:
        raise InputError(f"{printable(where)} is not text in UTF-8") from error
    except OSError as error:
        raise InputError(f"{printable(file)} cannot be read: {say_reason(error)}") from error


@click.command(cls=CarefulCommand)
@click.argument("subject")
@click.option(
    "--criteria",
    multiple=True,
    required=True,
    callback=read_ids,
    metavar="ID,...",
    help="Which; may be repeated.",
)
@click.option("--reason", metavar="TEXT", required=True, help="Why, such as disease-related.")
@recording_options
def waive(recording: Recording, subject: str, criteria: tuple[str, ...], reason: str) -> None:
    """Waive criteria that somebody does not meet, where the plan permits it.

    A waiver holds for the screening that it is recorded in, and stays visible. It never makes up
    for what is not known.

    Example: escalation trial waive TJ-012 --criteria I2.3 --reason "lupus hepatitis"
    --as "Lin Mei"
    """
    recording.record(
        partial(waive_criteria, subject=subject, criteria=criteria, reason=reason), subject=subject
    )


@click.command(cls=CarefulCommand)
@as_of_option
@plot_option()
@place_options
@shows
def flow(place: Place, as_of: Any, plot: Path | None) -> View:
    """Count how many were screened, enrolled, dosed, evaluable and replaced, by level.

    Everybody counts once; reasons are counted as they were recorded, by the criteria where a
    screening failure names them. The picture is the flow diagram of CONSORT, with a column a level.

    Example: escalation trial flow --plot flow.pdf
    """
    check_picture(plot, place)
    with place.opened() as tracker:
        _, state = read_trial(tracker, as_of)
    if plot is not None:
        from escalation.figures.flow import plot_flow_pages  # noqa: PLC0415

        draw_trial(state, tracker.trial, plot, lambda: plot_flow_pages(state, trial=tracker.trial))
    return view_flow(state, tracker.trial)
