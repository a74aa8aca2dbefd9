"""Rows of tests/data/clock as settings of the clock, and how far results are from them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

from escalation.designs import Design, RollingSix, ThreePlusThree
from escalation.protocol import DltWindow, DoseLevel, Enrolment, Protocol
from simulations.engines.timeline.moments import Moments
from simulations.engines.timeline.result import Timeline
from simulations.timing.assumptions import Poisson, Timing, Uniform, Weibull

DATA = Path(__file__).parents[3] / "data" / "clock"
N_REFERENCE = 100_000  # trials behind a row
MEANS = {
    "n_dosed": "n_patients",
    "n_dlt": "n_dlts",
    "n_drop": "n_dropped_out",
    "turned": "n_turned_away",
    "waited": "waiting_days",
    "still_waiting": "n_still_waiting",
}


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def protocol_of(
    design: Design, window: int | None = 28, *, alone: int = 0, apart: int = 0, infusion: int = 0
) -> Protocol:
    return Protocol(
        name="clock",
        levels=tuple(DoseLevel(label=level + 1) for level in range(design.n_levels)),
        start=design.start,
        design=design,
        dlt=DltWindow(window_days=window, infusion_day=infusion),
        enrolment=Enrolment(first_alone_days=alone, next_apart_days=apart),
    )


def setting_of(row: dict[str, str]) -> tuple[Protocol, list[float], Timing]:
    p = [float(number) for number in row["p"].split()]
    kind = {"3+3": ThreePlusThree, "rolling-six": RollingSix}[row["design"]]
    design = kind(n_levels=len(p), start=int(row["start"]), variant=row["variant"])
    instant = row["shape"] == "instant"  # a window that closes on the day of dosing
    protocol = protocol_of(
        design,
        1 if instant else int(row["W"]),
        infusion=int(instant),
        alone=int(row["first_alone"]),
        apart=int(row["apart"]),
    )
    late = row["shape"] == "weibull"
    timing = Timing(
        arrivals=Poisson(mean_gap_days=float(row["gap"])),
        time_to_dlt=Weibull(late_share=float(row["late"])) if late else Uniform(),
        dropout=float(row["drop"]),
        decision_delay_days=float(row["delay"]),
        accrual="wait" if row["accrual"] == "queue" else "lose",
        decides=row["when"],
    )
    return protocol, p, timing


def z_scores(row: dict[str, str], found: Timeline) -> dict[str, float]:
    z = {}
    means: dict[str, Moments] = {
        "t_decision": found.t_decision.moments,
        "t_last": found.t_last.moments,
        **{ours: found.figures[theirs] for ours, theirs in MEANS.items()},
    }
    for name, moments in means.items():
        error = np.hypot(float(row[f"{name}_sd"]) / N_REFERENCE**0.5, moments.se)
        apart = moments.mean - float(row[f"{name}_mean"])
        z[name] = apart / error if error else (np.inf if apart else 0.0)
    durations = {"t_decision": found.t_decision, "t_last": found.t_last}
    for name, of in durations.items():
        both = (1 + found.trials / N_REFERENCE) ** 0.5
        for q, (value, error) in zip((5, 25, 50, 75, 95), of.quantiles(), strict=True):
            z[f"{name}_q{q:02}"] = (value - float(row[f"{name}_q{q:02}"])) / (error * both)
        z[f"{name}_sd"] = (of.moments.sd - float(row[f"{name}_sd"])) / (of.moments.se_sd * both)
    for name, share in zip(
        ["mtd_none", *(f"mtd_{k + 1}" for k in range(len(found.p_select)))],
        [found.p_no_mtd, *found.p_select],
        strict=True,
    ):
        theirs = float(row[name])
        pooled = (theirs * N_REFERENCE + share * found.trials) / (N_REFERENCE + found.trials)
        error = (pooled * (1 - pooled) * (1 / N_REFERENCE + 1 / found.trials)) ** 0.5
        z[name] = (share - theirs) / error if error else share - theirs
    for k, level in enumerate(found.patients):
        error = level.sd * (1 / found.trials + 1 / N_REFERENCE) ** 0.5
        z[f"dosed_{k + 1}"] = (level.mean - float(row[f"dosed_{k + 1}"])) / error
    return z
