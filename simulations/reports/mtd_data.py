"""The data sets at the MTD as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from escalation.binomial import percent
from escalation.outcomes import format_outcomes
from escalation.reports.view import GAP, Block, Paragraph, Table, View
from simulations.questions.mtd_data import MtdData
from simulations.questions.question import Question, describe_p_moderate

__all__ = ["view_mtd_data"]

COLUMNS = {
    "n_evaluable": "evaluable patients at the MTD",
    "n_dlts": "those of them with a DLT",
    "confidence": "level of the limits, 0 to 1",
    "clopper_pearson_low": "exact lower limit of P(DLT), 0 to 1",
    "clopper_pearson_high": "exact upper limit",
    "wilson_low": "lower limit of Wilson",
    "wilson_high": "upper limit of Wilson",
    "upper_one_sided": "exact one-sided upper limit",
    "probability": "of the data set, of all trials, 0 to 1; empty without a scenario",
    "given_mtd": "of those that declare an MTD",
}


def view_mtd_data(
    question: Question, found: Sequence[MtdData], outcomes: dict[str, Any], confidence: float
) -> View:
    """Return the view; ``outcomes`` is what the document says of the outcomes so far."""
    return View(
        page=partial(_page, question, found, confidence),
        document=lambda: _document(question, found, confidence) | outcomes,
        rows=partial(_rows, found, confidence),
        columns=COLUMNS,
    )


def _page(question: Question, found: Sequence[MtdData], confidence: float) -> Iterator[Block]:
    yield question.origin()
    if question.cohorts:
        yield Paragraph(f"Continuing from {format_outcomes(question.cohorts)}.", "  ")
    scenario = question.scenario
    if scenario is not None:
        yield Paragraph(f"Scenario {scenario.name}: exact probabilities.", "  ")
        if question.p_moderate is not None:
            yield Paragraph(f"{describe_p_moderate(question.p_moderate)}.", "  ")
    if not found:
        yield Paragraph("No trial can end with an MTD.")
        return
    yield GAP
    yield Paragraph(f"Limits for P(DLT) at the MTD, {100 * confidence:.12g} %")
    yield GAP
    asked = ["P %", "given MTD %"] if scenario is not None else []
    head = ["DLTs", "of", "exact", "Wilson", "one-sided upper", *asked]
    yield Table([head, *map(_row, found)])
    if scenario is not None:
        yield GAP
        yield Paragraph(f"An MTD is declared in {100 * _p_mtd(found):.2f} % of trials.")


def _row(data: MtdData) -> list[str]:
    row = [str(data.n_dlts), str(data.n_evaluable)]
    if data.limits is None:
        row += ["-"] * 3
    else:
        limits = (data.limits.clopper_pearson, data.limits.wilson, (data.limits.upper_one_sided,))
        row += [f"{percent(*each)} %" for each in limits]
    if data.probability is not None:
        row.append(f"{100 * data.probability:.2f}")
        row.append("-" if data.given_mtd is None else f"{100 * data.given_mtd:.2f}")
    return row


def _document(question: Question, found: Sequence[MtdData], confidence: float) -> dict[str, Any]:
    scenario = question.scenario
    return {
        **question.heading(),
        "confidence": confidence,
        "scenario": scenario and {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
        "p_mtd": None if scenario is None else _p_mtd(found),
        "mtd_data": [
            {
                "n_evaluable": data.n_evaluable,
                "n_dlts": data.n_dlts,
                "p_dlt_limits": data.limits and asdict(data.limits),
                "probability": data.probability,
                "given_mtd": data.given_mtd,
            }
            for data in found
        ],
    }


def _rows(found: Sequence[MtdData], confidence: float) -> Iterator[Sequence[object]]:
    yield tuple(COLUMNS)
    for data in found:
        limits: list[float | str] = [""] * 5
        if data.limits is not None:
            given = data.limits
            limits = [*given.clopper_pearson, *given.wilson, given.upper_one_sided]
        counts = (data.n_evaluable, data.n_dlts, confidence)
        yield [*counts, *limits, data.probability, data.given_mtd]


def _p_mtd(found: Sequence[MtdData]) -> float:
    return sum(data.probability or 0.0 for data in found)
