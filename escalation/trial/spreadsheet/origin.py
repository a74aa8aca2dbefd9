"""Where the rows of an import came from, as the ledger keeps it."""

from __future__ import annotations

from escalation.dataclass import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A file, and how it was read.

    Attributes
    ----------
    name : str
        As the ledger calls it.
    sha256 : str
        Of the file.
    source : str
        As messages call it.
    n_rows : int
        How many patients it has, those that cannot be read among them.
    left_out : tuple of str
        The names of columns that were not read.
    read_with : str or None
        The options by which it was read, as typed; None for a file as this program writes it.
    """

    name: str
    sha256: str
    source: str
    n_rows: int
    left_out: tuple[str, ...] = ()
    read_with: str | None = None
