"""Who asks: what the page knows of a person, and what it asks of whatever signs people in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from flask import Flask

from escalation.dataclass import dataclass

__all__ = ["Gate", "Identity", "Proof"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who has signed in.

    Attributes
    ----------
    name : str
        As the page greets them.
    person_in : callable
        From a trial's id to the name by which its record knows them; None where they have no
        business there.
    registers_as : str or None
        By which name they may register a new trial here; None where they may not.
    """

    name: str
    person_in: Callable[[str], str | None]
    registers_as: str | None = None


class Proof(NamedTuple):
    """Something that whoever signs gives again: a field of a form."""

    name: str
    label: str
    hint: str
    is_secret: bool
    autocomplete: str


class Gate(Protocol):
    """What signs people in: a link from the terminal, or accounts."""

    def install(self, app: Flask) -> None:
        """Add screens, such as the one to sign in, and where sessions are kept."""

    def identify(self) -> Identity | None:
        """Return who has signed in; None where nobody has. Asked once a request."""

    def sign_in(self) -> str:
        """Return the address at which to sign in."""

    def proofs(self) -> Sequence[Proof]:
        """Return what is asked for again of whoever signs; empty for nothing."""

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        """Say what is wrong with the proofs that were given; None where they hold."""
