"""Where the nodes of a ladder picture stand, and how the lines run between them.

A row is a level, the highest on top; its first cohort, its second, and the MTD stand side by side.
What follows when a level is too toxic hangs in the gap below its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from escalation.designs import LevelStatus
from escalation.errors import InputError
from escalation.reports.rule.situations import runs
from escalation.reports.rule.state_machine import (
    CohortNode,
    Edge,
    EndNode,
    Guard,
    Node,
    StateMachine,
)

__all__ = [
    "COLUMNS",
    "HALF_BOX",
    "HALF_MTD",
    "HALF_ROW",
    "HALF_TOXIC",
    "HALF_TOXIC_ROW",
    "MTD_COLUMN",
    "TOXIC_LANE",
    "WIDTH",
    "Layout",
    "Line",
]

# All lengths are inches: text and boxes keep their proportions on any ladder. Each kind of line
# has a lane of its own in the gap between two rows, so that none runs through another's label.
WIDTH = 6.5
PITCH = 1.4
COLUMNS = (1.75, 3.65)
MTD_COLUMN = 5.9
HALF_BOX, HALF_MTD, HALF_TOXIC = 0.52, 0.4, 0.62
HALF_ROW, HALF_TOXIC_ROW = 0.2, 0.12
TOXIC_LANE, RETURN_LANE, OVER_LANE = -0.64, 0.42, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line with an arrow head, through ``points``; its label stands at ``at``."""

    points: tuple[tuple[float, float], ...]
    label: str
    at: tuple[float, float]
    align: str = "center"


class Layout:
    """Where the nodes stand and how the lines run between them."""

    def __init__(self, machine: StateMachine) -> None:
        cohorts = [node for node in machine.nodes if isinstance(node, CohortNode)]
        firsts = sorted({node.first for node in cohorts})
        if not 1 <= len(firsts) <= len(COLUMNS):
            raise InputError(
                f"the picture shows 1 or {len(COLUMNS)} cohorts a level and this design has "
                f"{len(firsts)}; write Mermaid (.mmd), which takes any design"
            )
        self.machine = machine
        self.cohorts = cohorts
        self.levels = sorted({node.level for node in cohorts})
        self.columns = dict(zip(firsts, COLUMNS, strict=False))

    def y(self, level: int) -> float:
        """Return the height of a level's row."""
        return PITCH * (level - self.levels[0])

    def x(self, node: CohortNode) -> float:
        """Return the middle of a cohort's box."""
        return self.columns[node.first]

    def lines(self) -> Iterator[Line]:
        """Route every edge; edges between the same nodes share a line."""
        shared: dict[tuple[CohortNode, Node], list[Edge]] = {}
        too_toxic: dict[int, list[Edge]] = {}
        for edge in self.machine.edges:
            if isinstance(edge.target, EndNode) and edge.target.inconclusive:
                continue  # possible at any cohort: the caption says so
            if edge.too_toxic:
                too_toxic.setdefault(edge.source.level, []).append(edge)
            else:
                shared.setdefault((edge.source, edge.target), []).append(edge)
        for (source, target), edges in shared.items():
            yield self._onward(source, target, "\n".join(map(_edge_label, edges)))
        for level, edges in too_toxic.items():
            yield from self._into_too_toxic(level, edges)
            yield from self._out_of_too_toxic(level, edges)

    def _onward(self, source: CohortNode, target: Node, label: str) -> Line:
        """Route what follows at a level that is not too toxic."""
        x, y = self.x(source), self.y(source.level)
        first, second = COLUMNS
        match target:
            case EndNode(mtd=source.level) if x == first and len(self.columns) > 1:
                lane, start, end = y + OVER_LANE, x + 0.3, MTD_COLUMN - 0.25
                return Line(
                    points=((start, y + HALF_ROW), (start, lane), (end, lane), (end, y + HALF_ROW)),
                    label=label,
                    at=((second + MTD_COLUMN) / 2, lane),
                )
            case EndNode(mtd=source.level):
                end = MTD_COLUMN - HALF_MTD
                return _straight((x + HALF_BOX, y), (end, y), label)
            case CohortNode(level=source.level) if x == first:
                return _straight((x + HALF_BOX, y), (second - HALF_BOX, y), label)
            case CohortNode() if target.level == source.level + 1 and self.x(target) == first:
                end_y = self.y(target.level) - HALF_ROW
                if x == first:
                    x -= 0.3
                    points = ((x, y + HALF_ROW), (x, end_y))
                    return Line(
                        points=points, label=label, at=(x - 0.05, y + HALF_ROW + 0.1), align="right"
                    )
                lane, start = y + RETURN_LANE, x - 0.3
                return Line(
                    points=((start, y + HALF_ROW), (start, lane), (first, lane), (first, end_y)),
                    label=label,
                    at=((first + start) / 2, lane),
                )
        raise _misfit(source, target)

    def _into_too_toxic(self, level: int, edges: Sequence[Edge]) -> Iterator[Line]:
        y = self.y(level)
        lane = y + TOXIC_LANE
        first, second = COLUMNS
        for source in sorted({edge.source for edge in edges}):
            label = _edge_label(next(edge for edge in edges if edge.source == source), guard=False)
            if self.x(source) == first:
                start, end = first + 0.3, second - HALF_TOXIC
                yield Line(
                    points=((start, y - HALF_ROW), (start, lane), (end, lane)),
                    label=label,
                    at=((start + end) / 2, lane),
                )
            else:
                yield Line(
                    points=((second, y - HALF_ROW), (second, lane + HALF_TOXIC_ROW)),
                    label=label,
                    at=(second + 0.06, y - HALF_ROW - 0.17),
                    align="left",
                )

    def _out_of_too_toxic(self, level: int, edges: Sequence[Edge]) -> Iterator[Line]:
        lane = self.y(level) + TOXIC_LANE
        first, second = COLUMNS
        right = second + HALF_TOXIC
        guards: dict[Node, list[Guard]] = {}
        for edge in edges:
            guards.setdefault(edge.target, []).extend([edge.guard] if edge.guard else [])
        for target, known in guards.items():
            label = "\n".join(dict.fromkeys(map(_guard_label, known)))
            match target:
                case EndNode(mtd=None):
                    yield _straight((right, lane), (MTD_COLUMN - HALF_MTD, lane), label)
                case EndNode(mtd=mtd) if mtd == level - 1:
                    end = self.y(level - 1) + HALF_ROW
                    yield Line(
                        points=((right, lane), (MTD_COLUMN, lane), (MTD_COLUMN, end)),
                        label=label,
                        at=((right + MTD_COLUMN) / 2, lane),
                    )
                case CohortNode() if target.level == level - 1 and self.x(target) == second:
                    x = second + 0.2
                    y = self.y(level - 1) + HALF_ROW
                    yield Line(
                        points=((x, lane - HALF_TOXIC_ROW), (x, y)),
                        label=label,
                        at=(x + 0.06, (lane - HALF_TOXIC_ROW + y) / 2 - 0.05),
                        align="left",
                    )
                case CohortNode() if target.level == level - 1:
                    below, end = self.y(level - 1) + RETURN_LANE, self.y(level - 1) + HALF_ROW
                    yield Line(
                        points=(
                            (second, lane - HALF_TOXIC_ROW),
                            (second, below),
                            (first, below),
                            (first, end),
                        ),
                        label=label,
                        at=((first + second) / 2, below),
                    )
                case _:
                    raise _misfit(edges[0].source, target)


