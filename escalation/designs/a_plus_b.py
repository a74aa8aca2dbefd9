"""A+B designs: a first cohort of A, B more where it leaves doubt (Lin & Shih 2001).

The 3+3 is the instance (A, B, C, D, E) = (3, 3, 1, 1, 1), in ``three_plus_three``; its rule is
this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from escalation.designs.base import MAX_LEVELS, Action, Clause, Decision, Design, LevelStatus
from escalation.errors import DesignError
from escalation.outcomes import Tally

__all__ = ["APlusB", "Borderline", "Confirmation", "Untested"]

Confirmation = Literal["expand", "declare"]
Untested = Literal["treat", "stop"]
Borderline = Literal["fail", "mtd"]

_PASSED = (LevelStatus.CLEARED, LevelStatus.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class APlusB(Design):
    """An A+B design.

    Treat A patients. With fewer than C DLTs escalate, with more than D the level is too toxic,
    otherwise treat B more; of A+B, escalate with at most E DLTs, else the level is too toxic. A
    level at or above one that was too toxic is never given again.

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
    a: int
    b: int
    c: int
    d: int
    e: int
    below: Confirmation = "expand"
    top: Confirmation = "expand"
    untested_below: Untested = "treat"
    borderline: Borderline = "fail"
    max_patients: int | None = None
    _clauses: Mapping[str, Clause] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise DesignError(f"{self.name}: {'; '.join(faults)}")
        object.__setattr__(self, "_clauses", _write_clauses(self))

    def _faults(self) -> Sequence[str]:
        faults = []
        for option in ("n_levels", "start", "a", "b", "c", "d", "e"):
            if type(getattr(self, option)) is not int:
                faults.append(f"{option} must be a whole number, not {getattr(self, option)!r}")
        for option, choices in (
            ("below", Confirmation),
            ("top", Confirmation),
            ("untested_below", Untested),
            ("borderline", Borderline),
        ):
            if getattr(self, option) not in get_args(choices):
                known = " or ".join(map(repr, get_args(choices)))
                faults.append(f"{option} must be {known}, not {getattr(self, option)!r}")
        cap = self.max_patients
        if cap is not None and (type(cap) is not int or cap < 1):
            faults.append(f"max_patients must be a whole number from 1, not {cap!r}")
        if faults:
            return faults
        if not 1 <= self.n_levels <= MAX_LEVELS:
            faults.append(f"n_levels must be from 1 to {MAX_LEVELS}, not {self.n_levels}")
        elif not 0 <= self.start < self.n_levels:
            faults.append(f"start must be from 0 to {self.n_levels - 1}, not {self.start}")
        if not (1 <= self.c <= self.a and self.b >= 1):
            faults.append(f"needs B >= 1 and 1 <= C <= A, not A={self.a} B={self.b} C={self.c}")
        if not (self.c - 1 <= self.d <= self.a and self.d <= self.e < self.a + self.b):
            faults.append(
                f"needs C - 1 <= D <= A and D <= E < A + B, not "
                f"A={self.a} B={self.b} C={self.c} D={self.d} E={self.e}"
            )
        return faults

    @property
    def stages(self) -> tuple[int, ...]:
        """The two sizes at which a level is judged: A, and A+B."""
        return (self.a, self.a + self.b)

    def status(self, tally: Tally) -> LevelStatus:
        """Judge one level on its evaluable patients alone, for any number of them.

        More than A patients count as the second stage, so a cohort of 4 or 5 is completed to A+B
        unless it is clear already; beyond A+B the limit stays E.
        """
        n, x = tally.n_evaluable, tally.n_dlts
        full = self.a + self.b
        if n <= self.a:
            tolerable = self.d
        else:
            tolerable = self.e + (self.borderline == "mtd")
        if n == 0:
            return LevelStatus.NOT_GIVEN
        if x > tolerable:
            return LevelStatus.TOO_TOXIC
        if n >= full:
            return LevelStatus.CONFIRMED if x <= self.e else LevelStatus.BORDERLINE
        if n >= self.a and x < self.c:
            return LevelStatus.CLEARED
        return LevelStatus.OPEN

    def _decide(self, tallies: Sequence[Tally], level: int) -> Decision:
        statuses = [self.status(tally) for tally in tallies]
        ceiling = _first(LevelStatus.TOO_TOXIC, statuses, self.n_levels)
        if ceiling == 0:
            return self._stop("lowest-too-toxic")
        borderline = _first(LevelStatus.BORDERLINE, statuses, ceiling)
        if borderline < ceiling:
            return self._stop("borderline-mtd", mtd=borderline)

        here = min(level, ceiling - 1)
        unfinished = _first(LevelStatus.OPEN, statuses, here)
        if unfinished < here:
            return self._treat(tallies, level, unfinished, "unfinished-below")
        target = here
        while statuses[target] in _PASSED and target + 1 < ceiling:
            target += 1
        failed_above = target + 1 == ceiling < self.n_levels

        if statuses[target] is LevelStatus.NOT_GIVEN and failed_above:
            if self.untested_below == "treat":
                return self._treat(tallies, level, target, "untested-below")
            while target >= 0 and statuses[target] is LevelStatus.NOT_GIVEN:
                target -= 1
            if target < 0:
                return self._stop("untested-below-stop")

        match statuses[target]:
            case LevelStatus.NOT_GIVEN:
                if target == level:
                    nobody_yet = all(status is LevelStatus.NOT_GIVEN for status in statuses)
                    return self._treat(tallies, level, target, "start" if nobody_yet else "fill")
                cleared = statuses[level] is LevelStatus.CLEARED
                why = "escalate-first" if cleared else "escalate-expanded"
                return self._treat(tallies, level, target, why)
            case LevelStatus.OPEN:
                why = "fill" if tallies[target].n_evaluable < self.a else "expand"
                return self._treat(tallies, level, target, why)
            case LevelStatus.CONFIRMED:
                return self._stop("mtd-below" if failed_above else "mtd-top", mtd=target)
        option = self.below if failed_above else self.top
        where = "below" if failed_above else "top"
        if option == "declare":
            return self._stop(f"declare-{where}", mtd=target)
        return self._treat(tallies, level, target, f"confirm-{where}")

    def _treat(self, tallies: Sequence[Tally], level: int, target: int, why: str) -> Decision:
        """Enrol what ``target`` lacks of its next look, unless the trial's cap forbids it."""
        tally = tallies[target]
        n, x = tally.n_evaluable, tally.n_dlts
        first_look = n < self.a
        n_to_enrol = (self.a if first_look else self.a + self.b) - n
        if self.max_patients is not None:
            n_so_far = sum(tally.n_evaluable for tally in tallies)
            if n_so_far + n_to_enrol > self.max_patients:
                return self._stop("max-patients", inconclusive=True)
        if target > level:
            action = Action.ESCALATE
        elif target == level:
            action = Action.STAY
        else:
            action = Action.DEESCALATE
        return Decision(
            action=action, level=target, n_to_enrol=n_to_enrol, clause=self._clauses[why]
        )

    def _stop(self, why: str, *, mtd: int | None = None, inconclusive: bool = False) -> Decision:
        return Decision(
            action=Action.STOP, mtd=mtd, clause=self._clauses[why], inconclusive=inconclusive
        )


