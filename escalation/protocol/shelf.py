"""Files that are shipped under a name, and those of the same kind that people bring."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Any

from escalation.dataclass import dataclass
from escalation.errors import FileFaultsError, InputError, did_you_mean, reason

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Shelf"]

_PACKAGE = os.path.dirname(os.path.dirname(__file__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The shipped files of one kind.

    Attributes
    ----------
    folder : str
        In the package.
    noun : str
        What a file is: ``protocol``.
    error : type of FileFaultsError
        Raised for a file that cannot be read.
    """

    folder: str
    noun: str
    error: type[FileFaultsError]

    def names(self) -> tuple[str, ...]:
        """Return the names of the shipped files, in order."""
        files = (name.partition(".") for name in os.listdir(os.path.join(_PACKAGE, self.folder)))
        return tuple(sorted(stem for stem, _, ending in files if ending == "toml"))

    def document(self, name_or_path: str | Path) -> dict[str, Any] | None:
        """Return the document of a shipped file; None where it is not a name of one.

        Raises
        ------
        InputError
            Where neither a name nor a file is given.
        """
        if not isinstance(name_or_path, str | os.PathLike):
            raise InputError(f"a {self.noun} is loaded by its name or file, not {name_or_path!r}")
        if str(name_or_path) not in self.names():
            return None
        with open(os.path.join(_PACKAGE, self.folder, f"{name_or_path}.toml"), "rb") as file:
            return tomllib.load(file)

    def read(self, path: str, n_bytes: int) -> bytes:
        """Read at most so much of a file.

        Raises
        ------
        FileFaultsError
        """
        from pathlib import Path  # noqa: PLC0415  # it loads urllib, for those who bring a file

        try:
            with Path(path).open("rb") as file:
                return file.read(n_bytes)
        except FileNotFoundError:
            hint = did_you_mean(path, self.names())
            fault = f"no such file, and no shipped {self.noun} of this name; {hint}"
            raise self.error(path, [fault]) from None
        except (OSError, ValueError) as error:  # ValueError: a null character in the path
            raise self.error(path, [f"cannot be read: {reason(error)}"]) from error
