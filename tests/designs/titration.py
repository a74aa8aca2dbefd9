"""Accelerated titration told as a story, from the article's description and not from the program.

One patient a level until the first DLT or the second moderate toxicity; then the level is expanded
to three and the trial is a conventional 3+3.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from math import comb
from typing import Any

OPTIONS: list[dict[str, Any]] = [
    {"below": below, "top": top, "untested_below": untested, "two_of_six": two_of_six}
    for below, top, untested, two_of_six in itertools.product(
        ("expand", "declare"), ("expand", "declare"), ("treat", "stop"), ("fail", "mtd")
    )
]
Cohort = tuple[int, str]
"""A level, and a letter a patient; in a cohort of three the order does not matter."""


class MoreNeededError(Exception):
    """The story goes on with a cohort of this size at this level; alone, in titration."""

    def __init__(self, level: int, size: int, alone: bool) -> None:
        self.cohort = (level, size, alone)


def conduct(
    treat: Callable[[int, int, bool], str],
    *,
    n_levels: int,
    start: int = 0,
    moderate_events: int = 2,
    below: str = "expand",
    top: str = "expand",
    untested_below: str = "treat",
    two_of_six: str = "fail",
    after_titration: str = "same",
) -> int | None:
    """Conduct a trial and return its MTD; ``treat`` gives a cohort's letters."""
    patients: dict[int, str] = {}

    def give(level: int, size: int, alone: bool = False) -> str:
        letters = treat(level, size, alone)
        patients[level] = patients.get(level, "") + letters
        return letters

    level = start
    n_moderate = 0
    while True:
        letter = give(level, 1, alone=True)
        n_moderate += letter == "M"
        if letter == "T" or n_moderate == moderate_events or level == n_levels - 1:
            break
        level += 1
    if letter == "T" and after_titration == "below" and level > 0:
        level -= level > start or untested_below == "treat"

    failed = n_levels
    while True:
        given = patients.get(level, "")
        if not given and level < start and untested_below == "stop":
            return None
        if len(given) < 3:
            give(level, 3 - len(given))
        last_one = level + 1 == failed
        six_wanted = (below if failed < n_levels else top) == "expand" and last_one
        in_doubt = patients[level].count("T") == 1 or (six_wanted and "T" not in patients[level])
        if in_doubt and len(patients[level]) == 3:
            give(level, 3)
        dlts = patients[level].count("T")
        if dlts == 2 and len(patients[level]) == 6 and two_of_six == "mtd":
            return level
        if dlts >= 2:
            if level == 0:
                return None
            failed, level = level, level - 1
        elif last_one:
            return level
        else:
            level += 1


def every_trial(**design: Any) -> Iterator[tuple[list[Cohort], int | None]]:
    """Yield every course that a trial can take, with its MTD."""
    waiting: list[list[Cohort]] = [[]]
    while waiting:
        course = waiting.pop()
        try:
            mtd = conduct(_retell(course), **design)
        except MoreNeededError as more:
            level, size, alone = more.cohort
            outcomes = "NTM" if alone else ["T" * x + "N" * (size - x) for x in range(size + 1)]
            waiting += [[*course, (level, letters)] for letters in outcomes]
        else:
            yield course, mtd


def _retell(course: list[Cohort]) -> Callable[[int, int, bool], str]:
    told = iter(course)

    def treat(level: int, size: int, alone: bool) -> str:
        for at, letters in told:
            assert (at, len(letters)) == (level, size)
            return letters
        raise MoreNeededError(level, size, alone)

    return treat


def probability(course: list[Cohort], p_dlt: Sequence[float], p_moderate: Sequence[float]) -> float:
    """Return the probability of a course: three outcomes for who is treated alone, else two."""
    product = 1.0
    for level, letters in course:
        p, q = p_dlt[level], p_moderate[level]
        if len(letters) == 1:
            product *= {"N": (1 - p) * (1 - q), "T": p, "M": (1 - p) * q}[letters]
        else:
            n, x = len(letters), letters.count("T")
            product *= comb(n, x) * p**x * (1 - p) ** (n - x)
    return product
