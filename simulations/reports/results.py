"""Operating characteristics as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import isnan
from typing import Any

from escalation.protocol import Protocol
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from simulations.engines.characteristics import OperatingCharacteristics, correct_level
from simulations.engines.results import ScenarioResult
from simulations.questions.question import BESIDE_ESCALATION, Question
from simulations.reports.beside import BESIDE, beside_blocks, beside_cells
from simulations.reports.rests_on import RESTS_ON, rests_on
from simulations.words import is_share, say_error, scaled

__all__ = ["describe_columns", "found_beside", "result_rows", "summary_table", "view_results"]

COLUMNS = {
    "scenario": "name of the scenario",
    "design": "name of the design",
    "method": "exact, or monte_carlo",
    "level": "label of the dose level",
    "dose": "dose at the level, in the protocol's unit",
    "p_dlt": "true P(DLT) assumed at the level, 0 to 1",
    "p_select": "probability that the level is declared the MTD, 0 to 1; empty where it is left "
    "out",
    "p_select_mcse": "its Monte Carlo standard error; empty where exact",
    "patients": "expected patients at the level",
    "patients_mcse": "its Monte Carlo standard error, patients",
    "dlts": "expected patients with a DLT at the level",
    "dlts_mcse": "its Monte Carlo standard error, patients",
    "p_no_mtd": "probability that the trial ends with no MTD, 0 to 1; of the whole trial",
    "p_inconclusive": "probability that the MTD is not determined, 0 to 1; of the whole trial",
    "sample_size": "expected patients in the whole trial",
    "total_dlts": "expected patients with a DLT in the whole trial",
}
_AGAINST_TARGET = {
    "pcs": "probability of correct selection at the target, 0 to 1; of the whole trial",
    "p_overdose": "probability that a level with P(DLT) above the target is declared the MTD, "
    "0 to 1; of the whole trial",
}


def view_results(
    question: Question,
    results: Sequence[ScenarioResult],
    target: float | None,
    outcomes: dict[str, Any],
) -> View:
    """Return the view; ``outcomes`` is what the document says of the outcomes so far."""
    return View(
        page=partial(_page, question, results, target),
        document=lambda: _document(question, results, target) | outcomes,
        rows=partial(result_rows, question, results, target),
        columns=describe_columns([question.protocol]),
        brief=partial(_brief, question.protocol, results, target),
    )


def _brief(
    protocol: Protocol, results: Sequence[ScenarioResult], target: float | None
) -> Iterator[Block]:
    """Yield what the design selects, a row a scenario, where there are several."""
    if len(results) > 1:
        named = [(protocol.design.name, result) for result in results]
        table = summary_table(named, list(map(str, protocol.labels)), target)
        yield replace(table, caption="What the design selects, and at what cost, by scenario")


def describe_columns(protocols: Iterable[Protocol]) -> dict[str, str]:
    """Return what each column of ``result_rows`` is, the doses with their unit."""
    units = " or ".join(dict.fromkeys(protocol.unit for protocol in protocols if protocol.unit))
    dose = f"dose at the level, in {units}" if units else "dose at the level; none is known"
    return COLUMNS | _AGAINST_TARGET | {"dose": dose} | BESIDE | RESTS_ON


def _page(
    question: Question, results: Sequence[ScenarioResult], target: float | None
) -> Iterator[Block]:
    protocol = question.protocol
    yield question.origin(beside=found_beside(results))
    if protocol.unit is not None:
        yield Paragraph(f"Levels with their doses in {protocol.unit}; P(DLT) is assumed.")
    run = results[0].monte_carlo
    if run is not None:
        yield Paragraph(
            f"Monte Carlo: {run.trials:,} trials a scenario, {run.draws} draws, seed {run.seed}; "
            "standard errors in brackets.",
            "  ",
        )
    else:
        yield Paragraph("All figures are exact.")
    if not results[0].best.selects:
        yield Paragraph(
            "Which MTD is selected is left out: it rests on the tallies of all levels together, "
            "and there are too many; patients, DLTs and stopping are found level by level. "
            "--method monte-carlo simulates it.",
            "  ",
        )
    yield from question.assumptions()
    for result in results:
        yield GAP
        yield Heading(f"Scenario {result.scenario.name}")
        if not result.scenario.is_monotone:
            yield Paragraph("P(DLT) falls from one level to a higher one.")
        yield from _result(result, protocol.short_names, target)
        yield from beside_blocks(result, protocol)
        yield from _planned(question, result)
    yield GAP
    yield Paragraph(
        f"Level {protocol.labels[-1]} is the highest on the ladder: where it is declared the MTD, "
        "a higher dose might be tolerated too."
    )


def summary_table(
    results: Sequence[tuple[str, ScenarioResult]],
    labels: Sequence[str],
    target: float | None,
) -> Table:
    """Return one row a result, by design and scenario: what is selected, and at what cost.

    Parameters
    ----------
    results : sequence of (str, ScenarioResult)
        Each with the name of its design, which is left out where all are of one.
    labels : sequence of str
        The levels', lowest first.
    target : float or None
        Adds correct selection, and selection above the target.
    """
    several = len({name for name, _ in results}) > 1
    undetermined = any(result.best.p_inconclusive for _, result in results)
    asked = ["correct %", "above target %"] if target is not None else []
    head = ["scenario", *["design"] * several, *(f"MTD {label} %" for label in labels)]
    head += ["no MTD %", *["not determined %"] * undetermined, *asked, "mean n", "DLTs"]
    rows = [head]
    for name, result in results:
        found = result.best
        shares = [*found.p_select.tolist(), found.p_no_mtd]
        shares += [found.p_inconclusive] * undetermined
        if target is not None:
            shares += found.against_target(result.scenario.p_dlt, target).values()
        means = (found.sample_size.mean, found.total_dlts.mean)
        rows.append([
            *(result.scenario.name, *[name] * several),
            *("-" if isnan(share) else f"{100 * share:.1f}" for share in shares),
            *(f"{mean:.2f}" for mean in means),
        ])  # fmt: skip
    return Table(rows, left=range(1 + several))


def _result(
    result: ScenarioResult, level_names: Sequence[str], target: float | None
) -> Iterator[Block]:
    """Yield one scenario's figures, a row a level, exact and simulated side by side.

    Probabilities are percentages; a simulated figure is followed by its Monte Carlo standard
    error, or by (-) where none or all of the trials do not tell one.
    """
    document = result.to_dict(target)
    names = [name for name in ("exact", "monte_carlo") if name in document]
    engines = [document[name] for name in names]
    head = ["level", "P(DLT)"]
    for figure in ("MTD %", "mean n", "DLTs"):
        head += [figure if name == names[0] else "simulated" for name in names]
    rows = [head]
    for level, name in enumerate(level_names):
        row = [name, f"{result.scenario.p_dlt[level]:.3g}"]
        for key in ("p_select", "patients", "dlts"):
            row += [_cell(engine, key, level) for engine in engines]
        rows.append(row)
    if result.best.selects:
        rows.append(["no MTD", "", *(_cell(engine, "p_no_mtd") for engine in engines)])
    else:
        rows.append(["stopped early", "", *(_cell(engine, "p_stopped") for engine in engines)])
    if any(engine["p_inconclusive"] for engine in engines):
        undetermined = (_cell(engine, "p_inconclusive") for engine in engines)
        rows.append(["not determined", "", *undetermined])
    totals = ["total", "", *("" for _ in engines)]
    for key in ("sample_size", "total_dlts"):
        totals += [_cell(engine, key, "mean") for engine in engines]
    rows.append(totals)
    yield Table(rows)
    yield Paragraph(_spread(result.best))
    if target is not None and result.best.selects:
        yield from map(Paragraph, _against_target(result, level_names, target, engines))


def _cell(engine: dict[str, Any], key: str, part: int | str | None = None) -> str:
    """Show one figure, a share as a percentage, with its standard error where it has one."""
    figure, error = engine[key], engine.get("mcse", {}).get(key)
    if part is not None:
        figure, error = figure[part], error and error[part]
    if figure is None:
        return "-"
    shown, digits = f"{scaled(key, figure):.2f}", 2 if is_share(key) else 3
    if error is None:
        return shown
    return f"{shown} {say_error(scaled(key, error), digits)}"


def _against_target(
    result: ScenarioResult,
    level_names: Sequence[str],
    target: float,
    engines: Sequence[dict[str, Any]],
) -> list[str]:
    p_dlt = result.scenario.p_dlt
    correct = correct_level(p_dlt, target)
    if correct is None:
        what = f"no MTD: every P(DLT) is above {target:g}"
    else:
        what = f"level {level_names[correct]}: P(DLT) {p_dlt[correct]:g} is nearest to {target:g}"
    pcs, overdose = (
        " / ".join(_cell(engine, key) for engine in engines) for key in _AGAINST_TARGET
    )
    return [
        f"correct is {what}",
        f"correct selection: {pcs} %",
        f"a level above the target selected: {overdose} %",
    ]


def _spread(found: OperatingCharacteristics) -> str:
    size = found.sample_size
    low, median, high = (size.quantile(q) for q in (0.05, 0.5, 0.95))
    what = "patients to come" if found.continued else "sample size"
    return (
        f"{what}: SD {size.sd:.2f}, median {median}, 5 % to 95 % {low} to {high}; "
        f"DLTs: SD {found.total_dlts.sd:.2f}"
    )


def _planned(question: Question, result: ScenarioResult) -> Iterator[Block]:
    """Say how likely more patients are than the protocol plans."""
    planned, p_more = question.protocol.planned_patients, _p_more_than_planned(question, result)
    if p_more is None:
        return
    of_which = ""
    if result.with_expansion is not None:
        of_which = ", in escalation and expansion"
    elif result.backfill is not None or result.expansion is not None:
        of_which = ", in the escalation alone"
    yield Paragraph(f"more than the {planned} patients planned{of_which}: {100 * p_more:.2f} %")


def _p_more_than_planned(question: Question, result: ScenarioResult) -> float | None:
    """Return P(more patients than planned), with the expansion where it is known; else None."""
    planned = question.protocol.planned_patients
    if planned is None:
        return None
    n_so_far = sum(cohort.tally.n_evaluable for cohort in question.cohorts)
    patients = result.best.sample_size if result.with_expansion is None else result.with_expansion
    return patients.p_above(planned - n_so_far)


def found_beside(results: Sequence[ScenarioResult]) -> list[str]:
    """Return of what figures are beside the escalation."""
    return [name for name in BESIDE_ESCALATION if any(getattr(one, name) for one in results)]


def _document(
    question: Question, results: Sequence[ScenarioResult], target: float | None
) -> dict[str, Any]:
    document = question.heading(beside=found_beside(results)) | {
        "results": [result.to_dict(target) for result in results]
    }
    for result, shown in zip(results, document["results"], strict=True):
        p_more = _p_more_than_planned(question, result)
        if p_more is not None:
            shown["planned_patients"] = question.protocol.planned_patients
            shown["p_more_than_planned"] = p_more
            both = ["escalation", "expansion"]
            shown["planned_patients_are_of"] = both[: 1 + (result.with_expansion is not None)]
    if target is not None:
        document["target"] = target
        for result, shown in zip(results, document["results"], strict=True):
            level = correct_level(result.scenario.p_dlt, target)
            labels = question.protocol.labels
            shown["correct_level"] = None if level is None else labels[level]
    return document


def result_rows(
    question: Question,
    results: Sequence[ScenarioResult],
    target: float | None = None,
    *,
    label: str | None = None,
    beside: bool | None = None,
) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, then a row a scenario, method and level.

    The design is called ``label``, or by its own name. ``beside`` adds the columns of backfill
    and expansion; by default where there are any. Last in each row is what it rests on.

    Probabilities are from 0 to 1; figures of the whole trial are repeated at each level, and an
    exact figure has no standard error.
    """
    protocol = question.protocol
    asked = tuple(_AGAINST_TARGET) if target is not None else ()
    if beside is None:
        beside = bool(found_beside(results))
    yield (*COLUMNS, *asked, *(BESIDE if beside else ()), *RESTS_ON)
    for result in results:
        document = result.to_dict(target)
        for method in ("exact", "monte_carlo"):
            if method not in document:
                continue
            found = document[method]
            run = result.monte_carlo if method == "monte_carlo" else None
            origin = rests_on(question, protocol.design, run)
            errors = found.get("mcse")
            for place, level in enumerate(protocol.levels):
                by_level: list[object] = []
                for key in ("p_select", "patients", "dlts"):
                    by_level += [found[key][place], "" if errors is None else errors[key][place]]
                yield (
                    *(result.scenario.name, label or protocol.design.name, method),
                    *(level.label, level.dose, result.scenario.p_dlt[place]),
                    *by_level,
                    *(found["p_no_mtd"], found["p_inconclusive"]),
                    *(found["sample_size"]["mean"], found["total_dlts"]["mean"]),
                    *(found[key] for key in asked),
                    *(beside_cells(result, place) if beside else ()),
                    *origin,
                )