def _straight(start: tuple[float, float], end: tuple[float, float], label: str) -> Line:
    return Line(points=(start, end), label=label, at=((start[0] + end[0]) / 2, start[1]))


def _misfit(source: CohortNode, target: Node) -> InputError:
    return InputError(
        f"the picture has no place for a step from {source} to {target}; "
        "write Mermaid (.mmd), which takes any design"
    )


def _edge_label(edge: Edge, *, guard: bool = True) -> str:
    n = edge.source.last
    if edge.at_most and edge.high > 0:
        outcome = f"\N{LESS-THAN OR EQUAL TO}{edge.high}/{n}"
    elif edge.at_least and edge.low < n:
        outcome = f"\N{GREATER-THAN OR EQUAL TO}{edge.low}/{n}"
    else:
        outcome = _span(edge.low, edge.high, n)
    return f"{outcome}, {_guard_label(edge.guard)}" if guard and edge.guard else outcome


def _span(low: int, high: int, n: int) -> str:
    return f"{low}/{n}" if low == high else f"{low}\N{EN DASH}{high}/{n}"


def _guard_label(guard: Guard) -> str:
    if guard.statuses == {LevelStatus.NOT_GIVEN}:
        return f"{guard.side} not given"
    if guard.statuses == {LevelStatus.TOO_TOXIC}:
        return f"{guard.side} too toxic"
    by_size: dict[int, list[int]] = {}
    for n, x in guard.seen:
        by_size.setdefault(n, []).append(x)
    seen = [_span(low, high, n) for n, xs in by_size.items() for low, high in runs(xs)]
    return f"{guard.side} {', '.join(seen)}" if seen else guard.side
