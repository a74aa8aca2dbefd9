"""`escalation protocol`: shipped protocols and files of one's own."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import click

from escalation.cli import LazyGroup, until_reader_stops
from escalation.cli.options import CarefulCommand, echo_json, read_protocol, shown_on
from escalation.errors import InputError, ProtocolError, reason
from escalation.protocol import Protocol, format_dose, load_protocol, shipped_protocols

__all__ = ["check", "init", "list_protocols", "protocol", "schema", "show"]

WIDTH = 79
_TEMPLATE = Path(__file__).with_name("protocol_template.toml")

protocol = LazyGroup(
    name="protocol",
    help="Show, check and write protocols.\n\nExample: escalation protocol show nct07123519",
    lazy={
        "list": "escalation.cli.protocol:list_protocols",
        "show": "escalation.cli.protocol:show",
        "check": "escalation.cli.protocol:check",
        "init": "escalation.cli.protocol:init",
        "text": "escalation.cli.protocol_views:text",
        "diagram": "escalation.cli.protocol_views:diagram",
        "schema": "escalation.cli.protocol:schema",
    },
)


@click.command("list", cls=CarefulCommand)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_protocols(as_json: bool) -> None:
    """List the protocols that come with the program.

    Example: escalation protocol list
    """
    protocols = [load_protocol(name) for name in shipped_protocols()]
    if as_json:
        listed = [{"name": p.name, "title": p.title, "digest": p.digest} for p in protocols]
        echo_json({"schema": 1, "protocols": listed})
        return
    width = max(len(p.name) for p in protocols)
    for p in protocols:
        click.echo(_row((p.name,), (width,), p.title or ""))


@click.command(cls=CarefulCommand)
@click.argument("name", metavar="NAME|FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show every setting of a protocol, and whether it is assumed.

    NAME is a shipped protocol; - reads a file from standard input.

    Example: escalation protocol show nct07123519
    """
    shown = read_protocol(name)
    if as_json:
        echo_json({"schema": 1, "protocol": shown.document, "digest": shown.digest})
        return
    sources = dict(shown.sources)
    rows = [
        (setting, sources.get(setting, "not said"), _describe(shown, setting, value))
        for setting, value in shown.settings.items()
    ]
    rows.insert(0, ("setting", "source", "value"))
    width = max(len(setting) for setting, _, _ in rows)
    click.echo(shown_on(f"{shown.name}  digest {shown.digest}\n", sys.stdout))
    for setting, source, value in rows:
        click.echo(_row((setting, source), (width, len("registry")), value))


@click.command(cls=CarefulCommand)
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, file: str, as_json: bool) -> None:
    """Check a protocol file and name every fault at once.

    Prints the digest of a sound one; exits with 3 for any other. - is standard input.

    Example: escalation protocol check my-trial.toml
    """
    try:
        checked = read_protocol(file)
    except ProtocolError as error:
        if not as_json:
            raise
        with until_reader_stops():
            echo_json({"schema": 1, "valid": False, "faults": error.faults})
        ctx.exit(error.exit_code)
    if as_json:
        found = {"valid": True, "faults": [], "name": checked.name, "digest": checked.digest}
        echo_json({"schema": 1, **found})
    else:
        click.echo(f"ok {checked.digest} {checked.name}")


@click.command(cls=CarefulCommand)
@click.argument("file")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
def init(file: str, force: bool) -> None:
    """Write a protocol file with comments, to start from.

    - writes to standard output.

    Example: escalation protocol init my-trial.toml
    """
    template = _TEMPLATE.read_text(encoding="utf-8")
    if file == "-":
        click.echo(template, nl=False)
        return
    try:
        with Path(file).open("w" if force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(template)
    except FileExistsError as error:
        raise InputError(f"{file} exists; --force overwrites it") from error
    except OSError as error:
        raise InputError(f"{file} cannot be written: {reason(error)}") from error
    click.echo(f"Wrote {file}. Edit it, then: escalation protocol check {file}", err=True)


@click.command(cls=CarefulCommand)
def schema() -> None:
    """Print the JSON Schema of protocol files, for an editor that understands it.

    Example: escalation protocol schema > protocol.schema.json
    """
    from escalation.protocol.models import protocol_json_schema  # noqa: PLC0415  # pydantic

    echo_json(protocol_json_schema())


def _describe(shown: Protocol, setting: str, value: Any) -> str:
    """Write a setting's value for people."""
    table = setting.partition(".")[0]
    match value:
        case None | ():
            spelled_out = shown.design.spelled_out().get(setting.removeprefix("design."))
            return "none" if spelled_out is None else f"{_listed(spelled_out)} (by default)"
        case float() if table == "levels":
            return shown.describe_dose(value)
        case tuple() if table == "scenarios":
            return " ".join(f"{p:g}" for p in value)
        case float():
            return format_dose(value)
        case tuple():
            return _listed(value)
    return f"level {value}" if setting == "start" else str(value)


def _row(cells: tuple[str, ...], widths: tuple[int, ...], text: str) -> str:
    """Align the cells and wrap the text behind them."""
    lead = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
    wrapped = textwrap.fill(
        text or "-",
        max(WIDTH, len(lead) + 20),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
    )
    return shown_on(wrapped, sys.stdout)


def _listed(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)
