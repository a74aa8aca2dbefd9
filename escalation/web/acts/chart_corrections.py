"""What was wrong in an entry of somebody's chart: a screening, results, a waiver, a visit, an end.

A single result is put right by recording it once more, with the reason; an entry is withdrawn
where it is about somebody else.
"""

from __future__ import annotations

from typing import Any, ClassVar

from escalation.plan import Disease
from escalation.trial import TrialState
from escalation.trial.events import Leaving, Sex
from escalation.web.acts.base import Answers
from escalation.web.acts.corrections import Correct
from escalation.web.acts.fields import choice, chosen, day, line, offer, paragraph

__all__ = [
    "CorrectLeaving",
    "CorrectResults",
    "CorrectScreening",
    "CorrectVisit",
    "CorrectWaiver",
]


class _OfChart(Correct):
    """A correction in somebody's chart."""

    is_offered = False
    needs_plan = True


class CorrectScreening(_OfChart):
    """Correct who somebody is who is screened."""

    name = "correct-screening"
    title = "Correct a screening"
    answers: ClassVar[Answers] = {
        **Correct.answers,
        "no disease": "disease",
        "Born": "born",
        "The consent": "consented",
    }
    says = ("disease", "sex", "born", "consented")

    said_on = day("Day on which the screening began", required=True)
    disease = chosen("Disease")
    sex = choice("Sex", choices=[(str(sex), str(sex)) for sex in Sex])
    born = line("Year or month of birth", "Such as 1975 or 1975-03.", maxlength="10")
    consented = day("Day of the informed consent")

    def fill(self, state: TrialState) -> None:
        """Offer the diseases of the plan."""
        diseases: tuple[Disease, ...] = () if state.plan is None else state.plan.diseases
        offer(self.disease, [("", "not stated"), *((one.name, one.label) for one in diseases)])

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the screening should say."""
        consented = self.consented.data
        written = None if consented is None else consented.isoformat()
        return {**super().said(state), "consented": written}


class CorrectResults(_OfChart):
    """Correct of which day and visit results are, or withdraw them."""

    name = "correct-results"
    title = "Correct the day or visit of results"
    lead = (
        "A single result is put right where results are recorded, with the reason. Here it is said "
        "of which day and visit all of the entry are, or that it should not be there."
    )
    says: ClassVar[tuple[str, ...]] = ("visit",)

    said_on = day("Day of the samples", required=True)
    visit = chosen("Visit")

    def fill(self, state: TrialState) -> None:
        """Offer the visits of the plan."""
        planned = () if state.plan is None else state.plan.visits
        offer(self.visit, [("", "none of the plan's"), *((one.name, one.label) for one in planned)])


class CorrectVisit(CorrectResults):
    """Correct a visit."""

    name = "correct-visit"
    title = "Correct a visit"
    lead = Correct.lead
    says = ("visit", "missed", "note")

    said_on = day("Day of the visit", required=True)
    missed = line("Why it was missed", "Empty where it took place.", maxlength="200")
    note = paragraph("Note")


class CorrectLeaving(_OfChart):
    """Correct how somebody's part in the study ended."""

    name = "correct-leaving"
    title = "Correct that somebody left the study"
    says = ("why",)

    said_on = day("Day on which it ended", required=True)
    why = choice("Why", choices=[(str(why), str(why)) for why in Leaving], empty="choose")


class CorrectWaiver(_OfChart):
    """Correct the day of a waiver, or withdraw it."""

    name = "correct-waiver"
    title = "Correct a waiver"

    said_on = day("Day of the waiver", required=True)
