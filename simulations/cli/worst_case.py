"""`escalation worst-case`: the toxicity curve under which the design does worst."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import (
    OutcomesCommand,
    echo_json,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol
from escalation.text import align
from simulations.cli.common import (
    choose_scenarios,
    continued_from,
    departures_option,
    from_option,
    graph_from,
    heading,
    p_dlt_option,
    p_moderate_option,
    print_p_moderate,
    scenario_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulations.questions.worst_case import WorstCase

__all__ = ["worst_case"]

WIDEST_TABLE = 5  # levels; longer curves do not fit beside the figures


@click.command(cls=OutcomesCommand, short_help="The curve under which a design does worst.")
@p_dlt_option
@scenario_option
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option(
    "--above", type=float, metavar="P", help="Largest P(a level above this P(DLT) is selected)."
)
@click.option("--target", type=float, metavar="P", help="Smallest correct selection.")
@click.option(
    "--separation",
    type=float,
    metavar="D",
    help="With --target: one level at the target, the others at least D away.",
)
@click.option("--band", type=float, metavar="P", help="Only curves this near to --p-dlt.")
@click.option(
    "--starts",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Searches for each answer.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of random starts."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def worst_case(
    *,
    protocol: Protocol,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    above: float | None,
    target: float | None,
    separation: float | None,
    band: float | None,
    starts: int,
    seed: int,
    as_json: bool,
) -> None:
    """Find the toxicity curve under which the design does worst, whatever the truth.

    Of all curves on which P(DLT) never falls from one level to the next, or of those within --band
    of one: the largest probability of selecting a level whose P(DLT) is --above a limit, or the
    smallest probability of correct selection for a --target. Correct is the level nearest to the
    target, so that where two are about equally near PCS is small for any design; --separation
    leaves those curves out. Searched with exact gradients from several starts, and on a short
    ladder compared with a grid of curves.

    \b
    Example: escalation worst-case --levels 5 --above 0.40
    """  # noqa: D301  # click reads the backspace
    from simulations.probabilities import band_around  # noqa: PLC0415  # loads numpy
    from simulations.questions.worst_case import worst_overdose, worst_pcs  # noqa: PLC0415  # loads numpy

    if above is None and target is None:
        raise click.UsageError("give --above, or --target, or both")
    if separation is not None and target is None:
        raise click.UsageError("--separation goes with --target")
    if band is None and (p_dlt is not None or scenario_file is not None):
        raise click.UsageError("a curve is the middle of a --band; without one, give --levels")
    bounds: dict[str, Any] = {}
    around = None
    if band is not None:
        around, *others = choose_scenarios(protocol, p_dlt, scenario_file)
        if others:
            raise click.UsageError("--band is around one curve, and there are several: --p-dlt")
        bounds = dict(zip(("low", "high"), band_around(around.p_dlt, band), strict=True))
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    settings = {**bounds, "n_starts": starts, "seed": seed}
    overdose = None if above is None else worst_overdose(graph, above, **settings)
    pcs = None if target is None else worst_pcs(graph, target, separation=separation, **settings)
    if as_json:
        document = heading(protocol, p_moderate) | {"seed": seed} | continued_from(graph, cohorts)
        if around is not None:
            document["band"] = {"around": list(around.p_dlt), "width": band}
        if overdose is not None:
            document["overdose"] = {"above": above} | _document(protocol, overdose, "lowest_above")
        if pcs is not None:
            document["pcs"] = {"target": target, "separation": separation}
            document["pcs"] |= _document(protocol, pcs, "correct_level")
        echo_json(document)
        return
    line(origin(protocol), indent="  ")
    print_p_moderate(p_moderate)
    if cohorts:
        line(f"Continuing from {format_outcomes(cohorts)}.", indent="  ")
    among = "all curves" if around is None else f"all curves within {band:g} of {around.name}"
    line(f"Of {among} on which P(DLT) never falls from one level to the next:", indent="  ")
    if overdose is not None:
        share = _at_most(overdose.worst.value)
        click.echo()
        line(f"A level with P(DLT) above {above:g} is selected with at most {share} %.")
        _print(protocol, overdose, "lowest above", "at most %", _at_most)
    if pcs is not None:
        share = _at_least(pcs.worst.value)
        apart = "" if separation is None else f", the others at least {separation:g} from it"
        click.echo()
        line(f"Correct selection for target {target:g}{apart}: at least {share} %.")
        _print(protocol, pcs, "correct level", "at least %", _at_least)


def _at_most(p: float) -> str:
    """Write as a percentage, rounded to the safe side."""
    return f"{math.ceil(1e4 * p - 1e-6) / 100:.2f}"


def _at_least(p: float) -> str:
    return f"{math.floor(1e4 * p + 1e-6) / 100:.2f}"


def _print(
    protocol: Protocol, found: WorstCase, what: str, bound: str, percent: Callable[[float], str]
) -> None:
    names = [*protocol.short_names, "no MTD"]  # NO_MTD is -1
    wide = len(protocol.levels) > WIDEST_TABLE
    rows = [[what, bound, "starts agreed", *([] if wide else ["worst curve"])]]
    for piece in found.pieces:
        row = [names[piece.level], percent(piece.value), f"{piece.n_agreed}/{piece.n_starts}"]
        rows.append(row if wide else [*row, _curve(piece.p_dlt, piece.attained)])
    click.echo(align(rows, left=(0, 3)))
    line(f"worst curve: {_curve(found.worst.p_dlt, found.worst.attained)}", indent="  ")
    if not all(piece.attained for piece in found.pieces):
        line("*: not attained there, but approached as nearly as one likes by curves beside it.")
    if found.grid is None:
        line("No grid: the ladder is too long, or the design too large.")
        return
    extra = "" if found.worst.n_agreed else " No search came there: give more --starts."
    line(
        f"Worst of {found.grid.n_curves:,} curves on a grid: {percent(found.grid.value)} %, at "
        f"{_curve(found.grid.p_dlt, attained=True)}.{extra}",
        indent="  ",
    )


def _curve(p_dlt: Iterable[float], attained: bool) -> str:
    return " ".join(f"{p:.3f}" for p in p_dlt) + ("" if attained else " *")


def _document(protocol: Protocol, found: WorstCase, key: str) -> dict[str, Any]:
    labels = [*protocol.labels, None]  # NO_MTD is -1
    pieces = [{key: labels[piece.level], **piece.to_dict()} for piece in found.pieces]
    return {
        **found.worst.to_dict(),
        key: labels[found.worst.level],
        f"by_{key}": pieces,
        "grid": None if found.grid is None else found.grid.to_dict(),
    }
