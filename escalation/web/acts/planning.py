"""What every act has that goes by the plan of a trial; and the act by which one is adopted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import ClassVar

from wtforms import HiddenField

from escalation.errors import RefusedError
from escalation.plan import Plan, load_plan, shipped_plans
from escalation.plan.file import MAX_BYTES, parse_plan
from escalation.reports.trial.choices import say_person, say_plan
from escalation.tracker import Command
from escalation.trial import TrialState, adopt_plan
from escalation.trial.patients.recording import PATIENTS
from escalation.web.acts.base import Act, Answers, Candidate
from escalation.web.acts.fields import TODAY, choice, day, line
from escalation.web.acts.uploads import upload

__all__ = ["PLANNED", "AdoptPlan", "OfPerson", "OfPlan", "OfSomebody"]

PLANNED = "Screening, visits, results"


class AdoptPlan(Act):
    """The trial goes by a plan."""

    name = "adopt-plan"
    title = "Adopt a plan"
    lead = (
        "A plan says who may enter, what is measured, and when. What is recorded from then on is "
        "held against it; a later plan takes its place."
    )
    group = PLANNED
    task = "adopt a plan"
    most_bytes = 4 * MAX_BYTES
    answers: ClassVar[Answers] = {"say why it changes": "reason", "The reason": "reason"}

    file = upload("Plan", "A plan file (TOML).", most_bytes=MAX_BYTES, accept=".toml", needed=False)
    shipped = choice(
        "Or one that comes with the program",
        choices=[(name, name) for name in shipped_plans()],
        empty="none",
    )
    reason = line("Reason", "Needed where the trial goes by a plan already.")
    on = day("Day", TODAY)

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield by which plan the trial goes."""
        yield say_plan(state)

    def rests_on(self, state: TrialState) -> int:
        """Return the entry by which the plan was adopted."""
        return state.plans[-1][0].seq if state.plans else 0

    def command(self, state: TrialState) -> Command:
        """Ask for the plan.

        Raises
        ------
        PlanError
            With every fault of the file.
        RefusedError
            If neither or both are given.
        """
        return partial(adopt_plan, plan=self._read(), reason=self.reason.data)

    def _read(self) -> Plan:
        toml, shipped = self.file.data, self.shipped.data
        if bool(toml) == bool(shipped):
            said = "Hand in a plan file, or choose one that comes with the program; not both."
            raise RefusedError("no plan can be read", [said])
        return load_plan(shipped) if shipped else parse_plan((toml or "").encode(), "the file")


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
