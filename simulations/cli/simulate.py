"""`escalation simulate`: operating characteristics, exact and simulated."""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation import __version__
from escalation.cli.options import (
    PICTURES,
    OutcomesCommand,
    check_writable,
    echo_json,
    protocol_options,
    read_outcomes,
    say_written,
)
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from escalation.protocol import Protocol
from simulations.cli.common import (
    choose_scenarios,
    departures_option,
    from_option,
    graph_from,
    p_dlt_option,
    p_moderate_option,
    scenario_option,
    seed_option,
)
from simulations.cli.simulate_output import describe_results, plot_results, print_results

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from simulations.engines.results import Method
    from simulations.engines.simulated import Draws

__all__ = ["simulate"]

LONG_RUN = 2_000_000  # trials; below, a run is over before a progress bar is read


@click.command(cls=OutcomesCommand)
@p_dlt_option
@scenario_option
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option(
    "--method",
    type=click.Choice(["both", "exact", "monte-carlo"]),
    default="both",
    show_default=True,
    help="Which engine.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=100_000,
    show_default=True,
    help="Trials to simulate per scenario.",
)
@seed_option
@click.option(
    "--draws",
    type=click.Choice(["cohort", "latent"]),
    default="cohort",
    show_default=True,
    help="Draw cohorts, or latent patients shared by all designs and scenarios.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes."
)
@click.option("--target", type=float, metavar="P", help="Target P(DLT): adds correct selection.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw a page: PNG, SVG, PDF.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Write each simulated trial to this CSV file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulate(
    *,
    protocol: Protocol,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    method: Method,
    trials: int,
    seed: int,
    draws: Draws,
    workers: int,
    target: float | None,
    plot: Path | None,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Show what the design does under assumed toxicity curves, exactly and by simulation.

    Without --p-dlt or --scenario the protocol's own scenarios are used. With --from, patients
    and DLTs are those whose outcome is still to come; a pending patient is one of them, with the
    full P(DLT). With --target, the correct level is the one with P(DLT) nearest to it, and no MTD
    where every level is above it. A design that counts moderate toxicities needs --p-moderate.
    Where a design can reach too many states for the exact engine, it is simulated only, with
    latent draws.

    \b
    Example: escalation simulate --p-dlt 0.05,0.10,0.20,0.33,0.50 --target 0.25
    """  # noqa: D301  # click reads the backspace
    from simulations.engines.montecarlo import simulate_trials  # noqa: PLC0415  # loads numpy
    from simulations.engines.on_demand import graph_on_demand  # noqa: PLC0415  # loads numpy
    from simulations.engines.results import run_scenarios  # noqa: PLC0415  # loads numpy
    from simulations.reports.export import write_trials  # noqa: PLC0415  # loads numpy

    if target is not None and not 0 < target < 1:
        raise InputError(f"--target must lie between 0 and 1, not {target}")
    if keep is not None and method == "exact":
        raise click.UsageError("--keep writes simulated trials; --method exact has none")
    if keep is not None and keep == plot:
        raise click.UsageError("--keep and --plot name the same file")
    for path, suffixes in ((plot, PICTURES), (keep, (".csv",))):
        if path is not None:
            check_writable(path, suffixes)
    scenarios = choose_scenarios(protocol, p_dlt, scenario_file)
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    try:
        graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    except TooManyStatesError as error:
        if method == "exact":
            raise
        click.echo(f"escalation: {error}; simulating only, with latent draws", err=True)
        method, draws = "monte-carlo", "latent"
        curves = [scenario.p_dlt for scenario in scenarios]
        build = functools.partial(graph_on_demand, p_dlt=curves, trials=trials, seed=seed)
        graph = graph_from(protocol, cohorts, allow_departures, p_moderate, build=build)
    total = trials * len(scenarios) * (method != "exact")
    with _executor(workers) as executor, _progress(total) as progress:
        results = list(
            run_scenarios(
                graph,
                scenarios,
                method=method,
                trials=trials,
                seed=seed,
                draws=draws,
                executor=executor,
                progress=progress,
            )
        )
    if plot is not None:
        plot_results(plot, protocol, cohorts, results, target=target, p_moderate=p_moderate)
    if keep is not None:
        chunks = (
            (scenario.name, chunk)
            for scenario in scenarios
            for chunk in simulate_trials(
                graph, scenario.p_dlt, trials=trials, seed=seed, draws=draws
            )
        )
        origin_columns = {
            "seed": seed,
            "draws": draws,
            "protocol": protocol.name,
            "digest": protocol.digest,
            "escalation": __version__,
        }
        if p_moderate is not None:
            origin_columns["p_moderate"] = ",".join(map(repr, p_moderate))
        doses = [level.dose for level in protocol.levels]
        write_trials(keep, chunks, protocol.labels, doses, origin_columns)
        say_written(keep)
    if as_json:
        echo_json(
            describe_results(
                protocol, graph, cohorts, results, target=target, p_moderate=p_moderate
            )
        )
    else:
        print_results(protocol, cohorts, results, target, p_moderate)


@contextlib.contextmanager
def _executor(workers: int) -> Iterator[Executor | None]:
    """Give a process pool that Ctrl-C ends quietly, or None for one worker."""
    if workers == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  # slow to import

    pool = ProcessPoolExecutor(
        workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar for a long run on a terminal."""
    if total < LONG_RUN or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=total, label="simulating", file=sys.stderr) as bar:
        yield bar.update
