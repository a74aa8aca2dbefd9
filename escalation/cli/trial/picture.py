"""The picture of a trial that a command also draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import PICTURES
from escalation.cli.show import say_written
from escalation.cli.trial.common import Place, check_new
from escalation.designs import describe_design
from escalation.files import check_writable
from escalation.trial import TrialState
from escalation.trial.rule import NoProtocolError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["check_picture", "draw_trial", "plot_option"]


def plot_option(what: str = "it") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--plot`` of a command of a trial."""
    return click.option(
        "--plot",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Also draw {what}: .png, .svg or .pdf.",
    )


def check_picture(plot: Path | None, place: Place) -> None:
    """Refuse a file that cannot be drawn to, or is the ledger, before anything else is done."""
    if plot is not None:
        check_new(plot, place.db, force=True)
        check_writable(plot, PICTURES)


def draw_trial(
    state: TrialState,
    trial: str,
    plot: Path,
    draw: Callable[[], Sequence[Figure | Axes]],
    *,
    said: str = "",
) -> None:
    """Write a picture of a trial, with what it was made from.

    Parameters
    ----------
    state : TrialState
    trial : str
        The trial's name in its ledger.
    plot : Path
    draw : callable
        Returns the pages.
    said : str
        What else it was made from, such as `` on 2026-05-28``.

    Raises
    ------
    NoProtocolError
        For a trial that is not registered.
    """
    # matplotlib is loaded for a picture only
    from escalation.figures.files import Provenance, save_figure  # noqa: PLC0415

    if state.protocol is None:
        raise NoProtocolError
    provenance = Provenance(
        design=describe_design(state.protocol.design),
        protocol=state.protocol.name,
        digest=state.protocol.digest,
        trial=state.protocol.title or "",
        note=f"trial {trial}{said}, anchor {state.seq}:{state.head}",
    )
    say_written(*save_figure(draw(), plot, provenance))
