"""A 3+3 as one would write it in an afternoon: plain Python, one patient after another.

It is the yardstick of the benchmarks and, being written without the package, an oracle as well.
The variant is "confirm": a level is the MTD only on six patients.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import comb

__all__ = ["enumerate_paths", "simulate_patients"]


def simulate_patients(p_dlt: Sequence[float], trials: int, seed: int) -> list[int]:
    """Simulate trials patient by patient; count how often no level, and each level, is the MTD."""
    rng = random.Random(seed)  # noqa: S311
    selected = [0] * (len(p_dlt) + 1)
    for _ in range(trials):
        selected[_one_trial(p_dlt, rng) + 1] += 1
    return selected


def _one_trial(p_dlt: Sequence[float], rng: random.Random) -> int:
    n_levels = len(p_dlt)
    patients, dlts = [0] * n_levels, [0] * n_levels
    level, failed = 0, n_levels
    while True:
        for _ in range(3):
            patients[level] += 1
            if rng.random() < p_dlt[level]:
                dlts[level] += 1
        if dlts[level] >= 2:
            failed = level
            level -= 1
            if level < 0 or patients[level] == 6:
                return level
        elif patients[level] == 6 or dlts[level] == 0:
            if level + 1 < failed:
                level += 1
            elif patients[level] == 6:
                return level


def enumerate_paths(p_dlt: Sequence[float]) -> tuple[list[float], float, int]:
    """Follow every path by recursion: P(no level, each level selected), E[patients], paths."""
    n_levels = len(p_dlt)
    selected = [0.0] * (n_levels + 1)
    patients, dlts = [0] * n_levels, [0] * n_levels
    total = [0.0, 0]

    def end(mtd: int, probability: float) -> None:
        selected[mtd + 1] += probability
        total[0] += probability * sum(patients)
        total[1] += 1

    def follow(level: int, failed: int, probability: float) -> None:
        p = p_dlt[level]
        for x in range(4):
            patients[level] += 3
            dlts[level] += x
            here = probability * comb(3, x) * p**x * (1 - p) ** (3 - x)
            if dlts[level] >= 2:
                if level == 0 or patients[level - 1] == 6:
                    end(level - 1, here)
                else:
                    follow(level - 1, level, here)
            elif patients[level] == 3 and dlts[level] == 1:
                follow(level, failed, here)
            elif level + 1 < failed:
                follow(level + 1, failed, here)
            elif patients[level] == 6:
                end(level, here)
            else:
                follow(level, failed, here)
            patients[level] -= 3
            dlts[level] -= x

    follow(0, n_levels, 1.0)
    return selected, total[0], int(total[1])
