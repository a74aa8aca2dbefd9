"""What every design is: one pure function from what has been seen to what to do next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, final

from escalation.dataclass import dataclass
from escalation.designs.outline import Outline
from escalation.designs.pending import check_follow_up, count_resolutions, resolve_with_last
from escalation.errors import InputError
from escalation.outcomes import FollowUp, Tally

if TYPE_CHECKING:
    from escalation.designs.followed import FollowedStates

__all__ = [
    "MAX_LEVELS",
    "MAX_MEMORY",
    "MAX_SUMMARY",
    "NOBODY",
    "Action",
    "Clause",
    "Decision",
    "Design",
    "LevelStatus",
]

MAX_LEVELS = 100
MAX_WAYS = 100_000
MAX_MEMORY = 1 << 10
MAX_SUMMARY = 1 << 20
NOBODY = Tally()


class Action(StrEnum):
    """What to do next, relative to the level of the last cohort."""

    ESCALATE = "escalate"
    STAY = "stay"
    DEESCALATE = "deescalate"
    STOP = "stop"
    WAIT = "wait"

    @classmethod
    def towards(cls, target: int, level: int) -> Action:
        """Return what it is to treat at ``target``, after a cohort at ``level``."""
        if target == level:
            return cls.STAY
        return cls.ESCALATE if target > level else cls.DEESCALATE


class LevelStatus(StrEnum):
    """How a design judges one level on its evaluable patients alone."""

    NOT_GIVEN = "not given"
    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"
    BORDERLINE = "borderline"
    ABOVE_TARGET = "above target"
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
    n_optional : int
        How many more than these the protocol allows in the same cohort.
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
    counts_moderate : bool
        True where a moderate toxicity of the next patient, the only one, can change what follows.
    """

    action: Action
    level: int | None = None
    n_to_enrol: int = 0
    mtd: int | None = None
    clause: Clause
    settled: bool = True
    inconclusive: bool = False
    possible: tuple[Decision, ...] = ()
    counts_moderate: bool = False
    n_optional: int = 0

    @property
    def n_at_most(self) -> int:
        """The most patients to enrol before the next decision."""
        return self.n_to_enrol + self.n_optional

    @property
    def said(self) -> tuple[object, ...]:
        """What is to be done, apart from why: two decisions with one ``said`` are the same."""
        return self.action, self.level, self.n_to_enrol, self.mtd, self.inconclusive

    @property
    def has_ended(self) -> bool:
        """Whether nobody more will be treated."""
        return self.action is Action.STOP


