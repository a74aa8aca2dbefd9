"""`escalation sweep run`: calculate what is not finished, here, in processes or on a cluster."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.whole import WholeNumber
from simulations.cli.sweep.options import output_option

__all__ = ["run"]

_MOST_SHARDS = 100_000


class Shard(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """One of several parts of a study, as ``2/8``."""

    name = "I/N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read it; the first is 1."""
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value), re.ASCII)
        if found is None or not 1 <= int(found[1]) <= int(found[2]) <= _MOST_SHARDS:
            self.fail(
                f"{value!r} is not a shard; write 1/8 for the first of eight, 8/8 for the last",
                param,
                ctx,
            )
        return int(found[1]), int(found[2])


@click.command(cls=CarefulCommand)
@click.argument("study", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--workers", type=WholeNumber(1, 256), default=1, show_default=True, help="Processes to use."
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Let the workers of a Dask scheduler calculate, as tcp://HOST:8786.",
)
@click.option("--shard", type=Shard(), metavar="I/N", help="Only part I of N of the cells.")
def run(
    study: Path, output: Path, workers: int, scheduler: str | None, shard: tuple[int, int] | None
) -> None:
    """Calculate the cells of a study that are not finished, a row a cell.

    Finished cells are kept beside the results, in FILE.unfinished, every second or so. Whatever
    ends the run, Ctrl-C, a crash or a power cut: the same command goes on from there, and no
    finished cell is calculated twice. The results come when all cells are there, in the order of
    the study, and are the same byte for byte however they were calculated.

    Where a cell kills its worker (too little memory), the others go on; after three times it is
    named, and the command ends with exit code 1. --scheduler needs pip install
    'escalation[cluster]', .parquet needs 'escalation[parquet]'. Shards are for array jobs; sweep
    merge puts them together.

    \b
    Example: escalation sweep run study.toml -o results.csv
             escalation sweep run study.toml -o results.csv --workers 8
             escalation sweep run study.toml -o r.csv --scheduler tcp://HOST:8786
             escalation sweep run study.toml -o part-2.csv --shard 2/8
    """  # noqa: D301  # click reads the backspace
    if scheduler is not None and workers > 1:
        raise click.UsageError("give --workers or --scheduler, not both")
    for library in ("OPENBLAS", "OMP", "MKL"):  # before numpy is loaded: workers share the cores
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    from simulations.cli.sweep.running import run_study  # numpy

    run_study(study, output, workers=workers, scheduler=scheduler, shard=shard)
