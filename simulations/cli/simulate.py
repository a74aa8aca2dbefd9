"""`escalation simulate`: operating characteristics, exact and simulated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.asking import say_beside
from escalation.cli.options import PICTURES, OutcomesCommand
from escalation.cli.show import say_written, shows
from escalation.designs import describe_design
from escalation.errors import InputError
from escalation.files import check_writable
from escalation.reports.documents import Template
from escalation.reports.view import Figure, View
from escalation.version import __version__
from simulations.cli.options import (
    plot_option,
    question_options,
    seed_option,
    trials_option,
    workers_option,
)
from simulations.cli.progress import progress_bar
from simulations.cli.report import check_report, report_option, write_simulation_report
from simulations.cli.timeline import Clock, show_timeline, timeline_options
from simulations.cli.workers import worker_pool

if TYPE_CHECKING:
    from simulations.engines.results import Method, ScenarioResult
    from simulations.engines.simulated import Draws
    from simulations.graph.build import TransitionGraph
    from simulations.questions.engine import ChosenEngine
    from simulations.questions.question import Question

__all__ = ["simulate"]


@click.command(cls=OutcomesCommand)
@question_options()
@click.option(
    "--method",
    type=click.Choice(["both", "exact", "monte-carlo"]),
    default="both",
    show_default=True,
    help="Engine to use.",
)
@trials_option
@seed_option
@click.option(
    "--draws",
    type=click.Choice(["count", "trial", "latent"]),
    show_default="count; trial with --keep",
    help="How many trials go each way, each trial, or latent patients shared by all runs.",
)
@workers_option
@click.option("--target", type=float, metavar="P", help="Target P(DLT): adds correct selection.")
@plot_option
@report_option
@timeline_options
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Write each simulated trial to this CSV file."
)
@shows
def simulate(
    *,
    question: Question,
    method: Method,
    trials: int,
    seed: int,
    draws: Draws | None,
    workers: int,
    target: float | None,
    plot: Path | None,
    report: Path | None,
    template: Template | None,
    keep: Path | None,
    clock: Clock | None,
) -> View:
    """Show what the design does under assumed toxicity curves, exactly and by simulation.

    Without --p-dlt or --scenario the protocol's own scenarios are used. With --from, patients
    and DLTs are those whose outcome is still to come; a pending patient is one of them, with the
    full P(DLT). With --target, the correct level is the one with P(DLT) nearest to it, and no MTD
    where every level is above it. A design that counts moderate toxicities needs --p-moderate.
    Where a design can reach too many states for the exact engine, it is simulated only, with
    latent draws; --method exact gives what it can of an interval design, all but which MTD is
    selected.

    By counts, the trials of each state are split by how many DLTs their next cohort has: up to
    10^15 trials take no longer than a few. One by one (trial, latent) at most 10^10 are simulated;
    trial gives the figures that earlier versions gave by default with the same seed.

    --timeline simulates trials in time instead, 10,000 by default: how long they take, who waits or
    is lost, and what is decided while outcomes are pending. The DLT window, the stagger, backfill
    and the expansion are the protocol's; all else that is assumed of time stands in the file of
    --timing, or is as simple as --every says. --keep then writes what happened, day by day.

    --report writes the appendix that a protocol or an analysis plan wants: the design in words and
    as a table and flowchart, scenarios, characteristics, a comparison with the usual alternatives,
    the worst case, methods, a self-check.

    \b
    Example: escalation simulate --p-dlt 0.05,0.10,0.20,0.33,0.50 --target 0.25
             escalation simulate --protocol nct07123519 --report design.html
             escalation simulate --protocol nct07123519 --timeline --every 10
    """  # noqa: D301  # click reads the backspace
    from simulations.engines.results import run_scenarios
    from simulations.questions.engine import choose_engine
    from simulations.reports.results import view_results

    if target is not None and not 0 < target < 1:
        raise InputError(f"--target must lie between 0 and 1, not {target}")
    named = {"--keep": keep, "--plot": plot, "--report": report}
    for (one, path), (other, same) in combinations(named.items(), 2):
        if path is not None and path == same:
            raise click.UsageError(f"{one} and {other} name the same file")
    for path, suffixes in ((plot, PICTURES), (keep, (".csv",))):
        if path is not None:
            check_writable(path, suffixes)
    if clock is not None:
        return show_timeline(
            question,
            clock,
            trials=trials,
            seed=seed,
            workers=workers,
            target=target,
            plot=plot,
            keep=keep,
        )
    backfill = question.protocol.backfill
    counts = backfill.max_per_level is not None and backfill.counted != "never"
    if counts and method != "exact" and draws in ("trial", "latent"):
        say_beside(
            f"backfill counts at {backfill.counted}: trials with it are drawn by counts, whatever "
            "--draws says"
        )
    draws = _settle_draws(method, draws, keep)
    if keep is not None and counts:
        raise InputError(
            "--keep writes trials of the escalation alone, and with this protocol backfill counts "
            f"at {backfill.counted}; leave --keep away"
        )
    check_report(report, template)
    scenarios = question.scenarios
    total = trials * len(scenarios)
    with progress_bar(total, "asking the design") as progress:
        chosen = choose_engine(
            question,
            method,
            draws,
            trials=trials,
            seed=seed,
            progress=progress,
            without_selection=plot is None and report is None,
        )
    graph, method, draws = chosen.graph, chosen.method, chosen.draws
    _say_refused(chosen)
    doing = "calculating" if method == "exact" else "simulating"
    with worker_pool(workers) as executor:
        with progress_bar(total, doing) as progress:
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
                    protocol=question.protocol,
                    automaton=chosen.automaton,
                    expansion_so_far=question.so_far().expansion,
                )
            )
        if report is not None:
            write_simulation_report(
                report,
                template,
                question,
                results,
                graph,
                target=target,
                trials=trials,
                seed=seed,
                executor=executor,
            )
    if plot is not None:
        _plot(plot, question, results, target)
    if keep is not None:
        _keep(keep, question, graph, trials=trials, seed=seed, draws=draws)
    view = view_results(question, results, target, question.outcomes_document(graph))
    return replace(view, figures=partial(_figures, question, results, target))


def _say_refused(chosen: ChosenEngine) -> None:
    """Say what exact figures do without."""
    if chosen.refused is None:
        return
    if chosen.method == "exact":
        say_beside(f"which MTD is selected is left out: {chosen.refused}")
    else:
        say_beside(f"{chosen.refused}; simulating only, with latent draws")


def _figures(
    question: Question, results: Sequence[ScenarioResult], target: float | None
) -> Iterable[Figure]:
    if not all(result.best.selects for result in results):
        return ()
    from simulations.plots.pictures import (  # matplotlib
        figures_of_characteristics,
    )

    return figures_of_characteristics(question, results, target)


def _settle_draws(method: Method, draws: Draws | None, keep: Path | None) -> Draws:
    """Return how trials are drawn: one by one where each of them is kept."""
    if keep is None:
        return draws or "count"
    if method == "exact":
        raise click.UsageError("--keep writes simulated trials; --method exact has none")
    if draws == "count":
        raise click.UsageError("--keep writes each trial; --draws count has none, trial has")
    return draws or "trial"


def _plot(
    path: Path, question: Question, results: Sequence[ScenarioResult], target: float | None
) -> None:
    """Draw every scenario to a file."""
    from simulations.plots import (  # matplotlib, for a picture only
        plot_pages,
        provenance_of,
        save_figure,
    )

    protocol = question.protocol
    provenance = provenance_of(
        results,
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=question.whose_patients(),
    )
    pages = plot_pages(results, provenance, level_names=protocol.axis_names, target=target)
    say_written(*save_figure(pages, path, provenance))


def _keep(
    path: Path,
    question: Question,
    graph: TransitionGraph,
    *,
    trials: int,
    seed: int,
    draws: Draws,
) -> None:
    """Write each simulated trial to a CSV file."""
    from simulations.engines.montecarlo import simulate_trials
    from simulations.reports.export import write_trials

    protocol = question.protocol
    chunks = (
        (scenario.name, chunk)
        for scenario in question.scenarios
        for chunk in simulate_trials(graph, scenario.p_dlt, trials=trials, seed=seed, draws=draws)
    )
    rests_on: dict[str, object] = {
        "seed": seed,
        "draws": draws,
        "protocol": protocol.name,
        "digest": protocol.digest,
        "escalation": __version__,
    }
    if question.p_moderate is not None:
        rests_on["p_moderate"] = ",".join(map(repr, question.p_moderate))
    doses = [level.dose for level in protocol.levels]
    write_trials(path, chunks, protocol.labels, doses, rests_on)
    say_written(path)
