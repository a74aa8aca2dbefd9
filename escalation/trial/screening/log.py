"""Everybody who was screened, each time, with the verdict and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from escalation.dataclass import dataclass
from escalation.trial.chart import Chart
from escalation.trial.events import ScreeningFailed, SubjectLeft, SubjectScreened
from escalation.trial.patients.subjects import Fact
from escalation.trial.screening.judging import eligibility_of, plan_at
from escalation.trial.state import Recorded, TrialState

if TYPE_CHECKING:
    from escalation.plan.eligibility import Eligibility

__all__ = [
    "End",
    "Screening",
    "in_screening",
    "people_screened",
    "screening_log",
    "screenings_of",
]

End = Literal["enrolled", "failed", "left", "screened again", "in screening"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One screening of one person.

    Attributes
    ----------
    subject : str
    on : date
        The day it began; where no screening was recorded, that of its end.
    entry : int or None
        None where all that is recorded is how it ended: in a trial without a plan, or an import.
    number : int
        From 1, of those of the same person.
    said : SubjectScreened or None
    site : str or None
    end : str
    ended_on : date or None
        None while somebody is in screening.
    ended_by : int or None
        The entry.
    reason : str or None
        Of a failure, of who left, or of an enrolment against a gate.
    criteria : tuple of str
        Those that a failure names.
    waived : tuple of str
    """

    subject: str
    on: date
    entry: int | None = None
    number: int = 1
    said: SubjectScreened | None = None
    site: str | None = None
    end: End = "in screening"
    ended_on: date | None = None
    ended_by: int | None = None
    reason: str | None = None
    criteria: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()

    def judged(self, state: TrialState, on: date) -> Eligibility | None:
        """Judge it as the entries say now: on the day that it ended, or that is asked about.

        None without a plan with criteria, and where no screening was recorded.
        """
        if self.entry is None or not plan_at(state, self.ended_by).criteria:
            return None
        day = on if self.ended_on is None else self.ended_on
        return eligibility_of(state, self.subject, max(day, self.on), before=self.ended_by)


def screening_log(state: TrialState) -> tuple[Screening, ...]:
    """Return every screening by its day; of one day in the order of recording.

    Everybody who was enrolled, or is said to have failed screening, is among them.
    """
    found: list[Screening] = []
    for name in people_screened(state):
        found += screenings_of(state, name)
    return tuple(sorted(found, key=lambda one: (one.on, one.entry or one.ended_by or 0)))


def people_screened(state: TrialState) -> list[str]:
    """Return the ids of all who were screened or enrolled."""
    screened = [name for name, chart in state.charts.items() if chart.screenings]
    failed = [state.current_id(event.subject) for _, event in state.not_enrolled]
    return list(dict.fromkeys([*screened, *failed, *state.subjects]))


def in_screening(state: TrialState) -> list[str]:
    """Return the ids of those whose screening goes on."""
    names = (name for name, chart in state.charts.items() if chart.screenings)
    return [name for name in names if screenings_of(state, name)[-1].end == "in screening"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    seq: int
    on: date
    end: End
    reason: str | None = None
    criteria: tuple[str, ...] = ()


def screenings_of(state: TrialState, name: str) -> list[Screening]:
    """Return the screenings of a person, after the ends for which nobody had recorded one."""
    return list(_screenings(state, name))


def _screenings(state: TrialState, name: str) -> Iterator[Screening]:
    chart = state.chart(name)
    ends = _ends(state, name, chart)
    begun = [fact.seq for fact in chart.screenings]
    earlier = [e for e in ends if not begun or e.seq < begun[0]]
    unscreened = [ended for ended in earlier if ended.end != "left"]
    for number, ended in enumerate(unscreened, start=1):
        site = _site(state, name, ended)
        yield _ended(Screening(subject=name, on=ended.on, number=number, site=site), ended)
    following = (*chart.screenings[1:], None)
    pairs = zip(chart.screenings, following, strict=False)
    for number, (fact, again) in enumerate(pairs, start=1 + len(unscreened)):
        screening = Screening(
            subject=name,
            on=fact.event.on,
            entry=fact.seq,
            number=number,
            said=fact.event,
            site=fact.event.site,
            waived=tuple(n for w in chart.during(fact).waivers for n in w.event.criteria),
        )
        yield _ended(screening, _end(ends, fact, again))


def _ended(screening: Screening, ended: _Ended | None) -> Screening:
    if ended is None:
        return screening
    return replace(
        screening,
        end=ended.end,
        ended_on=ended.on,
        ended_by=ended.seq,
        reason=ended.reason,
        criteria=ended.criteria,
    )


def _end(
    ends: list[_Ended], fact: Fact[SubjectScreened], again: Fact[SubjectScreened] | None
) -> _Ended | None:
    """Return how a screening ended: by the first thing that ends one, before the next."""
    of = (e for e in ends if e.seq > fact.seq and (again is None or e.seq < again.seq))
    ended = next(of, None)
    if ended is None and again is not None:
        return _Ended(seq=again.seq, on=again.event.on, end="screened again")
    return ended


def _ends(state: TrialState, name: str, chart: Chart) -> list[_Ended]:
    """Return what ended a screening of a person, in the order of recording.

    Who is given a place anew, because the cohort was closed, was enrolled before; who leaves after
    the enrolment was not in screening any more.
    """
    subject = state.subjects.get(name)
    found: list[_Ended] = []
    for fact in () if subject is None else subject.enrolments:
        last = found[-1].seq if found else 0
        if not found or any(last < new.seq < fact.seq for new in chart.screenings):
            found.append(
                _Ended(seq=fact.seq, on=fact.event.on, end="enrolled", reason=fact.event.deviation)
            )
    found += [
        _failed(entry, event)
        for entry, event in state.not_enrolled
        if state.current_id(event.subject) == name
    ]
    found += [_left(fact) for fact in chart.leavings]
    return sorted(found, key=lambda ended: ended.seq)


def _failed(entry: Recorded, event: ScreeningFailed) -> _Ended:
    return _Ended(
        seq=entry.seq, on=event.on, end="failed", reason=event.reason, criteria=event.criteria
    )


def _left(fact: Fact[SubjectLeft]) -> _Ended:
    why = str(fact.event.why)
    reason = why if fact.event.reason is None else f"{why}: {fact.event.reason}"
    return _Ended(seq=fact.seq, on=fact.event.on, end="left", reason=reason)


def _site(state: TrialState, name: str, ended: _Ended) -> str | None:
    failed = [event.site for entry, event in state.not_enrolled if entry.seq == ended.seq]
    if failed:
        return failed[0]
    subject = state.subjects.get(name)
    return None if subject is None else subject.site_on(ended.on)
