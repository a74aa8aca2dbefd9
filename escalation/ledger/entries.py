"""What a ledger holds: entries, each of them sealed with a hash that rests on the one before it.

A trial's entries are numbered 1, 2, 3 ... without a gap. The hash of an entry is taken over all
its other columns, ``prev_hash`` among them, so the last hash stands for everything before it:
who has it on paper (an `Anchor`) can tell whether anything was changed, put in, left out or moved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from escalation.dataclass import dataclass
from escalation.errors import InputError, IntegrityError, printable
from escalation.ledger.values import (
    canonical,
    check_json,
    check_name,
    check_trial,
    format_time,
)

__all__ = [
    "COLUMNS",
    "GENESIS",
    "HASHED",
    "MAX_DATA",
    "START",
    "Anchor",
    "Draft",
    "Entry",
    "chain",
    "check_chain",
    "hash_entry",
    "parse_anchor",
]

GENESIS = "0" * 64  # what the first entry's prev_hash is
MAX_DATA = 1_000_000  # characters of one entry's data

_KIND = re.compile(r"[a-z][a-z0-9-]{0,59}")
_ANCHOR = re.compile(r"(0|[1-9][0-9]{0,8}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a writer wants recorded.

    Attributes
    ----------
    kind : str
        What sort of fact it is, in small letters, as ``subject-dosed``.
    version : int
        Version of the form of ``data``, from 1.
    data : mapping
        The fact itself, of JSON types only; numbers are finite.
    """

    kind: str
    version: int
    data: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise InputError(
                f"kind {self.kind!a} must be 1 to 60 small letters, digits and hyphens, "
                "as subject-dosed"
            )
        if type(self.version) is not int or self.version < 1:
            raise InputError(f"version {self.version!r} of {self.kind} must be a number from 1")
        if not isinstance(self.data, Mapping):
            raise InputError(f"data of {self.kind} must be an object with named values")
        check_json(dict(self.data), (f"{self.kind}: data",))


class Entry(NamedTuple):
    """One entry of a trial's ledger, as it stands in the database.

    Attributes
    ----------
    trial : str
    seq : int
        Its number, from 1.
    recorded_at : str
        UTC in a fixed width, ``2026-11-24T23:32:01.123456Z``: the order of the text is the order
        of time.
    recorded_by : str
    kind : str
    version : int
    data : str
        Canonical JSON: the text that was hashed.
    request_id : str or None
        What a writer named its request, to find out whether it has been recorded already.
    prev_hash : str
        Hash of the entry before, `GENESIS` for the first.
    hash : str
        SHA-256 of the canonical JSON of all the other columns.
    """

    trial: str
    seq: int
    recorded_at: str
    recorded_by: str
    kind: str
    version: int
    data: str
    request_id: str | None
    prev_hash: str
    hash: str

    @property
    def payload(self) -> Any:
        """The data as Python values."""
        return json.loads(self.data)

    @property
    def anchor(self) -> Anchor:
        """The place in the chain where the entry stands."""
        return Anchor(seq=self.seq, hash=self.hash)


COLUMNS = Entry._fields
HASHED = COLUMNS[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A place in a trial's chain, to be printed and kept elsewhere; written ``41:3fa9...``."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


START = Anchor(seq=0, hash=GENESIS)  # the place before the first entry


def parse_anchor(text: str) -> Anchor:
    """Read an anchor as it was printed.

    Raises
    ------
    InputError
        If it is not a number, a colon and the 64 digits of a hash.
    """
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise InputError(
            f'anchor "{printable(text[:80])}" must be an entry\'s number, a colon and all 64 '
            "digits of its hash in small letters, as 41:3fa9..."
        )
    return Anchor(seq=int(found[1]), hash=found[2])


def chain(
    drafts: Iterable[Draft],
    *,
    trial: str,
    head: Anchor,
    recorded_at: datetime,
    recorded_by: str,
    request_id: str | None = None,
) -> list[Entry]:
    """Make entries that continue a trial's chain.

    Parameters
    ----------
    drafts : iterable of Draft
    trial : str
    head : Anchor
        The trial's last entry; `START` if it has none.
    recorded_at : datetime
        With its time zone.
    recorded_by : str
    request_id : str, optional

    Returns
    -------
    list of Entry
        One a draft, in order.

    Raises
    ------
    InputError
        For a name, a time or data that cannot be recorded.
    """
    check_trial(trial)
    check_name("recorded_by", recorded_by)
    if request_id is not None:
        check_name("request_id", request_id)
    time = format_time(recorded_at)
    entries = []
    for draft in drafts:
        columns: dict[str, Any] = {
            "trial": trial,
            "seq": head.seq + 1,
            "recorded_at": time,
            "recorded_by": recorded_by,
            "kind": draft.kind,
            "version": draft.version,
            "data": _data_text(draft),
            "request_id": request_id,
            "prev_hash": head.hash,
        }
        entry = Entry(**columns, hash=hash_entry(columns))
        entries.append(entry)
        head = entry.anchor
    return entries


def check_chain(entries: Iterable[Entry], head: Anchor | None = None) -> None:
    """Refuse entries that do not continue a chain, or are not as they were recorded.

    Parameters
    ----------
    entries : iterable of Entry
    head : Anchor, optional
        The last entry before them; by default they are the first of their trial.

    Raises
    ------
    IntegrityError
        Naming the first that is wrong; `escalation.ledger.verify` finds all.
    """
    last: Anchor | Entry = head or START
    for entry in entries:
        columns = dict(zip(HASHED, entry, strict=False))
        follows = entry.seq == last.seq + 1 and entry.prev_hash == last.hash
        if not follows or entry.hash != hash_entry(columns):
            raise IntegrityError(
                f"trial {entry.trial}: entry {last.seq + 1} is missing, or is not as it was "
                "recorded; `escalation trial verify` lists everything that is wrong"
            )
        last = entry


def hash_entry(columns: Mapping[str, Any]) -> str:
    """Return the hash that belongs to an entry's other columns."""
    return sha256(canonical(columns).encode("ascii")).hexdigest()


def _data_text(draft: Draft) -> str:
    text = canonical(dict(draft.data))
    if len(text) > MAX_DATA:
        raise InputError(
            f"data of {draft.kind} are {len(text):,} characters as JSON; "
            f"an entry holds up to {MAX_DATA:,}"
        )
    return text
