"""A ledger's trials as one file of JSON lines, to back up, to hand over and to restore from.

The first line says what is in the file and how each trial's chain ends, the last how many entries
there are, so that a file cut short or added to is known as such; between them one entry a line::

    {"escalation_ledger":1,"trials":{"DEMO":"41:3fa9..."}}
    {"data":"...","hash":"...","kind":"trial-registered","prev_hash":"000...","seq":1, ...}
    {"end":41}

Hashes are kept as they are, so a restored trial is the same trial, with the same anchors. Entries
alone, as `iter_lines` gives them, are read too; whether their end was cut off nothing then tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from escalation.errors import FileFaultsError, InputError, LedgerError, printable, reason
from escalation.files import write_whole
from escalation.ledger.entries import COLUMNS, START, Anchor, Entry, check_chain, parse_anchor
from escalation.ledger.store import Ledger, create_ledger
from escalation.ledger.values import canonical, check_trial
from escalation.ledger.verify import find_faults

__all__ = ["ArchiveError", "iter_lines", "read_archive", "restore", "write_archive"]

FORMAT = 1


class ArchiveError(FileFaultsError):
    """An archive that is not as it was written."""

    exit_code: ClassVar[int] = 5


def iter_lines(ledger: Ledger, trial: str) -> Iterator[str]:
    """Yield a trial's entries as JSON, one a line, without line ends.

    Raises
    ------
    LedgerError
        If there is no such trial.
    """
    return map(_line, ledger.entries(trial))


def write_archive(
    ledger: Ledger,
    path: str | Path,
    trials: Iterable[str] | None = None,
    *,
    overwrite: bool = False,
) -> dict[str, Anchor]:
    """Write trials to a file, as they are at one moment; the file is there whole, or not at all.

    Parameters
    ----------
    ledger : Ledger
    path : str or Path
    trials : iterable of str, optional
        By default all of them.
    overwrite : bool, default: False
        Whether a file that is there may be replaced.

    Returns
    -------
    dict of str to Anchor
        How each trial's chain ends.

    Raises
    ------
    IntegrityError
        If a trial is not as it was recorded: nothing could be restored from the file.
    LedgerError
        If there is no such trial, or the file cannot be written.
    """
    path = Path(path)
    try:
        if path.exists() and not overwrite:
            raise LedgerError(f"{_named(path)} is already there, and was left as it is")
        chains = ledger.snapshot(*(trials or ()))
        for chained in chains.values():
            check_chain(chained)
        heads = _ends(chains)
        entries = [_line(entry) for chained in chains.values() for entry in chained]
        lines = [_header(heads), *entries, _end(len(entries))]
        content = "".join(f"{line}\n" for line in lines).encode("ascii")
        write_whole(path, content, overwrite=overwrite)
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL
        raise LedgerError(f"{_named(path)}: cannot be written: {reason(error)}") from error
    return heads


def restore(path: str | Path, target: str, *, timeout: float = 10.0) -> dict[str, Anchor]:
    """Add the trials of an archive to a ledger, which is made if it is not there.

    Parameters
    ----------
    path : str or Path
        The archive.
    target : str
        As for `open_ledger`.
    timeout : float

    Returns
    -------
    dict of str to Anchor
        How each trial's chain ends.

    Raises
    ------
    ArchiveError
        If the archive is not as it was written; with every fault. Nothing was restored.
    ConflictError
        If one of its trials is in the ledger already. Nothing was restored.
    LedgerError
        If the archive cannot be read, or the ledger not be used.
    """
    chains = read_archive(path)
    with create_ledger(target, timeout=timeout) as ledger:
        ledger.add_trials(chains)
    return _ends(chains)


def read_archive(path: str | Path) -> dict[str, list[Entry]]:
    """Read the trials of an archive, every hash and link of which is checked.

    Raises
    ------
    ArchiveError
        With every fault.
    LedgerError
        If there is no such file, or it may not be read.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8", "backslashreplace")
    except (OSError, ValueError) as error:
        raise LedgerError(f"{_named(path)}: cannot be read: {reason(error)}") from error
    header, *lines = text.removesuffix("\n").split("\n")
    n_before = 1
    if _is_entry(_parse(header)):  # entries alone, as `iter_lines` gives them
        header, lines, n_before = _header_of([header, *lines]), [header, *lines], 0
        lines.append(_end(len(lines)))
    try:
        heads = _heads(header)
    except InputError as error:
        raise ArchiveError(_named(path), [f"line 1: {error}"]) from error
    faults = []
    end = lines.pop() if lines else ""
    if end != _end(len(lines)) or not text.endswith("\n"):
        faults.append("the end: the file was cut short, or lines were put in or left out")
    chains: dict[str, list[dict[str, Any]]] = {trial: [] for trial in heads}
    for number, line in enumerate(lines, start=1 + n_before):
        row = _parse(line)
        if row is None or not _is_entry(row):
            faults.append(f"line {number}: is not an entry as this program writes it")
        elif not isinstance(row["trial"], str) or row["trial"] not in chains:
            faults.append(f"line {number}: is of a trial that the first line does not name")
        else:
            chains[row["trial"]].append(row)
    for trial, head in heads.items():
        faults += _faults_of_trial(trial, chains[trial], head)
    if faults:
        raise ArchiveError(_named(path), faults)
    return {trial: [Entry(**row) for row in rows] for trial, rows in chains.items()}


