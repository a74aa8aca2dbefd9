"""`escalation random-scenarios`: exact characteristics averaged over random toxicity curves."""

from __future__ import annotations

from collections.abc import Sequence
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
from escalation.errors import InputError, did_you_mean
from escalation.outcomes import Cohort
from escalation.protocol import Protocol
from escalation.text import align
from escalation.version import __version__
from simulations.cli.common import (
    continued_from,
    departures_option,
    from_option,
    graph_from,
    heading,
    note,
    p_moderate_option,
    plotted_design,
    print_continued_from,
    print_p_moderate,
    save_plot,
    seed_option,
)
from simulations.cli.numbers import parse_numbers
from simulations.words import in_words, scaled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulations.questions.averages import CurveAverages, FigureSummary

__all__ = ["random_scenarios"]

# the settings of each prior, and how many numbers each takes
PRIORS = {
    "pseudo-uniform": {},
    "paoletti": {"step_mean": 1, "step_sd": 1, "sd_at_mtd": 1},
    "logistic-normal": {"mean": 2, "sd": 2, "correlation": 1, "reference_dose": 1},
}
SHOWN = (
    "pcs",
    "p_overdose",
    "p_no_mtd",
    "p_inconclusive",
    "share_above",
    "dlt_rate",
    "patients_above",
    "sample_size",
    "total_dlts",
)


