"""`escalation random-scenarios`: exact characteristics averaged over random toxicity curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import PICTURES, OutcomesCommand
from escalation.cli.show import say_written, shows
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, did_you_mean
from escalation.files import check_writable
from escalation.protocol import Protocol
from escalation.reports.view import View
from escalation.version import __version__
from simulations.cli.numbers import parse_numbers
from simulations.cli.options import plot_option, question_options, seed_option
from simulations.cli.pictures import write_picture
from simulations.cli.progress import progress_bar
from simulations.cli.workers import keep_what_is_freed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulations.questions.averages import Averages
    from simulations.questions.question import Question
    from simulations.reports.averages import Drawn

__all__ = ["random_scenarios"]

MOST_CURVES = 1_000_000_000

# the settings of each prior, and how many numbers each takes
PRIORS = {
    "pseudo-uniform": {},
    "paoletti": {"step_mean": 1, "step_sd": 1, "sd_at_mtd": 1},
    "logistic-normal": {"mean": 2, "sd": 2, "correlation": 1, "reference_dose": 1},
}


@click.command(cls=OutcomesCommand)
@question_options(scenarios=False)
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
    help="A setting of the prior, such as step_mean=0.38 or mean=-1.1,0.",
)
@click.option(
    "--curves",
    type=WholeNumber(1, MOST_CURVES),
    default=10_000,
    show_default=True,
    help="Curves to draw.",
)
@seed_option
@click.option("--target", type=float, metavar="P", help="Target P(DLT); by default the design's.")
@plot_option
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Write a row for each curve to this CSV file."
)
@shows
def random_scenarios(
    *,
    question: Question,
    prior: str,
    prior_settings: tuple[str, ...],
    curves: int,
    seed: int,
    target: float | None,
    plot: Path | None,
    keep: Path | None,
) -> View:
    """Average the exact characteristics over toxicity curves drawn at random.

    So that no scenario is chosen by hand. Correct selection is judged for each curve by its own
    correct level, the one with P(DLT) nearest to the target. The lowest level is never correct
    where it lies above the target: there no MTD is correct. Pseudo-uniform and paoletti draw no
    such curve, unlike their authors. The priors:

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
    from simulations.questions.averages import CurveSummaries, average_in_blocks
    from simulations.questions.engine import exact_engine
    from simulations.reports.averages import Drawn, view_averages

    protocol = question.protocol
    if target is None:
        target = protocol.design.target
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
    drawn = Drawn(prior=prior, given=prior_settings, settings=chosen, n_curves=curves, seed=seed)
    engine = exact_engine(question)
    parts = average_in_blocks(engine, _draw(protocol, drawn, target), target)
    if keep is not None:
        from simulations.reports.export import writing_curves

        parts = writing_curves(keep, parts, protocol.labels, _origin(question, drawn, target))
    keep_what_is_freed()
    with progress_bar(curves, "curves") as progress:
        averages = CurveSummaries(parts, target, progress=progress)
    if keep is not None:
        say_written(keep)
    if plot is not None:
        _plot(plot, question, averages, drawn.describe())
    return view_averages(question, averages, drawn, question.outcomes_document(engine))


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


def _draw(protocol: Protocol, drawn: Drawn, target: float) -> Iterator[NDArray[np.float64]]:
    """Draw the curves, a block at a time."""
    import numpy as np

    from simulations.scenarios.random import (
        draw_in_blocks,
        logistic_normal,
        paoletti,
        pseudo_uniform,
    )

    rng = np.random.default_rng(drawn.seed)
    settings = {"target": target, "n_levels": len(protocol.levels), **drawn.settings}
    priors = {"pseudo-uniform": pseudo_uniform, "paoletti": paoletti}
    if drawn.prior in priors:
        draw = partial(priors[drawn.prior], rng=rng, **settings)
    else:
        doses = [level.dose for level in protocol.levels if level.dose is not None]
        draw = partial(logistic_normal, rng=rng, doses=doses or None, **settings)
    return draw_in_blocks(draw, drawn.n_curves)


def _plot(path: Path, question: Question, averages: Averages, prior: str) -> None:
    from simulations.plots import (  # matplotlib, for a picture only
        plot_curve_averages,
    )

    axes = plot_curve_averages(
        averages,
        level_names=question.protocol.axis_names,
        design=question.plotted_design(),
        prior=prior,
        trial=question.protocol.title or "",
    )
    write_picture(axes, path, question, scenario=prior, method="exact for each curve")


def _origin(question: Question, drawn: Drawn, target: float) -> dict[str, object]:
    """Return what the rows of --keep rest on."""
    protocol = question.protocol
    rests_on: dict[str, object] = {
        "prior": " ".join((drawn.prior, *drawn.given)),
        "seed": drawn.seed,
        "target": target,
        "protocol": protocol.name,
        "digest": protocol.digest,
        "escalation": __version__,
    }
    if question.p_moderate is not None:
        rests_on["p_moderate"] = ",".join(map(repr, question.p_moderate))
    return rests_on
