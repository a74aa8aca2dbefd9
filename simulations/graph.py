"""From a design to its transition graph: every state a trial can reach, equal states merged.

A state is what has been seen at each level and where the trial stands; the design's own
``decide`` says what follows. Both engines walk this graph, so neither holds a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Decision, Design
from escalation.designs.pending import count_resolutions, without_last
from escalation.designs.walk import TooManyStatesError, Walk, walk_design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.probabilities import check_probabilities
from simulations.roots import count_ways, resolve_roots

__all__ = ["INCONCLUSIVE", "NO_MTD", "TransitionGraph", "build_graph"]

INCONCLUSIVE = -2
NO_MTD = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class TransitionGraph:
    """Every state a trial can reach, with what the design does there.

    States are in order of the number of evaluable patients, so each transition leads to a later
    one. Below, S is the number of states, L of levels, R of roots and K the largest cohort.

    Attributes
    ----------
    design : Design
    level : int array, shape (S,)
        0-based level of the next cohort; -1 where the trial has ended.
    n_to_enrol : int array, shape (S,)
        Size of the next cohort; 0 where the trial has ended.
    children : int array, shape (S, K + 1)
        The state after a cohort with 0 .. K DLTs; -1 where there is none. Where moderate toxicities
        count the cohort is one patient, and the third is the state after one; see
        ``counts_moderate``.
    mtd : int array, shape (S,)
        0-based MTD where the trial has ended; ``NO_MTD`` or ``INCONCLUSIVE`` without one.
    n_evaluable, n_dlts : int array, shape (S, L)
        What has been seen in each state.
    decisions : tuple of Decision, length S
        What the design said in each state.
    roots : int array, shape (R,)
        The states at the start: one, or with pending patients one for each way they can turn out.
    root_ways : float array, shape (R,)
        In how many ways the pending patients can turn out so.
    n_so_far, n_dlts_so_far : int array, shape (L,)
        Evaluable patients and their DLTs before the start.
    n_pending : int array, shape (L,)
        Patients pending at the start; their outcomes are still to come.
    counts_moderate : bool array, shape (S,)
        Whether a moderate toxicity of the next patient can change what follows.
    root_moderate : int array, shape (R, L)
        How many of the pending patients have a moderate toxicity in each root; 0 where none counts.
    p_moderate : float array, shape (L,), or None
        The assumed P(moderate toxicity | no DLT) at each level.
    is_whole : bool
        False for the part of a graph that certain trials meet (``on_demand``): they can walk it,
        but no exact figure can be had from it.
    """

    design: Design
    level: NDArray[np.intp]
    n_to_enrol: NDArray[np.intp]
    children: NDArray[np.intp]
    mtd: NDArray[np.intp]
    n_evaluable: NDArray[np.intp]
    n_dlts: NDArray[np.intp]
    decisions: tuple[Decision, ...]
    roots: NDArray[np.intp]
    root_ways: NDArray[np.float64]
    n_so_far: NDArray[np.intp]
    n_dlts_so_far: NDArray[np.intp]
    n_pending: NDArray[np.intp]
    counts_moderate: NDArray[np.bool_]
    root_moderate: NDArray[np.intp]
    p_moderate: NDArray[np.float64] | None = None
    is_whole: bool = True

    def require_whole(self) -> None:
        """Raise ``InputError`` for a part of a graph."""
        if not self.is_whole:
            raise InputError("this is only the part of a graph that simulated trials meet; exact "
                             "figures and paths need all of it")  # fmt: skip

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.level)

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """The states in which the trial has ended, in order."""
        return np.flatnonzero(self.n_to_enrol == 0)

    @cached_property
    def ways(self) -> NDArray[np.float64]:
        """Count, for each state, the sequences of single patients' outcomes that lead to it.

        The probability of a state is this number times p^DLTs (1-p)^(no DLT) over the levels:
        within a state every sequence has the same probability. Where moderate toxicities count,
        a sequence is weighted by P(moderate | no DLT) or its complement. Shape (S,).

        Raises
        ------
        InputError
            If that probability is needed and was not given.
        """
        q = self.moderate_probabilities()
        return self._count(
            [comb(n, x) for n in range(self._max_n + 1) for x in range(n + 1)],
            self.root_ways * self.root_weights(),
            [(1 - q_here, 1.0, q_here) for q_here in q.tolist()],
        )

    def moderate_probabilities(self) -> NDArray[np.float64]:
        """Return P(moderate toxicity | no DLT) by level; zeros where none counts.

        Raises
        ------
        InputError
            If it is needed and was not given.
        """
        if not (self.counts_moderate.any() or self.root_moderate.any()):
            return np.zeros(self.design.n_levels)
        if self.p_moderate is None:
            raise InputError(
                f"{self.design.name} counts moderate toxicities: probabilities need p_moderate "
                "(--p-moderate), the P(moderate toxicity) of a patient without a DLT at each level"
            )
        return self.p_moderate

    def root_weights(self) -> NDArray[np.float64]:
        """Return the probability of each root's moderate toxicities, given its DLTs; shape (R,)."""
        if not self.root_moderate.any():  # the roots do not tell them apart
            return np.ones(len(self.roots))
        q = self.moderate_probabilities()
        dlts = self.n_dlts[self.roots] - self.n_dlts_so_far
        others = self.n_pending - dlts - self.root_moderate
        return np.asarray(np.prod(q**self.root_moderate * (1 - q) ** others, axis=1))

    @cached_property
    def exponents(self) -> NDArray[np.float64]:
        """How often p, and then how often 1 - p, of each level occurs in each end's probability.

        Shape (2 L, E): DLTs and patients without one since the start, over the E ends.
        """
        dlts = self.n_dlts[self.ends] - self.n_dlts_so_far
        no_dlts = self.n_evaluable[self.ends] - self.n_so_far - dlts
        return np.ascontiguousarray(np.hstack([dlts, no_dlts]).T, dtype=np.float64)

    def count_paths(self) -> int:
        """Count the distinct paths from the roots to an end; a path is its cohorts' DLT counts."""
        n_numbers = (self._max_n + 1) * (self._max_n + 2) // 2
        ones = [(1.0, 1.0, 1.0)] * self.design.n_levels
        return round(float(self._count([1] * n_numbers, self.root_ways, ones)[self.ends].sum()))

    @property
    def _max_n(self) -> int:
        return int(self.children.shape[1]) - 1

    def _count(
        self,
        weights: Sequence[int],
        root_weights: NDArray[np.float64],
        graded: Sequence[tuple[float, float, float]],
    ) -> NDArray[np.float64]:
        """Push ``weights[n(n+1)/2 + x]`` for a cohort of n with x DLTs from the roots on.

        Where moderate toxicities count, ``graded`` has the three weights by level.
        """
        self.require_whole()
        ways = [0.0] * self.n_states
        for root, weight in zip(self.roots.tolist(), root_weights.tolist(), strict=True):
            ways[root] += weight
        sizes, children = self.n_to_enrol.tolist(), self.children.tolist()
        levels, counts_moderate = self.level.tolist(), self.counts_moderate.tolist()
        for state, size in enumerate(sizes):
            if counts_moderate[state]:
                for child, weight in zip(children[state], graded[levels[state]], strict=False):
                    ways[child] += ways[state] * weight
                continue
            here, row = ways[state], size * (size + 1) // 2
            for n_dlts in range(size + 1 if size else 0):
                ways[children[state][n_dlts]] += here * weights[row + n_dlts]
        return np.array(ways)


