"""Where two designs part, and what that contributes, as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from escalation.designs import Clause
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from simulations.compare.differences import (
    DesignDifference,
    Figure,
    Parting,
    ScenarioDifference,
)
from simulations.compare.metrics import target_interval
from simulations.compare.result import Contender, short_labels
from simulations.questions.question import Question
from simulations.reports.comparison import comparison_heading, contenders_page
from simulations.scenarios.scenario import Scenario
from simulations.words import in_words, scaled

__all__ = ["figures_by_name", "view_differences"]

SHOWN = 3  # data sets for each reason in the text; all are in JSON and CSV
SMALLEST = 1e-12  # contributions below are rounding

Results = Sequence[ScenarioDifference]


def view_differences(
    question: Question,
    contenders: Sequence[Contender],
    found: DesignDifference,
    results: Results,
    *,
    target: float,
    interval: tuple[float, float] | None,
    by: Figure | None,
) -> View:
    """Return the view.

    Parameters
    ----------
    question : Question
    contenders : sequence of Contender
        Two.
    found : DesignDifference
    results : sequence of ScenarioDifference
        One for each scenario of the question.
    target : float
    interval : (float, float) or None
        As in ``metrics.target_interval``.
    by : Figure or None
        What the page explains; by default the selection that differs most.
    """
    limits = target_interval(target, interval)
    return View(
        page=partial(_page, question, contenders, found, results, by),
        document=lambda: {
            **comparison_heading(question, contenders, target, limits),
            **_partings(found, question.protocol),
            "results": [
                _result(scenario, under, question.protocol)
                for scenario, under in zip(question.scenarios, results, strict=True)
            ],
        },
        rows=partial(_rows, question, found, results),
    )


def figures_by_name(under: ScenarioDifference, ladder: Protocol) -> dict[str, Figure]:
    """Return the figures by what ``--by`` and JSON call them."""
    return {
        figure.name
        if figure.level is None
        else f"{figure.name}:{ladder.labels[figure.level]}": figure
        for figure in under.figures
    }


def _largest(under: ScenarioDifference) -> Figure:
    """Return the P(select) that differs most."""
    selected = [figure for figure in under.figures if figure.name == "p_select"]
    return max(selected, key=lambda figure: abs(under.difference[under.figures.index(figure)]))


def _data(parting: Parting, ladder: Protocol) -> str:
    """Write a data set: ``1: 0/3, 2: 1/3``, the levels given only, with moderate toxicities."""
    return ", ".join(
        f"{label}: {tally.n_dlts}/{tally.n_evaluable}"
        + f" and {tally.n_moderate} moderate" * (tally.n_moderate > 0)
        for label, tally in zip(ladder.labels, parting.tallies, strict=True)
        if tally.n_evaluable
    )


def _last(parting: Parting, found: DesignDifference) -> str:
    """Write the last cohort where it counts for one of the designs; nothing elsewhere."""
    last = parting.last
    return f"{last.n_dlts}/{last.n_evaluable}" if found.remembers and last.n_evaluable else ""


def _partings(found: DesignDifference, ladder: Protocol) -> dict[str, Any]:
    return {
        "data_sets": {
            "both": found.n_shared,
            "first_only": found.n_only_first,
            "second_only": found.n_only_second,
        },
        "partings": [
            {
                "data": _data(parting, ladder),
                "levels": [
                    {
                        "level": label,
                        "n_evaluable": tally.n_evaluable,
                        "n_dlts": tally.n_dlts,
                        **({"n_moderate": tally.n_moderate} if found.asks_moderate else {}),
                    }
                    for label, tally in zip(ladder.labels, parting.tallies, strict=True)
                ],
                "current_level": ladder.labels[parting.level],
                **({"last_cohort": _last(parting, found)} if found.remembers else {}),
                "decisions": [answer(ladder, decision) for decision in parting.decisions],
            }
            for parting in found.partings
        ],
    }


def _result(scenario: Scenario, under: ScenarioDifference, ladder: Protocol) -> dict[str, Any]:
    """Return one scenario's differences; partings in the order of the list above them."""
    names = list(figures_by_name(under, ladder))
    return {
        "scenario": {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
        "figures": {
            name: {"first": float(first), "second": float(second), "difference": float(gap)}
            for name, first, second, gap in zip(names, *under.totals, under.difference, strict=True)
        },
        "partings": [
            {
                "p_met": float(p_met),
                "contributions": dict(zip(names, contributions.tolist(), strict=True)),
            }
            for p_met, contributions in zip(under.p_met, under.contributions, strict=True)
        ],
    }


def _rows(
    question: Question, found: DesignDifference, results: Results
) -> Iterator[Sequence[object]]:
    ladder = question.protocol
    place = ("scenario", "data", "current_level", "last_cohort")
    yield [*place, "first", "second", "p_met", *figures_by_name(results[0], ladder)]
    for scenario, under in zip(question.scenarios, results, strict=True):
        for parting, p_met, row in zip(
            found.partings, under.p_met.tolist(), under.contributions.tolist(), strict=True
        ):
            said = [describe_decision(decision, ladder) for decision in parting.decisions]
            level, last = ladder.labels[parting.level], _last(parting, found)
            yield [scenario.name, _data(parting, ladder), level, last, *said, p_met, *row]


def _page(
    question: Question,
    contenders: Sequence[Contender],
    found: DesignDifference,
    results: Results,
    by: Figure | None,
) -> Iterator[Block]:
    labels = short_labels([one.label for one in contenders])
    yield from contenders_page(question, contenders)
    yield _counts(found, labels)
    for scenario, under in zip(question.scenarios, results, strict=True):
        p_dlt = " ".join(f"{p:.3g}" for p in scenario.p_dlt)
        met = f"{100 * under.p_met.sum():.2f} %"
        yield GAP
        yield Heading(f"Scenario {scenario.name}")
        yield Paragraph(f"P(DLT) {p_dlt}; a trial parts with probability {met}")
        yield GAP
        yield _totals(question.protocol, under, labels)
        if found.partings:
            yield from _reasons(question.protocol, found, under, by or _largest(under), labels)


def _counts(found: DesignDifference, labels: Sequence[str]) -> Paragraph:
    if not found.partings:
        return Paragraph("The designs do the same wherever a trial can come: they never part.")
    n = len(found.partings)
    return Paragraph(
        f"They part at {n} data set{'s' * (n != 1)}. Of all data sets {found.n_shared} can be met "
        f"under both, {found.n_only_first} under {labels[0]} alone, {found.n_only_second} under "
        f"{labels[1]} alone. A change is {labels[1]} minus {labels[0]}; all is exact.",
        "  ",
    )


def _reasons(
    ladder: Protocol,
    found: DesignDifference,
    under: ScenarioDifference,
    figure: Figure,
    labels: Sequence[str],
) -> Iterator[Block]:
    """Yield what the partings contribute to a figure, by the clauses that part."""
    column = under.figures.index(figure)
    parts = under.contributions[:, column]
    reasons: dict[tuple[Clause, ...], list[int]] = {}
    for place in np.argsort(-np.abs(parts), kind="stable").tolist():
        if abs(parts[place]) > SMALLEST:
            clauses = tuple(decision.clause for decision in found.partings[place].decisions)
            reasons.setdefault(clauses, []).append(place)
    yield GAP
    total = _show(figure, under.difference[column], sign=True)
    yield Paragraph(f"{_say(figure, ladder)}: {total} in all")
    for clauses, places in sorted(reasons.items(), key=lambda one: -abs(parts[one[1]].sum())):
        n = len(places)
        yield GAP
        yield Paragraph(
            f"{_show(figure, parts[places].sum(), sign=True)} from {n} data set{'s' * (n != 1)}, "
            f"met with probability {100 * under.p_met[places].sum():.3g} %, where"
        )
        for label, clause in zip(labels, clauses, strict=True):
            yield Paragraph(f"  {label}: {clause.text}", "    ")
        for place in places[:SHOWN]:
            parting = found.partings[place]
            data = _data(parting, ladder) or "nobody treated"
            last = _last(parting, found)
            yield Paragraph(
                f"  {_show(figure, parts[place], sign=True)} ({100 * under.p_met[place]:.3g} %)  "
                f"{data}, at level {ladder.labels[parting.level]}"
                + f", the last cohort {last}"
                * bool(last),
                "      ",
            )
            said = (
                f"{label}: {describe_decision(decision, ladder)}"
                for label, decision in zip(labels, parting.decisions, strict=True)
            )
            yield Paragraph(f"      {' '.join(said)}", "        ")
        if n > SHOWN:
            yield Paragraph(f"  and {n - SHOWN} more, in --json and --csv")


def _totals(ladder: Protocol, under: ScenarioDifference, labels: Sequence[str]) -> Table:
    rows = [["", *labels, "change"]]
    for figure, first, second in zip(under.figures, *under.totals, strict=True):
        if figure.name == "p_inconclusive" and not first and not second:
            continue
        shown = [_show(figure, first), _show(figure, second)]
        rows.append([_say(figure, ladder), *shown, _show(figure, second - first, sign=True)])
    return Table(rows)


def _say(figure: Figure, ladder: Protocol) -> str:
    level_name = None if figure.level is None else ladder.short_names[figure.level]
    return in_words(figure.name, level_name, unit=True)


def _show(figure: Figure, value: float, *, sign: bool = False) -> str:
    return f"{scaled(figure.name, value):{'+' if sign else ''}.3f}"
