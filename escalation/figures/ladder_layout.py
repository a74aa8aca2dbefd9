"""Where the nodes of a ladder picture stand, and how the lines run between them.

A row is a level, the highest on top; its cohorts, one a stage, and the MTD stand side by side.
What follows when a level is too toxic hangs in the gap below its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.dataclass import dataclass
from escalation.designs import LevelStatus
from escalation.errors import InputError
from escalation.reports.rule.situations import runs
from escalation.reports.rule.state_machine import (
    CohortNode,
    Edge,
    EndNode,
    Guard,
    Node,
    Side,
    StateMachine,
)

__all__ = ["HALF_ROW", "HALF_TOXIC_ROW", "TOXIC_LANE", "Layout", "Line"]

# All lengths are inches: text and boxes keep their proportions on any ladder. Each kind of line
# has a lane of its own in the gap between two rows, so that none runs through another's label.
HALF_TOXIC = 0.62  # beyond the middle of the column where a bar ends
HALF_ROW, HALF_TOXIC_ROW = 0.2, 0.12
TOXIC_LANE, RETURN_LANE, OVER_LANE = -0.64, 0.42, 0.3
LANE = 0.17  # a lane more, with a line of text on it
PITCH, ABOVE = 1.4, 0.55  # of rows of two cohorts: from one to the next, and above the highest
ROOM = 7.05  # from the lowest row of a page to the highest


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The places along a row: middles of cohorts' boxes, the MTD's and labels of the ways back."""

    columns: tuple[float, ...]
    mtd: float
    way_back: float
    half_box: float
    half_mtd: float
    width: float

    @classmethod
    def of(cls, n_cohorts: int) -> Grid:
        """Return the places for rows of so many cohorts; more than two stand closer together."""
        if n_cohorts <= 2:
            return cls(
                columns=(1.75, 3.65), mtd=5.9, way_back=2.55, half_box=0.52, half_mtd=0.4, width=6.5
            )
        columns = (1.7, *(3.27 + 1.5 * k for k in range(n_cohorts - 1)))
        mtd = columns[-1] + 2.05
        return cls(
            columns=columns, mtd=mtd, way_back=2.44, half_box=0.46, half_mtd=0.35, width=mtd + 0.43
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line with an arrow head, through ``points``; its label stands at ``at``."""

    points: tuple[tuple[float, float], ...]
    label: str
    at: tuple[float, float]
    align: str = "center"


class Layout:
    """Where the nodes stand and how the lines run between them.

    Attributes
    ----------
    pitch : float
        From a row to the next.
    above : float
        What belongs to a row above it, where there is no row.
    """

    def __init__(self, machine: StateMachine) -> None:
        cohorts = [node for node in machine.nodes if isinstance(node, CohortNode)]
        firsts = sorted({node.first for node in cohorts})
        if not firsts:
            raise InputError(
                "the picture shows the cohorts of each level and this design has 0; "
                "write Mermaid (.mmd), which takes any design"
            )
        more = max(0, len(firsts) - 2)
        self.machine = machine
        self.cohorts = cohorts
        self.levels = sorted({node.level for node in cohorts})
        self.grid = Grid.of(len(firsts))
        self.pitch = PITCH + 2 * LANE * more
        self.above = ABOVE + LANE * more
        # an open question can end any cohort, as the caption says: it has no lines
        self._edges = [
            edge
            for edge in machine.edges
            if not (isinstance(edge.target, EndNode) and edge.target.inconclusive)
        ]
        self._column = {first: k for k, first in enumerate(firsts)}

    @property
    def most_levels(self) -> int:
        """The most levels that a page has room for."""
        return 1 + int(ROOM / self.pitch)

    def y(self, level: int) -> float:
        """Return the height of a level's row."""
        return self.pitch * (level - self.levels[0])

    def x(self, node: CohortNode) -> float:
        """Return the middle of a cohort's box."""
        return self.grid.columns[self._column[node.first]]

    def too_toxic(self) -> tuple[float, float]:
        """Return the ends of the bar that says that a level is too toxic.

        It lies below all cohorts but the first.
        """
        _, second, *_ = self.grid.columns
        return second - HALF_TOXIC, self.grid.columns[-1] + HALF_TOXIC

    def too_toxic_levels(self) -> list[int]:
        """Return the levels that have such a bar."""
        return sorted({edge.source.level for edge in self._edges if edge.too_toxic})

    def lines(self) -> Iterator[Line]:
        """Route every edge; edges between the same nodes share a line."""
        shared: dict[tuple[CohortNode, Node], list[Edge]] = {}
        too_toxic: dict[int, list[Edge]] = {}
        for edge in self._edges:
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
        column, last = self._column[source.first], len(self._column) - 1
        first, *_ = self.grid.columns
        mtd, half_box = self.grid.mtd, self.grid.half_box
        match target:
            case EndNode(mtd=source.level) if column < last:
                lane = y + self._over_lane(column)
                start, end = x + 0.3, mtd - 0.25
                return Line(
                    points=((start, y + HALF_ROW), (start, lane), (end, lane), (end, y + HALF_ROW)),
                    label=label,
                    at=((self.grid.columns[-1] + mtd) / 2, lane),
                )
            case EndNode(mtd=source.level):
                return _straight((x + half_box, y), (mtd - self.grid.half_mtd, y), label)
            case CohortNode(level=source.level) if self._column[target.first] == column + 1:
                return _straight((x + half_box, y), (self.x(target) - half_box, y), label)
            case CohortNode() if target.level == source.level + 1 and self.x(target) == first:
                end_y = self.y(target.level) - HALF_ROW
                if x == first:
                    x -= 0.3
                    points = ((x, y + HALF_ROW), (x, end_y))
                    return Line(
                        points=points, label=label, at=(x - 0.05, y + HALF_ROW + 0.1), align="right"
                    )
                lane, start = y + self._return_lane(column), x - 0.3
                return Line(
                    points=((start, y + HALF_ROW), (start, lane), (first, lane), (first, end_y)),
                    label=label,
                    at=(self.grid.way_back, lane),
                )
        raise _misfit(source, target)

    def _over_lane(self, column: int) -> float:
        """Return how far above a row the line from an earlier cohort to the MTD runs."""
        return OVER_LANE + LANE * (len(self._column) - 2 - column)

    def _return_lane(self, column: int) -> float:
        """Return how far above a row the line from a later cohort runs back to the first column."""
        more = len(self.grid.columns) - 2
        return RETURN_LANE + LANE * (more + column - 1)

    def _beside_the_way_down(self, level: int) -> float:
        """Return where the line from a level that is too toxic to the one below has its label.

        It stands free of the lanes that this line crosses.
        """
        below = self.y(level - 1)
        if len(self._column) > 2:
            return below + (self._over_lane(1) + self._return_lane(2)) / 2
        return (self.y(level) + TOXIC_LANE - HALF_TOXIC_ROW + below + HALF_ROW) / 2 - 0.05

    def _into_too_toxic(self, level: int, edges: Sequence[Edge]) -> Iterator[Line]:
        y = self.y(level)
        lane = y + TOXIC_LANE
        first, *_ = self.grid.columns
        for source in sorted({edge.source for edge in edges}):
            label = _edge_label(next(edge for edge in edges if edge.source == source), guard=False)
            x = self.x(source)
            if x == first:
                start, (end, _) = first + 0.3, self.too_toxic()
                yield Line(
                    points=((start, y - HALF_ROW), (start, lane), (end, lane)),
                    label=label,
                    at=((start + end) / 2, lane),
                )
            else:
                yield Line(
                    points=((x, y - HALF_ROW), (x, lane + HALF_TOXIC_ROW)),
                    label=label,
                    at=(x + 0.06, y - HALF_ROW - 0.17),
                    align="left",
                )

    def _out_of_too_toxic(self, level: int, edges: Sequence[Edge]) -> Iterator[Line]:
        lane = self.y(level) + TOXIC_LANE
        first, second, *_ = self.grid.columns
        _, right = self.too_toxic()
        mtd = self.grid.mtd
        guards: dict[Node, list[Guard]] = {}
        for edge in edges:
            guards.setdefault(edge.target, []).extend([edge.guard] if edge.guard else [])
        for target, known in guards.items():
            label = "\n".join(map(_guard_label, _joined(known)))
            match target:
                case EndNode(mtd=None):
                    yield _straight((right, lane), (mtd - self.grid.half_mtd, lane), label)
                case EndNode(mtd=to) if to == level - 1:
                    end = self.y(level - 1) + HALF_ROW
                    yield Line(
                        points=((right, lane), (mtd, lane), (mtd, end)),
                        label=label,
                        at=((right + mtd) / 2, lane),
                    )
                case CohortNode() if target.level == level - 1 and self.x(target) == second:
                    x, top = second + 0.2, self.y(level - 1) + HALF_ROW
                    yield Line(
                        points=((x, lane - HALF_TOXIC_ROW), (x, top)),
                        label=label,
                        at=(x + 0.06, self._beside_the_way_down(level)),
                        align="left",
                    )
                case CohortNode() if target.level == level - 1:
                    y = self.y(level - 1)
                    below = y + self._return_lane(1)
                    yield Line(
                        points=(
                            (second, lane - HALF_TOXIC_ROW),
                            (second, below),
                            (first, below),
                            (first, y + HALF_ROW),
                        ),
                        label=label,
                        at=((first + second) / 2, below),
                    )
                case _:
                    raise _misfit(edges[0].source, target)


def _joined(guards: Sequence[Guard]) -> Iterator[Guard]:
    """Join guards that differ only in the patients and DLTs that have been seen."""
    seen: dict[tuple[Side, frozenset[LevelStatus | None]], set[tuple[int, int]]] = {}
    for guard in guards:
        seen.setdefault((guard.side, guard.statuses), set()).update(guard.seen)
    for (side, statuses), tallies in seen.items():
        yield Guard(side=side, statuses=statuses, seen=tuple(sorted(tallies)))


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
