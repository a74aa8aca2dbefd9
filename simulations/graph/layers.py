"""The states of a design that declares an outline, found a layer at a time in arrays.

A layer is the states with the same number of patients. The design is asked once for each outline
(``Outline``); all that thresholds do is in its answers. States are told apart by exact keys: their
numbers packed into as few words as they need, never a hash.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Decision, Design
from escalation.designs.options import MAX_PATIENTS
from escalation.designs.outline import Outline
from escalation.designs.walk import TooManyStatesError
from escalation.outcomes import Tally
from simulations.graph.forecast import Foreseen, find_fitting, foresee_bytes, foresee_states
from simulations.graph.transitions import end_of

__all__ = ["Decisions", "States", "find_distinct", "walk_layers"]

Ints = NDArray[np.intp]
Words = list[NDArray[np.int64]]
"""Rows of whole numbers as keys: equal where the rows are."""

_ROOM = 2**62  # what fits into a word
_FEW = 100_000  # states: before, what is to come is not foreseen well enough
_FEW_OF_MOST = 0.05
_FEWER = 12_000  # enough to tell what is far too large, at once
_EARLY_EXPECTED = 2  # times what is foreseen of so few
_FORESEEN_TO_BE = 1.15  # of them: to be refused before they are found, so that what fits is not
_FEW_TO_TELL = 0.1  # of the most states
_BLOCK = 2**16  # states for which an MTD is selected at once: they stay in the cache


class Decisions(Sequence[Decision]):
    """What a design said in each state, each different answer kept once.

    Parameters
    ----------
    answers : sequence of Decision
    which : int array, shape (S,), optional
        By default there is one answer a state.
    """

    def __init__(
        self, answers: Sequence[Decision], which: NDArray[np.signedinteger[Any]] | None = None
    ) -> None:
        self.answers = tuple(answers)
        self.which = np.arange(len(self.answers)) if which is None else which

    @overload
    def __getitem__(self, place: int) -> Decision: ...
    @overload
    def __getitem__(self, place: slice) -> Decisions: ...
    def __getitem__(self, place: int | slice) -> Decision | Decisions:
        if isinstance(place, slice):
            return Decisions(self.answers, self.which[place])
        return self.answers[int(self.which[place])]

    def __len__(self) -> int:
        return len(self.which)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __iter__(self) -> Iterator[Decision]:
        return map(self.answers.__getitem__, self.which.tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class States:
    """The states found, fewest patients first, as ``TransitionGraph`` has them.

    Attributes
    ----------
    n_evaluable, n_dlts : int array, shape (S, L)
    children : int array, shape (S, K + 1)
    decisions : Decisions
    roots : int array, shape (R,)
    """

    n_evaluable: NDArray[np.signedinteger[Any]]
    n_dlts: NDArray[np.signedinteger[Any]]
    children: Ints
    decisions: Decisions
    roots: Ints


def walk_layers(
    design: Design,
    outline: Outline,
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
    design, roots, level, max_states
        As in ``walk_design``; ends with the same tallies and MTD count once.
    outline : Outline
        The design's.
    tell : callable, optional
        Told once what a large graph is going to take, before it is taken.
    progress : callable, optional
        Told what share of a large graph has been found since.

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states; before they are found, where that can be
        foreseen.
    """
    walk = _Walk(design, outline, max_states, tell, progress)
    return walk.walk([tallies for tallies, _ in roots], level)


@dataclass(slots=True, eq=False)
class _Layer:
    """States with the same number of patients, ends merged."""

    first: int  # the number of its first state
    which: NDArray[np.int32]  # the tally at each level, (S, L)
    answer: NDArray[np.int32]
    children: Ints


@dataclass(slots=True, eq=False)
class _Coming:
    """What follows some states of a layer, after cohorts of one size."""

    which: NDArray[np.int32]
    level: NDArray[np.int32]
    parents: _Layer | None  # None: the roots of the graph
    rows: Ints
    size: int


