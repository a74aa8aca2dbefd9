"""Anchors in a file elsewhere, one a line: what a ledger was, told by something it cannot change.

A line is the time (UTC), the trial, the anchor, and the kind and day of the entry it is of::

    2026-03-01T09:30:00.000000Z TJ-1 41:3fa9... decision-made 2026-03-01
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from escalation.dataclass import dataclass
from escalation.errors import InputError, IntegrityError, printable, reason
from escalation.ledger.entries import Anchor, parse_anchor
from escalation.ledger.findings import Finding
from escalation.ledger.values import format_time

__all__ = ["AnchorLine", "append_anchor", "read_anchors", "say_line"]

_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (?P<trial>[A-Za-z0-9][A-Za-z0-9._-]{0,59}) "
    r"(?P<anchor>[1-9][0-9]{0,8}:[0-9a-f]{64}) (?P<kind>[a-z][a-z0-9-]{0,59}) "
    r"(?P<on>\d{4}-\d\d-\d\d)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLine:
    """One line: a trial's anchor, and where it stands."""

    number: int
    trial: str
    anchor: Anchor


def say_line(trial: str, anchor: Anchor, *, kind: str, on: date, at: datetime) -> str:
    """Return the line of an anchor, without its end."""
    return f"{format_time(at)} {trial} {anchor} {kind} {on}"


def read_anchors(path: Path) -> tuple[list[AnchorLine], list[Finding]]:
    """Read a file of anchors: its lines, and a finding for each that is none.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read.
    """
    try:
        text = path.read_bytes().decode("ascii", errors="replace")
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))}: cannot be read: {reason(error)}") from error
    lines, findings = [], []
    for number, line in enumerate(text.removesuffix("\n").split("\n") * bool(text), start=1):
        found = _LINE.fullmatch(line)
        if found is None or not (_is_time(found["at"]) and _is_time(found["on"])):
            findings.append(
                Finding(
                    kind="anchor",
                    problem=f'{printable(str(path))}, line {number}: "{printable(line[:60])}" is '
                    'not a time, a trial, an anchor, a kind and a day, as "2026-03-01T09:30:00.'
                    '000000Z TJ-1 41:3fa9... decision-made 2026-03-01"',
                )
            )
            continue
        lines.append(
            AnchorLine(number=number, trial=found["trial"], anchor=parse_anchor(found["anchor"]))
        )
    return lines, findings


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def append_anchor(path: Path, trial: str, line: str, hashes: Sequence[str]) -> None:
    """Add a line, having held the trial's hashes against the lines that are there.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    trial : str
    line : str
        As ``say_line`` makes it.
    hashes : sequence of str
        Of all entries of the trial.

    Raises
    ------
    IntegrityError
        If an earlier line is of an entry that the trial does not have so: nothing is added.
    InputError
        If it is another kind of file, or cannot be written.
    """
    name = printable(str(path))
    cut = b""
    try:
        if path.exists():
            known, faults = read_anchors(path)
            if faults and not known:
                raise InputError(f"{name}: not a file of anchors: {faults[0].problem}")
            _check_fits(name, known, trial, hashes)
            cut = b"\n" * (path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n"))
        with path.open("ab") as file:
            file.write(cut + line.encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be written: {reason(error)}") from error


def _check_fits(name: str, known: Sequence[AnchorLine], trial: str, hashes: Sequence[str]) -> None:
    for line in known:
        seq, kept = line.anchor.seq, line.anchor.hash
        if line.trial == trial and (seq > len(hashes) or hashes[seq - 1] != kept):
            raise IntegrityError(
                f"{name}, line {line.number}: entry {seq} of trial {trial} is not as it was when "
                "its anchor was kept; `escalation trial verify` lists everything that is wrong"
            )
