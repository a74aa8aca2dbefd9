"""What a comparison of designs gives: figures side by side, differences and their limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.designs.base import Design
from escalation.labels import Label
from escalation.protocol import Protocol
from simulations.compare.metrics import METRICS
from simulations.compare.optimal import Benchmark
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.simulated import MonteCarlo
from simulations.scenarios.scenario import Scenario

__all__ = [
    "CSV_COLUMNS",
    "LONGEST_LABEL",
    "ComparedDesign",
    "Contender",
    "Difference",
    "ScenarioComparison",
    "benchmark_rows",
    "design_rows",
    "short_labels",
]

LONGEST_LABEL = 19  # characters that fit a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A design to compare, under the name it has in tables; of a protocol, where it has one."""

    label: str
    design: Design
    protocol: Protocol | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much a design's figure is above the first design's.

    Attributes
    ----------
    estimate : float
    low, high : float or None
        Limits of 95 %; None where both designs are exact, or where the trials do not tell any.
    """

    estimate: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedDesign:
    """One design under one scenario.

    Attributes
    ----------
    label : str
    characteristics : OperatingCharacteristics
    metrics : dict of str to float
        As in ``metrics.METRICS``; the accuracy index is absent where it is not defined.
    run : MonteCarlo or None
        The simulation that the figures come from; None where they are exact.
    mcse : dict of str to float
        Monte Carlo standard errors of the metrics; empty where they are exact.
    differences : dict of str to Difference
        To the first design, by metric; empty for the first.
    """

    label: str
    characteristics: OperatingCharacteristics
    metrics: dict[str, float]
    run: MonteCarlo | None
    mcse: dict[str, float]
    differences: dict[str, Difference]

    def __repr__(self) -> str:
        pcs = f"{100 * self.metrics['pcs']:.1f}"
        return f"<ComparedDesign {self.label}, {self.engine}: correct selection {pcs} %>"

    @property
    def engine(self) -> str:
        """The engine that the figures come from."""
        return "exact" if self.run is None else "monte-carlo"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures under the names of ``escalation compare --json``."""
        figures = (self.run or self.characteristics).to_dict()
        document: dict[str, Any] = {
            "label": self.label,
            "engine": self.engine,
            **figures,
            "metrics": all_metrics(self.metrics),
        }
        if self.run is not None:
            document["metrics_mcse"] = all_metrics(self.mcse)
        if self.differences:
            document["differences"] = {
                name: {"estimate": found.estimate, "low": found.low, "high": found.high}
                for name, found in self.differences.items()
            }
        return document


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioComparison:
    """Every design under one scenario, and the benchmark beside them.

    Attributes
    ----------
    scenario : Scenario
    target : float
    interval : (float, float)
    correct : int or None
        0-based level that ought to be selected; None where that is no MTD.
    designs : tuple of ComparedDesign
    benchmark : Benchmark
    benchmark_metrics : dict of str to float
        The measures of selection; empty where no MTD is correct, which the benchmark never says.
    """

    scenario: Scenario
    target: float
    interval: tuple[float, float]
    correct: int | None
    designs: tuple[ComparedDesign, ...]
    benchmark: Benchmark
    benchmark_metrics: dict[str, float]

    def __repr__(self) -> str:
        designs = ", ".join(design.label for design in self.designs)
        return f"<ScenarioComparison of {designs} under {self.scenario.name}>"

    def to_dict(self, labels: Sequence[Label]) -> dict[str, Any]:
        """Return one of the ``results`` of ``escalation compare --json``."""
        return {
            "scenario": {"name": self.scenario.name, "p_dlt": list(self.scenario.p_dlt)},
            "correct_level": None if self.correct is None else labels[self.correct],
            "benchmark": {
                "n_patients": self.benchmark.n_patients,
                "p_select": self.benchmark.p_select.tolist(),
                "metrics": self.benchmark_metrics or None,
            },
            "designs": [design.to_dict() for design in self.designs],
        }


def all_metrics(found: dict[str, float]) -> dict[str, float | None]:
    """Return every metric, None where it is not defined."""
    return {name: found.get(name) for name in METRICS}


CSV_COLUMNS = {
    "scenario": "name of the scenario",
    "design": "the design's name in the comparison, or benchmark",
    "engine": "exact, or monte-carlo",
    "figure": "name of the figure, as in METRICS; p_select, patients and dlts are by level",
    "level": "label of the dose level; empty for the whole trial",
    "value": "a probability or share from 0 to 1; patients for patients, dlts, sample_size, "
    "total_dlts",
    "mcse": "its Monte Carlo standard error, in the same unit; empty where exact",
    "difference": "to the first design, in the same unit",
    "difference_low": "lower 95 % limit of the difference; empty where both are exact",
    "difference_high": "upper 95 % limit of the difference; empty where both are exact",
}


def design_rows(
    found: ScenarioComparison, design: ComparedDesign, labels: Sequence[Label]
) -> Iterator[list[object]]:
    """Yield the rows of one of the designs."""
    start = [found.scenario.name, design.label, design.engine]
    for name, value in design.metrics.items():
        to_first = design.differences.get(name)
        limits = ["", "", ""]
        if to_first is not None:
            limits = [_shown(x) for x in (to_first.estimate, to_first.low, to_first.high)]
        yield [*start, name, "", value, _shown(design.mcse.get(name)), *limits]
    errors = None if design.run is None else design.run.mcse()
    for name in ("p_select", "patients", "dlts"):
        for level, value in enumerate(getattr(design.characteristics, name).tolist()):
            error = "" if errors is None else errors[name][level]
            yield [*start, name, labels[level], value, error, "", "", ""]


def benchmark_rows(found: ScenarioComparison, labels: Sequence[Label]) -> Iterator[list[object]]:
    """Yield the rows of the benchmark."""
    start = [found.scenario.name, "benchmark", "exact"]
    for name, value in found.benchmark_metrics.items():
        yield [*start, name, "", value, "", "", "", ""]
    for level, value in enumerate(found.benchmark.p_select.tolist()):
        yield [*start, "p_select", labels[level], value, "", "", "", ""]


def _shown(value: float | None) -> str:
    return "" if value is None else repr(value)


def short_labels(labels: Sequence[str]) -> list[str]:
    """Return labels that fit a table; a long one is cut, and numbered by its place."""
    return [
        label if len(label) <= LONGEST_LABEL else f"{label[:LONGEST_LABEL - 6]}... {place}"
        for place, label in enumerate(labels, start=1)
    ]  # fmt: skip
