"""How the page is served, and what is unsafe in that."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the page is served.

    Attributes
    ----------
    db : str
        The ledger: a path or a URL; may hold a password.
    secret : bytes
        Signs forms' tokens; drawn anew at each start, or kept beside the accounts.
    hosts : tuple of str
        Names by which the page may be asked for; any, where it is empty.
    base_path : str
        Below which a reverse proxy offers the page, as ``/escalation``.
    proxied : bool
        Whether a reverse proxy says who asked, and how.
    secure : bool
        Whether browsers come by TLS, or from this machine: cookies are then for TLS only.
    anchors : str or None
        The file in which anchors are kept; None for what the protocol says.
    demo : bool
        Whether the trial is invented, which every page says.
    """

    db: str
    secret: bytes
    hosts: tuple[str, ...] = ()
    base_path: str = ""
    proxied: bool = False
    secure: bool = True
    anchors: str | None = None
    demo: bool = False
