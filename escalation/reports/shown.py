"""What a function of the library returns: a result that shows itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from escalation.errors import InputError
from escalation.reports.formats import write_view
from escalation.reports.formats.html import fragment
from escalation.reports.view import Block, View

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shown", "frame_of"]


class Shown(ABC):
    """A result with a view: text, a notebook's HTML, a dictionary and a data frame come from it.

    So they say what the command of the same name says, under the same names.
    """

    __slots__ = ()

    @abstractmethod
    def view(self) -> View:
        """Return the view, which ``escalation.reports.formats`` writes in any format."""

    def __str__(self) -> str:
        """Return the page that the command line prints."""
        return "".join(write_view(self.view(), "text")).rstrip("\n")

    def _repr_html_(self) -> str:
        return fragment(self._in_short())

    def _in_short(self) -> Iterable[Block]:
        """Return what a notebook shows: the page, unless a result has a shorter one."""
        return self.view().page()

    def to_dict(self) -> Mapping[str, Any]:
        """Return the document that ``--json`` prints."""
        return self.view().document()

    def to_frame(self) -> pd.DataFrame:
        """Return the rows that ``--csv`` prints as a pandas data frame.

        Probabilities are from 0 to 1. ``frame.attrs["columns"]`` says of each column what it is,
        with its unit.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        return frame_of(self.view())


def frame_of(view: View) -> pd.DataFrame:
    """Return a view's rows as a data frame; see ``Shown.to_frame``."""
    try:
        import pandas as pd  # noqa: PLC0415  # an extra, for frames only
    except ImportError as error:
        raise InputError(
            "a data frame needs pandas, which is not installed: pip install 'escalation[frames]'; "
            "to_dict() needs nothing"
        ) from error
    head, *rows = view.rows()
    names = [str(name) for name in head]
    cells = [[None if cell == "" else cell for cell in row] for row in rows]
    frame = pd.DataFrame(cells, columns=names)
    for place, name in enumerate(names):
        given = frame[name].dropna()
        if {int, str} <= set(map(type, given)):  # labels, some of them words
            frame[name] = given = frame[name].map(str, na_action="ignore")
        if given.empty:  # an object column, else: there is no number to tell
            frame[name] = frame[name].astype("float64")
        elif len(given) < len(frame) and all(
            type(cell[place]) is int for cell in cells if cell[place] is not None
        ):
            frame[name] = frame[name].astype("Int64")  # a label stays whole beside none
    frame.attrs["columns"] = {name: view.columns.get(name, "") for name in names}
    return frame
