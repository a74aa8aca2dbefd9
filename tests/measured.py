"""What is wrong with the text of a figure, measured as it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from unittest.mock import patch

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

__all__ = ["LEAST_POINTS", "drawn_texts", "text_faults"]

LEAST_POINTS = 5.0  # smaller letters cannot be read in print
_DPI = 200
_SLACK = 1.0  # pixels


def text_faults(drawn: Figure | Axes) -> list[str]:
    """Return what is wrong: text off the canvas, on other text, or too small to be read."""
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    assert figure is not None
    figure.set_dpi(_DPI)
    canvas = FigureCanvasAgg(figure)
    texts = drawn_texts(figure, canvas)
    width, height = canvas.get_width_height()
    faults = []
    for words, points, corners in texts:
        low, high = corners.min(axis=0), corners.max(axis=0)
        if (low < -_SLACK).any() or (high > np.array([width, height]) + _SLACK).any():
            faults.append(f"{words!r} leaves the canvas: {low} to {high} of {width} x {height}")
        if points < LEAST_POINTS:
            faults.append(f"{words!r} has {points} points")
    faults += [
        f"{texts[one][0]!r} crosses {texts[other][0]!r}"
        for one, other in _near([corners for _, _, corners in texts])
        if _cross(texts[one][2], texts[other][2])
    ]
    return faults


def _near(boxes: list[NDArray[np.float64]]) -> Iterator[tuple[int, int]]:
    """Yield pairs that lie side by side neither from left to right nor from top to bottom."""
    low = np.array([corners.min(axis=0) for corners in boxes]).reshape(-1, 2)
    high = np.array([corners.max(axis=0) for corners in boxes]).reshape(-1, 2)
    near = (low[:, None] < high[None]).all(axis=2)
    yield from np.argwhere(np.triu(near & near.T, 1)).tolist()


def drawn_texts(
    figure: Figure, canvas: FigureCanvasAgg
) -> list[tuple[str, float, NDArray[np.float64]]]:
    """Draw the figure; return each text that is drawn, its points and its box's four corners."""
    found: dict[int, Text] = {}

    def record(text: Text, *args: object, **kwargs: object) -> None:
        if text.get_visible() and text.get_text().strip("\N{ZERO WIDTH SPACE} \n"):
            found[id(text)] = text

    with patch.object(Text, "draw", record), patch.object(Annotation, "draw", record):
        canvas.draw()
    return [(text.get_text(), text.get_fontsize(), _corners(text)) for text in found.values()]


def _corners(text: Text) -> NDArray[np.float64]:
    """Return the corners of a text's box, turned as the text is."""
    renderer = text.get_figure(root=True).canvas.get_renderer()
    angle = text.get_rotation()
    box = text.get_window_extent(renderer)
    if angle % 90 == 0:
        return np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
    text.set_rotation(0)
    flat = text.get_window_extent(renderer)
    text.set_rotation(angle)
    turn = np.deg2rad(angle)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [flat.width / 2, flat.height / 2]
    turned = half @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    return np.asarray(turned + middle)


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two convex shapes overlap: no line along an edge of either parts them."""
    for shape in (one, other):
        for start, end in pairwise([*shape, shape[0]]):
            along = end - start
            normal = np.array([-along[1], along[0]]) / (np.hypot(*along) or 1)
            a, b = one @ normal, other @ normal
            if a.max() <= b.min() + _SLACK or b.max() <= a.min() + _SLACK:
                return False
    return True
