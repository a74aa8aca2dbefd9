"""What every act has that goes by the plan of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from wtforms import HiddenField

from escalation.reports.trial.choices import say_person
from escalation.trial import TrialState
from escalation.trial.patients.recording import PATIENTS
from escalation.web.acts.base import Act, Candidate

__all__ = ["PLANNED", "OfPerson", "OfPlan", "OfSomebody"]

PLANNED = "Screening, visits, results"


class OfPlan(Act):
    """An act of a site that there is only in a trial with a plan."""

    group = PLANNED
    task = PATIENTS
    needs_plan = True

    def rests_on(self, state: TrialState) -> int:
        """Return the entry by which the plan was adopted."""
        return state.plans[-1][0].seq if state.plans else 0


class OfSomebody(OfPlan):
    """An act about somebody who is screened or enrolled, who is chosen first."""

    @property
    def person(self) -> str:
        """Whom it is about."""
        raise NotImplementedError

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return everybody whom it can be about, who came last first."""
        people = dict.fromkeys([*state.subjects, *state.charts])
        return [
            Candidate(name, name, say_person(state, name, on))
            for name in reversed(people)
            if self.can_be(state, name)
        ]

    def can_be(self, state: TrialState, subject: str) -> bool:
        """Tell whether the act can be about somebody at all."""
        return subject in state.subjects or state.chart(subject).screening is not None

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say whom it is about."""
        person = self.person
        if not self.can_be(state, person):
            return None
        return f"{person}: {say_person(state, person, on)}"

    def whom(self) -> tuple[str | None, str | None]:
        """Return the person."""
        return self.person, None


class OfPerson(OfSomebody):
    """An act about somebody, and nothing else that has to be chosen first."""

    about = "subject"
    asked = "Whom is it about?"

    subject = HiddenField("Person")

    @property
    def person(self) -> str:
        """Whom it is about."""
        return self.subject.data or ""
