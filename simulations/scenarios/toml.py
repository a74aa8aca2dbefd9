"""A TOML file that a person wrote, as a document: what cannot be read is said as a fault of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from escalation.errors import FileFaultsError, reason

__all__ = ["MAX_BYTES", "parse_toml", "read_bytes"]

MAX_BYTES = 2_000_000
MAX_WORD = 5_000  # characters; a dotted key of 100 kB takes the TOML reader gigabytes
_TOO_LONG = re.compile(rf"[^,=\n]{{{MAX_WORD + 1}}}")


def read_bytes(path: str | Path, refused: type[FileFaultsError]) -> bytes:
    """Read a file, and no more of it than shows that it is too large.

    Raises
    ------
    FileFaultsError
        Of the kind ``refused``, where it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise refused(str(path), ["no such file"]) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise refused(str(path), [f"cannot be read: {reason(error)}"]) from error


def parse_toml(
    content: bytes, source: str, what: str, refused: type[FileFaultsError]
) -> dict[str, Any]:
    """Return what the bytes of a TOML file say.

    Parameters
    ----------
    content : bytes
    source : str
        What messages call the file.
    what : str
        What it should be, such as "a study".
    refused : type of FileFaultsError

    Raises
    ------
    FileFaultsError
        Of the kind ``refused``.
    """
    if len(content) > MAX_BYTES:
        raise refused(source, [f"not {what}: larger than {MAX_BYTES} bytes"])
    try:
        text = content.decode("utf-8-sig")
        if _TOO_LONG.search(text):
            fault = f"not {what}: a key or a value is longer than {MAX_WORD} characters"
            raise refused(source, [fault])
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        fault = f"not {what}: byte {error.start + 1} is not UTF-8 text"
        raise refused(source, [fault]) from error
    except tomllib.TOMLDecodeError as error:
        raise refused(source, [f"not TOML: {error}"]) from error
    except (RecursionError, ValueError) as error:
        raise refused(source, [f"not {what}: its values cannot be read"]) from error
