"""Backfill and expansion of trials in time: tables for the page, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.reports.view import GAP, Block, Table
from simulations.engines.timeline.moments import Moments
from simulations.engines.timeline.result import Timeline
from simulations.words import say_error

__all__ = ["beside_figures", "beside_tables"]


def beside_tables(timeline: Timeline, names: Sequence[str]) -> Iterator[Block]:
    """Yield a table of the backfill and one of the expansion, where the protocol has them."""
    if timeline.backfill is not None:
        rows = [["backfill at level", "patients", "", "DLTs", ""]]
        for name, patients, dlts in zip(names, *timeline.backfill, strict=True):
            rows.append([name, *_mean(patients), *_mean(dlts)])
        yield GAP
        yield Table(rows)
    if timeline.expansion is not None:
        found = timeline.expansion
        ends = found.t_end.moments
        yield GAP
        yield Table(
            [
                ["expansion, where there is one", "mean", "", "SD"],
                ["patients", *_mean(found.patients), f"{found.patients.sd:.2f}"],
                ["DLTs", *_mean(found.dlts), f"{found.dlts.sd:.2f}"],
                ["days to its end", f"{ends.mean:.1f}", say_error(ends.se, 2), f"{ends.sd:.1f}"],
                ["trials with one, %", f"{100 * found.n_started / found.trials:.2f}", "", ""],
                ["whose boundary is reached, %", f"{100 * found.p_stopped:.2f}", "", ""],
            ]
        )


def _mean(moments: Moments) -> tuple[str, str]:
    return f"{moments.mean:.2f}", say_error(moments.se)


def beside_figures(
    timeline: Timeline, labels: Sequence[object]
) -> Iterator[tuple[str, object, Moments]]:
    """Yield each mean with its name and level."""
    if timeline.backfill is not None:
        for name, by_level in zip(("patients", "dlts"), timeline.backfill, strict=True):
            for label, moments in zip(labels, by_level, strict=True):
                yield f"backfill_{name}", label, moments
    if timeline.expansion is not None:
        found = timeline.expansion
        yield "expansion_patients", "", found.patients
        yield "expansion_dlts", "", found.dlts
        yield "t_expansion", "", found.t_end.moments
