"""A patient's way: screened, enrolled, dosed, followed up; and whether they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar

from wtforms import Form, FormField, HiddenField
from wtforms.validators import ValidationError

from escalation.outcomes import Outcome
from escalation.protocol.units import find_unit
from escalation.reports.trial.choices import (
    list_failed,
    say_cohort,
    say_dose,
    say_subject,
    say_window,
)
from escalation.tracker import Command
from escalation.trial import (
    TrialState,
    continue_infusion,
    dose_subject,
    enrol_subject,
    record_outcome,
    record_screening_failure,
    rule_evaluability,
)
from escalation.trial.events import Relation, Toxicity
from escalation.trial.patients.body_size import needed_sizes
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.people.rights import subject_id_fault
from escalation.web.acts.base import Act, Answers, Candidate, Folded
from escalation.web.acts.fields import (
    TODAY,
    Repeated,
    choice,
    chosen,
    chosen_boxes,
    day,
    line,
    number,
    offer,
    paragraph,
    radio,
    show,
)

__all__ = [
    "DAY",
    "DEVIATION",
    "GRADES",
    "OUTCOMES",
    "Dose",
    "Enrol",
    "Further",
    "OfSubject",
    "RecordOutcome",
    "RuleEvaluability",
    "ScreenFail",
    "Toxicities",
    "amount_unit",
    "name_unit",
    "offer_outcomes",
    "offer_sites",
    "subject_id",
]

FEW = 6  # of whom a page lists each
DAY = "Today at the patient's site, if left empty."
_DEVIATION_HINT = "Why it was done. It is recorded as a departure, and always stays visible."
DEVIATION = "It was done although the trial does not allow it now"
GRADES = (
    ("1", "1 mild"),
    ("2", "2 moderate"),
    ("3", "3 severe"),
    ("4", "4 life-threatening"),
    ("5", "5 death"),
)
OUTCOMES = {
    "no-dlt": (Outcome.NO_DLT, "No DLT: the window closed without one"),
    "dlt": (Outcome.DLT, "DLT: a dose-limiting toxicity"),
    "moderate": (
        Outcome.MODERATE,
        "Moderate: no DLT, but a related toxicity of grade 2 or more",
    ),
    "not-evaluable": (Outcome.NOT_EVALUABLE, "Not evaluable: the patient is to be replaced"),
}
_ANSWERS = {
    "The reason of the deviation": "deviation",
    "it is not a deviation": "deviation",
    "The infused": "infused",
    "The planned": "planned",
    "The lot": "lot",
    "The reason": "reason",
    "is still to come": "on",
    "is before 2000-01-01": "on",
    "Doses are in": "weight",
    "A weight is": "weight",
    "A height is": "height",
    "The id of a subject": "subject",
    "nobody to replace": "replaces",
    "No site": "site",
}


def subject_id(label: str = "Patient", hint: str = "") -> Any:
    """Return a field of a pseudonym that is not given yet."""
    return line(
        label,
        hint or "A pseudonym such as TJ-011: no name, no date of birth.",
        required=True,
        maxlength="20",
        autocapitalize="characters",
        spellcheck="false",
        validators=[_is_pseudonym],
    )


def _is_pseudonym(form: Any, field: Any) -> None:
    fault = subject_id_fault(field.data or "")
    if fault is not None:
        raise ValidationError(f"The id of a patient is a pseudonym such as TJ-003: {fault}")


def offer_sites(form: Act, state: TrialState) -> None:
    """Offer the sites that are open; no field where there is no choice."""
    if len(state.site_zones) < 2:
        del form.site
        return
    offer(form.site, [("", "choose"), *((site, site) for site in state.site_zones)])


class ScreenFail(Act):
    """Record that somebody was screened and not enrolled."""

    name = "screen-fail"
    title = "Screening failure"
    lead = (
        "For somebody who was screened and is not enrolled. They do not count as enrolled, and may "
        "be screened again."
    )
    group = "Patients"
    task = PATIENTS
    answers: ClassVar[Answers] = _ANSWERS

    subject = subject_id()
    reason = line("Reason", "Why they were not enrolled, such as: creatinine clearance 41 mL/min.",
                  required=True)  # fmt: skip
    site = chosen("Site")
    on = day("Day", TODAY)

    @classmethod
    def made_for(cls, state: TrialState, on: date, given: Mapping[str, str]) -> type[Act]:
        """Return the form with the criteria that whoever it is about does not meet."""
        failed = list_failed(state, given.get("subject", ""), on)
        if not failed:
            return cls
        field = chosen_boxes("Criteria that are not met", choices=failed)
        return type(cls.__name__, (cls,), {"criteria": field, "__doc__": cls.__doc__})

    def fill(self, state: TrialState) -> None:
        """Offer the sites."""
        offer_sites(self, state)

    def prefill(self, state: TrialState) -> None:
        """Tick what is not met."""
        if "criteria" in self:
            show(self.criteria, tuple(value for value, *_ in self.criteria.iter_choices()))

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            record_screening_failure,
            subject=self.subject.data or "",
            reason=self.reason.data or "",
            site=self.site.data if "site" in self else None,
            criteria=tuple(self.criteria.data or ()) if "criteria" in self else (),
        )

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject and the site."""
        return self.subject.data, self.site.data if "site" in self else None


