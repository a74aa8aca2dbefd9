"""Why two designs differ: every data set at which they part, and what follows from each.

Both are followed from the start for as long as they do the same. Where they first do not, their
trials part: the probability of coming there, times the difference of what each design leads to
from there on, is what this data set contributes. The contributions add up to the whole difference
of every characteristic, because trials that never part end alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Decision, Design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.compare.metrics import metric_values
from simulations.engines.characteristics import end_values
from simulations.engines.passes import data_probabilities, expected_from
from simulations.graph.build import TransitionGraph, build_graph

__all__ = ["DesignDifference", "Figure", "Parting", "ScenarioDifference", "find_differences"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """A data set at which two designs decide differently for the first time.

    Attributes
    ----------
    tallies : tuple of Tally
        What has been seen, one a level.
    level : int
        0-based level of the last cohort.
    last : Tally
        The last cohort alone, for designs that remember it; of several that are one to both, one.
    decisions : (Decision, Decision)
    """

    tallies: tuple[Tally, ...]
    level: int
    last: Tally
    decisions: tuple[Decision, Decision]


@dataclass(frozen=True, slots=True)
class Figure:
    """A characteristic, of one level where it has a value for each."""

    name: str
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioDifference:
    """The differences under one scenario; D partings, F figures. All are second minus first.

    Attributes
    ----------
    figures : tuple of Figure
    totals : float array, shape (2, F)
        Each design's figures.
    p_met : float array, shape (D,)
        P(a trial comes to the parting), the same under both designs.
    contributions : float array, shape (D, F)
        Of each parting; they add up to the difference of the totals.
    """

    figures: tuple[Figure, ...]
    totals: Floats
    p_met: Floats
    contributions: Floats

    @property
    def difference(self) -> Floats:
        """Second design's figures minus the first's, shape (F,)."""
        return np.asarray(self.totals[1] - self.totals[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignDifference:
    """Where two designs part, whatever the scenario.

    Attributes
    ----------
    graphs : (TransitionGraph, TransitionGraph)
    partings : tuple of Parting
        Fewest patients first.
    states : int array, shape (D, 2)
        The state of each graph at each parting.
    ways : float array, shape (D,)
        In how many sequences of single patients' outcomes a trial comes there.
    n_shared, n_only_first, n_only_second : int
        Data sets that can be met under both designs, and under one alone.
    """

    graphs: tuple[TransitionGraph, TransitionGraph]
    partings: tuple[Parting, ...]
    states: Ints
    ways: Floats
    n_shared: int
    n_only_first: int
    n_only_second: int

    def __repr__(self) -> str:
        first, second = (graph.design.name for graph in self.graphs)
        n = len(self.partings)
        return f"<DesignDifference of {first} and {second}: they part at {n} data sets>"

    @property
    def remembers(self) -> bool:
        """Whether the last cohort counts for one of the designs."""
        return any(graph.design.remembers for graph in self.graphs)

    @property
    def asks_moderate(self) -> bool:
        """Whether moderate toxicities count for one of the designs."""
        return any(graph.design.asks_moderate for graph in self.graphs)

    def under(
        self,
        p_dlt: Sequence[float],
        *,
        target: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> ScenarioDifference:
        """Return the exact differences under a scenario.

        Parameters
        ----------
        p_dlt : sequence of float, length L
        target : float, optional
            Adds the measures of ``metrics.METRICS``.
        interval : (float, float), optional
            As in ``metrics.target_interval``.
        """
        here = self.states[:, 0]
        p_met = data_probabilities(self.graphs[0], p_dlt, here, self.ways)
        by_figure = [_figures(graph, p_dlt, target, interval) for graph in self.graphs]
        seen_from = [
            expected_from(graph, p_dlt, np.stack(list(values.values()), axis=1))
            for graph, values in zip(self.graphs, by_figure, strict=True)
        ]
        second, first = seen_from[1][self.states[:, 1]], seen_from[0][here]
        return ScenarioDifference(
            figures=tuple(by_figure[0]),
            totals=np.stack(
                [seen[graph.roots[0]] for seen, graph in zip(seen_from, self.graphs, strict=True)]
            ),
            p_met=p_met,
            contributions=p_met[:, np.newaxis] * (second - first),
        )


def find_differences(
    first: Design, second: Design, *, p_moderate: Sequence[float] | None = None
) -> DesignDifference:
    """Find every data set at which two designs part.

    Data sets that both designs can come to after they have parted are not compared again.

    Parameters
    ----------
    first, second : Design
    p_moderate : sequence of float, length L, optional
        As in ``build_graph``.

    Returns
    -------
    DesignDifference
        Whose ``under`` says what each parting contributes under a scenario.

    Raises
    ------
    InputError
        If the designs have different ladders or starts.
    TooManyStatesError
        If one of them has too many states to follow.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> found = find_differences(
    ...     ThreePlusThree(n_levels=1), ThreePlusThree(n_levels=1, variant="declare")
    ... )
    >>> [(parting.tallies[0].n_dlts, parting.decisions[1].mtd) for parting in found.partings]
    [(0, 0)]
    """
    if (first.n_levels, first.start) != (second.n_levels, second.start):
        raise InputError("two designs are followed together on one ladder, from one start")
    graphs = (
        build_graph(first, p_moderate=p_moderate),
        build_graph(second, p_moderate=p_moderate),
    )
    partings, states, ways = _part(graphs)
    data = [
        {row.tobytes() for row in np.hstack([graph.n_evaluable, graph.n_dlts])} for graph in graphs
    ]
    return DesignDifference(
        graphs=graphs,
        partings=tuple(partings),
        states=np.array(states, dtype=np.intp).reshape(-1, 2),
        ways=np.array(ways, dtype=np.float64),
        n_shared=len(data[0] & data[1]),
        n_only_first=len(data[0] - data[1]),
        n_only_second=len(data[1] - data[0]),
    )


@dataclass(slots=True)
class _Place:
    """Where the second design stands while the first is in a state, and an example of the data."""

    tallies: tuple[Tally, ...]
    last: Tally
    ways: float = 0.0


def _part(
    graphs: tuple[TransitionGraph, TransitionGraph],
) -> tuple[list[Parting], list[tuple[int, int]], list[float]]:
    """Follow both designs while they do the same; return where they do not."""
    first, second = graphs
    start = (int(second.roots[0]), first.design.start)
    nothing = (Tally(),) * first.design.n_levels
    # by the first graph's state, whose numbers rise with the patients: what leads to a state has
    # been followed before it
    met = {int(first.roots[0]): {start: _Place(nothing, NOBODY, ways=1.0)}}
    partings, states, ways = [], [], []
    for one in range(first.n_states):
        for (other, level), here in sorted(met.pop(one, {}).items(), key=lambda item: item[0]):
            target, size = int(first.level[one]), int(first.n_to_enrol[one])
            if (target, size, first.mtd[one]) != (
                second.level[other], second.n_to_enrol[other], second.mtd[other]
            ):  # fmt: skip
                partings.append(_parting(graphs, here, level))
                states.append((one, other))
                ways.append(here.ways)
                continue
            for cohort, weight, columns in _cohorts(graphs, (one, other)):
                child, place = (
                    int(graph.children[state, column])
                    for graph, state, column in zip(graphs, (one, other), columns, strict=True)
                )
                seen = here.tallies
                after = (*seen[:target], seen[target].plus(cohort), *seen[target + 1 :])
                followers = met.setdefault(child, {})
                follower = followers.setdefault((place, target), _Place(after, cohort))
                follower.ways += here.ways * weight
    return partings, states, ways


def _cohorts(
    graphs: tuple[TransitionGraph, TransitionGraph], states: tuple[int, int]
) -> Iterator[tuple[Tally, float, tuple[int, int]]]:
    """Yield how the next cohort can turn out, in how many ways, and each graph's child for it."""
    first = graphs[0]
    level, size = int(first.level[states[0]]), int(first.n_to_enrol[states[0]])
    counting = [bool(g.counts_moderate[s]) for g, s in zip(graphs, states, strict=True)]
    if any(counting):  # a single patient; a design that does not count them sees no toxicity
        q = float(graphs[counting.index(True)].moderate_probabilities()[level])
        yield Tally(n_evaluable=1), 1 - q, (0, 0)
        yield Tally(n_evaluable=1, n_dlts=1), 1.0, (1, 1)
        yield Tally(n_evaluable=1, n_moderate=1), q, (2 * counting[0], 2 * counting[1])
        return
    for n_dlts in range(size + 1 if size else 0):
        cohort = Tally(n_evaluable=size, n_dlts=n_dlts)
        yield cohort, float(comb(size, n_dlts)), (n_dlts, n_dlts)


def _parting(graphs: tuple[TransitionGraph, TransitionGraph], here: _Place, level: int) -> Parting:
    # asked again: ends with the same data are one in a graph, though the clause may differ
    said = tuple(graph.design.decide(here.tallies, level, here.last) for graph in graphs)
    return Parting(tallies=here.tallies, level=level, last=here.last, decisions=(said[0], said[1]))


def _figures(
    graph: TransitionGraph,
    p_dlt: Sequence[float],
    target: float | None,
    interval: tuple[float, float] | None,
) -> dict[Figure, Floats]:
    """Return what each end counts towards each figure."""
    figures: dict[Figure, Floats] = {}
    for name, values in end_values(graph).items():
        for level in range(values.shape[1]):
            by_level = name in ("p_select", "patients", "dlts")
            figures[Figure(name, level if by_level else None)] = values[:, level]
    if target is not None:
        for name, values in metric_values(graph, p_dlt, target=target, interval=interval).items():
            figures[Figure(name)] = values
    else:
        figures[Figure("sample_size")] = end_values(graph)["patients"].sum(axis=1)
        figures[Figure("total_dlts")] = end_values(graph)["dlts"].sum(axis=1)
    return figures
