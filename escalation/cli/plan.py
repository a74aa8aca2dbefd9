"""`escalation plan`: shipped plans and your own files."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli import LazyGroup
from escalation.cli.completion import complete_plans
from escalation.cli.options import CarefulCommand, echo_json, read_plan
from escalation.cli.show import shows
from escalation.cli.streams import until_reader_stops
from escalation.cli.templates import write_template
from escalation.plan import PlanError, load_plan, shipped_plans
from escalation.reports.plan import view_criteria, view_plan, view_plans
from escalation.reports.view import View

__all__ = ["check", "criteria", "init", "list_plans", "plan", "schema", "show"]

_TEMPLATE = Path(__file__).with_name("plan_template.toml")

plan = LazyGroup(
    name="plan",
    help="Show, check and write plans: who may enter, what is measured, when.\n\n"
    "Example: escalation plan criteria nct07123519",
    lazy={
        "list": ("escalation.cli.plan:list_plans", "List the plans that come with the program."),
        "show": ("escalation.cli.plan:show", "Show diseases, visits, tests and endpoints."),
        "criteria": (
            "escalation.cli.plan:criteria",
            "Show who may enter, and what of it the source leaves open.",
        ),
        "check": (
            "escalation.cli.plan:check",
            "Check a plan file and name every fault at once.",
        ),
        "init": ("escalation.cli.plan:init", "Write a plan file with comments, to start from."),
        "schema": (
            "escalation.cli.plan:schema",
            "Print the JSON Schema of plan files, for an editor.",
        ),
    },
)


@click.command("list", cls=CarefulCommand)
@shows
def list_plans() -> View:
    """List the plans that come with the program.

    Example: escalation plan list
    """
    return view_plans([load_plan(name) for name in shipped_plans()])


@click.command(cls=CarefulCommand)
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_plans)
@shows
def show(name: str) -> View:
    """Show diseases, visits, tests and endpoints.

    NAME is a shipped plan; - reads a file from standard input. What the source leaves open is
    flagged with !.

    Example: escalation plan show nct07123519
    """
    return view_plan(read_plan(name))


@click.command(cls=CarefulCommand)
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_plans)
@shows
def criteria(name: str) -> View:
    """Show who may enter, and what of it the source leaves open.

    Below each criterion stands what it is judged by, after =, and what is flagged, after !.

    Example: escalation plan criteria nct07123519 --csv
    """
    return view_criteria(read_plan(name))


@click.command(cls=CarefulCommand)
@click.argument("file", shell_complete=complete_plans)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, file: str, as_json: bool) -> None:
    """Check a plan file and name every fault at once.

    Prints the digest of a valid file, and exits with 3 for any other. - reads standard input.

    Example: escalation plan check my-plan.toml
    """
    try:
        checked = read_plan(file)
    except PlanError as error:
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
    """Write a plan file with comments, to start from.

    - writes to standard output.

    Example: escalation plan init my-plan.toml
    """
    write_template(_TEMPLATE, file, force=force, then="escalation plan check")


@click.command(cls=CarefulCommand)
def schema() -> None:
    """Print the JSON Schema of plan files, for an editor that understands it.

    Example: escalation plan schema > plan.schema.json
    """
    from escalation.plan.models import plan_json_schema  # noqa: PLC0415  # pydantic

    echo_json(plan_json_schema())
