"""Numbers with a fraction as people type them: neither nan nor infinite, and of our digits."""

from __future__ import annotations

import math
import re
from typing import Any

import click

__all__ = ["RealNumber"]

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class RealNumber(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A finite number from ``least`` to ``most``.

    ``click.FloatRange`` takes nan, which is neither below nor above.
    """

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        text = str(value)
        if len(text) > 40 or _NUMBER.fullmatch(text) is None:
            self.fail(f"{text[:40]!r} is not a number.", param, ctx)
        number = float(text)
        if not math.isfinite(number) or not self.least <= number <= self.most:
            limits = f"{_plain(self.least)} to {_plain(self.most)}"
            self.fail(f"{text} is not from {limits}.", param, ctx)
        return number


def _plain(number: float) -> str:
    """Write a limit without an exponent."""
    return f"{number:f}".rstrip("0").rstrip(".")
