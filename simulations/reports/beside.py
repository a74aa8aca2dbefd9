"""Backfill and expansion, apart from the escalation: blocks of a page, and cells of rows."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.protocol import Protocol
from escalation.reports.backfill_text import say_when_counted
from escalation.reports.view import Block, Paragraph, Table
from simulations.engines.backfill import BackfillFigures
from simulations.engines.characteristics import Distribution
from simulations.engines.expansion import ExpansionFigures
from simulations.engines.results import ScenarioResult
from simulations.words import say_error

__all__ = ["BESIDE", "beside_blocks", "beside_cells"]

BESIDE = {
    "backfill_patients": "expected backfill patients at the level",
    "backfill_dlts": "expected backfill patients with a DLT at the level",
    "expansion_p_stopped": "probability that the expansion reaches its boundary, where the level "
    "is the MTD, 0 to 1",
    "expansion_patients": "expected patients of the expansion, where the level is the MTD",
    "expansion_dlts": "expected patients with a DLT of the expansion, where the level is the MTD",
}


def beside_blocks(result: ScenarioResult, protocol: Protocol) -> Iterator[Block]:
    """Yield what backfill and expansion add under one scenario; nothing where there is neither."""
    names = protocol.short_names
    if result.backfill is not None:
        yield from _backfill(result.backfill, protocol)
    if result.expansion is not None:
        yield from _expansion(result.expansion, names)
    if result.backfill is not None or result.expansion is not None:
        parts = [f"{result.best.sample_size.mean:.2f} in the escalation"]
        for name, beside in (("backfill", result.backfill), ("expansion", result.expansion)):
            if beside is not None:
                parts.append(f"{beside.mean_patients:.2f} in the {name}")
        which = "patients to come in all" if result.best.continued else "patients in all"
        yield Paragraph(f"{which}: {result.mean_patients:.2f} ({', '.join(parts)})")


def _backfill(found: BackfillFigures, protocol: Protocol) -> Iterator[Block]:
    how = "exact" if found.trials is None else f"simulated, {found.trials:,} trials"
    yield Paragraph(f"backfill, which {say_when_counted(protocol)} ({how}):")
    rows = [["level", "mean n", "DLTs"]]
    for name, patients, dlts in zip(protocol.short_names, found.patients, found.dlts, strict=True):
        cells = []
        for figure in (patients, dlts):
            cells.append(f"{figure.mean:.2f}{_error(figure, found.trials)}")
        rows.append([name, *cells])
    rows.append(["total", f"{found.mean_patients:.2f}", f"{found.mean_dlts:.2f}"])
    yield Table(rows)


def _error(figure: Distribution, trials: int | None) -> str:
    """Return the standard error of a mean, as the table of the escalation shows it."""
    if trials is None:
        return ""
    return f" {say_error(figure.sd / trials**0.5)}"


def _expansion(found: ExpansionFigures, names: list[str]) -> Iterator[Block]:
    yield Paragraph("expansion, where the level is the MTD:")
    rows = [["level", "starts %", "stopped %", "mean n", "DLTs"]]
    for level, name in enumerate(names):
        rows.append(
            [
                name,
                f"{100 * found.p_started[level]:.2f}",
                f"{100 * found.p_stopped[level]:.2f}",
                f"{found.patients[level].mean:.2f}",
                f"{found.dlts[level].mean:.2f}",
            ]
        )
    started = float(found.p_started.sum())
    totals = (f"{100 * started:.2f}", f"{100 * found.stopped:.2f}")
    rows.append(["any", *totals, f"{found.mean_patients:.2f}", f"{found.mean_dlts:.2f}"])
    yield Table(rows)
    yield Paragraph("(any: of all trials, those without an expansion among them)")


def beside_cells(result: ScenarioResult, level: int) -> list[object]:
    """Return the cells of ``BESIDE`` for a level; empty where there is nothing to say."""
    cells: list[object] = ["", ""]
    if result.backfill is not None:
        cells = [result.backfill.patients[level].mean, result.backfill.dlts[level].mean]
    if result.expansion is None:
        return [*cells, "", "", ""]
    found = result.expansion
    patients, dlts = found.patients[level].mean, found.dlts[level].mean
    return [*cells, float(found.p_stopped[level]), patients, dlts]
