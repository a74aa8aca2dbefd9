"""Simulated trials as a file: whole, or not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.designs import ThreePlusThree
from simulations.engines.montecarlo import simulate_trials
from simulations.engines.simulated import SimulatedTrials
from simulations.graph.build import build_graph
from simulations.reports.export import write_trials


def cut_short() -> Iterator[tuple[str, SimulatedTrials]]:
    graph = build_graph(ThreePlusThree(n_levels=2))
    yield "even odds", next(simulate_trials(graph, [0.5, 0.5], trials=10))
    raise KeyboardInterrupt


def test_an_interrupt_leaves_an_old_file_as_it_was_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_trials(path, cut_short(), (1, 2), (None, None), {"seed": 1})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
