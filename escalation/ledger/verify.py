"""Whether a ledger is as it was written: everything that is not, in one list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from escalation.errors import InputError, IntegrityError
from escalation.ledger.anchor_file import AnchorLine
from escalation.ledger.entries import (
    COLUMNS,
    GENESIS,
    HASHED,
    START,
    Anchor,
    Draft,
    Entry,
    chain,
    hash_entry,
)
from escalation.ledger.findings import Finding, Kind
from escalation.ledger.store import Ledger
from escalation.ledger.values import shown

__all__ = ["anchor_faults", "find_anchor_faults", "find_faults", "verify"]

Row = Mapping[str, Any]  # by column; nothing is certain about the values


def verify(
    ledger: Ledger, trial: str | None = None, anchors: Sequence[Anchor] = ()
) -> list[Finding]:
    """List everything in a ledger that is not as it was written.

    A chain shows what was changed, put in, left out or moved, but not that its end was cut off:
    that takes an anchor, the number and hash of an entry as printed at the time.

    Parameters
    ----------
    ledger : Ledger
    trial : str, optional
        One trial; by default all of them.
    anchors : sequence of Anchor
        Of this trial.

    Returns
    -------
    list of Finding
        Empty if nothing is wrong. Remarks are in it too.

    Raises
    ------
    LedgerError
        If there is no such trial, or the database cannot be reached.
    InputError
        If there are anchors, and several trials that they could be of.
    """
    findings = ledger.check()
    try:
        rows, registered = ledger.raw_rows(trial), ledger.trials()
    except IntegrityError as error:
        return [*findings, Finding(kind="storage", problem=str(error))]
    chains: dict[Any, list[Row]] = {name: [] for name in registered if trial in (None, name)}
    for row in rows:
        chains.setdefault(row["trial"], []).append(row)
    if not chains:
        findings += find_faults(trial, [], anchors)
    if anchors and len(chains) > 1:
        raise InputError(f"{ledger.name} has several trials: name the one that the anchor is of")
    for name, chained in chains.items():
        if name not in registered:
            problem = f"{len(chained)} entries are of {shown(name)}, which is not a trial here"
            findings.append(Finding(kind="storage", problem=problem))
        elif not chained:
            problem = "it has no entries: it was put in, or they were taken away, by hand"
            findings.append(Finding(trial=name, kind="storage", problem=problem))
        findings += find_faults(name if isinstance(name, str) else None, chained, anchors)
    return findings


def find_anchor_faults(ledger: Ledger, lines: Iterable[AnchorLine], name: str) -> list[Finding]:
    """List the anchors of a file that do not fit the trials of a ledger.

    Parameters
    ----------
    ledger : Ledger
    lines : iterable of AnchorLine
        Of trials that are in the ledger.
    name : str
        Of the file, as it is shown.
    """
    by_trial: dict[str, list[AnchorLine]] = {}
    for line in lines:
        by_trial.setdefault(line.trial, []).append(line)
    findings = []
    for trial, chained in by_trial.items():
        try:
            numbered = {row["seq"]: row for row in ledger.raw_rows(trial)}
        except IntegrityError:  # said by ``verify``
            continue
        findings += [
            Finding(
                trial=trial,
                seq=line.anchor.seq,
                kind="anchor",
                problem=f"{fault} ({name}, line {line.number})",
            )
            for line in chained
            for fault in anchor_faults(line.anchor, numbered)
        ]
    return findings


def find_faults(
    trial: str | None, rows: Iterable[Row], anchors: Iterable[Anchor] = ()
) -> list[Finding]:
    """List what is wrong with one trial's rows, by number.

    Each row is held against itself and against the one numbered one less, so that one wrong row
    does not make a finding of every later one.

    Parameters
    ----------
    trial : str or None
        None if what stands in its place is not text.
    rows : iterable of mapping
        By column, in the order in which they stand.
    anchors : iterable of Anchor
    """
    found: list[tuple[int | None, Kind, str]] = []
    numbered: dict[int, Row] = {}
    highest = START.seq
    for row in rows:
        seq = row["seq"] if type(row["seq"]) is int else None
        found += ((seq, kind, problem) for kind, problem in _faults_within(row))
        if seq is None or seq < 1:
            continue
        if seq in numbered:
            found.append((seq, "order", "it is there more than once"))
            continue
        if seq < highest:
            found.append((seq, "order", f"it stands after entry {highest}"))
        highest = max(highest, seq)
        numbered[seq] = row
    for before, seq in pairwise([START.seq, *sorted(numbered)]):
        if seq - before > 1:
            last = f", and all to entry {seq - 1}" if seq - before > 2 else ""
            found.append((before + 1, "missing", f"it is missing{last}"))
        found += ((seq, *fault) for fault in _faults_between(numbered.get(seq - 1), numbered[seq]))
    for anchor in anchors:
        found += ((anchor.seq, "anchor", fault) for fault in anchor_faults(anchor, numbered))
    found.sort(key=lambda fault: fault[0] or 0)
    return [
        Finding(trial=trial, seq=seq, kind=kind, problem=problem) for seq, kind, problem in found
    ]


def _faults_within(row: Row) -> Iterator[tuple[Kind, str]]:
    """Hold a row against itself: one finding at most, as there is one cause."""
    for name, value in row.items():
        is_right = type(value) is (int if name in ("seq", "version") else str)
        if not is_right and not (name == "request_id" and value is None):
            yield "form", f"its {name} is {shown(value)}, which is of the wrong type"
            return
    problem = _fault_of_form(row)
    if problem and hash_entry({name: row[name] for name in HASHED}) != row["hash"]:
        yield "hash", "it was changed: its hash does not fit what it says"
    elif problem:
        yield "form", problem


def _fault_of_form(row: Row) -> str:
    """Say how the row differs from what recording the same again would make, hash included."""
    try:
        again = _record_again(row)
    except (InputError, ValueError, RecursionError) as error:
        return f"this program would not have recorded it: {error}"
    different = [name for name in COLUMNS if getattr(again, name) != row[name]]
    return f"this program would have recorded another {' and '.join(different)}" * bool(different)


def _record_again(row: Row) -> Entry:
    draft = Draft(kind=row["kind"], version=row["version"], data=json.loads(row["data"]))
    (entry,) = chain(
        [draft],
        trial=row["trial"],
        head=Anchor(seq=row["seq"] - 1, hash=row["prev_hash"]),
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        recorded_by=row["recorded_by"],
        request_id=row["request_id"],
    )
    return entry


def _faults_between(before: Row | None, row: Row) -> Iterator[tuple[Kind, str]]:
    """Hold a row against the one numbered one less, None if there is none."""
    if before is None:
        if row["seq"] == 1 and row["prev_hash"] != GENESIS:
            yield "link", "it is the first, but says that one came before it"
        return
    if row["prev_hash"] != before["hash"]:
        yield "link", f"it does not follow the entry {before['seq']} that is there"
    times = before["recorded_at"], row["recorded_at"]
    if all(isinstance(time, str) for time in times) and times[1] < times[0]:
        yield "clock", f"it was recorded at {shown(times[1])}, earlier than the entry before it"


def anchor_faults(anchor: Anchor, numbered: Mapping[int, Row]) -> Iterator[str]:
    """Yield how an anchor does not fit a trial's rows, by number; of them their hash counts."""
    if anchor == START:
        return
    if anchor.seq not in numbered:
        last = max(numbered, default=0)
        yield f"it is not there, though its hash was printed: the trial ends at entry {last}"
    elif numbered[anchor.seq]["hash"] != anchor.hash:
        yield f"its hash is {shown(numbered[anchor.seq]['hash'])}, but {anchor.hash} was printed"
