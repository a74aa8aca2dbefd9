"""Writing figures to files: reproducible, paged, and labelled with what they were made from."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from escalation.dataclass import dataclass
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
    trial : str
        The trial's title, as the protocol has it.
    note : str
        Anything else a reader must know, such as outcomes that the trials continue from.
    """

    design: str
    scenario: str = ""
    method: str = ""
    protocol: str = ""
    digest: str = ""
    trial: str = ""
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
            "trial": self.trial,
            "note": self.note,
            "version": __version__,
        }
        return "; ".join(f"{key}: {value}" for key, value in parts.items() if value)


def save_figure(
    drawn: Figure | Axes | Sequence[Figure | Axes], path: str | Path, provenance: Provenance
) -> tuple[Path, ...]:
    """Write a figure, or several as pages, as PNG, SVG or PDF; the same ones give the same bytes.

    Several are pages of one PDF; a PNG or SVG holds one, so that they are numbered: for
    ``name.png`` these are ``name-1.png``, ``name-2.png`` ... Nothing is written before all are
    drawn.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of them
        The figures, or axes in them.
    path : str or Path
        Its suffix says the format; an existing file is replaced.
    provenance : Provenance
        Stored in every file's metadata.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InputError
        If the suffix is unknown, or a file cannot be written.
    """
    path = Path(path)
    suffix = _check_suffix(path)
    pages = [_figure(one) for one in ([drawn] if isinstance(drawn, Figure | Axes) else drawn)]
    if not pages:
        raise InputError(f"{path}: there is no figure to write")
    metadata = _metadata(suffix, provenance)
    with (
        mpl.rc_context({"svg.hashsalt": "escalation", "svg.fonttype": "none", "pdf.fonttype": 42}),
        warnings.catch_warnings(),
    ):
        # a name may be in a script that the font lacks; boxes are drawn
        warnings.filterwarnings("ignore", message=".*missing from", category=UserWarning)
        if suffix == ".pdf":
            files = [(path, _pdf(pages, metadata))]
        else:
            files = [
                (name, _picture(page, suffix, metadata))
                for name, page in zip(page_names(path, len(pages)), pages, strict=True)
            ]
    for name, content in files:
        with replacing(name, "wb") as file:
            file.write(content)
    return tuple(name for name, _ in files)


def page_names(path: Path, n_pages: int) -> list[Path]:
    """Return the files of so many pages that hold one each: ``name-1.png``, ``name-2.png``."""
    if n_pages == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{k}{path.suffix}") for k in range(1, n_pages + 1)]


def _figure(drawn: Figure | Axes) -> Figure:
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if figure is None:
        raise InputError("these axes are in no figure")
    return figure


def _pdf(pages: Sequence[Figure], metadata: Mapping[str, str | None]) -> bytes:
    data = io.BytesIO()
    with PdfPages(data, metadata=metadata) as file:
        for page in pages:
            page.savefig(file, format="pdf")
    return data.getvalue()


def _picture(page: Figure, suffix: str, metadata: Mapping[str, str | None]) -> bytes:
    data = io.BytesIO()
    page.savefig(data, format=suffix[1:], dpi=_DPI, metadata=metadata)
    return data.getvalue()


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
