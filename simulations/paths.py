"""What can happen next: the tree of cohorts, and every path through it, with probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb

from escalation.designs.base import Decision
from simulations.exact import check_p_dlt
from simulations.graph import TransitionGraph

__all__ = ["Path", "PathNode", "iter_paths", "path_tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNode:
    """A point in a trial: the cohort that led here, and what the design says now.

    Attributes
    ----------
    level : int or None
        0-based level of the cohort that led here; None at the root.
    n_patients, n_dlts : int
        That cohort; 0 at the root.
    pending : tuple of (level, n_patients, n_dlts)
        At the root, how the patients pending before turned out.
    probability : float or None
        Of coming here from the root; None without a scenario.
    decision : Decision
    children : tuple of PathNode
        By number of DLTs in the next cohort; empty at an end and where the tree was cut.
    """

    level: int | None
    n_patients: int
    n_dlts: int
    probability: float | None
    decision: Decision
    children: tuple[PathNode, ...]
    pending: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One complete course of a trial.

    Attributes
    ----------
    pending : tuple of (level, n_patients, n_dlts)
        How the patients pending before the start turned out.
    cohorts : tuple of (level, n_patients, n_dlts)
    probability : float or None
    decision : Decision
        The one that ends the trial.
    """

    pending: tuple[tuple[int, int, int], ...]
    cohorts: tuple[tuple[int, int, int], ...]
    probability: float | None
    decision: Decision


def path_tree(
    graph: TransitionGraph, p_dlt: Sequence[float] | None = None, *, depth: int | None = None
) -> tuple[PathNode, ...]:
    """Return the tree of what can happen, from each root of the graph.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L, optional
        P(DLT) at each level, to give each node its probability.
    depth : int, optional
        Cohorts to look ahead; to the end by default.

    Returns
    -------
    tuple of PathNode
        One, or with pending patients one for each way they can turn out.
    """
    walk = _Walk(graph, p_dlt)
    return tuple(
        replace(walk.node(state, probability, depth), pending=walk.pending(state))
        for state, probability in walk.roots()
    )


def iter_paths(graph: TransitionGraph, p_dlt: Sequence[float] | None = None) -> Iterator[Path]:
    """Yield every path from the roots to an end, fewest DLTs first."""
    walk = _Walk(graph, p_dlt)
    for state, probability in walk.roots():
        for path in walk.paths(state, (), probability):
            yield replace(path, pending=walk.pending(state))


class _Walk:
    def __init__(self, graph: TransitionGraph, p_dlt: Sequence[float] | None) -> None:
        graph.require_whole()
        self.decisions = graph.decisions
        self.children = graph.children.tolist()
        self.p = None if p_dlt is None else check_p_dlt(p_dlt, graph).tolist()
        self._graph = graph

    def roots(self) -> Iterator[tuple[int, float | None]]:
        graph = self._graph
        for root, ways in zip(graph.roots.tolist(), graph.root_ways.tolist(), strict=True):
            if self.p is None:
                yield root, None
                continue
            probability = ways
            dlts = graph.n_dlts[root] - graph.n_dlts_so_far
            for p, n_dlts, n_pending in zip(self.p, dlts, graph.n_pending, strict=True):
                probability *= p**n_dlts * (1 - p) ** (n_pending - n_dlts)
            yield root, float(probability)

    def pending(self, root: int) -> tuple[tuple[int, int, int], ...]:
        graph = self._graph
        dlts = (graph.n_dlts[root] - graph.n_dlts_so_far).tolist()
        return tuple(
            (level, n, dlts[level]) for level, n in enumerate(graph.n_pending.tolist()) if n
        )

    def node(
        self,
        state: int,
        probability: float | None,
        depth: int | None,
        cohort: tuple[int | None, int, int] = (None, 0, 0),
    ) -> PathNode:
        decision = self.decisions[state]
        level, n_patients, n_dlts = cohort
        left = None if depth is None else depth - 1
        return PathNode(
            level=level,
            n_patients=n_patients,
            n_dlts=n_dlts,
            probability=probability,
            decision=decision,
            children=tuple(
                self.node(child, reached, left, (decision.level, decision.n_to_enrol, n))
                for n, child, reached in (self._next(state, probability) if depth != 0 else ())
            ),
        )

    def paths(
        self, state: int, so_far: tuple[tuple[int, int, int], ...], probability: float | None
    ) -> Iterator[Path]:
        decision = self.decisions[state]
        if decision.level is None:
            yield Path(pending=(), cohorts=so_far, probability=probability, decision=decision)
            return
        for n_dlts, child, reached in self._next(state, probability):
            cohort = (decision.level, decision.n_to_enrol, n_dlts)
            yield from self.paths(child, (*so_far, cohort), reached)

    def _next(
        self, state: int, probability: float | None
    ) -> Iterator[tuple[int, int, float | None]]:
        """Yield (number of DLTs, state, probability) after the next cohort."""
        level, size = self.decisions[state].level, self.decisions[state].n_to_enrol
        if level is None:
            return
        for n_dlts in range(size + 1):
            reached = None
            if self.p is not None and probability is not None:
                p = self.p[level]
                reached = probability * comb(size, n_dlts) * p**n_dlts * (1 - p) ** (size - n_dlts)
            yield n_dlts, self.children[state][n_dlts], reached
