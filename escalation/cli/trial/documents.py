"""`escalation trial packet` and `minutes`: what a committee reads, as a file to be sent."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from escalation.cli.documents import check_document, dated, template_option
from escalation.cli.options import CarefulCommand
from escalation.cli.show import say_written
from escalation.cli.trial.common import Place, Wrapped, check_new, place_options, read_days, today
from escalation.cli.trial.files import write_new
from escalation.cli.trial.view import as_of_option, day_of, read_trial
from escalation.cli.whole import WholeNumber
from escalation.papers import minutes_of, packet_of
from escalation.reports.documents import Document, Template, write_document

__all__ = ["minutes", "packet"]


def file_options(command: Wrapped) -> Wrapped:
    """Add --out, --template and --force."""
    out = click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        required=True,
        help="Where to: .html, .docx (Word) or .pdf.",
    )
    force = click.option("--force", is_flag=True, help="Replace the file, if it is there.")
    return out(template_option(force(command)))


@click.command(cls=CarefulCommand)
@file_options
@as_of_option
@click.option(
    "--on",
    callback=read_days,
    metavar="DATE",
    help="The day of the meeting: what is overdue then.  [default: today, or that of --as-of]",
)
@place_options
def packet(
    *,
    place: Place,
    out: Path,
    template: Template | None,
    force: bool,
    as_of: int | datetime | None,
    on: date | None,
) -> None:
    """Write what the safety committee reads before it decides.

    The question and the rule's answer, then levels, patients, DLTs, adverse events, what the
    pending can still change, departures, data quality, stopping rules, who can be dosed when, and
    lines to vote and sign. --as-of cuts the data off: the same cut-off and day give the same bytes.
    Word takes the extra escalation[reports], PDF escalation[pdf], and a sponsor's own Word file
    (--template) escalation[templates].

    Example: escalation trial packet --out packet.html --as-of 61 --on 2026-05-28
    """
    _check(out, template, place, force=force)
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    if on is None:
        on = today() if as_of is None else day_of(as_of, entries[-1])
    _write(packet_of(state, entries, tracker.trial, on), out, template, force=force)


@click.command(cls=CarefulCommand)
@file_options
@as_of_option
@click.option("--decision", type=WholeNumber(), metavar="ENTRY", help="Which.  [default: the last]")
@place_options
def minutes(
    *,
    place: Place,
    out: Path,
    template: Template | None,
    force: bool,
    as_of: int | datetime | None,
    decision: int | None,
) -> None:
    """Write the minutes of a decision.

    What was decided on which data, checked by whom; what the rule said, and by which sentence; who
    had been delegated when; votes, dissent, rationale and signatures; to whom it was sent, and
    whether that was before the next dosing. Of a decision that is not approved it is a draft.

    Example: escalation trial minutes --out minutes.docx --decision 48
    """
    _check(out, template, place, force=force)
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    _write(minutes_of(state, entries, tracker.trial, decision), out, template, force=force)


def _check(out: Path, template: Template | None, place: Place, *, force: bool) -> None:
    """Refuse what cannot be written before the ledger is read."""
    check_new(out, place.db, force=force)
    check_document(out, template)


def _write(document: Document, out: Path, template: Template | None, *, force: bool) -> None:
    write_new(out, write_document(dated(document), out.suffix, template), force=force)
    say_written(out)
