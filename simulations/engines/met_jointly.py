"""The states that trials meet under a design that judges all levels together, in arrays.

All trials of some chunks, under every scenario, go on together from one number of patients to the
next, so that the model is fitted once to all states that they come to there. What has been met is
kept by its number of patients: the next chunks find it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import MAX_MEMORY, Design
from escalation.designs.options import MAX_PATIENTS
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.latent import LatentPatients, chunk_generator, count_dlts
from simulations.engines.simulated import CHUNK_SIZE
from simulations.graph.joint import JointAnswers, merge_ends, pack_states
from simulations.graph.layers import Decisions, States, find_distinct

__all__ = ["meet_jointly"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Roots = Sequence[tuple[tuple[Tally, ...], Tally]]

_CHUNKS_AT_ONCE = 4  # of every scenario
_SURELY = 2  # times the most states, if every layer to come brought as many as the last


def meet_jointly(
    design: Design,
    digest: Callable[[Any, Any, Any, Any], Any],
    roots: Roots,
    level: int,
    max_states: int,
    *,
    curves: Sequence[tuple[Floats, Floats]],
    trials: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> States:
    """Return the states that trials with latent patients meet.

    Parameters
    ----------
    design, digest, roots, level, max_states
        As in ``walk_jointly``.
    curves : sequence of (float array, float array)
        P(DLT) by level, and the cumulative probabilities of the roots, of each scenario.
    trials, seed : int
    progress : callable, optional
        Called with the number of trials walked since the last call.

    Raises
    ------
    InputError
        If they meet more than ``max_states`` states; before they have, where that can be foreseen.
    """
    met = _Met(design, digest, roots, level, _Room(design, max_states, len(curves)))
    chunks = range(0, trials, CHUNK_SIZE)
    for first in range(0, len(chunks), _CHUNKS_AT_ONCE):
        some = range(first, min(first + _CHUNKS_AT_ONCE, len(chunks)))
        together = [
            _Chunk(seed, chunk, min(CHUNK_SIZE, trials - chunk * CHUNK_SIZE)) for chunk in some
        ]
        met.walk(together, curves)
        if progress is not None:
            progress(len(curves) * sum(chunk.n for chunk in together))
    return met.states()


class _Chunk:
    """The latent patients of a chunk of trials, the same under every scenario."""

    def __init__(self, seed: int, number: int, n: int) -> None:
        self.n = n
        self._rng = chunk_generator(seed, number)
        self._u: Floats | None = None
        self._patients: LatentPatients | None = None

    def roots(self, cuts: Floats) -> Ints:
        """Return the root of each trial."""
        if not len(cuts):
            return np.zeros(self.n, dtype=np.intp)
        if self._u is None:
            self._u = self._rng.random(CHUNK_SIZE)[: self.n]
        return np.searchsorted(cuts, self._u, side="right")

    def count_dlts(self, trials: Ints, first: int, size: int, p: Floats) -> Ints:
        """Count the DLTs of the trials' next cohorts of ``size``, after ``first`` patients."""
        if self._patients is None:
            self._patients = LatentPatients(self._rng)
        self._patients.draw(first + size)
        return count_dlts(
            self._patients.numbers,
            trials,
            np.full(len(trials), first),
            size=np.full(len(trials), size),
            p=p.astype(np.float32),
            largest=size,
        ).astype(np.intp)


