"""`escalation sensitivity`: how the characteristics change with the P(DLT) of each level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import PICTURES, OutcomesCommand
from escalation.cli.show import shows
from escalation.errors import InputError, LadderError
from escalation.files import check_writable
from escalation.protocol import Protocol
from escalation.reports.view import View
from simulations.cli.options import plot_option, question_options
from simulations.cli.pictures import write_picture
from simulations.cli.progress import progress_bar

if TYPE_CHECKING:
    from simulations.questions.question import Question
    from simulations.questions.sensitivity import Tornado

__all__ = ["sensitivity"]

BAND = 0.05


@click.command(cls=OutcomesCommand)
@question_options()
@click.option("--target", type=float, metavar="P", help="Target P(DLT): adds correct selection.")
@click.option(
    "--of",
    "figure",
    metavar="NAME[:LEVEL]",
    help="What --band moves, such as p_select:2 or p_no_mtd.  [default: pcs, or sample_size]",
)
@click.option(
    "--band",
    type=float,
    default=BAND,
    show_default=True,
    metavar="P",
    help="How far to move each P(DLT).",
)
@plot_option
@shows
def sensitivity(
    *,
    question: Question,
    target: float | None,
    figure: str | None,
    band: float,
    plot: Path | None,
) -> View:
    """Show how each characteristic changes with the assumed P(DLT) of each level, exactly.

    First the derivatives, for a change of P(DLT) by 0.01 at one level; then what one
    characteristic becomes as the P(DLT) of one level at a time is moved down and up by --band.
    Each level is moved by as much, past its neighbours if need be, but not beyond 0 and 1. The
    correct level, and which levels are above the target, stay those of the scenario. The names of
    --of are those of --json; p_select, patients and dlts are by level.

    \b
    Example: escalation sensitivity --p-dlt 0.05,0.10,0.20,0.33,0.50 --target 0.25
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.engine import exact_engine
    from simulations.questions.sensitivity import sensitivity as find_gradients
    from simulations.questions.sensitivity import tornado
    from simulations.reports.sensitivity import Moved, view_sensitivity

    if plot is not None:
        check_writable(plot, PICTURES)
        question.only_scenario()
    by_default = "sample_size" if target is None else "pcs"
    name, level = _parse_figure(figure or by_default, question.protocol)
    engine = exact_engine(question)
    results = []
    with progress_bar(len(question.scenarios), "scenarios") as progress:
        for scenario in question.scenarios:
            found = find_gradients(engine, scenario.p_dlt, target)
            moved = tornado(engine, scenario.p_dlt, name, level=level, band=band, target=target)
            results.append(Moved(scenario=scenario, found=found, tornado=moved))
            if progress is not None:
                progress(1)
    if plot is not None:
        _plot(plot, question, results[0].tornado)
    return view_sensitivity(question, results, band, question.outcomes_document(engine))


def _parse_figure(text: str, protocol: Protocol) -> tuple[str, int | None]:
    name, colon, label = text.partition(":")
    if not colon:
        return name, None
    try:
        return name, protocol.place_of(label)
    except (InputError, LadderError) as error:
        raise InputError(f"--of {text}: {error}") from error


def _plot(path: Path, question: Question, moved: Tornado) -> None:
    from simulations.plots import plot_tornado  # matplotlib, for a picture only

    scenario = question.only_scenario().name
    axes = plot_tornado(
        moved,
        level_names=question.protocol.axis_names,
        design=question.plotted_design(),
        scenario=scenario,
        trial=question.protocol.title or "",
    )
    write_picture(axes, path, question, scenario=scenario)
