"""`escalation trial demo`: a small trial to look at, in a ledger of its own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from escalation.cli.options import CarefulCommand, line
from escalation.cli.trial.common import database_options
from escalation.errors import InputError, printable, reason
from escalation.ledger import create_ledger
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial.demo import DEMOS, load_demo
from escalation.trial.demo.script import Demo

__all__ = ["demo"]


@click.command(cls=CarefulCommand)
@click.option(
    "--which",
    type=click.Choice(DEMOS),
    default="star-t",
    help="Which trial.  [default: star-t]",
)
@database_options
def demo(db: str, which: str) -> None:
    """Make a small invented trial to look at, in a new file.

    star-t is under NCT07123519, and has a replacement, a serious adverse event that is not a DLT,
    one that resolves before it is, a DLT, a correction, a dosing against a gate and a decision that
    goes further than the rule, with a dissent and a signature by key.

    backfill has three more patients at level 1 while level 3 is open, a level that an amendment
    puts between 2 and 3, and an expansion of six at the MTD.

    planned goes by the plan of NCT07123519: patients are screened, one fails and one has a waiver,
    and seen and measured at visits, of which one was missed and one is overdue.

    Example: escalation trial demo --which backfill --db demo.db
    """
    chosen = load_demo(which)
    if "://" in db:
        raise InputError("the demo needs a new file, such as --db demo.db")
    if "\0" in db:
        raise InputError(f"{printable(db)} names no file: it holds a NUL")
    file = Path(db)
    if os.path.lexists(file):
        raise InputError(f"{printable(db)} is there already; the demo needs a new file")
    if not file.parent.is_dir():
        folder = printable(str(file.parent))
        raise InputError(f"{printable(db)} cannot be written: there is no folder {folder}")
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        n_entries = _replay(chosen, unfinished)
        unfinished.replace(file)
    except OSError as error:
        raise InputError(f"{printable(db)} cannot be written: {reason(error)}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    line(f"Wrote {printable(db)}: trial {chosen.trial}, {n_entries} entries. Look at it with:")
    for words in (
        f"status --on {chosen.day}",
        f"next --on {chosen.day}",
        "log",
        "verify",
    ):
        click.echo(f"  escalation trial {words} --db {shlex.quote(printable(db))}")


def _replay(demo: Demo, file: Path) -> int:
    """Record the trial step by step; return the number of entries."""
    steps = demo.steps(load_protocol(demo.protocol))
    with create_ledger(str(file)) as ledger:
        return Tracker(ledger, demo.trial).record_new(steps, request="demo")