@dataclass(slots=True, eq=False)
class _Layer:
    """The states met with the same number of patients."""

    n: NDArray[np.int16]  # evaluable patients, (S, L)
    x: NDArray[np.int16]  # and DLTs
    level: Ints  # of the last cohort
    memory: Ints
    answer: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    children: Ints = field(default_factory=lambda: np.empty((0, 1), dtype=np.intp))

    def __len__(self) -> int:
        return len(self.n)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Chunks of trials, each under each scenario."""

    chunks: Sequence[_Chunk]
    p: Floats  # P(DLT) by run and level


@dataclass(frozen=True, slots=True, eq=False)
class _Trials:
    """Trials that go on together."""

    run: Ints
    number: Ints  # in its chunk

    def take(self, places: Ints) -> _Trials:
        return _Trials(run=self.run[places], number=self.number[places])


@dataclass(frozen=True, slots=True, eq=False)
class _Coming:
    """Trials that a cohort brings to a layer."""

    trials: _Trials
    after: int  # patients before the cohort
    size: int
    pairs: Ints  # place of the state before, times the width of its layer's children, plus DLTs


@dataclass(frozen=True, slots=True)
class _Room:
    """How many states may be met, and for which trials it surely does."""

    design: Design
    max_states: int
    n_curves: int

    def check(self, n_states: int, n_new: int, n_patients: int) -> None:
        """Refuse too many states, and what is going to come to far too many."""
        most = self.design.max_patients or MAX_PATIENTS
        to_come = n_new * ((most - n_patients) // self.design.largest_cohort)
        if n_states <= self.max_states and n_states + to_come <= _SURELY * self.max_states:
            return
        trials = self.max_states // ((most + 1) * self.n_curves)  # if no two met the same state
        fewer = f"at most {trials:,}" if trials else "fewer"
        raise InputError(
            f"the trials meet more than {self.max_states:,} states; simulate {fewer} of them"
        )


class _Met:
    def __init__(
        self,
        design: Design,
        digest: Callable[[Any, Any, Any, Any], Any],
        roots: Roots,
        level: int,
        room: _Room,
    ) -> None:
        self.design, self.room = design, room
        self.joint = JointAnswers(design, digest)
        self.width = design.largest_cohort + 1
        self.layers: dict[int, _Layer] = {}
        self.n_states = 0
        tallies = np.array([[(t.n_evaluable, t.n_dlts) for t in root] for root, _ in roots])
        lasts = np.array([(last.n_evaluable, last.n_dlts) for _, last in roots])
        self.begun = int(tallies[0, :, 0].sum())
        found = _Layer(
            n=tallies[:, :, 0].astype(np.int16),
            x=tallies[:, :, 1].astype(np.int16),
            level=np.full(len(roots), level),
            memory=np.array([design.remember(last) for _, last in roots]),
        )
        self.roots = self._meet(self.begun, found, (lasts[:, 0], lasts[:, 1]))

    def walk(self, chunks: Sequence[_Chunk], curves: Sequence[tuple[Floats, Floats]]) -> None:
        """Walk the trials of some chunks under every curve."""
        each = [(chunk, p, cuts) for chunk in chunks for p, cuts in curves]
        runs = _Runs([chunk for chunk, _, _ in each], np.array([p for _, p, _ in each]))
        sizes = [chunk.n for chunk in runs.chunks]
        trials = _Trials(
            run=np.repeat(np.arange(len(each)), sizes),
            number=np.concatenate([np.arange(n) for n in sizes]),
        )
        places = self.roots[np.concatenate([chunk.roots(cuts) for chunk, _, cuts in each])]
        coming: dict[int, list[_Coming]] = {}
        n_patients = self.begun
        while True:
            for one in self._treat(n_patients, trials, places, runs):
                coming.setdefault(n_patients + one.size, []).append(one)
            if not coming:
                return
            n_patients = min(coming)
            arrived = coming.pop(n_patients)
            places = self._arrive(n_patients, arrived)
            trials = _Trials(
                run=np.concatenate([one.trials.run for one in arrived]),
                number=np.concatenate([one.trials.number for one in arrived]),
            )

    def _treat(
        self, n_patients: int, trials: _Trials, places: Ints, runs: _Runs
    ) -> Iterator[_Coming]:
        """Treat the next cohort of each trial that goes on, those of one size together."""
        answer = self.layers[n_patients].answer[places]
        sizes, levels = self.joint.sizes()[answer], self.joint.levels()[answer]
        for size in np.unique(sizes[sizes > 0]).tolist():
            here = np.flatnonzero(sizes == size)
            going = trials.take(here)
            p = runs.p[going.run, levels[here]]
            n_dlts = np.empty(len(here), dtype=np.intp)
            for run in np.unique(going.run).tolist():
                own = np.flatnonzero(going.run == run)
                n_dlts[own] = runs.chunks[run].count_dlts(
                    going.number[own], n_patients - self.begun, size, p[own]
                )
            pairs = places[here] * self.width + n_dlts
            yield _Coming(trials=going, after=n_patients, size=size, pairs=pairs)

    def _arrive(self, n_patients: int, arrived: Sequence[_Coming]) -> Ints:
        """Return the state of each trial that comes to a layer, and meet the new ones."""
        found, lasts, new = [], [], []
        for one in arrived:
            before = self.layers[one.after]
            wanted = np.zeros(before.children.size, dtype=np.bool_)
            wanted[one.pairs] = True
            wanted &= before.children.ravel() < 0
            pairs = np.flatnonzero(wanted)
            places, n_dlts = np.divmod(pairs, self.width)
            level = self.joint.levels()[before.answer[places]]
            n, x, each = before.n[places], before.x[places], np.arange(len(pairs))
            n[each, level] += one.size
            x[each, level] += n_dlts
            found.append(
                _Layer(n=n, x=x, level=level, memory=self.joint.memories(one.size)[n_dlts])
            )
            lasts.append((np.full(len(pairs), one.size), n_dlts))
            new.append(pairs)
        sizes, n_dlts = (np.concatenate(parts) for parts in zip(*lasts, strict=True))
        met = self._meet(n_patients, _join(found), (sizes, n_dlts))
        begin = 0
        for one, pairs in zip(arrived, new, strict=True):
            self.layers[one.after].children.ravel()[pairs] = met[begin : begin + len(pairs)]
            begin += len(pairs)
        children = (self.layers[one.after].children.ravel()[one.pairs] for one in arrived)
        return np.concatenate(list(children))

    def _meet(self, n_patients: int, found: _Layer, lasts: tuple[Ints, Ints]) -> Ints:
        """Return the place of each state in its layer; ask the design in those that are new."""
        known = self.layers.get(n_patients)
        every = found if known is None else _join([known, found])
        n_known = 0 if known is None else len(known)
        more = [(every.level, self.design.n_levels), (every.memory, MAX_MEMORY)]
        first, place = find_distinct(pack_states(every.n, every.x, n_patients, more))
        new = first[n_known:]  # what is known comes first, and once
        self.n_states += len(new)
        self.room.check(self.n_states, len(new), n_patients)
        layer = _Layer(
            n=every.n[first],
            x=every.x[first],
            level=every.level[first],
            memory=every.memory[first],
        )
        own = new - n_known
        answer = self.joint.ask(
            every.n[new],
            every.x[new],
            every.level[new],
            every.memory[new],
            (lasts[0][own], lasts[1][own]),
        )
        children = np.full((len(new), self.width), -1, dtype=np.intp)
        layer.answer = answer if known is None else np.concatenate([known.answer, answer])
        layer.children = children if known is None else np.concatenate([known.children, children])
        self.layers[n_patients] = layer
        return place[n_known:]

    def states(self) -> States:
        """Return all states met, ends merged, fewest patients first."""
        order = sorted(self.layers)
        numbers: dict[int, Ints] = {}
        kept: dict[int, Ints] = {}
        n_states = 0
        for n_patients in order:
            layer = self.layers[n_patients]
            stands_for = merge_ends(layer.n, layer.x, n_patients, layer.answer, self.joint.answers)
            kept[n_patients] = np.flatnonzero(stands_for == np.arange(len(layer)))
            number = np.empty(len(layer), dtype=np.intp)
            number[kept[n_patients]] = n_states + np.arange(len(kept[n_patients]))
            numbers[n_patients] = number[stands_for]
            n_states += len(kept[n_patients])
        sizes = self.joint.sizes()
        for n_patients in order:
            layer = self.layers[n_patients]
            size = sizes[layer.answer]
            for each in np.unique(size[size > 0]).tolist():
                rows = np.flatnonzero(size == each)
                children = layer.children[rows]
                real = children >= 0
                if real.any():
                    children[real] = numbers[n_patients + each][children[real]]
                    layer.children[rows] = children
        layers = [(self.layers[n], kept[n]) for n in order]
        return States(
            n_evaluable=np.concatenate([layer.n[own] for layer, own in layers]),
            n_dlts=np.concatenate([layer.x[own] for layer, own in layers]),
            children=np.concatenate([layer.children[own] for layer, own in layers]),
            decisions=Decisions(
                self.joint.answers, np.concatenate([layer.answer[own] for layer, own in layers])
            ),
            roots=numbers[self.begun][self.roots],
        )


def _join(layers: Sequence[_Layer]) -> _Layer:
    """Put states together, without answers and children."""
    n, x, level, memory = (
        np.concatenate([getattr(layer, name) for layer in layers])
        for name in ("n", "x", "level", "memory")
    )
    return _Layer(n=n, x=x, level=level, memory=memory)
