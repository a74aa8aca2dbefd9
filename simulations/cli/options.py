"""Options that commands share: one question about a protocol, and how it is simulated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from escalation.cli.asking import most_states, say_beside
from escalation.cli.options import protocol_options, read_outcomes
from escalation.cli.real import RealNumber
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError
from escalation.protocol import Protocol
from escalation.text import count
from simulations.cli.completion import complete_scenarios
from simulations.cli.numbers import parse_p_dlt, parse_p_moderate
from simulations.cli.progress import share_bar
from simulations.cli.source import read_scenarios
from simulations.graph.forecast import Foreseen
from simulations.scenarios.scenario import Scenario
from simulations.timing.assumptions import MAX_DAYS, MIN_GAP_DAYS

__all__ = [
    "choose_scenarios",
    "every_option",
    "p_dlt_option",
    "p_moderate_option",
    "plot_option",
    "question_options",
    "say_size",
    "scenario_option",
    "seed_option",
    "timing_option",
    "trials_option",
    "workers_option",
]

Wrapped = Callable[..., Any]

TRIALS = 100_000
MUCH_MEMORY = 2**28  # bytes, to be said before they are taken


def _parsed(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """Return a callback that reads an option's text."""

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        return None if value is None else parse(value)

    return callback


p_dlt_option = click.option(
    "--p-dlt",
    callback=_parsed(parse_p_dlt),
    metavar="P,P,...",
    help="P(DLT) by level, lowest first.",
)
p_moderate_option = click.option(
    "--p-moderate",
    callback=_parsed(parse_p_moderate),
    metavar="P,P,...",
    help="P(moderate toxicity) without a DLT, by level, where it counts.",
)
scenario_option = click.option(
    "--scenario",
    "scenario_file",
    metavar="NAME|FILE[:NAME]",
    shell_complete=complete_scenarios,
    help="Scenarios by name or file; after a colon, one of them.",
)
seed_option = click.option(
    "--seed",
    type=WholeNumber(min=0),
    default=1,
    show_default=True,
    help="Seed of the random numbers.",
)
trials_option = click.option(
    "--trials",
    type=WholeNumber(min=1),
    default=TRIALS,
    show_default=True,
    help="Trials to simulate per scenario.",
)
workers_option = click.option(
    "--workers", type=WholeNumber(1, 256), default=1, show_default=True, help="Processes to use."
)


def every_option(said: str) -> Callable[[Wrapped], Wrapped]:
    """Return the option of the mean days between patients."""
    gap = RealNumber(MIN_GAP_DAYS, MAX_DAYS)
    return click.option("--every", type=gap, metavar="DAYS", help=said)


def timing_option(said: str) -> Callable[[Wrapped], Wrapped]:
    """Return the option of a file of assumptions about time; pass it as ``timing_file``."""
    file = click.Path(path_type=Path)
    return click.option("--timing", "timing_file", type=file, metavar="FILE", help=said)


plot_option = click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also draw it: .png, .svg or .pdf.",
)


def question_options(*, scenarios: bool = True) -> Callable[[Wrapped], Wrapped]:
    """Add the options of a question about a protocol; pass it as ``question``.

    They are the protocol and its design, outcomes so far, P(moderate), and, with ``scenarios``,
    assumed toxicity curves.
    """

    def decorate(command: Wrapped) -> Wrapped:
        @p_moderate_option
        @protocol_options
        @click.option("--from", "outcomes", metavar="OUTCOMES", help="Outcomes so far.")
        @click.option(
            "--allow-departures",
            is_flag=True,
            help="Continue even from outcomes that depart from the rule.",
        )
        @functools.wraps(command)
        def wrapper(
            *args: Any,
            protocol: Protocol,
            p_moderate: tuple[float, ...] | None,
            outcomes: str | None,
            allow_departures: bool,
            p_dlt: tuple[float, ...] | None = None,
            scenario_file: str | None = None,
            **kwargs: Any,
        ) -> Any:
            from simulations.questions.question import Question

            question = Question(
                protocol=protocol,
                cohorts=() if outcomes is None else read_outcomes(outcomes),
                allow_departures=allow_departures,
                asked=choose_scenarios(protocol, p_dlt, scenario_file),
                p_moderate=p_moderate,
                max_states=most_states(protocol.design),
                tell=say_size,
                progress=share_bar("finding states"),
            )
            return command(*args, question=question, **kwargs)

        return p_dlt_option(scenario_option(wrapper)) if scenarios else wrapper

    return decorate


def say_size(foreseen: Foreseen) -> None:
    """Say what a large graph is going to take, before it is taken."""
    if foreseen.n_bytes >= MUCH_MEMORY:
        say_beside(str(foreseen))


def choose_scenarios(
    protocol: Protocol, p_dlt: tuple[float, ...] | None, scenario_file: str | None
) -> tuple[Scenario, ...]:
    """Return the scenarios asked for: given numbers, or a file's; none where none are."""
    n_levels = len(protocol.levels)
    if p_dlt is not None:
        if scenario_file is not None:
            raise click.UsageError("give --p-dlt or --scenario, not both")
        if len(p_dlt) != n_levels:
            raise InputError(
                f"--p-dlt has {count(len(p_dlt), 'value')}; the ladder has "
                f"{count(n_levels, 'level')}: one each, lowest first"
            )
        return (Scenario(name=",".join(f"{p:g}" for p in p_dlt), p_dlt=p_dlt),)
    if scenario_file is None:
        return ()
    doses = [level.dose for level in protocol.levels if level.dose is not None]
    return read_scenarios(scenario_file, n_levels=n_levels, doses=doses or None)
