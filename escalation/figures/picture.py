"""A picture with its words: what a reader gets who cannot see it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.dataclass import dataclass
from escalation.errors import InputError

__all__ = ["Picture"]

_DPI = 150
_FILE_DPI = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure and its alternative text; a notebook shows both.

    Jupyter and nbconvert pass the text on to the image; where there is no image, the text itself
    is shown.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure or matplotlib.axes.Axes
        What a ``plot_*`` function returns.
    alt : str
        What the picture shows, in words: its kind, its axes, and what there is to see.

    Raises
    ------
    InputError
        Without a figure or without words.

    Examples
    --------
    >>> figure = Figure()
    >>> Picture(figure, "Bar chart: level 2 is selected in 41 % of trials.")
    Bar chart: level 2 is selected in 41 % of trials.
    """

    drawn: Figure | Axes
    alt: str

    def __post_init__(self) -> None:
        if not isinstance(self.drawn, Figure | Axes):
            raise InputError(
                "a picture needs a matplotlib figure or axes, as plot_* functions return them, "
                f"not {type(self.drawn).__name__}"
            )
        if not self.alt.strip():
            raise InputError("a picture needs words that say what it shows")

    @property
    def figure(self) -> Figure:
        """The whole figure."""
        figure = self.drawn if isinstance(self.drawn, Figure) else self.drawn.get_figure(root=True)
        if figure is None:
            raise InputError("these axes are in no figure")
        return figure

    def write(self, form: str) -> bytes:
        """Return the bytes of a file, always the same; see ``Figure.draw`` for the forms."""
        data = io.BytesIO()
        suffix = "png" if form == "png" else "svg"
        letters = "none" if form == "svg with text" else "path"
        metadata = {} if form == "png" else {"Date": None}
        with (
            mpl.rc_context({"svg.hashsalt": "escalation", "svg.fonttype": letters}),
            warnings.catch_warnings(),
        ):
            # a name may be in a script that the font lacks; boxes are drawn
            warnings.filterwarnings("ignore", message=".*missing from", category=UserWarning)
            self.figure.savefig(data, format=suffix, dpi=_FILE_DPI, metadata=metadata)
        return data.getvalue()

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        data = io.BytesIO()
        self.figure.savefig(data, format="png", dpi=_DPI, bbox_inches="tight")
        bundle = {"image/png": data.getvalue(), "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}
