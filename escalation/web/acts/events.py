"""Adverse events: reported, followed up, and ruled on; where a scale grades from signs, by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar

from wtforms import HiddenField

from escalation.grading import (
    Consciousness,
    Oedema,
    Oxygen,
    Seizure,
    read_observations,
)
from escalation.reports.trial.choices import say_event
from escalation.tracker import Command
from escalation.trial import (
    Events,
    Recorder,
    TrialState,
    adjudicate,
    follow_up,
    record_adverse_event,
)
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.near_words import rule_categories
from escalation.trial.adverse_events.observing import graded_as
from escalation.trial.adverse_events.record import FOLLOWED_UP, SCALES
from escalation.trial.adverse_events.verdicts import suggest, unruled_dlts
from escalation.trial.codec import dump_event
from escalation.trial.events import ActionTaken, EventOutcome, Relation, Serious
from escalation.web.acts.base import Act, Answers, Candidate, Folded
from escalation.web.acts.fields import (
    boxes,
    choice,
    chosen,
    day,
    line,
    offer,
    paragraph,
    radio,
    show,
    show_said,
)
from escalation.web.acts.patients import DAY, GRADES, OfSubject

__all__ = [
    "FURTHER",
    "OBSERVED",
    "SIGNS",
    "Adjudicate",
    "Counts",
    "CrsSigns",
    "Event",
    "FollowUp",
    "FollowUpCounts",
    "FollowUpCrs",
    "FollowUpIcans",
    "IcansSigns",
    "LowCounts",
    "NewCrs",
    "NewIcans",
    "OfEvent",
    "Said",
    "Signs",
    "following_up",
    "kind_of",
    "scale",
    "scale_version",
]

TASK = "record adverse events"
_YES = (("yes", "yes"), ("no", "no"))
_YES_NO = {True: "yes", False: "no"}
_UNKNOWN = "not assessed"
_BASELINE = (("0", "0 none"), *GRADES[:4])
_OXYGEN = [
    (str(Oxygen.NONE), "none"),
    (str(Oxygen.NASAL), "nasal cannula (give the flow)"),
    (str(Oxygen.BLOW_BY), "blow-by"),
    (str(Oxygen.HIGH_FLOW), "high-flow nasal cannula, more than 6 L/min"),
    (str(Oxygen.FACE_MASK), "face mask"),
    (str(Oxygen.NON_REBREATHER), "non-rebreather mask"),
    (str(Oxygen.VENTURI), "Venturi mask"),
    (str(Oxygen.CPAP), "CPAP"),
    (str(Oxygen.BIPAP), "BiPAP"),
    (str(Oxygen.VENTILATION), "intubated and ventilated"),
]
OBSERVED = {"crs": "CRS", "icans": "ICANS", "icaht": "ICAHT"}

_ANSWERS = {
    "The onset": "started",
    "before enrolment is not": "started",
    "The end ": "ended",
    "is still to come": "on",
    "is before 2000-01-01": "on",
    "became aware": "aware",
    "was typed, but the observations": "grade",
    "A grade is": "grade",
    "A baseline grade": "baseline_grade",
    "The term": "term",
    "The narrative": "narrative",
    "The treatment": "treatment",
    "The category": "category",
    "There is no scale": "scale",
    "is known in version": "scale_version",
    "The reason": "reason",
    "needs a reason": "reason",
}


def _words(kind: Any) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in kind]


class Said(Act):
    """What is said of an adverse event, as first reported or since."""

    grade = choice("Grade", choices=GRADES, empty="choose")
    ended = day("Day it ended", "Empty while it is not over.")
    serious = boxes("Serious, because of", "None, if it is not serious.", choices=_words(Serious))
    relation = choice("Relation to the product", choices=_words(Relation), empty="not judged yet")
    action = choice("What was done with the product", choices=_words(ActionTaken))
    outcome = choice("Outcome of the event", choices=_words(EventOutcome))
    treatment = line("Treatment", "What was given for it.")
    narrative = paragraph("What happened, in words")
    category = chosen(
        "Category",
        "Choose it if one fits: the protocol's rules go by it, and miss an event without it.",
    )
    other_category = line("Another category", "Where it is none of those above.")
    baseline_grade = choice(
        "Grade before the first infusion",
        "Of the same finding: a rule may ask how much worse it became.",
        choices=_BASELINE,
        empty="not known",
    )
    code = line("Code of the term", "In your dictionary.")
    dictionary = line("Dictionary", "Which, and its version.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether all can be read, with a grade where no rule gives it."""
        is_right: bool = super().validate(extra_validators)
        if "grade" in self and self.grade.data is None and not self.grade.errors:
            self.grade.errors = ["Grade: this is needed"]
            return False
        return is_right

    def offer_categories(self, state: TrialState) -> None:
        """Offer the categories that the protocol has rules about."""
        if "category" in self:
            known = () if state.protocol is None else rule_categories(state.protocol)
            offer(
                self.category,
                [("", "none of these"), *((word, OBSERVED.get(word, word)) for word in known)],
            )

    def told(self, *names: str) -> dict[str, Any]:
        """Return what the fields hold, as JSON types; None where nothing stands in one."""
        return {name: _READ.get(name, _as_is)(self, name) for name in names if name in self}


