"""What is calculated in a cell, by the engine that gives it; and on what machine."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from escalation.errors import EscalationError
from escalation.version import __version__
from simulations.engines.characteristics import judge_selection
from simulations.engines.results import ScenarioResult, run_scenarios
from simulations.engines.timeline.moments import Durations
from simulations.engines.timeline.run import simulate_timeline
from simulations.probabilities import QUANTILES
from simulations.questions.engine import ChosenEngine, choose_engine
from simulations.questions.question import Question
from simulations.sweeps.columns import ALSO_WITHOUT_A_CLOCK, identity_of
from simulations.sweeps.study import Cell
from simulations.timing.assumptions import Timing

__all__ = ["Calculated", "Engines", "describe_machine", "run_block", "run_cell"]

_MOST_ENGINES = 2  # graphs that are kept: a design's cells follow each other


@dataclass(frozen=True, slots=True)
class Calculated:
    """A cell that was calculated.

    Attributes
    ----------
    number : int
    row : dict or None
        Values by column.
    fault : str or None
        Why there are none.
    """

    number: int
    row: dict[str, Any] | None
    fault: str | None = None


class Engines:
    """The engines of the last designs: what is built for a design serves all its scenarios."""

    def __init__(self) -> None:
        self.kept: dict[tuple[object, ...], ChosenEngine] = {}

    def of(self, cell: Cell, question: Question) -> ChosenEngine:
        """Return the engine that answers a cell."""
        name = (cell.protocol_digest, cell.p_moderate, cell.method, cell.draws)
        if name in self.kept:
            return self.kept[name]
        method, trials, seed = cell.method, cell.trials, cell.seed
        chosen = choose_engine(question, method, cell.draws, trials=trials, seed=seed)
        by_levels = chosen.automaton is not None and chosen.method == "exact"
        if chosen.graph.is_whole or by_levels:  # else it is of this scenario's trials only
            while len(self.kept) >= _MOST_ENGINES:
                del self.kept[next(iter(self.kept))]
            self.kept[name] = chosen
        return chosen


def run_cell(cell: Cell, engines: Engines | None = None) -> dict[str, Any]:
    """Calculate one cell.

    Returns
    -------
    dict
        Values by the names of ``columns_of``; what is None is left empty.

    Raises
    ------
    EscalationError
        Where the engines refuse, for instance a graph that is too large for exact figures.
    """
    if cell.timing is None:
        values = _without_clock(cell, engines or Engines())
    else:
        values = _with_clock(cell, cell.timing)
    return {**identity_of(cell), **values, **describe_machine()}


def run_block(cells: Sequence[Cell], clock: Callable[[], float]) -> tuple[list[Calculated], float]:
    """Calculate some cells in a worker; return them, and how long that took by the clock."""
    begun = clock()
    engines = _of_this_process()
    return [calculate(cell, engines) for cell in cells], clock() - begun


def calculate(cell: Cell, engines: Engines) -> Calculated:
    """Calculate one cell, or say why that cannot be."""
    try:
        return Calculated(cell.number, run_cell(cell, engines))
    except EscalationError as error:
        return Calculated(cell.number, None, str(error))
    except MemoryError:
        return Calculated(cell.number, None, "there is not enough memory for it")


@lru_cache(maxsize=1)
def _of_this_process() -> Engines:
    """Return the engines that a worker keeps from one block to the next."""
    return Engines()


def _without_clock(cell: Cell, engines: Engines) -> dict[str, Any]:
    """Calculate a cell without a clock."""
    question = Question(protocol=cell.protocol, asked=(cell.scenario,), p_moderate=cell.p_moderate)
    chosen = engines.of(cell, question)
    (result,) = run_scenarios(
        chosen.graph,
        [cell.scenario],
        method=chosen.method,
        trials=cell.trials,
        seed=cell.seed,
        draws=chosen.draws,
        protocol=cell.protocol,
        automaton=chosen.automaton,
    )
    return _figures(cell, result)


def _figures(cell: Cell, result: ScenarioResult) -> dict[str, Any]:
    """Return the figures under the names of their columns."""
    found, run = result.best, result.monte_carlo
    if result.exact is not None:
        run = None
    values: dict[str, Any] = {
        "method": "exact" if run is None else "monte_carlo",
        "draws": run and run.draws,
        "trials": run and run.trials,
        "p_no_mtd": found.p_no_mtd,
        "p_inconclusive": found.p_inconclusive,
        "sample_size": found.sample_size.mean,
        "sample_size_sd": found.sample_size.sd,
        "total_dlts": found.total_dlts.mean,
        "total_dlts_sd": found.total_dlts.sd,
        "patients_in_all": float(result.mean_patients),
    }
    labels = cell.protocol.labels
    by_level = {
        "p_select": found.p_select,
        "patients": found.patients,
        "dlts": found.dlts,
    }
    for name, listed in by_level.items():
        values |= _by_label(labels, name, listed)
    shares = {} if cell.target is None else found.against_target(cell.scenario.p_dlt, cell.target)
    values |= shares
    if run is not None:
        errors = run.mcse()
        for name in by_level:
            values |= _by_label(labels, name, errors[name], "_mcse")
        for name in ("p_no_mtd", "p_inconclusive"):
            values[f"{name}_mcse"] = errors[name]
        for name in ("sample_size", "total_dlts"):
            values[f"{name}_mcse"] = errors[name]["mean"]
            values[f"{name}_sd_mcse"] = errors[name]["sd"]
        values |= {f"{name}_mcse": error for name, error in run.mcse_of(shares).items()}
    return values


def _with_clock(cell: Cell, timing: Timing) -> dict[str, Any]:
    """Calculate a cell with a clock."""
    found = simulate_timeline(
        cell.protocol,
        cell.scenario.p_dlt,
        timing,
        trials=cell.trials,
        seed=cell.seed,
        p_moderate=cell.p_moderate,
    )
    labels = cell.protocol.labels
    shares = {
        "p_no_mtd": found.p_no_mtd,
        "p_inconclusive": found.p_inconclusive,
        "p_unfinished": found.p_unfinished,
        **_by_label(labels, "p_select", found.p_select),
    }
    if cell.target is not None:
        shares |= judge_selection(found.p_select, found.p_no_mtd, cell.scenario.p_dlt, cell.target)
    values: dict[str, Any] = {"method": "timeline", "trials": found.trials}
    values |= shares
    values |= {f"{name}_mcse": found.se_of_share(share) for name, share in shares.items()}
    for name, levels in (
        ("patients", found.patients),
        ("dlts", found.dlts),
        ("days", found.days),
    ):
        values |= _by_label(labels, name, [level.mean for level in levels])
        values |= _by_label(labels, name, [level.se for level in levels], "_mcse")
    for name, figure in found.figures.items():
        column = ALSO_WITHOUT_A_CLOCK.get(name, name)
        values |= {column: figure.mean, f"{column}_mcse": figure.se}
        if name in ALSO_WITHOUT_A_CLOCK:
            values |= {f"{column}_sd": figure.sd, f"{column}_sd_mcse": figure.se_sd}
    values["patients_in_all"] = values["sample_size"]
    if found.n_unfinished < found.trials:
        for name, durations in (("t_decision", found.t_decision), ("t_last", found.t_last)):
            values |= _durations(name, durations)
    for day in cell.finished_by:
        share, error = found.p_finished_by(day)
        values |= {f"p_finished_by_{day:g}": share, f"p_finished_by_{day:g}_mcse": error}
    return values


def _durations(name: str, durations: Durations) -> dict[str, float]:
    moments = durations.moments
    values = {
        name: moments.mean,
        f"{name}_mcse": moments.se,
        f"{name}_sd": moments.sd,
        f"{name}_sd_mcse": moments.se_sd,
    }
    for q, (days, error) in zip(QUANTILES, durations.quantiles(), strict=True):
        values |= {f"{name}_q{100 * q:g}": days, f"{name}_q{100 * q:g}_mcse": error}
    return values


def _by_label(
    labels: Iterable[object], name: str, listed: Iterable[Any], suffix: str = ""
) -> dict[str, float]:
    return {
        f"{name}_{label}{suffix}": float(value) for label, value in zip(labels, listed, strict=True)
    }


@lru_cache(maxsize=1)
def describe_machine() -> dict[str, str]:
    """Return what the last digits depend on beside the study: versions, and the processor."""
    shown = np.show_config(mode="dicts") or {}
    blas = shown.get("Build Dependencies", {}).get("blas", {})
    features = shown.get("SIMD Extensions", {})
    found = [*features.get("baseline", ()), *features.get("found", ())]
    algebra = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    return {
        "escalation": __version__,
        "numpy": f"{np.__version__} {algebra}",
        "processor": " ".join([platform.machine(), *found]),
    }
