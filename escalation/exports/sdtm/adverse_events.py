"""Events: adverse events (AE), and what SDTM has no variable for beside them (SUPPAE)."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso, numbered
from escalation.exports.sdtm.supplements import qualifier, supplement, supplements
from escalation.exports.sdtm.terms import ACTIONS, OUTCOMES, RELATIONS, SERIOUS
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    SUBJECT,
    YES_NO,
    day,
    domain,
    flag,
    sequence,
    text,
    whole,
)
from escalation.outcomes import Outcome
from escalation.trial.adverse_events.listing import ListedEvent
from escalation.trial.events import EventOutcome

__all__ = ["UNCODED", "adverse_events", "event_supplements"]

UNCODED = "terms are as reported: no dictionary is shipped, and nothing is coded"

_AE = (
    STUDY,
    domain("AE"),
    SUBJECT,
    sequence("AE", key=3),
    text("AESPID", "Sponsor-Defined Identifier", 20),
    text("AETERM", "Reported Term for the Adverse Event", **REQUIRED),
    text("AEDECOD", "Dictionary-Derived Term", left_empty=UNCODED, **REQUIRED),
    text("AECAT", "Category for Adverse Event"),
    text("AEBODSYS", "Body System or Organ Class", left_empty=UNCODED, **EXPECTED),
    flag("AESER", "Serious Event", YES_NO, **EXPECTED),
    text("AEACN", "Action Taken with Study Treatment", terms=tuple(dict.fromkeys(ACTIONS.values())),
         **EXPECTED),
    text("AEREL", "Causality", terms=tuple(RELATIONS.values()), **EXPECTED),
    text("AEOUT", "Outcome of Adverse Event", terms=tuple(OUTCOMES.values())),
    flag("AESCONG", "Congenital Anomaly or Birth Defect", YES_NO),
    flag("AESDISAB", "Persist or Signif Disability/Incapacity", YES_NO),
    flag("AESDTH", "Results in Death", YES_NO),
    flag("AESHOSP", "Requires or Prolongs Hospitalization", YES_NO),
    flag("AESLIFE", "Is Life Threatening", YES_NO),
    flag("AESMIE", "Other Medically Important Serious Event", YES_NO),
    text("AETOXGR", "Standard Toxicity Grade", 1, terms=("1", "2", "3", "4", "5")),
    day("AESTDTC", "Start Date/Time of Adverse Event", **EXPECTED),
    day("AEENDTC", "End Date/Time of Adverse Event", **EXPECTED),
    whole("AESTDY", "Study Day of Start of Adverse Event"),
    whole("AEENDY", "Study Day of End of Adverse Event"),
    text("AEENRTPT", "End Relative to Reference Time Point", terms=("ONGOING",)),
    text("AEENTPT", "End Reference Time Point", 40),
)  # fmt: skip


_GOES_ON = (EventOutcome.NOT_RECOVERED, EventOutcome.RECOVERING)


def adverse_events(study: Study) -> Dataset:
    """Return AE: every adverse event once, by its worst grade and as last reported."""
    rows = (
        row
        for person in study.people
        for row in numbered("AE", (_event(study, person, event) for event in person.events))
    )
    return make_dataset("AE", "Adverse Events", _AE, rows)


def _event(study: Study, person: Person, event: ListedEvent) -> Row:
    now = None if event.event is None else event.event.now
    is_serious = bool(event.serious) or event.is_fatal
    criteria: Row = {}
    if now is not None or is_serious:
        named = {SERIOUS[criterion] for criterion in event.serious}
        named |= {"AESDTH"} if event.is_fatal else set()
        criteria = {"AESER": "Y" if is_serious else "N"}
        criteria |= {name: "Y" if name in named else "N" for name in SERIOUS.values()}
    goes_on = now is not None and now.ended is None and now.outcome in _GOES_ON
    return (
        study.row("AE", person)
        | {
            "AESPID": f"entry {event.entry}",
            "AETERM": event.term,
            "AECAT": event.category,
            "AEACN": None if now is None or now.action is None else ACTIONS[now.action],
            "AEREL": None if event.relation is None else RELATIONS[event.relation],
            "AEOUT": None if now is None or now.outcome is None else OUTCOMES[now.outcome],
            "AETOXGR": str(event.worst_grade),
            "AESTDTC": iso(event.started),
            "AEENDTC": iso(event.ended),
            "AESTDY": person.study_day(event.started),
            "AEENDY": person.study_day(event.ended),
            "AEENRTPT": "ONGOING" if goes_on else None,
            "AEENTPT": "DATA CUTOFF" if goes_on else None,
        }
        | criteria
    )


# ---------------------------------------------------------------- supplements


def event_supplements(study: Study) -> Dataset:
    """Return SUPPAE: whether an event is a DLT, by what it was graded, and the like."""
    rows = (
        supplement(study, person, "AE", ("AESEQ", number), said)
        for person in study.people
        for number, event in enumerate(person.events, start=1)
        for said in _said_beside(person, event)
    )
    return supplements("AE", "AESEQ", rows)


def _said_beside(person: Person, event: ListedEvent) -> Iterator[Row]:
    emergent = "Y" if event.is_emergent else "N"
    yield qualifier("AETRTEM", "Treatment Emergent Flag", emergent, "Derived")
    is_dlt = _is_dlt(person, event)
    if is_dlt is not None:
        by = "INVESTIGATOR" if event.event is None else "ADJUDICATOR"
        value = "Y" if is_dlt else "N"
        yield qualifier("AEDLT", "Dose-Limiting Toxicity", value, "Assigned") | {"QEVAL": by}
    if event.event is None:
        return
    ruling = event.event.ruling
    if ruling is not None and ruling.event.reason is not None:
        yield qualifier(
            "AEDLTRSN", "Reason of the Ruling on the DLT", ruling.event.reason, "Assigned"
        )
    now, first = event.event.now, event.event.first
    if event.scale is not None:
        yield qualifier("AESCALE", "Scale of the Grade", event.scale)
    if now.baseline_grade is not None:
        grade = str(now.baseline_grade)
        yield qualifier("AEBLGR", "Grade Before the First Infusion", grade)
    yield qualifier("AEAWARDT", "Date Site Became Aware", first.aware.isoformat())
    for name, label, given in (
        ("AECODE", "Code as Reported", now.code),
        ("AEDICT", "Dictionary of the Code as Reported", now.dictionary),
        ("AETRT", "Treatment of the Event", now.treatment),
    ):
        if given is not None:
            yield qualifier(name, label, given)


def _is_dlt(person: Person, event: ListedEvent) -> bool | None:
    """Tell whether an event is a DLT: by its ruling, or by the verdict that it stands in."""
    if event.event is not None or person.subject is None:
        return event.dlt
    said = {fact.event.outcome for fact in person.subject.outcomes if fact.seq == event.entry}
    if not said & {Outcome.DLT, Outcome.NO_DLT, Outcome.MODERATE}:
        return None
    return Outcome.DLT in said
