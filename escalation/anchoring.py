"""Where a trial's anchors are kept, how one is kept, and whether a trial fits those that are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from escalation.errors import InputError, printable
from escalation.ledger import Anchor, Finding, Ledger
from escalation.ledger.anchor_file import append_anchor, read_anchors, say_line
from escalation.ledger.verify import find_anchor_faults
from escalation.protocol import Protocol
from escalation.tracker import Tracker
from escalation.trial import Recorded, TrialState
from escalation.trial.events import DecisionMade, Signed, SignedWithKey

__all__ = [
    "ENVIRONMENT",
    "anchor_file",
    "append_head",
    "check_not_ledger",
    "hold_against_files",
    "keep_anchor",
]

ENVIRONMENT = "ESCALATION_ANCHORS"  # the variable that may name the file


def anchor_file(protocol: Protocol | None, db: str, named: str | None) -> Path | None:
    """Return the file that is named or, where none is, that of the protocol.

    A protocol's relative path begins in the folder of the ledger's file.
    """
    if named:
        return Path(named)
    if protocol is None or protocol.anchors.file is None:
        return None
    folder = Path() if "://" in db else Path(db).parent
    return folder / protocol.anchors.file


def append_head(path: Path, trial: str, last: Recorded, hashes: Sequence[str], at: datetime) -> str:
    """Add the anchor of a trial's last entry to a file; return what was done.

    Raises
    ------
    InputError, IntegrityError
        As ``append_anchor``.
    """
    anchor = Anchor(seq=last.seq, hash=last.hash)
    line = say_line(trial, anchor, kind=last.event.kind, on=last.event.on, at=at)
    append_anchor(path, trial, line, hashes)
    return f"The anchor of entry {last.seq} is kept in {printable(str(path))}."


_ANCHORED = (DecisionMade, Signed, SignedWithKey)


def keep_anchor(
    tracker: Tracker,
    recorded: Sequence[Recorded],
    protocol: Protocol | None,
    *,
    db: str,
    named: str | None,
    at: datetime,
) -> None:
    """Keep the trial's anchor after a decision or a signature, where that is wanted.

    Where to: ``named`` or, where that is None, as the protocol in force says.

    What is recorded is recorded: whoever calls tells a failure, and the next anchor covers it too.

    Raises
    ------
    InputError, IntegrityError
        If it cannot be kept.
    """
    if not any(isinstance(entry.event, _ANCHORED) for entry in recorded):
        return
    path = anchor_file(protocol, db, named)
    if path is not None:
        check_not_ledger(path, db)
        append_head(path, tracker.trial, *tracker.head(), at)


def check_not_ledger(path: Path, db: str) -> None:
    """Refuse to write on the ledger itself.

    Raises
    ------
    InputError
    """
    if path.exists() and Path(db).exists() and path.samefile(db):
        raise InputError(f"{printable(str(path))} is the ledger itself")


def hold_against_files(
    ledger: Ledger,
    trials: Mapping[str, TrialState | None],
    given: Path | None,
    db: str,
    named: str | None,
) -> tuple[list[Finding], list[str]]:
    """Hold trials against the anchors that were kept of them elsewhere.

    Parameters
    ----------
    ledger : Ledger
    trials : mapping of str to TrialState or None
        None for one that cannot be read.
    given : Path or None
        The file, in place of those that the environment or the protocols name.
    db : str
        Where the ledger is.
    named : str or None
        The file that the environment names.

    Returns
    -------
    findings : list of Finding
        Anchors that do not fit, lines that are none, files that should be there.
    said : list of str
        For each file with anchors of these trials, how many.
    """
    files: dict[Path, list[str]] = {}
    for trial, state in trials.items():
        path = given or anchor_file(None if state is None else state.protocol, db, named)
        if path is not None:
            files.setdefault(path, []).append(trial)
    findings, said = [], []
    for path, of in files.items():
        name = printable(str(path))
        try:
            lines, faults = read_anchors(path)
        except InputError as error:
            states = [trials[trial] for trial in of]
            expected = given is not None or any(s is None or s.decisions for s in states)
            problem = f"anchors are to be kept in a file that is not there: {error}"
            findings.append(Finding(kind="anchor" if expected else "note", problem=problem))
            continue
        strangers = sorted({one.trial for one in lines}.difference(ledger.trials()))
        if strangers:  # of another ledger, or taken out of this one
            problem = f"{name} has anchors of {', '.join(strangers)}, which is not in this ledger"
            findings.append(Finding(kind="note", problem=problem))
        lines = [one for one in lines if one.trial in of]
        findings += [*faults, *find_anchor_faults(ledger, lines, name)]
        if lines:
            said.append(f"Held against {len(lines)} anchor{'s' * (len(lines) > 1)} in {name}.")
    return findings, said
