"""Every state that a trial under a design can reach, found by asking ``decide``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.designs.base import MAX_LEVELS, MAX_MEMORY, Decision, Design
from escalation.errors import EscalationError
from escalation.outcomes import Tally

__all__ = ["TooManyStatesError", "Walk", "walk_design"]

Tallies = tuple[Tally, ...]


class TooManyStatesError(EscalationError):
    """A design with more reachable states than can be held."""

    def __init__(self, n_levels: int, max_states: int) -> None:
        self.n_levels = n_levels
        self.max_states = max_states
        super().__init__(
            f"on a ladder of {n_levels} levels the design can reach more than {max_states} "
            "states; use fewer levels or a maximum sample size"
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
        The state after the next cohort, by its number of DLTs; empty at the trial's end.
    """

    tallies: list[Tallies]
    codes: list[int]
    levels: list[int]
    lasts: list[Tally]
    decisions: list[Decision]
    following: list[list[int]]


def walk_design(
    design: Design, roots: Sequence[tuple[Tallies, Tally]], level: int, max_states: int
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

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states.
    """
    walk = Walk(
        tallies=[tallies for tallies, _ in roots],
        codes=[_code(tallies) for tallies, _ in roots],
        levels=[level] * len(roots),
        lasts=[last for _, last in roots],
        decisions=[],
        following=[],
    )
    states, codes, levels, lasts = walk.tallies, walk.codes, walk.levels, walk.lasts
    # looked up by number: hashing the tallies themselves took most of the time
    number = {
        (code * MAX_LEVELS + level) * MAX_MEMORY + design.remember(last): index
        for index, (code, last) in enumerate(zip(codes, lasts, strict=True))
    }
    tally_of: dict[tuple[int, int], Tally] = {}
    cohorts_of: dict[int, list[tuple[Tally, int]]] = {}
    n_prepared = 0
    # they grow on the way
    for index, (state, here, code, last) in enumerate(
        zip(states, levels, codes, lasts, strict=True)
    ):
        if index == n_prepared:
            design.prepare(states[n_prepared:])
            n_prepared = len(states)
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
        for n_dlts, (cohort, memory) in enumerate(cohorts_of[size]):
            child_code = code + (size * _HALF_DIGIT + n_dlts) * digit
            key = (child_code * MAX_LEVELS + target) * MAX_MEMORY + memory
            child = number.setdefault(key, len(states))
            if child == len(states):
                if child >= max_states:
                    raise TooManyStatesError(design.n_levels, max_states)
                counts = (seen.n_evaluable + size, seen.n_dlts + n_dlts)
                if counts not in tally_of:
                    tally_of[counts] = Tally(n_evaluable=counts[0], n_dlts=counts[1])
                states.append((*state[:target], tally_of[counts], *state[target + 1 :]))
                levels.append(target)
                codes.append(child_code)
                lasts.append(cohort)
            following.append(child)
    return walk


_HALF_DIGIT = 1 << 20
_DIGIT = _HALF_DIGIT**2


def _code(state: Tallies) -> int:
    return sum(
        (tally.n_evaluable * _HALF_DIGIT + tally.n_dlts) * _DIGIT**level
        for level, tally in enumerate(state)
    )
