"""What the commands of a trial share: where its ledger is, and how days are written."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from escalation.anchoring import ENVIRONMENT, check_not_ledger
from escalation.cli.streams import shown_on
from escalation.dataclass import dataclass
from escalation.errors import InputError, printable
from escalation.ledger import Ledger, open_ledger
from escalation.tracker import Tracker

__all__ = [
    "MEASURE",
    "Place",
    "Wrapped",
    "check_new",
    "database_options",
    "find_trial",
    "named_anchor_file",
    "now",
    "place_options",
    "read_days",
    "show",
    "today",
    "trial_options",
]


class _Measure(click.types.FloatParamType):
    """A weight or a height: a number, its unit being that of the option."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number; what is written with a unit is named."""
        try:
            return float(super().convert(value, param, ctx))
        except click.BadParameter:
            unit = "" if param is None else f" of {str(param.metavar).lower()}"
            self.fail(f"{value!a} is not a number{unit}, such as 61.5 or 170", param, ctx)


MEASURE = _Measure()


def read_days(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Read the days that an option was given: a callback."""
    if isinstance(value, tuple):
        return tuple(_read_day(text) for text in value)
    return None if value is None else _read_day(value)


def read_ids(_ctx: click.Context, _param: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    """Read ids that an option was given one by one, or with commas between them: a callback."""
    return tuple(one.strip() for text in value for one in text.split(","))


def _read_day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise click.BadParameter(f"{text!a} is not a day; write it as 2026-01-31")


def now() -> datetime:
    """Return what the clock says: here, and nowhere below."""
    return datetime.now(UTC)


def today() -> date:
    """Return the day it is where the program runs."""
    return now().astimezone().date()


def show(lines: Sequence[str]) -> None:
    """Print lines that are laid out already."""
    click.echo(shown_on("\n".join(lines), sys.stdout))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a trial is.

    Attributes
    ----------
    db : str
        A path or a URL; may hold a password.
    trial : str or None
        None for the only one.
    """

    db: str
    trial: str | None

    @contextmanager
    def opened(self) -> Iterator[Tracker]:
        """Open the ledger and find the trial in it."""
        with open_ledger(self.db) as ledger:
            yield Tracker(ledger, find_trial(ledger, self.trial))


def check_new(path: Path, db: str, *, force: bool) -> None:
    """Refuse a file that is there, unless told to replace it; and the ledger itself in any case.

    Raises
    ------
    InputError
    """
    check_not_ledger(path, db)
    if not force and os.path.lexists(path):
        raise InputError(f"{printable(str(path))} exists; --force overwrites it")


def named_anchor_file() -> str | None:
    """Return the file of anchors that the environment names."""
    return os.environ.get(ENVIRONMENT) or None


def find_trial(ledger: Ledger, trial: str | None) -> str:
    """Return the trial that is asked for: the only one, where none is named.

    Raises
    ------
    InputError
        Where there are several, or none.
    """
    if trial is not None:
        return trial
    known = ledger.trials(recorded=True)
    if not known:
        raise InputError(f"{ledger.name} holds no trial; `escalation trial register` begins one")
    if len(known) > 1:
        raise InputError(
            f"{ledger.name} holds several trials; say which with --trial: {', '.join(known)}"
        )
    return known[0]


# ---------------------------------------------------------------- options

Wrapped = Callable[..., Any]


def database_options(command: Wrapped) -> Wrapped:
    """Add ``--db``, which has to be given there or in the environment; pass it as ``db``."""

    @click.option(
        "--db",
        metavar="FILE|URL",
        envvar="ESCALATION_DB",
        help="The ledger: a file, or postgresql://...  [or ESCALATION_DB]",
    )
    @functools.wraps(command)
    def wrapper(*args: Any, db: str | None, **kwargs: Any) -> Any:
        if db is None:
            raise click.UsageError("say where the ledger is: --db FILE|URL, or ESCALATION_DB")
        return command(*args, db=db, **kwargs)

    return wrapper


def place_options(command: Wrapped) -> Wrapped:
    """Add ``--db`` and ``--trial``; pass them as ``place``."""

    @database_options
    @click.option("--trial", metavar="ID", help="Which trial, if the ledger holds several.")
    @functools.wraps(command)
    def wrapper(*args: Any, db: str, trial: str | None, **kwargs: Any) -> Any:
        return command(*args, place=Place(db=db, trial=trial), **kwargs)

    return wrapper


def trial_options(command: Wrapped) -> Wrapped:
    """Add ``--db`` and ``--trial``, passed as ``place``, and ``--json``, as ``as_json``."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return place_options(as_json(command))
