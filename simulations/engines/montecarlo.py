"""Monte Carlo: trials that walk the transition graph, one cohort after another.

They are drawn by counts (``counts``) where sums of them will do. Where each is wanted, or patients
that other runs meet as well, they are drawn here: in chunks of a fixed size, each with a random
stream of its own that depends only on the seed and the chunk's number, so the result is the same
for any executor and any number of workers, and memory does not grow with the number of trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from itertools import islice
from math import ceil, comb
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from simulations.engines.characteristics import summarise
from simulations.engines.counts import MOST_BY_COUNT, count_states, root_shares
from simulations.engines.exact import check_p_dlt
from simulations.engines.latent import LatentPatients, chunk_generator, count_dlts
from simulations.engines.simulated import CHUNK_SIZE, Draws, MonteCarlo, SimulatedTrials
from simulations.graph.build import TransitionGraph

__all__ = ["MOST_ONE_BY_ONE", "check_run", "root_cuts", "simulate", "simulate_trials"]

_CHUNKS_PER_TASK = 25
MOST_ONE_BY_ONE = 10**10  # half an hour on one core
_TASKS_AT_ONCE = 64  # more than the workers of one machine; a queue of all would grow with trials

Ints = NDArray[np.intp]


def simulate(
    graph: TransitionGraph,
    p_dlt: Sequence[float],
    *,
    trials: int,
    seed: int = 1,
    draws: Draws = "count",
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> MonteCarlo:
    """Simulate trials and sum them up.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
        P(DLT) at each level.
    trials : int
        At least 1; at most 10^15 by counts, 10^10 one by one.
    seed : int
        At least 0; the same seed gives the same trials.
    draws : {"count", "trial", "latent"}
        Split the trials of each state by how many DLTs their next cohort has, which costs the same
        for any number of trials; or draw that number for each trial; or give every patient a latent
        uniform number and a DLT where it is below P(DLT). Latent patients are the same for every
        design and scenario with the same seed, which makes their differences precise.
    executor : concurrent.futures.Executor, optional
        Runs the chunks of trials that are drawn one by one; in this process by default.
    progress : callable, optional
        Called with the number of trials done since the last call.

    Returns
    -------
    MonteCarlo

    Raises
    ------
    InputError
        For arguments outside the ranges above.

    Notes
    -----
    By counts, each trial's probabilities are right to the last digits of a double. One by one,
    uniform numbers have 24 bits, so a probability is met to within 6e-8: far inside the Monte Carlo
    error, except for events that happen in fewer than one trial in a million.

    References
    ----------
    Morris TP, White IR, Crowther MJ (2019). Using simulation studies to evaluate statistical
    methods. Stat Med 38(11):2074-2102.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> run = simulate(graph, [0.2], trials=10**12)  # exactly, 0.708608 is selected
    >>> bool(abs(run.characteristics.p_select[0] - 0.708608) < 4 * run.mcse()["p_select"][0])
    True
    """
    p = check_p_dlt(p_dlt, graph)
    check_run(trials, seed, draws)
    if draws == "count":
        counts = count_states(graph, p, trials=trials, seed=seed)
        if progress is not None:
            progress(trials)
    else:
        counts = np.zeros(graph.n_states, dtype=np.int64)
        for n_done, part in _run(_Walk(graph, p, seed, draws), trials, executor):
            counts += part
            if progress is not None:
                progress(n_done)
    return MonteCarlo(
        characteristics=summarise(graph, counts[graph.ends].astype(np.float64), trials),
        trials=trials,
        seed=seed,
        draws=draws,
    )


def simulate_trials(
    graph: TransitionGraph,
    p_dlt: Sequence[float],
    *,
    trials: int,
    seed: int = 1,
    draws: Draws = "trial",
) -> Iterator[SimulatedTrials]:
    """Simulate trials and keep each one, a chunk at a time; the trials ``simulate`` sums up.

    With latent patients the first trials of a longer run are those of a shorter one; with draws by
    trial this holds for whole chunks only.

    Parameters
    ----------
    graph, p_dlt, trials, seed
        As for ``simulate``.
    draws : {"trial", "latent"}
        As for ``simulate``; there are no single trials by counts.

    Returns
    -------
    iterator of SimulatedTrials
        At most ``CHUNK_SIZE`` trials each.

    Raises
    ------
    InputError
        If an argument is not what it should be.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=3))
    >>> (chunk,) = simulate_trials(graph, [0.05, 0.2, 0.4], trials=100)
    >>> chunk.mtds().shape
    (100,)
    """
    p = check_p_dlt(p_dlt, graph)
    check_run(trials, seed, draws)
    if draws == "count":
        raise InputError("draws by counts have no single trials; draws must be 'trial' or 'latent'")
    walk = _Walk(graph, p, seed, draws)
    return (
        SimulatedTrials(
            graph=graph,
            states=walk.record(chunk, min(CHUNK_SIZE, trials - first)),
            first=first + 1,
        )
        for chunk, first in enumerate(range(0, trials, CHUNK_SIZE))
    )


def check_run(trials: int, seed: int, draws: str) -> None:
    """Raise ``InputError`` for trials, seed or draws outside what ``simulate`` takes."""
    for name, value, least in (("trials", trials, 1), ("seed", seed, 0)):
        if type(value) is not int or value < least:
            raise InputError(f"{name} must be a whole number from {least}, not {value!r}")
    if draws not in get_args(Draws):
        formerly = "; 'cohort' is called 'trial' now" if draws == "cohort" else ""
        raise InputError(f"draws must be 'count', 'trial' or 'latent', not {draws!r}{formerly}")
    if draws == "count" and trials > MOST_BY_COUNT:
        raise InputError(f"trials must be at most {MOST_BY_COUNT:,}, not {trials:,}")
    if draws != "count" and trials > MOST_ONE_BY_ONE:
        raise InputError(
            f"trials that are drawn one by one must be at most {MOST_ONE_BY_ONE:,}, not "
            f"{trials:,}; draws by counts take up to {MOST_BY_COUNT:,}"
        )


def _run(
    walk: _Walk, trials: int, executor: Executor | None
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    n_chunks = ceil(trials / CHUNK_SIZE)
    tasks = (
        range(first, min(first + _CHUNKS_PER_TASK, n_chunks))
        for first in range(0, n_chunks, _CHUNKS_PER_TASK)
    )
    if executor is None:
        for chunks in tasks:
            yield walk.count(chunks, trials)
        return
    submitted = (executor.submit(walk.count, chunks, trials) for chunks in tasks)
    running = set(islice(submitted, _TASKS_AT_ONCE))
    try:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= set(islice(submitted, len(done)))
            for future in done:
                yield future.result()
    finally:
        for future in running:
            future.cancel()


class _Walk:
    """The graph as flat tables for one scenario, with ended states numbered last."""

    def __init__(self, graph: TransitionGraph, p: NDArray[np.float64], seed: int, draws: Draws):
        self.seed = seed
        self.draws = draws
        going = np.flatnonzero(graph.n_to_enrol)
        self.states = np.concatenate([going, graph.ends])
        number = np.empty_like(self.states)
        number[self.states] = np.arange(len(number))
        self.n_going = len(going)
        self.n_states = graph.n_states
        self.size = graph.n_to_enrol[going]
        self.width = graph.children.shape[1]
        children = graph.children[going]
        # where a cohort can lead; a part of a graph lacks states that its own trials do not meet
        self.children = np.where(children < 0, -1, number[children]).ravel()
        self.is_whole = graph.is_whole
        p_here = p[graph.level[going]]
        self.p = p_here.astype(np.float32)
        largest = self.width - 1
        self.cuts = _cumulative_binomial(self.size, p_here, largest) if draws == "trial" else []
        self.p_toxic: NDArray[np.float32] | None = None
        if graph.counts_moderate.any():
            graded = graph.counts_moderate[going]
            q_here = graph.moderate_probabilities()[graph.level[going]]
            toxic = p_here + (1 - p_here) * np.where(graded, q_here, 0.0)
            self.p_toxic = toxic.astype(np.float32)  # of a DLT or, where it counts, a moderate one
            if self.cuts:
                _tell_moderate(self.cuts, graded, p_here, q_here)
        self.roots = number[graph.roots]
        self.root_cuts = root_cuts(graph, p)
        self.max_patients = int((graph.n_evaluable[graph.ends] - graph.n_so_far).sum(axis=1).max())

    def count(self, chunks: range, trials: int) -> tuple[int, NDArray[np.int64]]:
        """Return how many trials these chunks hold, and how many of them end in each state."""
        visits = np.zeros(self.n_states, dtype=np.int64)
        n_done = 0
        for chunk in chunks:
            n = min(CHUNK_SIZE, trials - chunk * CHUNK_SIZE)
            for _, states in self._steps(chunk, n):
                visits += np.bincount(states, minlength=self.n_states)
            n_done += n
        visits[: self.n_going] = 0  # a trial passes these, and comes to one end
        counts = np.empty_like(visits)
        counts[self.states] = visits
        return n_done, counts

    def record(self, chunk: int, n: int) -> Ints:
        """Return the path of each of ``n`` trials through the graph, shape (n, cohorts + 1)."""
        columns = []
        for trials, states in self._steps(chunk, n):
            column = np.full(n, -1, dtype=np.intp)
            column[trials] = self.states[states]
            columns.append(column)
        return np.stack(columns, axis=1)

    def _steps(self, chunk: int, n: int) -> Iterator[tuple[Ints, Ints]]:
        """Yield the trials still going and where each one is, at the start and after a cohort."""
        rng = chunk_generator(self.seed, chunk)
        trials = np.arange(n)
        states = np.full(n, self.roots[0])
        if len(self.roots) > 1:  # for a whole chunk, so that fewer trials are the same ones
            u = rng.random(CHUNK_SIZE)[:n]
            states = self.roots[np.searchsorted(self.root_cuts, u, side="right")]
        n_dlts_of = self._cohorts(rng) if self.draws == "trial" else self._patients(rng, n)
        while True:
            yield trials, states
            going = np.flatnonzero(states < self.n_going)
            trials, states = trials.take(going), states.take(going)
            if not states.size:
                return
            n_dlts = n_dlts_of(trials, states)
            states *= self.width
            states += n_dlts
            states = self.children.take(states)
            if not self.is_whole and (states < 0).any():
                raise InputError("these trials leave the part of the graph that was built")

    def _cohorts(self, rng: np.random.Generator) -> Callable[[Ints, Ints], NDArray[np.int8]]:
        """Draw a cohort's DLTs at once, by inverting their cumulative distribution."""

        def n_dlts_of(trials: Ints, states: Ints) -> NDArray[np.int8]:
            u = rng.random(len(states), dtype=np.float32)
            n_dlts = (u >= self.cuts[0].take(states)).view(np.int8)
            for cut in self.cuts[1:]:
                n_dlts += (u >= cut.take(states)).view(np.int8)
            return n_dlts

        return n_dlts_of

    def _patients(
        self, rng: np.random.Generator, n: int
    ) -> Callable[[Ints, Ints], NDArray[np.int8]]:
        """Give each trial its patients in order, a latent uniform number each."""
        patients = LatentPatients(rng, self.max_patients)
        next_patient = np.zeros(n, dtype=np.intp)

        def n_dlts_of(trials: Ints, states: Ints) -> NDArray[np.int8]:
            size, first = self.size.take(states), next_patient[trials]
            p = self.p.take(states)
            after = first + size
            patients.draw(int(after.max()))
            latent = patients.numbers
            next_patient[trials] = after
            outcome = count_dlts(latent, trials, first, size=size, p=p, largest=self.width - 1)
            if self.p_toxic is not None:
                u = latent.take(first * CHUNK_SIZE + trials, mode="clip")
                moderate = (u >= p) & (u < self.p_toxic.take(states))
                outcome += 2 * moderate.view(np.int8)
            return outcome

        return n_dlts_of


def _cumulative_binomial(
    size: Ints, p: NDArray[np.float64], largest: int
) -> list[NDArray[np.float32]]:
    """Return P(at most k DLTs) for k = 0 .. largest - 1, one array over the states each.

    At and above a state's own cohort size it is 2, which no uniform number reaches.
    """
    below = np.zeros(len(size))
    cuts = []
    for k in range(largest):
        ways = np.array([comb(int(n), k) for n in size], dtype=np.float64)
        below = below + ways * p**k * (1 - p) ** np.maximum(size - k, 0)
        cuts.append(np.where(k < size, below, 2.0).astype(np.float32))
    return cuts


def _tell_moderate(
    cuts: list[NDArray[np.float32]],
    graded: NDArray[np.bool_],
    p: NDArray[np.float64],
    q: NDArray[np.float64],
) -> None:
    """Set the cuts where moderate toxicities count: below none, below a DLT, and then moderate."""
    cuts[0][graded] = ((1 - p) * (1 - q))[graded]
    cuts[1][graded] = (1 - (1 - p) * q)[graded]


def root_cuts(graph: TransitionGraph, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cumulative probabilities of the roots, without the last one."""
    return np.cumsum(root_shares(graph, p))[:-1]
