"""Trials in time, a page a scenario: how long they take, how they get on, and one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from matplotlib.figure import Figure as Drawn

from escalation.designs import describe_design
from escalation.figures.files import Provenance
from escalation.figures.layout import (
    SHEET_WIDTH,
    first_lines,
    header_lines,
    row_title,
    title_across,
    write_header,
)
from escalation.figures.picture import Picture
from escalation.figures.style import styled
from escalation.reports.view import Figure
from simulations.engines.timeline.course import Kind
from simulations.plots.durations import draw_distribution
from simulations.plots.progress import plot_progress
from simulations.plots.swimmer import MOST_PATIENTS, draw_swimmer, say_end
from simulations.questions.in_time import Timed, follow_in_time
from simulations.questions.question import Question
from simulations.reports.timing import describe_accrual

__all__ = ["figures_of_timelines", "picture_timeline", "plot_timelines"]

_FOLLOWED = 400  # trials, of which progress over time is drawn


def plot_timelines(question: Question, results: Sequence[Timed]) -> tuple[list[Drawn], Provenance]:
    """Draw a page a scenario: durations, accrual and level over time, and one trial.

    Returns
    -------
    pages : list of matplotlib.figure.Figure
    provenance : Provenance
    """
    run = results[0].timeline
    protocol = question.protocol
    provenance = Provenance(
        design=describe_design(protocol.design),
        scenario=", ".join(scenario.name for scenario, _ in results),
        method=f"trials in time ({run.trials:,}, seed {run.seed}); {describe_accrual(run.timing)}",
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=question.note(),
    )
    return [_page(question, one, provenance) for one in results], provenance


@styled
def _page(question: Question, one: Timed, provenance: Provenance) -> Drawn:
    protocol = question.protocol
    names = protocol.axis_names
    courses = list(islice(follow_in_time(question, one), _FOLLOWED))
    words = [provenance.design, provenance.method, provenance.note, provenance.origin]
    lines, head = header_lines(provenance.trial, words)
    n_patients = sum(1 for _ in courses[0].of_kind(Kind.DOSED))
    heights = [head, 1.5, 3.1, 0.8 + 0.115 * max(10, min(n_patients, MOST_PATIENTS))]
    figure = Drawn(figsize=(SHEET_WIDTH, sum(heights)), layout="constrained")
    above, top, middle, below = figure.subfigures(4, 1, height_ratios=heights, squeeze=False)[:, 0]
    write_header(above, "Trials in time", lines, trial=provenance.trial, page="", inches=head)
    duration = top.add_subplot()
    draw_distribution(duration, one.timeline)
    title = row_title(one.scenario.name, one.scenario.p_dlt, SHEET_WIDTH - 0.7, 7.5)
    title_across(duration, title, 7.5)
    accrual, level = middle.subplots(2, 1, sharex=True)
    plot_progress(courses, level_names=names, axes=(accrual, level))
    accrual.legend(loc="upper left")
    if 1 <= n_patients <= MOST_PATIENTS:
        swimmer = below.add_subplot()
        draw_swimmer(swimmer, courses[0], protocol.dlt.window_days or 0, first_lines(names))
        swimmer.set_title(f"Simulated trial 1: {say_end(courses[0], names)}")
        swimmer.legend(loc="lower left")
    return figure


def picture_timeline(question: Question, one: Timed) -> Picture:
    """Draw the page of one scenario, and say what there is to see."""
    (page,), _ = plot_timelines(question, [one])
    return Picture(page, _say(one))


def figures_of_timelines(question: Question, results: Sequence[Timed]) -> Iterator[Figure]:
    """Yield a figure a scenario, drawn when asked for."""
    for one in results:
        yield Figure(
            f"Trials in time under {one.scenario.name}",
            _say(one),
            partial(_write, question, one),
        )


def _write(question: Question, one: Timed, form: str) -> bytes:
    return picture_timeline(question, one).write(form)


def _say(one: Timed) -> str:
    """Say what there is to see."""
    decision, last = one.timeline.t_decision, one.timeline.t_last
    (low, _), (_, _), (middle, _), (_, _), (high, _) = decision.quantiles()
    return (
        "The distribution of the days to the last decision and to the last outcome; patients dosed "
        "and the level of the trials that go on, by day; and one simulated trial, a row a patient. "
        f"Half of the trials make the last decision by day {middle:.0f}, nine of ten between day "
        f"{low:.0f} and day {high:.0f}; the last outcome comes on day {last.moments.mean:.0f} on "
        "average."
    )
