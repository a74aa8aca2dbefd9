"""Simulated trials as a file: one row a cohort."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulations.graph import NO_MTD
from simulations.montecarlo import SimulatedTrials

__all__ = ["COLUMNS", "write_trials"]

COLUMNS = ("scenario", "trial", "cohort", "level", "dose", "n_patients", "n_dlts", "end")


def write_trials(
    path: Path,
    trials: Iterable[tuple[str, SimulatedTrials]],
    labels: Sequence[int],
    doses: Sequence[float | None],
) -> None:
    """Write simulated trials to a CSV file in UTF-8.

    Parameters
    ----------
    path : Path
    trials : iterable of (str, SimulatedTrials)
        The scenario's name with each chunk; read one at a time.
    labels, doses : sequence, length L
        The ladder, lowest level first.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for scenario, kept in trials:
            ends = [_end(mtd, labels) for mtd in kept.mtds().tolist()]
            writer.writerows(
                (scenario, trial, cohort, labels[level], doses[level], n, x, end)
                for trial, cohort, level, n, x in kept.cohorts()
                for end in (ends[trial - kept.first],)
            )


def _end(mtd: int, labels: Sequence[int]) -> str:
    if mtd >= 0:
        return f"MTD {labels[mtd]}"
    return "no MTD" if mtd == NO_MTD else "not determined"
