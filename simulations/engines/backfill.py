"""Backfill beside the escalation: exact where it rides on the graph, else by walking both.

Where backfill counts at no decision it does not change the escalation. Level by level it is then
carried along the graph: beside the probability of each state stands how many were backfilled, and
with how many DLTs. Where it counts, a state is the escalation's tallies and the backfill's; such
states are walked a cohort at a time, by probabilities as long as they are few, else by numbers of
simulated trials, split as the outcomes are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Decision
from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import (
    Protocol,
    decide_with_backfill,
    follows_responses,
    is_closed_to_backfill,
    n_backfill_places,
)
from simulations.engines.characteristics import (
    Distribution,
    EndSums,
    OperatingCharacteristics,
)
from simulations.engines.latent import chunk_generator
from simulations.engines.passes import transition_probabilities
from simulations.engines.simulated import MonteCarlo
from simulations.graph.build import TransitionGraph, end_of
from simulations.probabilities import binomial, check_probabilities

__all__ = [
    "BackfillFigures",
    "TooManyCellsError",
    "WalkedTogether",
    "backfill_figures",
    "walk_together",
]

Floats = NDArray[np.float64]

MAX_STATES = 20_000  # walked together by probabilities
MAX_CELLS = 25_000_000  # of the arrays that are carried along the graph


class TooManyCellsError(InputError):
    """Exact figures of a backfill that do not fit into memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackfillFigures:
    """What backfill adds under one scenario.

    Attributes
    ----------
    patients, dlts : tuple of Distribution, length L
        Backfill patients at each level, and those of them with a DLT.
    trials : int or None
        Of the simulation; None where the figures are exact.
    """

    patients: tuple[Distribution, ...]
    dlts: tuple[Distribution, ...]
    trials: int | None = None

    @property
    def mean_patients(self) -> float:
        """Expected backfill patients in a trial."""
        return sum(level.mean for level in self.patients)

    @property
    def mean_dlts(self) -> float:
        """Expected DLTs among them."""
        return sum(level.mean for level in self.dlts)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures under the names of ``escalation simulate --json``."""
        document: dict[str, Any] = {
            "method": "exact" if self.trials is None else "monte_carlo",
            "patients": [level.mean for level in self.patients],
            "dlts": [level.mean for level in self.dlts],
            "patients_by_level": [level.to_dict() for level in self.patients],
            "dlts_by_level": [level.to_dict() for level in self.dlts],
        }
        if self.trials is not None:
            document["mcse"] = {
                name: [level.sd / self.trials**0.5 for level in levels]
                for name, levels in (("patients", self.patients), ("dlts", self.dlts))
            }
        return document


# ---------------------------------------------------------------- along the graph


def backfill_figures(
    protocol: Protocol, graph: TransitionGraph, p_dlt: Sequence[float]
) -> BackfillFigures:
    """Return exact figures of a backfill that counts at no decision.

    Parameters
    ----------
    protocol : Protocol
        With a ``[backfill]`` counted never.
    graph : TransitionGraph
        Of the whole trial, from its start.
    p_dlt : sequence of float, length L

    Raises
    ------
    TooManyCellsError
        Where the numbers to be carried along do not fit into memory.
    """
    likely = transition_probabilities(graph, p_dlt)
    levels = [_one_level(protocol, graph, likely, b, p) for b, p in enumerate(p_dlt)]
    return BackfillFigures(
        patients=tuple(patients for patients, _ in levels),
        dlts=tuple(dlts for _, dlts in levels),
    )


def _one_level(
    protocol: Protocol, graph: TransitionGraph, likely: Floats, level: int, p: float
) -> tuple[Distribution, Distribution]:
    """Carry the backfill of one level along the graph: (states, groups treated, DLTs)."""
    sizes = _group_sizes(protocol, level, graph)
    n_treated = np.cumsum([0, *sizes])
    most = int(n_treated[-1])
    cells = graph.n_states * len(n_treated) * (most + 1)
    if cells > MAX_CELLS:
        raise TooManyCellsError(
            f"{most} backfill patients at a level beside {graph.n_states} states are too many for "
            "exact figures: lower max_per_level, or simulate (--method monte-carlo)"
        )
    mass = np.zeros((graph.n_states, len(n_treated), most + 1))
    mass[graph.roots, 0, 0] = graph.root_ways
    n_most = int(graph.n_evaluable[:, level].max())
    group = _Group(sizes=sizes, p=p, is_open=_open_table(protocol, most + n_most))
    for states in _earliest_first(graph):
        here = mass[states]
        above = graph.level[states] > level
        pairs = np.stack([graph.n_evaluable[states, level], graph.n_dlts[states, level]], axis=1)
        for seen in np.unique(pairs[above], axis=0):
            alike = above & (pairs == seen).all(axis=1)
            here[alike] = group.add(here[alike], *seen.tolist())
        for outcome in range(graph.children.shape[1]):
            children = graph.children[states, outcome]
            real = children >= 0
            moved = likely[states, outcome][real, None, None] * here[real]
            np.add.at(mass, children[real], moved)
    at_end = mass[graph.ends].sum(axis=0)
    by_number = np.zeros(most + 1)
    by_number[n_treated] = at_end.sum(axis=1)
    return _distribution(by_number), _distribution(at_end.sum(axis=0))


def _group_sizes(protocol: Protocol, level: int, graph: TransitionGraph) -> list[int]:
    """Return the sizes of the groups that a level can get, one a cohort above it."""
    sizes: list[int] = []
    n_above = int(np.count_nonzero(np.unique(graph.n_evaluable.sum(axis=1))))
    while len(sizes) < n_above:
        done = Tally(n_evaluable=sum(sizes))
        size = n_backfill_places(protocol, level, level + 1, Tally(), done)
        if not size:
            break
        sizes.append(size)
    return sizes


def _open_table(protocol: Protocol, most: int) -> NDArray[np.bool_]:
    """Return whether a level with so many patients (rows) and DLTs (columns) can be backfilled."""
    is_open = np.zeros((most + 1, most + 1), dtype=np.bool_)
    for n in range(most + 1):
        for n_dlts in range(n + 1):
            treated = Tally(n_evaluable=n, n_dlts=n_dlts)
            is_open[n, n_dlts] = not is_closed_to_backfill(protocol, treated)
    return is_open


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One more group of backfill patients at a level, wherever it is open and not full."""

    sizes: Sequence[int]
    p: float
    is_open: NDArray[np.bool_]

    def add(self, mass: Floats, n_seen: int, dlts_seen: int) -> Floats:
        """Return the probabilities after it: (states, groups treated, DLTs among them).

        In all these states the escalation has seen the same at the level.
        """
        after = np.zeros_like(mass)
        after[:, -1] = mass[:, -1]
        n = 0
        for group, size in enumerate(self.sizes):
            goes_on = np.zeros(mass.shape[2], dtype=np.bool_)
            goes_on[: n + 1] = self.is_open[n_seen + n, dlts_seen : dlts_seen + n + 1]
            after[:, group] += np.where(goes_on, 0.0, mass[:, group])
            moving = np.where(goes_on, mass[:, group], 0.0)
            for n_dlts, share in enumerate(_binomial(size, self.p)):
                after[:, group + 1, n_dlts:] += share * moving[:, : mass.shape[2] - n_dlts]
            n += size
        return after


