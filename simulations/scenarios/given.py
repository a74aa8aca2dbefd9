"""Scenarios in every form in which a caller may give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from escalation.errors import InputError
from escalation.protocol import Protocol
from simulations.scenarios.arguments import is_list, show
from simulations.scenarios.scenario import Scenario, load_scenarios, scenarios_of

__all__ = ["ScenariosLike", "curve_name", "scenarios_given"]

ScenariosLike = Scenario | str | Path | Sequence[Any] | Mapping[str, Sequence[float]]

_WANTED = (
    "a scenario is P(DLT) by level such as [0.05, 0.10, 0.25], a Scenario, a name or a file; "
    "several are a list of these, or {name: P(DLT) by level}"
)


def curve_name(p_dlt: Sequence[float]) -> str:
    """Return the name of a scenario that was given as numbers."""
    return ",".join(f"{p:g}" for p in p_dlt)


def scenarios_given(
    given: ScenariosLike | None, protocol: Protocol | None = None
) -> tuple[Scenario, ...]:
    """Return the scenarios that are meant; none where None is given.

    Parameters
    ----------
    given : sequence of float, Scenario, str, Path, mapping, or a list of these
        P(DLT) by level, lowest first, each from 0 to 1; a scenario; the name of one that the
        protocol brings, of a shipped set, or a scenario file; ``{name: P(DLT) by level}``.
    protocol : Protocol, optional
        Whose ladder they must fit, whose doses a formula takes, and whose scenarios have names.

    Raises
    ------
    InputError
        For something else, or P(DLT) for another number of levels.
    ScenarioError
        For values that make no scenario, or a file with faults.

    Examples
    --------
    >>> scenarios_given([0.05, 0.1, 0.25])[0].name
    '0.05,0.1,0.25'
    >>> [scenario.name for scenario in scenarios_given({"low": [0.01, 0.02], "high": [0.3, 0.5]})]
    ['low', 'high']
    """
    if given is None:
        return ()
    found = tuple(_read(given, protocol))
    if not found:
        raise InputError(f"there is no scenario; {_WANTED}")
    n_levels = len(found[0].p_dlt) if protocol is None else len(protocol.levels)
    for scenario in found:
        n = len(scenario.p_dlt)
        if n != n_levels:
            raise InputError(
                f"scenario {show(scenario.name)} has {n} value{'s' * (n != 1)} of P(DLT); the "
                f"ladder has {n_levels} level{'s' * (n_levels != 1)}: one each, lowest first"
            )
    return found


def _read(given: object, protocol: Protocol | None) -> Iterator[Scenario]:
    if isinstance(given, Scenario):
        yield given
    elif isinstance(given, str | Path):
        yield from _load(given, protocol)
    elif isinstance(given, Mapping):
        for name, p_dlt in given.items():
            yield Scenario(name=name, p_dlt=_numbers(p_dlt, f"scenario {show(name)}"))
    elif is_list(given) and len(given) and all(_is_number(one) for one in given):
        p_dlt = _numbers(given, "P(DLT)")
        yield Scenario(name=curve_name(p_dlt), p_dlt=p_dlt)
    elif is_list(given):
        for one in given:
            if _is_number(one):
                raise InputError(f"{show(one)} stands beside what is not a number; {_WANTED}")
            yield from _read(one, protocol)
    else:
        raise InputError(f"{_WANTED}; not {show(given)}")


def _load(source: str | Path, protocol: Protocol | None) -> tuple[Scenario, ...]:
    if protocol is None:
        return load_scenarios(source)
    own = tuple(one for one in scenarios_of(protocol) if one.name == source)
    doses = [level.dose for level in protocol.levels if level.dose is not None]
    return own or load_scenarios(source, n_levels=len(protocol.levels), doses=doses or None)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _numbers(values: object, what: str) -> tuple[float, ...]:
    if not is_list(values) or not all(_is_number(one) for one in values):
        raise InputError(f"{what}: P(DLT) by level is needed, as numbers, not {show(values)}")
    return tuple(float(one) for one in values)
