"""What a design declares of itself: what it is, where it was published, and its options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import Field, fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from escalation.dataclass import dataclass
from escalation.designs import (
    Design,
    design_options,
    make_design,
    option_words,
    required_options,
)

__all__ = [
    "Option",
    "cite_design",
    "declared_options",
    "limits_words",
    "list_references",
    "summarise_design",
]

Kind = Literal["whole number", "number", "switch", "choice", "text", "list of numbers"]

_KINDS: Mapping[type, Kind] = {
    int: "whole number",
    float: "number",
    bool: "switch",
    str: "text",
    tuple: "list of numbers",
}
_LIMITS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
_PUBLISHED = re.compile(r" \((\d{4})\)\. ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a design.

    Attributes
    ----------
    name : str
        As in a protocol file's ``[design]`` table.
    kind : str
        What it takes: a whole number, a number, a switch, a choice, text or a list of numbers.
    choices : tuple of str
        The values of a choice or a switch, as ``--set`` takes them.
    limits : mapping of str to float
        "ge" (from), "gt" (above), "le" (to) and "lt" (below), of the number or of each in a list.
    default : object
        None where there is none, or where it follows from other options.
    is_required : bool
        Whether a trial cannot do without.
    meaning : str
    """

    name: str
    kind: Kind
    choices: tuple[str, ...]
    limits: Mapping[str, float]
    default: Any
    is_required: bool
    meaning: str

    @property
    def values(self) -> str:
        """The values that it takes, in words."""
        return ", ".join(self.choices) or limits_words(self.kind, self.limits)

    @property
    def default_words(self) -> str:
        """The default as ``--set`` takes it, "required", or "" where there is none."""
        if self.is_required:
            return "required"
        return "" if self.default is None else option_words(self.default)


def declared_options(design: type[Design]) -> tuple[Option, ...]:
    """Return every option of a design, as its dataclass declares it.

    Parameters
    ----------
    design : type of Design

    Returns
    -------
    tuple of Option
        Its own before those it inherits.

    Examples
    --------
    >>> from escalation.designs import G3Plus3
    >>> option = declared_options(G3Plus3)[0]
    >>> option.name, option.values, option.default
    ('cohort_size', 'whole number from 1 to 20', 3)
    """
    hints = get_type_hints(design)
    declared: dict[str, Field[Any]] = {field.name: field for field in fields(design)}  # type: ignore[arg-type]  # every design is a dataclass
    required = required_options(design)
    defaults = {name: None if name in required else declared[name].default for name in declared}
    if not required:  # options may fill in one another, as the variant of a 3+3 does
        plain = make_design(design.name, n_levels=1)
        defaults = {name: getattr(plain, name) for name in declared}
    return tuple(
        _option(declared[name], hints[name], defaults[name], is_required=name in required)
        for name in design_options(design)
    )


def _option(field: Field[Any], hint: Any, default: Any, *, is_required: bool) -> Option:
    limits = field.metadata
    if get_origin(hint) in (Union, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not NoneType)
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    if get_origin(hint) is tuple:
        limits = limits["each"]
    return Option(
        name=field.name,
        kind="choice" if choices else _KINDS[get_origin(hint) or hint],
        choices=("true", "false") if hint is bool else choices,
        limits={key: limits[key] for key in _LIMITS if key in limits},
        default=default,
        is_required=is_required,
        meaning=field.metadata["description"],
    )


def limits_words(kind: str, limits: Mapping[str, float]) -> str:
    """Write what a number may be: ``number above 0 and below 1``.

    ``limits`` may have "ge" (from), "gt" (above), "le" (to) and "lt" (below).
    """
    said = [_LIMITS[key].format(f"{limits[key]:g}") for key in _LIMITS if key in limits]
    between = " " if {"ge", "le"} <= set(limits) else " and "
    return f"{kind} {between.join(said)}".rstrip()


def summarise_design(design: type[Design]) -> str:
    """Say in one line what a design is.

    Examples
    --------
    >>> from escalation.designs import Boin
    >>> summarise_design(Boin)
    'BOIN, the Bayesian optimal interval design: compares the DLT rate with two boundaries.'
    """
    return " ".join(inspect.cleandoc(design.__doc__ or "").partition("\n\n")[0].split())


def list_references(documented: Any) -> tuple[str, ...]:
    """Return what a docstring refers to: where a design was published, the main paper first."""
    document = inspect.cleandoc(documented.__doc__ or "")
    section = document.partition("References\n----------\n")[2].partition("\n\n")[0]
    found: list[str] = []
    for line in section.splitlines():
        if _PUBLISHED.search(line):
            found.append(line)
        else:  # a reference goes on
            found[-1] += f" {line}"
    return tuple(found)


def cite_design(design: type[Design]) -> str:
    """Name the main paper on a design as a text would, or "" where there is none.

    Examples
    --------
    >>> from escalation.designs import Boin
    >>> cite_design(Boin)
    'Liu & Yuan 2015'
    """
    for reference in list_references(design):
        authors, year, _ = _PUBLISHED.split(reference, maxsplit=1)
        surnames = [author.rpartition(" ")[0] for author in authors.split(", ")]
        if len(surnames) == 2:
            return f"{' & '.join(surnames)} {year}"
        first = authors.split(" ")[0]
        return (
            f"{first} et al. {year}"
            if len(surnames) > 2 or "et al" in authors
            else f"{first} {year}"
        )
    return ""