def _earliest_first(graph: TransitionGraph) -> Iterator[NDArray[np.intp]]:
    """Yield the states where a trial goes on, those with the fewest patients first."""
    going = np.flatnonzero(graph.n_to_enrol)
    n_patients = graph.n_evaluable[going].sum(axis=1)
    yield from np.split(going, np.flatnonzero(np.diff(n_patients)) + 1)


def _distribution(p: Floats) -> Distribution:
    return Distribution(values=np.arange(len(p)), p=p)


# ---------------------------------------------------------------- both together

_Pair = tuple[int, int]  # patients, DLTs
_Pairs = tuple[_Pair, ...]
_State = tuple[_Pairs, _Pairs, int, _Pair]
"""The escalation's tallies, the backfill's, the level of the last cohort, and that cohort."""
_End = tuple[_Pairs, _Pairs, int]
"""The escalation's tallies, the backfill's, and the MTD."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkedTogether:
    """Escalation and backfill where one changes the other."""

    escalation: OperatingCharacteristics
    backfill: BackfillFigures
    simulated: MonteCarlo | None


def walk_together(
    protocol: Protocol,
    p_dlt: Sequence[float],
    *,
    trials: int,
    seed: int = 1,
    exact: bool = True,
) -> WalkedTogether:
    """Walk the escalation with a backfill that counts at its decisions.

    Parameters
    ----------
    protocol : Protocol
    p_dlt : sequence of float, length L
    trials, seed : int
        Of the simulation, where there are too many states to be exact.
    exact : bool
        False to simulate in any case.

    Raises
    ------
    InputError
        For a design that counts moderate toxicities.
    """
    if protocol.design.asks_moderate:
        raise InputError(
            f"figures of this backfill cannot be had with {protocol.design.name}, which counts "
            "moderate toxicities"
        )
    if follows_responses(protocol):
        raise InputError(
            'backfill by the scheme "zhao2024" opens after responses, which take time: simulate '
            "it in time (--timeline)"
        )
    p = check_probabilities(p_dlt, len(protocol.levels), "P(DLT)")
    walk = _Walk(protocol, p.tolist())
    ends = walk.run(1.0, _split_probability) if exact else None
    if ends is not None:
        return walk.sum_up(ends, 1.0, None)
    rng = chunk_generator(seed, 0)

    def draw(weight: float, size: int, p: float) -> list[tuple[int, float]]:
        if size == 0:
            return [(0, weight)]
        numbers = rng.multinomial(int(weight), _binomial(size, p)).tolist()
        return [(n_dlts, float(number)) for n_dlts, number in enumerate(numbers) if number]

    drawn = walk.run(float(trials), draw, most=None)
    return walk.sum_up(drawn or {}, float(trials), (trials, seed))


_Split = Callable[[float, int, float], list[tuple[int, float]]]


def _split_probability(weight: float, size: int, p: float) -> list[tuple[int, float]]:
    shares = _binomial(size, p)
    return [(n_dlts, weight * share) for n_dlts, share in enumerate(shares) if share]


@cache
def _binomial(size: int, p: float) -> tuple[float, ...]:
    return tuple(binomial(size, p).tolist())


class _Walk:
    """Trials that go from state to state, a cohort of the escalation and its backfill at a time."""

    def __init__(self, protocol: Protocol, p_dlt: Sequence[float]) -> None:
        self.protocol = protocol
        self.p_dlt = p_dlt
        self.places = cache(self._places)

    def run(
        self, weight: float, split: _Split, most: int | None = MAX_STATES
    ) -> dict[_End, float] | None:
        """Return the weight of each state where a trial has ended; None beyond the limit."""
        n_levels, start = len(self.p_dlt), self.protocol.design.start
        nobody = ((0, 0),) * n_levels
        now: dict[_State, float] = {(nobody, nobody, start, (0, 0)): weight}
        ends: dict[_End, float] = {}
        n_states = 0
        while now:
            n_states += len(now)
            if most is not None and n_states > most:
                return None
            following: dict[_State, float] = {}
            for state, here in now.items():
                decision = self.ask(state)
                if decision.has_ended or decision.level is None:
                    end = (*state[:2], end_of(decision))
                    ends[end] = ends.get(end, 0.0) + here
                    continue
                for child, share in self._treat(state, decision, here, split):
                    following[child] = following.get(child, 0.0) + share
            now = following
        return ends

    def ask(self, state: _State) -> Decision:
        """Ask the rule in a state."""
        escalation, backfill, level, last = state
        return decide_with_backfill(
            self.protocol,
            tuple(map(_tally, escalation)),
            tuple(map(_tally, backfill)),
            level,
            _tally(last) if self.protocol.design.remembers else NOBODY,
        )

    def _treat(
        self, state: _State, decision: Decision, weight: float, split: _Split
    ) -> Iterator[tuple[_State, float]]:
        """Yield the states after the next cohort and the backfill that it opens."""
        escalation, backfill, _, _ = state
        target = decision.level or 0
        filled = [(backfill, weight)]
        for level in range(target):
            places = self.places(level, target, escalation[level], backfill[level])
            if places:
                filled = [
                    (_put(before, level, (places, n_dlts)), share)
                    for before, so_far in filled
                    for n_dlts, share in split(so_far, places, self.p_dlt[level])
                ]
        size, p = decision.n_to_enrol, self.p_dlt[target]
        remembers = self.protocol.design.remembers
        for after, so_far in filled:
            for n_dlts, share in split(so_far, size, p):
                cohort = (size, n_dlts)
                last = cohort if remembers else (0, 0)
                yield (_put(escalation, target, cohort), after, target, last), share

    def _places(self, level: int, current: int, own: _Pair, more: _Pair) -> int:
        treated = _tally((own[0] + more[0], own[1] + more[1]))
        return n_backfill_places(self.protocol, level, current, treated, _tally(more))

    def sum_up(
        self, ends: dict[_End, float], total: float, run: tuple[int, int] | None
    ) -> WalkedTogether:
        """Sum up the ends; ``run`` is trials and seed, None where the weights are exact."""
        weights = np.array(list(ends.values()))
        own = np.array([escalation for escalation, _, _ in ends])
        more = np.array([backfill for _, backfill, _ in ends])
        mtd = np.array([mtd for _, _, mtd in ends])
        found = EndSums(mtd, own[:, :, 0], own[:, :, 1]).under(weights, total)
        levels = range(len(self.p_dlt))
        trials = None if run is None else run[0]
        backfill = BackfillFigures(
            patients=tuple(_weighed(more[:, b, 0], weights, total) for b in levels),
            dlts=tuple(_weighed(more[:, b, 1], weights, total) for b in levels),
            trials=trials,
        )
        simulated = None
        if run is not None:
            simulated = MonteCarlo(characteristics=found, trials=run[0], seed=run[1], draws="count")
        return WalkedTogether(escalation=found, backfill=backfill, simulated=simulated)


@cache
def _tally(pair: _Pair) -> Tally:
    return Tally(n_evaluable=pair[0], n_dlts=pair[1])


def _put(tallies: tuple[_Pair, ...], level: int, added: _Pair) -> tuple[_Pair, ...]:
    n, n_dlts = tallies[level]
    return (*tallies[:level], (n + added[0], n_dlts + added[1]), *tallies[level + 1 :])


def _weighed(values: NDArray[np.intp], weights: Floats, total: float) -> Distribution:
    return _distribution(np.bincount(values, weights).astype(np.float64) / total)
