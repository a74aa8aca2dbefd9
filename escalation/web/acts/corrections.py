"""What was wrong: in an entry, of which the form holds what it says now, or in a patient's id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar

from wtforms import BooleanField, HiddenField

from escalation.grading import read_observations
from escalation.labels import read_label
from escalation.reports.trial.choices import say_fact
from escalation.tracker import Command
from escalation.trial import Events, Recorder, TrialState, correct_entry, rename_subject
from escalation.trial.adverse_events.observing import graded_as
from escalation.trial.adverse_events.record import FOLLOWED_UP, SCALES
from escalation.trial.codec import dump_event
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    EligibilityWaived,
    Event,
    FindingsRecorded,
    InfusionContinued,
    OutcomeRecorded,
    SubjectDosed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectScreened,
    VisitRecorded,
)
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.patients.subjects import Fact
from escalation.web.acts.base import Act, Answers, Candidate, Folded
from escalation.web.acts.events import (
    FURTHER,
    SIGNS,
    Counts,
    CrsSigns,
    IcansSigns,
    Said,
    Signs,
    scale,
    scale_version,
)
from escalation.web.acts.fields import chosen, day, line, number, offer, radio, show, show_said
from escalation.web.acts.patients import (
    OUTCOMES,
    OfSubject,
    Toxicities,
    name_unit,
    offer_outcomes,
    subject_id,
)

__all__ = [
    "Correct",
    "CorrectCounts",
    "CorrectCrs",
    "CorrectDosing",
    "CorrectEnrolment",
    "CorrectEvent",
    "CorrectFollowUp",
    "CorrectFurther",
    "CorrectIcans",
    "CorrectOutcome",
    "Rename",
]

_ANSWERS = {
    "The infused": "infused",
    "The planned": "planned",
    "The lot": "lot",
    "A weight is": "weight_kg",
    "A height is": "height_cm",
    "Doses are in": "weight_kg",
    "There is no level": "level",
    "The level is": "level",
    "The onset": "started",
    "The end ": "ended",
    "became aware": "aware",
    "A grade is": "grade",
    "A baseline grade": "baseline_grade",
    "The term": "term",
    '"Not evaluable" needs a reason': "outcome_reason",
    '"no DLT" cannot be said before': "outcome",
}


_WITHDRAWN = {"It should not be there at all": ("withdraw",)}


class Correct(Act):
    """Say how an earlier entry is to be read; this one only asks which."""

    name = "correct"
    title = "Correct an entry"
    lead = "The entry itself stays: the correction says how it is to be read from now on."
    group = "Corrections"
    task = PATIENTS
    about = "entry"
    asked = "Which entry was wrong?"
    answers: ClassVar[Answers] = _ANSWERS
    rare: ClassVar[Folded] = _WITHDRAWN
    order: ClassVar[tuple[str, ...]] = ("said_on", "level")
    says: ClassVar[tuple[str, ...]] = ()

    entry = HiddenField("Entry")
    withdraw = BooleanField("Withdraw the entry: it is read as never made")
    reason = line("Reason of the correction", "Why the entry was wrong.", required=True)
    on = day("Day of the correction", "Today, if left empty.")

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the entries that can be corrected, the last ones first."""
        facts = map(state.fact, sorted((*state.owners, *state.charted), reverse=True))
        return [
            Candidate(str(fact.seq), f"Entry {fact.seq}", say_fact(state, fact))
            for fact in facts
            if fact is not None
        ]

    @property
    def number(self) -> int:
        """The entry."""
        text = self.entry.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def known(self, state: TrialState) -> Fact[Event] | None:
        """Return what the entry says."""
        return state.fact(self.number)

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say what the entry says."""
        known = self.known(state)
        return None if known is None else f"Entry {known.seq}: {say_fact(state, known)}"

    def elsewhere(self, state: TrialState) -> str | None:
        """Return the form for what the entry says."""
        known = self.known(state)
        if known is None:
            return None
        kind = _FORMS[type(known.event)]
        observed = getattr(known.event, "observations", None)
        if observed is not None and isinstance(known.event, AdverseEventRecorded):
            return f"{kind}-{graded_as(known.event.scale, known.event.category)}"
        return kind

    def rests_on(self, state: TrialState) -> int:
        """Return the last entry that says what the form shows."""
        known = self.known(state)
        return 0 if known is None else max(known.seq, *known.corrected_by, 0)

    def prefill(self, state: TrialState) -> None:
        """Fill in what the entry says."""
        known = self.known(state)
        if known is not None:
            show(self._fields.get("said_on", self.on), known.event.on)
            show_said(self, known.event, *self.says)

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the entry should say, as JSON types."""
        found: dict[str, Any] = {name: self[name].data for name in self.says if name in self}
        if "said_on" in self and self.said_on.data is not None:
            found["on"] = self.said_on.data.isoformat()
        return found

    def command(self, state: TrialState) -> Command:
        """Ask for the correction."""
        return partial(
            correct_to,
            entry=self.number,
            says=None if "withdraw" in self and self.withdraw.data else self.said(state),
            reason=self.reason.data or "",
        )


