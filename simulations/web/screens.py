"""Calculations in the browser: nothing is stored."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint

__all__ = ["blueprint"]

blueprint = Blueprint(
    "calculations", __name__, template_folder=str(Path(__file__).parent / "templates")
)
