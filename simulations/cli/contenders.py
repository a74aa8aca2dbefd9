"""Designs as named on the command line: by name, variant or protocol, with alias and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import parse_settings, read_protocol
from escalation.designs import (
    DESIGNS,
    VARIANTS,
    Design,
    ThreePlusThree,
    change_design,
    describe_design,
    design_options,
    make_design,
    required_options,
)
from escalation.errors import DesignError, InputError, did_you_mean
from escalation.labels import Label
from escalation.protocol import Protocol, shipped_protocols
from escalation.protocol.defaults import DEFAULT_TARGET, whole_cohorts
from escalation.protocol.protocol import freeze_lists
from escalation.text import is_line

if TYPE_CHECKING:
    from simulations.compare.result import Contender

__all__ = ["NamedDesign", "check_number", "choose_target", "make_contenders", "parse_design"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDesign:
    """A design as one word names it.

    Attributes
    ----------
    word : str
    name : str
        In ``DESIGNS``.
    own : mapping
        The options that the word gives.
    protocol : Protocol or None
        Where the word names a protocol, whose design is meant with ``own`` changed.
    alias : str or None
        What tables are to call it.
    """

    word: str
    name: str
    own: Mapping[str, Any]
    protocol: Protocol | None = None
    alias: str | None = None

    @property
    def label(self) -> str:
        """What tables call the design: its alias, else the word as typed."""
        return self.word if self.alias is None else self.alias

    def lacks(self, option: str, shared: Mapping[str, Any]) -> bool:
        """Tell whether the design needs an option that nothing gives it."""
        given = option in self.own or option in shared or self.protocol is not None
        return option in required_options(DESIGNS[self.name]) and not given

    @property
    def target(self) -> float | None:
        """The target that the word brings along."""
        inherited = None if self.protocol is None else self.protocol.design.target
        target: float | None = self.own.get("target", inherited)
        return target


def parse_design(word: str, start: Label | None = None) -> NamedDesign:
    """Read ``NAME[=ALIAS][:KEY=VALUE,KEY=VALUE]``; a protocol's name or file is a name too.

    ``start`` is the label at which a protocol's design starts instead of its own.

    Raises
    ------
    InputError
        For a name that is neither, with the nearest that is; for an alias that tables cannot show.
    """
    name, settings = _split(word)
    name, alias = _split_alias(word, name)
    # a comma inside brackets belongs to a list
    parts = re.split(r",(?![^\[]*\])", settings) if settings else []
    before = re.split("[:=]", name)[0]
    if any("=" not in part for part in parts) or (":" in name and before in (*DESIGNS, *VARIANTS)):
        raise InputError(
            f"{word}: options are written as {before}:KEY=VALUE,KEY=VALUE, a list as KEY=[0.1,0.2]"
        )
    own = freeze_lists(parse_settings(tuple(parts), f"{name}:"))
    if name in DESIGNS:
        return NamedDesign(word=word, name=name, own=own, alias=alias)
    if name in VARIANTS:
        if "variant" in own:
            raise DesignError(f"{word}: {name} is a variant already")
        own = {"variant": name} | own
        return NamedDesign(word=word, name=ThreePlusThree.name, own=own, alias=alias)
    if name in shipped_protocols() or name.endswith(".toml") or Path(name).is_file():
        protocol = read_protocol(name)
        if start is not None:
            protocol = protocol.with_start(start)
        return NamedDesign(
            word=word, name=protocol.design.name, own=own, protocol=protocol, alias=alias
        )
    hint = did_you_mean(name, [*DESIGNS, *VARIANTS, *shipped_protocols()])
    raise InputError(f"no design, variant or protocol is called {name!r}; {hint}")


def _split(word: str) -> tuple[str, str]:
    """Part a word at the colon before its settings; a path may hold a colon too."""
    found = re.fullmatch(r"(.*?):([^:/\\]*=.*)", word)
    return (found[1], found[2]) if found else (word.removesuffix(":"), "")


def _split_alias(word: str, name: str) -> tuple[str, str | None]:
    """Part a name at the = before its alias; a path may hold one too."""
    from simulations.compare.result import LONGEST_LABEL

    before, equals, alias = name.rpartition("=")
    if not equals or any(mark in alias for mark in ":/\\") or Path(name).is_file():
        return name, None
    if not is_line(alias, LONGEST_LABEL) or "," in alias:
        raise InputError(
            f"{word}: an alias is 1 to {LONGEST_LABEL} characters without a comma, written as "
            f"{before}=ALIAS:KEY=VALUE,KEY=VALUE"
        )
    return before, alias


def choose_target(named: Sequence[NamedDesign], given: float | None) -> tuple[float, bool]:
    """Return the target that all are measured by, and whether it is the default."""
    if given is not None:
        if not 0 < given < 1:
            raise InputError(f"--target must lie between 0 and 1, not {given}")
        return given, False
    brought = sorted({target for one in named if (target := one.target) is not None})
    if len(brought) > 1:
        listed = " and ".join(f"{target:g}" for target in brought)
        raise InputError(f"the designs have targets of {listed}; say by which to measure: --target")
    return (brought[0], False) if brought else (DEFAULT_TARGET, True)


def make_contenders(
    named: Sequence[NamedDesign],
    ladder: Protocol,
    *,
    shared: Mapping[str, Any],
    target: float,
    max_patients: int,
) -> list[Contender]:
    """Put the designs on one ladder.

    Parameters
    ----------
    named : sequence of NamedDesign
    ladder : Protocol
    shared : mapping
        Options for every design that has them and does not give its own.
    target, max_patients
        For a design that needs them and is not given its own.

    Raises
    ------
    DesignError, InputError
        For an option that no design has, what a design refuses, another ladder, one design given
        twice, or two under one name.
    """
    from simulations.compare.result import Contender

    known = {option for one in named for option in design_options(DESIGNS[one.name])}
    for option in shared:
        if option not in known:
            hint = did_you_mean(option, sorted(known))
            raise DesignError(f"none of the designs has the option {option!r}; {hint}")
    contenders: list[Contender] = []
    for one in named:
        options = design_options(DESIGNS[one.name])
        given = {key: value for key, value in shared.items() if key in options} | dict(one.own)
        design = _make(one, ladder, given, target, max_patients)
        for other in contenders:
            if other.design == design:
                raise InputError(
                    f"{other.label} and {one.label} are one design, {describe_design(design)}; "
                    "give it once"
                )
            if other.label == one.label:
                raise InputError(
                    f"{one.word}: another design is called {one.label!r} already; give another "
                    "alias"
                )
        contenders.append(Contender(label=one.label, design=design, protocol=one.protocol))
    return contenders


def _make(
    named: NamedDesign,
    ladder: Protocol,
    given: Mapping[str, Any],
    target: float,
    max_patients: int,
) -> Design:
    if named.protocol is not None:
        theirs, ours = named.protocol, (len(ladder.levels), ladder.start)
        if (len(theirs.levels), theirs.start) != ours:
            raise InputError(
                f"{named.word} has {len(theirs.levels)} levels and starts at the lowest but "
                f"{theirs.start}, the ladder has {ours[0]} and starts at the lowest but {ours[1]}; "
                "designs are compared on one ladder"
            )
        return change_design(theirs.design, **given)
    made = DESIGNS[named.name]
    filled = dict(given)
    if "target" in design_options(made):
        filled.setdefault("target", target)
    if "max_patients" in required_options(made):
        filled.setdefault("max_patients", whole_cohorts(max_patients, filled))
    for reserved in ("name", "n_levels", "start"):
        if reserved in filled:
            raise DesignError(f"{reserved!r} is not a design option")
    return make_design(named.name, n_levels=len(ladder.levels), start=ladder.start, **filled)


def check_number(named: Sequence[NamedDesign], *, diff: bool) -> None:
    """Refuse a number of designs that cannot be compared."""
    if diff and len(named) != 2:
        raise click.UsageError(f"--diff takes two designs, not {len(named)}")
    if len(named) < 2:
        raise click.UsageError("give two designs or more; escalation simulate shows one")
