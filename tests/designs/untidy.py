"""A design's answer to every tally on a small ladder, as arrays, and what must hold of all of them.

"Untidy" is everything the protocol would not have produced as well: one to five patients at a
level, over-enrolled ones, levels given against the rule, a current level that was never given.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from escalation.designs import Action, Design
from escalation.outcomes import Tally

Ints = NDArray[np.int64]
Judge = Callable[[Ints, Ints], NDArray[np.bool_]]
NONE = -1


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One entry a row: every tally at every level, under every current level."""

    n: Ints  # (rows, L)
    x: Ints  # (rows, L)
    current: Ints
    action: NDArray[np.str_]
    level: Ints
    n_to_enrol: Ints
    mtd: Ints
    inconclusive: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    shape: tuple[int, ...]  # (tallies of the first level, ..., current level)

    def row(self, index: int) -> str:
        seen = " ".join(f"{x}/{n}" for x, n in zip(self.x[index], self.n[index], strict=True))
        return (
            f"{seen}, at {self.current[index]}: {self.action[index]} level {self.level[index]} "
            f"enrol {self.n_to_enrol[index]} mtd {self.mtd[index]}"
        )


def every_answer(design: Design, sizes: Iterable[int]) -> Answers:
    """Decide on every tally with these numbers of patients at each level of the ladder."""
    return _every_answer(design, tuple(sizes))


@lru_cache(maxsize=32)  # several tests ask the same design
def _every_answer(design: Design, sizes: tuple[int, ...]) -> Answers:
    one = [Tally(n_evaluable=n, n_dlts=x) for n in sizes for x in range(n + 1)]
    levels = range(design.n_levels)
    decide = design.decide
    rows = []
    design.prepare(itertools.product(one, repeat=design.n_levels))
    for tallies in itertools.product(one, repeat=design.n_levels):
        for current in levels:
            d = decide(tallies, current)
            rows.append(
                (
                    d.action,
                    NONE if d.level is None else d.level,
                    d.n_to_enrol,
                    NONE if d.mtd is None else d.mtd,
                    d.inconclusive,
                    d.settled,
                )
            )
    action, level, n_to_enrol, mtd, inconclusive, settled = zip(*rows, strict=True)
    shape = (len(one),) * design.n_levels + (design.n_levels,)
    index = np.indices(shape).reshape(len(shape), -1)
    n, x = (np.array([getattr(t, name) for t in one]) for name in ("n_evaluable", "n_dlts"))
    return Answers(
        n=n[index[:-1]].T,
        x=x[index[:-1]].T,
        current=index[-1],
        action=np.array([a.value for a in action]),
        level=np.array(level),
        n_to_enrol=np.array(n_to_enrol),
        mtd=np.array(mtd),
        inconclusive=np.array(inconclusive),
        settled=np.array(settled),
        shape=shape,
    )


def assert_none(answers: Answers, wrong: NDArray[np.bool_], what: str) -> None:
    found = np.flatnonzero(wrong)
    shown = "; ".join(answers.row(i) for i in found[:5])
    assert not found.size, f"{what}: {found.size} of {len(wrong)}, as {shown}"


def assert_sound(answers: Answers, is_failed: Judge, is_open: Judge) -> None:
    """Assert what holds of every A+B decision without a cap, whatever its options.

    ``is_failed(n, x)`` says which tallies make a level too toxic and ``is_open(n, x)`` which of
    those given leave it unjudged; they come from the test, not from the design.
    """
    n_levels = answers.n.shape[1]
    treats = answers.level != NONE
    stops = answers.action == Action.STOP
    failed = is_failed(answers.n, answers.x)
    ceiling = np.where(failed.any(axis=1), failed.argmax(axis=1), n_levels)

    assert_none(answers, ~answers.settled, "not settled with nobody pending")
    assert_none(answers, answers.action == Action.WAIT, "waits with nobody pending")
    assert_none(answers, treats & (answers.level >= ceiling), "gives a level at or above failed")
    assert_none(answers, treats != (answers.n_to_enrol > 0), "level without patients, or reverse")
    assert_none(answers, treats == stops, "stops and treats, or neither")
    assert_none(answers, (answers.mtd != NONE) & ~stops, "an MTD without stopping")
    assert_none(answers, answers.mtd >= ceiling, "an MTD at or above a failed level")
    assert_none(answers, answers.inconclusive, "inconclusive without a cap")

    for action, agrees in (
        (Action.ESCALATE, answers.level > answers.current),
        (Action.STAY, answers.level == answers.current),
        (Action.DEESCALATE, treats & (answers.level < answers.current)),
    ):
        assert_none(answers, (answers.action == action) != agrees & treats, f"{action} by name")

    columns = np.arange(n_levels)
    skipped = (columns > answers.current[:, None]) & (columns < answers.level[:, None])
    assert_none(answers, (skipped & (answers.n == 0)).any(axis=1), "skips an untried level upwards")
    unfinished = (columns < answers.mtd[:, None]) & is_open(answers.n, answers.x)
    assert_none(answers, unfinished.any(axis=1), "an MTD above a level that is not judged")


def assert_capped(capped: Answers, uncapped: Answers, max_patients: int) -> None:
    """Assert that a cap changes nothing but to stop what would exceed it."""
    total = uncapped.n.sum(axis=1) + uncapped.n_to_enrol
    too_many = (uncapped.level != NONE) & (total > max_patients)
    for name in ("action", "level", "n_to_enrol", "mtd", "inconclusive"):
        differs = getattr(capped, name) != getattr(uncapped, name)
        assert_none(capped, differs & ~too_many, f"the cap changes {name}")
    stopped = (capped.action == Action.STOP) & capped.inconclusive & (capped.mtd == NONE)
    assert_none(capped, too_many & ~stopped, "exceeds max_patients")


def one_more_dlt(answers: Answers) -> list[tuple[Ints, Ints]]:
    """Pair the rows that differ by one more DLT at one level, a pair of index arrays a level."""
    number = np.arange(len(answers.current)).reshape(answers.shape)
    pairs = []
    for level in range(answers.n.shape[1]):
        lines = np.moveaxis(number, level, 0)
        few, many = lines[:-1].ravel(), lines[1:].ravel()
        same = answers.n[few, level] == answers.n[many, level]
        pairs.append((few[same], many[same]))
    return pairs


def assert_never_higher(answers: Answers) -> None:
    """Assert that one more DLT never leads to a higher next level, nor to a higher MTD."""
    named = np.where(answers.level != NONE, answers.level, answers.mtd)
    for few, many in one_more_dlt(answers):
        higher = np.zeros(len(named), dtype=bool)
        higher[many] = named[many] > named[few]
        assert_none(answers, higher, "named a lower level with one DLT less")
