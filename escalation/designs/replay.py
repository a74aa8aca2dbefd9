"""Follow a history cohort by cohort and name each step that the design would not have taken.

The last cohort alone does not tell: after ``1TTT 2NNN`` a rule that looks only at ``2NNN`` would
escalate. Replaying shows that cohort 2 should never have been opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from escalation.dataclass import dataclass
from escalation.designs.base import Action, Decision, Design
from escalation.errors import EscalationError, LadderError
from escalation.labels import Label
from escalation.outcomes import Cohort, FollowUp, Tally

__all__ = ["Backfilling", "Departure", "DepartureError", "Expansion", "Replay", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One cohort that the design would not have produced.

    Attributes
    ----------
    cohort : int
        Its number in the history, from 1.
    notation : str
        The cohort as written.
    expected : Decision
        What the design said before it was opened.
    problem : str
        Both, in one sentence.
    """

    cohort: int
    notation: str
    expected: Decision
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The patients treated at the MTD after the design had stopped the trial with it.

    Attributes
    ----------
    level : int
        0-based: the MTD.
    cohorts : tuple of int
        Their numbers in the history, from 1.
    tally : Tally
        The patients of these cohorts.
    """

    level: int
    cohorts: tuple[int, ...]
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilling:
    """What a protocol says of backfill.

    Attributes
    ----------
    decide : callable
        From the escalation's tallies, the backfill's, the level, the last cohort and the follow-up
        of both (``follow_up``, ``beside``) to a decision.
    places : callable
        From a level, the escalation's level, everybody treated at the first, its backfill, and how
        many of it came since the escalation's last cohort (``n_since``), to the places that this
        cohort still opens there.
    """

    decide: Callable[..., Decision]
    places: Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A history followed through a design.

    Attributes
    ----------
    departures : tuple of Departure
    n_opened, n_places : int
        Size of the cohort that the design opened last, and how many of its places are free.
    tallies : tuple of Tally
        The escalation's, one a level, lowest first: neither the expansion nor backfill.
    level : int
        0-based level of the last cohort among them; the start before the first.
    last : Tally
        The last cohort with patients who count, at that level; empty where there is none.
    expansion : Expansion or None
        None where nobody was treated at the MTD after the stop.
    backfill : tuple of Tally
        Of the backfill, one a level, lowest first.
    backfill_cohorts : tuple of int
        Numbers of its cohorts in the history, from 1.
    """

    departures: tuple[Departure, ...]
    n_opened: int
    n_places: int
    tallies: tuple[Tally, ...]
    level: int
    last: Tally
    expansion: Expansion | None
    backfill: tuple[Tally, ...]
    backfill_cohorts: tuple[int, ...]


class DepartureError(EscalationError):
    """A history that the protocol could not have produced."""

    def __init__(self, departures: Sequence[Departure]) -> None:
        self.departures = tuple(departures)
        named = "; ".join(departure.problem for departure in departures[:SHOWN])
        if len(departures) > SHOWN:
            named += f"; and {len(departures) - SHOWN} more"
        super().__init__(
            f"the protocol would not have produced this history: {named}. "
            "Use --allow-departures to decide on it all the same"
        )


SHOWN = 5