def _as_is(form: Said, name: str) -> Any:
    value = form[name].data
    return value.isoformat() if isinstance(value, date) else value


def _grade(form: Said, name: str) -> int | None:
    value = form[name].data
    return None if value is None else int(value)


def _category(form: Said, name: str) -> str | None:
    other = form.other_category.data if "other_category" in form else None
    return other or form.category.data


def _serious(form: Said, name: str) -> list[str]:
    given = form.serious.data or []
    return [str(word) for word in Serious if word in given]


_READ: Mapping[str, Any] = {
    "grade": _grade,
    "baseline_grade": _grade,
    "category": _category,
    "serious": _serious,
}
FURTHER: Folded = {
    "Another category, baseline, code": (
        *("other_category", "baseline_grade", "code", "dictionary"),
    )
}
_DETAILS: Folded = {
    "End, outcome, action taken, treatment": ("ended", "outcome", "action", "treatment"),
    **FURTHER,
}


# ---------------------------------------------------------------- what was observed


class Signs(Act):
    """Signs from which a grade is judged; what was not assessed is unknown, not normal."""

    graded: ClassVar[str]
    signs: ClassVar[tuple[str, ...]]

    def observed(self) -> list[str]:
        """Return what was observed, as words of ``read_observations``."""
        return [f"{name}={self[name].data}" for name in self.signs if self[name].data is not None]

    def show_observed(self, known: Mapping[str, Any]) -> None:
        """Fill in what was observed, where nothing was given."""
        for name, value in known.items():
            if name in self:
                show(self[name], _YES_NO[value] if isinstance(value, bool) else value)


def _typed(label: str, hint: str = "", mode: str = "decimal") -> Any:
    return line(label, hint, inputmode=mode)


class CrsSigns(Signs):
    """What CRS is graded from, at its worst."""

    graded = "crs"
    signs = (
        *("temperature", "fever_explained", "treated", "hypotension", "vasopressors"),
        *("vasopressin", "oxygen", "died"),
    )

    temperature = _typed("Highest temperature in °C", "Such as 38.5.")
    hypotension = choice("Hypotension", choices=_YES, empty=_UNKNOWN)
    vasopressors = _typed("Vasopressors at the same time", "How many; vasopressin not counted.",
                          "numeric")  # fmt: skip
    vasopressin = choice("Vasopressin", choices=_YES, empty=_UNKNOWN)
    oxygen = choice("Oxygen", choices=_OXYGEN, empty=_UNKNOWN)
    oxygen_flow = _typed("Flow of nasal oxygen in L/min", "Such as 6.")
    treated = choice(
        "Given antipyretics, tocilizumab or steroids",
        "Then fever is no longer required.",
        choices=_YES,
        empty=_UNKNOWN,
    )
    fever_explained = choice("The fever has another cause", choices=_YES, empty="no")
    died = choice("The patient died of it", choices=_YES, empty="no")

    def observed(self) -> list[str]:
        """Return what was observed; how oxygen is given goes with its flow."""
        flow = self.oxygen_flow.data
        words = super().observed()
        if flow is None:
            return words
        return [
            *(word for word in words if not word.startswith("oxygen=")),
            f"oxygen={self.oxygen.data or ''} {flow}",
        ]

    def show_observed(self, known: Mapping[str, Any]) -> None:
        """Fill in what was observed."""
        super().show_observed(known)
        show(self.oxygen_flow, known.get("oxygen_l_min"))