class Enrol(Act):
    """Give a subject a place in an open cohort."""

    name = "enrol"
    title = "Enrol a patient"
    lead = "Gives the patient a place in an open cohort. It is not the infusion."
    group = "Patients"
    task = PATIENTS
    rare: ClassVar[Folded] = {
        "The patient replaces another one": ("replaces",),
        DEVIATION: ("deviation",),
    }
    answers: ClassVar[Answers] = _ANSWERS

    subject = subject_id()
    cohort = chosen("Cohort")
    weight = number("Weight in kg", "Such as 61.5.")
    height = number("Height in cm", "Such as 170.")
    site = chosen("Site", "Who has the patient in care.")
    replaces = chosen("Replaces")
    deviation = line("Reason of the deviation", _DEVIATION_HINT)
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer the cohorts that are open, whom to replace, and the sites."""
        for size in ("weight", "height"):
            if size not in needed_sizes(state.protocol):
                delattr(self, size)
        cohorts = state.open_cohorts
        lost = [
            subject
            for cohort in cohorts
            for subject in state.members(cohort)
            if not subject.takes_place and subject.replaced_by is None
        ]
        if len(cohorts) < 2:
            del self.cohort
        else:
            said = [(str(cohort.number), say_cohort(state, cohort)) for cohort in cohorts]
            offer(self.cohort, [("", "choose"), *said])
        replaced = [(s.id, f"{s.id}, cohort {s.cohort}: {s.standing}") for s in lost]
        offer(self.replaces, [("", "nobody, or whoever is next to be replaced"), *replaced])
        offer_sites(self, state)

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield which cohort is open."""
        if len(state.open_cohorts) == 1:
            yield f"{say_cohort(state, state.open_cohorts[0])}."

    def command(self, state: TrialState) -> Command:
        """Ask for the enrolment."""
        cohort = self.cohort.data if "cohort" in self else None
        return partial(
            enrol_subject,
            subject=self.subject.data or "",
            weight_kg=self.weight.data if "weight" in self else None,
            height_cm=self.height.data if "height" in self else None,
            cohort=None if cohort is None else _whole(cohort),
            replaces=self.replaces.data,
            site=self.site.data if "site" in self else None,
            deviation=self.deviation.data,
        )

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject and the site."""
        return self.subject.data, self.site.data if "site" in self else None


def _whole(text: str) -> int:
    """Return a number that a choice sends; one that nothing has for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


# ---------------------------------------------------------------- about a patient who is enrolled


class OfSubject(Act):
    """An act about a patient, who is chosen first."""

    about = "subject"
    asked = "Which patient?"
    group = "Patients"
    task = PATIENTS
    answers: ClassVar[Answers] = _ANSWERS
    likely: tuple[Standing, ...] = tuple(Standing)
    is_awaited: ClassVar[bool] = False  # of everybody who is likely

    subject = HiddenField("Patient")

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the patients: those whom it is most likely about first."""

        def place(subject: Subject) -> tuple[bool, bool]:
            return subject.standing not in self.likely, not subject.is_overdue(on)

        return [
            Candidate(subject.id, subject.id, say_subject(state, subject, on))
            for subject in sorted(state.subjects.values(), key=place)
            if self.can_be(subject)
        ]

    def due(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the patients who stand as they do when it is recorded, if they are few."""
        waiting = [
            one
            for one in self.candidates(state, on)
            if self.is_awaited and state.subjects[one.value].standing in self.likely
        ]
        return waiting if len(waiting) <= FEW else ()

    def can_be(self, subject: Subject) -> bool:
        """Tell whether the act can be about a patient at all."""
        return True

    def known(self, state: TrialState) -> Subject | None:
        """Return whom it is about."""
        return state.subjects.get(self.subject.data or "")

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say whom it is about."""
        known = self.known(state)
        return None if known is None else f"{known.id}: {say_subject(state, known, on)}"

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject."""
        return self.subject.data, None


