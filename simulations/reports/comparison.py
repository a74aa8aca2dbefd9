"""Designs side by side as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from escalation.designs import describe_design, design_settings
from escalation.reports.origin import identity_document
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View
from simulations.compare.result import (
    CSV_COLUMNS,
    ComparedDesign,
    Contender,
    Difference,
    ScenarioComparison,
    benchmark_rows,
    design_rows,
    short_labels,
)
from simulations.questions.question import (
    Question,
    left_out,
    levels_document,
    say_left_out,
    say_untimed,
)
from simulations.reports.rests_on import RESTS_ON, rests_on
from simulations.words import in_words, say_error, scaled

__all__ = [
    "comparison_heading",
    "comparison_measures",
    "comparison_notes",
    "contenders_page",
    "describe_contenders",
    "over_scenarios",
    "view_comparison",
]

_SELECTION = {
    "pcs": "correct",
    "p_within": "within",
    "p_overdose": "above",
    "p_no_mtd": "no MTD",
    "p_inconclusive": "not det.",
    "accuracy": "accuracy",
}
_PATIENTS = {
    "sample_size": "mean n",
    "total_dlts": "DLTs",
    "dlt_rate": "DLT %",
    "share_above": "above %",
    "p_60_above": ">=60 %",
    "p_80_above": ">=80 %",
}
_DIFFERENCES = {
    "pcs": "correct",
    "p_overdose": "above",
    "share_above": "patients above",
    "sample_size": "mean n",
}


def view_comparison(
    question: Question,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
    notes: str,
) -> View:
    """Return the view; ``notes`` say what the comparison rests on."""
    return View(
        page=partial(_page, question, contenders, results, notes),
        document=partial(_document, question, contenders, results),
        rows=partial(_rows, question, contenders, results),
        columns=CSV_COLUMNS | RESTS_ON,
        brief=partial(_brief, results),
    )


def _brief(results: Sequence[ScenarioComparison]) -> Iterator[Block]:
    """Yield a table a measure, a row a scenario and a column a design, where there are several."""
    if len(results) > 1:
        for name, table in comparison_measures(results):
            yield replace(table, caption=name[:1].upper() + name[1:])


def _document(
    question: Question, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> dict[str, Any]:
    labels = question.protocol.labels
    return {
        **comparison_heading(question, contenders, results[0].target, results[0].interval),
        "results": [result.to_dict(labels) for result in results],
    }


def comparison_heading(
    question: Question,
    contenders: Sequence[Contender],
    target: float,
    interval: tuple[float, float],
) -> dict[str, Any]:
    """Return what a JSON document says of the designs, their ladder and how they are measured."""
    assumed = {} if question.p_moderate is None else {"p_moderate": list(question.p_moderate)}
    return {
        **identity_document(question.protocol),
        "designs": [_contender_document(one) for one in contenders],
        **levels_document(question.protocol),
        "target": target,
        "interval": list(interval),
        **assumed,
    }


def _contender_document(contender: Contender) -> dict[str, Any]:
    missing = () if contender.protocol is None else left_out(contender.protocol)
    return {
        "label": contender.label,
        "design": design_settings(contender.design),
        **({"without": list(missing)} if missing else {}),
    }


def _rows(
    question: Question, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> Iterator[Sequence[object]]:
    yield (*CSV_COLUMNS, *RESTS_ON)
    labels = question.protocol.labels
    for result in results:
        for contender, design in zip(contenders, result.designs, strict=True):
            origin = rests_on(question, contender.design, design.run)
            yield from ([*row, *origin] for row in design_rows(result, design, labels))
        patients = f"complete information on {result.benchmark.n_patients} patients"
        origin = rests_on(question, patients, None)
        yield from ([*row, *origin] for row in benchmark_rows(result, labels))


def contenders_page(question: Question, contenders: Sequence[Contender]) -> Iterator[Block]:
    """Say which designs are compared, and on which ladder."""
    ladder = question.protocol
    for said in describe_contenders(contenders):
        yield Paragraph(said, "  ")
    yield Paragraph(f"Ladder of protocol {ladder.name}, digest {ladder.digest[:12]}.")
    if ladder.regimens:
        yield Paragraph(ladder.regimens, "  ")


def describe_contenders(contenders: Sequence[Contender]) -> list[str]:
    """Return each design with every option, after the label it has in tables; and what it lacks."""
    labels = short_labels([one.label for one in contenders])
    lines = []
    for label, one in zip(labels, contenders, strict=True):
        said = describe_design(one.design)
        missing = "" if one.protocol is None else say_left_out(one.protocol)
        missing = " ".join(filter(None, (missing, say_untimed(one.design))))
        line = said if label == one.design.name else f"{label} = {said}"
        lines.append(f"{line}. {missing.rstrip('.')}" if missing else line)
    return lines


def _page(
    question: Question,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
    notes: str,
) -> Iterator[Block]:
    yield from contenders_page(question, contenders)
    yield Paragraph(notes)
    first = results[0]
    runs = {design.label: design.run for design in first.designs if design.run is not None}
    if runs:
        run = next(iter(runs.values()))
        exact = "the others are exact" if len(runs) < len(first.designs) else "none is exact"
        yield Paragraph(
            f"Simulated: {', '.join(runs)}, {run.trials:,} trials a scenario on the same latent "
            f"patients, seed {run.seed}; {exact}. Differences -/+ half the 95 % interval.",
            "  ",
        )
    else:
        yield Paragraph("All figures are exact.")
    for result in results:
        yield GAP
        yield Heading(f"Scenario {result.scenario.name}")
        yield from _result(result, question.protocol.short_names)
    if len(results) > 1:
        yield GAP
        yield Heading(f"All {len(results)} scenarios")
        yield over_scenarios(results)
    yield GAP
    for note in comparison_notes(results):
        yield Paragraph(note, "  ")


def comparison_notes(results: Sequence[ScenarioComparison]) -> Iterator[str]:
    """Say what the figures are."""
    low, high = results[0].interval
    for note in [*_NOTES, *[_ABOUT_ALL] * (len(results) > 1)]:
        yield note.format(low=low, high=high)


_NOTES = (
    "Correct is the level with P(DLT) nearest to the target, no MTD where all are above it; "
    "within: P(DLT) from {low:g} to {high:g}; above: P(DLT) above the target. Accuracy: 1 is "
    "always at the target, 0 a level drawn by lot (Cheung 2011).",
    "Patients: DLT % and above % are means over trials of the share in a trial; >=60 % and >=80 % "
    "the probability that so many of a trial's patients are treated above the target.",
    "Optimal: what complete information on n patients would select (O'Quigley, Paoletti and "
    "Maccario 2002).",
)
_ABOUT_ALL = (
    "All scenarios: means over them, the lowest correct selection, and the correct selection in "
    "each; optimal has a mean where a level is correct in every scenario."
)


def _result(found: ScenarioComparison, level_names: Sequence[str]) -> Iterator[Block]:
    """Yield one scenario's tables: selection, patients, and differences to the first design.

    Shares are percentages. Below a simulated design stand its Monte Carlo standard errors, (-)
    where all trials are alike.
    """
    p_dlt = " ".join(f"{p:.3g}" for p in found.scenario.p_dlt)
    correct = "no MTD" if found.correct is None else f"level {level_names[found.correct]}"
    yield Paragraph(f"P(DLT) {p_dlt}: correct is {correct}")
    yield GAP
    yield _selection(found)
    yield GAP
    yield Table([["patients", *_PATIENTS.values()], *_design_rows(found.designs, list(_PATIENTS))])
    yield GAP
    yield from _to_first(found)


def _selection(found: ScenarioComparison) -> Table:
    undetermined = any(design.metrics["p_inconclusive"] > 0 for design in found.designs)
    shown = {
        name: head for name, head in _SELECTION.items() if name != "p_inconclusive" or undetermined
    }
    rows = [["selected, %", *shown.values()], *_design_rows(found.designs, list(shown))]
    bound = [_figure(name, found.benchmark_metrics.get(name)) for name in shown]
    rows.append([_optimal(found), *bound])
    return Table(rows)


def _optimal(found: ScenarioComparison) -> str:
    return f"optimal, n = {found.benchmark.n_patients}"


def _design_rows(designs: Sequence[ComparedDesign], names: Sequence[str]) -> list[list[str]]:
    rows = []
    labels = short_labels([design.label for design in designs])
    for label, design in zip(labels, designs, strict=True):
        rows.append([label, *(_figure(name, design.metrics.get(name)) for name in names)])
        if design.run is not None:
            errors = (_error(name, design.mcse.get(name)) for name in names)
            rows.append(["  standard error", *errors])
    return rows


def _to_first(found: ScenarioComparison) -> Iterator[Block]:
    first, *others = short_labels([design.label for design in found.designs])
    rows = [["", *_DIFFERENCES.values()]]
    for label, design in zip(others, found.designs[1:], strict=True):
        both_exact = design.run is None and found.designs[0].run is None
        rows.append(
            [label, *(_limits(name, design.differences[name], both_exact) for name in _DIFFERENCES)]
        )
    yield Paragraph(f"minus {first}")
    yield Table(rows)


def over_scenarios(results: Sequence[ScenarioComparison]) -> Table:
    """Return what is read last: each design's means over the scenarios, and its PCS in each."""
    scenarios = short_labels([result.scenario.name for result in results])
    rows = [["%", "correct", "lowest", "above", "patients above", "mean n", *scenarios]]
    labels = short_labels([design.label for design in results[0].designs])
    for place, label in enumerate(labels):
        metrics = [result.designs[place].metrics for result in results]
        rows.append([label, *_over([one["pcs"] for one in metrics])])
        rows[-1][3:3] = [
            _figure(name, sum(one[name] for one in metrics) / len(metrics))
            for name in ("p_overdose", "share_above", "sample_size")
        ]
    sizes = dict.fromkeys(map(_optimal, results))
    bounds = [result.benchmark_metrics.get("pcs") for result in results]
    rows.append([next(iter(sizes)) if len(sizes) == 1 else "optimal", *_over(bounds)])
    rows[-1][3:3] = ["-"] * 3
    return Table(rows)


