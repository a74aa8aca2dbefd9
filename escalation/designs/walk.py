"""Every state that a trial under a design can reach, found by asking ``decide``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.designs.base import MAX_LEVELS, Decision, Design
from escalation.errors import EscalationError
from escalation.outcomes import Tally

__all__ = ["TooManyStatesError", "Walk", "child_code", "state_code", "walk_design"]

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
    decisions : list of Decision
    following : list of list of int
        The state after the next cohort, by its number of DLTs; empty at the trial's end.
    """

    tallies: list[Tallies]
    codes: list[int]
    levels: list[int]
    decisions: list[Decision]
    following: list[list[int]]


def walk_design(design: Design, roots: Sequence[Tallies], level: int, max_states: int) -> Walk:
    """Walk every outcome of every cohort from ``roots``, equal states merged.

    Parameters
    ----------
    design : Design
    roots : sequence of tuple of Tally
        Where trials start, nobody pending; they come first among the states.
    level : int
        0-based level of the last cohort before the start.
    max_states : int

    Raises
    ------
    TooManyStatesError
        If there are more than ``max_states`` states.
    """
    walk = Walk(
        tallies=list(roots),
        codes=[state_code(root) for root in roots],
        levels=[level] * len(roots),
        decisions=[],
        following=[],
    )
    states, codes, levels = walk.tallies, walk.codes, walk.levels
    # looked up by number: hashing the tallies themselves took most of the time
    number = {code * MAX_LEVELS + level: index for index, code in enumerate(codes)}
    tally_of: dict[tuple[int, int], Tally] = {}
    for state, here, code in zip(states, levels, codes, strict=True):  # they grow on the way
        decision = design.decide(state, here)
        walk.decisions.append(decision)
        walk.following.append(following := [])
        target, size = decision.level, decision.n_to_enrol
        if target is None:
            continue
        seen, digit = state[target], _DIGIT**target
        for n_dlts in range(size + 1):
            child_code = code + (size * _HALF_DIGIT + n_dlts) * digit
            child = number.setdefault(child_code * MAX_LEVELS + target, len(states))
            if child == len(states):
                if child >= max_states:
                    raise TooManyStatesError(design.n_levels, max_states)
                counts = (seen.n_evaluable + size, seen.n_dlts + n_dlts)
                if counts not in tally_of:
                    tally_of[counts] = Tally(n_evaluable=counts[0], n_dlts=counts[1])
                states.append((*state[:target], tally_of[counts], *state[target + 1 :]))
                levels.append(target)
                codes.append(child_code)
            following.append(child)
    return walk


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
