"""A design as a state machine: cohorts and ends as nodes, outcomes as edges with their guards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from escalation.dataclass import dataclass
from escalation.designs import Decision, Design, LevelStatus
from escalation.designs.walk import TooManyStatesError
from escalation.outcomes import Tally
from escalation.reports.rule.situations import MAX_STATES, neighbours, require_stages, runs

__all__ = [
    "CohortNode",
    "Edge",
    "EndNode",
    "Guard",
    "Node",
    "Side",
    "StateMachine",
    "describe_cohort_sizes",
    "state_machine",
]

Side = Literal["above", "below", "elsewhere", "trial"]
_NEIGHBOURS: tuple[Side, ...] = ("below", "above")


@dataclass(frozen=True, slots=True, order=True)
class CohortNode:
    """Patients being treated: the ``first`` to the ``last`` at a level."""

    level: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class EndNode:
    """The end of the trial: with an MTD, without one, or with the question open."""

    mtd: int | None = None
    inconclusive: bool = False


Node = CohortNode | EndNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What must hold besides the outcome.

    Attributes
    ----------
    side : {"above", "below", "elsewhere", "trial"}
        The neighbour it is about; "elsewhere" where the neighbours do not tell, "trial" where
        the maximum sample size decides.
    statuses : frozenset of LevelStatus
        How that neighbour is judged.
    seen : tuple of (int, int)
        The patients and DLTs there.
    """

    side: Side
    statuses: frozenset[LevelStatus | None] = frozenset()
    seen: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What follows a cohort on one range of outcomes.

    Attributes
    ----------
    source : CohortNode
    target : Node
    low, high : int
        DLTs at the level by then, among ``source.last`` patients.
    at_most, at_least : bool
        No fewer, no more DLTs can be seen under the same guard.
    too_toxic : bool
        The level is then judged too toxic.
    guard : Guard or None
        None where the outcome alone decides.
    """

    source: CohortNode
    target: Node
    low: int
    high: int
    at_most: bool
    at_least: bool
    too_toxic: bool
    guard: Guard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """All nodes the trial can reach, cohorts first and from the lowest level, and the edges."""

    start: Node
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One cohort's outcome in one state of the whole trial."""

    n_dlts: int
    target: Node
    too_toxic: bool
    statuses: dict[Side, LevelStatus | None]
    seen: dict[Side, tuple[int, int]]


def state_machine(design: Design) -> StateMachine:
    """Walk the design and keep, of every state, the level and how many are treated there.

    Raises
    ------
    DesignError
        For a design that does not judge a level by stages.
    TooManyStatesError
        If there are too many states to walk.
    """
    require_stages(design, "state diagram")
    start, steps = _walk(design)
    edges = [edge for source in sorted(steps) for edge in _edges(source, steps[source])]
    ends = {edge.target for edge in edges if isinstance(edge.target, EndNode)}
    by_mtd = sorted(ends, key=lambda end: (end.inconclusive, end.mtd is None, end.mtd or 0))
    return StateMachine(start=start, nodes=(*sorted(steps), *by_mtd), edges=tuple(edges))


def describe_cohort_sizes(design: Design) -> str:
    """Say which cohorts the state machine has, of a design that leaves their size open; else "".

    A path for every size would leave nothing to see.
    """
    if design.largest_cohort == design.stages[0]:
        return ""
    return (
        "The steps are those of the smallest cohorts. A cohort may have up to "
        f"{design.largest_cohort} evaluable patients, and a level is judged on all it has, as the "
        "decision table says for every number of them."
    )


def _walk(design: Design) -> tuple[Node, dict[CohortNode, list[_Step]]]:
    """Return the first node, and of every cohort the steps that are told apart here.

    Levels above one that is too toxic are never given again: only a maximum sample size counts the
    patients there. States that differ in nothing else are walked once.
    """
    start = ((Tally(),) * design.n_levels, design.start)
    decisions = {start: design.decide(*start)}
    steps: dict[CohortNode, dict[object, _Step]] = {}
    states = [start]
    for tallies, here in states:  # they grow on the way
        source = _node(tallies, decisions[tallies, here])
        if not isinstance(source, CohortNode):
            continue
        level, size = source.level, source.last - source.first + 1
        found = steps.setdefault(source, {})
        for n_dlts in range(size + 1):
            seen = tallies[level].plus(Tally(n_evaluable=size, n_dlts=n_dlts))
            after = (*tallies[:level], seen, *tallies[level + 1 :])
            merged = after
            if design.status(seen) is LevelStatus.TOO_TOXIC:
                merged = (*after[: level + 1], *_only_counted(design, after[level + 1 :]))
            state = merged, level
            if (decision := decisions.get(state)) is None:
                if len(states) >= MAX_STATES:
                    raise TooManyStatesError(design.n_levels, MAX_STATES)
                decision = decisions[state] = design.decide(merged, level)
                states.append(state)
            target = _node(merged, decision)
            told = (seen, target, after[level + 1 : level + 2], after[max(0, level - 1) : level])
            if told not in found:
                found[told] = _step(design, after, level, target)
    first = _node(start[0], decisions[start])
    return first, {source: list(found.values()) for source, found in steps.items()}


