"""The errors a caller can meet, one base for all of them.

Each carries its data and builds its own message: what was wrong, where, and what would be right.
The command line turns any of them into one line on stderr and its exit code, in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

__all__ = [
    "ConflictError",
    "DesignError",
    "EscalationError",
    "FileFaultsError",
    "InputError",
    "IntegrityError",
    "LadderError",
    "LedgerError",
    "NotationError",
    "ProtocolError",
    "RefusedError",
    "UnknownOutcomeError",
    "did_you_mean",
    "legible",
    "printable",
    "reason",
]


class EscalationError(Exception):
    """Base of every error this project raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the data: an error may come from another process."""
        return _rebuild, (type(self), self.args), self.__dict__


def _rebuild(kind: type[EscalationError], args: tuple[object, ...]) -> EscalationError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class NotationError(EscalationError):
    """Outcome notation that cannot be read, with the place where reading failed.

    Parameters
    ----------
    text : str
        The whole notation.
    position : int
        0-based index of the offending character.
    problem : str
        What is wrong there and what would be right.
    """

    def __init__(self, text: str, position: int, problem: str) -> None:
        self.text = text
        self.position = position
        self.problem = problem
        super().__init__(
            f"outcomes {_excerpt(text, position)}, character {position + 1}: {problem}"
        )


class LadderError(EscalationError):
    """A dose level that the ladder does not have."""

    def __init__(self, label: int | str, labels: Iterable[int | str]) -> None:
        self.label = label
        self.labels = tuple(labels)
        names = [str(known) for known in self.labels]
        near = _nearest(label, names) if isinstance(label, str) else ""
        meant = f"did you mean {near}? Its" if near else "its"
        super().__init__(
            f"level {printable(str(label))} is not on the ladder; {meant} levels are "
            f"{', '.join(names)}"
        )


class DesignError(EscalationError):
    """Options that do not make a design."""


class InputError(EscalationError):
    """A value outside what a calculation is defined for."""


class RefusedError(EscalationError):
    """A command that the trial does not allow now, with every reason.

    Parameters
    ----------
    what : str
        What was asked for, as "S004 cannot be dosed".
    reasons : iterable of str
        Each a plain sentence.
    """

    def __init__(self, what: str, reasons: Iterable[str]) -> None:
        self.what = what
        self.reasons = tuple(reasons)
        listed = " ".join(self.reasons)
        super().__init__(f"{what}: {listed}" if listed else what)


class ConflictError(EscalationError):
    """Someone else recorded first, so what this writer saw is no longer what there is."""

    exit_code: ClassVar[int] = 4


class IntegrityError(EscalationError):
    """A ledger that is not as it was written."""

    exit_code: ClassVar[int] = 5


class LedgerError(EscalationError):
    """Storage that cannot be used: full, read-only, locked, gone, or not safe enough."""


class UnknownOutcomeError(LedgerError):
    """The connection failed while committing: recorded or not, only the ledger can tell."""


class FileFaultsError(EscalationError):
    """A file with one or more faults, all of them listed.

    Parameters
    ----------
    source : str
        The file, or the name under which it is shipped.
    faults : iterable of str
        Each ``"place: what is wrong"``.

    Attributes
    ----------
    shown : int or None
        How many are in the message, at most; all are in ``faults``.
    """

    shown: ClassVar[int | None] = 50

    def __init__(self, source: str, faults: Iterable[str]) -> None:
        self.source = source
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            message = f"{source}: {self.faults[0]}"
        else:
            listed = "".join(f"\n  {fault}" for fault in self.faults[: self.shown])
            more = 0 if self.shown is None else len(self.faults) - self.shown
            message = f"{source}: {len(self.faults)} faults{listed}"
            message += f"\n  and {more} more" * (more > 0)
        super().__init__(message)


class ProtocolError(FileFaultsError):
    """A protocol that is not valid."""

    exit_code: ClassVar[int] = 3


_MOST_LISTED = 100
_MOST_BESIDE = 24


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``known`` as a phrase in ASCII, the nearest to ``word`` first if one is near.

    Where one is near, it lists so many at most that a line or two hold them; of very many, such as
    the subjects of a long trial, the last ones.
    """
    names = list(known)
    near = _nearest(str(word), names)
    if near and len(names) > _MOST_BESIDE:
        return f"did you mean {printable(near)}? There are {len(names) - 1} others"
    listed = ", ".join(printable(name) for name in names[-_MOST_LISTED:])
    if len(names) > _MOST_LISTED:
        listed += f", and {len(names) - _MOST_LISTED} others before"
    if near:
        return f"did you mean {printable(near)}? Known: {listed}"
    return f"known: {listed}"


def _nearest(word: str, names: Sequence[str]) -> str:
    """Return the name that is written nearly so, at worst in other capitals; "" where none is."""
    import difflib  # noqa: PLC0415  # a decision on the command line does without it

    in_small = {name.casefold(): name for name in reversed(names)}
    if word.casefold() in in_small:
        return in_small[word.casefold()]
    near = difflib.get_close_matches(word, names, n=1)
    near += [in_small[n] for n in difflib.get_close_matches(word.casefold(), in_small, n=1)]
    return near[0] if near else ""


def legible(text: str) -> str:
    """Escape as ``printable`` does, but for letters and digits of any script: to be typed again."""
    return "".join(c if c.isalnum() else printable(c) for c in text)


def printable(text: str) -> str:
    """Escape what a terminal may not show, or may obey."""
    return ascii(text)[1:-1]


def reason(error: Exception) -> str:
    """Say why a file could not be read or written."""
    return getattr(error, "strerror", None) or str(error)


def _excerpt(text: str, position: int, width: int = 30) -> str:
    """Quote ``text``, shortened around ``position`` and in ASCII only."""
    start = max(0, position - width // 2)
    end = start + width
    return f'"{"..." * (start > 0)}{printable(text[start:end])}{"..." * (end < len(text))}"'
