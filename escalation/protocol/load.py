"""Loading protocols: the shipped ones by name, your own from a file."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING

from escalation.errors import InputError, ProtocolError, did_you_mean, reason
from escalation.protocol.protocol import Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_PROTOCOL", "load_protocol", "shipped_protocols"]

DEFAULT_PROTOCOL = "nct07123519"  # where none is named

_SHIPPED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "protocols")


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
    files = (name.partition(".") for name in os.listdir(_SHIPPED))
    return tuple(sorted(stem for stem, _, ending in files if ending == "toml"))


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
    if not isinstance(name_or_path, str | os.PathLike):
        raise InputError(f"a protocol is loaded by its name or file, not {name_or_path!r}")
    name_or_path = str(name_or_path)
    if name_or_path in shipped_protocols():
        with open(os.path.join(_SHIPPED, f"{name_or_path}.toml"), "rb") as file:
            return Protocol.from_document(tomllib.load(file))
    # pydantic guards the border, and only those who come across it pay for its import
    from pathlib import Path  # noqa: PLC0415

    from escalation.protocol.file import MAX_BYTES, parse_protocol  # noqa: PLC0415

    try:
        with Path(name_or_path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = did_you_mean(name_or_path, shipped_protocols())
        fault = f"no such file, and no shipped protocol of this name; {hint}"
        raise ProtocolError(name_or_path, [fault]) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ProtocolError(name_or_path, [f"cannot be read: {reason(error)}"]) from error
    return parse_protocol(data, name_or_path)