class Dose(OfSubject):
    """Record the first infusion."""

    name = "dose"
    title = "Record an infusion"
    lead = "On the day it was given. The DLT window begins with it."
    rare: ClassVar[Folded] = {"Another amount was planned": ("planned",), DEVIATION: ("deviation",)}
    likely = (Standing.ASSIGNED,)
    is_awaited = True

    infused = number("Amount infused", "In all, not per kg, such as 1.85E8.")
    lot = line("Lot", "Of the product, as on the bag.")
    planned = number("Amount planned", "Filled in by the protocol.")
    deviation = line("Reason of the deviation", _DEVIATION_HINT)
    on = day("Day of the infusion", DAY)

    def can_be(self, subject: Subject) -> bool:
        """Tell whether the patient waits for the infusion."""
        return subject.standing is Standing.ASSIGNED

    def fill(self, state: TrialState) -> None:
        """Name the unit; a ladder without doses has no amounts."""
        name_unit(self, state)

    def prefill(self, state: TrialState) -> None:
        """Fill in what is planned."""
        known = self.known(state)
        if known is None or state.protocol is None or "planned" not in self:
            return
        show(self.planned, known.plan(state.protocol).amount)

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield what is planned."""
        known = self.known(state)
        said = None if known is None else say_dose(state, known)
        if said is not None:
            yield said

    def rests_on(self, state: TrialState) -> int:
        """Return the entry by which what is planned was last changed."""
        known = self.known(state)
        if known is None:
            return 0
        last = known.enrolments[-1]
        return max(last.seq, *last.corrected_by, *(made.seq for made in state.amendments), 0)

    def command(self, state: TrialState) -> Command:
        """Ask for the dosing."""
        return partial(
            dose_subject,
            subject=self.subject.data or "",
            infused=self.infused.data if "infused" in self else None,
            planned=self.planned.data if "planned" in self else None,
            lot=self.lot.data,
            deviation=self.deviation.data,
        )


def name_unit(form: Any, state: TrialState) -> None:
    """Name the unit of amounts in the labels of their fields; take out what has none."""
    protocol = state.protocol
    if protocol is None or protocol.unit is None:
        for name in ("infused", "planned"):
            if name in form:
                delattr(form, name)
        return
    unit = amount_unit(state)
    for name in ("infused", "planned"):
        if name in form:
            form[name].label.text += f" in {unit}"


def amount_unit(state: TrialState) -> str:
    """Return the unit of amounts in all; that of doses, where it cannot be read."""
    protocol = state.protocol
    if protocol is None or protocol.unit is None:
        return ""
    unit = find_unit(protocol.unit)
    return protocol.unit if unit is None else unit.amount


class Further(OfSubject):
    """Record a further infusion."""

    name = "further"
    title = "Record a further infusion"
    lead = "A further part of the dose, or a repeated infusion: amounts add up."
    rare: ClassVar[Folded] = {DEVIATION: ("deviation",)}
    likely = (Standing.PENDING,)

    infused = number("Amount of this infusion", "This part alone, such as 3.7E7.")
    lot = line("Lot", "Of the product, as on the bag.")
    deviation = line("Reason of the deviation", _DEVIATION_HINT)
    on = day("Day of the infusion", DAY)

    def can_be(self, subject: Subject) -> bool:
        """Tell whether the patient was dosed."""
        return subject.dosing is not None

    def fill(self, state: TrialState) -> None:
        """Name the unit."""
        name_unit(self, state)

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield what is planned in all."""
        known = self.known(state)
        said = None if known is None else say_dose(state, known)
        if said is not None:
            yield said

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            continue_infusion,
            subject=self.subject.data or "",
            infused=self.infused.data if "infused" in self else None,
            lot=self.lot.data,
            deviation=self.deviation.data,
        )


