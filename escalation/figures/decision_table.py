"""The decision table as a picture: what to do at a level, in letters, greys and hatching."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from escalation.errors import InputError
from escalation.figures.style import (
    DARK,
    INCHES_A_LETTER,
    INK,
    LIGHT,
    MIDDLE,
    PAGE_WIDTH,
    caption,
    new_axes,
    plain,
    styled,
)

__all__ = ["plot_decision_table"]

# By the first letter of an answer: fill, hatching, ink.
_CELLS = {
    "E": ("white", "", INK),
    "S": (LIGHT, "", INK),
    "M": (LIGHT, "....", INK),
    "D": (MIDDLE, "////", INK),
    "X": (DARK, "", "white"),
}
_OTHER_CELL = ("white", "\\\\\\\\", INK)


@styled
def plot_decision_table(
    answers: Mapping[tuple[int, int], str],
    *,
    design: str,
    situation: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot what to do for each number of evaluable patients and of DLTs at a level.

    Parameters
    ----------
    answers : mapping of (int, int) to str
        By (evaluable, DLTs), in words that begin with "escalate", "stay", "de-escalate", "stop"
        or another verb, such as the ``answer`` of the rows of a decision table.
    design : str
        The design and its options, for the caption.
    situation : str
        What stands above and below the level, for the caption.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if not answers:
        raise InputError("a decision table needs at least one answer")
    sizes = range(min(n for n, _ in answers), max(n for n, _ in answers) + 1)
    most = max(x for _, x in answers)
    legend = 0.5 + INCHES_A_LETTER * (4 + max(map(len, answers.values())))
    cell = min(0.34, (PAGE_WIDTH - 0.7 - legend) / len(sizes))
    ax = new_axes(ax, (0.7 + cell * len(sizes) + legend, 1.0 + cell * (most + 1)))
    points = min(7.0, cell * 72 / 2)  # two letters fit a small cell
    codes = _codes(dict.fromkeys(answers.values()))
    for (n, x), answer in answers.items():
        fill, hatch, ink = _CELLS.get(codes[answer][0], _OTHER_CELL)
        ax.add_patch(_cell((n - 0.5, x - 0.5), fill, hatch)).set_clip_on(False)
        ax.text(n, x, codes[answer], color=ink, fontsize=points, ha="center", va="center",
                bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6})  # fmt: skip
    ax.set_xlim(sizes[0] - 0.5, sizes[-1] + 0.5)
    ax.set_ylim(-0.5, most + 0.5)
    ax.set_aspect("equal", anchor="W")
    ax.set_xticks(sizes)
    ax.set_yticks(range(most + 1))
    ax.tick_params(length=0, labelsize=min(7.0, points + 0.5))
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Evaluable patients at the level")
    ax.set_ylabel("DLTs at the level")
    keys = [
        _cell((0, 0), *_CELLS.get(code[0], _OTHER_CELL)[:2], label=plain(f"{code}: {answer}"))
        for answer, code in sorted(codes.items(), key=lambda pair: pair[1])
    ]
    ax.legend(handles=keys, loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=1.2)
    caption(ax, design, situation)
    return ax


def _cell(corner: tuple[float, float], fill: str, hatch: str, *, label: str = "") -> Patch:
    return Rectangle(corner, 1, 1, facecolor=fill, hatch=hatch, edgecolor=INK, linewidth=0.5,
                     label=label)  # fmt: skip


def _codes(answers: Mapping[str, None]) -> dict[str, str]:
    """Return a short code for each answer: a letter, and where several share it a number."""
    by_letter: dict[str, list[str]] = {}
    for answer in answers:
        by_letter.setdefault(_letter(answer), []).append(answer)
    codes: dict[str, str] = {}
    for letter, same in by_letter.items():
        numbers = ["".join(filter(str.isdigit, answer)) for answer in same]
        if len(same) == 1:
            numbers = [""]
        elif len(set(numbers)) < len(same) or "" in numbers:
            numbers = [chr(ord("a") + k) for k in range(len(same))]
        codes |= {answer: letter + number for answer, number in zip(same, numbers, strict=True)}
    return codes


def _letter(answer: str) -> str:
    if answer.startswith("stop"):
        return "M" if answer.endswith("is the MTD") else "X"
    return answer[:1].upper() or "?"
