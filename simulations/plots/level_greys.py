"""A grey for each dose level, the darker the higher."""

from __future__ import annotations

import numpy as np

from escalation.figures.style import DARK, INK, LIGHT, MIDDLE

__all__ = ["level_greys"]

_GREYS = ("#eceff2", LIGHT, "#adb8c1", MIDDLE, "#6f7a84", DARK, "#333b42", INK)


def level_greys(n: int) -> list[str]:
    """Return a grey for each level, the darker the higher."""
    places = np.linspace(0, len(_GREYS) - 2, n).round().astype(int)
    return [_GREYS[place] for place in places]