@dataclass(slots=True, eq=False)
class _Tallies:
    """The different tallies met at a level, and their outlines as numbers."""

    outline: Outline
    n_levels: int
    met: list[Tally] = field(default_factory=list)
    here: list[list[int]] = field(default_factory=list)  # by tally, then by level
    elsewhere: list[list[int]] = field(default_factory=list)
    _number: dict[Tally, int] = field(default_factory=dict)
    _outlines: dict[Hashable, int] = field(default_factory=dict)
    _after: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def number(self, tally: Tally) -> int:
        """Return the number of a tally, its outlines taken when it is first met."""
        if tally not in self._number:
            self._number[tally] = len(self.met)
            self.met.append(tally)
            for looks, kind in (
                (self.here, self.outline.here),
                (self.elsewhere, self.outline.elsewhere),
            ):
                looks.append([self._intern(kind(level, tally)) for level in range(self.n_levels)])
        return self._number[tally]

    def _intern(self, outline: Hashable) -> int:
        return self._outlines.setdefault(outline, len(self._outlines))

    @property
    def n_outlines(self) -> int:
        return len(self._outlines)

    def after(self, number: int, size: int) -> list[int]:
        """Return the numbers of the tallies after a cohort with 0 .. ``size`` DLTs."""
        if (number, size) not in self._after:
            seen = self.met[number]
            self._after[number, size] = [
                self.number(seen.plus(Tally(n_evaluable=size, n_dlts=n_dlts)))
                for n_dlts in range(size + 1)
            ]
        return self._after[number, size]


