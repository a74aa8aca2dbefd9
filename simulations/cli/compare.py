"""`escalation compare`: designs side by side, and why two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import (
    PICTURES,
    CarefulCommand,
    check_writable,
    parse_settings,
    read_ladder,
)
from escalation.protocol import Protocol
from escalation.protocol.defaults import DEFAULT_TARGET
from escalation.protocol.protocol import freeze_lists
from simulations.cli.common import (
    check_p_moderate,
    choose_scenarios,
    moderate_words,
    p_dlt_option,
    p_moderate_option,
    scenario_option,
    seed_option,
)
from simulations.cli.compare_output import Form, plot_results, show_comparison
from simulations.cli.contenders import (
    NamedDesign,
    check_number,
    choose_target,
    make_contenders,
    parse_design,
)
from simulations.cli.numbers import parse_interval

if TYPE_CHECKING:
    from simulations.compare.run import CompareMethod

__all__ = ["compare"]

DEFAULT_PATIENTS = 30
_FOR_WANT = ", for want of another"


@click.command(cls=CarefulCommand)
@click.argument("designs", nargs=-1, required=True, metavar="DESIGN DESIGN ...")
@p_dlt_option
@p_moderate_option
@scenario_option
@click.option(
    "--protocol", "protocol_name", metavar="NAME|FILE", help="The ladder and its scenarios."
)
@click.option("--levels", type=int, metavar="N", help="A plain ladder of N levels instead.")
@click.option("--start", type=int, metavar="LABEL", help="Start at this level.")
@click.option(
    "--target",
    type=float,
    metavar="P",
    help=f"Target P(DLT).  [default: the designs', else {DEFAULT_TARGET:g}]",
)
@click.option(
    "--max-patients",
    type=click.IntRange(min=1),
    metavar="N",
    help="Patients, for a design that needs a number.  [default: as planned, else 30]",
)
@click.option(
    "--interval",
    metavar="LOW,HIGH",
    help="P(DLT) good enough to select.  [default: the target -/+ 0.05]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of every design that has it.",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "exact", "monte-carlo"]),
    default="auto",
    show_default=True,
    help="Exact where the design's graph is not too large, all exact, or all simulated.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Trials to simulate per scenario.",
)
@seed_option
@click.option("--diff", is_flag=True, help="Say where two designs part, and what follows.")
@click.option(
    "--by",
    metavar="FIGURE",
    help="With --diff: the figure to explain, as pcs, sample_size, p_select:5.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: PNG, SVG or PDF.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one figure a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    *,
    designs: tuple[str, ...],
    p_dlt: tuple[float, ...] | None,
    p_moderate: tuple[float, ...] | None,
    scenario_file: str | None,
    protocol_name: str | None,
    levels: int | None,
    start: int | None,
    target: float | None,
    max_patients: int | None,
    interval: str | None,
    settings: tuple[str, ...],
    method: CompareMethod,
    trials: int,
    seed: int,
    diff: bool,
    by: str | None,
    plot: Path | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Compare designs under assumed toxicity curves, with the optimal benchmark beside them.

    DESIGN is a design's name, with options as boin:cohort_size=1,n_earlystop=9; a 3+3 variant; or
    a protocol by name or file, which brings its ladder. A design that can reach too many states
    is simulated, on patients shared by all designs; differences to the first design then have
    limits of 95 %. With --diff, every data set at which two designs part is shown with what each
    does there, the probability of meeting it and what it contributes to their difference.

    \b
    Example: escalation compare 3+3 boin keyboard --p-dlt 0.05,0.10,0.20,0.33,0.50
             escalation compare confirm declare --p-dlt 0.05,0.10,0.20 --diff
    """  # noqa: D301  # click reads the backspace
    if as_csv and as_json:
        raise click.UsageError("give --csv or --json, not both")
    _check_diff(by, plot, method, diff=diff)
    if plot is not None:
        check_writable(plot, PICTURES)
    named = [parse_design(word, start) for word in designs]
    check_number(named, diff=diff)
    brought = [one.protocol for one in named if one.protocol is not None]
    if protocol_name is None and levels is None and brought:
        ladder = brought[0]
    else:
        ladder = read_ladder(protocol_name, levels, start, p_dlt)
    measured_by, notes = _say_target(*choose_target(named, target))
    shared = freeze_lists(parse_settings(settings))
    patients, said = _choose_patients(named, ladder, shared, max_patients)
    contenders = make_contenders(
        named, ladder, shared=shared, target=measured_by, max_patients=patients
    )
    check_p_moderate(p_moderate, [contender.design for contender in contenders])
    if p_moderate is not None:
        said += f" {moderate_words(p_moderate)}."
    scenarios = choose_scenarios(ladder, p_dlt, scenario_file)
    limits = None if interval is None else parse_interval(interval)
    form: Form = "json" if as_json else "csv" if as_csv else "text"
    if diff:
        from simulations.cli.compare_diff import show_differences  # noqa: PLC0415  # numpy

        show_differences(
            ladder,
            contenders,
            scenarios,
            target=measured_by,
            interval=limits,
            by=by,
            form=form,
            p_moderate=p_moderate,
        )
        return
    from simulations.compare.run import compare_designs  # noqa: PLC0415  # loads numpy

    results = list(
        compare_designs(
            contenders,
            scenarios,
            target=measured_by,
            interval=limits,
            method=method,
            trials=trials,
            seed=seed,
            p_moderate=p_moderate,
        )
    )
    show_comparison(ladder, contenders, results, form=form, notes=f"{notes}{said}")
    if plot is not None:
        plot_results(plot, ladder, contenders, results)


def _check_diff(by: str | None, plot: Path | None, method: CompareMethod, *, diff: bool) -> None:
    """Refuse options that have no meaning with --diff, or none without it."""
    if by is not None and not diff:
        raise click.UsageError("--by says what --diff explains; give --diff too")
    if diff and plot is not None:
        raise click.UsageError("--plot draws a comparison; --diff has no picture")
    if diff and method == "monte-carlo":
        raise click.UsageError("--diff is exact; it takes no --method monte-carlo")


def _say_target(target: float, is_default: bool) -> tuple[float, str]:
    return target, f"Target P(DLT) {target:g}{_FOR_WANT * is_default}."


def _choose_patients(
    named: Sequence[NamedDesign],
    ladder: Protocol,
    shared: Mapping[str, Any],
    given: int | None,
) -> tuple[int, str]:
    """Return the patients of a design that needs a number, and what to say of them."""
    planned = ladder.planned_patients
    patients = given or planned or DEFAULT_PATIENTS
    if not any(one.lacks("max_patients", shared) for one in named):
        return patients, ""
    why = "" if given else ", as the protocol plans" if planned else _FOR_WANT
    return patients, f" Where a design needs a number of patients: {patients}{why}."