class IcansSigns(Signs):
    """What ICANS is graded from, at its worst."""

    graded = "icans"
    signs = ("ice", "consciousness", "sedated", "seizure", "deep_focal_weakness", "oedema", "died")

    ice = _typed("ICE score, 0 to 10", "Orientation 4, naming 3, command, writing, attention 1.",
                 "numeric")  # fmt: skip
    consciousness = choice(
        "What it takes to awaken the patient",
        choices=[(str(word), str(word).replace("-", " ")) for word in Consciousness],
        empty=_UNKNOWN,
    )
    seizure = choice(
        "Seizure",
        choices=[
            (str(Seizure.NONE), "none"),
            (str(Seizure.RESOLVES), "resolves quickly, or on EEG with treatment"),
            (str(Seizure.PROLONGED), "longer than 5 minutes, or repeated"),
        ],
        empty=_UNKNOWN,
    )
    deep_focal_weakness = choice("Deep focal weakness", choices=_YES, empty=_UNKNOWN)
    oedema = choice(
        "Cerebral oedema",
        choices=[
            (str(Oedema.NONE), "none"),
            (str(Oedema.FOCAL), "focal, on imaging"),
            (str(Oedema.DIFFUSE), "diffuse, or signs of raised pressure"),
        ],
        empty=_UNKNOWN,
    )
    sedated = choice("Sedated", "Then consciousness cannot be assessed.", choices=_YES, empty="no")
    died = choice("The patient died of it", choices=_YES, empty="no")


class Counts(Signs):
    """What early ICAHT is graded from: neutrophils by day."""

    graded = "icaht"
    signs = ()

    neutrophils = paragraph(
        "Neutrophils in 10\N{SUPERSCRIPT NINE}/L",
        "A day and its count each, such as 5=0.4 9=0.3 13=0.9; the infusion is day 0.",
    )

    def observed(self) -> list[str]:
        """Return the counts."""
        text = (self.neutrophils.data or "").replace(" =", "=").replace("= ", "=")
        return text.replace(";", " ").split()

    def show_observed(self, known: Mapping[str, Any]) -> None:
        """Fill in the counts."""
        show(self.neutrophils, " ".join(f"{day}={count:g}" for day, count in known.items()))


SIGNS = (
    *("temperature", "hypotension", "vasopressors", "vasopressin", "oxygen", "oxygen_flow"),
    *("treated", "fever_explained"),
    *("ice", "consciousness", "seizure", "deep_focal_weakness", "oedema", "sedated"),
    *("died", "neutrophils"),
)


# ---------------------------------------------------------------- reported


class _New(Said, OfSubject):
    """The first report of an event."""

    group = "Adverse events"
    task = TASK
    answers: ClassVar[Answers] = _ANSWERS
    rare: ClassVar[Folded] = _DETAILS
    order: ClassVar[tuple[str, ...]] = ("term", "started", "grade", "category")

    term = line("What it was", "In your own words, such as fever.", required=True)
    started = day("Day it began", required=True)
    on = day("As it stands on", DAY)
    aware = day("Day the site became aware", "The day it stands on, below, if left empty.")

    def fill(self, state: TrialState) -> None:
        """Offer the categories."""
        self.offer_categories(state)

    def of_scale(self) -> dict[str, Any]:
        """Return by what it is graded, and what was observed."""
        return {}

    def command(self, state: TrialState) -> Command:
        """Ask for the report."""
        said = self.told(*_OF_REPORT)
        typed = {name: _TYPES[name](said[name]) for name in _TYPES if said.get(name) is not None}
        return partial(
            _report,
            aware=self.aware.data,
            subject=self.subject.data or "",
            started=self.started.data,
            **(said | typed | {"ended": self.ended.data} | self.of_scale()),
        )


def _report(state: TrialState, recorder: Recorder, *, aware: date | None, **said: Any) -> Events:
    """Report an event of which the site became aware on a day, that of the report if none."""
    return record_adverse_event(state, recorder, aware=aware or recorder.on, **said)


_OF_REPORT = (
    *("term", "grade", "serious", "relation", "action", "outcome", "treatment"),
    *("narrative", "category", "baseline_grade", "code", "dictionary"),
)
_TYPES: Mapping[str, Any] = {
    "relation": Relation,
    "action": ActionTaken,
    "outcome": EventOutcome,
    "serious": lambda words: [Serious(word) for word in words],
}


