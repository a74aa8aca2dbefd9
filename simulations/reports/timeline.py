"""Trials in time as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from simulations.engines.characteristics import correct_level
from simulations.engines.timeline.moments import Moments
from simulations.engines.timeline.result import Timeline
from simulations.questions.in_time import Timed
from simulations.questions.question import BESIDE_ESCALATION, Question
from simulations.reports.timeline_beside import beside_figures, beside_tables
from simulations.reports.timing import describe_accrual, list_assumptions
from simulations.scenarios.scenario import Scenario
from simulations.timing.file import timing_document
from simulations.words import say_error

__all__ = ["TIMELINE_COLUMNS", "durations_table", "timeline_rows", "view_timelines"]

TIMELINE_COLUMNS = {
    "scenario": "name of the scenario",
    "design": "name of the design",
    "accrual": "whether a patient who finds no free place is lost (lose) or waits (wait)",
    "figure": "what is counted or measured",
    "level": "label of the dose level; empty for the whole trial",
    "mean": "mean over the trials; of a probability, the share of the trials",
    "mean_mcse": "its Monte Carlo standard error",
    "sd": "standard deviation over the trials; empty for a probability",
    "sd_mcse": "its Monte Carlo standard error",
    "q05": "5 % quantile over the trials, of durations",
    "q05_mcse": "its Monte Carlo standard error",
    "q25": "25 % quantile",
    "q25_mcse": "its Monte Carlo standard error",
    "q50": "median",
    "q50_mcse": "its Monte Carlo standard error",
    "q75": "75 % quantile",
    "q75_mcse": "its Monte Carlo standard error",
    "q95": "95 % quantile",
    "q95_mcse": "its Monte Carlo standard error",
    "trials": "trials simulated",
    "seed": "seed of the random numbers",
    "digest": "digest of the protocol",
}
_NO_QUANTILES = [""] * 10
_SHORT = {  # of what ``FIGURES`` says in full
    "n_patients": "patients dosed",
    "n_dlts": "DLTs",
    "n_decisions": "decisions",
    "n_partial": "decisions on partial data",
    "n_arrived": "patients who came",
    "n_screen_failures": "who failed screening",
    "n_turned_away": "who found no place, and are lost",
    "n_waited": "who waited to be dosed",
    "waiting_days": "days that they waited, added up",
    "n_still_waiting": "who still waited at the end",
    "n_dropped_out": "lost before the window closed",
    "n_not_manufactured": "nothing to give",
    "n_dose_not_reached": "another dose than the level's",
    "idle_days": "days with nobody in the DLT window",
    "suspended_days": "days without a free place",
    "cost": "cost",
}
# what stands on the page even where it is always 0
_ALWAYS = ("n_patients", "n_dlts", "n_decisions", "idle_days", "suspended_days")


def view_timelines(
    question: Question,
    results: Sequence[Timed],
    by: Sequence[float] = (),
    target: float | None = None,
) -> View:
    """Return the view; ``by`` are days of which P(finished by then) is asked."""
    return View(
        page=partial(_page, question, results, by, target),
        document=partial(_document, question, results, by, target),
        rows=partial(timeline_rows, question, results, by),
        columns=TIMELINE_COLUMNS,
    )


def durations_table(results: Sequence[Timed]) -> Table:
    """Return a row a scenario: days to the last decision."""
    rows = [["days to the last decision", "mean", "", "SD", "5 %", "median", "95 %", "accrual"]]
    for scenario, timeline in results:
        moments, (low, _, middle, _, high) = timeline.t_decision.moments, _quantiles(timeline)
        row = [scenario.name, f"{moments.mean:.1f}", say_error(moments.se, 2), f"{moments.sd:.1f}"]
        rows.append([*row, *(f"{q:.0f}" for q in (low, middle, high)), timeline.timing.accrual])
    return Table(rows)


def _quantiles(timeline: Timeline) -> list[float]:
    return [q for q, _ in timeline.t_decision.quantiles()]


def _page(
    question: Question, results: Sequence[Timed], by: Sequence[float], target: float | None
) -> Iterator[Block]:
    protocol, timing = question.protocol, results[0].timeline.timing
    yield question.origin(beside=BESIDE_ESCALATION, timed=True)
    if protocol.unit is not None:
        yield Paragraph(f"Levels with their doses in {protocol.unit}; P(DLT) is assumed.")
    run = results[0].timeline
    yield Paragraph(
        f"Trials in time: {run.trials:,} simulated a scenario, seed {run.seed}; standard errors in "
        "brackets. Days are counted from the opening of the trial.",
        "  ",
    )
    yield from question.assumptions()
    yield GAP
    yield list_assumptions(timing, protocol)
    for scenario, timeline in results:
        yield GAP
        yield Heading(f"Scenario {scenario.name}")
        if not scenario.is_monotone:
            yield Paragraph("P(DLT) falls from one level to a higher one.")
        yield _durations(timeline)
        yield GAP
        yield _levels(scenario, timeline, protocol.short_names)
        yield GAP
        yield _others(timeline)
        yield from beside_tables(timeline, protocol.short_names)
        yield Paragraph(f"{describe_accrual(timing).capitalize()}.")
        if target is not None:
            yield Paragraph(_correct(scenario, timeline, protocol.short_names, target))
        for day in by:
            p, error = timeline.p_finished_by(day)
            yield Paragraph(
                f"The last decision is made by day {day:g} in {100 * p:.1f} % of trials "
                f"{say_error(100 * error, 2)}."
            )
        if timeline.n_unfinished:
            yield Paragraph(
                f"In {100 * timeline.p_unfinished:.2f} % of trials patients ran out before the "
                "end; durations are those of the others."
            )


def _p_correct(timeline: Timeline, level: int | None) -> float:
    return timeline.p_no_mtd if level is None else float(timeline.p_select[level])


def _correct(scenario: Scenario, timeline: Timeline, names: Sequence[str], target: float) -> str:
    level = correct_level(scenario.p_dlt, target)
    p = _p_correct(timeline, level)
    which = "no MTD, as every P(DLT) is above"
    if level is not None:
        which = f"level {names[level]}, whose P(DLT) is nearest to"
    shown = f"{100 * p:.2f} % {say_error(100 * timeline.se_of_share(p), 2)}"
    return f"Correct is {which} {target:g}; correct selection: {shown}."


def _durations(timeline: Timeline) -> Table:
    rows = [["days", "mean", "", "SD", "5 %", "25 %", "median", "75 %", "95 %"]]
    for name, found in (("last decision", timeline.t_decision), ("last outcome", timeline.t_last)):
        moments = found.moments
        row = [name, f"{moments.mean:.1f}", say_error(moments.se, 2), f"{moments.sd:.1f}"]
        rows.append([*row, *(f"{q:.0f}" for q, _ in found.quantiles())])
    return Table(rows)


def _levels(scenario: Scenario, timeline: Timeline, names: Sequence[str]) -> Table:
    rows = [["level", "P(DLT)", "MTD %", "", "patients", "", "DLTs", "", "days", ""]]
    for level, name in enumerate(names):
        row = [name, f"{scenario.p_dlt[level]:.3g}", *_share(timeline, timeline.p_select[level])]
        for moments in (timeline.patients[level], timeline.dlts[level], timeline.days[level]):
            row += [f"{moments.mean:.2f}", say_error(moments.se)]
        rows.append(row)
    for name, p in (
        ("no MTD", timeline.p_no_mtd),
        ("not determined", timeline.p_inconclusive),
        ("unfinished", timeline.p_unfinished),
    ):
        if p or name == "no MTD":
            rows.append([name, "", *_share(timeline, p)])
    return Table(rows)


def _share(timeline: Timeline, p: float) -> list[str]:
    return [f"{100 * p:.2f}", say_error(100 * timeline.se_of_share(p), 2)]


def _others(timeline: Timeline) -> Table:
    """Return the other figures, without those of what cannot happen under the assumptions."""
    rows = [["in the whole trial", "mean", "", "SD"]]
    for name, figure in timeline.figures.items():
        if name in _ALWAYS or figure.mean or figure.sd:
            rows.append(
                [_SHORT[name], f"{figure.mean:.2f}", say_error(figure.se), f"{figure.sd:.2f}"]
            )
    return Table(rows)


def _document(
    question: Question, results: Sequence[Timed], by: Sequence[float], target: float | None
) -> dict[str, Any]:
    shown, timing = [], results[0].timeline.timing
    for scenario, timeline in results:
        one: dict[str, Any] = {
            "scenario": scenario.name,
            "p_dlt": list(scenario.p_dlt),
            "accrual": timing.accrual,
            **timeline.to_dict(),
        }
        if by:
            finished = [(day, *timeline.p_finished_by(day)) for day in by]
            one["p_finished_by"] = [{"day": d, "p": p, "se": error} for d, p, error in finished]
        if target is not None:
            level = correct_level(scenario.p_dlt, target)
            one["correct_level"] = None if level is None else question.protocol.labels[level]
            one["pcs"] = _p_correct(timeline, level)
        shown.append(one)
    return question.heading(beside=BESIDE_ESCALATION) | {
        "timing": timing_document(timing),
        "results": shown,
    }


def timeline_rows(
    question: Question, results: Sequence[Timed], by: Sequence[float] = (), label: str | None = None
) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, then a row a scenario and figure, with its level if any."""
    yield tuple(TIMELINE_COLUMNS)
    protocol = question.protocol
    for scenario, timeline in results:
        named = (scenario.name, label or protocol.design.name, timeline.timing.accrual)
        rests_on = (timeline.trials, timeline.seed, protocol.digest)
        for figure, level, values in _figures(timeline, protocol.labels, by):
            yield (*named, figure, level, *values, *rests_on)


