"""The states of a design that judges all levels together, found a layer at a time in arrays.

As in ``layers``, a layer is the states with the same number of patients. The design's ``digest``
says of a whole layer what its decisions look at; it is asked once for each different answer of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import MAX_MEMORY, Decision, Design
from escalation.outcomes import Tally
from simulations.graph.forecast import Foreseen
from simulations.graph.layers import Decisions, States, Words, _pack, _Walk, find_distinct
from simulations.graph.transitions import end_of

__all__ = ["JointAnswers", "merge_ends", "pack_states", "walk_jointly"]

Ints = NDArray[np.intp]
Counts = NDArray[np.int16]
Digest = Callable[[Any, Any, Any, Any], Any]


def walk_jointly(
    design: Design,
    digest: Digest,
    roots: Sequence[tuple[tuple[Tally, ...], Tally]],
    level: int,
    *,
    max_states: int,
    tell: Callable[[Foreseen], object] | None = None,
    progress: Callable[[float], object] | None = None,
) -> States:
    """Walk every outcome of every cohort from ``roots``, equal states merged.

    Parameters
    ----------
    design, roots, level, max_states, tell, progress
        As in ``walk_layers``.
    digest : callable
        The design's.

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states; before they are found, where that can be
        foreseen.
    """
    return _JointWalk(design, digest, max_states, tell, progress).follow(roots, level)


@dataclass(slots=True, eq=False)
class _Layer:
    """States with the same number of patients, ends merged."""

    first: int  # the number of its first state
    n: Counts  # evaluable patients, (S, L)
    x: Counts  # and DLTs
    answer: NDArray[np.int32]
    children: Ints


@dataclass(slots=True, eq=False)
class _Coming:
    """What follows some states of a layer, after cohorts of one size with each number of DLTs."""

    n: Counts
    x: Counts
    level: Ints
    memory: Ints
    n_dlts: Ints  # of the last cohort
    size: int
    parents: _Layer | None  # None: the roots of the graph
    rows: Ints


class JointAnswers:
    """What the design says in states, asked once for each different digest of them.

    Attributes
    ----------
    answers : list of Decision
        Each different one.
    """

    def __init__(self, design: Design, digest: Digest) -> None:
        self.design, self.digest = design, digest
        self.answers: list[Decision] = []
        self._numbers: dict[Decision, int] = {}
        self._said: dict[int, int] = {}  # by digest

    def ask(
        self, n: Counts, x: Counts, level: Ints, memory: Ints, lasts: tuple[Ints, Ints]
    ) -> NDArray[np.int32]:
        """Return the number of the answer in each state.

        Parameters
        ----------
        n, x : int array, shape (S, L)
            Evaluable patients and DLTs.
        level, memory : int array, shape (S,)
            Level of the last cohort, and what the design remembers of it.
        lasts : pair of int arrays, shape (S,)
            Patients and DLTs of the last cohort.
        """
        digests = self.digest(n, x, level, memory)
        different, first, same = np.unique(digests, return_index=True, return_inverse=True)
        new = [
            (digest, state)
            for digest, state in zip(different.tolist(), first.tolist(), strict=True)
            if digest not in self._said
        ]
        seen = [
            tuple(
                Tally(n_evaluable=a, n_dlts=b)
                for a, b in zip(n[state].tolist(), x[state].tolist(), strict=True)
            )
            for _, state in new
        ]
        self.design.prepare(seen)
        for (digest, state), tallies in zip(new, seen, strict=True):
            last = Tally(n_evaluable=int(lasts[0][state]), n_dlts=int(lasts[1][state]))
            answer = self.design.decide(tallies, int(level[state]), last)
            self._said[digest] = self._numbers.setdefault(answer, len(self.answers))
            if self._said[digest] == len(self.answers):
                self.answers.append(answer)
        said = np.array([self._said[digest] for digest in different.tolist()], dtype=np.int32)
        return said[same]

    def sizes(self) -> Ints:
        """Return how many patients each answer enrols."""
        return np.array([one.n_to_enrol for one in self.answers], dtype=np.intp)

    def levels(self) -> Ints:
        """Return at which level each answer enrols them, -1 for none."""
        return np.array([-1 if one.level is None else one.level for one in self.answers])

    def memories(self, size: int) -> Ints:
        """Return what is remembered of a cohort of ``size`` with 0 .. ``size`` DLTs."""
        cohorts = (Tally(n_evaluable=size, n_dlts=k) for k in range(size + 1))
        return np.array([self.design.remember(cohort) for cohort in cohorts])


def pack_states(n: Counts, x: Counts, n_patients: int, more: Sequence[tuple[Ints, int]]) -> Words:
    """Return states with so many patients as keys, with more columns and the size of each."""
    columns, sizes = zip(*more, strict=True)
    return _pack([*n.T, *x.T, *columns], [*[n_patients + 1] * (2 * n.shape[1]), *sizes])


def merge_ends(
    n: Counts, x: Counts, n_patients: int, answer: NDArray[np.int32], answers: Sequence[Decision]
) -> Ints:
    """Return for each state the one that stands for it: an end, for all with the same tallies.

    Where an ended trial stood no longer matters.
    """
    stands_for = np.arange(len(n))
    ends = np.flatnonzero(np.array([one.has_ended for one in answers])[answer])
    ends_at = np.array([end_of(one) for one in answers])[answer[ends]]
    keys = pack_states(n[ends], x[ends], n_patients, [(ends_at + 2, n.shape[1] + 2)])
    different, same = find_distinct(keys)
    stands_for[ends] = ends[different][same]
    return stands_for


class _JointWalk(_Walk):
    """The walk of ``layers``, where all levels are judged together."""

    far_too_large = 1.5  # what is foreseen of a CRM is at most a fifth too much

    def __init__(
        self,
        design: Design,
        digest: Digest,
        max_states: int,
        tell: Callable[[Foreseen], object] | None,
        progress: Callable[[float], object] | None,
    ) -> None:
        self.design, self.max_states = design, max_states
        self.tell, self.progress, self.share_told = tell, progress, 0.0
        self.joint = JointAnswers(design, digest)
        self.sizes: dict[int, int] = {}
        self.n_states = 0

    def follow(self, roots: Sequence[tuple[tuple[Tally, ...], Tally]], level: int) -> States:
        """Return the states that trials reach from the roots."""
        start = [
            _Coming(
                n=np.array([[tally.n_evaluable for tally in root]], dtype=np.int16),
                x=np.array([[tally.n_dlts for tally in root]], dtype=np.int16),
                level=np.array([level]),
                memory=np.array([self.design.remember(last)]),
                n_dlts=np.array([last.n_dlts]),
                size=last.n_evaluable,
                parents=None,
                rows=np.arange(1),
            )
            for root, last in roots
        ]
        begun = int(start[0].n.sum())
        coming, places = {begun: start}, np.arange(0)
        layers: list[_Layer] = []
        while coming:
            n_patients = min(coming)
            layer, where = self._merge(n_patients, coming.pop(n_patients))
            if not layers:
                places = where
            layers.append(layer)
            self._look_ahead(begun)
            self._grow(layer, n_patients, coming)
        self._found(1.0)
        return self._join(layers, places)

    def _merge(self, n_patients: int, coming: Sequence[_Coming]) -> tuple[_Layer, Ints]:
        """Merge what comes to one number of patients; return the layer, and the place of each."""
        n, x, level, memory, n_dlts = (
            np.concatenate([getattr(one, name) for one in coming])
            for name in ("n", "x", "level", "memory", "n_dlts")
        )
        size = np.concatenate([np.full(len(one.n), one.size) for one in coming])
        for one in coming:
            del one.n, one.x, one.level, one.memory, one.n_dlts  # nothing is held twice
        more = [(level, self.design.n_levels), (memory, MAX_MEMORY)]
        first, place = find_distinct(pack_states(n, x, n_patients, more))
        n, x = n[first], x[first]
        lasts = (size[first], n_dlts[first])
        answer = self.joint.ask(n, x, level[first], memory[first], lasts)
        stands_for = merge_ends(n, x, n_patients, answer, self.joint.answers)
        kept = np.flatnonzero(stands_for == np.arange(len(n)))
        number = np.empty(len(n), dtype=np.intp)
        number[kept] = np.arange(len(kept))
        place = number[stands_for][place] + self.n_states
        n_to_enrol = self.joint.sizes()[answer[kept]]
        children = np.full((len(kept), int(n_to_enrol.max()) + 1), -1, dtype=np.intp)
        layer = _Layer(self.n_states, n[kept], x[kept], answer[kept], children)
        self.n_states += len(kept)
        self.sizes[n_patients] = len(kept)
        begin = 0
        for one in coming:
            end = begin + len(one.rows) * (one.size + 1)
            if one.parents is not None:
                followers = place[begin:end].reshape(len(one.rows), one.size + 1)
                one.parents.children[one.rows, : one.size + 1] = followers
            begin = end
        return layer, place

    def _grow(self, layer: _Layer, n_patients: int, coming: dict[int, list[_Coming]]) -> None:
        """Add what follows the states of a layer, by the number of patients then."""
        n_to_enrol, targets = self.joint.sizes()[layer.answer], self.joint.levels()
        for size in np.unique(n_to_enrol[n_to_enrol > 0]).tolist():
            rows = np.flatnonzero(n_to_enrol == size)
            after = np.repeat(rows, size + 1)
            n_dlts, level = np.tile(np.arange(size + 1), len(rows)), targets[layer.answer[after]]
            n, x, place = layer.n[after], layer.x[after], np.arange(len(after))
            n[place, level] += size
            x[place, level] += n_dlts
            memory = self.joint.memories(size)[n_dlts]
            following = _Coming(n, x, level, memory, n_dlts, size, layer, rows)
            coming.setdefault(n_patients + size, []).append(following)

    def _join(self, layers: list[_Layer], roots: Ints) -> States:
        """Put the layers together, each let go of once it has been written down."""
        n_states, n_levels = self.n_states, self.design.n_levels
        width = max(layer.children.shape[1] for layer in layers)
        n_evaluable, n_dlts = np.empty((2, n_states, n_levels), dtype=np.int16)
        children = np.full((n_states, width), -1, dtype=np.intp)
        answer = np.empty(n_states, dtype=np.int32)
        while layers:
            layer = layers.pop()
            part = slice(layer.first, layer.first + len(layer.n))
            n_evaluable[part], n_dlts[part], answer[part] = layer.n, layer.x, layer.answer
            children[part, : layer.children.shape[1]] = layer.children
        return States(
            n_evaluable=n_evaluable,
            n_dlts=n_dlts,
            children=children,
            decisions=Decisions(self.joint.answers, answer),
            roots=roots,
        )