def _first(status: LevelStatus, statuses: Sequence[LevelStatus], stop: int) -> int:
    """Return the lowest level below ``stop`` with this status, or ``stop``."""
    for level in range(stop):
        if statuses[level] is status:
            return level
    return stop


def _write_clauses(design: APlusB) -> dict[str, Clause]:
    """Write the protocol's sentences for one set of options."""
    a, b, c, d, e = (_word(n) for n in (design.a, design.b, design.c, design.d, design.e))
    full = _word(design.a + design.b)
    toxic_first = design.d + 1
    toxic_full = design.e + 1 + (design.borderline == "mtd")
    if toxic_first == toxic_full:
        too_toxic = f"With {_word(toxic_first)} or more DLTs a level is too toxic"
    elif toxic_first > design.a:
        too_toxic = f"With {_word(toxic_full)} or more DLTs among {full} a level is too toxic"
    else:
        too_toxic = (
            f"With {_word(toxic_first)} or more DLTs among the first {a}, or "
            f"{_word(toxic_full)} or more among {full}, a level is too toxic"
        )
    too_toxic += " and neither it nor any higher level is given again. "
    few_dlts = f"no DLT among {a}" if design.c == 1 else f"fewer than {c} DLTs among {a}"
    doubt = c if design.c >= design.d else f"{c} to {d}"
    texts = {
        "start": f"Treat {a} patients at the starting level.",
        "fill": f"A level is first judged on {a} evaluable patients: complete the cohort.",
        "expand": f"With {doubt} DLT{'s' * (design.d > 1)} among {a} patients, treat {b} more at "
        f"the same level, {full} in all, and judge it on them.",
        "escalate-first": f"With {few_dlts}, escalate to the next level.",
        "escalate-expanded": f"With at most {e} DLT{'s' * (design.e != 1)} among {full}, escalate "
        "to the next level.",
        "confirm-top": f"The highest level is declared the MTD only on {full} patients: after "
        f"{few_dlts} there, treat more until {full} are evaluable.",
        "declare-top": f"With {few_dlts} at the highest level, stop: it is the MTD.",
        "mtd-top": f"With at most {e} DLT{'s' * (design.e != 1)} among {full} at the highest "
        "level, stop: it is the MTD.",
        "confirm-below": too_toxic + "The level below has been cleared by fewer than "
        f"{full} patients: treat more there until {full} are evaluable.",
        "declare-below": too_toxic + "The level below has been cleared: stop, it is the MTD.",
        "mtd-below": too_toxic + f"The level below has at most {e} DLT{'s' * (design.e != 1)} "
        f"among {full}: stop, it is the MTD.",
        "untested-below": too_toxic
        + f"The level below has never been given: treat {a} patients there.",
        "untested-below-stop": too_toxic
        + "No level below has been given: stop, no MTD is declared.",
        "lowest-too-toxic": too_toxic + "It is the lowest level: stop, no level is tolerated and "
        "no MTD is declared.",
        "borderline-mtd": f"With exactly {_word(design.e + 1)} DLTs among {full} a level is the "
        "MTD: stop.",
        "unfinished-below": "A lower level that was given has not been judged: complete it before "
        "any higher level is given again.",
        "max-patients": "The next patients would exceed the maximum sample size of "
        f"{design.max_patients}: stop, the MTD is not determined.",
    }
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}


def _word(n: int) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    return words[n] if n < len(words) else str(n)
