"""What can happen next: the tree of cohorts, and every path through it, with probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any

from escalation.designs.base import Decision
from simulations.engines.exact import check_p_dlt
from simulations.graph.build import TransitionGraph

__all__ = ["Path", "PathNode", "iter_paths", "path_tree", "tree_sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNode:
    """A point in a trial: the cohort that led here, and what the design says now.

    Attributes
    ----------
    level : int or None
        0-based level of the cohort that led here; None at the root.
    n_patients, n_dlts, n_moderate : int
        That cohort; 0 at the root. Moderate toxicities are told apart only where they count.
    pending : tuple of (level, n_patients, n_dlts)
        At the root, how the patients pending before turned out.
    probability : float or None
        Of coming here from the root; None without a scenario.
    decision : Decision
    children : tuple of PathNode
        By number of DLTs in the next cohort; empty at an end and where the tree was cut.
    pending_moderate : tuple of int
        How many of each entry of ``pending`` have a moderate toxicity that counts.
    """

    level: int | None
    n_patients: int
    n_dlts: int
    probability: float | None
    decision: Decision
    children: tuple[PathNode, ...]
    pending: tuple[tuple[int, int, int], ...] = ()
    n_moderate: int = 0
    pending_moderate: tuple[int, ...] = ()

    def __repr__(self) -> str:
        said = f"{self.decision.action}, {len(self.children)} branches"
        if self.level is None:
            return f"<PathNode: start, {said}>"
        seen = f"{self.n_dlts} DLTs of {self.n_patients} at level index {self.level}"
        return f"<PathNode: {seen}, {said}>"


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
    pending_moderate, n_moderate : tuple of int
        How many of each entry of ``pending`` and of ``cohorts`` have a moderate toxicity, told
        apart only where it counts.
    """

    pending: tuple[tuple[int, int, int], ...]
    cohorts: tuple[tuple[int, int, int], ...]
    probability: float | None
    decision: Decision
    pending_moderate: tuple[int, ...] = ()
    n_moderate: tuple[int, ...] = ()


def tree_sizes(graph: TransitionGraph, depth: int) -> list[int]:
    """Return how many places the tree has that looks 0, 1, 2 ... cohorts ahead, ``depth`` at most.

    Shorter where every trial has ended before.
    """
    paths = {int(root): 0 for root in graph.roots}
    for root in graph.roots.tolist():
        paths[root] += 1
    sizes = [sum(paths.values())]
    children = graph.children
    while paths and len(sizes) <= depth:
        then: dict[int, int] = {}
        for state, ways in paths.items():
            for child in children[state].tolist():
                if child >= 0:
                    then[child] = then.get(child, 0) + ways
        paths = then
        if paths:
            sizes.append(sizes[-1] + sum(paths.values()))
    return sizes


def path_tree(
    graph: TransitionGraph, p_dlt: Sequence[float] | None = None, *, depth: int | None = None
) -> tuple[PathNode, ...]:
    """Return the tree of what can happen, from each root of the graph.

    Parameters
    ----------
    graph : TransitionGraph
        Whole, or as much of it as ``depth`` needs (``walk_design`` with ``n_cohorts``).
    p_dlt : sequence of float, length L, optional
        P(DLT) at each level, to give each node its probability.
    depth : int, optional
        Cohorts to look ahead; to the end by default.

    Returns
    -------
    tuple of PathNode
        One, or with pending patients one for each way they can turn out.
    """
    if depth is None:
        graph.require_whole()
    walk = _Walk(graph, p_dlt)
    return tuple(
        replace(walk.node(state, probability, depth), **walk.pending(root))
        for root, state, probability in walk.roots()
    )


def iter_paths(graph: TransitionGraph, p_dlt: Sequence[float] | None = None) -> Iterator[Path]:
    """Yield every path from the roots to an end, fewest DLTs first."""
    graph.require_whole()
    walk = _Walk(graph, p_dlt)
    for root, state, probability in walk.roots():
        for path in walk.paths(state, (), probability):
            yield replace(path, **walk.pending(root))


