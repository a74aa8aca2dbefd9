"""The decision table as a picture: what to do at a level, in letters, colours and hatching."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_WIDTH,
    caption,
    keep_inside,
    legend_beside,
    new_axes,
    place_above,
    plain,
    say_page,
    shares_of,
    text_width,
)
from escalation.figures.style import ACTIONS, INK, OTHER_ACTION, styled

__all__ = ["plot_decision_pages", "plot_decision_table"]

_CELL = 0.34  # inches
_LEAST_CELL = 0.165  # two letters of 6 points
_TALLEST = 7.6  # of a page
_BESIDE = 0.25  # with smaller cells, the key stands below the table
_MOST_CELLS = (36, 46)  # on a page: patients, DLTs


def plot_decision_pages(
    answers: Mapping[tuple[int, int], str], *, design: str, situation: str = "", trial: str = ""
) -> list[Axes]:
    """Plot a decision table on as many pages as it takes, with the same letters on each.

    Parameters are those of ``plot_decision_table``.
    """
    if not answers:
        raise InputError("a decision table needs at least one answer")
    codes = _codes(dict.fromkeys(answers.values()))
    (first, most_n), most_x = _ends(answers)
    blocks = []
    for columns in shares_of(most_n - first + 1, _MOST_CELLS[0]):
        for rows in shares_of(most_x + 1, _MOST_CELLS[1]):
            block = {
                (n, x): answer
                for (n, x), answer in answers.items()
                if columns.start <= n - first < columns.stop and rows.start <= x < rows.stop
            }
            blocks += [block] if block else []
    return [
        plot_decision_table(
            block,
            design=design,
            situation=situation,
            trial=trial,
            codes=codes,
            page=say_page(number, len(blocks)),
        )
        for number, block in enumerate(blocks, start=1)
    ]


@styled
def plot_decision_table(
    answers: Mapping[tuple[int, int], str],
    *,
    design: str,
    situation: str = "",
    trial: str = "",
    codes: Mapping[str, str] | None = None,
    page: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot what to do for each number of evaluable patients and of DLTs at a level.

    Parameters
    ----------
    answers : mapping of (int, int) to str
        By (evaluable, DLTs), in words that begin with "escalate", "stay", "de-escalate", "stop"
        or another verb, such as the ``answer`` of the rows of a decision table; an answer by which
        the level is eliminated too ends with "too toxic".
    design : str
        The design and its options, for the caption.
    situation : str
        What stands above and below the level, for the caption.
    trial : str
        The trial's title.
    codes : mapping of str to str, optional
        A short code for each answer, where the table is part of a larger one.
    page : str
        Which part.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if not answers:
        raise InputError("a decision table needs at least one answer")
    (first, last), most = _ends(answers)
    sizes, least = range(first, last + 1), min(x for _, x in answers)
    codes = codes or _codes(dict.fromkeys(answers.values()))
    shown = {answer: codes[answer] for answer in answers.values()}
    keys = [f"{code}: {answer}" for answer, code in sorted(shown.items(), key=_place)]
    key = 0.55 + max(text_width(label, 7) for label in keys)
    cell = min(_CELL, (PAGE_WIDTH - 0.7 - key) / len(sizes))
    n_rows = most - least + 1
    beside = cell >= _BESIDE
    if not beside:
        cell = min(_BESIDE, (PAGE_WIDTH - 0.7) / len(sizes), _TALLEST / n_rows)
        cell = max(_LEAST_CELL, cell)
    width = 0.75 + cell * len(sizes) + (key if beside else 0)
    if ax is None:
        width = max(width, 3.25)
    ax = new_axes(ax, (width, 1.0 + max(1.1, cell * n_rows)))
    points = min(7.0, cell * 72 / 2)  # two letters fit a small cell
    for (n, x), answer in answers.items():
        fill, hatch, ink = ACTIONS.get(codes[answer][0], OTHER_ACTION)
        ax.add_patch(_cell((n - 0.5, x - 0.5), fill, hatch)).set_clip_on(False)
        ax.text(n, x, codes[answer], color=ink, fontsize=points, ha="center", va="center",
                bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6})  # fmt: skip
    keep_inside(ax)
    ax.set_xlim(sizes[0] - 0.5, sizes[-1] + 0.5)
    ax.set_ylim(least - 0.5, most + 0.5)
    ax.set_aspect("equal", anchor="NW")
    ax.set_xticks(sizes)
    ax.set_yticks(range(least, most + 1))
    ax.tick_params(length=0, labelsize=min(7.0, points + 0.5))
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Evaluable patients at the level")
    ax.set_ylabel("DLTs at the level")
    handles = [
        _cell((0, 0), *ACTIONS.get(label[0], OTHER_ACTION)[:2], label=plain(label))
        for label in keys
    ]
    if beside:
        legend_beside(ax, handles=handles, handlelength=1.2)
        points_above = 0.0
    else:
        points_above = place_above(ax, handles, keys, 3)
    caption(ax, design, situation, page, trial=trial, points=points_above)
    return ax


def _place(coded: tuple[str, str]) -> tuple[int, str]:
    """Return where an answer stands in the key: from escalating to stopping, others last."""
    _, code = coded
    letters = list(ACTIONS)
    return letters.index(code[0]) if code[0] in letters else len(letters), code


def _ends(answers: Mapping[tuple[int, int], str]) -> tuple[tuple[int, int], int]:
    """Return the fewest and the most patients, and the most DLTs."""
    sizes = [n for n, _ in answers]
    return (min(sizes), max(sizes)), max(x for _, x in answers)


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
    if answer.endswith("too toxic"):
        return "X"
    if answer.startswith("stop"):
        return "M" if answer.endswith("is the MTD") else "X"
    return answer[:1].upper() or "?"
