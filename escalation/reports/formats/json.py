"""JSON, for programs: doubles in full."""

from __future__ import annotations

import json
from collections.abc import Iterator

from escalation.reports.view import View

__all__ = ["SUFFIX", "write"]

SUFFIX = ".json"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the document."""
    yield f"{json.dumps(view.document(), indent=2, allow_nan=False)}\n"
