"""A study and its results as a page, a document and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from escalation.designs import describe_design
from escalation.reports.view import GAP, Block, Item, Items, Paragraph, Table, View
from escalation.text import count
from simulations.sweeps.columns import cell_text, columns_of, identity_of, read_line
from simulations.sweeps.results import read_results
from simulations.sweeps.store import read_unfinished, unfinished_path
from simulations.sweeps.study import SHOWN, Study

__all__ = ["view_results", "view_study"]


def view_study(study: Study) -> View:
    """Return the view of a study: what it asks; as rows, every cell."""
    identity = [column for column in columns_of(study) if column.is_identity]
    names = [column.name for column in identity]
    return View(
        page=partial(_study_page, study),
        document=lambda: {
            "schema": 1,
            "valid": True,
            "digest": study.digest,
            "n_cells": len(study.cells),
            "study": study.document,
        },
        rows=lambda: [
            names,
            *(
                [cell_text(value) for value in map(identity_of(cell).get, names)]
                for cell in study.cells
            ),
        ],
        columns={column.name: column.meaning for column in identity},
    )


def _study_page(study: Study) -> Iterator[Block]:
    parts = [count(len(study.designs), "design"), count(len(study.scenarios), "scenario")]
    if study.timings:
        parts.append(count(len(study.timings), "clock"))
    product = " x ".join(parts)
    yield Paragraph(f"{study.name}: {count(len(study.cells), 'cell')}, {product}.", "  ")
    how = (
        f"{study.trials:,} trials a cell on the clock, seed {study.seed}"
        if study.timings
        else {
            "auto": f"exact where that can be had, else {study.trials:,} trials",
            "exact": "exact",
            "monte-carlo": f"{study.trials:,} trials a cell, {study.draws} draws",
        }[study.method]
        + ("" if study.method == "exact" else f", seed {study.seed}")
    )
    target = "" if study.target is None else f"; target P(DLT) {study.target:g}"
    yield Paragraph(
        f"{how[0].upper()}{how[1:]}{target}. Study digest {study.digest[:SHOWN]}.", "  "
    )
    yield GAP
    yield Items(
        [Item(_said(name, describe_design(protocol.design))) for name, protocol in study.designs]
    )
    yield GAP
    heads = [f"level {label}" for label in study.ladder.labels]
    rows = [[one.name, *(f"{p:g}" for p in one.p_dlt)] for one in study.scenarios]
    yield Table([["P(DLT)", *heads], *rows])
    if study.timings:
        yield GAP
        yield Paragraph(f"Clocks: {'; '.join(name for name, _ in study.timings)}.", "  ")


def _said(name: str, settings: str) -> str:
    """Return a design by its name and settings, which begin with what the design is called."""
    return settings if settings.startswith(f"{name}:") else f"{name}: {settings}"


def view_results(path: Path) -> View:
    """Return the view of results, or of the finished cells where a sweep is not.

    Raises
    ------
    InputError
        Where neither is there.
    ResultsError
        For a file that is torn or not a sweep's.
    """
    unfinished = unfinished_path(path)
    if path.exists() or not unfinished.exists():
        names, rows = read_results(path)
        said = ""
    else:
        header, lines, torn = read_unfinished(unfinished)
        names = header["columns"]
        place = names.index("cell")
        rows = list(enumerate(sorted(map(read_line, lines), key=lambda row: int(row[place]))))
        said = f"Not finished: {count(len(rows), 'cell')} so far."
        said += f" {count(len(torn), 'line')} torn." * bool(torn)
    found = [dict(zip(names, values, strict=True)) for _, values in rows]
    return View(
        page=partial(_results_page, found, said),
        document=lambda: {"schema": 1, "finished": not said, "cells": found},
        rows=lambda: [names, *(values for _, values in rows)],
    )


_SHOWN_COLUMNS = (
    ("pcs", "correct", 100, 1),
    ("p_overdose", "too high", 100, 1),
    ("p_no_mtd", "no MTD", 100, 1),
    ("sample_size", "n", 1, 2),
    ("total_dlts", "DLTs", 1, 2),
    ("t_decision", "days", 1, 0),
)


def _results_page(found: Sequence[Mapping[str, str]], said: str) -> Iterator[Block]:
    if said:
        yield Paragraph(said, "  ")
    if not found:
        return
    methods = " and ".join(dict.fromkeys(row["method"] for row in found))
    timed = any(row.get("t_decision") for row in found)
    yield Paragraph(
        f"{count(len(found), 'cell')} of study {found[0]['study']}: {methods}. Selection in %"
        + ("; days are those to the last decision." if timed else "."),
        "  ",
    )
    yield GAP
    shown = [one for one in _SHOWN_COLUMNS if any(row.get(one[0]) for row in found)]
    rows: list[list[str]] = [["", *(head for _, head, _, _ in shown)]]
    before: tuple[str, ...] = ()
    for row in found:
        *groups, name = (row[key] for key in ("design", "scenario", "timing") if row[key])
        for depth, group in enumerate(groups, start=1):  # a name that stays is not said again
            if before[:depth] != tuple(groups[:depth]):
                rows.append([f"{'  ' * (depth - 1)}{group}"])
                before = tuple(groups[:depth])
        rows.append([f"{'  ' * len(groups)}{name}", *(_figure(row, *one) for one in shown)])
    yield Table(rows)


def _figure(row: Mapping[str, str], name: str, head: str, factor: int, decimals: int) -> str:
    value = row.get(name, "")
    return f"{factor * float(value):.{decimals}f}" if value else "-"
