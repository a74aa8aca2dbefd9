"""Results as CSV files: simulated trials, a row a cohort, and toxicity curves, a row a curve."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from escalation.errors import InputError
from escalation.files import replacing
from escalation.labels import Label
from simulations.engines.simulated import SimulatedTrials
from simulations.engines.timeline.course import Course
from simulations.engines.timeline.result import UNFINISHED
from simulations.graph.build import NO_MTD
from simulations.questions.averages import CurveAverages

__all__ = ["COLUMNS", "HAPPENINGS", "write_courses", "write_trials", "writing_curves"]

COLUMNS = ("scenario", "trial", "cohort", "level", "dose", "n_patients", "n_dlts", "end")
HAPPENINGS = (
    *("scenario", "trial", "day", "kind", "patient", "cohort", "level", "dose", "purpose"),
    *("arrived", "action", "end"),
)


def write_trials(
    path: Path,
    trials: Iterable[tuple[str, SimulatedTrials]],
    labels: Sequence[Label],
    doses: Sequence[float | None],
    origin: Mapping[str, object],
) -> None:
    """Write simulated trials to a CSV file in UTF-8.

    Parameters
    ----------
    path : Path
    trials : iterable of (str, SimulatedTrials)
        The scenario's name with each chunk; read one at a time.
    labels, doses : sequence, length L
        The ladder, lowest level first.
    origin : mapping of str to object
        What the trials rest on (seed, digest ...), by column name; repeated in every row.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path) as file:
        _write(file, trials, labels, doses, origin)


def write_courses(
    path: Path,
    courses: Iterable[tuple[str, Course]],
    labels: Sequence[Label],
    doses: Sequence[float | None],
    origin: Mapping[str, object],
) -> None:
    """Write trials in time to a CSV file, a row each thing that happened.

    Parameters are those of ``write_trials``; ``courses`` are read one at a time.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow([*HAPPENINGS, *origin])
        for scenario, course in courses:
            end = "unfinished" if course.end == UNFINISHED else _end(course.end, labels)
            for found in course.happenings:
                level = found.level
                where = ("", "") if level is None else (labels[level], doses[level])
                action = "" if found.decision is None else found.decision.action.value
                writer.writerow([
                    *(scenario, course.number, found.day, found.kind.value),
                    *(found.patient, found.cohort, *where, found.purpose, found.arrived),
                    *(action, end, *origin.values()),
                ])  # fmt: skip


def writing_curves(
    path: Path,
    parts: Iterable[CurveAverages],
    labels: Sequence[Label],
    origin: Mapping[str, object],
) -> Iterator[CurveAverages]:
    """Write toxicity curves with the characteristics under each to a CSV file, a row a curve.

    They are written as they pass: what comes in is given on. The file is there when all have.

    Parameters
    ----------
    path : Path
    parts : iterable of CurveAverages
        As from ``average_in_blocks``; at least one.
    labels : sequence of int or str, length L
        The ladder, lowest level first.
    origin : mapping of str to object
        As for ``write_trials``.

    Raises
    ------
    InputError
        If the file cannot be written, or the curves were not kept.
    """
    n_written = 0
    with replacing(path) as file:
        writer = csv.writer(file)
        by_level = [f"p_dlt_{label}" for label in labels]
        for part in parts:
            if part.p_dlt is None:
                raise InputError("these curves were not kept: use average_over_curves")
            if not n_written:
                writer.writerow(["curve", *by_level, "correct_level", *part.figures, *origin])
            figures = np.column_stack(list(part.figures.values())).tolist()
            rows = zip(part.p_dlt.tolist(), part.correct.tolist(), figures, strict=True)
            for curve, (p_dlt, correct, values) in enumerate(rows, n_written):
                shown = "no MTD" if correct == NO_MTD else labels[correct]
                writer.writerow((curve, *p_dlt, shown, *values, *origin.values()))
            n_written += part.n_curves
            yield part


def _write(
    file: IO[str],
    trials: Iterable[tuple[str, SimulatedTrials]],
    labels: Sequence[Label],
    doses: Sequence[float | None],
    origin: Mapping[str, object],
) -> None:
    writer = csv.writer(file)
    writer.writerow([*COLUMNS, *origin])
    for scenario, kept in trials:
        ends = [_end(mtd, labels) for mtd in kept.mtds().tolist()]
        for trial, course in kept.courses():
            end = (ends[trial - kept.first], *origin.values())
            if not course:  # it ended without another patient, and counts all the same
                writer.writerow((scenario, trial, 0, "", "", 0, 0, *end))
            for cohort, level, n_patients, n_dlts in course:
                seen = (labels[level], doses[level], n_patients, n_dlts)
                writer.writerow((scenario, trial, cohort, *seen, *end))


def _end(mtd: int, labels: Sequence[Label]) -> str:
    if mtd >= 0:
        return f"MTD {labels[mtd]}"
    return "no MTD" if mtd == NO_MTD else "not determined"
