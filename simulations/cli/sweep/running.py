"""A study on its way: what was finished before, who calculates the rest, what is said of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from escalation.cli.asking import say_beside
from escalation.cli.show import say_written
from escalation.errors import InputError, printable, reason
from escalation.files import check_writable, write_whole
from escalation.text import count
from simulations.cli.progress import progress_bar
from simulations.cli.source import read_study
from simulations.cli.sweep.cluster import cluster_workers
from simulations.cli.workers import worker_pool
from simulations.sweeps.columns import Column, columns_of
from simulations.sweeps.results import (
    SUFFIXES,
    ResultsError,
    check_format,
    find_machines,
    list_cells,
    match_results,
    write_results,
)
from simulations.sweeps.run import Workers, run_cells
from simulations.sweeps.store import Store, unfinished_path
from simulations.sweeps.study import Cell, Study, in_shard

__all__ = ["run_study", "say_machines", "write_to"]


def run_study(
    path: Path,
    output: Path,
    *,
    workers: int,
    scheduler: str | None,
    shard: tuple[int, int] | None,
) -> None:
    """Calculate what is not finished, and write the results when all is there.

    Raises
    ------
    EscalationError
        For a study with faults, results of another study, or cells that could not be calculated.
    """
    study = read_study(path)
    cells = in_shard(study.cells, shard)
    if shard is not None and not cells:
        n_cells = count(len(study.cells), "cell")
        raise InputError(f"the study has {n_cells}, fewer than {shard[1]} shards")
    check_format(output)
    check_writable(output, SUFFIXES)
    if output.exists() and output.stat().st_size:
        _check_complete(output, study, cells)
        if unfinished_path(output).exists():  # the end came between writing and removing
            with Store(output, study, columns_of(study), shard) as store:
                store.remove()
        say_beside(f"{_named(output)} is complete: {count(len(cells), 'cell')}, nothing to do")
        return
    columns = columns_of(study)
    with Store(output, study, columns, shard) as store:
        for mended in store.mended:
            say_beside(mended)
        todo = [cell for cell in cells if cell.number not in store.lines]
        if len(todo) < len(cells):
            say_beside(f"{len(cells) - len(todo)} of {count(len(cells), 'cell')} are finished")
        try:
            _calculate(todo, store, workers, scheduler)
        except BaseException:
            if store.lines:
                say_beside(
                    f"{len(store.lines)} of {count(len(cells), 'cell')} are finished, and kept in "
                    f"{_named(store.path)}; the same command goes on from there"
                )
            else:
                store.remove()
            raise
        lines = [store.lines[cell.number] for cell in cells]
        write_to(output, write_results(output, columns, lines))
        store.remove()
    say_machines(columns, lines)
    say_written(output)


def say_machines(columns: Sequence[Column], lines: Sequence[str]) -> None:
    """Say where rows are not all of one program and processor."""
    machines = find_machines(columns, lines)
    if len(machines) > 1:
        say_beside(
            f"calculated by {len(machines)} kinds of program or processor, so that last digits may "
            "differ: see the columns escalation, numpy and processor"
        )


def write_to(output: Path, content: bytes) -> None:
    """Write results whole.

    Raises
    ------
    InputError
    """
    try:
        write_whole(output, content)
    except OSError as error:
        raise InputError(f"{_named(output)}: cannot be written: {reason(error)}") from error


def _calculate(todo: list[Cell], store: Store, workers: int, scheduler: str | None) -> None:
    if not todo:
        return
    with contextlib.ExitStack() as stack:
        who: Workers | None = None
        if scheduler is not None:
            who = stack.enter_context(cluster_workers(scheduler))
        elif workers > 1:
            who = _processes(min(workers, len(todo)))
        progress = stack.enter_context(progress_bar(len(todo), "calculating"))
        run_cells(todo, store, clock=time.perf_counter, workers=who, progress=progress)


def _processes(workers: int) -> Workers:
    @contextlib.contextmanager
    def opened() -> Iterator[Executor]:
        with worker_pool(max(2, workers)) as pool:
            if pool is not None:
                yield pool

    return Workers(opened=opened, number=lambda pool: max(2, workers))


def _check_complete(output: Path, study: Study, cells: tuple[Cell, ...]) -> None:
    """Refuse results that are there already and are not all of these cells."""
    found = match_results(output, study)
    wanted = {cell.number for cell in cells}
    missing, beyond = wanted - set(found), set(found) - wanted
    if missing or beyond:
        said = [f"lacks {list_cells(missing)}"] if missing else []
        said += [f"has {list_cells(beyond)}, which are not asked for"] if beyond else []
        raise ResultsError(
            f"{_named(output)} {' and '.join(said)}; give another --output, or take the file away"
        )


def _named(path: Path) -> str:
    return printable(str(path))
