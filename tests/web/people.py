"""Who asks, in tests: named by a header, without any sign-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask, request

from escalation.web.identity import Identity, Proof

__all__ = ["HEADER", "REGISTRAR", "OpenGate"]

HEADER = "X-Test-Person"
REGISTRAR = "Wu Jing"  # who may register a trial


class OpenGate:
    """Everybody is who the request says, under that name in every trial."""

    def install(self, app: Flask) -> None:
        pass

    def identify(self) -> Identity | None:
        name = request.headers.get(HEADER)
        if name is None:
            return None
        registers = name if name == REGISTRAR else None
        return Identity(name=name, person_in=lambda trial: name, registers_as=registers)

    def sign_in(self) -> str:
        return "/sign-in"

    def proofs(self) -> Sequence[Proof]:
        return (Proof("password", "Password", "", True, "current-password"),)

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        return None if given.get("password") == "right" else "The password is not right."
