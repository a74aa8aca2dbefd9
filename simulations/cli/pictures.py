"""Pictures of exact results, written with what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from escalation.cli.show import say_written
from escalation.designs import describe_design

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulations.questions.question import Question

__all__ = ["write_picture"]


def write_picture(
    drawn: Axes | Sequence[Axes],
    path: Path,
    question: Question,
    *,
    scenario: str,
    method: str = "exact",
) -> None:
    """Write a picture of an answer, and say so."""
    from simulations.plots import (  # matplotlib, for a picture only
        Provenance,
        save_figure,
    )

    protocol = question.protocol
    provenance = Provenance(
        design=describe_design(protocol.design),
        scenario=scenario,
        method=method,
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=question.note(),
    )
    say_written(*save_figure(drawn, path, provenance))
