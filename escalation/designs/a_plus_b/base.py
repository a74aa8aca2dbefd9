"""A+B designs: a first cohort of A, B more where it leaves doubt (Lin & Shih 2001).

The 3+3 is the instance (A, B, C, D, E) = (3, 3, 1, 1, 1), in ``three_plus_three``; its rule is
this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, ClassVar, Literal, get_args

from escalation.dataclass import dataclass
from escalation.designs.a_plus_b.clauses import (
    BELOW,
    BEYOND,
    BORDERLINE,
    COHORT_RANGE,
    CONSTANTS,
    MAX_AT_LEVEL,
    MOST_PATIENTS,
    THIRD,
    THIRD_LIMIT,
    TOP,
    UNTESTED_BELOW,
    describe_beyond,
    write_clauses,
)
from escalation.designs.base import Action, Clause, Decision, Design, LevelStatus
from escalation.designs.options import count_faults, ladder_faults
from escalation.errors import DesignError
from escalation.outcomes import Tally

__all__ = ["APlusB", "Beyond", "Borderline", "Confirmation", "Untested"]

Confirmation = Literal["expand", "declare"]
Untested = Literal["treat", "stop"]
Borderline = Literal["fail", "mtd"]
Beyond = Literal["rate", "count"]

_PASSED = (LevelStatus.CLEARED, LevelStatus.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class APlusB(Design):
    """The A+B designs: a first cohort of A, and B more where it leaves doubt.

    Treat A patients. With fewer than C DLTs escalate, with more than D the level is too toxic,
    otherwise treat B more; of A+B, escalate with at most E DLTs, else the level is too toxic. With
    a third stage, E+1 to F DLTs among A+B still leave doubt: treat ``third`` more, and escalate
    with at most F among them all. A level at or above one that was too toxic is never given again.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first cohort.
    a, b, c, d, e : int
        The design's constants, 1 <= C <= A, C - 1 <= D <= E, D <= A, E < A + B.
    below : {"expand", "declare"}
        When a level is too toxic and the one below was cleared by fewer than A+B patients: treat
        more there first, or declare it the MTD at once.
    top : {"expand", "declare"}
        The same for a highest level that fewer than A+B patients have cleared.
    untested_below : {"treat", "stop"}
        When the level below a too toxic one was never given: treat A there, or do not open it.
    borderline : {"fail", "mtd"}
        What exactly E+1 DLTs among A+B mean: too toxic, or this level is the MTD.
    third : int or None
        Patients of the third stage; None where A+B patients end the doubt.
    f : int or None
        Most DLTs that pass a level with all three stages, E < F < A + B + ``third``; E+1 unless
        given.
    beyond : {"rate", "count"}
        How a level with more patients than the last stage foresees is judged. By "rate" it is
        passed below E+1 in A+B (F+1 in A+B+``third``), too toxic above, and at exactly that rate
        what ``borderline`` says; by "count" the limits stay whatever the number of patients.
    cohort_size : str or None
        How many evaluable patients a cohort may have, as "3-6": from A to at most those of the
        last stage; None for whole cohorts only. ``decide`` asks for as many as the next look takes
        and says how many more the cohort may have; whatever comes, all patients at the level are
        judged together. Operating characteristics are those of the smallest cohorts.
    max_patients : int or None
        The trial stops without an MTD when the next patients would exceed this number.

    References
    ----------
    Lin Y, Shih WJ (2001). Statistical properties of the traditional algorithm-based designs for
    phase I cancer clinical trials. Biostatistics 2(2):203-215.

    Examples
    --------
    >>> design = APlusB(n_levels=3, a=2, b=4, c=1, d=1, e=2)
    >>> design.decide([Tally(n_evaluable=2), Tally(), Tally()], 0).action.value
    'escalate'
    """

    name: ClassVar[str] = "a+b"

    n_levels: int
    start: int = 0
    a: int = field(metadata=CONSTANTS["a"])
    b: int = field(metadata=CONSTANTS["b"])
    c: int = field(metadata=CONSTANTS["c"])
    d: int = field(metadata=CONSTANTS["d"])
    e: int = field(metadata=CONSTANTS["e"])
    below: Confirmation = field(default="expand", metadata=BELOW)
    top: Confirmation = field(default="expand", metadata=TOP)
    untested_below: Untested = field(default="treat", metadata=UNTESTED_BELOW)
    borderline: Borderline = field(default="fail", metadata=BORDERLINE)
    third: int | None = field(default=None, metadata=THIRD)
    f: int | None = field(default=None, metadata=THIRD_LIMIT)
    beyond: Beyond = field(default="rate", metadata=BEYOND)
    cohort_size: str | None = field(default=None, metadata=COHORT_RANGE)
    max_patients: int | None = field(default=None, metadata=MOST_PATIENTS)
    _clauses: Mapping[str, Clause] = field(init=False, repr=False, compare=False)
    _statuses: tuple[tuple[LevelStatus, ...], ...] = field(init=False, repr=False, compare=False)
    _said_beyond: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise DesignError(f"{self.name}: {'; '.join(faults)}")
        sizes = range(self.stages[-1] + 1)
        judged = tuple(tuple(self._judge(n, x) for x in range(n + 1)) for n in sizes)
        object.__setattr__(self, "_statuses", judged)
        object.__setattr__(self, "_said_beyond", describe_beyond(self, self.beyond))
        object.__setattr__(
            self,
            "_clauses",
            write_clauses(
                a=self.a,
                b=self.b,
                c=self.c,
                d=self.d,
                e=self.e,
                third=self.third,
                f=self._most_passing,
                borderline=self.borderline,
                max_patients=self.max_patients,
            ),
        )

    def _faults(self) -> Sequence[str]:
        counts = ("n_levels", "start", "a", "b", "c", "d", "e", "third", "f")
        faults = list(count_faults(self, counts, may_be_unset=("third", "f")))
        for option, choices in (
            ("below", Confirmation),
            ("top", Confirmation),
            ("untested_below", Untested),
            ("borderline", Borderline),
            ("beyond", Beyond),
        ):
            if getattr(self, option) not in get_args(choices):
                known = " or ".join(map(repr, get_args(choices)))
                faults.append(f"{option} must be {known}, not {getattr(self, option)!r}")
        cap = self.max_patients
        if cap is not None and (type(cap) is not int or cap < 1):
            faults.append(f"max_patients must be a whole number from 1, not {cap!r}")
        if faults:
            return faults
        faults += ladder_faults(self)
        if not (1 <= self.c <= self.a and self.b >= 1):
            faults.append(f"needs B >= 1 and 1 <= C <= A, not A={self.a} B={self.b} C={self.c}")
        if self.stages[-1] > MAX_AT_LEVEL:
            named = "A + B" if self.third is None else "A + B + third"
            faults.append(f"{named} must be at most {MAX_AT_LEVEL}, not {self.stages[-1]}")
        if not (self.c - 1 <= self.d <= self.a and self.d <= self.e < self.a + self.b):
            faults.append(
                f"needs C - 1 <= D <= A and D <= E < A + B, not "
                f"A={self.a} B={self.b} C={self.c} D={self.d} E={self.e}"
            )
        return faults or [*self._third_faults(), *self._cohort_faults()]

    def _third_faults(self) -> Iterator[str]:
        """Name what in a third stage makes none, or contradicts the second."""
        if self.third is None:
            if self.f is not None:
                yield "f is the limit of a third stage; give third as well, or leave f out"
            return
        if self.third < 1:
            yield f"third must be a whole number from 1, not {self.third}"
        elif not self.e < self._most_passing < self.stages[-1]:
            yield (
                "a third stage needs E < F < A + B + third, or nobody is in doubt after A + B; not "
                f"E={self.e} F={self._most_passing} with {self.stages[-1]} patients"
            )
        elif self.borderline == "mtd":
            yield (
                f"third treats more after {self.e + 1} DLTs among {self.a + self.b}, which by the "
                "option 'mtd' make the level the MTD; give one or the other"
            )

    def _cohort_faults(self) -> Iterator[str]:
        """Name what is wrong with the range of cohort sizes."""
        if self.cohort_size is None:
            return
        found = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", str(self.cohort_size))
        if found is None:
            yield f'cohort_size must be a range such as "3-6", not {self.cohort_size!r}'
            return
        fewest, most = map(int, found.groups())
        if fewest > most:
            yield f'cohort_size is upside down: write "{most}-{fewest}", not "{self.cohort_size}"'
        elif fewest != self.a or most > self.stages[-1]:
            yield (
                f"cohort_size must be a range from {self.a}, on which a level is first judged, to "
                f'at most {self.stages[-1]}, not "{self.cohort_size}"'
            )

    @property
    def largest_cohort(self) -> int:
        """The most evaluable patients of one cohort: the end of the range, where there is one."""
        return self.a if self.cohort_size is None else int(self.cohort_size.partition("-")[2])

    @property
    def stages(self) -> tuple[int, ...]:
        """The sizes at which a level is judged: A, A+B, and with a third stage all of it."""
        full = self.a + self.b
        return (self.a, full) if self.third is None else (self.a, full, full + self.third)

    @property
    def _most_passing(self) -> int:
        """The most DLTs that pass a level on its last look: E, or F with a third stage."""
        if self.third is None:
            return self.e
        return self.e + 1 if self.f is None else self.f

    def spelled_out(self) -> Mapping[str, Any]:
        """Return what a third stage makes of E+1 DLTs among A+B, its limit, and cohorts' sizes."""
        said: dict[str, Any] = {}
        if self.third is not None:
            said |= {"borderline": f"{self.third} more", "f": self._most_passing}
        if self.cohort_size is not None:
            said["cohort_size"] = f"{self.cohort_size} (simulated: {self.a})"
        return said

    def status(self, tally: Tally) -> LevelStatus:
        """Judge one level on its evaluable patients alone, for any number of them.

        More than A patients count as the second stage, because a tally does not tell in which
        order they came; so a level with a few more than A is completed to A+B unless it is clear
        already, and likewise one with a few more than A+B where there is a third. More than the
        last stage foresees are judged as ``beyond`` says.
        """
        n, x = tally.n_evaluable, tally.n_dlts
        return self._statuses[n][x] if n < len(self._statuses) else self._judge(n, x)

    def _judge(self, n: int, x: int) -> LevelStatus:
        """Judge ``x`` DLTs among ``n`` patients."""
        if n == 0:
            return LevelStatus.NOT_GIVEN
        if n >= self.stages[-1]:
            return self._judge_whole(n, x)
        if x > (self.d if n <= self.a else self._most_passing + (self.borderline == "mtd")):
            return LevelStatus.TOO_TOXIC
        if n >= self.a + self.b and x <= self.e:
            return LevelStatus.CONFIRMED
        return LevelStatus.CLEARED if n >= self.a and x < self.c else LevelStatus.OPEN

    def _judge_whole(self, n: int, x: int) -> LevelStatus:
        """Judge a level with all the patients that the last stage foresees, or more."""
        limit, last = self._most_passing + 1, self.stages[-1]
        excess = x * last - limit * n if self.beyond == "rate" else x - limit
        if excess < 0:
            return LevelStatus.CONFIRMED
        at_limit = excess == 0 and self.borderline == "mtd"
        return LevelStatus.BORDERLINE if at_limit else LevelStatus.TOO_TOXIC

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        judged = self._statuses
        try:  # a walk through a whole graph spends a third of its time here
            statuses = [judged[tally.n_evaluable][tally.n_dlts] for tally in tallies]
        except IndexError:  # more patients at a level than the last stage foresees
            decision = self._decide_on(tallies, [self.status(tally) for tally in tallies], level)
            if self.beyond == "count":
                return decision
            clause = decision.clause
            return replace(decision, clause=Clause(clause.id, f"{clause.text} {self._said_beyond}"))
        return self._decide_on(tallies, statuses, level)

    def _decide_on(
        self, tallies: Sequence[Tally], statuses: list[LevelStatus], level: int
    ) -> Decision:
        too_toxic = LevelStatus.TOO_TOXIC
        ceiling = statuses.index(too_toxic) if too_toxic in statuses else self.n_levels
        if ceiling == 0:
            return self._stop("lowest-too-toxic")
        highest = ceiling - 1
        if self.borderline == "mtd" and LevelStatus.BORDERLINE in statuses[:ceiling]:
            highest = statuses.index(LevelStatus.BORDERLINE)
        target = min(level, highest)
        going_up = self._way_up(tallies, statuses)
        if LevelStatus.OPEN in going_up[:target]:
            unfinished = going_up.index(LevelStatus.OPEN)
            return self._treat(tallies, level, unfinished, "unfinished-below")
        while going_up[target] in _PASSED and target < highest:
            target += 1
        if statuses[target] is LevelStatus.BORDERLINE:
            return self._stop("borderline-mtd", mtd=target)
        if target + 1 == ceiling < self.n_levels:
            return self._decide_below_failed(tallies, statuses, level, target)
        return self._decide_going_up(tallies, statuses, level, target)

    def _way_up(self, tallies: Sequence[Tally], statuses: list[LevelStatus]) -> list[LevelStatus]:
        """Return how levels count on the way up, where one may be passed without being judged."""
        return statuses

    def _decide_going_up(
        self, tallies: Sequence[Tally], statuses: Sequence[LevelStatus], level: int, target: int
    ) -> Decision:
        """Decide at ``target`` where nothing above it has failed."""
        match statuses[target]:
            case LevelStatus.NOT_GIVEN if target > level:
                cleared = statuses[level] is LevelStatus.CLEARED
                why = "escalate-first" if cleared else "escalate-expanded"
            case LevelStatus.NOT_GIVEN | LevelStatus.OPEN:
                why = self._why_more(tallies, target)
            case LevelStatus.CLEARED if self.top == "expand":
                why = "confirm-top"
            case LevelStatus.CLEARED:
                return self._stop("declare-top", mtd=target)
            case _:
                return self._stop("mtd-top", mtd=target)
        return self._treat(tallies, level, target, why)

    def _decide_below_failed(
        self, tallies: Sequence[Tally], statuses: Sequence[LevelStatus], level: int, target: int
    ) -> Decision:
        """Decide at ``target``, the level directly below one that was too toxic."""
        if statuses[target] is LevelStatus.NOT_GIVEN and self.untested_below == "stop":
            while target >= 0 and statuses[target] is LevelStatus.NOT_GIVEN:
                target -= 1
            if target < 0:
                return self._stop("untested-below-stop")
        match statuses[target]:
            case LevelStatus.NOT_GIVEN:
                why = "untested-below"
            case LevelStatus.OPEN:
                why = self._why_more(tallies, target)
            case LevelStatus.CLEARED if self.below == "expand":
                why = "confirm-below"
            case LevelStatus.CLEARED:
                return self._stop("declare-below", mtd=target)
            case _:
                return self._stop("mtd-below", mtd=target)
        return self._treat(tallies, level, target, why)

    def _why_more(self, tallies: Sequence[Tally], target: int) -> str:
        """Name the clause by which an unfinished level gets more patients."""
        if not any(tally.n_evaluable for tally in tallies):
            return "start"
        n = tallies[target].n_evaluable
        if n < self.a:
            return "fill"
        return "expand" if n < self.a + self.b else "expand-third"

    def _treat(self, tallies: Sequence[Tally], level: int, target: int, why: str) -> Decision:
        """Enrol what ``target`` lacks of its next look, unless the trial's cap forbids it."""
        n = tallies[target].n_evaluable
        n_to_enrol = next(size for size in self.stages if n < size) - n
        if self.cohort_size is None:
            return self._enrol(tallies, level, target, n_to_enrol, why)
        # less than a first cohort is the same cohort still, on its way to A
        n_at_most = max(n_to_enrol, self.largest_cohort - (n if n < self.a else 0))
        n_optional = n_at_most - n_to_enrol
        return self._enrol(tallies, level, target, n_to_enrol, why, n_optional=n_optional)

    def _enrol(
        self,
        tallies: Sequence[Tally],
        level: int,
        target: int,
        n_to_enrol: int,
        why: str,
        *,
        n_optional: int = 0,
    ) -> Decision:
        if self.max_patients is not None:
            left = self.max_patients - sum(tally.n_evaluable for tally in tallies) - n_to_enrol
            if left < 0:
                return self._stop("max-patients", inconclusive=True)
            n_optional = min(n_optional, left)
        return Decision(
            action=Action.towards(target, level),
            level=target,
            n_to_enrol=n_to_enrol,
            n_optional=n_optional,
            clause=self._clauses[why],
        )

    def _stop(self, why: str, *, mtd: int | None = None, inconclusive: bool = False) -> Decision:
        return Decision(
            action=Action.STOP, mtd=mtd, clause=self._clauses[why], inconclusive=inconclusive
        )
