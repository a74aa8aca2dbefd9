"""Writing a figure to a file: reproducible, labelled with its origin, and checked beforehand."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from escalation import __version__
from escalation.errors import InputError
from simulations.plots.provenance import Provenance

__all__ = ["SUFFIXES", "check_writable", "save_figure"]

SUFFIXES = (".pdf", ".png", ".svg")
_DPI = 200


def check_writable(path: str | Path) -> None:
    """Check that a figure can be written to ``path``, without a trace, before long work.

    Raises
    ------
    InputError
        If the suffix is unknown, or the file cannot be written there.
    """
    path = Path(path)
    _check_suffix(path)
    try:
        with suppress(FileExistsError):
            path.open("xb").close()
            path.unlink()
            return
        path.open("r+b").close()
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def save_figure(figure: Figure, path: str | Path, provenance: Provenance) -> None:
    """Write a figure as PNG, SVG or PDF; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path
        Its suffix says the format; an existing file is replaced.
    provenance : Provenance
        Stored in the file's metadata.

    Raises
    ------
    InputError
        If the suffix is unknown, or the file cannot be written.
    """
    path = Path(path)
    suffix = _check_suffix(path)
    drawn = io.BytesIO()  # so that a failure half-way leaves an existing file as it was
    with (
        mpl.rc_context({"svg.hashsalt": "escalation", "pdf.fonttype": 42}),
        warnings.catch_warnings(),
    ):
        # a scenario may be named in a script that the font lacks; boxes are drawn
        warnings.filterwarnings("ignore", message=".*missing from font", category=UserWarning)
        figure.savefig(drawn, format=suffix[1:], dpi=_DPI, metadata=_metadata(suffix, provenance))
    try:
        path.write_bytes(drawn.getvalue())
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def _check_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InputError(f"{path}: a picture's file name must end in one of {known}")
    return suffix


def _cannot_write(path: Path, error: OSError | ValueError) -> InputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(f"{path}: cannot be written: {reason}")


def _metadata(suffix: str, provenance: Provenance) -> dict[str, str | None]:
    """Return the metadata in a format's own vocabulary, without the time of writing."""
    program, title = f"escalation {__version__}", provenance.design
    described = provenance.describe()
    match suffix:
        case ".png":
            return {"Title": title, "Description": described, "Software": program}
        case ".svg":
            return {"Title": title, "Description": described, "Creator": program, "Date": None}
        case _:
            return {
                "Title": title,
                "Subject": described,
                "Creator": program,
                "CreationDate": None,
            }