class Design(ABC):
    """A dose-escalation design on a ladder of ``n_levels`` levels.

    Subclasses are frozen dataclasses whose fields after ``n_levels`` and ``start`` are the
    design's options, named as in a protocol file's ``[design]`` table.
    """

    __slots__ = ()

    name: ClassVar[str]
    # whether a level is judged after each stage, and for good: rule text and diagrams say it so
    by_stages: ClassVar[bool] = True
    # whether a level's own tally decides there: a table of the rule by level says it all
    by_level: ClassVar[bool] = True
    # whether the last cohort counts beside the tallies; ``remember`` says what of it
    remembers: ClassVar[bool] = False
    # by which patients are enrolled while others are pending; None: the design waits for them
    while_pending: ClassVar[Clause | None] = None
    # whether moderate toxicities count beside DLTs; ``summarise_moderate`` says what of them
    asks_moderate: ClassVar[bool] = False
    # whether it decides on how long pending patients have been followed
    asks_follow_up: ClassVar[bool] = False
    # whether a level is judged by boundaries at every number of patients, as the field's table says
    by_boundaries: ClassVar[bool] = False
    # the usual names of its options taken together, which ``variant`` holds
    variants: ClassVar[tuple[str, ...]] = ()
    n_levels: int
    start: int

    @property
    def target(self) -> float | None:
        """The P(DLT) sought; None where the design has none."""
        return None

    @property
    def max_patients(self) -> int | None:
        """The most patients in the whole trial; None where the design sets no limit."""
        return None

    @property
    def outline(self) -> Outline | None:
        """What of the tallies a decision looks at; None where a design does not say."""
        return None

    @property
    def digest(self) -> Callable[[Any, Any, Any, Any], Any] | None:
        """What decisions look at where all levels are judged together; None for no such.

        It is asked for many complete states at once, with evaluable patients and DLTs at each
        level, int arrays of shape (N, L), and the level of the last cohort and what ``remember``
        returns of it, shape (N,). It returns a whole number for each state: where they are equal,
        so are the decisions.
        """
        return None

    @property
    def follow_up_digest(self) -> Callable[[FollowedStates], Any] | None:
        """What decisions look at with follow-up, of many states at once; None for no such.

        It returns a whole number for each state: where they are equal, ``decide`` says the same,
        apart from which answers are still possible.
        """
        return None

    @property
    def full_name(self) -> str:
        """The name with that of the variant, where the options have one together."""
        return self.name

    @final
    def decide(
        self,
        tallies: Sequence[Tally],
        level: int,
        last: Tally = NOBODY,
        follow_up: Sequence[FollowUp] = (),
    ) -> Decision:
        """Say what to do next, given what has been seen.

        Only the tallies and the current level count, never the order in which they came; except for
        a design that remembers the last cohort, see ``remember``. With patients pending, the
        decision is made under each way they can turn out, with a DLT or without; it is settled
        when all ways agree, else the answer is to wait, or what the design's ``while_pending``
        says. To escalate or to stop must hold as well if pending patients turn out not evaluable.
        For a design that counts moderate toxicities, to have one is a way of its own to turn out
        without a DLT.

        A design that asks for follow-up decides by it instead, where it is given of every pending
        patient.

        Parameters
        ----------
        tallies : sequence of Tally
            One a level, lowest first.
        level : int
            0-based level of the last cohort; ``start`` before the first.
        last : Tally
            The last cohort alone, whose patients ``tallies`` hold as well. Only a design that
            remembers it looks at it.
        follow_up : sequence of FollowUp
            One a pending patient, and one a patient with a DLT where it is known when that came;
            only a design that asks for follow-up looks at them.

        Returns
        -------
        Decision

        Raises
        ------
        InputError
            If ``tallies``, ``level``, ``last`` or ``follow_up`` do not fit the ladder or each
            other.
        """
        self.check_fit(tallies, level)
        if not self.remembers:
            last = NOBODY
        for tally in tallies:
            if tally.n_pending:
                if follow_up and self.asks_follow_up:
                    check_follow_up(tallies, follow_up)
                    return self._decide_followed(tallies, level, last, follow_up)
                return self._decide_pending(tallies, level, last)
        return self._decide_remembering(tallies, level, self.remember(last))

    def check_fit(self, tallies: Sequence[Tally], level: int) -> None:
        """Raise ``InputError`` where tallies or level do not fit the ladder."""
        if len(tallies) != self.n_levels:
            raise InputError(f"{len(tallies)} tallies for a ladder of {self.n_levels} levels")
        if type(level) is not int or not 0 <= level < self.n_levels:
            raise InputError(f"level index {level!r} is outside 0 .. {self.n_levels - 1}")

    def remember(self, last: Tally) -> int:
        """Return what the next decision needs to know of the last cohort: 0 for nothing.

        The number is below ``MAX_MEMORY``; equal numbers mean equal decisions, so that states
        which differ in the last cohort alone are one. Nobody is pending in it.
        """
        return 0

    def summarise_moderate(self, tallies: Sequence[Tally], level: int) -> int:
        """Return what decisions from here on need to know of moderate toxicities: 0 for nothing.

        The number is below ``MAX_SUMMARY``; where all else is equal, equal numbers mean equal
        decisions, now and later. Nobody is pending.
        """
        return 0

    def _decide_followed(
        self, tallies: Sequence[Tally], level: int, last: Tally, follow_up: Sequence[FollowUp]
    ) -> Decision:
        """Decide with patients pending, each of whom ``follow_up`` names; sizes are checked."""
        return self._decide_pending(tallies, level, last)

    def _decide_remembering(self, tallies: Sequence[Tally], level: int, memory: int) -> Decision:
        """Decide as ``_decide``, with what ``remember`` returned of the last cohort."""
        return self._decide(tallies, level)

    @abstractmethod
    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        """Decide on complete data: nobody is pending, sizes have been checked."""

    @abstractmethod
    def status(self, tally: Tally) -> LevelStatus:
        """Judge one level on its evaluable patients alone."""

    def final_status(self, tally: Tally) -> LevelStatus:
        """Judge one level when the trial has ended: as ``status``, where no more say otherwise."""
        return self.status(tally)

    @property
    @abstractmethod
    def stages(self) -> tuple[int, ...]:
        """Numbers of evaluable patients at one level after which the protocol foresees a look."""

    @property
    def largest_cohort(self) -> int:
        """The most evaluable patients of one cohort."""
        return self.stages[0]

    def places_while_pending(self, tallies: Sequence[Tally], level: int) -> int:
        """Return how many more a level may have been given before its outcomes were known.

        That is nobody under a design that waits for them, and a cohort under one that decides by
        follow-up, which a history need not say.
        """
        if not self.asks_follow_up:
            return 0
        if self.max_patients is None:
            return self.largest_cohort
        n_enrolled = sum(tally.n_patients for tally in tallies)
        return max(min(self.largest_cohort, self.max_patients - n_enrolled), 0)

    def levels_while_pending(self, tallies: Sequence[Tally], level: int) -> range:
        """Return the levels that may have been given next before outcomes were known.

        Beside the one that the design says now; ``places_while_pending`` says how many places.
        """
        return range(level, level + 1)

    def spelled_out(self) -> Mapping[str, Any]:
        """Return what options that were left open have come to, to be printed with the others."""
        return {}

    def estimates(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp] = ()
    ) -> tuple[float, ...] | None:
        """Return the estimate of P(DLT) at each level that decisions rest on; None for no such."""
        return None

    def p_dlt_while_pending(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp]
    ) -> tuple[float, ...] | None:
        """Return the estimate of P(DLT) at each level by which a pending patient may have a DLT.

        None for a design that does not ask for follow-up. Where nobody was treated it is 0.
        """
        return None

    def prepare(self, states: Iterable[Sequence[Tally]]) -> None:
        """Make ready to decide on many complete tallies: it changes no answer, only the time."""
        return

    def superseded_by(self, options: Collection[str]) -> frozenset[str]:
        """Return the options that no longer hold when these are given again."""
        return frozenset()

    def _wait(self, clause: Clause, tallies: Sequence[Tally], level: int, last: Tally) -> Decision:
        """Wait for pending patients, whatever could be settled, with the answers still possible."""
        settled = self._decide_pending(tallies, level, last)
        possible = settled.possible or (() if settled.action is Action.WAIT else (settled,))
        return Decision(action=Action.WAIT, clause=clause, settled=False, possible=possible)

    def _decide_pending(self, tallies: Sequence[Tally], level: int, last: Tally) -> Decision:
        moderate = self.asks_moderate
        if count_resolutions(tallies, dropouts=True, moderate=moderate) > MAX_WAYS:
            n_pending = sum(tally.n_pending for tally in tallies)
            return Decision(action=Action.WAIT, clause=_too_many_pending(n_pending), settled=False)

        def answers_to(*, dropouts: bool) -> list[Decision]:
            resolved = list(
                resolve_with_last(tallies, level, last, dropouts=dropouts, moderate=moderate)
            )
            self.prepare(ways for ways, _ in resolved)
            return [
                self._decide_remembering(ways, level, self.remember(cohort))
                for ways, cohort in resolved
            ]

        answers = answers_to(dropouts=False)
        if len({answer.said for answer in answers}) == 1 and answers[0].action in _FINAL:
            answers += answers_to(dropouts=True)
        different = {answer.said: answer for answer in reversed(answers)}
        possible = tuple(reversed(different.values()))
        if len(possible) > 1:
            return Decision(action=Action.WAIT, clause=WAIT, settled=False, possible=possible)
        same_reason = len({answer.clause for answer in answers}) == 1
        return possible[0] if same_reason else replace(possible[0], clause=SETTLED_EARLY)


# To go up, or to end the trial, is settled only if it holds without the pending patients as well:
# one who turns out not evaluable is replaced where the trial goes on, but not where it has ended.
_FINAL = (Action.ESCALATE, Action.STOP)


WAIT = Clause(
    "wait",
    "Pending patients can still change the decision: wait until their DLT window closes "
    "or enough of them have had a DLT.",
)
SETTLED_EARLY = Clause(
    "settled-early",
    "Every way in which the pending patients can turn out leads to the same decision.",
)


WAIT_FOR_MTD = Clause(
    "wait-for-mtd",
    "The trial ends on complete data: no more patients are enrolled, and the MTD is selected once "
    "every DLT window has closed.",
)


def _too_many_pending(n_pending: int) -> Clause:
    return Clause(
        "wait", f"{n_pending} patients are pending, too many to foresee how they turn out: wait."
    )
