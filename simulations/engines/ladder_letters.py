"""How each level of a design that judges by stages can end: found by asking the design.

The design is asked about one level in every situation of its neighbours, on a ladder of three. No
threshold is known here. Patients and DLTs are those that are still to come, so that a trial can
also go on from what has been seen, where its levels stand as the words of the automaton
(``ladder``) have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import comb

from escalation.designs.base import Design, LevelStatus
from escalation.outcomes import Tally

__all__ = ["Letter", "Letters", "find_letters", "letters_of_titration"]

Letter = Counter[tuple[int, int]]
"""In how many ways so many patients, and so many DLTs among them, end a level like this."""

_BELOW, _HERE, _ABOVE = range(3)
_PASSED = (LevelStatus.CLEARED, LevelStatus.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Letters:
    """How one level can end, by the situation that it is in.

    Attributes
    ----------
    passed, failed, stopped : Counter
        On the way up: passed; too toxic; the MTD at once. Nothing where trials do not go up there.
    kept, lost : Counter
        Directly below a level that was too toxic, with what was seen on the way up: the MTD; too
        toxic. A level that the design does not open is as good as lost.
    """

    passed: Letter = field(default_factory=Letter)
    failed: Letter = field(default_factory=Letter)
    stopped: Letter = field(default_factory=Letter)
    kept: Letter = field(default_factory=Letter)
    lost: Letter = field(default_factory=Letter)

    def all(self) -> tuple[Letter, ...]:
        """Return the letters in the order of the attributes."""
        return self.passed, self.failed, self.stopped, self.kept, self.lost


def find_letters(
    design: Design, tallies: Sequence[Tally], level: int
) -> tuple[int, tuple[Letters, ...]] | None:
    """Return the lowest level on the way up, and the letters of each level.

    Parameters
    ----------
    design : Design
        Whose levels are judged by stages.
    tallies : sequence of Tally, length L
        What has been seen.
    level : int
        0-based level of the last cohort, or where the first is treated.

    Returns
    -------
    tuple or None
        None where the levels do not stand as in a trial that goes up, or comes down, one by one:
        after a departure, or with patients who are pending.
    """
    given = [place for place, tally in enumerate(tallies) if tally.n_evaluable]
    asked = _Asked(design)
    if not given:
        return level, tuple(asked.afresh(place, level) for place in range(len(tallies)))
    lowest, highest = given[0], given[-1]
    if len(given) != highest - lowest + 1 or any(tally.n_pending for tally in tallies):
        return None
    statuses = [design.status(tally) for tally in tallies]
    ceiling = next((place for place in given if statuses[place] is LevelStatus.TOO_TOXIC), None)
    here = highest if ceiling is None else max(ceiling - 1, lowest)
    if any(statuses[place] not in _PASSED for place in range(lowest, here)):
        return None
    if ceiling is None:
        start, stands_well = lowest, level == here
    else:
        above = statuses[ceiling : highest + 1]
        all_toxic = all(status is LevelStatus.TOO_TOXIC for status in above)
        start, stands_well = ceiling, all_toxic and level in (ceiling, ceiling - 1)
    if not stands_well:
        return None
    letters = []
    for place, tally in enumerate(tallies):
        if ceiling is not None and place >= ceiling:
            found = asked.too_toxic()
        elif place not in given:
            found = asked.afresh(place, start)
        elif ceiling is not None:
            found = asked.coming_down(tally, _HERE if place == level else _ABOVE)
        elif place < here:
            found = replace(asked.coming_down(tally, _ABOVE), passed=asked.nobody)
        else:
            found = asked.going_up(tally, _HERE, is_top=place == design.n_levels - 1)
        letters.append(found)
    is_whole = all(map(_is_whole, letters[start:])) and all(map(_comes_down, letters[:start]))
    return (start, tuple(letters)) if is_whole else None


def letters_of_titration(design: Design) -> Letters:
    """Return how levels end that titration has passed, and one that is too toxic in it.

    Not every way: patients who titration passed without a DLT, then a DLT of the first at a level,
    which is too toxic; and levels below it that are too toxic too, once they are completed.

    Parameters
    ----------
    design : Design
        Which judges its levels by stages after a titration, without a limit on all patients.
    """
    asked = _Asked(design)
    alone = asked.middle.decide([Tally()] * 3, 0).n_to_enrol
    passed, toxic = Tally(n_evaluable=alone), Tally(n_evaluable=alone, n_dlts=alone)
    then = asked.middle.decide([passed, toxic, Tally()], _HERE)
    failed = asked.nobody
    if then.level == _HERE:
        failed = asked.going_up(toxic, _HERE, is_top=False).failed
    lost = asked.coming_down(passed, _ABOVE).lost
    return Letters(
        passed=Letter({(alone, 0): 1}),
        failed=_after(toxic, failed),
        lost=_after(passed, lost),
    )


def _after(seen: Tally, letter: Letter) -> Letter:
    """Return a letter with what was seen before counted in it."""
    return Letter(
        {(seen.n_evaluable + n, seen.n_dlts + x): ways for (n, x), ways in letter.items()}
    )


def _is_whole(letters: Letters) -> bool:
    """Tell whether a level on the way up ends in one of the ways that are known."""
    up = _share(letters.passed) + _share(letters.failed) + _share(letters.stopped)
    back = _share(letters.kept) + _share(letters.lost)
    return up == 1 and back in (0, _share(letters.passed))


def _comes_down(letters: Letters) -> bool:
    return _share(letters.kept) + _share(letters.lost) == 1


def _share(letter: Letter) -> float:
    """Return the probability where every outcome is as likely as not: exact, as a double."""
    return sum(ways / float(2**n) for (n, _), ways in letter.items())


class _Asked:
    """A design, asked about one level in every situation of its neighbours."""

    nobody = Letter({(0, 0): 1})

    def __init__(self, design: Design) -> None:
        self.design = design
        self.middle = replace(design, n_levels=3, start=_HERE)  # type: ignore[type-var]  # a dataclass
        self.highest = replace(design, n_levels=2, start=_HERE)  # type: ignore[type-var]
        self.passing = next(self._standing(_PASSED, n_dlts=lambda n: 0))
        too_toxic = (LevelStatus.TOO_TOXIC,)
        self.failing = next(self._standing(too_toxic, n_dlts=lambda n: n), None)
        self._afresh: dict[str, Letters] = {}

    def _standing(
        self, statuses: Sequence[LevelStatus], n_dlts: Callable[[int], int]
    ) -> Iterator[Tally]:
        """Yield tallies without a DLT, or with nothing else, that stand so, the smallest first."""
        tallies = (Tally(n_evaluable=n, n_dlts=n_dlts(n)) for n in range(1, 1000))
        return (tally for tally in tallies if self.design.status(tally) in statuses)

    def afresh(self, place: int, start: int) -> Letters:
        """Return the letters of a level that was not given."""
        is_top = place == self.design.n_levels - 1
        situation = "below" if place < start else "top" if is_top else "way"
        if situation not in self._afresh:
            self._afresh[situation] = (
                self.coming_down(Tally(), _ABOVE)
                if place < start
                else self.going_up(Tally(), _BELOW, is_top=is_top)
            )
        return self._afresh[situation]

    def going_up(self, seen: Tally, came_from: int, *, is_top: bool) -> Letters:
        """Return the letters of a level on the way up, with nobody above it."""
        if is_top:
            top = self._follow(self.highest, None, seen, self.nobody, came_from)
            return Letters(failed=top["failed"], stopped=top["kept"])
        up = self._follow(self.middle, Tally(), seen, self.nobody, came_from)
        letters = Letters(passed=up["passed"], failed=up["failed"], stopped=up["kept"])
        if self.failing is None:  # no level can be too toxic
            return letters
        down = self._follow(self.middle, self.failing, seen, up["passed"], _ABOVE)
        return replace(letters, kept=down["kept"], lost=down["failed"])

    def coming_down(self, seen: Tally, came_from: int) -> Letters:
        """Return the letters of a level directly below one that was too toxic."""
        if self.failing is None:
            return Letters(lost=self.nobody)
        down = self._follow(self.middle, self.failing, seen, self.nobody, came_from)
        is_opened = seen.n_evaluable or down["kept"] or down["failed"]
        return Letters(kept=down["kept"], lost=down["failed"] if is_opened else self.nobody)

    def too_toxic(self) -> Letters:
        """Return the letters of a level that was too toxic."""
        return Letters(failed=self.nobody)

    def _follow(
        self, ladder: Design, above: Tally | None, seen: Tally, begin: Letter, came_from: int
    ) -> dict[str, Letter]:
        """Follow one level from what was seen there until the design leaves it, in every way."""
        ended = {"passed": Letter(), "failed": Letter(), "kept": Letter()}
        going = Letter(begin)
        while going:
            more, more_dlts = min(going)
            ways = going.pop((more, more_dlts))
            own = Tally(n_evaluable=seen.n_evaluable + more, n_dlts=seen.n_dlts + more_dlts)
            tallies = (self.passing, own) if above is None else (self.passing, own, above)
            stands = came_from if (more, more_dlts) in begin else _HERE
            decision = ladder.decide(tallies, min(stands, len(tallies) - 1))
            if decision.level == _HERE:
                size = decision.n_to_enrol
                for n_dlts in range(size + 1):
                    going[more + size, more_dlts + n_dlts] += ways * comb(size, n_dlts)
            elif decision.mtd == _HERE:
                ended["kept"][more, more_dlts] += ways
            elif own.n_evaluable and ladder.status(own) is LevelStatus.TOO_TOXIC:
                ended["failed"][more, more_dlts] += ways
            elif decision.level == _ABOVE:
                ended["passed"][more, more_dlts] += ways
        return ended