@click.command(cls=OutcomesCommand, short_help="Results averaged over random curves.")
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option(
    "--prior",
    default="pseudo-uniform",
    show_default=True,
    metavar="NAME",
    help="pseudo-uniform, paoletti or logistic-normal.",
)
@click.option(
    "--prior-set",
    "prior_settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the prior, as step_mean=0.38 or mean=-1.1,0.",
)
@click.option(
    "--curves",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    help="Curves to draw.",
)
@seed_option
@click.option("--target", type=float, metavar="P", help="Target P(DLT); by default the design's.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw PCS: PNG, SVG, PDF.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Write a row for each curve to this CSV file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def random_scenarios(
    *,
    protocol: Protocol,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    prior: str,
    prior_settings: tuple[str, ...],
    curves: int,
    seed: int,
    target: float | None,
    plot: Path | None,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Average the exact characteristics over toxicity curves drawn at random.

    So that no scenario is chosen by hand. Correct selection is judged for each curve by its own
    correct level. The priors:

    \b
    pseudo-uniform   Clertant & O'Quigley 2017: the correct level uniform
    paoletti         Paoletti et al. 2004: the correct level uniform, normal steps
                     between levels: step_mean 0.55, step_sd 0.35, sd_at_mtd 0.05
    logistic-normal  logit p = a + b log(dose/reference_dose), (a, log b) normal:
                     mean logit(target),0; sd 2,1; correlation 0. Without doses
                     each level doubles the one below.

    \b
    Example: escalation random-scenarios --levels 5 --target 0.25
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.averages import average_over_curves  # noqa: PLC0415  # loads numpy
    from simulations.reports.export import write_curves  # noqa: PLC0415  # loads numpy

    if target is None:
        target = getattr(protocol.design, "target", None)
    if target is None:
        raise click.UsageError(
            f"give --target: a {protocol.design.name} has none to judge correct selection by"
        )
    target = float(target)
    if keep is not None and keep == plot:
        raise click.UsageError("--keep and --plot name the same file")
    for path, suffixes in ((plot, PICTURES), (keep, (".csv",))):
        if path is not None:
            check_writable(path, suffixes)
    chosen = _parse_settings(prior, prior_settings)
    drawn = _draw(protocol, prior, chosen, curves=curves, seed=seed, target=target)
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    averages = average_over_curves(graph, drawn, target)
    if as_json:
        document = heading(protocol, p_moderate) | {
            "prior": {"name": prior, "settings": chosen},
            "curves": curves,
            "seed": seed,
            "target": target,
        }
        document |= continued_from(graph, cohorts)
        echo_json(document | _document(protocol, averages))
    else:
        line(origin(protocol), indent="  ")
        print_p_moderate(p_moderate)
        line(
            f"{_describe(prior, prior_settings, curves, seed)}, target {target:g}; exact for each."
        )
        print_continued_from(cohorts)
        click.echo()
        _print(protocol, averages)
    if plot is not None:
        described = _describe(prior, prior_settings, curves, seed)
        _plot(plot, protocol, (cohorts, p_moderate), averages, described)
    if keep is not None:
        origin_columns = {
            "prior": " ".join((prior, *prior_settings)),
            "seed": seed,
            "target": target,
            "protocol": protocol.name,
            "digest": protocol.digest,
            "escalation": __version__,
        }
        if p_moderate is not None:
            origin_columns["p_moderate"] = ",".join(map(str, p_moderate))
        write_curves(keep, averages, protocol.labels, origin_columns)
        click.echo(f"wrote {keep}", err=True)


def _parse_settings(prior: str, settings: Sequence[str]) -> dict[str, Any]:
    """Read the settings of a prior: a number, or two with a comma between them."""
    if prior not in PRIORS:
        raise InputError(f"no prior {prior!r}; {did_you_mean(prior, PRIORS)}")
    chosen: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (equals and key and text):
            raise click.UsageError(f"--prior-set takes KEY=VALUE, not {setting!r}")
        if key not in PRIORS[prior]:
            hint = did_you_mean(key, PRIORS[prior]) if PRIORS[prior] else "it has none"
            raise InputError(f"the prior {prior} has no setting {key!r}; {hint}")
        if key in chosen:
            raise InputError(f"--prior-set {key} is given twice; give it once")
        numbers, n_wanted = parse_numbers(f"--prior-set {key}", text), PRIORS[prior][key]
        if len(numbers) != n_wanted:
            wanted = "one number" if n_wanted == 1 else "two numbers with a comma between them"
            raise InputError(f"--prior-set {key} takes {wanted}, not {text}")
        chosen[key] = numbers[0] if n_wanted == 1 else numbers
    return chosen


def _draw(
    protocol: Protocol,
    prior: str,
    chosen: dict[str, Any],
    *,
    curves: int,
    seed: int,
    target: float,
) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415  # slow

    from simulations.scenarios.random import (  # noqa: PLC0415  # loads numpy
        logistic_normal,
        paoletti,
        pseudo_uniform,
    )

    rng, n_levels = np.random.default_rng(seed), len(protocol.levels)
    if prior == "pseudo-uniform":
        return pseudo_uniform(curves, rng, target=target, n_levels=n_levels)
    if prior == "paoletti":
        return paoletti(curves, rng, target=target, n_levels=n_levels, **chosen)
    doses = [level.dose for level in protocol.levels if level.dose is not None]
    return logistic_normal(
        curves, rng, target=target, n_levels=n_levels, doses=doses or None, **chosen
    )


def _describe(prior: str, settings: Sequence[str], curves: int, seed: int) -> str:
    changed = f" ({', '.join(settings)})" if settings else ""
    drawn = "1 curve" if curves == 1 else f"{curves:,} curves"
    return f"{drawn}, {prior} prior{changed}, seed {seed}"


def _print(protocol: Protocol, averages: CurveAverages) -> None:
    rows = [["over curves", "mean", "(se)", "5 %", "25 %", "median", "75 %", "95 %"]]
    summary = averages.summary()
    for name in SHOWN:
        if name != "p_inconclusive" or summary[name].quantiles[-1] > 0 or summary[name].mean > 0:
            rows.append([in_words(name, unit=True), *_cells(name, summary[name])])
    click.echo(align(rows))
    names = [*protocol.short_names, "no MTD"]  # NO_MTD is -1
    counts, pcs = averages.n_by_correct_level(), averages.by_correct_level("pcs")
    overdose = averages.by_correct_level("p_overdose")
    rows = [["correct level", "curves", "PCS %", "5 %", "95 %", "above target %", "5 %", "95 %"]]
    for level, of_level in pcs.items():
        row = [names[level], str(counts[level])]
        for figure in (of_level, overdose[level]):
            ends = (figure.mean, figure.quantiles[0], figure.quantiles[-1])
            row += [f"{100 * value:.2f}" for value in ends]
        rows.append(row)
    click.echo(f"\n{align(rows)}")


def _cells(name: str, figure: FigureSummary) -> list[str]:
    error = "(-)"
    if figure.mcse is not None:
        error = f"({f'{scaled(name, figure.mcse):.3f}'.removeprefix('0')})"
    shown = (f"{scaled(name, quantile):.2f}" for quantile in figure.quantiles)
    return [f"{scaled(name, figure.mean):.2f}", error, *shown]


def _document(protocol: Protocol, averages: CurveAverages) -> dict[str, Any]:
    labels = [*protocol.labels, None]  # NO_MTD is -1
    counts = averages.n_by_correct_level()
    groups = {name: averages.by_correct_level(name) for name in ("pcs", "p_overdose")}
    return {
        "figures": {name: figure.to_dict() for name, figure in averages.summary().items()},
        "by_correct_level": [
            {
                "correct_level": labels[level],
                "n_curves": counts[level],
                **{name: group[level].to_dict() for name, group in groups.items()},
            }
            for level in groups["pcs"]
        ],
    }


def _plot(
    path: Path,
    protocol: Protocol,
    rests_on: tuple[Sequence[Cohort], tuple[float, ...] | None],
    averages: CurveAverages,
    prior: str,
) -> None:
    from simulations.plots import plot_curve_averages  # noqa: PLC0415  # loads matplotlib

    axes = plot_curve_averages(
        averages,
        level_names=protocol.axis_names,
        design=plotted_design(protocol, *rests_on),
        prior=prior,
    )
    save_plot(
        axes,
        path,
        protocol,
        scenario=prior,
        method="exact for each curve",
        note=note(*rests_on),
    )
