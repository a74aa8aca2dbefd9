"""The ledger as a thing to keep: verify, export, back up and restore it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from escalation.anchoring import ENVIRONMENT, hold_against_files
from escalation.cli.options import CarefulCommand, echo_json, line
from escalation.cli.show import say_written, shows
from escalation.cli.trial.anchors import certificate_option, read_certificates
from escalation.cli.trial.common import (
    Place,
    check_new,
    database_options,
    find_trial,
    named_anchor_file,
    now,
    place_options,
    show,
    trial_options,
)
from escalation.cli.trial.datasets import export_datasets
from escalation.cli.trial.keys import write_signatures
from escalation.cli.trial.view import as_of_option
from escalation.errors import InputError, printable, reason
from escalation.exports import FORMS
from escalation.files import write_whole
from escalation.ledger import (
    Anchor,
    check_chain,
    iter_lines,
    open_ledger,
    parse_anchor,
    write_archive,
)
from escalation.ledger import restore as restore_archive
from escalation.ledger import verify as verify_ledger
from escalation.reports.formats import write_view
from escalation.reports.trial.record import view_record
from escalation.reports.trial.verification import view_verification
from escalation.reports.view import View
from escalation.tracker import Tracker, read_entry
from escalation.trial import TrialState, replay_events
from escalation.trial.keys.files import SignatureFiles, signature_files
from escalation.trial.spreadsheet.writing import patients_csv
from escalation.version import __version__

__all__ = ["backup", "export", "restore", "verify"]


@click.command(cls=CarefulCommand)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="SEQ:HASH",
    help="A printed anchor, which shows whether the end was cut off.",
)
@click.option(
    "--anchors",
    "anchor_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"A file of anchors.  [or {ENVIRONMENT}, or as the protocol says]",
)
@certificate_option
@click.option(
    "--signatures",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write signatures by key to a new folder, for `ssh-keygen` to check.",
)
@place_options
@shows
def verify(
    place: Place,
    anchors: tuple[str, ...],
    anchor_path: Path | None,
    certificates: tuple[Path, ...],
    folder: Path | None,
) -> View:
    """Check that a ledger is as it was written.

    Everything that is not is listed: in the database, in the chain of hashes, and entries that
    cannot be read, do not fit those before them, or say something else than the program would
    record there again: what the rule recommended, which gates stood in the way, who may do what.
    Signatures by key and timestamps are checked again, and the ledger is held against every
    anchor that was kept elsewhere. All trials, unless one is named. Exits with 5 if anything is
    wrong.

    Example: escalation trial verify
    """
    printed = [parse_anchor(anchor) for anchor in anchors]
    with open_ledger(place.db) as ledger:
        of_one = printed or folder is not None
        named = find_trial(ledger, place.trial) if of_one else place.trial
        findings = verify_ledger(ledger, named, printed)
        vouching = read_certificates(certificates)
        states: dict[str, TrialState | None] = {}
        signatures: dict[str, list[SignatureFiles]] = {}
        heads: dict[str, Anchor | None] = {}
        for trial in ledger.trials() if named is None else [named]:
            heads[trial] = states[trial] = None
            if all(f.trial != trial or f.remark for f in findings):  # its chain is whole
                tracker = Tracker(ledger, trial)
                heads[trial], found, entries, state = tracker.inspect(ledger.clock() or now())
                findings += found
                if entries is None or state is None:  # ``inspect`` says why
                    continue
                states[trial] = state
                findings += tracker.check_keys(entries, vouching)
                signatures[trial], files = signature_files(trial, entries, state)
                if folder is not None:
                    write_signatures(folder, files)
        found, held = hold_against_files(ledger, states, anchor_path, place.db, named_anchor_file())
        findings += found
    return view_verification(
        heads,
        findings,
        has_anchor=bool(printed or held),
        signatures=signatures,
        folder=None if folder is None else printable(str(folder)),
        held=held,
    )


_EXPORTS = ("csv", "jsonl", "html", "sdtm")
_ENDINGS = {"csv": "csv", "jsonl": "jsonl", "html": "html", "zip": "sdtm"}
_NOT_EXPORTED = ("xlsx", "xls", "ods", "pdf", "docx")  # whose programs would not open a CSV

_output = click.option(
    "--output",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write this file; for sdtm a folder, or a .zip.  [sdtm: TRIAL-sdtm.zip]",
)
_force = click.option("--force", is_flag=True, help="Overwrite a file that exists.")


@click.command(cls=CarefulCommand)
@click.option(
    "--format",
    "form",
    type=click.Choice(_EXPORTS, case_sensitive=False),
    help="Patients as CSV, entries as JSON lines, the record to read, or datasets shaped as SDTM.  "
    "[default: csv, or by the ending of --output]",
)
@_output
@click.option(
    "--as",
    "written_as",
    type=click.Choice((*FORMS, "all"), case_sensitive=False),
    multiple=True,
    help="How datasets are written; may be repeated.  [default: csv and dataset-json]",
)
@as_of_option
@click.option("--strict", is_flag=True, help="Write no dataset where a check fails.")
@_force
@place_options
def export(
    *,
    place: Place,
    form: str | None,
    output: Path | None,
    written_as: tuple[str, ...],
    as_of: int | datetime | None,
    strict: bool,
    force: bool,
) -> None:
    """Write the patients as a spreadsheet, the entries, the whole record, or datasets.

    The CSV has one row a patient, as `escalation trial import` reads it. From the JSON lines,
    `escalation trial restore` makes the same trial again. The HTML is one page to read and print,
    with every field of every entry. Datasets are shaped as SDTM, with ADSL beside them; what is
    wrong with them is said, in their README.txt too, and with --strict nothing is written then.

    Example: escalation trial export --format html --output record.html
    """
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    if ending in _NOT_EXPORTED:
        named = ", ".join(f".{name}" for name in _ENDINGS)
        raise InputError(f"{printable(str(output))}: .{ending} is not written; known: {named}")
    form = form or _ENDINGS.get(ending, "csv")
    if form != "sdtm" and (written_as or strict or as_of is not None):
        raise click.UsageError("--as, --as-of and --strict are for --format sdtm")
    if output is not None:
        check_new(output, place.db, force=force)
    if form == "sdtm":
        export_datasets(place, output, written_as, as_of, strict=strict, force=force)
        return
    with place.opened() as tracker:
        if form == "jsonl":
            content = "".join(f"{row}\n" for row in iter_lines(tracker.ledger, tracker.trial))
        elif form == "html":
            content = _record(tracker)
        else:
            content = patients_csv(tracker.state())
    data = content.encode("utf-8")
    if output is None:
        click.echo(data, nl=False)
        return
    _write(output, data, force=force)
    say_written(output)


def _record(tracker: Tracker) -> str:
    entries = tracker.ledger.entries(tracker.trial)
    check_chain(entries)
    recorded = list(map(read_entry, entries))
    view = view_record(entries, recorded, replay_events(recorded), tracker.trial)
    return "".join(write_view(view, "html"))


def _write(path: Path, data: bytes, *, force: bool) -> None:
    try:
        write_whole(path, data, overwrite=force)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))} cannot be written: {reason(error)}") from error


@click.command(cls=CarefulCommand)
@click.argument("file", type=click.Path(path_type=Path))
@_force
@trial_options
def backup(place: Place, file: Path, force: bool, as_json: bool) -> None:
    """Write a ledger to one file, to be restored from.

    All its trials, unless one is named.

    Example: escalation trial backup trials.jsonl
    """
    check_new(file, place.db, force=force)
    with open_ledger(place.db) as ledger:
        trials = None if place.trial is None else [place.trial]
        heads = write_archive(ledger, file, trials, overwrite=force)
    _say_heads(heads, f"Wrote {printable(str(file))}", as_json)


@click.command(cls=CarefulCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@database_options
def restore(db: str, file: Path, as_json: bool) -> None:
    """Restore trials from a backup, all or none.

    The ledger is made if it is not there, and must have none of these trials. Every hash is checked
    first, and kept: the anchors of a restored trial are as before.

    Example: escalation trial restore trials.jsonl --db restored.db
    """
    heads = restore_archive(file, db)
    _say_heads(heads, f"Restored {printable(str(file))}", as_json)


def _say_heads(heads: dict[str, Anchor], said: str, as_json: bool) -> None:
    if as_json:
        echo_json(
            {
                "schema": 1,
                "software": {"escalation": __version__},
                "trials": [
                    {"trial": trial, "head": {"seq": head.seq, "hash": head.hash}}
                    for trial, head in heads.items()
                ],
            }
        )
        return
    line(f"{said}: {len(heads)} trial{'s' * (len(heads) != 1)}.")
    for trial, head in heads.items():
        _show_head(trial, head)


def _show_head(trial: str, head: Anchor) -> None:
    show([f"{trial}: {head.seq} entr{'y' if head.seq == 1 else 'ies'}.", f"  anchor {head}"])