def scale() -> Any:
    """Return a field of a scale by which a grade is typed."""
    others = [(scale, scale) for scale in SCALES if scale != "CTCAE"]
    return choice("Scale", choices=others, empty="CTCAE")


def scale_version() -> Any:
    """Return a field of the version of a scale."""
    return choice(
        "Version of the scale",
        choices=[(version, version) for versions in SCALES.values() for version in versions],
        empty="the usual one",
    )


class Event(_New):
    """Report an adverse event, graded by CTCAE."""

    name = "event"
    title = "Report an adverse event"
    lead = (
        "On any day from enrolment on, in the DLT window or after it. CRS, ICANS and low "
        "neutrophils have forms of their own, which grade them."
    )
    rare: ClassVar[Folded] = {
        **_DETAILS,
        "Another scale or version": ("scale", "scale_version"),
    }

    scale = scale()
    scale_version = scale_version()

    def of_scale(self) -> dict[str, Any]:
        """Return by what it is graded."""
        version = self.scale_version.data
        return {"scale": self.scale.data or "CTCAE"} | (
            {} if version is None else {"scale_version": version}
        )


class _NewBySigns(_New, Signs):
    """The first report of an event whose grade is given by a rule."""

    order: ClassVar[tuple[str, ...]] = ("term", "started", *SIGNS)

    scale: ClassVar[str] = "ASTCT"

    def prefill(self, state: TrialState) -> None:
        """Call it by its name."""
        show(self.term, OBSERVED[self.graded])

    def fill(self, state: TrialState) -> None:
        """Leave out what the rule gives."""
        super().fill(state)
        for name in ("grade", "category", "other_category"):
            delattr(self, name)

    def of_scale(self) -> dict[str, Any]:
        """Return by what it is graded, and what was observed."""
        read = read_observations(self.graded, self.observed())
        category = {} if self.graded == "icaht" else {"category": self.graded}
        return {"scale": self.scale, "observations": read, **category}


class NewCrs(_NewBySigns, CrsSigns):
    """Report CRS."""

    name = "crs"
    title = "Report CRS, graded from signs"
    lead = (
        "The grade is given by the consensus of ASTCT, 2019, and said with the report. Signs are "
        "those at the worst; what was not assessed is unknown, not normal."
    )


class NewIcans(_NewBySigns, IcansSigns):
    """Report ICANS."""

    name = "icans"
    title = "Report ICANS, graded from signs"
    lead = NewCrs.lead


class LowCounts(_NewBySigns, Counts):
    """Report early ICAHT."""

    name = "icaht"
    title = "Report low neutrophils (early ICAHT), graded from counts"
    lead = "The grade is given by the consensus of EHA and EBMT, 2023, and said with the report."
    scale = "ICAHT"


# ---------------------------------------------------------------- about an event


