"""The figures of a design report, each with its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn

from escalation.designs import describe_design
from escalation.errors import DesignError
from escalation.figures.picture import Picture
from escalation.figures.state_machine import plot_diagram_pages
from escalation.reports.view import Figure
from simulations.plots.comparison import plot_comparison_pages, provenance_of_comparison
from simulations.plots.page import plot_pages
from simulations.plots.pictures import say_characteristics, say_comparison
from simulations.plots.provenance import provenance_of
from simulations.reports.comparison import describe_contenders
from simulations.reports.design_report import Basis, Compared

__all__ = ["draw_report"]


def draw_report(
    basis: Basis, number: str, progress: Callable[[float], object] | None = None
) -> Iterator[Figure]:
    """Yield the figures of a number, ``F1`` to ``F3``; none where there is nothing to draw.

    ``progress`` is told, for each number, what share of its pages has been drawn since.
    """
    match number:
        case "F1":
            yield from _flowcharts(basis)
        case "F2":
            yield from _characteristics(basis, progress)
        case _:
            yield from _comparison(basis, progress)


def _flowcharts(basis: Basis) -> Iterator[Figure]:
    for label, protocol in basis.protocols():
        try:
            drawn = plot_diagram_pages(protocol.design, protocol.diagram_names)
        except DesignError:  # a design without such a shape
            continue
        yield from _pages(
            drawn,
            f"F1 Flowchart{f' of design {label}' if label else ''}",
            "A row a level, the highest on top. From each cohort an arrow for the numbers of DLTs "
            "that lead to the next cohort, to a level above or below, or to an end; the rules say "
            "the same in sentences.",
        )


def _characteristics(basis: Basis, progress: Callable[[float], object] | None) -> Iterator[Figure]:
    protocol = basis.protocol
    provenance = provenance_of(
        basis.results,
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        note=basis.question.note(),
    )
    names = [  # without the regimens, which stand in the text and would take the curves' place
        name if level.regimen is None else name.rpartition("\n")[0]
        for name, level in zip(protocol.axis_names, protocol.levels, strict=True)
    ]
    drawn = plot_pages(
        basis.results, provenance, level_names=names, target=basis.target, progress=progress
    )
    words = say_characteristics(protocol, basis.results)
    yield from _pages(drawn, "F2 Operating characteristics", words)


def _comparison(basis: Basis, progress: Callable[[float], object] | None) -> Iterator[Figure]:
    compared = basis.compared
    if not isinstance(compared, Compared):
        return
    provenance = provenance_of_comparison(
        compared.results,
        design="; ".join(describe_contenders(compared.contenders)),
        protocol=basis.protocol.name,
        digest=basis.protocol.digest,
    )
    drawn = plot_comparison_pages(compared.results, provenance, progress)
    yield from _pages(drawn, "F3 Designs compared", say_comparison(compared.results))


def _pages(drawn: Sequence[Drawn | Axes], caption: str, words: str) -> Iterator[Figure]:
    for page, one in enumerate(drawn, start=1):
        which = f", page {page} of {len(drawn)}" if len(drawn) > 1 else ""
        yield Figure(f"{caption}{which}", words, Picture(one, words).write)
