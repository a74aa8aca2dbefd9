"""From a design to its transition graph: every state a trial can reach, equal states merged.

A state is what has been seen at each level and where the trial stands; the design's own
``decide`` says what follows. Both engines walk this graph, so neither holds a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Design
from escalation.designs.pending import count_resolutions, without_last
from escalation.designs.walk import TooManyStatesError, Walk, walk_design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.graph.forecast import Foreseen, most_states
from simulations.graph.joint import walk_jointly
from simulations.graph.layers import Decisions, States, walk_layers
from simulations.graph.roots import count_ways, resolve_roots
from simulations.graph.transitions import INCONCLUSIVE, NO_MTD, TransitionGraph, end_of
from simulations.probabilities import check_probabilities

__all__ = ["INCONCLUSIVE", "NO_MTD", "TransitionGraph", "build_graph", "end_of"]

MOST_ASKED = 500_000
MOST_JOINT = 2_000_000  # of a design that is fitted to each of them


def build_graph(
    design: Design,
    tallies: Sequence[Tally] | None = None,
    level: int | None = None,
    *,
    last: Tally = NOBODY,
    p_moderate: Sequence[float] | None = None,
    max_states: int | None = None,
    tell: Callable[[Foreseen], object] | None = None,
    progress: Callable[[float], object] | None = None,
    walk_by: Callable[..., Walk | States] = walk_design,
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
    max_states : int, optional
        By default 5,000,000, and fewer on a long ladder, where the design declares what it looks at
        (``Design.outline``); 2,000,000 where it declares what all levels together come to
        (``Design.digest``); 500,000 where it has to be asked in each state.
    tell : callable, optional
        Told once what a large graph is going to take, before it is taken.
    progress : callable, optional
        Told what share of a large graph has been found since.
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
        ``p_moderate`` has the wrong length or a value that is not a probability.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> build_graph(ThreePlusThree(n_levels=1, variant="declare")).count_paths()
    7
    """
    if not isinstance(design, Design):
        raise InputError(
            f"a design is needed, such as ThreePlusThree(n_levels=4) or a protocol's .design, not "
            f"{type(design).__name__}"
        )
    before = tuple(tallies) if tallies is not None else (Tally(),) * design.n_levels
    here = design.start if level is None else level
    design.check_fit(before, here)
    q = None
    if p_moderate is not None:
        q = check_probabilities(p_moderate, design.n_levels, "p_moderate")
    outline = design.outline if walk_by is walk_design else None
    digest = design.digest if walk_by is walk_design else None
    if max_states is None:
        by_layers = most_states(design.n_levels, design.largest_cohort)
        if outline is not None:
            max_states = by_layers
        else:
            max_states = MOST_ASKED if digest is None else min(MOST_JOINT, by_layers)
    if count_resolutions(before, moderate=design.asks_moderate) > max_states:
        raise TooManyStatesError(design.n_levels, max_states)
    if not design.remembers:
        last = NOBODY
    roots = resolve_roots(design, before, here, last)
    if outline is not None:
        states = walk_layers(
            design, outline, roots, here, max_states=max_states, tell=tell, progress=progress
        )
        is_whole = True
    elif digest is not None:
        states = walk_jointly(
            design, digest, roots, here, max_states=max_states, tell=tell, progress=progress
        )
        is_whole = True
    else:
        walk = walk_by(design, roots, here, max_states)
        if isinstance(walk, Walk):
            states = _order_states(walk, design.n_levels, len(roots))
            is_whole = all(-1 not in following for following in walk.following)
        else:
            states = walk
            size = np.array([d.n_to_enrol for d in states.decisions.answers])
            follows = np.arange(states.children.shape[1]) <= size[states.decisions.which][:, None]
            is_whole = not ((states.children < 0) & follows)[size[states.decisions.which] > 0].any()
    answers = states.decisions.answers
    which = states.decisions.which
    return TransitionGraph(
        design=design,
        level=np.array([-1 if d.level is None else d.level for d in answers])[which],
        n_to_enrol=np.array([d.n_to_enrol for d in answers])[which],
        children=states.children,
        mtd=np.array([end_of(d) for d in answers])[which],
        n_evaluable=states.n_evaluable,
        n_dlts=states.n_dlts,
        decisions=states.decisions,
        roots=states.roots,
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
        counts_moderate=np.array([d.counts_moderate for d in answers])[which],
        root_moderate=np.array(
            [
                [then.n_moderate - now.n_moderate for now, then in zip(before, root, strict=True)]
                for root, _ in roots
            ]
        ),
        p_moderate=q,
        is_whole=is_whole,
    )


def _order_states(walk: Walk, n_levels: int, n_roots: int) -> States:
    """Return the states of a walk with ends merged, fewest patients first."""
    ends = [end_of(decision) for decision in walk.decisions]
    merged = np.array(_merge_ends(walk, ends))
    kept = np.unique(merged)
    seen = [tally for state in kept.tolist() for tally in walk.tallies[state]]
    shape = (len(kept), n_levels)
    n_evaluable = np.array([tally.n_evaluable for tally in seen]).reshape(shape)
    n_dlts = np.array([tally.n_dlts for tally in seen]).reshape(shape)
    order = np.argsort(n_evaluable.sum(axis=1), kind="stable")
    place = np.empty(len(merged), dtype=np.intp)
    place[kept[order]] = np.arange(len(kept))
    place = place[merged]
    return States(
        n_evaluable=n_evaluable[order],
        n_dlts=n_dlts[order],
        children=_children(walk, place, len(kept)),
        decisions=Decisions([walk.decisions[state] for state in kept[order].tolist()]),
        roots=place[:n_roots],
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
    children = np.full((n_states, max(1, counts.max())), -1, dtype=np.intp)
    places = np.where(followers < 0, -1, place[followers])
    children[np.repeat(place, counts), np.arange(len(followers)) - first] = places
    return children