def build_graph(
    design: Design,
    tallies: Sequence[Tally] | None = None,
    level: int | None = None,
    *,
    last: Tally = NOBODY,
    p_moderate: Sequence[float] | None = None,
    max_states: int = 500_000,
    walk_by: Callable[..., Walk] = walk_design,
) -> TransitionGraph:
    """Walk ``design.decide`` through every outcome of every cohort.

    Parameters
    ----------
    design : Design
    tallies : sequence of Tally, optional
        What has been seen so far, one a level; nothing by default. Pending patients are resolved
        first, each way a root of its own.
    level : int, optional
        0-based level of the last cohort; the design's start by default.
    last : Tally, optional
        The last cohort, for a design that remembers it; its patients are in ``tallies`` too.
    p_moderate : sequence of float, length L, optional
        P(moderate toxicity) of a patient without a DLT at each level, for a design that counts
        moderate toxicities; others leave it alone. Without it such a graph has no probabilities.
    max_states : int
    walk_by : callable
        Finds the states, with the arguments of ``walk_design``; a follower that it does not give
        is -1, and the graph is not whole.

    Returns
    -------
    TransitionGraph

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states.
    InputError
        If ``tallies``, ``level`` or ``last`` do not fit the ladder or each other, or
        ``p_moderate`` has the wrong length or a value that is no probability.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> build_graph(ThreePlusThree(n_levels=1, variant="declare")).count_paths()
    7
    """
    before = tuple(tallies) if tallies is not None else (Tally(),) * design.n_levels
    here = design.start if level is None else level
    design.check_fit(before, here)
    q = None
    if p_moderate is not None:
        q = check_probabilities(p_moderate, design.n_levels, "p_moderate")
    if count_resolutions(before, moderate=design.asks_moderate) > max_states:
        raise TooManyStatesError(design.n_levels, max_states)
    if not design.remembers:
        last = NOBODY
    roots = resolve_roots(design, before, here, last)
    walk = walk_by(design, roots, here, max_states)
    ends = [_end(decision) for decision in walk.decisions]
    merged = np.array(_merge_ends(walk, ends))
    kept = np.unique(merged)
    seen = [tally for state in kept.tolist() for tally in walk.tallies[state]]
    shape = (len(kept), design.n_levels)
    n_evaluable = np.array([tally.n_evaluable for tally in seen]).reshape(shape)
    n_dlts = np.array([tally.n_dlts for tally in seen]).reshape(shape)

    order = np.argsort(n_evaluable.sum(axis=1), kind="stable")
    place = np.empty(len(merged), dtype=np.intp)
    place[kept[order]] = np.arange(len(kept))
    place = place[merged]
    decisions = tuple(walk.decisions[state] for state in kept[order].tolist())
    return TransitionGraph(
        design=design,
        level=np.array([-1 if d.level is None else d.level for d in decisions]),
        n_to_enrol=np.array([d.n_to_enrol for d in decisions]),
        children=_children(walk, place, len(kept)),
        mtd=np.array(ends)[kept[order]],
        n_evaluable=n_evaluable[order],
        n_dlts=n_dlts[order],
        decisions=decisions,
        roots=place[: len(roots)],
        root_ways=np.array(
            [
                count_ways(without_last(before, here, last), without_last(root, here, cohort))
                * count_ways([last], [cohort])
                for root, cohort in roots
            ],
            dtype=np.float64,
        ),
        n_so_far=np.array([tally.n_evaluable for tally in before]),
        n_dlts_so_far=np.array([tally.n_dlts for tally in before]),
        n_pending=np.array([tally.n_pending for tally in before]),
        counts_moderate=np.array([d.counts_moderate for d in decisions]),
        root_moderate=np.array(
            [
                [then.n_moderate - now.n_moderate for now, then in zip(before, root, strict=True)]
                for root, _ in roots
            ]
        ),
        p_moderate=q,
        is_whole=all(-1 not in following for following in walk.following),
    )


def _merge_ends(walk: Walk, ends: Sequence[int]) -> list[int]:
    """Return for each state the one that stands for it: an end, for all with the same tallies.

    Where an ended trial stood no longer matters.
    """
    stands_for: dict[tuple[int, int], int] = {}
    return [
        state if following else stands_for.setdefault((code, end), state)
        for state, (following, code, end) in enumerate(
            zip(walk.following, walk.codes, ends, strict=True)
        )
    ]


def _children(walk: Walk, place: NDArray[np.intp], n_states: int) -> NDArray[np.intp]:
    """Return the place of each state's followers, as ``following``; -1 where there is none."""
    counts = np.array([len(following) for following in walk.following])
    followers = np.array([child for following in walk.following for child in following], np.intp)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    children = np.full((n_states, counts.max()), -1, dtype=np.intp)
    places = np.where(followers < 0, -1, place[followers])
    children[np.repeat(place, counts), np.arange(len(followers)) - first] = places
    return children


def _end(decision: Decision) -> int:
    if decision.inconclusive:
        return INCONCLUSIVE
    return NO_MTD if decision.mtd is None else decision.mtd