def _over(pcs: Sequence[float | None]) -> list[str]:
    """Return the mean and the lowest of correct selection, where it is defined, and each."""
    known = [one for one in pcs if one is not None]
    both = (sum(known) / len(known), min(known)) if len(known) == len(pcs) else (None, None)
    return [_figure("pcs", one) for one in (*both, *pcs)]


def _limits(name: str, found: Difference, is_exact: bool) -> str:
    estimate = f"{scaled(name, found.estimate):+.2f}"
    if is_exact:
        return estimate
    if found.low is None or found.high is None:
        return f"{estimate} (-)"
    half = scaled(name, found.high - found.low) / 2
    if half < 0.005:
        return f"{estimate} +-<0.01"
    return f"{estimate} +-{half:.2f}" if half < 1 else f"{estimate} +-{half:.1f}"


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{scaled(name, value):.2f}"


def _error(name: str, value: float | None) -> str:
    return say_error(scaled(name, value or 0.0))


_MEASURES = ("pcs", "p_overdose", "share_above", "p_60_above", "dlt_rate", "sample_size")


def comparison_measures(results: Sequence[ScenarioComparison]) -> Iterator[tuple[str, Table]]:
    """Yield each measure's name in words, and its table: a row a scenario, a column a design."""
    names = [design.label for design in results[0].designs]
    for measure in _MEASURES:
        bounds = [result.benchmark_metrics.get(measure) for result in results]
        known = any(bound is not None for bound in bounds)
        rows = [["scenario", *names, *["optimal"] * known]]
        for result, bound in zip(results, bounds, strict=True):
            figures = [_figure(measure, design.metrics[measure]) for design in result.designs]
            rows.append([result.scenario.name, *figures, *[_figure(measure, bound)] * known])
        yield in_words(measure, unit=True), Table(rows)