class OfEvent(Act):
    """An act about an adverse event, which is chosen first."""

    about = "entry"
    asked = "Which adverse event?"
    group = "Adverse events"
    task = TASK
    answers: ClassVar[Answers] = _ANSWERS

    entry = HiddenField("Adverse event")

    def first(self, event: AdverseEvent) -> bool:
        """Tell whether the act is likely about an event."""
        return event.now.ended is None

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the events, the likely ones first, then the last ones."""
        events = [event for subject in state.subjects.values() for event in subject.events]
        events.sort(key=lambda event: (not self.first(event), -event.entry))
        return [Candidate(str(e.entry), f"Entry {e.entry}", say_event(e)) for e in events]

    @property
    def number(self) -> int:
        """Number of the event's entry."""
        text = self.entry.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def known(self, state: TrialState) -> AdverseEvent | None:
        """Return which event it is about."""
        return state.find_event(self.number)

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say which event it is about."""
        known = self.known(state)
        return None if known is None else f"Entry {known.entry}: {say_event(known)}"

    def rests_on(self, state: TrialState) -> int:
        """Return the last entry about the event."""
        known = self.known(state)
        if known is None:
            return 0
        return max(*(report.seq for report in known.reports), *known.corrected_by, 0)


def kind_of(event: AdverseEvent) -> str | None:
    """Return what an event is graded from: crs, icans, icaht; None where its grade is typed."""
    if event.now.observations is None:
        return None
    return graded_as(event.now.scale, event.now.category)


def following_up(event: AdverseEvent) -> str:
    """Return the name of the form that follows an event up."""
    kind = kind_of(event)
    return "follow-up" if kind is None else f"follow-up-{kind}"


class FollowUp(Said, OfEvent):
    """Follow up an event."""

    name = "follow-up"
    title = "Follow up an adverse event"
    lead = (
        "The form holds what was reported last. Change what is different from a day on: what was "
        "so before stays as the event's course. What was reported wrongly is corrected instead."
    )
    rare: ClassVar[Folded] = FURTHER

    on = day("Day from which it is so", DAY)
    aware = day("Day the site became aware", "The day from which it is so, below, if left empty.")

    def fill(self, state: TrialState) -> None:
        """Offer the categories."""
        self.offer_categories(state)

    def elsewhere(self, state: TrialState) -> str | None:
        """Return the form for how the event is graded."""
        known = self.known(state)
        return None if known is None else following_up(known)

    def prefill(self, state: TrialState) -> None:
        """Fill in what was reported last."""
        known = self.known(state)
        if known is not None:
            show_said(self, known.now, *FOLLOWED_UP)

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            _follow_up,
            entry=self.number,
            said=self.told(*FOLLOWED_UP),
            aware=self.aware.data,
            observe=self.observed() if isinstance(self, Signs) else (),
        )


def _follow_up(
    state: TrialState,
    recorder: Recorder,
    *,
    entry: int,
    said: Mapping[str, Any],
    aware: date | None,
    observe: Sequence[str],
) -> Events:
    """Follow up an event by what is not as it was reported last."""
    known = state.find_event(entry)
    changes: dict[str, Any] = {}
    if known is not None:
        now = dump_event(known.now)
        changes = {name: value for name, value in said.items() if value != now[name]}
    return follow_up(
        state,
        recorder,
        entry=entry,
        changes=changes,
        aware=aware or recorder.on,
        observe=observe,
    )


class _FollowUpBySigns(FollowUp, Signs):
    """Follow up an event whose grade is given by a rule."""

    order = SIGNS

    is_offered = False

    def fill(self, state: TrialState) -> None:
        """Leave out what the rule gives, and what it goes by."""
        super().fill(state)
        for name in ("grade", "category", "other_category"):
            delattr(self, name)


class FollowUpCrs(_FollowUpBySigns, CrsSigns):
    """Follow up CRS."""

    name = "follow-up-crs"
    title = "Follow up CRS"
    lead = (
        "Give the signs as they are from a day on, all of them, or none if the grade has not "
        "changed. The grade is given by the rule."
    )


class FollowUpIcans(_FollowUpBySigns, IcansSigns):
    """Follow up ICANS."""

    name = "follow-up-icans"
    title = "Follow up ICANS"
    lead = FollowUpCrs.lead


class FollowUpCounts(_FollowUpBySigns, Counts):
    """Follow up early ICAHT."""

    name = "follow-up-icaht"
    title = "Follow up low neutrophils (early ICAHT)"
    lead = "Give the counts that are new: those of before stay beside them."


class Adjudicate(OfEvent):
    """Rule whether an event is a DLT."""

    name = "adjudicate"
    title = "Rule whether an adverse event is a DLT"
    lead = "A DLT is recorded as the patient's outcome as well."
    group = "Rulings"
    task = "adjudicate"

    dlt = radio("Ruling", choices=[("dlt", "It is a DLT"), ("no-dlt", "It is not a DLT")])
    reason = line("Reason", "Needed against the protocol's definition, and to rule again.")
    on = day("Day of the ruling", DAY)

    def first(self, event: AdverseEvent) -> bool:
        """Tell whether nobody has ruled on the event."""
        return event.ruling is None

    def due(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return the events that meet the definition and on which nobody has ruled."""
        unruled = {str(one.event.entry) for one in unruled_dlts(state, on)}
        return [one for one in self.candidates(state, on) if one.value in unruled]

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield what the definition says."""
        known = self.known(state)
        if known is not None:
            said = suggest(state.subjects[state.owners[known.entry]], known, on)
            yield f"By the protocol's definition it {said.text}."

    def command(self, state: TrialState) -> Command:
        """Ask for the ruling."""
        return partial(
            adjudicate,
            entry=self.number,
            dlt=self.dlt.data == "dlt",
            reason=self.reason.data,
        )
