"""``escalation scenarios``: the shipped sets, and the curves of a set or a file."""

from __future__ import annotations

from collections.abc import Sequence

import click

from escalation.cli.options import CarefulCommand, echo_json
from escalation.text import align
from simulations.cli.common import read_scenarios
from simulations.cli.numbers import parse_doses
from simulations.scenarios.arguments import show
from simulations.scenarios.scenario import Scenario, load_scenarios, shipped_scenarios

__all__ = ["scenarios"]


@click.command(cls=CarefulCommand, short_help="Assumed toxicity curves, shipped or from a file.")
@click.argument("source", required=False, metavar="[SET|FILE]")
@click.option(
    "--doses",
    "doses_text",
    metavar="DOSE,DOSE,...",
    help="Doses of the ladder, lowest first, for scenarios given by formula.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def scenarios(source: str | None, doses_text: str | None, as_json: bool) -> None:
    """List the shipped sets of scenarios, or show the curves of one set or file.

    A scenario is an assumed true P(DLT) at each dose level, lowest first. FILE is TOML, - is
    standard input:

    \b
        doses = [1e6, 3e6, 6e6]         # where a formula needs them
        [[scenarios]]
        name = "by numbers"
        p_dlt = [0.05, 0.10, 0.25]
        [[scenarios]]
        name = "by formula"
        formula = "logistic"            # or emax, weibull, power
        p_at = [[1e6, 0.05], [6e6, 0.25]]

    \b
    Example: escalation scenarios levels-3
             escalation scenarios my.toml --doses 1e6,3e6,6e6 --json
    """  # noqa: D301  # click reads the backspace
    doses = None if doses_text is None else parse_doses(doses_text)
    if source is None:
        if doses is not None:
            raise click.UsageError("--doses evaluates the formulas of a file; name the file")
        _list_sets(as_json)
    else:
        _show(source, doses, as_json)


def _list_sets(as_json: bool) -> None:
    sets = {name: load_scenarios(name) for name in shipped_scenarios()}
    if as_json:
        listed = [
            {
                "name": name,
                "n_levels": len(members[0].p_dlt),
                "scenarios": [member.name for member in members],
            }
            for name, members in sets.items()
        ]
        echo_json({"schema": 1, "sets": listed})
        return
    for name, members in sets.items():
        click.echo(f"{name}  {', '.join(member.name for member in members)}")


def _show(source: str, doses: Sequence[float] | None, as_json: bool) -> None:
    loaded = read_scenarios(source, doses=doses)
    if as_json:
        document = {
            "schema": 1,
            "source": source,
            "doses": None if doses is None else list(doses),
            "scenarios": [
                {
                    "name": scenario.name,
                    "description": scenario.description,
                    "p_dlt": list(scenario.p_dlt),
                    "is_monotone": scenario.is_monotone,
                }
                for scenario in loaded
            ],
        }
        echo_json(document)
        return
    n_levels = max(len(scenario.p_dlt) for scenario in loaded)
    heads = [f"#{i + 1}" for i in range(n_levels)] if doses is None else [*map(show, doses)]
    click.echo(f"P(DLT) by {'level, #1 the lowest' if doses is None else 'dose'}\n")
    rows = [["scenario", *heads], *map(_row, loaded)]
    click.echo(align(rows))
    notes = [f"{member.name}: {note}" for member in loaded for note in _notes(member)]
    if notes:
        click.echo("\n" + "\n".join(notes))


def _row(scenario: Scenario) -> list[str]:
    return [scenario.name, *map(_probability, scenario.p_dlt)]


def _probability(p: float) -> str:
    """Round to three decimals, but never to a certainty."""
    if 0 < p < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= p < 1 else f"{p:.3f}"


def _notes(scenario: Scenario) -> list[str]:
    falls = [] if scenario.is_monotone else ["P(DLT) falls somewhere as the dose rises."]
    return [note for note in [scenario.description, *falls] if note]
