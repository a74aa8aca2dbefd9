"""`escalation paths`: what can happen next, as a tree or as a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import (
    PICTURES,
    OutcomesCommand,
    check_writable,
    echo_json,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from simulations.cli.common import (
    choose_scenario,
    departures_option,
    from_option,
    graph_from,
    heading,
    moderate_words,
    p_dlt_option,
    p_moderate_option,
    save_plot,
    scenario_option,
)

if TYPE_CHECKING:
    from simulations.graph.build import TransitionGraph
    from simulations.questions.paths import PathNode
    from simulations.scenarios.scenario import Scenario

__all__ = ["paths"]

DEPTH = 2  # cohorts; a 3+3 then fills half a screen


@click.command(cls=OutcomesCommand)
@p_dlt_option
@scenario_option
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="K",
    help=f"Cohorts to look ahead.  [default: {DEPTH}]",
)
@click.option("--list", "as_list", is_flag=True, help="List complete paths, one a line.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the tree: PNG, SVG or PDF.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def paths(
    *,
    protocol: Protocol,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    depth: int | None,
    as_list: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show what can happen next: the tree of cohorts, or every path of the trial.

    Each line is a cohort, as level: DLTs/patients of that cohort, the probability of coming
    there (with --p-dlt or --scenario) and what the design says then. Where patients are pending,
    the tree has a root for each way they can turn out. M marks a moderate toxicity that counts.

    \b
    Example: escalation paths --from "1NNN" --p-dlt 0.05,0.10,0.25,0.40
    """  # noqa: D301  # click reads the backspace
    if as_list and (depth is not None or plot is not None):
        raise click.UsageError("--list gives complete paths; --depth and --plot are for the tree")
    if plot is not None:
        check_writable(plot, PICTURES)
    scenario = choose_scenario(protocol, p_dlt, scenario_file)
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    if as_list:
        _print_list(protocol, graph, scenario, as_json=as_json)
    else:
        _print_tree(protocol, graph, scenario, depth or DEPTH, plot, as_json=as_json)


def _print_list(
    protocol: Protocol, graph: TransitionGraph, scenario: Scenario | None, *, as_json: bool
) -> None:
    from simulations.questions.paths import iter_paths  # noqa: PLC0415  # loads numpy

    found = iter_paths(graph, None if scenario is None else scenario.p_dlt)
    labels = protocol.labels
    if as_json:
        listed = [
            {
                "pending": _cohorts(path.pending, path.pending_moderate, protocol),
                "cohorts": _cohorts(path.cohorts, path.n_moderate, protocol),
                "probability": path.probability,
                "mtd": None if path.decision.mtd is None else labels[path.decision.mtd],
                "inconclusive": path.decision.inconclusive,
            }
            for path in found
        ]
        echo_json({**_heading(protocol, graph), "n_paths": len(listed), "paths": listed})
        return
    for path in found:
        course = " ".join(_short(path.cohorts, path.n_moderate, protocol))
        course = _pending_text(path.pending, path.pending_moderate, protocol) + course
        shown = "" if path.probability is None else f"{path.probability:.6f}  "
        click.echo(f"{shown}{course}  {describe_decision(path.decision, protocol)}")


