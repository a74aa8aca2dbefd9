"""The design's state machine as a Mermaid diagram."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from escalation.designs import Design, LevelStatus
from escalation.reports.rule.situations import tallies_words
from escalation.reports.rule.state_machine import (
    CohortNode,
    Edge,
    Guard,
    Node,
    StateMachine,
    describe_cohort_sizes,
    state_machine,
)

__all__ = ["mermaid"]


def mermaid(design: Design, level_names: Sequence[str]) -> str:
    """Write the design's state machine as a Mermaid ``stateDiagram-v2``.

    Parameters
    ----------
    design : Design
    level_names : sequence of str
        One a level, lowest first.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> print(mermaid(ThreePlusThree(n_levels=1), ["level 1"]).splitlines()[0])
    stateDiagram-v2
    """
    names = [_plain(name) for name in level_names]
    machine = state_machine(design)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{_node_words(node, names)}" as {_id(node)}' for node in machine.nodes]
    lines += _note(machine, describe_cohort_sizes(design))
    lines.append(f"    [*] --> {_id(machine.start)}")
    labels: dict[tuple[Node, Node], list[str]] = {}
    for edge in machine.edges:
        labels.setdefault((edge.source, edge.target), []).append(_edge_words(edge))
    lines += [
        f"    {_id(source)} --> {_id(target)} : {', or '.join(words)}"
        for (source, target), words in labels.items()
    ]
    ends = [node for node in machine.nodes if not isinstance(node, CohortNode)]
    lines += [f"    {_id(end)} --> [*]" for end in ends]
    return "\n".join(lines) + "\n"


def _note(machine: StateMachine, words: str) -> list[str]:
    """Return a note beside the first cohort, in lines, because Mermaid breaks none."""
    if not words:
        return []
    lines = [f"        {line}" for line in textwrap.wrap(words, 40)]
    return [f"    note right of {_id(machine.start)}", *lines, "    end note"]


def _plain(name: str) -> str:
    """Replace what Mermaid would read as syntax, in a text that a user wrote."""
    return re.sub(r'[":;#%{}<>\[\]`\\\s]+', " ", name).strip()


def _id(node: Node) -> str:
    if isinstance(node, CohortNode):
        return f"level{node.level}from{node.first}"
    if node.mtd is not None:
        return f"mtd{node.mtd}"
    return "undetermined" if node.inconclusive else "nomtd"


def _node_words(node: Node, names: Sequence[str]) -> str:
    if isinstance(node, CohortNode):
        return f"{names[node.level]}, patients {node.first} to {node.last}"
    if node.mtd is not None:
        return f"MTD is {names[node.mtd]}"
    return "MTD not determined" if node.inconclusive else "no MTD"


def _edge_words(edge: Edge) -> str:
    outcome = _outcome_words(edge)
    return outcome if edge.guard is None else f"{outcome} and {_guard_words(edge.guard)}"


def _outcome_words(edge: Edge) -> str:
    n = edge.source.last
    if edge.at_most and edge.at_least:
        return f"any number of {n}"
    if edge.at_most and edge.high > 0:
        return f"at most {edge.high} of {n}"
    if edge.at_least and edge.low < n:
        return f"{edge.low} or more of {n}"
    return f"{edge.low} of {n}" if edge.low == edge.high else f"{edge.low} to {edge.high} of {n}"


def _guard_words(guard: Guard) -> str:
    if guard.side == "trial":
        return "maximum sample size reached"
    if guard.side == "elsewhere":
        return "depending on the other levels"
    if guard.statuses == {LevelStatus.NOT_GIVEN}:
        return f"level {guard.side} not yet given"
    if guard.statuses == {LevelStatus.TOO_TOXIC}:
        return f"level {guard.side} too toxic"
    return f"level {guard.side} has {tallies_words(guard.seen).replace('/', ' of ')}"
