"""What callers give in place of a question: designs by name, outcomes as text, no target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from escalation.designs import DESIGNS, design_settings
from escalation.errors import InputError, did_you_mean
from escalation.library import ProtocolLike, cohorts_of, protocol_of
from escalation.outcomes import Cohort
from escalation.protocol import Protocol
from escalation.protocol.defaults import fill_in
from simulations.questions.question import Question
from simulations.scenarios.given import ScenariosLike, scenarios_given
from simulations.scenarios.scenario import Scenario

__all__ = [
    "DesignsLike",
    "Outcomes",
    "check_one_ladder",
    "named",
    "one_scenario",
    "own_name",
    "question_of",
    "several",
    "target_of",
]

DesignsLike = ProtocolLike | Mapping[str, ProtocolLike]
Outcomes = str | Sequence[Cohort]
Found = TypeVar("Found")


def several(design: object) -> dict[str | None, object]:
    """Return designs by their names in tables; None for the name of one alone."""
    if isinstance(design, Mapping):
        if not design:
            raise InputError("there is no design; give one, or {name: design} for several")
        return dict(design)
    return {None: design}


def own_name(design: object) -> str:
    """Return the name that a design has in tables where none is given."""
    if isinstance(design, str | Path):
        return str(design)
    return protocol_of(design).design.name


def question_of(
    design: object,
    scenarios: ScenariosLike | None,
    outcomes: Outcomes,
    p_moderate: Sequence[float] | None,
    *,
    allow: bool = False,
    target: float | None = None,
) -> Question:
    """Return the question about a design, from what a caller gave.

    A design named alone is filled in as ``escalation simulate --design`` does, with ``target`` as
    its own.

    Raises
    ------
    InputError
        For an argument that is not what it should be.
    """
    if isinstance(design, str) and design in DESIGNS:
        asked = scenarios_given(scenarios)
        if not asked:
            protocol_of(design)  # raises: there is no ladder
        protocol = Protocol.plain(len(asked[0].p_dlt))
        filled = fill_in(protocol, design, {}, measured_by=target)
        protocol = protocol.with_design(
            design, **{name: value for name, (value, _) in filled.items()}
        )
    else:
        protocol = protocol_of(design)
        asked = scenarios_given(scenarios, protocol)
    if not isinstance(p_moderate, Sequence | np.ndarray | None):
        raise InputError(f"p_moderate is a probability by level, lowest first, not {p_moderate!r}")
    return Question(
        protocol=protocol,
        cohorts=cohorts_of(outcomes),
        allow_departures=allow,
        asked=asked,
        p_moderate=None if p_moderate is None else tuple(p_moderate),
    )


def one_scenario(question: Question) -> Scenario:
    """Return the only scenario; raise ``InputError`` where there are several."""
    scenarios = question.scenarios
    if len(scenarios) > 1:
        names = ", ".join(scenario.name for scenario in scenarios)
        raise InputError(f"one scenario is needed; give one of {names}, or its P(DLT) by level")
    return scenarios[0]


def target_of(protocols: Iterable[Protocol]) -> float | None:
    """Return the target that all designs with one share, None where they do not."""
    own = {design_settings(protocol.design).get("target") for protocol in protocols} - {None}
    return own.pop() if len(own) == 1 else None


def check_one_ladder(protocols: Sequence[Protocol]) -> None:
    """Raise ``InputError`` where the ladders have different levels."""
    ladders = {protocol.labels for protocol in protocols}
    if len(ladders) > 1:
        said = " and ".join(sorted(", ".join(map(str, labels)) for labels in ladders))
        raise InputError(f"designs side by side need one ladder; the levels are {said}")


def named(name: str, what: str, known: Mapping[str, Found]) -> Found:
    """Return what has this name; raise ``InputError`` with the names there are."""
    if name not in known:
        raise InputError(f"no {what} {name!r}; {did_you_mean(str(name), known)}")
    return known[name]
