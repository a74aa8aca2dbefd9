"""The part of a graph that simulated trials meet: for designs whose whole graph is too large.

A design is asked once for each state that a trial comes to, and never for the others; one that
judges all levels together, for all states with the same number of patients (``met_jointly``). The
trials are those of ``montecarlo`` with latent patients, so with the same seed and number of trials
they can then walk this part like any graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Design
from escalation.designs.walk import Walk, child_code, state_code, state_key
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.exact import check_p_dlt
from simulations.engines.latent import LatentPatients, chunk_generator, count_dlts
from simulations.engines.met_jointly import meet_jointly
from simulations.engines.montecarlo import check_run, root_cuts
from simulations.engines.simulated import CHUNK_SIZE
from simulations.graph.build import TransitionGraph, build_graph
from simulations.graph.forecast import Foreseen, most_states
from simulations.graph.layers import States

__all__ = ["graph_on_demand"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Tallies = tuple[Tally, ...]
Roots = Sequence[tuple[Tallies, Tally]]

MOST_MET = 3_000_000
_FIRST_ROOM = 4096  # states; doubled when they are full
_BYTES, _BYTES_A_LEVEL = 800, 52  # of a state, as measured
_FEW = 0.1  # of the states that are held


def graph_on_demand(
    design: Design,
    tallies: Sequence[Tally] | None = None,
    level: int | None = None,
    *,
    p_dlt: Sequence[Sequence[float]],
    last: Tally = NOBODY,
    p_moderate: Sequence[float] | None = None,  # taken as ``build_graph`` does; of no use here
    trials: int,
    seed: int = 1,
    max_states: int | None = None,
    progress: Callable[[int], None] | None = None,
    tell: Callable[[Foreseen], object] | None = None,
) -> TransitionGraph:
    """Return the part of the design's graph that these trials meet.

    ``montecarlo.simulate`` and ``simulate_trials`` take it with ``draws="latent"``, the same seed,
    at most so many trials, and each of the scenarios.

    Parameters
    ----------
    design, tallies, level, last, p_moderate
        As in ``build_graph``.
    p_dlt : sequence of sequence of float, shape (N, L)
        Scenarios, P(DLT) at each level.
    trials, seed : int
        As in ``montecarlo.simulate``.
    max_states : int, optional
        By default 3,000,000, and fewer on a long ladder.
    progress : callable, optional
        Called with the number of trials walked since the last call.
    tell : callable, optional
        Told once what many states can take, before most of it is taken.

    Raises
    ------
    InputError
        If the arguments are outside their ranges, or the trials meet more states.

    Examples
    --------
    >>> from escalation.designs import Boin
    >>> from simulations.engines.montecarlo import simulate
    >>> design = Boin(n_levels=5, target=0.3, max_patients=30, cohort_size=1)
    >>> p_dlt = [0.05, 0.10, 0.20, 0.33, 0.50]
    >>> part = graph_on_demand(design, p_dlt=[p_dlt], trials=50)
    >>> simulate(part, p_dlt, trials=50, draws="latent").characteristics.sample_size.mean
    30.0
    """
    check_run(trials, seed, "latent")
    if design.asks_moderate:
        raise InputError(
            f"{design.name} counts moderate toxicities, for which the whole graph is needed; it is "
            "too large: use fewer levels or a smaller maximum sample size"
        )
    if max_states is None:
        max_states = min(MOST_MET, most_states(design.n_levels, design.largest_cohort))
    start = build_graph(design, tallies, level, last=last, walk_by=_walk_roots)
    curves = [(check_p_dlt(p, start), root_cuts(start, np.asarray(p))) for p in p_dlt]
    n_bytes = _BYTES + _BYTES_A_LEVEL * design.n_levels
    most = Foreseen(n_states=max_states, n_bytes=max_states * n_bytes)
    walk_by = partial(
        _walk_trials,
        curves=curves,
        trials=trials,
        seed=seed,
        progress=progress,
        tell=None if tell is None else (lambda: tell(most)),
    )
    return build_graph(design, tallies, level, last=last, max_states=max_states, walk_by=walk_by)


def _walk_roots(design: Design, roots: Roots, level: int, max_states: int) -> Walk:
    return _StatesMet(design, roots, level, max_states).walk


def _walk_trials(
    design: Design,
    roots: Roots,
    level: int,
    max_states: int,
    *,
    curves: Sequence[tuple[Floats, Floats]],
    trials: int,
    seed: int,
    progress: Callable[[int], None] | None,
    tell: Callable[[], object] | None,
) -> Walk | States:
    digest = design.digest
    if digest is not None:
        return meet_jointly(
            design,
            digest,
            roots,
            level,
            max_states,
            curves=curves,
            trials=trials,
            seed=seed,
            progress=progress,
        )
    met = _StatesMet(design, roots, level, max_states, tell)
    for p, cuts in curves:
        for chunk, first in enumerate(range(0, trials, CHUNK_SIZE)):
            n = min(CHUNK_SIZE, trials - first)
            _walk_chunk(met, p.astype(np.float32), cuts, chunk_generator(seed, chunk), n)
            if progress is not None:
                progress(n)
    return met.walk


def _walk_chunk(
    met: _StatesMet, p: NDArray[np.float32], cuts: Floats, rng: np.random.Generator, n: int
) -> None:
    """Walk ``n`` trials to their ends, and ask the design wherever one is the first to come."""
    trials = np.arange(n)
    states = np.zeros(n, dtype=np.intp)
    if len(cuts):
        states = np.searchsorted(cuts, rng.random(CHUNK_SIZE)[:n], side="right")
    next_patient = np.zeros(n, dtype=np.intp)
    patients = LatentPatients(rng)
    while True:
        going = np.flatnonzero(met.size.take(states))
        if not going.size:
            return
        trials, states = trials.take(going), states.take(going)
        size, first = met.size.take(states), next_patient.take(trials)
        after = first + size
        next_patient[trials] = after
        patients.draw(int(after.max()))
        n_dlts = count_dlts(
            patients.numbers,
            trials,
            first,
            size=size,
            p=p.take(met.level.take(states)),
            largest=int(size.max()),
        )
        states = met.follow(states, n_dlts.astype(np.intp))


class _StatesMet:
    """States as they are met: lists for the graph, and the same as arrays for the trials."""

    def __init__(
        self,
        design: Design,
        roots: Roots,
        level: int,
        max_states: int,
        tell: Callable[[], object] | None = None,
    ) -> None:
        self.design = design
        self.tell = tell
        self.max_states = max_states
        self.walk = Walk(tallies=[], codes=[], levels=[], lasts=[], decisions=[], following=[])
        self.number: dict[int, int] = {}
        self.size = np.zeros(_FIRST_ROOM, dtype=np.intp)
        self.level = np.full(_FIRST_ROOM, -1, dtype=np.intp)
        self.children = np.full((_FIRST_ROOM, 1), -1, dtype=np.intp)
        self.tally_of: dict[tuple[int, int], Tally] = {}
        for root, last in roots:
            self._meet(root, state_code(root), level, last)
        self._ask()

    def follow(self, states: Ints, n_dlts: Ints) -> Ints:
        """Return the states after cohorts with so many DLTs."""
        found = self.children[states, n_dlts]
        new = np.flatnonzero(found < 0)
        if new.size:
            width = self.children.shape[1]
            for place in np.unique(states[new] * width + n_dlts[new]).tolist():
                self._follow(*divmod(place, width))
            found[new] = self.children[states[new], n_dlts[new]]
            self._ask()
        return found

    def _follow(self, state: int, n_dlts: int) -> None:
        decision = self.walk.decisions[state]
        target, size = decision.level, decision.n_to_enrol
        if target is None:
            raise ValueError("a trial that has ended has no next cohort")
        code = child_code(self.walk.codes[state], target, size, n_dlts)
        last = self._tally(size, n_dlts)
        child = self.number.get(state_key(code, target, self.design.remember(last)))
        if child is None:
            tallies = self.walk.tallies[state]
            seen = tallies[target]
            there = self._tally(seen.n_evaluable + size, seen.n_dlts + n_dlts)
            after = (*tallies[:target], there, *tallies[target + 1 :])
            child = self._meet(after, code, target, last)
        self.walk.following[state][n_dlts] = child
        self.children[state, n_dlts] = child

    def _tally(self, n_evaluable: int, n_dlts: int) -> Tally:
        counts = (n_evaluable, n_dlts)
        if counts not in self.tally_of:
            self.tally_of[counts] = Tally(n_evaluable=n_evaluable, n_dlts=n_dlts)
        return self.tally_of[counts]

    def _meet(self, tallies: Tallies, code: int, level: int, last: Tally) -> int:
        """Give its number to a state that no trial has come to before."""
        walk, state = self.walk, len(self.walk.tallies)
        if state >= self.max_states:
            raise InputError(
                f"the trials meet more than {self.max_states:,} states; simulate fewer of them"
            )
        self.number[state_key(code, level, self.design.remember(last))] = state
        walk.tallies.append(tallies)
        walk.codes.append(code)
        walk.levels.append(level)
        walk.lasts.append(last)
        return state

    def _ask(self) -> None:
        """Ask the design what to do in the states that were met since it was asked last."""
        walk = self.walk
        self.design.prepare(walk.tallies[len(walk.decisions) :])
        for state in range(len(walk.decisions), len(walk.tallies)):
            decision = self.design.decide(
                walk.tallies[state], walk.levels[state], walk.lasts[state]
            )
            size = decision.n_to_enrol
            walk.decisions.append(decision)
            walk.following.append([-1] * (size + 1) if size else [])
            room, width = self.children.shape
            if state == room or size >= width:
                self._make_room(2 * room if state == room else room, max(width, size + 1))
            self.size[state] = size
            self.level[state] = -1 if decision.level is None else decision.level

    def _make_room(self, room: int, width: int) -> None:
        if self.tell is not None and room > _FEW * self.max_states:
            self.tell()
            self.tell = None
        more = room - len(self.size)
        self.size = np.concatenate([self.size, np.zeros(more, dtype=np.intp)])
        self.level = np.concatenate([self.level, np.full(more, -1)])
        children = np.full((room, width), -1, dtype=np.intp)
        children[: len(self.children), : self.children.shape[1]] = self.children
        self.children = children
