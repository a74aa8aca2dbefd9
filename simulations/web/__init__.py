"""The page's calculations, at once; ``escalation.web`` finds them by name."""

from __future__ import annotations

from simulations.web.screens import blueprint

__all__ = ["blueprint"]
