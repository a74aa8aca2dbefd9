"""What of the tallies a decision looks at, so that it can be asked once for many states."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from escalation.dataclass import dataclass
from escalation.outcomes import Tally

__all__ = ["Outline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What of complete tallies a design looks at in its decision.

    Where the outlines of two states are equal, so are the decisions, apart from which MTD is
    selected at the end. The design declares this beside its rule; who walks all states asks it for
    one state of each outline. Outlines are small where thresholds have been applied to them, and no
    threshold is known to whoever compares them.

    Attributes
    ----------
    here : callable (level, tally) -> hashable
        Of the tally at the level of the last cohort.
    elsewhere : callable (level, tally) -> hashable
        Of the tally at any other level.
    in_all : callable (n_evaluable) -> hashable
        Of the number of patients in the whole trial.
    selecting : frozenset of str
        The clauses of the decisions that select an MTD from all levels.
    select : callable (tallies, which) -> int array, shape (N,)
        The MTD that these select, -1 for none. States come as a list of the different tallies, and
        for each which of them is at each level, shape (N, L).
    one_size : bool
        Whether all cohorts are of one size, and a level is judged after each by its own tally, the
        highest level still open alone counting beside it.
    """

    here: Callable[[int, Tally], Hashable]
    elsewhere: Callable[[int, Tally], Hashable]
    in_all: Callable[[int], Hashable]
    selecting: frozenset[str]
    one_size: bool
    select: Callable[[Sequence[Tally], Any], Any]  # arrays of numpy, which one decision lacks
