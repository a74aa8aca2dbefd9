"""The libraries of the extra `[keys]`, which few commands need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from escalation.errors import EscalationError

__all__ = ["KeysExtraError", "from_extra"]


class KeysExtraError(EscalationError):
    """The extra `[keys]` is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "signatures by key and timestamps need cryptography and rfc3161-client: "
            "pip install 'escalation[keys]'"
        )


@contextmanager
def from_extra() -> Iterator[None]:
    """Say what to install, where an import fails.

    Raises
    ------
    KeysExtraError
    """
    try:
        yield
    except ImportError as error:
        raise KeysExtraError from error
