"""A patient's way: enrolled, dosed, followed up."""

from __future__ import annotations

from functools import partial

from escalation.tracker import Command
from escalation.trial import TrialState, enrol_subject
from escalation.trial.patients.recording import PATIENTS
from escalation.web.acts.base import Act, day, measure, text

__all__ = ["Enrol"]


class Enrol(Act):
    """Give a subject a place in an open cohort."""

    name = "enrol"
    title = "Enrol a patient"
    group = "Patients"
    task = PATIENTS

    subject = text(
        "Subject", "A pseudonym such as TJ-011: no name, no date of birth.", required=True
    )
    weight = measure("Weight in kg", "Needed where doses are per kg or m².")
    height = measure("Height in cm", "Needed where doses are per m².")
    replaces = text("Replaces", "Whom the subject replaces, if anybody.")
    site = text("Site", "Who has the subject in care.")
    deviation = text("Deviation", "Why it was done although a gate says no. It stays visible.")
    on = day()

    def command(self, state: TrialState) -> Command:
        """Ask for the enrolment."""
        return partial(
            enrol_subject,
            subject=self.subject.data or "",
            weight_kg=self.weight.data,
            height_cm=self.height.data,
            replaces=self.replaces.data,
            site=self.site.data,
            deviation=self.deviation.data,
        )

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject and the site."""
        return self.subject.data, self.site.data
