"""A trial's endpoints at the shell: responses, cell kinetics, cytokines and B cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.cli.trial.common import Place, place_options, read_days, today
from escalation.cli.trial.picture import check_picture, draw_trial, plot_option
from escalation.cli.trial.view import as_of_option, day_of, read_trial
from escalation.reports.view import View
from escalation.trial import Recorded, TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["biomarkers", "kinetics", "response"]


@click.command(cls=CarefulCommand)
@as_of_option
@click.option(
    "--on",
    callback=read_days,
    metavar="DATE",
    help="The day to count assessments that were due on.  [default: today]",
)
@plot_option()
@place_options
@shows
def response(
    place: Place, as_of: int | datetime | None, on: date | None, plot: Path | None
) -> View:
    """Show responses at each assessment, by level and disease, with exact limits.

    Which visits, which responses count and what becomes of patients who were not assessed, the
    plan says. An assessment is due once the visit's window has closed, or the patient has left.

    Example: escalation trial response --on 2026-08-31 --plot response.pdf
    """
    from escalation.reports.endpoints.response import view_response  # noqa: PLC0415

    state, trial, last = _read(place, as_of, plot)
    if on is None:
        on = today() if as_of is None else day_of(as_of, last)
    view = view_response(state, trial, on)
    if plot is not None:
        from escalation.figures.endpoints.response import plot_response_pages  # noqa: PLC0415

        _draw(state, trial, plot, partial(plot_response_pages, state, on, trial=trial))
    return view


@click.command(cls=CarefulCommand)
@as_of_option
@plot_option()
@place_options
@shows
def kinetics(place: Place, as_of: int | datetime | None, plot: Path | None) -> View:
    """Show cell kinetics: Cmax, Tmax, Tlast and areas, by patient and by level.

    Which test, by which trapezoidal rule, what a sample below the limit of quantification is, and
    the day that the area reaches to, the plan says. Nothing is extrapolated.

    Example: escalation trial kinetics --csv --output kinetics.csv
    """
    from escalation.reports.endpoints.kinetics import view_kinetics  # noqa: PLC0415

    state, trial, _ = _read(place, as_of, plot)
    view = view_kinetics(state, trial)
    if plot is not None:
        from escalation.figures.endpoints.kinetics import plot_kinetics_pages  # noqa: PLC0415

        _draw(state, trial, plot, partial(plot_kinetics_pages, state, trial=trial))
    return view


@click.command(cls=CarefulCommand)
@as_of_option
@plot_option()
@place_options
@shows
def biomarkers(place: Place, as_of: int | datetime | None, plot: Path | None) -> View:
    """Show cytokines and B cells: change from baseline, peak, nadir, time to reconstitution.

    Which tests, and at which threshold cells have come back, the plan says.

    Example: escalation trial biomarkers --plot biomarkers.pdf
    """
    from escalation.reports.endpoints.biomarkers import view_biomarkers  # noqa: PLC0415

    state, trial, _ = _read(place, as_of, plot)
    view = view_biomarkers(state, trial)
    if plot is not None:
        from escalation.figures.endpoints.biomarkers import plot_biomarker_pages  # noqa: PLC0415

        _draw(state, trial, plot, partial(plot_biomarker_pages, state, trial=trial))
    return view


def _read(
    place: Place, as_of: int | datetime | None, plot: Path | None
) -> tuple[TrialState, str, Recorded]:
    check_picture(plot, place)
    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    return state, tracker.trial, entries[-1]


def _draw(
    state: TrialState, trial: str, plot: Path, draw: Callable[[], Sequence[Figure | Axes]]
) -> None:
    """Write a picture of what the plan says how to count."""
    plan = state.plan
    said = "" if plan is None else f", plan {plan.name}, digest {plan.digest}"
    draw_trial(state, trial, plot, draw, said=said)
