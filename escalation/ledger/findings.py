"""What is wrong with a ledger, as values in a list: all of it is told, not only the first."""

from __future__ import annotations

from typing import Literal

from escalation.dataclass import dataclass
from escalation.errors import printable

__all__ = ["Finding", "Kind"]

Kind = Literal[
    "storage",
    "missing",
    "order",
    "form",
    "hash",
    "link",
    "clock",
    "anchor",
    "meaning",
    "signature",
    "unchecked",
    "note",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was written.

    Attributes
    ----------
    trial : str or None
        None for the database as a whole.
    seq : int or None
        The entry's number; None for the trial as a whole.
    kind : str
        ``storage``: the database, its tables, triggers or settings. ``missing``: entries left
        out. ``order``: an entry out of its place, or twice. ``form``: an entry that this program
        would not have written. ``hash``: an entry changed. ``link``: an entry that does not
        follow the one before it. ``clock``: a remark, time went back. ``anchor``: the chain is not
        the one that was printed. ``meaning``: an entry that says something else than its command,
        called again on the entries before it. ``note``: a remark of the same
        sort. ``signature``: a signature by key or a timestamp that does not hold. ``unchecked``: a
        remark, one that could not be checked here.
    problem : str
        A plain sentence.
    """

    trial: str | None = None
    seq: int | None = None
    kind: Kind
    problem: str

    @property
    def remark(self) -> bool:
        """Whether it may be so in a sound ledger: a clock can be set back."""
        return self.kind in ("clock", "note", "unchecked")

    def __str__(self) -> str:
        place = [] if self.trial is None else [f"trial {printable(self.trial)}"]
        place += [] if self.seq is None else [f"entry {self.seq}"]
        return ", ".join(place) + ": " * bool(place) + self.problem
