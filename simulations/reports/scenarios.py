"""Scenarios as a page, a document and rows: the shipped sets, or the curves of one source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from escalation.reports.view import GAP, Block, Paragraph, Table, View
from simulations.scenarios.arguments import show
from simulations.scenarios.scenario import Scenario

__all__ = ["curve_cells", "view_curves", "view_sets"]

Sets = Mapping[str, Sequence[Scenario]]
Doses = Sequence[float] | None


def view_sets(sets: Sets) -> View:
    """Return the view of sets of scenarios by name."""
    return View(
        page=partial(_sets_page, sets),
        document=partial(_sets_document, sets),
        rows=lambda: [
            ("set", "n_levels", "scenario"),
            *((name, len(one.p_dlt), one.name) for name in sets for one in sets[name]),
        ],
    )


def _sets_page(sets: Sets) -> Iterator[Block]:
    for name, members in sets.items():
        listed = ", ".join(member.name for member in members)
        yield Paragraph(f"{name}  {listed}", " " * (len(name) + 2))


def _sets_document(sets: Sets) -> dict[str, Any]:
    listed = [
        {
            "name": name,
            "n_levels": len(members[0].p_dlt),
            "scenarios": [member.name for member in members],
        }
        for name, members in sets.items()
    ]
    return {"schema": 1, "sets": listed}


def view_curves(source: str, loaded: Sequence[Scenario], doses: Doses) -> View:
    """Return the view of the curves of one source; ``doses`` are those of the ladder."""
    return View(
        page=partial(_page, loaded, doses),
        document=partial(_document, source, loaded, doses),
        rows=partial(_rows, loaded, doses),
    )


def _page(loaded: Sequence[Scenario], doses: Doses) -> Iterator[Block]:
    n_levels = max(len(scenario.p_dlt) for scenario in loaded)
    heads = [f"#{i + 1}" for i in range(n_levels)] if doses is None else [*map(show, doses)]
    yield Paragraph(f"P(DLT) by {'level, #1 the lowest' if doses is None else 'dose'}")
    yield GAP
    yield Table([["scenario", *heads], *map(curve_cells, loaded)])
    notes = [f"{member.name}: {note}" for member in loaded for note in _notes(member)]
    if notes:
        yield GAP
        yield from map(Paragraph, notes)


def curve_cells(scenario: Scenario) -> list[str]:
    """Return a curve's name, and its P(DLT) by level."""
    return [scenario.name, *map(_probability, scenario.p_dlt)]


def _probability(p: float) -> str:
    """Round to three decimals, but never to a certainty."""
    if 0 < p < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= p < 1 else f"{p:.3f}"


def _notes(scenario: Scenario) -> list[str]:
    falls = [] if scenario.is_monotone else ["P(DLT) falls somewhere as the dose rises."]
    return [note for note in [scenario.description, *falls] if note]


def _document(source: str, loaded: Sequence[Scenario], doses: Doses) -> dict[str, Any]:
    return {
        "schema": 1,
        "source": source,
        "doses": None if doses is None else list(doses),
        "scenarios": [
            {
                "name": scenario.name,
                "description": scenario.description,
                "p_dlt": list(scenario.p_dlt),
                "is_monotone": scenario.is_monotone,
            }
            for scenario in loaded
        ],
    }


def _rows(loaded: Sequence[Scenario], doses: Doses) -> Iterator[Sequence[object]]:
    """Yield a row a scenario and level; levels count from 1, the lowest."""
    yield ("scenario", "level", "dose", "p_dlt")
    for scenario in loaded:
        for place, p in enumerate(scenario.p_dlt):
            yield (scenario.name, place + 1, None if doses is None else doses[place], p)