def _print_tree(
    protocol: Protocol,
    graph: TransitionGraph,
    scenario: Scenario | None,
    depth: int,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    from simulations.questions.paths import path_tree  # noqa: PLC0415  # loads numpy

    roots = path_tree(graph, None if scenario is None else scenario.p_dlt, depth=depth)
    n_paths = graph.count_paths()
    if plot is not None:
        _plot(plot, protocol, roots, scenario, moderate_words(_p_moderate(graph)))
    if as_json:
        tree = [_node(root, protocol) for root in roots]
        echo_json({**_heading(protocol, graph), "n_paths": n_paths, "tree": tree})
    else:
        line(origin(protocol), indent="  ")
        if scenario is not None:
            line(f"Scenario {scenario.name}; each line with the probability of coming there.")
        if graph.p_moderate is not None:
            line(f"{moderate_words(_p_moderate(graph))}.", indent="  ")
        for root in roots:
            for text in _tree_lines(root, protocol):
                click.echo(text)
        click.echo(f"{n_paths} complete paths; --list prints them.")


def _p_moderate(graph: TransitionGraph) -> tuple[float, ...] | None:
    return None if graph.p_moderate is None else tuple(graph.p_moderate.tolist())


def _heading(protocol: Protocol, graph: TransitionGraph) -> dict[str, Any]:
    return heading(protocol, _p_moderate(graph))


def _plot(
    path: Path,
    protocol: Protocol,
    roots: Sequence[PathNode],
    scenario: Scenario | None,
    note: str,
) -> None:
    from simulations.plots import plot_path_pages  # noqa: PLC0415  # loads matplotlib

    name = scenario.name if scenario else ""
    pages = plot_path_pages(
        roots,
        level_names=protocol.axis_names,
        design="; ".join(filter(None, (origin(protocol).rstrip("."), note))),
        scenario=name,
        trial=protocol.title or "",
    )
    save_plot(pages, path, protocol, scenario=name, method="exact", note=note)


def _node(node: PathNode, protocol: Protocol) -> dict[str, Any]:
    moderate = {"n_moderate": node.n_moderate} if protocol.design.asks_moderate else {}
    return {
        "level": None if node.level is None else protocol.labels[node.level],
        "n_patients": node.n_patients,
        "n_dlts": node.n_dlts,
        **moderate,
        "probability": node.probability,
        "decision": answer(protocol, node.decision),
        "pending": _cohorts(node.pending, node.pending_moderate, protocol),
        "children": [_node(child, protocol) for child in node.children],
    }


def _cohorts(
    cohorts: Sequence[tuple[int, int, int]], n_moderate: Sequence[int], protocol: Protocol
) -> list[dict[str, int]]:
    listed = [
        {"level": protocol.labels[level], "n_patients": n, "n_dlts": x} for level, n, x in cohorts
    ]
    if protocol.design.asks_moderate:
        for cohort, n in zip(listed, n_moderate, strict=True):
            cohort["n_moderate"] = n
    return listed


def _short(
    cohorts: Sequence[tuple[int, int, int]], n_moderate: Sequence[int], protocol: Protocol
) -> Iterator[str]:
    """Write cohorts as ``1:0/3``; with a letter M for each moderate toxicity that counts."""
    for (level, n, x), m in zip(cohorts, n_moderate, strict=True):
        yield f"{protocol.labels[level]}:{x}/{n}{'M' * m}"


def _pending_text(
    pending: Sequence[tuple[int, int, int]], n_moderate: Sequence[int], protocol: Protocol
) -> str:
    return f"pending {' '.join(_short(pending, n_moderate, protocol))}  " if pending else ""


def _tree_lines(node: PathNode, protocol: Protocol, indent: str = "") -> Iterator[str]:
    """Draw a tree in ASCII, a line a node."""
    said = describe_decision(node.decision, protocol)
    yield _node_text(node, protocol) + said
    for place, child in enumerate(node.children, start=1):
        last = place == len(node.children)
        branch, rail = ("`- ", "   ") if last else ("|- ", "|  ")
        first, *rest = _tree_lines(child, protocol)
        yield branch + first
        for text in rest:
            yield rail + text


def _node_text(node: PathNode, protocol: Protocol) -> str:
    shown = "" if node.probability is None else f"{node.probability:.4f} "
    if node.level is None:
        return _pending_text(node.pending, node.pending_moderate, protocol) + shown
    seen = f"{node.n_dlts}/{node.n_patients}{'M' * node.n_moderate}"
    return f"{protocol.labels[node.level]}: {seen} {shown} "
