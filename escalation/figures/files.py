"""Writing a figure to a file: reproducible, and labelled with what it was made from."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.files import replacing
from escalation.version import __version__

__all__ = ["SUFFIXES", "Provenance", "save_figure"]

SUFFIXES = (".pdf", ".png", ".svg")
_DPI = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a picture was made from.

    Attributes
    ----------
    design : str
        The design and its options, in words.
    scenario : str
        Name of the scenario, or of each.
    method : str
        Engine, number of trials and seed.
    protocol, digest : str
        Name and SHA-256 digest of the protocol.
    note : str
        Anything else a reader must know, such as outcomes that the trials continue from.
    """

    design: str
    scenario: str = ""
    method: str = ""
    protocol: str = ""
    digest: str = ""
    note: str = ""

    @property
    def origin(self) -> str:
        """Protocol, the digest's first 12 digits, and the version of this program."""
        digest = f"digest {self.digest[:12]}" if self.digest else ""
        parts = (self.protocol and f"protocol {self.protocol}", digest)
        return ", ".join([*filter(None, parts), f"escalation {__version__}"])

    def describe(self) -> str:
        """Return everything in one line, with the digest in full."""
        parts = {
            "design": self.design,
            "scenario": self.scenario,
            "method": self.method,
            "protocol": self.protocol,
            "digest": self.digest,
            "note": self.note,
            "version": __version__,
        }
        return "; ".join(f"{key}: {value}" for key, value in parts.items() if value)


def save_figure(drawn: Figure | Axes, path: str | Path, provenance: Provenance) -> None:
    """Write a figure as PNG, SVG or PDF; the same figure gives the same bytes.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure or matplotlib.axes.Axes
        The figure, or axes in it.
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
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if figure is None:
        raise InputError("these axes are in no figure")
    data = io.BytesIO()  # so that a failure half-way leaves an existing file as it was
    with (
        mpl.rc_context({"svg.hashsalt": "escalation", "pdf.fonttype": 42}),
        warnings.catch_warnings(),
    ):
        # a name may be in a script that the font lacks; boxes are drawn
        warnings.filterwarnings("ignore", message=".*missing from font", category=UserWarning)
        figure.savefig(data, format=suffix[1:], dpi=_DPI, metadata=_metadata(suffix, provenance))
    with replacing(path, "wb") as file:
        file.write(data.getvalue())


def _check_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InputError(f"{path}: a picture's file name must end in one of {known}")
    return suffix


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
