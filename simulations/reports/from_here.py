"""Where a trial can end from here: P(each end) under the protocol's scenarios, exactly.

A committee's packet asks for it, with its picture, by name (``escalation.papers``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from escalation.designs.walk import TooManyStatesError
from escalation.labels import Label
from escalation.outcomes import last_tally
from escalation.reports.packet import Basis
from escalation.reports.view import Block, Figure, Paragraph, Table
from escalation.trial.rule import counted_tallies
from simulations.engines.exact import exact_batch
from simulations.graph.build import build_graph
from simulations.reports.what_if import why_not_from_here
from simulations.scenarios.scenario import Scenario, scenarios_of

__all__ = ["Ends", "Pictures", "ends_from_here", "find_ends"]

MAX_STATES = 20_000  # of a graph that is built in the time a packet has


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """How a trial can end from where it stands, by scenario.

    Attributes
    ----------
    scenarios : sequence of Scenario, length S
    labels : sequence of Label, length L
        The levels, lowest first.
    p_mtd : array, shape (S, L)
        P(the level is declared the MTD).
    p_no_mtd : array, shape (S,)
        P(the trial ends without an MTD).
    p_open : array, shape (S,)
        P(nothing is determined).
    patients : array, shape (S,)
        Expected patients to come, the pending ones included.
    """

    scenarios: Sequence[Scenario]
    labels: Sequence[Label]
    p_mtd: NDArray[np.float64]
    p_no_mtd: NDArray[np.float64]
    p_open: NDArray[np.float64]
    patients: NDArray[np.float64]


Pictures = Callable[[Ends, str], Iterable[Figure]]
"""Draws the ends; the number is that of the packet."""


def _none(ends: Ends, number: str) -> Iterable[Figure]:
    return ()


def ends_from_here(basis: Basis, number: str, pictures: Pictures = _none) -> Iterator[Block]:
    """Yield the chances of each end, drawn and a row a scenario, or why they are not told.

    Parameters
    ----------
    basis : Basis
    number : str
        By which the packet calls it.
    pictures : callable, optional
        See ``Pictures``; this room never draws.
    """
    ends = find_ends(basis)
    if isinstance(ends, str):
        yield Paragraph(f"{number} Where the trial can end from here: {ends}.")
        return
    yield from pictures(ends, number)
    is_open = bool(ends.p_open.any())
    heads = ["scenario", "P(DLT) by level", *(f"MTD {label}" for label in ends.labels)]
    heads += ["no MTD", *(["not determined"] if is_open else []), "patients to come"]
    rows: list[Sequence[str]] = [heads]
    for k, scenario in enumerate(ends.scenarios):
        chances = [*ends.p_mtd[k], ends.p_no_mtd[k], *([ends.p_open[k]] if is_open else [])]
        curve = ", ".join(f"{p:g}" for p in scenario.p_dlt)
        said = (f"{100 * p:.0f} %" for p in chances)
        rows.append([scenario.name, curve, *said, f"{ends.patients[k]:.1f}"])
    yield Table(
        rows,
        left=(0,),
        caption=f"{number} Probability of each end from here, under the protocol's scenarios",
    )
    yield Paragraph(
        "Exact, if the rule is followed from here. Pending patients are among those to come."
    )


def find_ends(basis: Basis) -> Ends | str:
    """Return the chances of each end, or why they are not told."""
    protocol, state = basis.protocol, basis.state
    why_not = why_not_from_here(state) or _why_not(basis)
    if why_not is not None:
        return why_not
    scenarios, last = scenarios_of(protocol), state.last_written()
    try:
        graph = build_graph(
            protocol.design,
            counted_tallies(state),
            protocol.labels.index(last[-1].label) if last else None,
            last=last_tally(last),
            max_states=MAX_STATES,
        )
    except TooManyStatesError:
        return f"in more than {MAX_STATES:,} states, too many for a packet"
    found = exact_batch(graph, [scenario.p_dlt for scenario in scenarios])
    return Ends(
        scenarios=scenarios,
        labels=protocol.labels,
        p_mtd=found.p_select,
        p_no_mtd=found.p_no_mtd,
        p_open=found.p_inconclusive,
        patients=found.patients.sum(axis=1),
    )


def _why_not(basis: Basis) -> str | None:
    """Say what the protocol lacks for it; None where it lacks nothing."""
    if not basis.protocol.scenarios:
        return "the protocol names no scenarios"
    if basis.protocol.design.asks_moderate:
        return "the design counts moderate toxicities, and the protocol does not assume how many"
    return None
