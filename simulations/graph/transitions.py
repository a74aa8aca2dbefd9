"""A transition graph: every state a trial can reach, and what is counted on it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Decision, Design
from escalation.errors import InputError

__all__ = ["INCONCLUSIVE", "NO_MTD", "TransitionGraph", "end_of"]

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
        What has been seen in each state; small integers where the graph is walked by layers.
    decisions : sequence of Decision, length S
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
        False for the part of a graph that certain trials meet (``on_demand``) or that the next
        cohorts reach: they can walk it, but no figure about the whole trial can be had from it.
    """

    design: Design
    level: NDArray[np.intp]
    n_to_enrol: NDArray[np.intp]
    children: NDArray[np.intp]
    mtd: NDArray[np.intp]
    n_evaluable: NDArray[np.signedinteger[Any]]
    n_dlts: NDArray[np.signedinteger[Any]]
    decisions: Sequence[Decision]
    roots: NDArray[np.intp]
    root_ways: NDArray[np.float64]
    n_so_far: NDArray[np.intp]
    n_dlts_so_far: NDArray[np.intp]
    n_pending: NDArray[np.intp]
    counts_moderate: NDArray[np.bool_]
    root_moderate: NDArray[np.intp]
    p_moderate: NDArray[np.float64] | None = None
    is_whole: bool = True

    def __repr__(self) -> str:
        whole = "" if self.is_whole else ", in part"
        name, levels = self.design.name, self.design.n_levels
        return f"<TransitionGraph of {name} on {levels} levels: {self.n_states} states{whole}>"

    def require_whole(self) -> None:
        """Raise ``InputError`` for a part of a graph."""
        if not self.is_whole:
            raise InputError(
                "this is only the part of a graph that simulated trials or the next cohorts meet; "
                "exact figures and complete paths need all of it"
            )

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.level)

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """The states in which the trial has ended, in order."""
        return np.flatnonzero(self.n_to_enrol == 0)

    @cached_property
    def layers(self) -> list[slice]:
        """The states with the same number of patients, fewest first."""
        n_patients = self.n_evaluable.sum(axis=1)
        cuts = (np.flatnonzero(np.diff(n_patients)) + 1).tolist()
        return list(map(slice, [0, *cuts], [*cuts, self.n_states]))

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
        n_levels, ends = self.design.n_levels, self.ends
        exponents = np.empty((2 * n_levels, len(ends)))
        for level in range(n_levels):
            dlts = self.n_dlts[ends, level] - self.n_dlts_so_far[level]
            exponents[level] = dlts
            n_new = self.n_evaluable[ends, level] - self.n_so_far[level]
            exponents[n_levels + level] = n_new - dlts
        return exponents

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
        ways = np.zeros(self.n_states)
        np.add.at(ways, self.roots, root_weights)
        columns = np.arange(self.children.shape[1])
        flat, by_moderate = (
            np.array(weights, dtype=np.float64),
            np.zeros((len(graded), len(columns))),
        )
        by_moderate[:, : len(graded[0])] = np.array(graded)[:, : len(columns)]
        for layer in self.layers:
            states = layer.start + np.flatnonzero(self.n_to_enrol[layer])
            sizes, children = self.n_to_enrol[states, np.newaxis], self.children[states]
            row = sizes * (sizes + 1) // 2
            pushed = flat[np.minimum(row + columns, len(flat) - 1)]
            counting = np.flatnonzero(self.counts_moderate[states])
            pushed[counting] = by_moderate[self.level[states[counting]]]
            pushed *= ways[states, np.newaxis]
            real = children >= 0
            np.add.at(ways, children[real], pushed[real])
        return ways


def end_of(decision: Decision) -> int:
    """Return the MTD of a decision to stop as ``TransitionGraph.mtd`` has it."""
    if decision.inconclusive:
        return INCONCLUSIVE
    return NO_MTD if decision.mtd is None else decision.mtd
