"""What a site records of visits: results, that one took place or was missed, and that one left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar

from wtforms import HiddenField

from escalation.plan import PlannedTest, Visit
from escalation.reports.trial.choices import say_known, say_person, say_visit
from escalation.tracker import Command
from escalation.trial import TrialState, leave_study, record_findings, record_visit
from escalation.trial.events import Leaving
from escalation.trial.visits.calendar import VisitDue, VisitStanding, visits_of
from escalation.web.acts.base import Act, Answers, Candidate, Folded
from escalation.web.acts.fields import day, line, paragraph, radio
from escalation.web.acts.patients import DAY, FEW
from escalation.web.acts.planning import OfPerson, OfSomebody
from escalation.web.acts.rows import Asked, Rows, capitalised, made_with

__all__ = ["Leave", "RecordResults", "RecordVisit"]

UNPLANNED = "-"  # in an address, where a visit is: results at none of the plan's
_OPEN = (VisitStanding.DUE, VisitStanding.OVERDUE)


class OfVisit(OfSomebody):
    """An act about somebody at a visit: both are chosen first, one after the other.

    An address says both with a blank between: ``TJ-001 W4``. An id has no blank.
    """

    about = "at"
    asked = "Who was seen?"

    at = HiddenField("Person and visit")

    @property
    def person(self) -> str:
        """Whom it is about."""
        return (self.at.data or "").partition(" ")[0]

    @property
    def visit(self) -> str | None:
        """Which visit, as it is sent."""
        return (self.at.data or "").partition(" ")[2] or None

    def fill(self, state: TrialState) -> None:
        """Ask next what is not known yet."""
        super().fill(state)
        if self.can_be(state, self.person) and self.visit is None:
            self.asked = f"Which visit of {self.person}?"  # type: ignore[misc]  # of this form

    def is_begun(self, state: TrialState) -> bool:
        """Tell whether it is known who, and not which visit."""
        return self.can_be(state, self.person) and self.visit is None

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the people; of somebody the visits, those that are due first."""
        if not self.is_begun(state):
            return super().candidates(state, on)
        return [self._candidate(one) for one in self.offered(state, self.person, on)]

    def offered(self, state: TrialState, person: str, on: date) -> Sequence[VisitDue]:
        """Return the visits of somebody, those that are due first."""
        visits = visits_of(state, person, on)
        return sorted(visits, key=lambda one: one.standing not in _OPEN)

    def _candidate(self, one: VisitDue) -> Candidate:
        return Candidate(f"{one.subject} {one.visit.name}", one.visit.label, say_visit(one))

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say who and which visit."""
        if self.visit is None or not self.can_be(state, self.person):
            return None
        who = f"{self.person}: {say_person(state, self.person, on)}"
        if self.visit == UNPLANNED:
            return f"{who}. At no visit of the plan"
        found = [v for v in visits_of(state, self.person, on) if v.visit.name == self.visit]
        return f"{who}. {found[0].visit.label}: {say_visit(found[0])}" if found else None

    @property
    def planned(self) -> str | None:
        """The visit of the plan; None for none of them."""
        return None if self.visit == UNPLANNED else self.visit


class RecordResults(Rows, OfVisit):
    """Results at a visit, or between visits."""

    name = "results"
    title = "Record results"
    lead = (
        "As the laboratory reports them; what is not known yet is left for later. A visit with a "
        "result has taken place."
    )
    leads_to = "results"
    rare: ClassVar[Folded] = {"A result takes the place of an earlier one": ("reason",)}
    answers: ClassVar[Answers] = {"give the reason why": "reason", "Visit": "on"}

    reason = line("Reason", "Why the earlier one does not stand.")
    on = day("Day of the samples", f"Where a row says no other. {DAY}")

    @classmethod
    def made_for(cls, state: TrialState, on: date, given: Mapping[str, str]) -> type[Act]:
        """Return the form with the tests of the plan, those of the visit first."""
        person, _, name = given.get("at", "").partition(" ")
        if state.plan is None:
            return cls
        visit = state.plan.find_visit(name)
        if visit is None and name != UNPLANNED:
            return cls
        return made_with(cls, _asked_at(state.plan.tests, visit, say_known(state, person)))

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the people, or the visits of somebody; and none of them."""
        found = super().candidates(state, on)
        if not self.is_begun(state):
            return found
        none = Candidate(f"{self.person} {UNPLANNED}", "No visit of the plan", "between visits")
        return [*found, none]

    def due(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the visits that are due or overdue, if they are few."""
        due = [
            Candidate(f"{name} {one.visit.name}", f"{name}, {one.visit.label}", say_visit(one))
            for name in state.subjects
            for one in visits_of(state, name, on)
            if one.standing in _OPEN
        ]
        return due if len(due) <= FEW else ()

    def command(self, state: TrialState) -> Command:
        """Ask for the results to be recorded."""
        return partial(
            record_findings,
            subject=self.person,
            findings=tuple(self.told()),
            visit=self.planned,
            reason=self.reason.data,
        )


def _asked_at(
    tests: Sequence[PlannedTest], visit: Visit | None, known: Mapping[str, str]
) -> Iterator[Asked]:
    """Yield the tests that are due at a visit, in its order, then the others."""
    due = () if visit is None else visit.tests
    first = [test for name in due for test in tests if test.name == name]
    for test in (*first, *(test for test in tests if test.name not in due)):
        section = "Other tests of the plan"
        if visit is None:
            section = "Tests of the plan"
        elif test.name in due:
            section = f"Due at {visit.label}"
        yield Asked(
            name=test.name,
            text=capitalised(test.label),
            test=test,
            section=section,
            front=("below",),
            known=f"{known[test.name]}." if test.name in known else "",
        )


class RecordVisit(OfVisit):
    """A visit took place, or was missed."""

    name = "visit"
    title = "Record a visit, or that it was missed"
    lead = "Where results of a visit are recorded, it need not be said that it took place."
    rare: ClassVar[Folded] = {"A note": ("note",)}
    answers: ClassVar[Answers] = {"is still to come": "on", "Visit": "on"}

    how = radio(
        "What happened",
        choices=[("took place", "It took place"), ("missed", "It was missed")],
    )
    missed = line("Why it was missed", "Needed where it was.", maxlength="200")
    note = paragraph("Note")
    on = day("Day", f"Of the visit, or on which it was known that there was none. {DAY}")

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether it is said why a visit was missed, and only then."""
        is_right: bool = super().validate(extra_validators)
        if (self.how.data == "missed") is (self.missed.data is None) and not self.how.errors:
            self.missed.errors = [
                "Why it was missed: this is needed"
                if self.how.data == "missed"
                else "Why it was missed: a visit that took place was not missed"
            ]
            return False
        return is_right

    def command(self, state: TrialState) -> Command:
        """Ask for the visit to be recorded."""
        return partial(
            record_visit,
            subject=self.person,
            visit=self.visit or "",
            missed=self.missed.data,
            note=self.note.data,
        )


class Leave(OfPerson):
    """Somebody's part in the study ended."""

    name = "leave"
    title = "Record that somebody left the study"
    lead = "Completed or not: no visit is due from then on. It is not an outcome of the DLT window."

    why = radio("Why", choices=[(str(why), str(why)) for why in Leaving])
    reason = line("In words", "Such as: moved to another city.")
    on = day("Day", f"On which it ended. {DAY}")

    def command(self, state: TrialState) -> Command:
        """Ask for the end to be recorded."""
        return partial(
            leave_study,
            subject=self.person,
            why=Leaving(self.why.data),
            reason=self.reason.data,
        )
