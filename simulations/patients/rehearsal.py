"""A simulated trial, whole: as recorded by a site that screens, sees and measures its patients.

What the clock simulates, enrolment, dosing, DLTs and decisions, stays as it is; around it stands
what a plan asks for.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import count
from math import exp, floor
from typing import NamedTuple, TypeAlias

import numpy as np

from escalation.plan import Plan, PlannedTest, Visit
from escalation.protocol import Protocol
from escalation.trial import TrialState
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.definition import Verdict
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.adverse_events.verdicts import suggest
from escalation.trial.commands import Events, Recorder
from escalation.trial.demo.script import (
    ADJUDICATOR,
    OFFICE,
    SITE,
    Command,
    Step,
    begin,
    recorded_at,
)
from escalation.trial.events import EventOutcome, Finding, Leaving, Meaning, Relation, Sex
from escalation.trial.findings.record import record_findings
from escalation.trial.patients.screening import record_screening_failure
from escalation.trial.planning import adopt_plan
from escalation.trial.screening.record import screen_subject
from escalation.trial.visits.record import leave_study, record_visit
from simulations.engines.timeline.course import Course, Happening, Kind
from simulations.patients.assumptions import Patients
from simulations.patients.draw import Onset, Patient, draw_patient
from simulations.patients.screening import answer_criteria, failing_criteria
from simulations.questions.recorded import LOST, script, subject_id
from simulations.timing.assumptions import Timing

__all__ = ["rehearse"]

SCREENED_BEFORE = 3  # days before enrolment, where the trial is that old
_FIRST, _BEFORE, _CLOCK, _AFTER = range(4)  # the order of what happens on one day
_SERIOUS_GRADE = 3


class _Told(NamedTuple):
    """What a site goes by, and what is assumed of its patients."""

    protocol: Protocol
    plan: Plan
    assumed: Patients
    screen_failure: float


_Timed: TypeAlias = tuple[int, int, int, Step]  # day, order on the day, order of finding


def rehearse(
    course: Course,
    protocol: Protocol,
    plan: Plan,
    assumed: Patients,
    *,
    timing: Timing,
    opened: date,
    seed: int = 1,
) -> Iterator[tuple[Command, Recorder]]:
    """Yield the commands that record a simulated trial with its patients, in order.

    Parameters
    ----------
    course : Course
        As the clock simulated it.
    protocol : Protocol
    plan : Plan
        What the site screens, sees and measures by.
    assumed : Patients
    timing : Timing
        What the clock was told: of who fails screening, a course knows nothing.
    opened : date
        Day 0 of the course.
    seed : int
        Each patient has a stream of their own, ``SeedSequence(seed, spawn_key=(trial, patient))``.
    """
    site = _Site(
        course, _Told(protocol, plan, assumed, timing.screen_failure), opened=opened, seed=seed
    )
    beside = sorted(site.steps(), key=_when)
    by_clock = _from_clock(
        script(
            course,
            protocol,
            opened,
            delay_days=timing.decision_delay_days,
            weigh=site.weigh,
            tell_dlt=site.tell_dlt,
        ),
        protocol,
        opened,
        plan,
        sorted(site.severe),
    )
    steps = heapq.merge(by_clock, beside, key=_when)
    return recorded_at(step for *_, step in steps)


def _when(timed: _Timed) -> tuple[int, int, int]:
    return timed[:3]


def _from_clock(
    steps: Iterable[Step], protocol: Protocol, opened: date, plan: Plan, severe: Sequence[int]
) -> Iterator[_Timed]:
    """Yield the clock's steps with their days; the plan is adopted once the trial is registered.

    A decision is approved at the latest on the day before something is reported of a severe event,
    of which the clock knows nothing.
    """
    n_first = len(list(begin(str(opened), protocol)))
    before = 0
    for n, (written, person, command) in enumerate(steps):
        day = (date.fromisoformat(written) - opened).days
        if _is_approval(command):  # of the decision of the step before
            more = next((known for known in severe if before <= known <= day), day + 1)
            day = max(before, more - 1)
        before, step = day, (str(opened + timedelta(days=day)), person, command)
        yield day, _FIRST if n < n_first else _CLOCK, n, step
        if n == 0:
            yield day, _FIRST, n, (step[0], OFFICE, partial(adopt_plan, plan=plan))


def _is_approval(command: Command) -> bool:
    keywords = command.keywords if isinstance(command, partial) else {}
    return keywords.get("meaning") is Meaning.APPROVED


class _Site:
    """Who comes to a simulated trial, and what is recorded of them."""

    def __init__(self, course: Course, told: _Told, *, opened: date, seed: int) -> None:
        self.course, self.opened, self.seed = course, opened, seed
        self.protocol, self.plan, self.assumed, self.screen_failure = told
        self.patients: dict[int, Patient] = {}
        self.dosed = {h.patient: h for h in self.course.of_kind(Kind.DOSED)}
        self.ended = {h.patient: h for h in self.course.of_kind(*LOST)}
        rules = self.protocol.dlt.rules  # the first that is about a category says what a DLT is
        self.dlt = next((rule for rule in rules if rule.category is not None), None)
        self.dlts = {h.patient for h in self.course.of_kind(Kind.DLT)}
        self.numbers, self.failed, self.last_passed = count(), count(1), 0
        self.diseases: dict[str, str | None] = {}
        self.severe: set[int] = set()  # days on which severe events are reported, or over

    def patient(self, found: Happening) -> Patient:
        """Return who a patient is, drawn once."""
        number = found.patient or 0
        if number not in self.patients:
            last = self.dosed.get(number, found)
            level = self.protocol.levels[last.level or 0]
            start = self.protocol.levels[self.protocol.design.start].dose
            relative = level.dose / start if level.dose and start else 1.0
            self.patients[number] = draw_patient(self.assumed, relative, self.draws(number, 0))
        return self.patients[number]

    def draws(self, *key: int) -> np.random.Generator:
        """Return a stream of random numbers that is nobody else's."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.course.number, *key))
        return np.random.default_rng(sequence)

    def weigh(self, found: Happening) -> float:
        """Return a patient's weight."""
        return self.patient(found).weight_kg

    def tell_dlt(self, found: Happening, day: date) -> Iterator[Step]:
        """Report a DLT as an event that the protocol's definition names, and rule on it."""
        report = partial(
            record_adverse_event,
            subject=subject_id(found),
            term="simulated DLT" if self.dlt is None else self.dlt.name,
            category=None if self.dlt is None else self.dlt.category,
            grade=_SERIOUS_GRADE,  # higher ones can pause enrolment, which the clock does not
            started=day,
            aware=day,
            relation=Relation.PROBABLE,
        )
        yield str(day), SITE, report
        yield str(day), ADJUDICATOR, partial(_rule_dlt, subject=subject_id(found))

    def steps(self) -> Iterator[_Timed]:
        """Yield what the site does beside the clock, in no order."""
        enrolled: set[int | None] = set()
        for found in self.course.happenings:
            if found.kind is Kind.ENROLLED and found.patient in enrolled:
                yield from self._again(found)
            elif found.kind is Kind.ENROLLED:
                enrolled.add(found.patient)
                yield from self._failures(found)
                yield from self._screening(found)
            elif found.kind is Kind.DOSED:
                yield from self._adverse_events(found)
                yield from self._visits(found)

    def _at(self, day: int, order: int, who: str, command: Command) -> _Timed:
        day = max(day, 0)
        step = str(self.opened + timedelta(days=day)), who, command
        return day, order, next(self.numbers), step

    def _screening(self, found: Happening) -> Iterator[_Timed]:
        day = max(floor(found.day) - SCREENED_BEFORE, 0)
        draws = self.draws(found.patient or 0, 1)
        command = self._screen(subject_id(found), self.patient(found), day, draws=draws)
        yield self._at(day, _BEFORE, SITE, command)

    def _again(self, found: Happening) -> Iterator[_Timed]:
        """Repeat what can be too old, where a place was withdrawn and another one is given."""
        number, day = found.patient or 0, floor(found.day)
        subject, draws = subject_id(found), self.draws(number, 4, day)
        on = self.opened + timedelta(days=day)
        timed = {c.test or c.id for c in self.plan.criteria if c.within_days is not None}
        said = answer_criteria(self.plan, self.diseases[subject], self.patient(found), on, draws)
        findings = tuple(f for f in said if f.test in timed and f.on is None)
        if findings:
            command = partial(record_findings, subject=subject, findings=findings)
            yield self._at(day, _BEFORE, SITE, command)

    def _screen(
        self,
        subject: str,
        patient: Patient,
        day: int,
        *,
        draws: np.random.Generator,
        disease: str | None = None,
        but: str | None = None,
    ) -> Command:
        diseases = [disease.name for disease in self.plan.diseases]
        if disease is None and diseases:
            disease = diseases[int(draws.integers(len(diseases)))]
        self.diseases[subject] = disease
        on = self.opened + timedelta(days=day)
        findings = answer_criteria(self.plan, disease, patient, on, draws, but=but)
        age = next((f.value for f in findings if f.test == "age" and f.value is not None), None)
        return partial(
            screen_subject,
            subject=subject,
            disease=disease,
            sex=Sex(patient.sex),
            born=None if age is None else str(on.year - int(age)),
            consented=on,
            findings=findings,
        )

    def _failures(self, found: Happening) -> Iterator[_Timed]:
        """Yield who failed screening since the last one who passed."""
        draws = self.draws(found.patient or 0, 3)
        first, self.last_passed = self.last_passed, floor(found.day)
        for _ in range(int(draws.geometric(1 - self.screen_failure)) - 1):
            day = int(draws.integers(first, floor(found.day) + 1))
            yield from self._failure(next(self.failed), day, draws)

    def _failure(self, number: int, day: int, draws: np.random.Generator) -> Iterator[_Timed]:
        patient = draw_patient(self.assumed, 1.0, draws)
        subject = f"F-{number:03}"
        names = [disease.name for disease in self.plan.diseases]
        disease = names[int(draws.integers(len(names)))] if names else None
        failing = list(failing_criteria(self.plan, disease, Sex(patient.sex)))
        but = failing[int(draws.integers(len(failing)))] if failing else None
        screen = self._screen(subject, patient, day, draws=draws, disease=disease, but=but)
        yield self._at(day, _BEFORE, SITE, screen)
        fail = partial(
            record_screening_failure,
            subject=subject,
            reason="not eligible" if but else "declined",
            criteria=(but,) if but else (),
        )
        yield self._at(day, _BEFORE, SITE, fail)

    def _adverse_events(self, found: Happening) -> Iterator[_Timed]:
        subject, dosed = subject_id(found), floor(found.day)
        for onset in self.patient(found).onsets:
            is_dlt = self.dlt is not None and onset.ailment.category == self.dlt.category
            if is_dlt and found.patient in self.dlts:
                continue  # theirs is the DLT
            day = dosed + floor(onset.start)
            if not self._is_there(found, day):
                continue
            end = day + 1 + floor(onset.days)
            self.severe |= {day, end} if onset.grade >= _SERIOUS_GRADE else set()
            yield self._at(day, _AFTER, SITE, self._report(subject, onset, day))
            if self._is_there(found, end):
                command = partial(_resolve, subject=subject, term=onset.ailment.term)
                yield self._at(end, _AFTER, SITE, command)

    def _report(self, subject: str, onset: Onset, day: int) -> Command:
        started = self.opened + timedelta(days=day)
        severe = onset.grade >= _SERIOUS_GRADE
        return partial(
            record_adverse_event,
            subject=subject,
            term=onset.ailment.term,
            category=onset.ailment.category,
            grade=onset.grade,
            baseline_grade=0 if onset.ailment.category == "haematological" else None,
            started=started,
            aware=started,
            relation=Relation.UNRELATED if severe else Relation.POSSIBLE,
        )

    def _is_there(self, found: Happening, day: int) -> bool:
        """Tell whether a patient is still in the study on a day."""
        lost = self.ended.get(found.patient)
        return lost is None or day < floor(lost.day)

    def _visits(self, found: Happening) -> Iterator[_Timed]:
        subject, dosed = subject_id(found), floor(found.day)
        patient, draws = self.patient(found), self.draws(found.patient or 0, 2)
        day = dosed
        for visit in self.plan.visits:
            late = round(float(draws.normal(0, self.assumed.jitter_days))) if visit.day > 0 else 0
            missed = draws.random() < self.assumed.missed and visit.day > 0
            planned = dosed + visit.day + min(max(late, -visit.before), visit.after)
            if not self._is_there(found, planned):
                break
            if missed:
                command = partial(
                    record_visit, subject=subject, visit=visit.name, missed="did not come"
                )
                day = max(day, dosed + visit.last_day + 1)
                if not self._is_there(found, day):
                    break
                yield self._at(day, _AFTER, SITE, command)
                continue
            day = planned
            command = partial(record_visit, subject=subject, visit=visit.name)
            yield self._at(day, _AFTER, SITE, command)
            findings = tuple(self._measure(patient, visit, day - dosed, draws))
            if findings:
                command = partial(
                    record_findings, subject=subject, visit=visit.name, findings=findings
                )
                yield self._at(day, _AFTER, SITE, command)
        lost = self.ended.get(found.patient)
        left = Leaving.COMPLETED if lost is None else Leaving.WITHDREW
        last = day if lost is None else floor(lost.day)
        reason = None if lost is None else LOST[lost.kind]
        command = partial(leave_study, subject=subject, why=left, reason=reason)
        if lost is not None or self.plan.visits:
            yield self._at(last, _AFTER, SITE, command)

    def _measure(
        self, patient: Patient, visit: Visit, day: int, draws: np.random.Generator
    ) -> Iterator[Finding]:
        for name in visit.tests:
            test = self.plan.find_test(name)
            if test is None:
                continue
            missing = draws.random() < self.assumed.not_assessed
            noise = float(draws.standard_normal())
            finding = self._find(patient, test, day, noise)
            if finding is not None and missing:
                finding = Finding(test=name, not_done="sample lost")
            if finding is not None:
                yield finding

    def _find(self, patient: Patient, test: PlannedTest, day: int, noise: float) -> Finding | None:
        """Return what a test finds on a day; None for one of which nothing is assumed."""
        response, kinetics = self.plan.response, self.plan.kinetics
        if response is not None and test.name == response.test:
            return Finding(test=test.name, answer=patient.response(day, test.choices[-1]))
        if kinetics is not None and test.name == kinetics.test:
            cells = self.assumed.expansion
            level = patient.cells.at(day) * exp(cells.error * noise)
            if level < cells.lloq:
                return Finding(test=test.name, value=cells.lloq, unit=test.unit, below=True)
            return Finding(test=test.name, value=_rounded(level), unit=test.unit)
        marker = self.assumed.marker(test.name)
        if marker is None:
            return None
        level = patient.markers[test.name].at(day) * exp(marker.error * noise)
        level = max(level, test.least or 0.0)
        level = level if test.greatest is None else min(level, test.greatest)
        return Finding(test=test.name, value=_rounded(level), unit=test.unit)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _rule_dlt(state: TrialState, recorder: Recorder, *, subject: str) -> Events:
    """Rule that somebody's last adverse event is a DLT; a reason where the definition waits."""
    known = state.subjects[subject]
    event = known.events[-1]
    meets = suggest(known, event, recorder.on).verdict is Verdict.MEETS
    reason = None if meets else "simulated as a DLT"
    return adjudicate(state, recorder, entry=event.entry, dlt=True, reason=reason)


def _resolve(state: TrialState, recorder: Recorder, *, subject: str, term: str) -> Events:
    """Say that an adverse event is over."""
    event = next(e for e in state.subjects[subject].events if e.now.term == term)
    return follow_up(
        state,
        recorder,
        entry=event.entry,
        changes={"ended": str(recorder.on), "outcome": str(EventOutcome.RECOVERED)},
        aware=recorder.on,
    )
