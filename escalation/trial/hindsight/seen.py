"""What had been seen of a trial at some moment, patient by patient: the rule can be asked of it.

To go through a trial from moment to moment costs no more than its patients: each is counted when
they become known, and nobody is counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from escalation.designs.base import NOBODY, Decision
from escalation.designs.pending import count_resolutions
from escalation.labels import Label
from escalation.outcomes import Cohort, FollowUp, Outcome, Tally, last_tally, tally_letters
from escalation.protocol import Protocol, decide_with_backfill
from escalation.protocol.backfill import counted_tallies
from escalation.trial.events import Purpose
from escalation.trial.patients.follow_up import follow_up_of
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState, write_cohort

__all__ = ["Seen"]

MAX_WAYS = 1_000  # in which the pending can turn out: of 12 patients at one level, 91


class Seen:
    """The patients seen so far, with a letter each; at first nobody.

    Parameters
    ----------
    state : TrialState
        Whose subjects they are.
    """

    def __init__(self, state: TrialState) -> None:
        self._state = state
        self._letters: dict[str, Outcome] = {}
        self._counts: dict[Purpose, dict[Label, Counter[Outcome]]] = {}
        self._newest = 0  # number of the last cohort with somebody in it

    def set(self, subject: Subject, letter: Outcome | None) -> None:
        """Count a patient who was dosed, from now on with this letter; with None, not at all."""
        counts = self._counts.setdefault(subject.purpose, {}).setdefault(subject.level, Counter())
        before = self._letters.pop(subject.id, None)
        if before is not None:
            counts[before] -= 1
        if letter is not None:
            counts[letter] += 1
            self._letters[subject.id] = letter
            self._newest = max(self._newest, subject.cohort)

    def __iter__(self) -> Iterator[Cohort]:
        """Yield what was seen of the escalation in the field's notation."""
        for number in range(1, self._newest + 1):
            yield from self._written(number)

    def __reversed__(self) -> Iterator[Cohort]:
        """Yield the same, the last cohort first."""
        for number in range(self._newest, 0, -1):
            yield from reversed(self._written(number))

    def _written(self, number: int) -> list[Cohort]:
        cohort, letters = self._state.cohorts[number - 1], self._letters
        if cohort.purpose is not Purpose.ESCALATION:
            return []
        members = (s for s in self._state.members(cohort) if s.id in letters)
        return list(write_cohort(cohort, ((s, letters[s.id]) for s in members)))

    def tallies(self, protocol: Protocol, *purposes: Purpose) -> tuple[Tally, ...] | None:
        """Return what was seen at each level of a ladder; None where somebody is at no level of it.

        Parameters
        ----------
        protocol : Protocol
        *purposes : Purpose
            Of the cohorts whose patients are counted; all, where none is given.
        """
        seen = [self._counts[purpose] for purpose in purposes or Purpose if purpose in self._counts]
        counts = seen[0] if len(seen) == 1 else _together(seen)
        if any(counts[label].total() for label in counts.keys() - set(protocol.labels)):
            return None
        return tuple([
            tally_letters(counts[label]) if label in counts else NOBODY for label in protocol.labels
        ])  # fmt: skip

    def ask(self, protocol: Protocol, on: date | None = None) -> Decision | None:
        """Ask the rule of a protocol, with pending patients followed until a day.

        None where it cannot be asked: at a level that its ladder does not have, or with more
        patients pending than a trial that is looked back on has.
        """
        own = self.tallies(protocol, Purpose.ESCALATION)
        backfill = self.tallies(protocol, Purpose.BACKFILL)
        if own is None or backfill is None:
            return None
        design = protocol.design
        everybody = [
            tally.plus(more) if more.n_patients else tally
            for tally, more in zip(own, backfill, strict=True)
        ]
        if count_resolutions(everybody, dropouts=True, moderate=design.asks_moderate) > MAX_WAYS:
            return None
        return decide_with_backfill(
            protocol,
            own,
            backfill,
            *self._stand(protocol),
            follow_up=self._follow_up(protocol, Purpose.ESCALATION, on),
            beside=self._follow_up(protocol, Purpose.BACKFILL, on),
        )

    def _follow_up(
        self, protocol: Protocol, purpose: Purpose, on: date | None
    ) -> tuple[FollowUp, ...]:
        """Return the follow-up of the patients counted, by a day."""
        if not protocol.design.asks_follow_up:
            return ()
        subjects = ((self._state.subjects[name], one) for name, one in self._letters.items())
        return follow_up_of(
            ((subject, one) for subject, one in subjects if subject.purpose is purpose),
            protocol,
            on,
        )

    def counted(self, protocol: Protocol, on: date | None = None) -> tuple[Tally, ...] | None:
        """Return whom the rule counts at each level; None where somebody is at no level of it."""
        own = self.tallies(protocol, Purpose.ESCALATION)
        backfill = self.tallies(protocol, Purpose.BACKFILL)
        if own is None or backfill is None:
            return None
        known = self._follow_up(protocol, Purpose.ESCALATION, on)
        stand = self._stand(protocol)
        return counted_tallies(protocol, own, backfill, *stand, follow_up=known)

    def _stand(self, protocol: Protocol) -> tuple[int, Tally]:
        """Return the level of the escalation's last cohort, and that cohort."""
        newest = next(reversed(self), None)
        level = protocol.design.start if newest is None else protocol.labels.index(newest.label)
        return level, last_tally(self) if protocol.design.remembers else NOBODY


def _together(
    seen: Iterable[Mapping[Label, Counter[Outcome]]],
) -> dict[Label, Counter[Outcome]]:
    """Return the letters at each level of cohorts of several purposes."""
    counts: dict[Label, Counter[Outcome]] = {}
    for by_level in seen:
        for label, letters in by_level.items():
            counts.setdefault(label, Counter()).update(letters)
    return counts
