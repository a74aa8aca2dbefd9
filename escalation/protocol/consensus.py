"""The same outcomes under every design that can take them, beside the protocol's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs import (
    DESIGNS,
    VARIANTS,
    ThreePlusThree,
    design_options,
    required_options,
)
from escalation.designs.base import Action, Decision, Design
from escalation.errors import EscalationError, InputError
from escalation.outcomes import Cohort, parse_outcomes
from escalation.protocol.advice import Advice, advise
from escalation.protocol.defaults import DEFAULT_TARGET
from escalation.protocol.protocol import Protocol

__all__ = ["Consensus", "Opinion", "ask_all", "summarise"]

UNFOLLOWED = "it asks for follow-up, and none is written: ?14 has been pending for 14 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one design says.

    Attributes
    ----------
    name : str
        The design's, with its variant where it is a 3+3.
    design : Design
    advice : Advice
        With the cohorts that the design would not have opened.
    agrees : bool
        Whether it does the same as the protocol's own: the same action, level and MTD. How many
        patients are enrolled may differ.
    """

    name: str
    design: Design
    advice: Advice
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What all designs say.

    Attributes
    ----------
    opinions : tuple of Opinion
        The protocol's own design first.
    left_out : tuple of (str, str)
        The designs that could not be asked, each with the reason.
    target : float
        The P(DLT) sought, for the designs that need one.
    target_from : {"given", "design", "default"}
    max_patients : int or None
        Patients in the whole trial, for the designs that need to know; they round it down to whole
        cohorts. None where nothing says how many.
    max_patients_from : {"given", "design", "planned"} or None
    """

    opinions: tuple[Opinion, ...]
    left_out: tuple[tuple[str, str], ...]
    target: float
    target_from: str
    max_patients: int | None
    max_patients_from: str | None


def ask_all(
    protocol: Protocol,
    outcomes: str | Sequence[Cohort],
    *,
    target: float | None = None,
    max_patients: int | None = None,
) -> Consensus:
    """Ask every design what to do next, also those that would not have produced the history.

    They are the protocol's own, the four 3+3 variants with the protocol's other options where it
    is a 3+3, and every other design that needs no option but ``target`` and ``max_patients``;
    cohorts are of the protocol's size where its design has one. Each decides on the tallies and
    the level of the last cohort.

    Parameters
    ----------
    protocol : Protocol
    outcomes : str or sequence of Cohort
        The history so far, in notation or parsed.
    target : float, optional
        The P(DLT) sought; by default that of the protocol's design, else ``DEFAULT_TARGET``.
    max_patients : int, optional
        By default the maximum of the protocol's design, else the patients it plans.

    Returns
    -------
    Consensus

    Raises
    ------
    InputError
        For a target or a number of patients that is none, or where the history holds more
        patients than the maximum of the protocol's design.
    NotationError, LadderError
        For a history that cannot be read on this protocol's ladder.

    Examples
    --------
    >>> found = ask_all(Protocol.plain(3), "1NNN 2NNT")
    >>> [opinion.name for opinion in found.opinions if not opinion.agrees]
    ['boin', 'keyboard', 'mtpi-2']
    """
    cohorts = parse_outcomes(outcomes) if isinstance(outcomes, str) else tuple(outcomes)
    sought, sought_from = _target(protocol.design, target)
    limit, limit_from = _limit(protocol, max_patients)
    own = advise(protocol, cohorts, allow_departures=True)
    opinions = [
        Opinion(name=protocol.design.full_name, design=protocol.design, advice=own, agrees=True)
    ]
    left_out = []
    # patients planned are not a maximum: they fill in only what a design cannot do without
    given = {"target": sought, "max_patients": limit}
    spare = {"max_patients"} if limit_from in ("planned", None) else set()
    followed = any(cohort.days for cohort in cohorts)
    for name, design_name, options in _others(protocol.design, given, spare):
        if not followed and DESIGNS[name.split()[0]].asks_follow_up:
            left_out.append((name, UNFOLLOWED))
            continue
        try:
            asked = protocol.with_design(design_name, **options)
            advice = advise(asked, cohorts, allow_departures=True)
        except EscalationError as error:
            left_out.append((name, str(error)))
            continue
        agrees = _answer(advice.decision) == _answer(own.decision)
        opinions.append(Opinion(name=name, design=asked.design, advice=advice, agrees=agrees))
    return Consensus(
        opinions=tuple(opinions),
        left_out=tuple(left_out),
        target=sought,
        target_from=sought_from,
        max_patients=limit,
        max_patients_from=limit_from,
    )


def summarise(consensus: Consensus, protocol: Protocol) -> str:
    """Say in one line how many designs say what, the most first."""
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for opinion in consensus.opinions:
        groups.setdefault(_answer(opinion.advice.decision), []).append(opinion.advice.decision)
    said = [
        f"{len(same)} {_verb(same[0], protocol, one=len(same) == 1)}"
        for same in sorted(groups.values(), key=len, reverse=True)
    ]
    count, _, rest = said[0].partition(" ")
    n = len(consensus.opinions)
    first = f"{count} of {n} designs {rest}" if len(said) > 1 else f"All {n} designs {rest}"
    return "; ".join([first, *said[1:]]) + "."


def _target(design: Design, given: float | None) -> tuple[float, str]:
    if given is not None:
        if type(given) not in (int, float) or not 0 < given < 1:
            raise InputError(f"the target P(DLT) must lie between 0 and 1, not {given!r}")
        return given, "given"
    own = design.target
    return (DEFAULT_TARGET, "default") if own is None else (own, "design")


def _limit(protocol: Protocol, given: int | None) -> tuple[int | None, str | None]:
    if given is not None:
        if type(given) is not int or given < 1:
            raise InputError(f"the maximum number of patients starts at 1, not {given!r}")
        return given, "given"
    own = protocol.design.max_patients
    if own is not None:
        return own, "design"
    planned = protocol.planned_patients
    return planned, None if planned is None else "planned"


def _others(
    own: Design, given: Mapping[str, Any], spare: Collection[str]
) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Yield name, design for ``Protocol.with_design``, and options; not the protocol's own."""
    is_3_plus_3 = bool(own.variants)
    for variant in VARIANTS:
        name = f"{ThreePlusThree.name} {variant}"
        if is_3_plus_3 and name != own.full_name:
            yield name, None, {"variant": variant}
        elif not is_3_plus_3:
            options = _fill_in(ThreePlusThree, own, given, spare)
            yield name, ThreePlusThree.name, {**options, "variant": variant}
    for name, design in DESIGNS.items():
        if name not in (own.name, ThreePlusThree.name):
            yield name, name, _fill_in(design, own, given, spare)


