"""A study: designs under scenarios, with or without a clock, and the cells that these make.

Cells are numbered from 1, a design's scenarios before the next design, and under each scenario one
cell a setting of the clock. A cell's key names what is calculated in it, whatever it is called.

Every cell has the study's own seed: all designs and scenarios meet the same latent patients (common
random numbers), so that a difference between two cells is that of pairs of trials. A seed by cell
would add the chance of two runs to every comparison.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from escalation.designs import describe_design, design_settings
from escalation.protocol import Protocol
from simulations.engines.simulated import Draws
from simulations.scenarios.scenario import Scenario
from simulations.timing.assumptions import Timing
from simulations.timing.file import timing_document

__all__ = ["Cell", "Study", "StudyMethod", "in_shard"]

StudyMethod = Literal["auto", "exact", "monte-carlo"]
SHOWN = 12  # letters of a digest or key


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One design under one scenario and one setting of the clock.

    Attributes
    ----------
    number : int
        From 1, in the order of the study.
    design : str
        The name that the study gives the design.
    protocol : Protocol
        The ladder with this design.
    protocol_digest, design_digest, timing_digest : str
        Shortened digests: of the protocol with its design, of the design on this ladder, and of the
        setting of the clock; the last is empty without one.
    settings : str
        The design with its options, as printed with every result.
    scenario : Scenario
    timing_name : str or None
    timing : Timing or None
        None without a clock.
    study : str
        The study's digest, shortened.
    """

    number: int
    design: str
    protocol: Protocol
    protocol_digest: str
    design_digest: str
    settings: str
    scenario: Scenario
    timing_name: str | None
    timing: Timing | None
    timing_digest: str
    method: StudyMethod
    draws: Draws
    trials: int
    seed: int
    target: float | None
    p_moderate: tuple[float, ...] | None
    finished_by: tuple[float, ...]
    study: str

    @property
    def key(self) -> str:
        """Digest of all that the figures rest on; names take no part."""
        asked = {
            "protocol": self.protocol_digest,
            "p_dlt": list(self.scenario.p_dlt),
            "timing": self.timing_digest,
            "method": self.method,
            "draws": self.draws,
            "trials": self.trials,
            "seed": self.seed,
            "target": self.target,
            "p_moderate": self.p_moderate,
            "finished_by": self.finished_by if self.timing else (),
        }
        return _digest(asked)[:SHOWN]

    @property
    def title(self) -> str:
        """What messages call the cell."""
        names = (self.design, self.scenario.name, self.timing_name)
        return f"cell {self.number} ({', '.join(name for name in names if name)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Designs, scenarios and settings of the clock, all with all.

    Attributes
    ----------
    name : str
    designs : tuple of (str, Protocol)
        Each by its name in the results; all ladders have the same labels.
    scenarios : tuple of Scenario
    timings : tuple of (str, Timing)
        Empty for a study without a clock.
    method : {"auto", "exact", "monte-carlo"}
        Of cells without a clock: exact where that can be had, always, or never.
    draws : {"latent", "count", "trial"}
        Of simulated cells without a clock, as in ``engines.montecarlo.simulate``.
    trials, seed : int
        Of every cell that is simulated.
    target : float or None
        Target P(DLT) by which selections are judged.
    p_moderate : tuple of float or None
        P(moderate toxicity | no DLT) by level, for designs that count them.
    finished_by : tuple of float
        Days since the opening, with a clock: P(the last decision is made by then) is among the
        results.
    document : dict
        All that the study says, files and defaults filled in: what was asked, as data.
    """

    name: str
    designs: tuple[tuple[str, Protocol], ...]
    scenarios: tuple[Scenario, ...]
    timings: tuple[tuple[str, Timing], ...] = ()
    method: StudyMethod = "auto"
    draws: Draws = "latent"
    trials: int = 10_000
    seed: int = 1
    target: float | None = None
    p_moderate: tuple[float, ...] | None = None
    finished_by: tuple[float, ...] = ()
    document: dict[str, Any] = field(init=False, compare=False, repr=False)
    digest: str = field(init=False, compare=False, repr=False)
    cells: tuple[Cell, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "document", self._make_document())
        asked = {key: value for key, value in self.document.items() if key != "name"}
        object.__setattr__(self, "digest", _digest(asked))
        object.__setattr__(self, "cells", tuple(self._make_cells()))

    @property
    def ladder(self) -> Protocol:
        """The first design's protocol, whose labels are those of all."""
        return self.designs[0][1]

    def _make_document(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "name": self.name,
            "method": self.method,
            "draws": self.draws,
            "trials": self.trials,
            "seed": self.seed,
            "target": self.target,
            "p_moderate": None if self.p_moderate is None else list(self.p_moderate),
            "finished_by": list(self.finished_by),
            "designs": {name: protocol.document for name, protocol in self.designs},
            "scenarios": {one.name: list(one.p_dlt) for one in self.scenarios},
            "timing": {name: timing_document(timing) for name, timing in self.timings},
            "order": [
                [name for name, _ in self.designs],
                [one.name for one in self.scenarios],
                [name for name, _ in self.timings],
            ],
        }

    def _make_cells(self) -> Iterator[Cell]:
        number = 0
        clocks: list[tuple[str | None, Timing | None, str]] = [
            (name, timing, _digest(timing_document(timing))[:SHOWN])
            for name, timing in self.timings
        ]
        clocks = clocks or [(None, None, "")]
        for design, protocol in self.designs:
            digest = protocol.digest[:SHOWN]
            ladder = {"n_levels": len(protocol.levels), "start": protocol.start}
            design_digest = _digest(design_settings(protocol.design) | ladder)[:SHOWN]
            settings = describe_design(protocol.design)
            p_moderate = self.p_moderate if protocol.design.asks_moderate else None
            for scenario in self.scenarios:
                for timing_name, timing, timing_digest in clocks:
                    number += 1
                    yield Cell(
                        number=number,
                        design=design,
                        protocol=protocol,
                        protocol_digest=digest,
                        design_digest=design_digest,
                        settings=settings,
                        scenario=scenario,
                        timing_name=timing_name,
                        timing=timing,
                        timing_digest=timing_digest,
                        method=self.method,
                        draws=self.draws,
                        trials=self.trials,
                        seed=self.seed,
                        target=self.target,
                        p_moderate=p_moderate,
                        finished_by=self.finished_by,
                        study=self.digest[:SHOWN],
                    )


def in_shard(cells: tuple[Cell, ...], shard: tuple[int, int] | None) -> tuple[Cell, ...]:
    """Return the cells of one of n shards, which take turns; all without a shard.

    Neighbours, which take about as long, are in different shards.
    """
    if shard is None:
        return cells
    which, n_shards = shard
    return cells[which - 1 :: n_shards]


def _digest(document: object) -> str:
    """SHA-256 of a document as canonical JSON."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