class _Toxicity(Form):
    term = line("What it was", "In your own words, such as CRS.")
    grade = choice("Grade", choices=GRADES, empty="choose")
    onset = day("Day it began")
    relation = choice("Relation to the product", choices=[(str(r), str(r)) for r in Relation])
    narrative = paragraph("What happened, in words")


class Toxicities(Act):
    """An act that tells of toxicities, one or several."""

    MOST = 10
    toxicities = Repeated(FormField(_Toxicity), "Toxicity", min_entries=1, max_entries=MOST)

    def add_group(self) -> None:
        """Show one more."""
        if len(self.toxicities.entries) < self.MOST:
            self.toxicities.append_entry()

    @property
    def told(self) -> list[Toxicity]:
        """Those that are told of."""
        return [
            Toxicity(
                term=group.term.data,
                grade=int(group.grade.data),
                onset=group.onset.data,
                relation=None if group.relation.data is None else Relation(group.relation.data),
                narrative=group.narrative.data,
            )
            for group in (entry.form for entry in self.toxicities)
            if _is_told(group)
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether all can be read: a toxicity that is begun has its term, grade and onset."""
        is_right: bool = super().validate(extra_validators)
        for entry in self.toxicities:
            group = entry.form
            if _is_told(group):
                for name in ("term", "grade", "onset"):
                    field = group[name]
                    if field.data is None and not field.errors:
                        field.errors = [f"{field.label.text}: a toxicity needs this"]
                        is_right = False
        return is_right


def _is_told(group: Any) -> bool:
    return any(value not in (None, "") for value in group.data.values())


class RecordOutcome(Toxicities, OfSubject):
    """Record what happened."""

    name = "outcome"
    title = "Record an outcome"
    rare: ClassVar[Folded] = {"Toxicities (needed for a DLT)": ("toxicities",)}
    likely = (Standing.PENDING,)
    is_awaited = True
    answers: ClassVar[Answers] = {
        **_ANSWERS,
        '"Not evaluable" needs a reason': "reason",
        '"no DLT" cannot be said before': "outcome",
        "A DLT needs its term": "toxicities",
        "has not been dosed": "outcome",
    }

    outcome = radio("Outcome")
    reason = line("Reason", 'Needed for "not evaluable".')
    on = day("Day it was known", DAY)

    def fill(self, state: TrialState) -> None:
        """Offer the outcomes that the design asks for."""
        offer_outcomes(self.outcome, state)

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield when the window closes."""
        known = self.known(state)
        if known is not None:
            yield from say_window(known)

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            record_outcome,
            subject=self.subject.data or "",
            outcome=OUTCOMES[self.outcome.data][0],
            toxicities=tuple(self.told),
            reason=self.reason.data,
        )


def offer_outcomes(field: Any, state: TrialState) -> None:
    """Offer the outcomes that the design asks for."""
    graded = state.protocol is not None and state.protocol.design.asks_moderate
    words = [word for word in OUTCOMES if graded or word != "moderate"]
    offer(field, [(word, OUTCOMES[word][1]) for word in words])


class RuleEvaluability(OfSubject):
    """Rule whether a patient counts."""

    name = "evaluable"
    title = "Rule whether a patient counts"
    lead = (
        "Outside the limits of the protocol, such as 1 % of the planned dose, "
        '"no DLT" counts for nothing until somebody has ruled. A DLT counts whatever the dose, '
        "unless it is ruled not evaluable."
    )
    group = "Rulings"
    task = "rule on evaluability"
    likely = (Standing.UNRULED,)
    is_awaited = True

    evaluable = radio(
        "Ruling",
        choices=[
            ("yes", "The patient counts, as the outcome says"),
            ("no", "The patient does not count, and is replaced"),
        ],
    )
    reason = line("Reason", required=True)
    on = day("Day of the ruling", DAY)

    def can_be(self, subject: Subject) -> bool:
        """Tell whether the patient was dosed."""
        return subject.dosing is not None

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            rule_evaluability,
            subject=self.subject.data or "",
            evaluable=self.evaluable.data == "yes",
            reason=self.reason.data or "",
        )
