"""Dosings looked at again: what had begun by then, and came to the record only later.

Days count, not hours: what began on the very day of a dosing may have come after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from heapq import heappop, heappush
from itertools import islice, takewhile

from escalation.dataclass import dataclass
from escalation.outcomes import Outcome
from escalation.protocol import Protocol, describe_decision
from escalation.text import count
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.events import Event, OutcomeRecorded, Purpose, Relation
from escalation.trial.hindsight.beside import find_closed_then
from escalation.trial.hindsight.seen import Seen
from escalation.trial.patients.subjects import Subject
from escalation.trial.review.remarks import Remark
from escalation.trial.rule import forbids_one_more
from escalation.trial.state import TrialState

__all__ = ["look_back_at_dosings"]

SEVERE = 3  # the grade from which an adverse event is severe
NAMED = 5  # of what came late, in one remark


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """What was so from a day on, and the entry from which the record says so."""

    day: date
    seq: int
    subject: Subject
    said: str


class _Unrecorded:
    """What was so at a dosing and not recorded yet, from one dosing to the next.

    ``noun`` and ``verb`` say what it is: a DLT had begun.
    """

    def __init__(self, facts: Sequence[_Fact], noun: str, verb: str) -> None:
        self.noun, self.verb = noun, verb
        self._facts = sorted(facts, key=lambda fact: (fact.day, fact.seq))
        self._n_begun = 0
        self._by_seq: list[tuple[int, int]] = []  # a heap: what is recorded next
        self.open: dict[int, _Fact] = {}  # by place, in order of the day

    def go_to(self, on: date, seq: int) -> tuple[list[_Fact], list[_Fact]]:
        """Go to a dosing; return what has begun since the one before, and what has not yet."""
        begun, undone = [], []
        while self._n_begun < len(self._facts) and self._facts[self._n_begun].day < on:
            fact = self._facts[self._n_begun]
            begun.append(fact)
            self.open[self._n_begun] = fact
            heappush(self._by_seq, (fact.seq, self._n_begun))
            self._n_begun += 1
        while self._n_begun and self._facts[self._n_begun - 1].day >= on:
            self._n_begun -= 1  # this dosing was entered late: go back to its day
            undone.append(self._facts[self._n_begun])
            self.open.pop(self._n_begun, None)
        while self._by_seq and self._by_seq[0][0] < seq:
            self.open.pop(heappop(self._by_seq)[1], None)
        return begun, undone


def look_back_at_dosings(state: TrialState) -> Iterator[Remark]:
    """Name the dosings after a DLT had begun, or a severe event was known, and neither recorded.

    Of DLTs it is asked what the rule would have said, had they been known: the others count as they
    were recorded then, under the protocol in force then.
    """
    dlts = _Unrecorded(_dlts(state), "DLT", "had begun")
    severe = _Unrecorded(_severe_events(state), "severe adverse event", "had become known")
    recorded = sorted(_recorded(state), key=lambda entry: entry[0])
    known, hindsight = Seen(state), Seen(state)
    letters: dict[str, Outcome] = {}
    begun: set[str] = set()
    for seq, subject, stood in recorded:
        if subject.dosing is not None and seq == subject.dosing.seq:
            on = subject.dosing.event.on
            new, undone = dlts.go_to(on, seq)
            severe.go_to(on, seq)
            begun |= {fact.subject.id for fact in new}
            begun -= {fact.subject.id for fact in undone}
            for fact in (*new, *undone):
                is_dlt = fact.subject.id in begun
                letter = Outcome.DLT if is_dlt else letters.get(fact.subject.id)
                hindsight.set(fact.subject, _counted(fact.subject, letter, seq))
            decided = state.cohorts[subject.cohort - 1].decision is not None
            protocol = state.protocol_at(seq) if decided else None
            if protocol is not None and dlts.open:
                rule = _ask(subject, protocol, known, hindsight, on)
                yield _remark(state, subject, dlts, rule)
            if protocol is not None and severe.open:
                yield _remark(state, subject, severe)
        letters[subject.id] = stood
        known.set(subject, _counted(subject, stood, seq))
        now = Outcome.DLT if subject.id in begun else stood
        hindsight.set(subject, _counted(subject, now, seq))


def _counted(subject: Subject, letter: Outcome | None, seq: int) -> Outcome | None:
    """Return a letter; None where an amendment before an entry has reopened the level."""
    return letter if subject.set_aside_by is None or seq < subject.set_aside_by else None


def _recorded(state: TrialState) -> Iterator[tuple[int, Subject, Outcome]]:
    """Yield the entries of dosings and outcomes, with how the subject stood from then on.

    An amendment that reopens a level is one of each of its patients.
    """
    for subject in state.subjects.values():
        if subject.dosing is None:
            continue
        yield subject.dosing.seq, subject, Outcome.PENDING
        if subject.set_aside_by is not None:
            yield subject.set_aside_by, subject, Outcome.PENDING
        for n, fact in enumerate(subject.outcomes, start=1):
            then = subject if n == len(subject.outcomes) else None
            then = then or replace(subject, outcomes=subject.outcomes[:n])
            yield fact.seq, subject, then.outcome or Outcome.PENDING


def _dlts(state: TrialState) -> list[_Fact]:
    """Return the DLT of each subject who has one: when it began, and since when it is recorded."""
    turned = {
        correction.event.entry: correction.seq
        for correction in state.corrections
        if _says_dlt(correction.after) and not _says_dlt(correction.before)
    }
    facts = []
    for subject in state.subjects.values():
        began = subject.dlt_began
        seqs = [turned.get(f.seq, f.seq) for f in subject.outcomes if _says_dlt(f.event)]
        seqs += [_ruled_since(event) for event in subject.events if _is_ruled_dlt(event)]
        if began is not None and subject.dosed_on is not None:
            day = (began - subject.dosed_on).days + subject.dlt.infusion_day
            said = f"{subject.id} on {began}, day {day}"
            facts.append(_Fact(day=began, seq=min(seqs), subject=subject, said=said))
    return facts


def _says_dlt(event: Event | None) -> bool:
    return isinstance(event, OutcomeRecorded) and event.outcome is Outcome.DLT


def _is_ruled_dlt(event: AdverseEvent) -> bool:
    return event.ruling is not None and event.ruling.event.dlt


def _ruled_since(event: AdverseEvent) -> int:
    """Return the entry since which an event, which is ruled a DLT, has been without a break."""
    lasting = takewhile(lambda ruling: ruling.event.dlt, reversed(event.adjudications))
    return min(ruling.seq for ruling in lasting)


def _severe_events(state: TrialState) -> list[_Fact]:
    """Return the severe adverse events after an infusion that may be related and are no DLT."""
    facts = []
    for subject in state.subjects.values():
        for event in subject.events:
            severe = next((r for r in event.reports if r.event.grade >= SEVERE), None)
            unrelated = event.now.relation is Relation.UNRELATED
            if severe is None or unrelated or _is_ruled_dlt(event) or subject.dosed_on is None:
                continue
            if event.now.started >= subject.dosed_on:
                said = f"{subject.id}, {event.now.term} grade {severe.event.grade}"
                said = f"{said}, known to the site since {severe.aware}"
                facts.append(_Fact(day=severe.aware, seq=severe.seq, subject=subject, said=said))
    return facts


def _ask(subject: Subject, protocol: Protocol, known: Seen, hindsight: Seen, on: date) -> str:
    """Say whether the rule, with hindsight, would have allowed to dose a subject."""
    if subject.purpose is not Purpose.ESCALATION:
        return _ask_beside(subject, protocol, known, hindsight, on)
    with_them = hindsight.ask(protocol, on)
    if with_them is None:
        return ""
    if not forbids_one_more(with_them, subject.level, protocol.labels):
        return " Had that been known, the rule would have allowed it all the same."
    without = known.ask(protocol, on)
    if without is not None and forbids_one_more(without, subject.level, protocol.labels):
        return " The rule did not allow it anyway."
    answers = with_them.possible or (with_them,)
    said = " Or: ".join(describe_decision(answer, protocol) for answer in answers)
    return f" Had that been known, the rule would have forbidden it: {said}"


def _ask_beside(
    subject: Subject, protocol: Protocol, known: Seen, hindsight: Seen, on: date
) -> str:
    """Say the same of a cohort of backfill or expansion, of which the protocol says the rule."""
    closed, anyway = (
        find_closed_then(protocol, subject.purpose, subject.level, seen, on)
        for seen in (hindsight, known)
    )
    if not closed:
        return " Had that been known, the protocol would have allowed it all the same."
    if anyway:
        return " The protocol did not allow it anyway."
    return f" Had that been known, the {subject.purpose} would have been closed: {' '.join(closed)}"


def _remark(state: TrialState, subject: Subject, late: _Unrecorded, rule: str = "") -> Remark:
    facts = list(islice(late.open.values(), NAMED))
    more = len(late.open) - len(facts)
    days = [(state.recorded_on(f.seq, f.subject.id) - f.day).days for f in facts]
    listed = "; ".join(fact.said for fact in facts) + (f"; and {more} more" if more else "")
    entries = "entries" if len(facts) > 1 else "entry"
    so_far = f"{count(len(late.open), late.noun)} {late.verb} ({listed})"
    recorded = f"recorded {_join(days)} {'day' if days == [1] else 'days'} later"
    by = f"by {entries} {_join([fact.seq for fact in facts])}"
    text = f"{subject.id} was dosed on {subject.dosed_on} after {so_far}, {recorded} {by}.{rule}"
    return Remark(entry=subject.dosing.seq if subject.dosing else None, text=text)


def _join(numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}" if others else last
