"""What the clock gives: how long trials take, what they come to, and who waits or is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.expanded import Expanded, ExpansionInTime
from simulations.engines.timeline.moments import Durations, Moments
from simulations.graph.transitions import INCONCLUSIVE, NO_MTD
from simulations.probabilities import error_of_share
from simulations.timing.assumptions import Costs, Timing

__all__ = ["FIGURES", "UNFINISHED", "Chunk", "Part", "Timeline", "add_up"]

UNFINISHED = -3

FIGURES: Mapping[str, str] = {
    "n_patients": "patients who were dosed",
    "n_dlts": "DLTs, with those after the last decision",
    "n_decisions": "decisions, the last one among them",
    "n_partial": "decisions while outcomes were pending",
    "n_arrived": "patients who came until the last decision",
    "n_screen_failures": "patients who failed screening",
    "n_turned_away": "patients who came while no place was free, and are gone",
    "n_waited": "patients who had to wait from their arrival to their dosing",
    "waiting_days": "days that patients waited from arrival to dosing, added up",
    "n_still_waiting": "patients who waited for a place when the last decision was made",
    "n_dropped_out": "patients lost from the window until the last decision, and no DLT before",
    "n_not_manufactured": "patients for whom there was nothing to give",
    "n_dose_not_reached": "patients who were dosed, but not with the level's dose",
    "idle_days": "days until the last decision on which nobody was in the DLT window",
    "suspended_days": "days until the last decision on which no place was free",
    "cost": "cost to the last outcome",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """A design in time, simulated.

    Attributes
    ----------
    timing : Timing
    p_dlt : tuple of float
    trials, seed : int
    n_selected : int array, shape (L,)
        How many trials selected each level.
    n_no_mtd, n_inconclusive, n_unfinished : int
        How many found that no level is tolerated, stopped without an answer, or ran out of
        patients.
    t_decision, t_last : Durations
        Days from the opening to the last decision, and to the last outcome, if that is later.
    patients, dlts, days : tuple of Moments, length L
        Patients dosed, DLTs, and days that the escalation spent, at each level. The days add up to
        those to the last decision.
    figures : mapping of str to Moments
        The others, by the names in ``FIGURES``; means are over all trials, those that ran out of
        patients among them. ``cost`` only where there are prices.
    backfill : pair of tuple of Moments, length L, or None
        Backfill patients at each level, who are not among the others, and their DLTs; None where
        the protocol has no backfill.
    expansion : ExpansionInTime or None
        Of the patients treated at the MTD after the escalation, who are not among the others
        either; None where the protocol does not say how many.
    """

    timing: Timing
    p_dlt: tuple[float, ...]
    trials: int
    seed: int
    n_selected: NDArray[np.int64]
    n_no_mtd: int
    n_inconclusive: int
    n_unfinished: int
    t_decision: Durations
    t_last: Durations
    patients: tuple[Moments, ...]
    dlts: tuple[Moments, ...]
    days: tuple[Moments, ...]
    figures: Mapping[str, Moments]
    backfill: tuple[tuple[Moments, ...], tuple[Moments, ...]] | None = None
    expansion: ExpansionInTime | None = None

    def __repr__(self) -> str:
        how_long = f"{self.t_decision.moments.mean:.0f} days to the last decision"
        return f"<Timeline: {self.trials:,} trials, seed {self.seed}: {how_long}>"

    @property
    def p_select(self) -> NDArray[np.float64]:
        """P(MTD = each level), lowest first."""
        return np.asarray(self.n_selected / self.trials)

    @property
    def p_no_mtd(self) -> float:
        """P(no level is tolerated)."""
        return self.n_no_mtd / self.trials

    @property
    def p_inconclusive(self) -> float:
        """P(stopped without an answer)."""
        return self.n_inconclusive / self.trials

    @property
    def p_unfinished(self) -> float:
        """P(patients ran out before the end)."""
        return self.n_unfinished / self.trials

    def se_of_share(self, p: float) -> float:
        """Return the standard error of a share of the trials."""
        return error_of_share(p, self.trials)

    def p_finished_by(self, day: float) -> tuple[float, float]:
        """Return P(last decision by a day since the opening) and its standard error."""
        return self.t_decision.p_by(day)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures with their standard errors."""
        shares = {
            "p_select": self.p_select.tolist(),
            "p_no_mtd": self.p_no_mtd,
            "p_inconclusive": self.p_inconclusive,
            "p_unfinished": self.p_unfinished,
        }
        return {
            "trials": self.trials,
            "seed": self.seed,
            **shares,
            "se": {
                name: [self.se_of_share(p) for p in share]
                if isinstance(share, list)
                else self.se_of_share(share)
                for name, share in shares.items()
            },
            "t_decision": self.t_decision.to_dict(),
            "t_last": self.t_last.to_dict(),
            "patients_by_level": _all(self.patients),
            "dlts_by_level": _all(self.dlts),
            "days_by_level": _all(self.days),
            **(
                {}
                if self.backfill is None
                else {
                    "backfill": {
                        "patients_by_level": _all(self.backfill[0]),
                        "dlts_by_level": _all(self.backfill[1]),
                    }
                }
            ),
            **({} if self.expansion is None else {"expansion": self.expansion.to_dict()}),
            **{name: figure.to_dict() for name, figure in self.figures.items()},
        }


