"""Small studies that tests run: cells of a millisecond, and whole runs of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path

from simulations.sweeps.columns import columns_of
from simulations.sweeps.file import parse_study
from simulations.sweeps.results import write_results
from simulations.sweeps.run import Workers, run_cells
from simulations.sweeps.store import Store
from simulations.sweeps.study import Study, in_shard

__all__ = ["SMALL", "go_on", "lines_of", "many_cells", "small_study", "ticking"]

SMALL = """
levels = 3
target = 0.25

[[designs]]
design = "3+3"
vary = { variant = ["confirm", "declare"] }

[[scenarios]]
name = "low"
p_dlt = [0.05, 0.10, 0.20]

[[scenarios]]
name = "steep"
p_dlt = [0.10, 0.30, 0.60]

[[scenarios]]
name = "toxic"
p_dlt = [0.5, 0.6, 0.7]
"""


def small_study(text: str = SMALL) -> Study:
    return parse_study(text.encode(), "small.toml", Path())


def many_cells(n_scenarios: int = 100) -> str:
    """Return a study of two designs under so many scenarios."""
    head = SMALL.partition("[[scenarios]]")[0]
    return head + "".join(
        f'[[scenarios]]\nname = "s{i}"\np_dlt = [{0.001 * (i + 1)}, 0.2, {0.3 + 0.001 * i}]\n'
        for i in range(n_scenarios)
    )


def ticking(seconds: float = 0.5):
    """Return a clock that is so much later each time it is read."""
    ticks = count()
    return lambda: seconds * next(ticks)


def go_on(
    study: Study,
    output: Path,
    *,
    shard: tuple[int, int] | None = None,
    workers: Workers | None = None,
    seconds: float = 0.5,
    only: Iterable[int] | None = None,
) -> Path:
    """Run what is not finished, and write the results, as the command does."""
    columns = columns_of(study)
    cells = in_shard(study.cells, shard)
    with Store(output, study, columns, shard) as store:
        todo = [cell for cell in cells if cell.number not in store.lines]
        if only is not None:
            todo = [cell for cell in todo if cell.number in set(only)]
        run_cells(todo, store, clock=ticking(seconds), workers=workers)
        if only is None:
            lines = [store.lines[cell.number] for cell in cells]
            output.write_bytes(write_results(output, columns, lines))
            store.remove()
    return output


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)
