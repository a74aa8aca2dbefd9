"""Comparisons of designs as text on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.reports.view import Table
from escalation.text import align
from simulations.compare.result import (
    ComparedDesign,
    Difference,
    ScenarioComparison,
    short_labels,
)
from simulations.words import in_words, scaled

__all__ = ["comparison_measures", "comparison_table"]

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


def comparison_table(found: ScenarioComparison, level_names: Sequence[str]) -> str:
    """Return one scenario's tables: selection, patients, and differences to the first design.

    Shares are percentages. Below a simulated design stand its Monte Carlo standard errors, (-)
    where all trials are alike.
    """
    return "\n".join(
        [
            _correct(found, level_names),
            "",
            _selection(found),
            "",
            _patients(found),
            "",
            _to_first(found),
        ]
    )


def _correct(found: ScenarioComparison, level_names: Sequence[str]) -> str:
    p_dlt = " ".join(f"{p:.3g}" for p in found.scenario.p_dlt)
    if found.correct is None:
        return f"P(DLT) {p_dlt}: correct is no MTD"
    return f"P(DLT) {p_dlt}: correct is level {level_names[found.correct]}"


def _selection(found: ScenarioComparison) -> str:
    undetermined = any(design.metrics["p_inconclusive"] > 0 for design in found.designs)
    shown = {
        name: head for name, head in _SELECTION.items() if name != "p_inconclusive" or undetermined
    }
    rows = [["selected, %", *shown.values()], *_rows(found.designs, list(shown))]
    bound = [_figure(name, found.benchmark_metrics.get(name)) for name in shown]
    rows.append([f"optimal, n = {found.benchmark.n_patients}", *bound])
    return align(rows)


def _patients(found: ScenarioComparison) -> str:
    rows = [["patients", *_PATIENTS.values()], *_rows(found.designs, list(_PATIENTS))]
    return align(rows)


def _rows(designs: Sequence[ComparedDesign], names: Sequence[str]) -> list[list[str]]:
    rows = []
    labels = short_labels([design.label for design in designs])
    for label, design in zip(labels, designs, strict=True):
        rows.append([label, *(_figure(name, design.metrics.get(name)) for name in names)])
        if design.run is not None:
            errors = (_error(name, design.mcse.get(name)) for name in names)
            rows.append(["  standard error", *errors])
    return rows


def _to_first(found: ScenarioComparison) -> str:
    first, *others = short_labels([design.label for design in found.designs])
    rows = [["", *_DIFFERENCES.values()]]
    for label, design in zip(others, found.designs[1:], strict=True):
        both_exact = design.run is None and found.designs[0].run is None
        rows.append(
            [label, *(_limits(name, design.differences[name], both_exact) for name in _DIFFERENCES)]
        )
    return f"minus {first}\n{align(rows)}"


def _limits(name: str, found: Difference, is_exact: bool) -> str:
    estimate = f"{scaled(name, found.estimate):+.2f}"
    if is_exact:
        return estimate
    if found.low is None or found.high is None:
        return f"{estimate} (-)"
    half = scaled(name, found.high - found.low) / 2
    return f"{estimate} +-{half:.2f}" if half < 1 else f"{estimate} +-{half:.1f}"


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{scaled(name, value):.2f}"


def _error(name: str, value: float | None) -> str:
    if not value:
        return "(-)"
    return f"({f'{scaled(name, value):.3f}'.removeprefix('0')})"


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
