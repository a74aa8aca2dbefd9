"""Monte Carlo by counts: how many trials go each way, whatever their number.

All trials that are in one state are the same trial from there on. So it is not each one that is
drawn, but how many of them have so many DLTs in the next cohort: a multinomial number, split off by
one binomial draw an outcome. 10^12 trials cost what 10^4 do. The probabilities of a cohort's
outcomes are made here, patient by patient, and the exact engine's are not: either can check the
other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from simulations.engines.simulated import GENERATOR
from simulations.graph.build import TransitionGraph

__all__ = ["MOST_BY_COUNT", "count_states", "root_shares"]

MOST_BY_COUNT = 10**15  # a double holds such whole numbers, so that they can be summed in it

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Counts = NDArray[np.int64]


def count_states(graph: TransitionGraph, p: Floats, *, trials: int, seed: int) -> Counts:
    """Draw how many trials come to each state.

    Parameters
    ----------
    graph : TransitionGraph
    p : float array, shape (L,)
    trials : int
        At most ``MOST_BY_COUNT``.
    seed : int
        The same seed, curve and design give the same counts, however the graph numbers its states.

    Returns
    -------
    int array, shape (S,)
        Those of ``graph.ends`` sum to ``trials``.
    """
    rng = np.random.Generator(GENERATOR(np.random.SeedSequence(seed)))
    counts = np.zeros(graph.n_states, dtype=np.int64)
    starts = np.array([trials])
    for root, rate in zip(graph.roots, _rates(root_shares(graph, p)), strict=True):
        counts[root] += _split_off(rng, starts, rate)[0]
    rates = _rates(_outcome_shares(graph, p))
    graded = _rates(_graded_shares(graph, p))
    for states, followers in _layers(graph):
        here, levels = counts[states], graph.level[states]
        after = rates[levels, graph.n_to_enrol[states]]
        moderate = graph.counts_moderate[states]
        after[moderate] = graded[levels[moderate]]
        for children, rate in zip(followers.T, after.T, strict=True):
            so_many = _split_off(rng, here, rate)
            if not graph.is_whole and so_many[children < 0].any():
                raise InputError("these trials leave the part of the graph that was built")
            np.add.at(counts, children, so_many)  # none where there is no such child
    return counts


def root_shares(graph: TransitionGraph, p: Floats) -> Floats:
    """Return the probability of each way in which pending patients can turn out; shape (R,)."""
    dlts = graph.n_dlts[graph.roots] - graph.n_dlts_so_far
    likely = np.prod(p**dlts * (1 - p) ** (graph.n_pending - dlts), axis=1)
    return np.asarray(graph.root_ways * graph.root_weights() * likely)


def _split_off(rng: np.random.Generator, left: Counts, rate: Floats) -> Counts:
    """Take from those that are left the ones with the next outcome."""
    so_many = rng.binomial(left, rate)
    left -= so_many
    return so_many


def _rates(shares: Floats) -> Floats:
    """Return P(outcome k, if none of those before it) from P(outcome k), along the last axis.

    The rest is summed from its end, so that a rare outcome is as right as the others, and the last
    one that can happen has exactly 1.
    """
    rest = np.cumsum(shares[..., ::-1], axis=-1)[..., ::-1]
    return np.divide(shares, rest, out=np.zeros_like(shares), where=rest > 0)


def _outcome_shares(graph: TransitionGraph, p: Floats) -> Floats:
    """Return P(so many DLTs) by level and size of the cohort; shape (L, K + 1, K + 1)."""
    width = max(1, graph.children.shape[1])
    shares = np.zeros((len(p), width, width))
    shares[:, 0, 0] = 1
    for size in range(1, width):  # each patient has a DLT or none
        shares[:, size] = shares[:, size - 1] * (1 - p)[:, np.newaxis]
        shares[:, size, 1:] += shares[:, size - 1, :-1] * p[:, np.newaxis]
    return shares


def _graded_shares(graph: TransitionGraph, p: Floats) -> Floats:
    """Return P(none, a DLT, a moderate toxicity) of one patient by level; shape (L, K + 1)."""
    shares = np.zeros((len(p), graph.children.shape[1]))
    if graph.counts_moderate.any():
        q = graph.moderate_probabilities()
        shares[:, 0], shares[:, 1], shares[:, 2] = (1 - p) * (1 - q), p, (1 - p) * q
    return shares


def _layers(graph: TransitionGraph) -> Iterator[tuple[Ints, Ints]]:
    """Yield the states where trials go on, by patients seen, each layer with its followers.

    In a layer they come as trials first come to them: by the state before, and its outcome. So
    it does not matter how the graph numbers its states.
    """
    going = np.flatnonzero(graph.n_to_enrol)
    if not going.size:
        return
    n_patients = graph.n_evaluable[going].sum(axis=1)  # ascending, as the states are
    layers = np.split(going, np.flatnonzero(np.diff(n_patients)) + 1)
    width, n_passed = graph.children.shape[1], len(graph.roots)
    first = np.full(graph.n_states, graph.n_states * (width + 1))
    first[graph.roots[::-1]] = np.arange(n_passed)[::-1]
    for layer in layers:
        states = layer[np.argsort(first[layer])]
        followers = graph.children[states]
        yield states, followers
        come_to = (n_passed + np.arange(len(states)))[:, np.newaxis] * width + np.arange(width)
        np.minimum.at(first, followers, come_to)  # where there is none, of the last state: an end
        n_passed += len(states)
