"""`escalation protocol`: shipped protocols and your own files."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli import LazyGroup
from escalation.cli.completion import complete_protocols
from escalation.cli.options import CarefulCommand, echo_json, read_protocol
from escalation.cli.show import shows
from escalation.cli.streams import until_reader_stops
from escalation.cli.templates import write_template
from escalation.errors import ProtocolError
from escalation.protocol import load_protocol, shipped_protocols
from escalation.protocol.dosing import describe_dosing
from escalation.reports.protocol import view_list, view_settings
from escalation.reports.view import View

__all__ = ["check", "init", "list_protocols", "protocol", "schema", "show"]

_TEMPLATE = Path(__file__).with_name("protocol_template.toml")

protocol = LazyGroup(
    name="protocol",
    help="Show, check and write protocols.\n\nExample: escalation protocol show nct07123519",
    lazy={
        "list": (
            "escalation.cli.protocol:list_protocols",
            "List the protocols that come with the program.",
        ),
        "show": (
            "escalation.cli.protocol:show",
            "Show every setting of a protocol, and whether it is assumed.",
        ),
        "check": (
            "escalation.cli.protocol:check",
            "Check a protocol file and name every fault at once.",
        ),
        "init": (
            "escalation.cli.protocol:init",
            "Write a protocol file with comments, to start from.",
        ),
        "text": (
            "escalation.cli.protocol_views:text",
            "Print the rule in plain English, as a protocol states it.",
        ),
        "diagram": (
            "escalation.cli.protocol_views:diagram",
            "Print the rule as a state diagram, or draw it.",
        ),
        "schema": (
            "escalation.cli.protocol:schema",
            "Print the JSON Schema of protocol files, for an editor.",
        ),
    },
)


@click.command("list", cls=CarefulCommand)
@shows
def list_protocols() -> View:
    """List the protocols that come with the program.

    Example: escalation protocol list
    """
    return view_list([load_protocol(name) for name in shipped_protocols()])


@click.command(cls=CarefulCommand)
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_protocols)
@shows
def show(name: str) -> View:
    """Show every setting of a protocol, and whether it is assumed.

    NAME is a shipped protocol; - reads a file from standard input.

    Example: escalation protocol show nct07123519
    """
    return view_settings(read_protocol(name))


@click.command(cls=CarefulCommand)
@click.argument("file", shell_complete=complete_protocols)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, file: str, as_json: bool) -> None:
    """Check a protocol file and name every fault at once.

    Prints the digest of a valid file and what its doses are for each of, and exits with 3 for any
    other. - reads standard input.

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
    doses = describe_dosing(checked)
    if as_json:
        found = {"valid": True, "faults": [], "name": checked.name, "digest": checked.digest}
        found["doses"] = doses
        echo_json({"schema": 1, **found})
    else:
        click.echo(f"ok {checked.digest} {checked.name}")
        if doses is not None:
            click.echo(f"Doses in {checked.unit}: {doses}.")


@click.command(cls=CarefulCommand)
@click.argument("file")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
def init(file: str, force: bool) -> None:
    """Write a protocol file with comments, to start from.

    - writes to standard output.

    Example: escalation protocol init my-trial.toml
    """
    write_template(_TEMPLATE, file, force=force, then="escalation protocol check")


@click.command(cls=CarefulCommand)
def schema() -> None:
    """Print the JSON Schema of protocol files, for an editor that understands it.

    Example: escalation protocol schema > protocol.schema.json
    """
    from escalation.protocol.models import protocol_json_schema  # noqa: PLC0415  # pydantic

    echo_json(protocol_json_schema())
