"""How every picture looks: greys that print, one accent, small type, captions with the source.

Nothing here is set globally: ``styled`` wraps a function that draws, and restores what was set.
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import matplotlib as mpl

__all__ = [
    "ACCENT",
    "ACTIONS",
    "DARK",
    "INK",
    "LIGHT",
    "MIDDLE",
    "OTHER_ACTION",
    "line_styles",
    "styled",
]

INK = "#1a1a1a"
DARK = "#4d5963"
MIDDLE = "#8d99a3"
LIGHT = "#cdd5dc"
ACCENT = "#b3471d"  # told from the greys by every kind of colour vision; as grey it is DARK

# What a table tells to do, by its letter: fill, hatching and ink. The fills differ in hue, and as
# grey in lightness or hatching; red and green are never told apart by hue alone.
ACTIONS = {
    "E": ("#d9ecd3", "", INK),  # escalate
    "S": ("#fbf3cf", "....", INK),  # stay
    "M": ("#a3c4e4", "", INK),  # stop: the MTD
    "D": ("#f0b27a", "////", INK),  # de-escalate
    "X": ("#7d2a17", "", "white"),  # eliminate, or stop without an MTD
}
OTHER_ACTION = ("white", "", INK)

styled = mpl.rc_context(
    {
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.labelsize": 8,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 6.5,
        "errorbar.capsize": 1.5,
        "font.family": "DejaVu Sans",  # comes with matplotlib, so pictures are alike everywhere
        "font.size": 8,
        "hatch.linewidth": 0.5,
        "legend.borderaxespad": 0.2,
        "legend.borderpad": 0.2,
        "legend.columnspacing": 1.2,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "legend.handletextpad": 0.5,
        "legend.labelspacing": 0.3,
        "lines.linewidth": 1.1,
        "lines.markersize": 4,
        "text.usetex": False,
        "xtick.labelsize": 7,
        "xtick.major.width": 0.6,
        "ytick.labelsize": 7,
        "ytick.major.width": 0.6,
    }
)

_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (2.5, 1.2)),
    (0, (5, 1.2, 1, 1.2, 1, 1.2)),
)
_MARKERS = "osD^vPX*"
_SHADES = (INK, DARK, "#6f7a84")


def line_styles(n: int) -> list[dict[str, Any]]:
    """Return ``n`` line styles; dashes, marker and shade together tell them apart."""
    markers, dashes, shades = cycle(_MARKERS), cycle(_DASHES), cycle(_SHADES)
    faces = cycle(("white", None))
    return [
        {
            "marker": marker,
            "linestyle": dash,
            "color": shade,
            "markerfacecolor": face or shade,
        }
        for marker, dash, shade, face in islice(
            zip(markers, dashes, shades, faces, strict=False), n
        )
    ]
