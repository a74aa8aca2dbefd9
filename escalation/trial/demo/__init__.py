"""Trials for the demonstration, as commands one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escalation.trial.demo.script import Demo

__all__ = ["DEMOS", "load_demo"]

DEMOS = ("star-t", "backfill", "planned")


def load_demo(name: str) -> Demo:
    """Return one of ``DEMOS``; of the others nothing is loaded."""
    match name:
        case "star-t":
            from escalation.trial.demo.star_t import STAR_T  # noqa: PLC0415

            return STAR_T
        case "backfill":
            from escalation.trial.demo.backfill import BACKFILL  # noqa: PLC0415

            return BACKFILL
        case "planned":
            from escalation.trial.demo.planned import PLANNED  # noqa: PLC0415

            return PLANNED
    raise LookupError(name)
