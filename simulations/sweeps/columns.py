"""What a row of results holds, by columns that stay the same; and how it is written."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from simulations.engines.timeline.result import FIGURES
from simulations.probabilities import QUANTILES
from simulations.sweeps.study import Cell, Study

__all__ = [
    "ALSO_WITHOUT_A_CLOCK",
    "Column",
    "columns_of",
    "head_line",
    "identity_of",
    "read_line",
    "row_line",
]

# figures of the clock that have a column in any study, under the name that they have there
ALSO_WITHOUT_A_CLOCK = {"n_patients": "sample_size", "n_dlts": "total_dlts"}

Kind = Literal["text", "whole", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the results.

    Attributes
    ----------
    name : str
    meaning : str
    kind : {"text", "whole", "number"}
    is_identity : bool
        Whether the study says it before anything has been calculated.
    """

    name: str
    meaning: str
    kind: Kind = "number"
    is_identity: bool = False


_BEFORE = (
    ("study", "digest of the study", "text"),
    ("cell", "number of the cell in the study, from 1", "whole"),
    ("key", "digest of all that the cell's figures rest on, names apart", "text"),
    ("protocol_digest", "digest of the protocol, with the design", "text"),
    ("design_digest", "digest of the design and its options on this ladder", "text"),
    ("timing_digest", "digest of the setting of the clock; empty without one", "text"),
    ("design", "name of the design in the study", "text"),
    ("settings", "the design with its options", "text"),
    ("scenario", "name of the scenario", "text"),
    ("timing", "name of the setting of the clock; empty without one", "text"),
    ("target", "target P(DLT) of the study", "number"),
    ("seed", "seed of the study, the same in every cell", "whole"),
)
_METHOD = (
    ("method", "exact, monte_carlo, or timeline with a clock", "text"),
    ("draws", "how trials were drawn; empty where exact or with a clock", "text"),
    ("trials", "simulated trials; empty where exact", "whole"),
)
_AFTER = (
    ("escalation", "version of the program", "text"),
    ("numpy", "version of numpy, and of the linear algebra in it", "text"),
    ("processor", "processor, with the features that numpy found", "text"),
)
MACHINE = tuple(name for name, _, _ in _AFTER)


def columns_of(study: Study) -> tuple[Column, ...]:
    """Return the columns of a study's results, which are the same for every one of its shards."""
    labels = study.ladder.labels
    columns = [Column(name, meaning, kind, True) for name, meaning, kind in _BEFORE]  # type: ignore[arg-type]
    columns += [
        Column(f"p_dlt_{label}", f"true P(DLT) at level {label}", is_identity=True)
        for label in labels
    ]
    columns += [Column(name, meaning, kind) for name, meaning, kind in _METHOD]  # type: ignore[arg-type]
    for label in labels:
        columns += _with_error(f"p_select_{label}", f"P(level {label} is declared the MTD)")
    columns += _with_error("p_no_mtd", "P(the trial ends with no MTD)")
    columns += _with_error("p_inconclusive", "P(the MTD is not determined)")
    for noun, said in (("patients", "patients"), ("dlts", "patients with a DLT")):
        for label in labels:
            columns += _with_error(f"{noun}_{label}", f"expected {said} at level {label}")
    columns += _with_error("sample_size", "expected patients in the escalation")
    columns += _with_error("sample_size_sd", "standard deviation of the patients")
    columns += _with_error("total_dlts", "expected patients with a DLT")
    columns += _with_error("total_dlts_sd", "standard deviation of the DLTs")
    columns.append(
        Column("patients_in_all", "expected patients with those of backfill and expansion")
    )
    if study.target is not None:
        columns += _with_error("pcs", "P(the correct level is selected)")
        columns += _with_error("p_overdose", "P(a level above the target is selected)")
    if study.timings:
        columns += _time_columns(study)
    columns += [Column(name, meaning, kind) for name, meaning, kind in _AFTER]  # type: ignore[arg-type]
    return tuple(columns)


def _time_columns(study: Study) -> Iterator[Column]:
    yield from _with_error("p_unfinished", "P(patients ran out before the end)")
    for name, said in (("t_decision", "last decision"), ("t_last", "last outcome")):
        yield from _with_error(name, f"mean days to the {said}, of trials that came to an end")
        yield from _with_error(f"{name}_sd", "their standard deviation")
        for q in QUANTILES:
            yield from _with_error(f"{name}_q{100 * q:g}", f"their {100 * q:g} % quantile")
    for day in study.finished_by:
        yield from _with_error(
            f"p_finished_by_{day:g}", f"P(the last decision is made by day {day:g})"
        )
    for label in study.ladder.labels:
        yield from _with_error(
            f"days_{label}", f"mean days that the escalation spent at level {label}"
        )
    for name in FIGURES:
        if name not in ALSO_WITHOUT_A_CLOCK:
            yield from _with_error(name, f"mean {FIGURES[name]}")


def _with_error(name: str, meaning: str) -> list[Column]:
    error = Column(f"{name}_mcse", f"Monte Carlo standard error of {name}; empty where exact")
    return [Column(name, meaning), error]


def identity_of(cell: Cell) -> dict[str, Any]:
    """Return what the study says of a cell before it is calculated."""
    levels = zip(cell.protocol.labels, cell.scenario.p_dlt, strict=True)
    return {
        "study": cell.study,
        "cell": cell.number,
        "key": cell.key,
        "protocol_digest": cell.protocol_digest,
        "design_digest": cell.design_digest,
        "timing_digest": cell.timing_digest,
        "design": cell.design,
        "settings": cell.settings,
        "scenario": cell.scenario.name,
        "timing": cell.timing_name,
        "target": cell.target,
        "seed": cell.seed,
        **{f"p_dlt_{label}": p for label, p in levels},
    }


def head_line(columns: Sequence[Column]) -> str:
    """Return the names of the columns as a line of CSV, with its end."""
    return _line(column.name for column in columns)


def row_line(names: Sequence[str], values: Mapping[str, Any]) -> str:
    """Return a row, by the names of its columns, as a line of CSV, with its end; numbers in full.

    Only text is ever quoted; the rest is written without ``csv``, which looks at every character.
    """
    written = [
        float.__repr__(value)
        if type(value) is float and -math.inf < value < math.inf
        else ""
        if value is None
        else _quoted(value)
        if type(value) is str
        else cell_text(value)
        for value in map(values.get, names)
    ]
    return ",".join(written) + "\n"


def cell_text(value: Any) -> str:
    """Write one value: nothing for what is not there, digits that give a double back."""
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    return "" if value is None else str(value)


def read_line(line: str) -> list[str]:
    """Read one line of CSV; nothing where it is none."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    """Return a text as CSV writes it between others."""
    return _line(["", text])[1:-1]


def _line(values: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()
