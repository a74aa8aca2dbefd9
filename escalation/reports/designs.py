"""The designs there are, and the options of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.designs import DESIGNS, Design, find_design, required_options
from escalation.designs.declared import (
    Option,
    cite_design,
    declared_options,
    list_references,
    summarise_design,
)
from escalation.protocol.defaults import DEFAULT_PATIENTS, DEFAULT_TARGET
from escalation.reports.view import GAP, Block, Heading, Paragraph, Table, View

__all__ = ["view_design", "view_designs"]

BOUNDS = {"ge": "minimum", "gt": "exclusive_minimum", "le": "maximum", "lt": "exclusive_maximum"}


def view_designs() -> View:
    """Return the view of every design, with what it is and where it was published."""
    rows = [(name, *_identity(design).values()) for name, design in DESIGNS.items()]
    return View(
        page=_list_page,
        document=lambda: {
            "schema": 1,
            "designs": [{"name": name, **_identity(design)} for name, design in DESIGNS.items()],
        },
        rows=lambda: [
            ("name", "summary", "references"),
            *((name, said, " ".join(papers)) for name, said, papers in rows),
        ],
    )


def view_design(name: str) -> View:
    """Return the view of every option of one design.

    Raises
    ------
    DesignError
        For a name that is none.
    """
    design = find_design(name)
    options = declared_options(design)
    return View(
        page=partial(_page, design, options),
        document=lambda: {
            "schema": 1,
            "name": name,
            **_identity(design),
            "options": list(map(_record, options)),
        },
        rows=lambda: [
            ("option", "values", "default", "meaning"),
            *((one.name, one.values, one.default_words, one.meaning) for one in options),
        ],
    )


def _identity(design: type[Design]) -> dict[str, Any]:
    return {"summary": summarise_design(design), "references": list_references(design)}


def _list_page() -> Iterator[Block]:
    rows = [
        (name, f"{summarise_design(design)} ({cite_design(design)})")
        for name, design in DESIGNS.items()
    ]
    yield Table([("design", "what it is"), *rows], prose=True)
    yield GAP
    yield Paragraph("escalation designs NAME lists the options of one.")


def _page(design: type[Design], options: Sequence[Option]) -> Iterator[Block]:
    yield Heading(f"{design.name}: options")
    yield GAP
    yield Paragraph(summarise_design(design))
    yield GAP
    rows = [(one.name, one.default_words, f"{one.meaning} [{one.values}]") for one in options]
    yield Table([("option", "default", "meaning [values]"), *rows], left=(0, 1), prose=True)
    if {"target", "max_patients"} & set(required_options(design)):
        yield GAP
        yield Paragraph(_said_otherwise(design))
    for reference in list_references(design):
        yield GAP
        yield Paragraph(reference, "  ")


def _said_otherwise(design: type[Design]) -> str:
    """Say what the command line takes for the options that a trial cannot do without."""
    patients = f"max_patients as planned in the protocol, else {DEFAULT_PATIENTS}"
    target = f"target {DEFAULT_TARGET:g} and " * ("target" in required_options(design))
    return f"Where --set gives none, --design {design.name} takes {target}{patients}."


def _record(option: Option) -> dict[str, Any]:
    """Return an option as a document for JSON."""
    return {
        "name": option.name,
        "kind": option.kind,
        "choices": option.choices,
        **{said: option.limits.get(limit) for limit, said in BOUNDS.items()},
        "default": option.default,
        "required": option.is_required,
        "meaning": option.meaning,
    }