def _faults_of_trial(trial: str, rows: list[dict[str, Any]], head: Anchor) -> Iterator[str]:
    findings = find_faults(trial, rows, [head])
    yield from (str(finding) for finding in findings if not finding.remark)
    last = max((row["seq"] for row in rows if type(row["seq"]) is int), default=0)
    if last > head.seq:
        yield f"trial {trial}: it goes on to entry {last}, but ends at {head.seq} by the first line"


def _ends(chains: Mapping[str, list[Entry]]) -> dict[str, Anchor]:
    return {trial: chained[-1].anchor if chained else START for trial, chained in chains.items()}


def _line(entry: Entry) -> str:
    return canonical(entry._asdict())


def _end(n_entries: int) -> str:
    return canonical({"end": n_entries})


def _header(heads: Mapping[str, Anchor]) -> str:
    trials = {trial: str(head) for trial, head in heads.items()}
    return canonical({"escalation_ledger": FORMAT, "trials": trials})


def _is_entry(row: dict[str, Any] | None) -> bool:
    return row is not None and set(row) == set(COLUMNS)


def _header_of(lines: Iterable[str]) -> str:
    """Make the first line that entries alone lack, from the last of each trial."""
    rows = [row for row in map(_parse, lines) if row is not None and _is_entry(row)]
    heads = {str(row["trial"]): f"{row['seq']}:{row['hash']}" for row in rows}
    return canonical({"escalation_ledger": FORMAT, "trials": heads})


def _heads(header: str) -> dict[str, Anchor]:
    """Read the first line.

    Raises
    ------
    InputError
    """
    first = _parse(header) or {}
    trials = first.get("trials")
    form = first.get("escalation_ledger")
    if type(form) is int and form > FORMAT:
        raise InputError(f"form {form} of a later version of this program; {FORMAT} is known here")
    if not (
        form == FORMAT
        and len(first) == 2
        and isinstance(trials, dict)
        and all(isinstance(head, str) for head in trials.values())
    ):
        raise InputError("this is not the first line of an archive as this program writes it")
    for trial in trials:
        check_trial(trial)
    return {trial: parse_anchor(head) for trial, head in trials.items()}


def _parse(line: str) -> dict[str, Any] | None:
    """Read a line that is exactly as this program writes it; None for any other."""
    try:
        value = json.loads(line)
        is_ours = isinstance(value, dict) and canonical(value) == line
    except (ValueError, RecursionError):
        return None
    return value if is_ours else None


def _named(path: Path) -> str:
    return printable(str(path))
