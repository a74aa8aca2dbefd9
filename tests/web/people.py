"""Who asks, in tests: named by a header, without any sign-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask, request

from escalation.web.identity import Identity, Proof
from tests.web.planned import PLANNED

__all__ = ["HEADER", "REGISTRAR", "OpenGate"]

HEADER = "X-Test-Person"
REGISTRAR = "Wu Jing"  # who may register a trial


def _trial() -> str:
    return (request.view_args or {}).get("trial", "")


class OpenGate:
    """Everybody is who the request says, under that name in every trial.

    The planned trial is known to those who are there: on the list is the demo alone.
    """

    def install(self, app: Flask) -> None:
        pass

    def identify(self) -> Identity | None:
        name = request.headers.get(HEADER)
        if name is None:
            return None
        registers = name if name == REGISTRAR else None
        return Identity(
            name=name,
            person_in=lambda trial: None if trial == PLANNED != _trial() else name,
            registers_as=registers,
        )

    def sign_in(self) -> str:
        return "/sign-in"

    def proofs(self) -> Sequence[Proof]:
        return (Proof("password", "Password", "", True, "current-password"),)

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        return None if given.get("password") == "right" else "The password is not right."
