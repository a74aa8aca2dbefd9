"""What every report asks of a design: the states it can reach, and the words for what it answers.

A report never knows a rule. It puts a design into a situation, asks ``decide``, and prints the
answer, so it cannot differ from what the design does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from escalation.dataclass import dataclass
from escalation.designs import Decision, Design, LevelStatus
from escalation.designs.walk import walk_design
from escalation.errors import DesignError
from escalation.outcomes import Tally
from escalation.text import join_words

__all__ = [
    "State",
    "answer_words",
    "mtd_words",
    "neighbours",
    "on_ladder",
    "reachable_states",
    "require_stages",
    "runs",
    "tallies_words",
    "uncapped",
]

MAX_STATES = 200_000

StateKey = tuple[tuple[Tally, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a trial can stand, and what the design says there.

    Attributes
    ----------
    tallies : tuple of Tally
        One a level, lowest first.
    level : int
        0-based level of the last cohort; the start before the first.
    decision : Decision
    following : tuple
        Tallies and level after the next cohort, by its number of DLTs.
    """

    tallies: tuple[Tally, ...]
    level: int
    decision: Decision
    following: tuple[StateKey, ...]

    @property
    def here(self) -> Tally:
        """What has been seen at the level of the last cohort."""
        return self.tallies[self.level]


def reachable_states(design: Design) -> dict[StateKey, State]:
    """Walk every outcome of every cohort from the start, equal states merged.

    Returns
    -------
    dict
        States by their tallies and level, in order of the number of cohorts.

    Raises
    ------
    TooManyStatesError
        If there are too many states to print anything from.
    """
    walk = walk_design(design, [((Tally(),) * design.n_levels, Tally())], design.start, MAX_STATES)
    keys = list(zip(walk.tallies, walk.levels, strict=True))
    return {
        key: State(
            tallies=key[0],
            level=key[1],
            decision=decision,
            following=tuple(keys[child] for child in following),
        )
        for key, decision, following in zip(keys, walk.decisions, walk.following, strict=True)
    }


def require_stages(design: Design, what: str) -> None:
    """Refuse to print what only a design that judges a level by stages, on DLTs alone, has.

    Raises
    ------
    DesignError
        Saying what to print instead.
    """
    if design.asks_moderate:
        raise DesignError(
            f"there is no {what} for {design.name}, whose titration counts moderate toxicities; "
            "`escalation table` prints what it says, and --design 3+3 the rule that follows it"
        )
    if not design.by_level:
        raise DesignError(
            f"there is no {what} for {design.name}, which judges all levels together; "
            "`escalation table` prints what it says after the first cohorts"
        )
    if not design.by_stages:
        raise DesignError(
            f"there is no {what} for {design.name}, which judges a level on any number of "
            "patients; `escalation table` prints the whole rule"
        )


def on_ladder(design: Design, *, n_levels: int, start: int) -> Design:
    """Return the same design on another ladder."""
    # every design is a dataclass with these two fields, which Design itself cannot say
    return replace(design, n_levels=n_levels, start=start)  # type: ignore[type-var]


def uncapped(design: Design) -> Design:
    """Return ``design`` without a maximum sample size, where it can do without one."""
    if design.max_patients is None:
        return design
    try:
        return replace(design, max_patients=None)  # type: ignore[type-var]  # a dataclass
    except DesignError:
        return design


def neighbours(
    design: Design, tallies: tuple[Tally, ...], level: int
) -> tuple[LevelStatus | None, LevelStatus | None]:
    """Return how the levels above and below are judged; None off the ladder."""
    above = design.status(tallies[level + 1]) if level + 1 < len(tallies) else None
    below = design.status(tallies[level - 1]) if level > 0 else None
    return above, below


def answer_words(decision: Decision, level: int, *, begun: bool = True) -> str:
    """Say what to do next, seen from ``level``; ``begun`` when patients were treated there."""
    if decision.level is not None:
        treat = f"treat {decision.n_to_enrol}"
        if decision.n_optional:
            treat += f" to {decision.n_at_most}"
        step = decision.level - level
        if step == 0:
            return f"stay, {treat}" if begun else treat
        many = f" {abs(step)} levels" if abs(step) > 1 else ""
        return f"{'escalate' if step > 0 else 'de-escalate'}{many}, {treat}"
    if not decision.settled:
        return "wait"
    if decision.inconclusive:
        return "stop, MTD not determined"
    if decision.mtd is None:
        return "stop, no MTD"
    step = decision.mtd - level
    return f"stop, {mtd_words(step) if step else 'it'} is the MTD"


def mtd_words(step: int) -> str:
    """Name the MTD by its distance from the level spoken of."""
    if step == 0:
        return "this level"
    side = "above" if step > 0 else "below"
    return f"the level {side}" if abs(step) == 1 else f"{abs(step)} levels {side}"


def tallies_words(tallies: Iterable[tuple[int, int]]) -> str:
    """Write (patients, DLTs) pairs as ``2/3, 3/3 or 2/6 to 4/6``."""
    by_size: dict[int, set[int]] = {}
    for n, x in tallies:
        by_size.setdefault(n, set()).add(x)
    words = []
    for n in sorted(by_size):
        for first, last in runs(by_size[n]):
            if last - first > 1:
                words.append(f"{first}/{n} to {last}/{n}")
            else:
                words.extend(f"{x}/{n}" for x in range(first, last + 1))
    return join_words(words, "or")


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive numbers, as (first, last)."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