def correct_to(
    state: TrialState,
    recorder: Recorder,
    *,
    entry: int,
    says: Mapping[str, Any] | None,
    reason: str,
) -> Events:
    """Correct an entry to what it should say; what it says already is no change."""
    fact, changes = state.fact(entry), says
    if fact is not None and says is not None:
        now = dump_event(fact.event)
        changes = {name: value for name, value in says.items() if value != now.get(name)}
        followed = changes.get("changes")
        if followed is not None and isinstance(fact.event, AdverseEventFollowedUp):
            changes["changes"] = {**fact.event.changes, **followed}
            if changes["changes"] == fact.event.changes:
                del changes["changes"]
    return correct_entry(state, recorder, entry=entry, changes=changes, reason=reason)


class CorrectEnrolment(Correct):
    """Correct an enrolment."""

    name = "correct-enrolment"
    title = "Correct an enrolment"
    is_offered = False
    says = ("weight_kg", "height_cm")

    said_on = day("Day of the enrolment", required=True)
    level = chosen("Level")
    weight_kg = number("Weight in kg")
    height_cm = number("Height in cm")

    def fill(self, state: TrialState) -> None:
        """Leave out what cannot be corrected: the level, but in an imported history."""
        del self.withdraw
        known = self.known(state)
        event = None if known is None else known.event
        is_history = isinstance(event, SubjectEnrolled) and (
            state.cohorts[event.cohort - 1].decision is None
        )
        labels = () if state.protocol is None else state.protocol.labels
        if is_history:
            offer(self.level, [(str(label), f"level {label}") for label in labels])
        else:
            del self.level

    def prefill(self, state: TrialState) -> None:
        """Fill in what the entry says."""
        super().prefill(state)
        known = self.known(state)
        if known is not None and "level" in self:
            show(self.level, str(getattr(known.event, "level", "")))

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the enrolment should say."""
        level = {"level": read_label(self.level.data or "")} if "level" in self else {}
        return {**super().said(state), **level}


class CorrectFurther(Correct):
    """Correct a further infusion."""

    name = "correct-further"
    title = "Correct a further infusion"
    is_offered = False
    says: ClassVar[tuple[str, ...]] = ("infused", "lot")

    said_on = day("Day of the infusion", required=True)
    infused = number("Amount infused")
    lot = line("Lot")

    def fill(self, state: TrialState) -> None:
        """Name the unit."""
        name_unit(self, state)


class CorrectDosing(CorrectFurther):
    """Correct a dosing."""

    name = "correct-dosing"
    title = "Correct an infusion"
    says = ("infused", "planned", "lot")

    planned = number("Amount planned")


class CorrectOutcome(Toxicities, Correct):
    """Correct an outcome."""

    name = "correct-outcome"
    title = "Correct an outcome"
    is_offered = False

    said_on = day("Day of the outcome", required=True)
    outcome = radio("Outcome")
    order: ClassVar[tuple[str, ...]] = ("said_on", "outcome", "outcome_reason", "toxicities")
    outcome_reason = line("Reason of the outcome", 'Needed for "not evaluable".')

    def fill(self, state: TrialState) -> None:
        """Offer the outcomes."""
        offer_outcomes(self.outcome, state)

    def prefill(self, state: TrialState) -> None:
        """Fill in what the entry says."""
        super().prefill(state)
        known = self.known(state)
        if known is None or not isinstance(known.event, OutcomeRecorded):
            return
        words = {outcome: word for word, (outcome, _) in OUTCOMES.items()}
        show(self.outcome, words.get(known.event.outcome))
        show(self.outcome_reason, known.event.reason)
        for place, toxicity in enumerate(known.event.toxicities):
            if place >= len(self.toxicities.entries):
                self.add_group()
            show_said(
                self.toxicities[place].form,
                toxicity,
                *("term", "grade", "onset", "relation", "narrative"),
            )

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the outcome should say."""
        told = [
            {
                "term": one.term,
                "grade": one.grade,
                "onset": one.onset.isoformat(),
                "relation": None if one.relation is None else str(one.relation),
                "narrative": one.narrative,
            }
            for one in self.told
        ]
        return {
            **super().said(state),
            "outcome": OUTCOMES[self.outcome.data][0].value,
            "reason": self.outcome_reason.data,
            "toxicities": told,
        }


# ---------------------------------------------------------------- adverse events