def _figures(
    timeline: Timeline, labels: Sequence[object], by: Sequence[float]
) -> Iterator[tuple[str, object, tuple[object, ...]]]:
    """Yield each figure's name, level, and values from its mean to its quantiles."""

    def share(p: float) -> tuple[object, ...]:
        return (p, timeline.se_of_share(p), "", "", *_NO_QUANTILES)

    for label, p in zip(labels, timeline.p_select.tolist(), strict=True):
        yield "p_select", label, share(p)
    yield "p_no_mtd", "", share(timeline.p_no_mtd)
    yield "p_inconclusive", "", share(timeline.p_inconclusive)
    yield "p_unfinished", "", share(timeline.p_unfinished)
    for name, durations in (("t_decision", timeline.t_decision), ("t_last", timeline.t_last)):
        quantiles = (number for pair in durations.quantiles() for number in pair)
        yield name, "", (*_moments(durations.moments), *quantiles)
    for name in ("patients", "dlts", "days"):
        by_level: Sequence[Moments] = getattr(timeline, name)
        for label, moments in zip(labels, by_level, strict=True):
            yield name, label, (*_moments(moments), *_NO_QUANTILES)
    for name, moments in timeline.figures.items():
        yield name, "", (*_moments(moments), *_NO_QUANTILES)
    for name, label, moments in beside_figures(timeline, labels):
        yield name, label, (*_moments(moments), *_NO_QUANTILES)
    for day in by:
        yield f"p_finished_by_{day:g}", "", (*timeline.p_finished_by(day), "", "", *_NO_QUANTILES)


def _moments(moments: Moments) -> tuple[object, ...]:
    return (moments.mean, moments.se, moments.sd, moments.se_sd)
