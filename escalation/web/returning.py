"""Where somebody goes on after signing in: the page of this site that they had asked for."""

from __future__ import annotations

from flask import request, url_for

__all__ = ["asked_for", "go_on"]

MOST = 500  # letters of an address


def asked_for() -> str | None:
    """Return the path that is asked for, to be given to the page to sign in."""
    path = request.full_path.rstrip("?")
    return path if request.method == "GET" and path != "/" and _is_here(path) else None


def go_on(path: str | None) -> str:
    """Return the address to go on to: the path, where it is one of this site, or the trials."""
    home = url_for("trials.home")
    return home + path[1:] if path and _is_here(path) else home


def _is_here(path: str) -> bool:
    """Whether it is a plain path: no other host, nothing that a browser would read as one."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//") and len(path) <= MOST