class CorrectEvent(Said, Correct):
    """Correct the first report of an event."""

    rare: ClassVar[Folded] = {**FURTHER, **_WITHDRAWN}
    name = "correct-event"
    title = "Correct the report of an adverse event"
    is_offered = False
    says = (
        *("term", "grade", "started", "ended", "aware", "serious", "relation", "action"),
        *("outcome", "treatment", "narrative", "category", "baseline_grade", "code"),
        *("dictionary", "scale", "scale_version"),
    )

    order: ClassVar[tuple[str, ...]] = ("said_on", "term", "started", "grade", "category", *SIGNS)

    said_on = day("As it stood on", required=True)
    term = line("What it was", required=True)
    started = day("Day it began", required=True)
    aware = day("Day the site became aware", required=True)
    scale = scale()
    scale_version = scale_version()

    def fill(self, state: TrialState) -> None:
        """Offer the categories."""
        self.offer_categories(state)

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the report should say."""
        found = {**super().said(state), **self.told(*self.says)}
        if "scale" in self:
            found["scale"] = self.scale.data or "CTCAE"
            found["scale_version"] = self.scale_version.data or SCALES[found["scale"]][0]
        return found


class _CorrectBySigns(CorrectEvent, Signs):
    def fill(self, state: TrialState) -> None:
        """Leave out what the rule gives, and what it goes by."""
        super().fill(state)
        for name in ("grade", "category", "other_category", "scale", "scale_version"):
            delattr(self, name)

    def prefill(self, state: TrialState) -> None:
        """Fill in what was observed."""
        super().prefill(state)
        known = self.known(state)
        if known is not None:
            self.show_observed(getattr(known.event, "observations", None) or {})

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the report should say."""
        observed = read_observations(self.graded, self.observed())
        return {**super().said(state), "observations": observed}


class CorrectCrs(_CorrectBySigns, CrsSigns):
    """Correct a report of CRS."""

    name = "correct-event-crs"
    title = "Correct the report of CRS"


class CorrectIcans(_CorrectBySigns, IcansSigns):
    """Correct a report of ICANS."""

    name = "correct-event-icans"
    title = "Correct the report of ICANS"


class CorrectCounts(_CorrectBySigns, Counts):
    """Correct a report of early ICAHT."""

    name = "correct-event-icaht"
    title = "Correct the report of low neutrophils"


class CorrectFollowUp(Said, Correct):
    """Correct a follow-up."""

    name = "correct-follow-up"
    title = "Correct the follow-up of an adverse event"
    is_offered = False
    says = ("aware",)

    said_on = day("Day from which it was so", required=True)
    aware = day("Day the site became aware", required=True)

    def fill(self, state: TrialState) -> None:
        """Leave only what the follow-up says; what a rule gives is observed again."""
        self.offer_categories(state)
        known = self.known(state)
        changes = dict(getattr(known.event, "changes", {})) if known is not None else {}
        if changes.get("observations") is not None:
            changes.pop("grade", None)
        for name in FOLLOWED_UP:
            if name in self and name not in changes:
                delattr(self, name)
        if "category" not in self:
            del self.other_category

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield how the rest is corrected."""
        yield (
            "Only what this follow-up says is shown. Where signs or counts were wrong, withdraw "
            "it, and follow the event up again."
        )

    def prefill(self, state: TrialState) -> None:
        """Fill in what the entry says."""
        super().prefill(state)
        known = self.known(state)
        for name, value in (getattr(known.event, "changes", {}) if known else {}).items():
            if name in self:
                show(self[name], tuple(value) if isinstance(value, list) else value)

    def said(self, state: TrialState) -> dict[str, Any]:
        """Return what the follow-up should say."""
        found = super().said(state)
        aware = self.aware.data
        return {
            **found,
            "aware": None if aware is None else aware.isoformat(),
            "changes": self.told(*FOLLOWED_UP),
        }


_FORMS: Mapping[type[Event], str] = {
    SubjectEnrolled: CorrectEnrolment.name,
    SubjectDosed: CorrectDosing.name,
    InfusionContinued: CorrectFurther.name,
    OutcomeRecorded: CorrectOutcome.name,
    AdverseEventRecorded: CorrectEvent.name,
    AdverseEventFollowedUp: CorrectFollowUp.name,
    # of ``chart_corrections``
    SubjectScreened: "correct-screening",
    FindingsRecorded: "correct-results",
    VisitRecorded: "correct-visit",
    SubjectLeft: "correct-leaving",
    EligibilityWaived: "correct-waiver",
}


# ---------------------------------------------------------------- an id


class Rename(OfSubject):
    """Correct a mistyped id."""

    name = "rename"
    title = "Correct a patient's id"
    lead = "The old id stays visible, and finds the patient: no other can take it."
    group = "Corrections"
    answers: ClassVar[Answers] = {"The id of a subject": "renamed", "is another subject": "renamed",
               "That is the id": "renamed", "The reason": "reason"}  # fmt: skip

    renamed = subject_id("The right id", "Such as TJ-100: no name, no date of birth.")
    reason = line("Reason", "Why the old one was wrong.", required=True)
    on = day("Day", "Today at the patient's site, if left empty.")

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            rename_subject,
            subject=self.subject.data or "",
            renamed=self.renamed.data or "",
            reason=self.reason.data or "",
        )
