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
from escalation.trial.demo.star_t import DEMO_DAY, DEMO_PROTOCOL, DEMO_TRIAL, demo_steps

__all__ = ["demo"]


@click.command(cls=CarefulCommand)
@database_options
def demo(db: str) -> None:
    """Make a small invented trial to look at, in a new file.

    It is under NCT07123519, and has a replacement, a serious adverse event that is not a DLT, one
    that resolves before it is, a DLT, a correction, a dosing against a gate and a decision that
    goes further than the rule, with a dissent and a signature by key.

    Example: escalation trial demo --db demo.db
    """
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
        n_entries = _replay(unfinished)
        unfinished.replace(file)
    except OSError as error:
        raise InputError(f"{printable(db)} cannot be written: {reason(error)}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    line(f"Wrote {printable(db)}: trial {DEMO_TRIAL}, {n_entries} entries. Look at it with:")
    for words in (
        f"status --on {DEMO_DAY}",
        f"next --on {DEMO_DAY}",
        "log",
        "verify",
    ):
        click.echo(f"  escalation trial {words} --db {shlex.quote(printable(db))}")


def _replay(file: Path) -> int:
    """Record the trial step by step; return the number of entries."""
    recorded = []
    with create_ledger(str(file)) as ledger:
        tracker = Tracker(ledger, DEMO_TRIAL)
        steps = demo_steps(load_protocol(DEMO_PROTOCOL))
        for number, (command, recorder) in enumerate(steps, start=1):
            recorded = tracker.record(
                command, recorder, request_id=f"demo-{number}", new=number == 1
            )
    return recorded[-1].seq
