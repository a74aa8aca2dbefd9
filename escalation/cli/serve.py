"""`escalation serve`: the page in a browser."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from escalation.cli.options import CarefulCommand
from escalation.cli.streams import is_terminal, shown_on
from escalation.cli.trial.common import named_anchor_file
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, RefusedError, printable
from escalation.trial.demo import DEMOS, load_demo

if TYPE_CHECKING:
    from escalation.ledger import Ledger
    from escalation.trial.demo.script import Demo
    from escalation.web.accounts.book import Book
    from escalation.web.identity import Gate
    from escalation.web.settings import Settings

__all__ = ["serve"]


@click.command(cls=CarefulCommand)
@click.option(
    "--db",
    metavar="FILE|URL",
    envvar="ESCALATION_DB",
    help="The ledger: a file, or postgresql://...  [or ESCALATION_DB]",
)
@click.option(
    "--as",
    "name",
    metavar="NAME",
    envvar="ESCALATION_AS",
    help="The one person who is let in, by a link.  [or ESCALATION_AS]",
)
@click.option("--demo", is_flag=True, help="An invented trial to look at; nothing is kept of it.")
@click.option(
    "--which",
    type=click.Choice(DEMOS),
    help="With --demo: which, as in trial demo.  [default: star-t]",
)
@click.option(
    "--accounts",
    metavar="FILE|URL",
    envvar="ESCALATION_ACCOUNTS",
    help="Where the accounts of several people are kept.  [or ESCALATION_ACCOUNTS]",
)
@click.option(
    "--invite",
    metavar="NAME",
    help="Print a link by which the owner or chair of a trial makes an account, and end.",
)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="[default: 127.0.0.1]")
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=8080,
    metavar="N",
    help="0 for any that is free.  [default: 8080]",
)
@click.option(
    "--base-path", default="", metavar="/PATH", help="Below which a proxy offers the page."
)
@click.option("--proxied", is_flag=True, help="Behind a reverse proxy, which does TLS.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name in the page's address; may be repeated.  [default: this machine]",
)
@click.option(
    "--threads",
    type=WholeNumber(1, 64),
    default=8,
    metavar="N",
    help="Requests answered at the same time.  [default: 8]",
)
@click.option("--check", is_flag=True, help="List what is unsafe in these settings, and end.")
def serve(
    *,
    db: str | None,
    name: str | None,
    demo: bool,
    accounts: str | None,
    invite: str | None,
    host: str,
    port: int,
    base_path: str,
    proxied: bool,
    hosts: tuple[str, ...],
    threads: int,
    check: bool,
    which: str | None,
) -> None:
    """Show trials in a browser, and record there.

    For one person it prints a link that is good once; several people have accounts, with
    --accounts. Other machines are let in with accounts only, through a reverse proxy that does
    TLS. Ctrl-C ends it.

    Example: escalation serve --db trials.db --as "Wu Jing"

    Example: escalation serve --demo --which planned
    """
    with _naming_the_extra():
        from escalation.web.settings import LOCAL_HOSTS, Settings, find_risks  # noqa: PLC0415

        _check_words(demo=demo, db=db, name=name, accounts=accounts, invite=invite, host=host)
        if which is not None and not demo:
            raise click.UsageError("--which says which demo: add --demo")
        if demo:
            db = accounts = None  # of the environment
        settings = Settings(
            db=db or "the demonstration",
            secret=os.urandom(32),
            hosts=hosts or LOCAL_HOSTS,
            base_path=_read_base_path(base_path),
            proxied=proxied,
            anchors=named_anchor_file(),
            demo=demo,
            accounts=accounts,
            host=host,
            threads=threads,
        )
        risks = find_risks(settings)
        refused = [risk for risk in risks if risk.is_refused]
        if check:
            faults = _journal_faults(accounts)
            for said in [*map(str, risks), *faults]:
                click.echo(shown_on(said, sys.stdout))
            if not risks and not faults:
                click.echo("Nothing unsafe was found in these settings.")
            if refused or faults:
                click.get_current_context().exit(1)
            return
        if refused:
            raise RefusedError(
                "the page is not served in this way",
                [f"{risk.what}; {risk.right}." for risk in refused],
            )
        with ExitStack() as opened:
            if demo:
                _serve_demo(opened, settings, port, load_demo(which or "star-t"))
            elif accounts is None:
                _serve_link(opened, settings, port, name or "")
            else:
                _serve_accounts(opened, settings, port, invite)


_EXTRA = {"argon2", "flask", "flask_security", "flask_wtf", "itsdangerous", "markupsafe", "passlib"}
_EXTRA |= {"qrcode", "waitress", "werkzeug", "wtforms"}


@contextmanager
def _naming_the_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        raise InputError(
            f"the page needs {package}, which is not installed: pip install 'escalation[web]'"
        ) from error


def _check_words(*, demo: bool, host: str, **given: str | None) -> None:
    """Refuse options that do not go together, or do not say enough."""
    if ":" in host:  # Werkzeug trusts no such name
        raise click.UsageError("--host takes a name or an IPv4 address, such as 127.0.0.1")
    if demo:
        source = click.get_current_context().get_parameter_source
        for option, flag in {"db": "--db", "name": "--as", **_OF_ACCOUNTS}.items():
            if source(option) is ParameterSource.COMMANDLINE:
                raise click.UsageError(f"--demo and {flag} do not go together")
    elif given["db"] is None:
        raise click.UsageError("say where the ledger is: --db FILE|URL, or ESCALATION_DB")
    elif given["accounts"] is None and given["invite"] is not None:
        raise click.UsageError("--invite makes a link to an account: it needs --accounts")
    elif given["accounts"] is None and given["name"] is None:
        raise click.UsageError(
            "say who is let in: --as NAME, or ESCALATION_AS; or --accounts for several"
        )


_OF_ACCOUNTS = {"accounts": "--accounts", "invite": "--invite"}


def _journal_faults(accounts: str | None) -> list[str]:
    if accounts is None:
        return []
    from escalation.web.accounts.journal import journal_faults  # noqa: PLC0415
    from escalation.web.accounts.places import beside  # noqa: PLC0415

    journal = beside(accounts)[1]
    return [f"refused: the journal of the accounts: {said}" for said in journal_faults(journal)]


def _read_base_path(path: str) -> str:
    path = path.rstrip("/")
    plain = path.isascii() and path.isprintable() and not set(path) & set("?#\\%\"'<> ")
    if path and (not path.startswith("/") or "//" in path or not plain or ".." in path):
        raise click.UsageError(f"--base-path {path!a} must be a path such as /escalation")
    return path


def now() -> datetime:
    """Return what the clock says: here, and nowhere below."""
    return datetime.now(UTC)


def say(text: str) -> None:
    """Print a line for whoever runs the server."""
    click.echo(shown_on(text, sys.stdout))  # and flushes


def _log(text: str) -> None:
    click.echo(f"{now():%Y-%m-%dT%H:%M:%SZ} {text}", err=True)


# ---------------------------------------------------------------- the three ways


def _serve_demo(opened: ExitStack, settings: Settings, port: int, demo: Demo) -> None:
    from escalation.ledger import create_ledger  # noqa: PLC0415
    from escalation.web.demo import DemoGate, clock_of, play  # noqa: PLC0415

    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="escalation-demo-"))
    ledger = opened.enter_context(create_ledger(str(Path(folder) / "demo.db")))
    play(demo, ledger)
    gate = DemoGate(demo.trial)
    _run(settings, ledger, gate, port=port, clock=clock_of(demo, now), path=lambda: "/")


def _serve_link(opened: ExitStack, settings: Settings, port: int, name: str) -> None:
    from escalation.ledger import open_ledger  # noqa: PLC0415
    from escalation.web.desk import Desk  # noqa: PLC0415
    from escalation.web.known import is_known  # noqa: PLC0415
    from escalation.web.link import LinkGate  # noqa: PLC0415

    ledger = opened.enter_context(open_ledger(settings.db))
    if not is_known(Desk(ledger, now), name):
        click.echo(
            f"escalation: {printable(name)} has no role in a trial of {ledger.name}", err=True
        )
    gate = LinkGate(name, say)
    _run(settings, ledger, gate, port=port, clock=now, path=gate.new_link)


def _serve_accounts(opened: ExitStack, settings: Settings, port: int, invite: str | None) -> None:
    from escalation.ledger import open_ledger  # noqa: PLC0415
    from escalation.web.accounts.book import open_book  # noqa: PLC0415
    from escalation.web.accounts.gate import AccountsGate  # noqa: PLC0415

    ledger = opened.enter_context(open_ledger(settings.db))
    book = open_book(settings.accounts or "", now)
    opened.callback(book.close)
    gate = AccountsGate(book)
    settings = replace(settings, secret=book.key)
    if invite is not None:
        _invite(settings, ledger, book, port, invite)
        return
    if book.is_empty():
        click.echo(
            "escalation: there is no account yet; --invite NAME makes the first link", err=True
        )
    _run(settings, ledger, gate, port=port, clock=now, path=lambda: "/")


def _invite(settings: Settings, ledger: Ledger, book: Book, port: int, name: str) -> None:
    """Print a link for somebody who registered or chairs a trial."""
    from escalation.web.accounts.journal import NOBODY  # noqa: PLC0415
    from escalation.web.desk import Desk  # noqa: PLC0415
    from escalation.web.known import trials_led  # noqa: PLC0415

    trials = [trial for trial, _ in trials_led(Desk(ledger, now), name)]
    if not trials:
        raise InputError(
            f"{printable(name)} neither registered nor chairs a trial of {ledger.name}"
        )
    token = book.invite(name, trial=None, by=NOBODY)
    site = f"https://{settings.hosts[0]}" if settings.proxied else f"http://127.0.0.1:{port}"
    say(f"For {name}, in {', '.join(trials)}. It works once, within 72 hours:")
    say(f"{site}{settings.base_path}/join/{token}/")


def _run(
    settings: Settings,
    ledger: Ledger,
    gate: Gate,
    *,
    port: int,
    clock: Callable[[], datetime],
    path: Callable[[], str],
) -> None:
    """Serve until interrupted; ``path`` gives the page to open, a new one at each Enter."""
    from escalation.web.app import create_app  # noqa: PLC0415
    from escalation.web.serving import Server, log_access  # noqa: PLC0415

    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # how many wait is no fault
    app = create_app(settings, ledger, gate, clock=clock)
    log_access(app, _log)
    server = Server(app, settings, port)
    address = f"http://{settings.host}:{server.port}{settings.base_path}"

    def tell() -> None:
        if settings.proxied:
            say(f"Open https://{settings.hosts[0]}{settings.base_path}/ (by the proxy: {address})")
        else:
            say(f"Open {address}{path()}")

    tell()
    if is_terminal(sys.stdin):
        threading.Thread(target=_tell_at_enter, args=(tell,), daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    say("Ended.")


def _tell_at_enter(tell: Callable[[], None]) -> None:
    for _ in sys.stdin:
        tell()


def _interrupt(*signal: object) -> None:
    raise KeyboardInterrupt
