"""Every signature by key and every timestamp of a trial, checked again, for whoever verifies."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.signatures.extra import KeysExtraError
from escalation.signatures.sshsig import signature_fault
from escalation.signatures.timestamps import read_timestamp
from escalation.trial.events import SignedWithKey, TimestampKept
from escalation.trial.keys.statement import NAMESPACE, anchor_text, statement
from escalation.trial.state import Recorded

__all__ = ["KeyFinding", "check_keys", "text_of"]

_CLOCKS = timedelta(minutes=5)  # by which two clocks may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFinding:
    """What is to be said of an entry with a signature by key or a timestamp.

    ``wrong``: it does not hold. ``unchecked``: without the extra it cannot be told. ``unknown``:
    nobody has vouched for the authority of a timestamp. ``clock``: the times do not fit.
    """

    seq: int
    kind: Literal["wrong", "unchecked", "unknown", "clock"]
    problem: str


def text_of(trial: str, signed: Recorded, event: SignedWithKey) -> bytes:
    """Return the text that an entry's signature has to be over."""
    return statement(
        trial,
        entry=event.entry,
        entry_hash=event.entry_hash,
        meaning=event.meaning,
        on=event.on,
        by=signed.by,
    )


def check_keys(
    trial: str, entries: Sequence[Recorded], trusted: tuple[bytes, ...] = ()
) -> Iterator[KeyFinding]:
    """Yield what is wrong with signatures by key and timestamps, or could not be checked.

    Whether a key was in force, and the hash is the entry's, the replay says (``evolve``).

    Parameters
    ----------
    trial : str
    entries : sequence of Recorded
        All of the trial's.
    trusted : tuple of bytes
        Certificates in DER that vouch for time-stamping authorities.
    """
    for recorded in entries:
        try:
            yield from _check(trial, recorded, entries, trusted)
        except KeysExtraError as error:
            yield KeyFinding(seq=recorded.seq, kind="unchecked", problem=f"not checked: {error}")


def _check(
    trial: str, recorded: Recorded, entries: Sequence[Recorded], trusted: tuple[bytes, ...]
) -> Iterable[KeyFinding]:
    match recorded.event:
        case SignedWithKey() as event:
            fault = signature_fault(
                event.signature,
                text_of(trial, recorded, event),
                public_key=event.public_key,
                namespace=NAMESPACE,
            )
            if fault is None:
                return ()
            problem = f"its signature by key does not hold: {fault}"
            return (KeyFinding(seq=recorded.seq, kind="wrong", problem=problem),)
        case TimestampKept() as event:
            return _check_timestamp(recorded, event, entries, trusted)
    return ()


def _check_timestamp(
    recorded: Recorded,
    event: TimestampKept,
    entries: Sequence[Recorded],
    trusted: tuple[bytes, ...],
) -> Iterator[KeyFinding]:
    try:
        stamp = read_timestamp(b64decode(event.token, validate=True), trusted)
        fault = stamp.fault
    except ValueError:
        stamp, fault = None, "it is not in base64"
    except InputError as error:
        stamp, fault = None, f"it {error}"
    if stamp is not None and fault is None:
        if not stamp.is_of(anchor_text(event.entry, event.entry_hash)):
            fault = f"it is not of entry {event.entry}"
        elif not stamp.known and trusted:
            fault = f"the certificates given do not vouch for its authority, {stamp.authority}"
    if fault is not None:
        yield KeyFinding(
            seq=recorded.seq, kind="wrong", problem=f"its timestamp does not hold: {fault}"
        )
        return
    if stamp is None:
        return
    if not trusted:
        yield KeyFinding(
            seq=recorded.seq,
            kind="unknown",
            problem=f"that its timestamp is by {stamp.authority} only the authority's root "
            "certificate shows: give it with --tsa-certificate",
        )
    stamped = _recorded_at(entries, event.entry)
    if stamped is not None and stamp.at < stamped - _CLOCKS:
        yield KeyFinding(
            seq=recorded.seq,
            kind="clock",
            problem=f"by its timestamp, entry {event.entry} was there at {stamp.at:%Y-%m-%d %H:%M} "
            f"UTC; the ledger says that it was recorded at {stamped:%Y-%m-%d %H:%M} UTC",
        )


def _recorded_at(entries: Sequence[Recorded], entry: int) -> datetime | None:
    return entries[entry - 1].at if 1 <= entry <= len(entries) else None