def _all(levels: Sequence[Moments]) -> list[dict[str, Any]]:
    return [level.to_dict() for level in levels]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """What the trials of a chunk came to, an entry a trial; by level, shape (L, N)."""

    end: NDArray[np.intp]
    t_decision: NDArray[np.float64]
    t_last: NDArray[np.float64]
    patients: NDArray[np.int64]
    dlts: NDArray[np.int64]
    days: NDArray[np.float64]
    figures: Mapping[str, NDArray[np.float64] | NDArray[np.int64]]
    backfill: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None  # patients, DLTs
    expansion: Expanded | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A chunk summed up: what adds up to a ``Timeline``."""

    n_selected: NDArray[np.int64]
    n_without: tuple[int, int, int]  # no MTD, inconclusive, unfinished
    t_decision: NDArray[np.float64]
    t_last: NDArray[np.float64]
    by_level: tuple[tuple[Moments, ...], ...]  # patients, DLTs, days; of the backfill, two more
    figures: Mapping[str, Moments]
    expansion: Expanded | None = None

    @classmethod
    def of(cls, chunk: Chunk, costs: Costs | None) -> Part:
        """Sum up a chunk."""
        end, n_levels = chunk.end, len(chunk.patients)
        figures = dict(chunk.figures)
        if costs is not None:
            days = np.where(np.isfinite(chunk.t_last), chunk.t_last, 0.0)
            patients = chunk.figures["n_patients"]
            if chunk.backfill is not None:
                patients = patients + chunk.backfill[0].sum(axis=0)
            figures["cost"] = costs.per_patient * patients + costs.per_day * days
        without = [int(np.count_nonzero(end == n)) for n in (NO_MTD, INCONCLUSIVE, UNFINISHED)]
        return cls(
            n_selected=np.bincount(end[end >= 0], minlength=n_levels),
            n_without=(without[0], without[1], without[2]),
            t_decision=chunk.t_decision,
            t_last=chunk.t_last,
            by_level=tuple(
                tuple(map(Moments.of, levels))
                for levels in (chunk.patients, chunk.dlts, chunk.days, *(chunk.backfill or ()))
            ),
            figures={name: Moments.of(values) for name, values in figures.items()},
            expansion=chunk.expansion,
        )


def add_up(
    parts: Sequence[Part], *, timing: Timing, p_dlt: NDArray[np.float64], trials: int, seed: int
) -> Timeline:
    """Add the parts of a run up, in their order."""
    patients, dlts, days, *backfill = (
        tuple(
            reduce(Moments.plus, column)
            for column in zip(*(part.by_level[k] for part in parts), strict=True)
        )
        for k in range(len(parts[0].by_level))
    )
    expanded = [part.expansion for part in parts if part.expansion is not None]
    without = [sum(part.n_without[k] for part in parts) for k in range(3)]
    return Timeline(
        timing=timing,
        p_dlt=tuple(p_dlt.tolist()),
        trials=trials,
        seed=seed,
        n_selected=np.sum([part.n_selected for part in parts], axis=0),
        n_no_mtd=without[0],
        n_inconclusive=without[1],
        n_unfinished=without[2],
        t_decision=Durations(values=np.concatenate([part.t_decision for part in parts])),
        t_last=Durations(values=np.concatenate([part.t_last for part in parts])),
        patients=patients,
        dlts=dlts,
        days=days,
        backfill=(backfill[0], backfill[1]) if backfill else None,
        expansion=ExpansionInTime.of(expanded) if expanded else None,
        figures={
            name: reduce(Moments.plus, (part.figures[name] for part in parts))
            for name in parts[0].figures
        },
    )
