"""Loading protocols: the shipped ones by name, your own from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalation.errors import ProtocolError
from escalation.protocol.protocol import Protocol
from escalation.protocol.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_PROTOCOL", "load_protocol", "shipped_protocols"]

DEFAULT_PROTOCOL = "nct07123519"  # where none is named

_SHELF = Shelf(folder="protocols", noun="protocol", error=ProtocolError)


def shipped_protocols() -> tuple[str, ...]:
    """Return the names of the protocols that come with the program.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "nct07123519" in shipped_protocols()
    True
    """
    return _SHELF.names()


def load_protocol(name_or_path: str | Path) -> Protocol:
    """Load a shipped protocol by name, or a protocol file by path.

    Parameters
    ----------
    name_or_path : str or Path
        A file called like a shipped protocol is reached as ``./name``.

    Returns
    -------
    Protocol

    Raises
    ------
    ProtocolError
        With every fault of the file.
    InputError
        Where neither a name nor a file is given.

    Examples
    --------
    >>> load_protocol("nct07123519").labels
    (-1, 1, 2, 3)
    """
    document = _SHELF.document(name_or_path)
    if document is not None:
        return Protocol.from_document(document)
    # pydantic guards the border, and only those who come across it pay for its import
    from escalation.protocol.file import MAX_BYTES, parse_protocol  # noqa: PLC0415

    return parse_protocol(_SHELF.read(str(name_or_path), MAX_BYTES + 1), str(name_or_path))
