"""`escalation sweep init`, `check`, `merge` and `show`: the files of a study."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import say_written, shows
from escalation.cli.templates import write_template
from escalation.files import check_writable
from escalation.reports.view import View
from simulations.cli.sweep.options import output_option

__all__ = ["check", "init", "merge", "show"]

_TEMPLATE = Path(__file__).with_name("study_template.toml")


@click.command(cls=CarefulCommand)
@click.argument("file")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
def init(file: str, force: bool) -> None:
    """Write a study with comments, to start from.

    - writes to standard output.

    Example: escalation sweep init study.toml
    """
    write_template(_TEMPLATE, file, force=force, then="escalation sweep check")


@click.command(cls=CarefulCommand)
@click.argument("study", type=click.Path(path_type=Path))
@shows
def check(study: Path) -> View:
    """Check a study, name every fault at once, and say what it asks.

    With --csv every cell is listed, with what is known of it before it is calculated.

    Example: escalation sweep check study.toml
    """
    from simulations.cli.source import read_study  # numpy
    from simulations.sweeps.view import view_study

    return view_study(read_study(study))


@click.command(cls=CarefulCommand)
@click.argument("study", type=click.Path(path_type=Path))
@click.argument(
    "parts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@output_option
def merge(study: Path, parts: tuple[Path, ...], output: Path) -> None:
    """Put the results of a study's shards together, in the order of its cells.

    The file is the same as that of a run in one go. Results of another study, and cells that are
    there twice or not at all, are named and nothing is written.

    Example: escalation sweep merge study.toml part-1.csv part-2.csv -o results.csv
    """
    from simulations.cli.source import read_study  # numpy
    from simulations.cli.sweep.running import say_machines, write_to
    from simulations.sweeps.columns import columns_of
    from simulations.sweeps.results import (
        SUFFIXES,
        check_format,
        merge_results,
        write_results,
    )

    loaded = read_study(study)
    check_format(output)
    check_writable(output, SUFFIXES)
    if any(part.resolve() == output.resolve() for part in parts):
        raise click.UsageError(f"{output} is one of the parts; give --output a name of its own")
    lines = merge_results(loaded, parts)
    columns = columns_of(loaded)
    write_to(output, write_results(output, columns, lines))
    say_machines(columns, lines)
    say_written(output)


@click.command(cls=CarefulCommand)
@click.argument("results", type=click.Path(path_type=Path))
@shows
def show(results: Path) -> View:
    """Show the results of a sweep as a table: selection, patients, DLTs, days.

    Of a sweep that is still going on, or was ended, the finished cells are shown.

    Example: escalation sweep show results.csv
    """
    from simulations.sweeps.view import view_results  # numpy

    return view_results(results)
