"""How the page is served, and what is unsafe in that."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from escalation.dataclass import dataclass
from escalation.errors import printable

__all__ = ["LOCAL_HOSTS", "Risk", "Settings", "find_risks", "is_local"]

LOCAL_HOSTS = ("127.0.0.1", "localhost")


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
    accounts : str or None
        Where accounts are kept: a path or a URL; None where one person is let in by a link.
    host : str
        The address at which this machine listens.
    threads : int
        Requests that are answered at the same time.
    """

    db: str
    secret: bytes
    hosts: tuple[str, ...] = ()
    base_path: str = ""
    proxied: bool = False
    secure: bool = True
    anchors: str | None = None
    demo: bool = False
    accounts: str | None = None
    host: str = "127.0.0.1"
    threads: int = 8


class Risk(NamedTuple):
    """Something unsafe: what it is, what would be right, and whether it is refused."""

    what: str
    right: str
    is_refused: bool

    def __str__(self) -> str:
        return f"{'refused' if self.is_refused else 'unsafe'}: {self.what}; {self.right}"


def is_local(host: str) -> bool:
    """Say whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def find_risks(settings: Settings) -> list[Risk]:
    """Return what is unsafe in the settings, the worst first."""
    return sorted(_risks(settings), key=lambda risk: not risk.is_refused)


def _risks(settings: Settings) -> Iterator[Risk]:
    local, named = is_local(settings.host), settings.host
    if settings.accounts is None:
        if not local:
            yield Risk(
                f"--host {named} lets other machines in, where a link for one person is all that "
                "there is",
                "keep accounts, with --accounts FILE|URL",
                True,
            )
        if settings.proxied:
            yield Risk(
                "--proxied lets other machines in, where a link for one person is all that there "
                "is",
                "keep accounts, with --accounts FILE|URL",
                True,
            )
    elif settings.demo:
        yield Risk("--demo lets everybody act as anybody", "leave out --accounts with --demo", True)
    if not local:
        if not settings.proxied:
            yield Risk(
                f"--host {named} without --proxied sends passwords as they are: this program "
                "does no TLS",
                "put a reverse proxy with TLS before it, and say --proxied",
                True,
            )
        else:
            yield Risk(
                f"whoever reaches {named} past the proxy can say that they are anybody's address",
                "listen at 127.0.0.1, or let only the proxy through the firewall",
                False,
            )
    if "*" in settings.hosts or any(host in ("", ".") for host in settings.hosts):
        yield Risk("--allow-host takes any name", "give the name in the address of the page", True)
    elif (settings.proxied or not local) and set(settings.hosts) <= set(LOCAL_HOSTS):
        yield Risk(
            "the page is asked for by no name but this machine's",
            "give the name in the address of the page, with --allow-host NAME",
            True,
        )
    if settings.accounts is not None and not settings.secure:
        yield Risk("cookies are also sent without TLS", "leave them for TLS only", True)
    if settings.accounts is not None and settings.accounts == settings.db:
        yield Risk(
            "accounts and trials are in one file", "keep accounts in a file of their own", True
        )
    for what, place in (("the ledger", settings.db), ("the accounts", settings.accounts)):
        yield from _risks_of_file(what, place)
        yield from _risks_of_server(what, place)


def _risks_of_file(what: str, place: str | None) -> Iterator[Risk]:
    if place is None or "://" in place or not Path(place).exists():
        return
    mode = Path(place).stat().st_mode
    for group, read, write in (
        ("everybody on this machine", stat.S_IROTH, stat.S_IWOTH),
        ("the file's group", stat.S_IRGRP, stat.S_IWGRP),
    ):
        may = "write to" if mode & write else "read" if mode & read else None
        if may is not None:
            yield Risk(
                f"{group} can {may} {what}, {printable(place)}",
                "chmod 600 it",
                bool(mode & stat.S_IWOTH),
            )
            return


def _risks_of_server(what: str, place: str | None) -> Iterator[Risk]:
    if place is None or not place.startswith("postgres"):
        return
    from sqlalchemy import make_url  # noqa: PLC0415  # only where there is a server

    url = make_url(place)
    safe = {"require", "verify-ca", "verify-full"}
    elsewhere = bool(url.host) and not str(url.host).startswith("/") and not is_local(str(url.host))
    if elsewhere and url.query.get("sslmode") not in safe:
        yield Risk(
            f"the way to the server of {what} may be without TLS",
            "end the URL with ?sslmode=verify-full",
            False,
        )
    if url.password:
        yield Risk(
            f"the URL of {what} holds a password, which ps shows to everybody here",
            "keep it in ~/.pgpass, or give the URL in ESCALATION_DB or ESCALATION_ACCOUNTS",
            False,
        )
