"""A sweep's results as a file: CSV or Parquet, in the order of the study; read again, merged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from escalation.errors import EscalationError, InputError, printable, reason
from escalation.text import count
from simulations.sweeps.columns import (
    MACHINE,
    Column,
    cell_text,
    columns_of,
    head_line,
    identity_of,
    read_line,
)
from simulations.sweeps.store import unfinished_path
from simulations.sweeps.study import Study

__all__ = [
    "SUFFIXES",
    "ResultsError",
    "check_format",
    "find_machines",
    "list_cells",
    "match_results",
    "merge_results",
    "read_results",
    "write_results",
]

SUFFIXES = (".csv", ".parquet")
Row = tuple[int, list[str]]  # the number of its line, and its values


class ResultsError(EscalationError):
    """A file of results that is torn, of another study, or not all that is needed."""


def check_format(path: Path) -> None:
    """Refuse a format whose library is not there, before any long work.

    Raises
    ------
    InputError
    """
    if path.suffix.lower() == ".parquet":
        _pyarrow()


def find_machines(columns: Sequence[Column], lines: Iterable[str]) -> set[tuple[str, ...]]:
    """Return which versions and processors have calculated some rows."""
    places = [i for i, column in enumerate(columns) if column.name in MACHINE]
    return {tuple(row[i] for i in places) for row in map(read_line, lines)}


def write_results(path: Path, columns: Sequence[Column], lines: Sequence[str]) -> bytes:
    """Return a file's content: CSV, or Parquet by the file's ending.

    Raises
    ------
    InputError
        For Parquet without the extra [parquet].
    """
    if path.suffix.lower() != ".parquet":
        return "".join([head_line(columns), *lines]).encode()
    pa, pq = _pyarrow()
    types = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
    read = {"text": str, "whole": int, "number": float}
    rows = [read_line(line) for line in lines]
    arrays = [
        pa.array(
            [read[column.kind](row[i]) if row[i] else None for row in rows], types[column.kind]
        )
        for i, column in enumerate(columns)
    ]
    table = pa.table(arrays, names=[column.name for column in columns])
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def read_results(path: Path) -> tuple[list[str], list[Row]]:
    """Read a file of results.

    Returns
    -------
    names : list of str
        Of the columns.
    rows : list of (int, list of str)
        The number of each line and its values, as CSV writes them.

    Raises
    ------
    InputError
        If it cannot be read.
    ResultsError
        If it is torn, with the first line that is.
    """
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise ResultsError(
            f"{_named(path)}: not results of a sweep: byte {error.start + 1} is not UTF-8 text"
        ) from error
    lines = text.split("\n")
    torn = lines.pop()
    names = read_line(lines[0]) if lines else []
    if "cell" not in names or "study" not in names:
        raise ResultsError(f"{_named(path)}: not results of a sweep: line 1 names no cells")
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        values = read_line(line)
        if len(values) != len(names):
            raise ResultsError(
                f"{_named(path)}: line {number} is torn: {count(len(values), 'value')} for "
                f"{len(names)} columns; take the file away and run it again"
            )
        rows.append((number, values))
    if torn:
        raise ResultsError(
            f"{_named(path)}: line {len(lines) + 1} is torn: the file ends within it; take the "
            "file away and run it again"
        )
    return names, rows


def match_results(path: Path, study: Study) -> dict[int, str]:
    """Read results and hold them against the study that they ought to be of.

    Returns
    -------
    dict of int to str
        Lines of CSV by the number of the cell.

    Raises
    ------
    ResultsError
        If they are torn, or of another study, saying what is other.
    """
    columns = columns_of(study)
    names, rows = read_results(path)
    cells = {cell.number: cell for cell in study.cells}
    wanted = [column.name for column in columns]
    _check_study(path, study, names, rows)
    found: dict[int, str] = {}
    for number, values in rows:
        said = dict(zip(names, values, strict=True))
        cell = cells[int(said["cell"])]
        where = f"{_named(path)}: line {number}"
        if names != wanted:
            missing = [name for name in wanted if name not in names] or names
            raise ResultsError(
                f"{_named(path)}: line 1: other columns than this version writes, such as "
                f"{printable(missing[0])}; written with escalation "
                f"{printable(said.get('escalation', 'unknown'))}?"
            )
        _check_numbers(where, values, columns)
        if cell.number in found:
            raise ResultsError(f"{where}: {cell.title} is there twice")
        found[cell.number] = _join(values)
    return found


def merge_results(study: Study, paths: Sequence[Path]) -> list[str]:
    """Put the results of shards together, in the order of the study.

    Returns
    -------
    list of str
        Lines of CSV.

    Raises
    ------
    ResultsError
        For results of another study, cells that are in two files, or in none.
    """
    lines: dict[int, str] = {}
    origin: dict[int, Path] = {}
    for path in paths:
        found = match_results(path, study)
        twice = [number for number in found if number in origin]
        if twice:
            other = origin[twice[0]]
            raise ResultsError(
                f"{_named(path)} and {_named(other)} both have {list_cells(twice)}; give each "
                "shard once"
            )
        lines |= found
        origin |= dict.fromkeys(found, path)
    missing = [cell.number for cell in study.cells if cell.number not in lines]
    if missing:
        begun = [path for path in paths if unfinished_path(path).exists()]
        hint = f" {_named(begun[0])} is not finished; run it again." if begun else ""
        raise ResultsError(
            f"{count(len(missing), 'cell')} of {len(study.cells)} missing: {list_cells(missing)}."
            f"{hint} Give the files of all shards"
        )
    return [lines[cell.number] for cell in study.cells]


def list_cells(numbers: Iterable[int]) -> str:
    """Name cells briefly: ``cell 3``, ``cells 1, 4-6``; shards by their step."""
    listed = sorted(numbers)
    runs: list[list[int]] = []
    step = min((after - before for before, after in pairwise(listed)), default=1)
    for number in listed:
        if runs and number == runs[-1][-1] + step:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = []
    for run in runs:
        if len(run) > 2:
            said.append(f"{run[0]}-{run[-1]}" if step == 1 else f"{run[0]}, {run[1]} ... {run[-1]}")
        else:
            said += map(str, run)
    more = len(said) - 10
    return f"cell{'s' * (len(listed) > 1)} {', '.join(said[:10])}" + f" and {more} more" * (
        more > 0
    )


def _check_study(path: Path, study: Study, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Refuse rows that are not those of the study's cells, saying what is other."""
    cells = {cell.number: cell for cell in study.cells}
    unseen = ""  # a difference that no column but the study's own shows
    for number, values in rows:
        said = dict(zip(names, values, strict=True))
        where = f"{_named(path)}: line {number}"
        cell = cells.get(int(said["cell"])) if said["cell"].isdecimal() else None
        if cell is None:
            raise ResultsError(
                f"{where}: the study has no cell {printable(said['cell'][:20])}, only 1 to "
                f"{len(cells)}; these are results of another study"
            )
        wanted = {name: cell_text(value) for name, value in identity_of(cell).items()}
        other = [name for name in wanted if said.get(name) != wanted[name]]
        shown = [name for name in other if name not in ("study", "key")]
        if shown:
            shown = [name for name in shown if not name.endswith("_digest")] or shown
            differences = "; ".join(
                f"{name} is {printable(said.get(name) or 'nothing')}, not "
                f"{wanted[name] or 'nothing'}"
                for name in shown[:4]
            )
            raise ResultsError(f"{where}: of another study: in {cell.title} {differences}")
        if other and not unseen:
            unseen = (
                f"{where}: of another study, whose digest is {printable(said['study'])}, not "
                f"{wanted['study']}: other cells, or another method or number of trials"
            )
    if unseen:
        raise ResultsError(unseen)


