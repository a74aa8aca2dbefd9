"""`escalation trial forecast`: when the next decision comes, when the trial ends, and how."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.cli.trial.common import Place, place_options, read_days, today
from escalation.cli.trial.view import as_of_option, day_of, read_trial
from escalation.cli.whole import WholeNumber
from escalation.reports.view import View
from escalation.trial.rule import NoProtocolError
from simulations.cli.options import (
    choose_scenarios,
    every_option,
    p_dlt_option,
    p_moderate_option,
    scenario_option,
    seed_option,
    timing_option,
)
from simulations.cli.progress import progress_bar
from simulations.cli.source import read_timing
from simulations.timing.assumptions import Poisson, Timing

if TYPE_CHECKING:
    from simulations.questions.standing import Stands

__all__ = ["forecast_trial"]


@click.command(name="forecast", cls=CarefulCommand)
@as_of_option
@click.option(
    "--on",
    callback=read_days,
    metavar="DATE",
    help="The day from which it goes on.  [default: today]",
)
@p_dlt_option
@scenario_option
@p_moderate_option
@every_option("Mean days between patients, in place of what the record shows.")
@timing_option("Other assumptions about time (TOML); arrivals are the record's, where it has any.")
@click.option(
    "--by",
    callback=read_days,
    metavar="DATE",
    multiple=True,
    help="P(last decision by this day). Repeatable.",
)
@click.option(
    "--trials",
    type=WholeNumber(1, 100_000),
    default=4_000,
    show_default=True,
    help="Trials to simulate per scenario.",
)
@seed_option
@place_options
@shows
def forecast_trial(
    *,
    place: Place,
    as_of: int | datetime | None,
    on: date | None,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    every: float | None,
    timing_file: Path | None,
    by: tuple[date, ...],
    trials: int,
    seed: int,
) -> View:
    """Forecast when the next decision comes, when the trial ends, and with which MTD.

    From the record as of any day, simulated trials go on: with the patients who are pending, the
    places that are free, the DLT window and the stagger of the protocol. P(DLT) is assumed: the
    protocol's scenarios, or those given. How often patients come is learned from the record, with
    its uncertainty; and how long the committee takes from its last outcome to the next cohort.

    Example: escalation trial forecast --on 2026-05-28 --by 2026-12-31
    """
    from simulations.questions.forecast import forecast
    from simulations.questions.question import Question, check_p_moderate
    from simulations.questions.standing import find_standing
    from simulations.reports.forecast import Foretold, Told, view_forecast

    with place.opened() as tracker:
        entries, state = read_trial(tracker, as_of)
    if on is None:
        on = today() if as_of is None else day_of(as_of, entries[-1])
    if state.protocol is None:
        raise NoProtocolError
    stands = find_standing(state, on)
    check_p_moderate(p_moderate, [state.protocol.design])
    assumed = _assume(stands, every, timing_file)
    asked = choose_scenarios(state.protocol, p_dlt, scenario_file)
    question = Question(protocol=state.protocol, asked=asked, p_moderate=p_moderate)
    with progress_bar(trials * len(question.scenarios), "simulating") as progress:
        found = [
            Foretold(
                scenario,
                forecast(
                    stands,
                    scenario.p_dlt,
                    assumed,
                    trials=trials,
                    seed=seed,
                    p_moderate=p_moderate,
                    progress=progress,
                ),
            )
            for scenario in question.scenarios
        ]
    return view_forecast(
        Told(
            trial=tracker.trial,
            entry=state.seq,
            stands=stands,
            timing=assumed,
            found=found,
            by=by,
        )
    )


def _assume(stands: Stands, every: float | None, file: Path | None) -> Timing:
    """Return what is assumed of time: as said, else as the record has it."""
    from simulations.questions.standing import assumed_timing, timing_of

    said = None if file is None else read_timing(file)
    if every is None:
        return timing_of(stands, said)
    arrivals = Poisson(mean_gap_days=every)
    if said is not None:
        return replace(said, arrivals=arrivals)
    return assumed_timing(stands, arrivals)
