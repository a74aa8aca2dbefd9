"""Operating characteristics as text on 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from escalation.text import align
from simulations.engines.characteristics import OperatingCharacteristics, correct_level
from simulations.engines.results import ScenarioResult
from simulations.words import is_share, scaled

__all__ = ["result_table"]


def result_table(
    result: ScenarioResult, level_names: Sequence[str], target: float | None = None
) -> str:
    """Return one scenario's figures, a row a level, exact and simulated side by side.

    Probabilities are percentages; a simulated figure is followed by its Monte Carlo standard
    error, or by (-) where none or all of the trials do not tell one.
    """
    document = result.to_dict(target)
    engines = [document[engine] for engine in ("exact", "monte_carlo") if engine in document]
    names = [name for name in ("exact", "monte_carlo") if name in document]
    head = ["level", "P(DLT)"]
    for figure in ("MTD %", "mean n", "DLTs"):
        head += [figure if name == names[0] else "simulated" for name in names]
    rows = [head]
    for level, name in enumerate(level_names):
        row = [name, f"{result.scenario.p_dlt[level]:.3g}"]
        for key in ("p_select", "patients", "dlts"):
            row += [_cell(engine, key, level) for engine in engines]
        rows.append(row)
    rows.append(["no MTD", "", *(_cell(engine, "p_no_mtd") for engine in engines)])
    if any(engine["p_inconclusive"] for engine in engines):
        undetermined = (_cell(engine, "p_inconclusive") for engine in engines)
        rows.append(["not determined", "", *undetermined])
    totals = ["total", "", *("" for _ in engines)]
    for key in ("sample_size", "total_dlts"):
        totals += [_cell(engine, key, "mean") for engine in engines]
    rows.append(totals)
    lines = [align(rows)]
    lines.append(_spread(result.best))
    if target is not None:
        lines += _against_target(result, level_names, target, engines)
    return "\n".join(lines)


def _cell(engine: dict[str, Any], key: str, part: int | str | None = None) -> str:
    """Show one figure, a share as a percentage, with its standard error where it has one."""
    figure, error = engine[key], engine.get("mcse", {}).get(key)
    if part is not None:
        figure, error = figure[part], error and error[part]
    shown, digits = f"{scaled(key, figure):.2f}", 2 if is_share(key) else 3
    if error is None:
        return shown
    if error == 0:
        return f"{shown} (-)"
    return f"{shown} ({f'{scaled(key, error):.{digits}f}'.removeprefix('0')})"


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
        " / ".join(_cell(engine, key) for engine in engines) for key in ("pcs", "p_overdose")
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
