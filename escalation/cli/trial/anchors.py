"""Anchors in a file elsewhere, and timestamps by somebody else's clock."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click

from escalation.anchoring import ENVIRONMENT, anchor_file, append_head
from escalation.cli import LazyGroup
from escalation.cli.options import CarefulCommand, echo_json, line
from escalation.cli.trial.common import (
    Place,
    check_new,
    named_anchor_file,
    now,
    show,
    trial_options,
)
from escalation.cli.trial.files import read_small, write_new
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, printable
from escalation.reports.trial.heading import trial_heading
from escalation.signatures.timestamps import certificates_in, request_timestamp
from escalation.trial import replay_events
from escalation.trial.keys.commands import keep_timestamp
from escalation.trial.keys.statement import anchor_text

__all__ = [
    "anchor",
    "certificate_option",
    "keep",
    "read_certificates",
    "request",
    "timestamp",
]


@click.command(cls=CarefulCommand)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"The file.  [or {ENVIRONMENT}, or as the protocol says]",
)
@trial_options
def anchor(place: Place, path: Path | None, as_json: bool) -> None:
    """Add the trial's anchor to a file that is kept elsewhere.

    One line: the time, the trial, number and hash of the last entry, its kind and day. Keep the
    file where nobody who can write to the ledger can change it. `escalation trial verify` holds
    the ledger against every line. Refused, with exit code 5, if an earlier line does not fit any
    more.

    Example: escalation trial anchor --to anchors.txt
    """
    with place.opened() as tracker:
        entries = tracker.entries()
        if not entries:
            raise InputError(f"trial {tracker.trial} has no entries")
        state = replay_events(entries)
        path = path or anchor_file(state.protocol, place.db, named_anchor_file())
        if path is None:
            raise click.UsageError(f"say where: --to FILE, or {ENVIRONMENT}")
        check_new(path, place.db, force=True)
        said = append_head(path, tracker.trial, entries[-1], state.hashes, now())
    if as_json:
        echo_json({**trial_heading(state, tracker.trial), "file": str(path)})
        return
    line(said)
    show([f"anchor {state.seq}:{state.head}"])


# ---------------------------------------------------------------- timestamps


timestamp = LazyGroup(
    name="timestamp",
    help=(
        "Have entries timestamped by somebody else's clock (RFC 3161).\n\n"
        "A request is a file; send it to a time-stamping authority with any program, and keep the "
        "reply. Nothing here uses a network. Needs pip install 'escalation[keys]'.\n\n"
        "Example: escalation trial timestamp request --output 41.tsq"
    ),
    lazy={
        "request": (
            "escalation.cli.trial.anchors:request",
            "Write a request for a timestamp of an entry.",
        ),
        "keep": (
            "escalation.cli.trial.anchors:keep",
            "Check an authority's reply and record it.",
        ),
    },
)


@click.command(cls=CarefulCommand)
@click.option(
    "--output",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.tsq",
    required=True,
    help="Write this file.",
)
@click.option("--entry", type=WholeNumber(min=1), help="The entry.  [default: the last]")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@trial_options
def request(place: Place, output: Path, entry: int | None, force: bool, as_json: bool) -> None:
    """Write a request for a timestamp of an entry's anchor.

    It holds the SHA-256 of the anchor as printed, "41:3fa9...", with the end of the line, and
    nothing else of the trial.

    Example: escalation trial timestamp request --output 41.tsq
    """
    check_new(output, place.db, force=force)
    with place.opened() as tracker:
        state = tracker.state()
    seq = state.seq if entry is None else entry
    if not 1 <= seq <= state.seq:
        raise InputError(f"there is no entry {seq}; the last one is {state.seq}")
    seal = state.hashes[seq - 1]
    write_new(output, request_timestamp(anchor_text(seq, seal)), force=force)
    if as_json:
        echo_json({**trial_heading(state, tracker.trial), "entry": seq, "file": str(output)})
        return
    line(f"Wrote {printable(str(output))}, a request for a timestamp of entry {seq}:")
    show([f"anchor {seq}:{seal}"])
    line(
        "Send it to an authority (content type application/timestamp-query), and keep its reply "
        "with `escalation trial timestamp keep`."
    )


certificate_option = click.option(
    "--tsa-certificate",
    "certificates",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Root certificate of a time-stamping authority (PEM or DER).",
)


def read_certificates(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """Read every certificate of these files.

    Raises
    ------
    InputError, KeysExtraError
    """
    found: list[bytes] = []
    for path in paths:
        try:
            found += certificates_in(read_small(path))
        except InputError as error:
            raise InputError(f"{printable(str(path))} {error}") from error
    return tuple(found)


@click.command(cls=CarefulCommand)
@click.argument("file", metavar="FILE.tsr", type=click.Path(path_type=Path))
@click.option("--entry", type=WholeNumber(min=1), help="Refuse a timestamp of any other entry.")
@certificate_option
@recording_options
def keep(
    recording: Recording, file: Path, entry: int | None, certificates: tuple[Path, ...]
) -> None:
    """Check an authority's reply and record it with the entry that it is of.

    It must be granted, be of an entry of this trial, and be signed by an authority for which the
    certificate given vouches, or one that came with it.

    Example: escalation trial timestamp keep 41.tsr --tsa-certificate root.pem --as "Lin Mei"
    """
    command = partial(
        keep_timestamp,
        reply=read_small(file),
        entry=entry,
        trusted=read_certificates(certificates),
    )
    recording.record(command)
