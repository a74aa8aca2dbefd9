"""Options that the commands of a sweep share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["output_option"]

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The results: .csv, or .parquet.",
)
