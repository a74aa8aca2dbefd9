"""Exact derivatives, and what moving one level at a time does, as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalation.protocol import Protocol
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from simulations.questions.question import Question
from simulations.questions.sensitivity import Floats, Sensitivity, Tornado
from simulations.scenarios.scenario import Scenario
from simulations.words import in_words, is_share, scaled

__all__ = ["Moved", "view_sensitivity"]

COLUMNS = {
    "scenario": "name of the scenario",
    "figure": "name of the characteristic",
    "figure_level": "label of its level; empty for the whole trial",
    "value": "under the scenario: a probability or share from 0 to 1, or patients",
    "level": "label of the level whose P(DLT) changes",
    "p_dlt": "its P(DLT), 0 to 1",
    "derivative": "change of the value for 1 of P(DLT), in the unit of the value",
    "p_low": "lower end of the band of P(DLT), of the characteristic that is moved",
    "at_low": "the value there",
    "p_high": "upper end of the band",
    "at_high": "the value there",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """One scenario: the derivatives of every characteristic, and one of them moved."""

    scenario: Scenario
    found: Sensitivity
    tornado: Tornado


def view_sensitivity(
    question: Question, results: Sequence[Moved], band: float, outcomes: dict[str, Any]
) -> View:
    """Return the view; ``outcomes`` is what the document says of the outcomes so far."""
    return View(
        page=partial(_page, question, results, band),
        document=lambda: _document(question, results, band) | outcomes,
        rows=partial(_rows, question.protocol, results),
        columns=COLUMNS,
    )


def _page(question: Question, results: Sequence[Moved], band: float) -> Iterator[Block]:
    yield question.origin()
    yield from question.assumptions()
    for result in results:
        yield from _result(question.protocol, result, band)


def _result(protocol: Protocol, result: Moved, band: float) -> Iterator[Block]:
    names, scenario, moved = protocol.short_names, result.scenario, result.tornado
    yield GAP
    yield Heading(f"Scenario {scenario.name}")
    yield Paragraph(
        "Change for +0.01 in P(DLT) of one level: of probabilities in percentage points, else in "
        "patients and DLTs."
    )
    head = [f"{label}: {p:.3g}" for label, p in zip(protocol.labels, scenario.p_dlt, strict=True)]
    yield Table([["", "now", *head], *_gradients(result.found, names)], n_labels=2)
    yield GAP
    yield Paragraph(f"{_describe(moved, names)}; with P(DLT) of one level moved by {band:g}:")
    shown = [["level", "P(DLT)", "lower", "gives", "higher", "gives"]]
    for place, name in enumerate(names):
        ends = [f"{scaled(moved.figure, at[place]):.3f}" for at in (moved.at_low, moved.at_high)]
        moves = [f"{p[place]:.3g}" for p in (moved.p_low, moved.p_high)]
        shown.append([name, f"{moved.p_dlt[place]:.3g}", moves[0], ends[0], moves[1], ends[1]])
    yield Table(shown)


def _describe(moved: Tornado, names: Sequence[str]) -> str:
    what = in_words(moved.figure, None if moved.level is None else names[moved.level])
    return f"{what}: {scaled(moved.figure, moved.value):.3f}{' %' * is_share(moved.figure)}"


def _gradients(found: Sensitivity, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield name, value and slopes of each characteristic, patients and DLTs as totals only."""
    values, slopes = found.values, found.gradients
    for level, name in enumerate(names):
        value, slope = values["p_select"][level], slopes["p_select"][level]
        yield _gradient("p_select", value, slope, name)
    shown = ["p_no_mtd", "p_inconclusive", "pcs", "p_overdose", "sample_size", "total_dlts"]
    if values["p_inconclusive"] == 0:
        shown.remove("p_inconclusive")
    for figure in shown:
        if figure in values:
            yield _gradient(figure, values[figure], slopes[figure])


def _gradient(
    figure: str, value: Floats, slope: Floats, level_name: str | None = None
) -> list[str]:
    """Return a row of the table: changes for 0.01 of P(DLT)."""
    n_digits = 2 if is_share(figure) else 3
    changes = (_signed(scaled(figure, change) / 100, n_digits) for change in slope.tolist())
    shown = f"{scaled(figure, float(value)):.2f}"
    return [in_words(figure, level_name, unit=True), shown, *changes]


def _signed(change: float, n_digits: int) -> str:
    """Write a change with its sign, and none where it is rounded to 0."""
    text = f"{change:+.{n_digits}f}"
    return text if float(text) else text[1:]


def _document(question: Question, results: Sequence[Moved], band: float) -> dict[str, Any]:
    labels = question.protocol.labels
    shown = []
    for result in results:
        scenario, found, moved = result.scenario, result.found, result.tornado
        document: dict[str, Any] = {
            "scenario": {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
            **found.to_dict(),
        }
        if found.correct is not None:
            document["correct_level"] = None if found.correct < 0 else labels[found.correct]
        document["tornado"] = {
            "of": moved.figure,
            "level": None if moved.level is None else labels[moved.level],
            "band": band,
            **moved.to_dict(),
        }
        shown.append(document)
    target = results[0].found.target
    return question.heading() | {"results": shown} | ({} if target is None else {"target": target})


def _rows(protocol: Protocol, results: Sequence[Moved]) -> Iterator[Sequence[object]]:
    """Yield a row a characteristic, its level, and the level whose P(DLT) changes.

    The derivative is for a change of P(DLT) by 1; the ends of the band are those of the one
    characteristic that is moved.
    """
    yield tuple(COLUMNS)
    labels = protocol.labels
    for result in results:
        found, moved = result.found, result.tornado
        for name, value in found.to_dict()["values"].items():
            slopes = found.gradients[name].tolist()
            by_level = (
                [(None, None, value, slopes)]
                if not isinstance(value, list)
                else zip(range(len(labels)), labels, value, slopes, strict=True)
            )
            for place, label, one, slope in by_level:
                is_moved = (name, place) == (moved.figure, moved.level)
                for level, p in enumerate(result.scenario.p_dlt):
                    ends = (
                        float(each[level])
                        for each in (moved.p_low, moved.at_low, moved.p_high, moved.at_high)
                    )
                    yield [
                        *(result.scenario.name, name, label, one, labels[level], p, slope[level]),
                        *(ends if is_moved else [None] * 4),
                    ]