def _check_numbers(where: str, values: Sequence[str], columns: Sequence[Column]) -> None:
    for value, column in zip(values, columns, strict=True):
        if not value or column.kind == "text":
            continue
        try:
            float(value) if column.kind == "number" else int(value)
        except ValueError:
            raise ResultsError(
                f"{where} is torn or changed: {column.name} is {printable(value[:30])}, not a "
                "number; take the file away and run it again"
            ) from None


def _join(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()


def _read_parquet(path: Path) -> tuple[list[str], list[Row]]:
    pa, pq = _pyarrow()
    try:
        table = pq.read_table(path)
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read: {reason(error)}") from error
    except pa.ArrowInvalid as error:
        raise ResultsError(f"{_named(path)}: torn, or not Parquet; run it again") from error
    names = list(table.column_names)
    if "cell" not in names or "study" not in names:
        raise ResultsError(f"{_named(path)}: not results of a sweep: it names no cells")
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return names, [
        (number, [cell_text(value) for value in row]) for number, row in enumerate(rows, start=1)
    ]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  # the extra [parquet]
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            "Parquet needs pyarrow: pip install 'escalation[parquet]', or end the file's name in "
            ".csv"
        ) from error
    return pa, pq


def _named(path: Path) -> str:
    return printable(str(path))
