"""Whole numbers as people type them: also 1e6 or 10^6, where there are many noughts."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["WholeNumber"]

_POWER = re.compile(r"(?:([0-9]{1,15})[eE]\+?|10\^)([0-9]{1,2})", re.ASCII)


class WholeNumber(click.IntRange):
    """A whole number from ``min`` to ``max``, with either left open."""

    name = "n"  # as the value is called in a help

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; ``1e6`` and ``10^6`` are a million."""
        if isinstance(value, str):
            power = _POWER.fullmatch(value)
            if power is not None:
                value = int(power[1] or 1) * 10 ** int(power[2])
            elif re.fullmatch(r"[+-]?[0-9]{1,40}", value, re.ASCII) is None:
                self.fail(f"{value[:40]!r} is not a whole number.", param, ctx)
        return int(super().convert(value, param, ctx))

    def _describe_range(self) -> str:
        """Return what a help says of the limits, where there are any."""
        return "" if self.min is None and self.max is None else super()._describe_range()