def _only_counted(design: Design, tallies: Sequence[Tally]) -> Sequence[Tally]:
    """Return tallies of as many levels that are equal where the patients count for as many."""
    if not tallies:
        return ()
    n = 0 if design.max_patients is None else sum(tally.n_evaluable for tally in tallies)
    return (Tally(n_evaluable=n), *(Tally(),) * (len(tallies) - 1))


def _node(tallies: Sequence[Tally], decision: Decision) -> Node:
    if decision.level is None:
        return EndNode(decision.mtd, decision.inconclusive)
    so_far = tallies[decision.level].n_evaluable
    return CohortNode(decision.level, so_far + 1, so_far + decision.n_to_enrol)


def _step(design: Design, tallies: tuple[Tally, ...], level: int, target: Node) -> _Step:
    above, below = neighbours(design, tallies, level)
    known: tuple[tuple[Side, LevelStatus | None, int], ...] = (
        ("above", above, level + 1),
        ("below", below, level - 1),
    )
    return _Step(
        n_dlts=tallies[level].n_dlts,
        target=target,
        too_toxic=design.status(tallies[level]) is LevelStatus.TOO_TOXIC,
        statuses={side: status for side, status, _ in known},
        seen={
            side: (tallies[there].n_evaluable, tallies[there].n_dlts)
            for side, status, there in known
            if status is not None
        },
    )


def _edges(source: CohortNode, steps: Sequence[_Step]) -> list[Edge]:
    """Group a cohort's steps by where they lead and by the guard that it takes."""
    sides = _deciding_sides(steps)
    groups: dict[tuple[Node, Side | None, bool], list[_Step]] = {}
    for step in steps:
        side = sides[step.n_dlts, step.target]
        groups.setdefault((step.target, side, step.too_toxic), []).append(step)
    edges = []
    for (target, side, too_toxic), group in groups.items():
        guard = _guard(side, group)
        possible = [
            step.n_dlts
            for step in steps
            if guard is None
            or guard.side not in step.statuses
            or step.statuses[guard.side] in guard.statuses
        ]
        edges += [
            Edge(
                source=source,
                target=target,
                low=low,
                high=high,
                at_most=low == min(possible),
                at_least=high == max(possible),
                too_toxic=too_toxic,
                guard=guard,
            )
            for low, high in runs({step.n_dlts for step in group})
        ]
    return sorted(edges, key=lambda edge: (edge.low, edge.high))


def _deciding_sides(steps: Sequence[_Step]) -> dict[tuple[int, Node], Side | None]:
    """Say, for each outcome and target, which neighbour must be known to tell the target."""
    by_outcome: dict[int, dict[Node, list[_Step]]] = {}
    for step in steps:
        by_outcome.setdefault(step.n_dlts, {}).setdefault(step.target, []).append(step)
    sides: dict[tuple[int, Node], Side | None] = {}
    for n_dlts, by_target in by_outcome.items():
        answers = {node: group for node, group in by_target.items() if not _is_open(node)}
        side = _telling_side(answers.values()) if len(answers) > 1 else None
        for node in by_target:
            open_end = _is_open(node) and len(by_target) > 1
            sides[n_dlts, node] = "trial" if open_end else side
    # an outcome with one target takes the guard of its neighbours that share the target, so that
    # they can share an edge, where the guard holds for it
    for (n_dlts, node), side in list(sides.items()):
        if side is not None:
            continue
        group = by_outcome[n_dlts][node]
        for (other, target), shared in list(sides.items()):
            if target != node or shared not in ("above", "below"):
                continue
            known = {step.statuses[shared] for step in by_outcome[other][target]}
            if all(step.statuses[shared] in known for step in group):
                sides[n_dlts, node] = shared
    return sides


def _is_open(node: Node) -> bool:
    return isinstance(node, EndNode) and node.inconclusive


def _telling_side(groups: Iterable[Sequence[_Step]]) -> Side:
    """Return the neighbour that is judged differently in each group of steps."""
    groups = list(groups)
    for side in _NEIGHBOURS:
        statuses = [{step.statuses[side] for step in group} for group in groups]
        if len(set.union(*statuses)) == sum(map(len, statuses)):
            return side
    return "elsewhere"


def _guard(side: Side | None, group: Iterable[_Step]) -> Guard | None:
    if side is None:
        return None
    if side not in _NEIGHBOURS:
        return Guard(side=side)
    return Guard(
        side=side,
        statuses=frozenset(step.statuses[side] for step in group),
        seen=tuple(sorted({step.seen[side] for step in group if side in step.seen})),
    )
