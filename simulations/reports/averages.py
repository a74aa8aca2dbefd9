"""Characteristics averaged over random curves as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalation.protocol import Protocol
from escalation.reports.view import GAP, Block, Paragraph, Table, View
from simulations.questions.averages import Averages, FigureSummary
from simulations.questions.question import Question
from simulations.words import in_words, say_error, scaled

__all__ = ["Drawn", "view_averages"]

SHOWN = (
    *("pcs", "p_overdose", "p_no_mtd", "p_inconclusive", "share_above", "dlt_rate"),
    *("patients_above", "sample_size", "total_dlts"),
)
COLUMNS = {
    "figure": "name of the characteristic",
    "correct_level": "label of the level that is correct, or no MTD; empty for all curves",
    "n_curves": "curves",
    "mean": "over the curves: a probability or share from 0 to 1, or patients",
    "mcse": "standard error of the mean, in the same unit",
    "sd": "standard deviation over the curves, in the same unit",
    "quantile_0.05": "the quantile at 0.05, in the same unit",
    "quantile_0.25": "the quantile at 0.25, in the same unit",
    "quantile_0.5": "the quantile at 0.5, in the same unit",
    "quantile_0.75": "the quantile at 0.75, in the same unit",
    "quantile_0.95": "the quantile at 0.95, in the same unit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Where the curves come from.

    Attributes
    ----------
    prior : str
    given : sequence of str
        The settings of the prior as they were typed.
    settings : mapping
        The same, read.
    n_curves, seed : int
    """

    prior: str
    given: Sequence[str]
    settings: Mapping[str, Any]
    n_curves: int
    seed: int

    def describe(self) -> str:
        """Say it in a few words."""
        changed = f" ({', '.join(self.given)})" if self.given else ""
        curves = "1 curve" if self.n_curves == 1 else f"{self.n_curves:,} curves"
        return f"{curves}, {self.prior} prior{changed}, seed {self.seed}"


def view_averages(
    question: Question, averages: Averages, drawn: Drawn, outcomes: dict[str, Any]
) -> View:
    """Return the view; ``outcomes`` is what the document says of the outcomes so far."""
    return View(
        page=partial(_page, question, averages, drawn),
        document=partial(_document, question, averages, drawn, outcomes),
        rows=partial(_rows, question.protocol, averages),
        columns=COLUMNS,
    )


def _page(question: Question, averages: Averages, drawn: Drawn) -> Iterator[Block]:
    yield question.origin()
    yield Paragraph(f"{drawn.describe()}, target {averages.target:g}; exact for each.")
    yield from question.assumptions()
    yield GAP
    yield _over_curves(averages)
    yield GAP
    yield _by_correct_level(question.protocol, averages)


def _over_curves(averages: Averages) -> Table:
    rows = [["over curves", "mean", "(se)", "5 %", "25 %", "median", "75 %", "95 %"]]
    summary = averages.summary()
    for name in SHOWN:
        if name != "p_inconclusive" or summary[name].quantiles[-1] > 0 or summary[name].mean > 0:
            rows.append([in_words(name, unit=True), *_cells(name, summary[name])])
    return Table(rows)


def _by_correct_level(protocol: Protocol, averages: Averages) -> Table:
    names = [*protocol.short_names, "no MTD"]  # NO_MTD is -1
    counts, pcs = averages.n_by_correct_level(), averages.by_correct_level("pcs")
    overdose = averages.by_correct_level("p_overdose")
    rows = [["correct level", "curves", "PCS %", "5 %", "95 %", "above target %", "5 %", "95 %"]]
    for level, of_level in pcs.items():
        row = [names[level], str(counts[level])]
        for figure in (of_level, overdose[level]):
            ends = (figure.mean, figure.quantiles[0], figure.quantiles[-1])
            row += [f"{100 * value:.2f}" for value in ends]
        rows.append(row)
    return Table(rows)


def _cells(name: str, figure: FigureSummary) -> list[str]:
    error = "(-)"
    if figure.mcse is not None:
        error = say_error(scaled(name, figure.mcse))
    shown = (f"{scaled(name, quantile):.2f}" for quantile in figure.quantiles)
    return [f"{scaled(name, figure.mean):.2f}", error, *shown]


def _document(
    question: Question, averages: Averages, drawn: Drawn, outcomes: dict[str, Any]
) -> dict[str, Any]:
    labels = [*question.protocol.labels, None]  # NO_MTD is -1
    counts = averages.n_by_correct_level()
    groups = {name: averages.by_correct_level(name) for name in ("pcs", "p_overdose")}
    return {
        **question.heading(),
        "prior": {"name": drawn.prior, "settings": dict(drawn.settings)},
        "curves": drawn.n_curves,
        "seed": drawn.seed,
        "target": averages.target,
        **outcomes,
        "figures": {name: figure.to_dict() for name, figure in averages.summary().items()},
        "by_correct_level": [
            {
                "correct_level": labels[level],
                "n_curves": counts[level],
                **{name: group[level].to_dict() for name, group in groups.items()},
            }
            for level in groups["pcs"]
        ],
    }


def _rows(protocol: Protocol, averages: Averages) -> Iterator[Sequence[object]]:
    """Yield a row a figure over all curves, then over those of each correct level."""
    yield tuple(COLUMNS)
    for name, figure in averages.summary().items():
        yield _row(name, None, averages.n_curves, figure)
    labels = [*protocol.labels, "no MTD"]  # NO_MTD is -1
    counts = averages.n_by_correct_level()
    for name in averages.summary():
        for level, figure in averages.by_correct_level(name).items():
            yield _row(name, labels[level], counts[level], figure)


def _row(name: str, level: object, n_curves: int, figure: FigureSummary) -> Sequence[object]:
    return (name, level, n_curves, figure.mean, figure.mcse, figure.sd, *figure.quantiles)
