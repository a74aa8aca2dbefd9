"""Every state that a trial under a design can reach, found by asking ``decide``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from escalation.dataclass import dataclass
from escalation.designs.base import (
    MAX_LEVELS,
    MAX_MEMORY,
    MAX_SUMMARY,
    Decision,
    Design,
)
from escalation.errors import EscalationError
from escalation.outcomes import Tally

__all__ = ["TooManyStatesError", "Walk", "child_code", "state_code", "state_key", "walk_design"]

Tallies = tuple[Tally, ...]


class TooManyStatesError(EscalationError):
    """A design with more reachable states than can be held.

    Attributes
    ----------
    n_levels, max_states : int
    fits : int or None
        The largest maximum sample size that would do, where it is known.
    expected : mapping of int to int
        About how many states there are with at most so many patients, where that is known.
    fits_levels : int or None
        On how many levels there are few enough, where it is known.
    """

    def __init__(
        self,
        n_levels: int,
        max_states: int,
        fits: int | None = None,
        expected: Mapping[int, int] | None = None,
        fits_levels: int | None = None,
    ) -> None:
        self.n_levels = n_levels
        self.max_states = max_states
        self.fits = fits
        self.expected = expected or {}
        self.fits_levels = fits_levels
        shorter = "fewer levels" if fits_levels is None else f"at most {fits_levels} levels"
        smaller = "a smaller maximum sample size" if fits is None else f"at most {fits} patients"
        super().__init__(
            f"on a ladder of {n_levels} levels the design can reach more than {max_states} "
            f"states; use {shorter} or {smaller}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """The states found, in order of the number of cohorts; one entry a state in each list.

    Attributes
    ----------
    tallies : list of tuple of Tally
        What has been seen, one tally a level.
    codes : list of int
        The same as one number, equal where the tallies are.
    levels : list of int
        0-based level of the last cohort.
    lasts : list of Tally
        The last cohort, for a design that remembers it; of several that it takes for one, one.
    decisions : list of Decision
    following : list of list of int
        The state after the next cohort, by its number of DLTs, and last after a patient with a
        moderate toxicity where that counts; empty at the trial's end.
    """

    tallies: list[Tallies]
    codes: list[int]
    levels: list[int]
    lasts: list[Tally]
    decisions: list[Decision]
    following: list[list[int]]


def walk_design(
    design: Design,
    roots: Sequence[tuple[Tallies, Tally]],
    level: int,
    max_states: int,
    *,
    n_cohorts: int | None = None,
) -> Walk:
    """Walk every outcome of every cohort from ``roots``, equal states merged.

    Parameters
    ----------
    design : Design
    roots : sequence of (tuple of Tally, Tally)
        Where trials start, nobody pending: what has been seen at each level, and in the last
        cohort. They come first among the states.
    level : int
        0-based level of the last cohort before the start.
    max_states : int
    n_cohorts : int, optional
        How many cohorts to look ahead; a follower beyond them is -1. To every end by default.

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states.
    """
    walk = Walk(
        tallies=[tallies for tallies, _ in roots],
        codes=[state_code(tallies) for tallies, _ in roots],
        levels=[level] * len(roots),
        lasts=[last for _, last in roots],
        decisions=[],
        following=[],
    )
    states, codes, levels, lasts = walk.tallies, walk.codes, walk.levels, walk.lasts
    # looked up by number: hashing the tallies themselves took most of the time
    number: dict[int, int] = {}
    for index, (tallies, last) in enumerate(roots):
        key = state_key(codes[index], level, design.remember(last))
        number[_add_moderate(design, key, tallies, level)] = index
    graded = design.asks_moderate
    tally_of: dict[tuple[int, int, int], Tally] = {}
    cohorts_of: dict[int, list[tuple[Tally, int]]] = {}
    n_prepared = n_behind = 0
    # they grow on the way
    for index, (state, here, code, last) in enumerate(
        zip(states, levels, codes, lasts, strict=True)
    ):
        if index == n_prepared:
            design.prepare(states[n_prepared:])
            n_prepared, n_behind = len(states), n_behind + 1
        decision = design.decide(state, here, last)
        walk.decisions.append(decision)
        walk.following.append(following := [])
        target, size = decision.level, decision.n_to_enrol
        if target is None:
            continue
        seen, digit = state[target], _DIGIT**target
        if size not in cohorts_of:
            cohorts = [Tally(n_evaluable=size, n_dlts=n_dlts) for n_dlts in range(size + 1)]
            cohorts_of[size] = [(cohort, design.remember(cohort)) for cohort in cohorts]
        outcomes = cohorts_of[size]
        if decision.counts_moderate:
            outcomes = [*outcomes, (_MODERATE, design.remember(_MODERATE))]
        if n_cohorts is not None and n_behind > n_cohorts:
            following.extend([-1] * len(outcomes))
            continue
        for cohort, memory in outcomes:
            n_dlts = cohort.n_dlts
            # as child_code and state_key, written out in the innermost loop
            after_code = code + (size * _HALF_DIGIT + n_dlts) * digit
            key = (after_code * MAX_LEVELS + target) * MAX_MEMORY + memory
            if graded:
                after = (*state[:target], seen.plus(cohort), *state[target + 1 :])
                key = _add_moderate(design, key, after, target)
            child = number.setdefault(key, len(states))
            if child == len(states):
                if child >= max_states:
                    raise TooManyStatesError(design.n_levels, max_states)
                counts = (
                    seen.n_evaluable + size,
                    seen.n_dlts + n_dlts,
                    seen.n_moderate + cohort.n_moderate,
                )
                if counts not in tally_of:
                    tally_of[counts] = seen.plus(cohort)
                states.append((*state[:target], tally_of[counts], *state[target + 1 :]))
                levels.append(target)
                codes.append(after_code)
                lasts.append(cohort)
            following.append(child)
    return walk


def _add_moderate(design: Design, key: int, tallies: Tallies, level: int) -> int:
    """Return the key with what the design still needs to know of moderate toxicities."""
    if not design.asks_moderate:
        return key
    return key * MAX_SUMMARY + design.summarise_moderate(tallies, level)


_MODERATE = Tally(n_evaluable=1, n_moderate=1)
_HALF_DIGIT = 1 << 20
_DIGIT = _HALF_DIGIT**2


def state_code(state: Tallies) -> int:
    """Return what has been seen as one number."""
    return sum(
        (tally.n_evaluable * _HALF_DIGIT + tally.n_dlts) * _DIGIT**level
        for level, tally in enumerate(state)
    )


def child_code(code: int, level: int, size: int, n_dlts: int) -> int:
    """Return the code after a cohort of ``size`` with so many DLTs at a level."""
    digit: int = _DIGIT**level
    return code + (size * _HALF_DIGIT + n_dlts) * digit


def state_key(code: int, level: int, memory: int) -> int:
    """Return a state as one number: what has been seen, where, and what is remembered."""
    return (code * MAX_LEVELS + level) * MAX_MEMORY + memory