class _Walk:
    def __init__(self, graph: TransitionGraph, p_dlt: Sequence[float] | None) -> None:
        self.decisions = graph.decisions
        self.children = graph.children.tolist()
        self.p = None if p_dlt is None else check_p_dlt(p_dlt, graph).tolist()
        self._graph = graph

    def roots(self) -> Iterator[tuple[int, int, float | None]]:
        """Yield each root's number, its state and its probability."""
        graph = self._graph
        weights = None if self.p is None else graph.root_ways * graph.root_weights()
        for root, state in enumerate(graph.roots.tolist()):
            if self.p is None or weights is None:
                yield root, state, None
                continue
            probability = weights[root]
            dlts = graph.n_dlts[state] - graph.n_dlts_so_far
            for p, n_dlts, n_pending in zip(self.p, dlts, graph.n_pending, strict=True):
                probability *= p**n_dlts * (1 - p) ** (n_pending - n_dlts)
            yield root, state, float(probability)

    def pending(self, root: int) -> dict[str, Any]:
        graph = self._graph
        dlts = (graph.n_dlts[graph.roots[root]] - graph.n_dlts_so_far).tolist()
        n_moderate = graph.root_moderate[root].tolist()
        levels = [(level, n) for level, n in enumerate(graph.n_pending.tolist()) if n]
        return {
            "pending": tuple((level, n, dlts[level]) for level, n in levels),
            "pending_moderate": tuple(n_moderate[level] for level, _ in levels),
        }

    def node(
        self,
        state: int,
        probability: float | None,
        depth: int | None,
        cohort: tuple[int | None, int, int, int] = (None, 0, 0, 0),
    ) -> PathNode:
        if state < 0:  # beyond what a part of a graph knows
            self._graph.require_whole()
        decision = self.decisions[state]
        level, n_patients, n_dlts, n_moderate = cohort
        left = None if depth is None else depth - 1
        return PathNode(
            level=level,
            n_patients=n_patients,
            n_dlts=n_dlts,
            n_moderate=n_moderate,
            probability=probability,
            decision=decision,
            children=tuple(
                self.node(child, reached, left, (decision.level, decision.n_to_enrol, *seen))
                for seen, child, reached in (self._next(state, probability) if depth != 0 else ())
            ),
        )

    def paths(
        self, state: int, so_far: tuple[tuple[int, int, int, int], ...], probability: float | None
    ) -> Iterator[Path]:
        decision = self.decisions[state]
        if decision.level is None:
            yield Path(
                pending=(),
                cohorts=tuple(cohort[:3] for cohort in so_far),
                n_moderate=tuple(cohort[3] for cohort in so_far),
                probability=probability,
                decision=decision,
            )
            return
        for seen, child, reached in self._next(state, probability):
            cohort = (decision.level, decision.n_to_enrol, *seen)
            yield from self.paths(child, (*so_far, cohort), reached)

    def _next(
        self, state: int, probability: float | None
    ) -> Iterator[tuple[tuple[int, int], int, float | None]]:
        """Yield (DLTs and moderate toxicities, state, probability) after the next cohort."""
        decision = self.decisions[state]
        level, size = decision.level, decision.n_to_enrol
        if level is None:
            return
        if decision.counts_moderate:
            yield from self._next_graded(state, level, probability)
            return
        for n_dlts in range(size + 1):
            reached = None
            if self.p is not None and probability is not None:
                p = self.p[level]
                reached = probability * comb(size, n_dlts) * p**n_dlts * (1 - p) ** (size - n_dlts)
            yield (n_dlts, 0), self.children[state][n_dlts], reached

    def _next_graded(
        self, state: int, level: int, probability: float | None
    ) -> Iterator[tuple[tuple[int, int], int, float | None]]:
        """Do as ``_next`` for a patient whose moderate toxicity counts."""
        none, dlt, moderate, *_ = self.children[state]
        weights: tuple[float | None, ...] = (None, None, None)
        if self.p is not None and probability is not None:
            p, q = self.p[level], float(self._graph.moderate_probabilities()[level])
            weights = tuple(probability * w for w in ((1 - p) * (1 - q), (1 - p) * q, p))
        yield (0, 0), none, weights[0]
        yield (0, 1), moderate, weights[1]
        yield (1, 0), dlt, weights[2]
