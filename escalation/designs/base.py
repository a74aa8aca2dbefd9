"""What every design is: one pure function from what has been seen to what to do next."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import ClassVar, final

from escalation.errors import InputError
from escalation.outcomes import Tally

__all__ = [
    "MAX_LEVELS",
    "Action",
    "Clause",
    "Decision",
    "Design",
    "LevelStatus",
    "count_resolutions",
    "resolve_pending",
]

MAX_LEVELS = 100
MAX_WAYS = 100_000


class Action(StrEnum):
    """What to do next, relative to the level of the last cohort."""

    ESCALATE = "escalate"
    STAY = "stay"
    DEESCALATE = "deescalate"
    STOP = "stop"
    WAIT = "wait"


class LevelStatus(StrEnum):
    """How a design judges one level on its evaluable patients alone."""

    NOT_GIVEN = "not given"
    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"
    BORDERLINE = "borderline"
    TOO_TOXIC = "too toxic"


@dataclass(frozen=True, slots=True)
class Clause:
    """The sentence of the protocol that a decision rests on."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a design says to do next.

    Attributes
    ----------
    action : Action
    level : int or None
        0-based level of the next patients; None when there are none (stop, wait).
    n_to_enrol : int
        Patients to enrol there before the next decision.
    mtd : int or None
        0-based maximum tolerated dose, on stopping; None where none was found.
    clause : Clause
    settled : bool
        False when pending patients can still change the answer.
    inconclusive : bool
        True when the trial stops without having answered: the MTD is not determined, which is
        not the same as no level being tolerated.
    possible : tuple of Decision
        When waiting, the answers still possible.
    """

    action: Action
    level: int | None = None
    n_to_enrol: int = 0
    mtd: int | None = None
    clause: Clause
    settled: bool = True
    inconclusive: bool = False
    possible: tuple[Decision, ...] = ()


class Design(ABC):
    """A dose-escalation design on a ladder of ``n_levels`` levels.

    Subclasses are frozen dataclasses whose fields after ``n_levels`` and ``start`` are the
    design's options, named as in a protocol file's ``[design]`` table.
    """

    __slots__ = ()

    name: ClassVar[str]
    n_levels: int
    start: int

    @final
    def decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        """Say what to do next, given what has been seen.

        Only the tallies and the current level count, never the order in which they came. With
        patients pending, the decision is made under each way they can turn out; it is settled
        when all ways agree, else the answer is to wait.

        Parameters
        ----------
        tallies : sequence of Tally
            One a level, lowest first.
        level : int
            0-based level of the last cohort; ``start`` before the first.

        Returns
        -------
        Decision

        Raises
        ------
        InputError
            If ``tallies`` or ``level`` do not fit the ladder.
        """
        if len(tallies) != self.n_levels:
            raise InputError(f"{len(tallies)} tallies for a ladder of {self.n_levels} levels")
        if type(level) is not int or not 0 <= level < self.n_levels:
            raise InputError(f"level index {level!r} is outside 0 .. {self.n_levels - 1}")
        for tally in tallies:
            if tally.n_pending:
                return self._decide_pending(tallies, level)
        return self._decide(tallies, level)

    @abstractmethod
    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        """Decide on complete data: nobody is pending, sizes have been checked."""

    @abstractmethod
    def status(self, tally: Tally) -> LevelStatus:
        """Judge one level on its evaluable patients alone."""

    @property
    @abstractmethod
    def stages(self) -> tuple[int, ...]:
        """Numbers of evaluable patients at one level after which the protocol foresees a look."""

    def _decide_pending(self, tallies: Sequence[Tally], level: int) -> Decision:
        if count_resolutions(tallies) > MAX_WAYS:
            n_pending = sum(tally.n_pending for tally in tallies)
            return Decision(action=Action.WAIT, clause=_too_many_pending(n_pending), settled=False)
        answers: dict[tuple[object, ...], Decision] = {}
        clauses: dict[str, Clause] = {}
        for resolved in resolve_pending(tallies):
            answer = self._decide(resolved, level)
            key = (answer.action, answer.level, answer.n_to_enrol, answer.mtd, answer.inconclusive)
            answers.setdefault(key, answer)
            clauses.setdefault(answer.clause.id, answer.clause)
        first, *others = answers.values()
        if others:
            return Decision(
                action=Action.WAIT, clause=WAIT, settled=False, possible=(first, *others)
            )
        if len(clauses) == 1:
            return first
        return Decision(
            action=first.action,
            level=first.level,
            n_to_enrol=first.n_to_enrol,
            mtd=first.mtd,
            inconclusive=first.inconclusive,
            clause=SETTLED_EARLY,
        )


def count_resolutions(tallies: Sequence[Tally]) -> int:
    """Count the ways that ``resolve_pending`` yields."""
    return prod(tally.n_pending + 1 for tally in tallies)


def resolve_pending(tallies: Sequence[Tally]) -> Iterator[tuple[Tally, ...]]:
    """Yield every way the pending patients can turn out, with a DLT or without, as tallies.

    A patient who turns out not evaluable is replaced, and the replacement is pending in turn.
    """
    ways = [
        [
            Tally(n_evaluable=tally.n_patients, n_dlts=tally.n_dlts + n_dlts)
            for n_dlts in range(tally.n_pending + 1)
        ]
        for tally in tallies
    ]
    yield from itertools.product(*ways)


WAIT = Clause(
    "wait",
    "Pending patients can still change the decision: wait until their DLT window closes "
    "or enough of them have had a DLT.",
)
SETTLED_EARLY = Clause(
    "settled-early",
    "Every way in which the pending patients can turn out leads to the same decision.",
)


def _too_many_pending(n_pending: int) -> Clause:
    return Clause(
        "wait", f"{n_pending} patients are pending, too many to foresee how they turn out: wait."
    )
