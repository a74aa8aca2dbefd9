"""What exact figures cost by levels and by patients: measured here, and of other packages.

``python -m tests.benchmarks.cost`` measures, prints a table and draws ``docs/pictures/cost.png``.
Seconds are processor time, the shortest of several runs. Times of other packages were recorded once
(R 4.2.2 on two cores of the same kind), of the task that each of them has.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.designs import ThreePlusThree, make_design
from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from escalation.figures.style import ACCENT, DARK, INK, styled
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.exact import exact_characteristics
from simulations.engines.ladder import LadderAutomaton
from simulations.engines.montecarlo import simulate
from simulations.graph.build import build_graph

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "cost.png"
Times = dict[int, float]

# seconds a scenario, by levels
BCRM = {4: 0.043, 5: 0.079, 6: 0.136, 7: 0.233, 8: 0.439, 10: 2.698}  # threep3, de-escalating
PRECAUTIONARY = {4: 6.4e-6, 5: 17e-6, 6: 45e-6, 7: 119e-6, 8: 288e-6}  # paths, no summary
ESCALATION_R = {3: 1.8, 4: 5.7, 5: 14.0}  # after 2.1, 38 and 256 s for its dose paths
GET_OC = 7.8  # seconds; BOIN, 10,000 trials of 30 patients

LEVELS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 50)
GRAPH_LEVELS = (3, 4, 5, 6, 7, 8, 9, 10)
PATIENTS = (12, 18, 24, 30, 36, 45, 60)
LARGE = 1_000_000  # states; beyond, levels are followed by crossings


def shortest(run: Callable[[], object], *, seconds: float = 1.0) -> float:
    """Return the shortest processor time of as many runs as fit into so many seconds."""
    spent = []
    while not spent or (sum(spent) < seconds and len(spent) < 200):
        begun = time.process_time()
        run()
        spent.append(time.process_time() - begun)
    return min(spent)


def rising(n_levels: int) -> list[float]:
    return np.linspace(0.03, 0.5, n_levels).tolist()


def batch(n_levels: int) -> float:
    automaton = LadderAutomaton(ThreePlusThree(n_levels=n_levels))
    p = np.sort(np.random.default_rng(1).random((50_000, n_levels)), axis=1)
    return shortest(lambda: automaton.batch(p)) / len(p)


def distributions(n_levels: int) -> float:
    p = rising(n_levels)
    return shortest(lambda: LadderAutomaton(ThreePlusThree(n_levels=n_levels)).characteristics(p))


def by_graph(n_levels: int) -> float:
    p = rising(n_levels)
    return shortest(
        lambda: exact_characteristics(build_graph(ThreePlusThree(n_levels=n_levels)), p)
    )


def boin(max_patients: int) -> Design:
    return make_design("boin", n_levels=5, target=0.3, max_patients=max_patients)


def exact_boin(max_patients: int) -> float:
    design, p = boin(max_patients), rising(5)

    def run() -> None:
        try:
            exact_characteristics(build_graph(design, max_states=LARGE), p)
        except TooManyStatesError:
            CrossingEngine(design).characteristics(p)

    return shortest(run)


def counted_boin(max_patients: int) -> float:
    graph, p = build_graph(boin(max_patients), max_states=LARGE), rising(5)
    return shortest(lambda: simulate(graph, p, trials=10**12).mcse())


@styled
def draw(by_levels: dict[str, Times], by_patients: dict[str, Times]) -> Figure:
    figure = Figure(figsize=(7.1, 3.5), dpi=160, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1], sharey=True)
    left.set_xscale("log")
    left.set_xticks([3, 4, 5, 6, 8, 10, 12, 20, 30, 50], minor=False)
    left.set_xticks([], minor=True)
    left.xaxis.set_major_formatter("{x:g}")
    left.set(xlabel="Dose levels", ylabel="Processor time a scenario", yscale="log")
    left.set_title("Exact figures of a 3+3", fontsize=8)
    left.set(xlim=(2.7, 60), ylim=(5e-8, 60))
    powers = {1e-7: "100 ns", 1e-6: "1 µs", 1e-5: "10 µs", 1e-4: "100 µs", 1e-3: "1 ms"}
    powers |= {1e-2: "10 ms", 1e-1: "100 ms", 1: "1 s", 10: "10 s"}
    left.set_yticks(list(powers), list(powers.values()))
    left.set_yticks([], minor=True)
    right.set_title("BOIN on 5 levels", fontsize=8)
    right.set(xlabel="Patients at most", xlim=(9, 63))
    right.set_xticks([12, 18, 24, 30, 36, 45, 60])
    for ax in (left, right):
        ax.grid(visible=True, axis="y", color="#e3e7ea", linewidth=0.4)
        ax.set_axisbelow(True)
    ours = {"color": ACCENT, "marker": "o"}
    graph = {"color": INK, "marker": ".", "linestyle": ":", "linewidth": 0.9}
    theirs = {"color": DARK, "markerfacecolor": "white", "linewidth": 0.8}
    batch_of = "many at once (50,000): selection and means"
    _line(left, by_levels["batch"], batch_of, (50, 0, 9, "right"), **ours)
    alone = "one, with its design: every distribution"
    _line(left, by_levels["distributions"], alone, (50, 0, 8, "right"), linestyle="--", **ours)
    _line(
        left, by_levels["graph"], "graph of states,\nwith its design", (10, 7, -9, "left"), **graph
    )
    _line(left, BCRM, "bcrm", (10, 7, 2, "left"), marker="s", **theirs)
    paths = "precautionary,\npaths without a summary"
    _line(left, PRECAUTIONARY, paths, (8, 7, 0, "left"), marker="D", **theirs)
    _line(
        left, ESCALATION_R, "escalation (R), paths at hand", (5, 7, 3, "left"), marker="^", **theirs
    )
    exact = "exact, with its design"
    _line(right, by_patients["exact"], exact, (36, -4, 7, "right"), **ours)
    counts = "simulated, $10^{12}$ trials,\nwith standard errors"
    _line(right, by_patients["counts"], counts, (36, 2, -14, "left"), linestyle="--", **ours)
    right.plot([30], [GET_OC], marker="s", linestyle="", **theirs)
    said = "BOIN (R) get.oc, 10,000 trials"
    right.annotate(said, (30, GET_OC), (7, 0), **_SAID, color=DARK)
    return figure


_SAID = {"textcoords": "offset points", "fontsize": 6.5, "linespacing": 1.1, "va": "center"}


def _line(
    ax: Axes, times: Times, said: str, place: tuple[int, float, float, str], **style: object
) -> None:
    """Draw times, named beside one of them: that one, points to the right and up, alignment."""
    ax.plot(list(times), list(times.values()), **style)
    at, right, up, align = place
    ax.annotate(said, (at, times[at]), (right, up), **_SAID, color=style["color"], ha=align)


def _say(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError


def main() -> None:
    by_levels = {
        "batch": {n: batch(n) for n in LEVELS},
        "distributions": {n: distributions(n) for n in LEVELS},
        "graph": {n: by_graph(n) for n in GRAPH_LEVELS},
    }
    by_patients = {
        "exact": {n: exact_boin(n) for n in PATIENTS},
        "counts": {n: counted_boin(n) for n in PATIENTS if n <= 45},
    }
    for name, times in (by_levels | by_patients).items():
        print(f"{name:<14}", "  ".join(f"{n}: {_say(t)}" for n, t in times.items()))
    batches = by_levels["batch"]
    for name, peer, n in (
        ("bcrm", BCRM, 8),
        ("bcrm", BCRM, 10),
        ("precautionary, paths alone", PRECAUTIONARY, 8),
    ):
        ratio = f"{peer[n] / batches[n]:,.0f} x in a batch"
        if name == "bcrm":
            ratio += f", {peer[n] / by_levels['distributions'][n]:,.0f} x alone"
        print(f"against {name}, {n} levels: {ratio}")
    draw(by_levels, by_patients).savefig(PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
