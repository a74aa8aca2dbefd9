"""`escalation worst-case`: the toxicity curve under which the design does worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import OutcomesCommand
from escalation.cli.show import shows
from escalation.cli.whole import WholeNumber
from escalation.reports.view import View
from simulations.cli.options import question_options, seed_option
from simulations.cli.progress import in_steps, progress_bar

if TYPE_CHECKING:
    from simulations.questions.question import Question

__all__ = ["worst_case"]

_STEPS = 200  # of a bar, for one search


@click.command(cls=OutcomesCommand)
@question_options()
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
    type=WholeNumber(1, 10_000),
    default=20,
    show_default=True,
    help="Searches for each answer.",
)
@seed_option
@shows
def worst_case(
    *,
    question: Question,
    above: float | None,
    target: float | None,
    separation: float | None,
    band: float | None,
    starts: int,
    seed: int,
) -> View:
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
    from simulations.probabilities import band_around
    from simulations.questions.engine import exact_engine
    from simulations.questions.worst_case import MOST_STATES, worst_overdose, worst_pcs
    from simulations.reports.worst_case import Searched, view_worst_case

    if above is None and target is None:
        raise click.UsageError("give --above, or --target, or both")
    if separation is not None and target is None:
        raise click.UsageError("--separation goes with --target")
    if band is None and question.asked:
        raise click.UsageError("a curve is the middle of a --band; without one, give --levels")
    bounds: dict[str, Any] = {}
    around = None
    if band is not None:
        around = question.only_scenario()
        bounds = dict(zip(("low", "high"), band_around(around.p_dlt, band), strict=True))
    engine = exact_engine(question, most=MOST_STATES)
    settings = {**bounds, "n_starts": starts, "seed": seed}
    overdose = pcs = None
    n_asked = (above is not None) + (target is not None)
    with progress_bar(_STEPS * n_asked, "searching") as progress:
        share = None if progress is None else in_steps(progress, _STEPS)
        if above is not None:
            overdose = worst_overdose(engine, above, **settings, progress=share)
        if target is not None:
            pcs = worst_pcs(engine, target, separation=separation, **settings, progress=share)
    searched = Searched(
        seed=seed,
        around=around,
        band=band,
        above=above,
        overdose=overdose,
        target=target,
        separation=separation,
        pcs=pcs,
    )
    return view_worst_case(question, searched, question.outcomes_document(engine))