class _Walk:
    far_too_large = 30.0
    """Times the most states; of fewer, it matters how many there are: crossings may follow them."""

    def __init__(
        self,
        design: Design,
        outline: Outline,
        max_states: int,
        tell: Callable[[Foreseen], object] | None,
        progress: Callable[[float], object] | None,
    ) -> None:
        self.design, self.outline, self.max_states = design, outline, max_states
        self.tell, self.progress, self.share_told = tell, progress, 0.0
        self.tallies = _Tallies(outline, design.n_levels)
        self.answers: list[Decision] = []
        self.asked: dict[tuple[Hashable, bytes], int] = {}
        self.selected: dict[tuple[int, int], int] = {}
        self.layers: list[_Layer] = []
        self.sizes: dict[int, int] = {}  # states, by their number of patients
        self.n_states = 0

    def walk(self, roots: Sequence[tuple[Tally, ...]], level: int) -> States:
        which = np.array([[self.tallies.number(tally) for tally in root] for root in roots])
        (n_patients,) = {sum(tally.n_evaluable for tally in root) for root in roots}
        start = _Coming(
            which=which.astype(np.int32),
            level=np.full(len(roots), level, dtype=np.int32),
            parents=None,
            rows=np.arange(len(roots)),
            size=0,
        )
        coming, begun = {n_patients: [start]}, n_patients
        places = np.arange(0)
        while coming:
            n_patients = min(coming)
            found = self._layer(n_patients, coming.pop(n_patients))
            if not self.layers:
                places = found[1]
            self.layers.append(found[0])
            self._look_ahead(begun)
            self._follow(found[0], n_patients, coming)
        self._found(1.0)
        return self._gather(places)

    def _layer(self, n_patients: int, coming: Sequence[_Coming]) -> tuple[_Layer, Ints]:
        """Merge what comes to one number of patients; return the layer, and the place of each."""
        which = np.concatenate([one.which for one in coming])
        level = np.concatenate([one.level for one in coming])
        for one in coming:
            del one.which, one.level  # nothing is held twice
        n_levels, n_tallies = self.design.n_levels, len(self.tallies.met)
        first, place = find_distinct(_pack([*which.T, level], [n_tallies] * n_levels + [n_levels]))
        which, level = which[first], level[first]
        answer = self._ask(n_patients, which, level)
        mtd = np.array([end_of(one) for one in self.answers])[answer]
        has_ended = np.array([one.has_ended for one in self.answers])[answer]
        # where an ended trial stood no longer matters
        stands_for = np.arange(len(which))
        ends = np.flatnonzero(has_ended)
        sizes = [n_tallies] * n_levels + [n_levels + 2]
        first, same = find_distinct(_pack([*which[ends].T, mtd[ends] + 2], sizes))
        stands_for[ends] = ends[first][same]
        kept = np.flatnonzero(stands_for == np.arange(len(which)))
        number = np.empty(len(which), dtype=np.intp)
        number[kept] = np.arange(len(kept))
        place = number[stands_for][place] + self.n_states
        n_to_enrol = np.array([one.n_to_enrol for one in self.answers])[answer[kept]]
        children = np.full((len(kept), int(n_to_enrol.max()) + 1), -1, dtype=np.intp)
        layer = _Layer(self.n_states, which[kept], answer[kept], children)
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

    def _look_ahead(self, begun: int) -> None:
        """Refuse what is going to be too large, and tell what a large graph is going to take."""
        few = max(_FEW, _FEW_OF_MOST * self.max_states)
        is_early = self.n_states <= min(few, self.max_states)
        if is_early and self.n_states <= min(few, _FEWER):
            return
        step, most = self.design.largest_cohort, self.design.max_patients or MAX_PATIENTS
        totals = foresee_states(self.sizes, step, begun, most)
        n_states = max(totals.values())
        too_many = (self.far_too_large if is_early else _FORESEEN_TO_BE) * self.max_states
        if n_states > too_many or self.n_states > self.max_states:
            fits = find_fitting(self.sizes, step, begun, self.max_states)
            n_levels = self.design.n_levels
            if is_early:  # so few are expected that what is said to fit by them might not
                totals = {n: _EARLY_EXPECTED * total for n, total in totals.items()}
            raise TooManyStatesError(n_levels, self.max_states, fits, expected=totals)
        if is_early:
            return
        self._found(min(self.n_states / n_states, 1.0))
        if self.tell is not None and self.n_states > _FEW_TO_TELL * self.max_states:
            at_last = n_states - max(
                (total for n, total in totals.items() if n <= max(totals) - step), default=0
            )
            n_bytes = foresee_bytes(self.design.n_levels, step, n_states, at_last)
            self.tell(Foreseen(n_states=n_states, n_bytes=n_bytes))
            self.tell = None

    def _found(self, share: float) -> None:
        """Tell what share of the states has been found."""
        if self.progress is not None and share > self.share_told:
            self.progress(share - self.share_told)
            self.share_told = share

    def _ask(
        self, n_patients: int, which: NDArray[np.int32], level: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Return the number of the design's answer in each state, asked once an outline."""
        design, tallies = self.design, self.tallies
        levels, rows = np.arange(design.n_levels), np.arange(len(which))
        looks = np.array(tallies.elsewhere, dtype=np.int32)[which, levels]
        looks[rows, level] = np.array(tallies.here, dtype=np.int32)[which[rows, level], level]
        sizes = [tallies.n_outlines] * design.n_levels + [design.n_levels]
        first, same = find_distinct(_pack([*looks.T, level], sizes))
        in_all = self.outline.in_all(n_patients)
        said = np.empty(len(first), dtype=np.int32)
        for one, state in enumerate(first.tolist()):
            key = (in_all, looks[state].tobytes() + bytes([level[state]]))
            if key not in self.asked:
                seen = [tallies.met[number] for number in which[state].tolist()]
                self.asked[key] = len(self.answers)
                self.answers.append(design.decide(seen, int(level[state])))
            said[one] = self.asked[key]
        return self._select(said[same], which)

    def _select(self, answer: NDArray[np.int32], which: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the answers with the MTD that each state has, where one is selected."""
        selecting = self.outline.selecting
        selects = np.array([one.has_ended and one.clause.id in selecting for one in self.answers])
        states = np.flatnonzero(selects[answer])
        if not states.size:
            return answer
        mtd = np.empty(len(states), dtype=np.intp)
        for first in range(0, len(states), _BLOCK):
            block = slice(first, first + _BLOCK)
            mtd[block] = self.outline.select(self.tallies.met, which[states[block]])
        width = self.design.n_levels + 1
        pairs, same = np.unique(answer[states] * width + mtd + 1, return_inverse=True)
        said = [self._with_mtd(*divmod(pair, width)) for pair in pairs.tolist()]
        answer[states] = np.array(said, dtype=np.int32)[same]
        return answer

    def _with_mtd(self, answer: int, one_above: int) -> int:
        mtd = one_above - 1 if one_above else None
        if (answer, one_above) not in self.selected:
            self.selected[answer, one_above] = len(self.answers)
            self.answers.append(replace(self.answers[answer], mtd=mtd))
        return self.selected[answer, one_above]

    def _follow(self, layer: _Layer, n_patients: int, coming: dict[int, list[_Coming]]) -> None:
        """Add what follows the states of a layer, by the number of patients then."""
        n_to_enrol = np.array([one.n_to_enrol for one in self.answers])[layer.answer]
        targets = np.array([-1 if one.level is None else one.level for one in self.answers])
        for size in np.unique(n_to_enrol[n_to_enrol > 0]).tolist():
            rows = np.flatnonzero(n_to_enrol == size)
            target = targets[layer.answer[rows]]
            seen, same = np.unique(layer.which[rows, target], return_inverse=True)
            after = np.array([self.tallies.after(number, size) for number in seen.tolist()])
            target = np.repeat(target, size + 1).astype(np.int32)
            which = np.repeat(layer.which[rows], size + 1, axis=0)
            which[np.arange(len(which)), target] = after[same].ravel()
            following = _Coming(which, target, layer, rows, size)
            coming.setdefault(n_patients + size, []).append(following)

    def _gather(self, roots: Ints) -> States:
        """Put the layers together, each let go of once it has been written down."""
        met, layers, n_states = self.tallies.met, self.layers, self.n_states
        n = np.array([tally.n_evaluable for tally in met])
        n = n.astype(np.int16 if n.max() <= np.iinfo(np.int16).max else np.intp)
        x = np.array([tally.n_dlts for tally in met], dtype=n.dtype)
        width = max(layer.children.shape[1] for layer in layers)
        n_evaluable, n_dlts = np.empty((2, n_states, self.design.n_levels), dtype=n.dtype)
        children = np.full((n_states, width), -1, dtype=np.intp)
        answer = np.empty(n_states, dtype=np.int32)
        while layers:
            layer = layers.pop()
            part = slice(layer.first, layer.first + len(layer.which))
            n_evaluable[part], n_dlts[part] = n[layer.which], x[layer.which]
            children[part, : layer.children.shape[1]] = layer.children
            answer[part] = layer.answer
        return States(
            n_evaluable=n_evaluable,
            n_dlts=n_dlts,
            children=children,
            decisions=Decisions(self.answers, answer),
            roots=roots,
        )


def _pack(columns: Sequence[NDArray[np.integer[Any]]], sizes: Sequence[int]) -> Words:
    """Return rows of whole numbers, each below the size of its column, as keys."""
    words: Words = []
    room = 1
    for column, size in zip(columns, sizes, strict=True):
        if not words or room * size > _ROOM:
            words.append(column.astype(np.int64))
            room = size
        else:
            words[-1] *= size
            words[-1] += column
            room *= size
    return words


def find_distinct(keys: Words) -> tuple[Ints, Ints]:
    """Return where each different key comes first, in this order, and which of them each is."""
    n = len(keys[0])
    if not n:
        return np.arange(0), np.arange(0)
    order = np.lexsort(keys) if len(keys) > 1 else np.argsort(keys[0])
    is_new = np.zeros(n, dtype=np.bool_)
    is_new[0] = True
    for word in keys:
        ordered = word[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
    first = np.minimum.reduceat(order, np.flatnonzero(is_new))
    by_appearance = np.argsort(first)
    rank = np.empty(len(first), dtype=np.intp)
    rank[by_appearance] = np.arange(len(first))
    group = np.cumsum(is_new, dtype=np.intp)
    group -= 1
    which = np.empty(n, dtype=np.intp)
    which[order] = rank[group]
    return first[by_appearance], which
