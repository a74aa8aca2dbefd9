"""Where a trial can end from here: P(each end) under the protocol's scenarios, exactly.

A committee's packet asks for it by name (``escalation.papers``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.designs.walk import TooManyStatesError
from escalation.outcomes import last_tally
from escalation.reports.packet import Basis
from escalation.reports.view import Block, Paragraph, Table
from escalation.trial.rule import counted_tallies, rule_says
from simulations.engines.exact import exact_batch
from simulations.graph.build import build_graph
from simulations.scenarios.scenario import Scenario, scenarios_of

__all__ = ["ends_from_here"]

MAX_STATES = 20_000  # of a graph that is built in the time a packet has


def ends_from_here(basis: Basis, number: str) -> Iterator[Block]:
    """Yield the chances of each end, a row a scenario, or why they are not told.

    Parameters
    ----------
    basis : Basis
    number : str
        By which the packet calls it.
    """
    why_not = _why_not(basis)
    if why_not is not None:
        yield Paragraph(f"{number} Where the trial can end from here: {why_not}.")
        return
    protocol, state = basis.protocol, basis.state
    scenarios, last = scenarios_of(protocol), state.last_written()
    level = protocol.labels.index(last[-1].label) if last else None
    try:
        graph = build_graph(
            protocol.design,
            counted_tallies(state),
            level,
            last=last_tally(last),
            max_states=MAX_STATES,
        )
    except TooManyStatesError:
        yield Paragraph(
            f"{number} Where the trial can end from here: in more than {MAX_STATES:,} states, too "
            "many for a packet."
        )
        return
    found = exact_batch(graph, [scenario.p_dlt for scenario in scenarios])
    no_end = found.p_inconclusive
    heads = ["scenario", "P(DLT) by level", *(f"MTD {label}" for label in protocol.labels)]
    heads += ["no MTD", *(["not determined"] if no_end.any() else []), "patients to come"]
    rows: list[Sequence[str]] = [heads]
    for k, scenario in enumerate(scenarios):
        ends = [*found.p_select[k], found.p_no_mtd[k], *([no_end[k]] if no_end.any() else [])]
        more = f"{found.patients[k].sum():.1f}"
        rows.append([scenario.name, _curve(scenario), *(f"{100 * p:.0f} %" for p in ends), more])
    yield Table(
        rows,
        left=(0,),
        caption=f"{number} Probability of each end from here, under the protocol's scenarios",
    )
    yield Paragraph(
        "Exact, if the rule is followed from here. Pending patients are among those to come."
    )


def _why_not(basis: Basis) -> str | None:
    """Say why nothing is to be reckoned; None where something is."""
    protocol, state = basis.protocol, basis.state
    if state.closed is not None or state.stopped is not None or rule_says(state).has_ended:
        return "the escalation has ended"
    if not protocol.scenarios:
        return "the protocol names no scenarios"
    if protocol.design.asks_moderate:
        return "the design counts moderate toxicities, and the protocol does not assume how many"
    if protocol.backfill.max_per_level is not None and protocol.backfill.counted != "never":
        return "backfill counts at decisions, which the exact figures do not go on from"
    return None


def _curve(scenario: Scenario) -> str:
    return ", ".join(f"{p:g}" for p in scenario.p_dlt)