def replay(
    design: Design,
    cohorts: Sequence[Cohort],
    labels: Sequence[Label],
    *,
    expands: bool = False,
    backfilling: Backfilling | None = None,
    follow_up: Sequence[Sequence[FollowUp]] = (),
) -> Replay:
    """Follow ``cohorts`` through ``design.decide`` and find every departure, in order.

    A cohort departs when it was opened while the design said to stop or to wait, at another
    level than the design's, or with more patients than it allowed (those replaced do not count;
    where the protocol has a range of cohort sizes, up to its end).
    Patients written one after the other at one level, ``1N 1? 1T``, are one cohort as long as
    there are places in it and the design has not settled to leave the level. Earlier cohorts are
    judged with the outcomes known now, and the follow-up of now; under a design that enrols while
    outcomes are pending, what it may have opened before they were known is not a departure.

    With ``expands``, a cohort at the MTD with which the design has stopped is an expansion: no
    departure, and the design no longer counts it, since a rule made for six patients does not
    judge sixteen. A cohort elsewhere after the stop departs and counts. Where that takes the MTD
    back, so that the escalation has not ended, the patients of the expansion count as well.

    With ``backfilling``, a cohort below the escalation's level that would depart is backfill as
    long as the protocol has places there; the design counts it at the decisions that the protocol
    names. The escalation's last cohort has its places too, though they are written after the
    outcomes that end the escalation; not once the MTD is expanded.

    Parameters
    ----------
    design : Design
    cohorts : sequence of Cohort
    labels : sequence of int or str
        The ladder's, lowest level first.
    expands : bool
        Without it every cohort after the stop departs and counts.
    backfilling : Backfilling or None
        None for a protocol without backfill.
    follow_up : sequence of sequence of FollowUp
        Of each cohort, for a design that asks for it; empty where none is known.

    Raises
    ------
    LadderError
        For a cohort at a level that is not on the ladder.
    """
    departures = []
    seen, backfill = [Tally()] * len(labels), _Backfill(backfilling, len(labels))
    known: list[FollowUp] = []  # of the patients in ``seen``
    known_of = list(follow_up) or [()] * len(cohorts)

    def ask() -> Decision:
        if backfilling is None:
            return design.decide(seen, level, last, known)
        more = {"follow_up": known, "beside": _of(backfill.cohorts, known_of)}
        return backfilling.decide(seen, backfill.tallies, level, last, **more)

    last, level, n_opened, n_places, room = Tally(), design.start, 0, 0, 0
    expansion: Expansion | None = None
    for number, cohort in enumerate(cohorts, start=1):
        if cohort.label not in labels:
            raise LadderError(cohort.label, labels)
        here, added = labels.index(cohort.label), cohort.tally
        expected = ask()
        goes_on = expected.action in (Action.WAIT, Action.STAY)  # nothing has closed the cohort
        if room and here == level and added.n_patients <= room and goes_on:
            room -= added.n_patients
            n_places = max(n_places - added.n_patients, 0)
            last = last.plus(added)
        else:
            # when outcomes became known is not written: a design that does not wait for them may
            # have gone on before
            asked = (design, seen, level, here, expected)
            places = 0 if expansion else _n_before_known(*asked)
            fits = 0 < added.n_patients <= places
            complaint = None if fits else _complaint(expected, here, cohort, labels, places)
            if expands and complaint and expected.mtd == here:
                expansion = _expand(expansion, number, here, added)
                continue
            has_begun = len(backfill.cohorts) < number - 1
            if complaint and has_begun and expansion is None:
                free = backfill.n_free(here, level, seen[here])
                if free is not None and added.n_patients <= free:
                    backfill.add(number, here, added)
                    continue
                if free is not None:
                    complaint += f", and backfill has {_number_left(free)} there"
            backfill.taken = [0] * len(labels)
            if complaint:
                departures.append(
                    Departure(
                        cohort=number,
                        notation=str(cohort),
                        expected=expected,
                        problem=f"cohort {number} ({_shorten(str(cohort))}) {complaint}",
                    )
                )
            n_opened = 0 if complaint else max(expected.n_to_enrol, added.n_patients)
            n_places = max(n_opened - added.n_patients, 0)
            room = 0 if complaint else max(max(expected.n_at_most, n_opened) - added.n_patients, 0)
            if added.n_patients or here != level:
                last = added
        seen[here] = seen[here].plus(added)
        known += known_of[number - 1]
        level = here
        if expansion is not None and ask().mtd != expansion.level:
            seen[expansion.level] = seen[expansion.level].plus(expansion.tally)
            known += _of(expansion.cohorts, known_of)
            expansion = None
    return Replay(
        departures=tuple(departures),
        n_opened=n_opened,
        n_places=n_places,
        tallies=tuple(seen),
        level=level,
        last=last,
        expansion=expansion,
        backfill=tuple(backfill.tallies),
        backfill_cohorts=tuple(backfill.cohorts),
    )


def _of(numbers: Sequence[int], known: Sequence[Sequence[FollowUp]]) -> list[FollowUp]:
    """Return the follow-up of the cohorts with these numbers."""
    return [one for number in numbers for one in known[number - 1]]


def _n_before_known(
    design: Design, seen: Sequence[Tally], level: int, here: int, expected: Decision
) -> int:
    """Return how many a cohort may have had that was opened before outcomes were known."""
    if design.asks_follow_up and expected.mtd is not None:
        return 0  # it ends on complete data: who came after that is of the expansion
    if here != expected.level and here not in design.levels_while_pending(seen, level):
        return 0
    return design.places_while_pending(seen, here)


class _Backfill:
    """The backfill of a history as far as it has been followed.

    Attributes
    ----------
    tallies : list of Tally
        One a level, lowest first.
    cohorts : list of int
        Their numbers in the history, from 1.
    taken : list of int
        Places taken at each level since the escalation's last cohort was opened.
    """

    def __init__(self, backfilling: Backfilling | None, n_levels: int) -> None:
        self.backfilling = backfilling
        self.tallies = [Tally()] * n_levels
        self.cohorts: list[int] = []
        self.taken = [0] * n_levels

    def n_free(self, here: int, current: int, own: Tally) -> int | None:
        """Return how many places there are below the current level; None where none can be."""
        if self.backfilling is None or here >= current:
            return None
        more = self.tallies[here]
        return self.backfilling.places(
            here, current, own.plus(more), more, n_since=self.taken[here]
        )

    def add(self, number: int, here: int, added: Tally) -> None:
        """Add a cohort at a level."""
        self.tallies[here] = self.tallies[here].plus(added)
        self.taken[here] += added.n_patients
        self.cohorts.append(number)


def _expand(expansion: Expansion | None, number: int, level: int, added: Tally) -> Expansion:
    """Return the expansion with one more cohort, which may be its first."""
    before, tally = ((), Tally()) if expansion is None else (expansion.cohorts, expansion.tally)
    return Expansion(level=level, cohorts=(*before, number), tally=tally.plus(added))


def _number_left(n_free: int) -> str:
    return f"{n_free} place{'s' * (n_free != 1)} left" if n_free > 0 else "no place left"


def _shorten(notation: str) -> str:
    return notation if len(notation) <= 30 else f"{notation[:27]}..."


def _complaint(
    expected: Decision, level: int, cohort: Cohort, labels: Sequence[Label], places: int
) -> str | None:
    if expected.action is Action.STOP:
        return "was opened after the design had stopped the trial"
    if expected.action is Action.WAIT:
        return "was opened while the design was waiting for pending patients"
    if expected.level is not None and expected.level != level:
        return f"is at level {cohort.label} where the design says level {labels[expected.level]}"
    n_opened = max(expected.n_at_most, places)
    if cohort.tally.n_patients > n_opened:
        most = "at most " * bool(expected.n_optional)
        return f"has {cohort.tally.n_patients} patients where the design opens {most}{n_opened}"
    return None