def _fill_in(
    design: type[Design], own: Design, given: Mapping[str, Any], spare: Collection[str]
) -> dict[str, Any]:
    """Return the options of a design that are given, or shared with the protocol's own.

    Those in ``spare`` only where the design has no default for them.
    """
    known, required = design_options(design), required_options(design)
    options = {
        option: value
        for option, value in given.items()
        if option in required or (option in known and option not in spare)
    }
    defaults = {field.name: field.default for field in fields(design)}  # type: ignore[arg-type]  # every design is a dataclass
    default = defaults.get("cohort_size")
    if type(default) is int:  # in the A+B family it is a range, which says nothing to the others
        size = getattr(own, "cohort_size", None)
        if type(size) is not int:
            size = default
        options["cohort_size"] = size
        limit = options.get("max_patients")
        if limit is not None and limit >= size:  # of less than a cohort the design complains
            options["max_patients"] = limit - limit % size
    return options


def _answer(decision: Decision) -> tuple[object, ...]:
    """Return what two designs agree on: where the next patients go, or how the trial ends."""
    return decision.action, decision.level, decision.mtd, decision.inconclusive


def _verb(decision: Decision, protocol: Protocol, *, one: bool) -> str:
    s = "s" * one
    if decision.action is Action.WAIT:
        return f"wait{s}"
    if decision.level is None:
        if decision.mtd is not None:
            return f"stop{s} with level {protocol.labels[decision.mtd]} as the MTD"
        what = "the MTD not determined" if decision.inconclusive else "no MTD"
        return f"stop{s} with {what}"
    verb, where = {
        Action.ESCALATE: ("escalate", "to"),
        Action.STAY: ("start" if decision.clause.id == "start" else "stay", "at"),
        Action.DEESCALATE: ("de-escalate", "to"),
    }[decision.action]
    return f"{verb}{s} {where} level {protocol.labels[decision.level]}"
