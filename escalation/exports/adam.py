"""The subject-level analysis dataset (ADSL) of ADaM: a row a subject, with the flags of DLTs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from escalation.exports.dataset import Column, Dataset, DataType, Value, make_dataset
from escalation.exports.sdtm.special_purpose import age_of
from escalation.exports.sdtm.study import Person, Row, Study, iso
from escalation.exports.sdtm.terms import LEAVINGS, SEXES
from escalation.exports.sdtm.variables import (
    REQUIRED,
    STUDY,
    SUBJECT,
    YES_NO,
    flag,
    number,
    text,
    whole,
)
from escalation.outcomes import Outcome
from escalation.trial.events import Leaving, Sex
from escalation.trial.patients.subjects import Standing, Subject

__all__ = ["subject_level"]


def _date(name: str, label: str, **said: Any) -> Column:
    """Return a day that analysis programs hold as a number."""
    return Column(name=name, label=label, kind=DataType.DATE, as_number=True, **said)


_ADSL = (
    STUDY,
    SUBJECT,
    text("SUBJID", "Subject Identifier for the Study", **REQUIRED),
    text("SITEID", "Study Site Identifier"),
    whole("AGE", "Age"),
    text("AGEU", "Age Units", 6, terms=("YEARS",)),
    text("SEX", "Sex", 1, terms=("F", "M", "U")),
    text("DISEASE", "Disease Under Which They Entered", 60),
    flag("ENRLFL", "Enrolled Population Flag", YES_NO, **REQUIRED),
    flag("SAFFL", "Safety Population Flag", YES_NO, **REQUIRED),
    flag("DLTEVFL", "DLT Evaluable Population Flag", YES_NO, **REQUIRED),
    flag("DLTFL", "DLT in the Window Flag", YES_NO),
    text("DLTST", "How the Subject Stands for the Rule", 40, terms=tuple(map(str, Standing))),
    whole("COHORT", "Number of the Cohort"),
    text("COHPURP", "What the Cohort Is Treated For", 20),
    text("TRT01P", "Planned Treatment for Period 01"),
    whole("TRT01PN", "Planned Treatment for Period 01 (N)"),
    text("TRT01A", "Actual Treatment for Period 01"),
    whole("TRT01AN", "Actual Treatment for Period 01 (N)"),
    number("DOSE01P", "Planned Treatment Dose for Period 01"),
    number("DOSE01A", "Actual Treatment Dose for Period 01"),
    text("DOSE01U", "Units for Dose for Period 01"),
    number("DOSESHR", "Share of the Planned Dose Infused"),
    number("WEIGHTBL", "Weight at Enrolment (kg)"),
    number("HEIGHTBL", "Height at Enrolment (cm)"),
    _date("RFICDT", "Date of Informed Consent"),
    _date("ENRLDT", "Date of Enrolment"),
    _date("TRTSDT", "Date of First Exposure to Treatment"),
    _date("TRTEDT", "Date of Last Exposure to Treatment"),
    _date("DLTWEDT", "Last Date of the DLT Window"),
    _date("DLTSDT", "Date on Which the First DLT Began"),
    flag("REPLFL", "Was Replaced Flag", YES_NO),
    text("REPLBY", "Subject Who Replaced Them"),
    text("REPLACES", "Subject Whom They Replaced"),
    text("EOSSTT", "End of Study Status", 12, terms=("COMPLETED", "DISCONTINUED", "ONGOING")),
    text("DCSREAS", "Reason for Discontinuation from Study"),
    _date("EOSDT", "End of Study Date"),
    flag("DTHFL", "Subject Death Flag", ("Y",)),
    _date("DTHDT", "Date of Death"),
)
_EVALUABLE = (Outcome.NO_DLT, Outcome.MODERATE, Outcome.DLT)


def subject_level(study: Study) -> Dataset:
    """Return ADSL: everybody of DM."""
    rows = (_person(study, person) for person in study.people)
    return make_dataset("ADSL", "Subject-Level Analysis Dataset", _ADSL, rows)


def _person(study: Study, person: Person) -> Row:
    row: Row = {
        "STUDYID": study.id,
        "USUBJID": person.unique,
        "SUBJID": person.id,
        "SITEID": person.site,
        "ENRLFL": "N" if person.subject is None else "Y",
        "SAFFL": "Y" if person.first_dose else "N",
        "DLTEVFL": "N",
        "TRTSDT": iso(person.first_dose),
        "TRTEDT": iso(person.last_dose),
        "DTHFL": "Y" if person.died_on else None,
        "DTHDT": iso(person.died_on),
    }
    row |= dict(_screened(person))
    if person.subject is not None:
        row |= _enrolled(study, person.subject)
    return row | dict(_ended(person))


def _screened(person: Person) -> Iterator[tuple[str, Value]]:
    screening = person.chart.screening
    if screening is None:
        yield "SEX", SEXES[Sex.UNKNOWN]
        return
    said = screening.event
    age = age_of(person)
    yield from (("AGE", age), ("AGEU", None if age is None else "YEARS"))
    yield "SEX", SEXES[said.sex or Sex.UNKNOWN]
    yield from (("DISEASE", said.disease), ("RFICDT", iso(said.consented)))


def _enrolled(study: Study, subject: Subject) -> Row:
    arm, place = study.arm(subject.level), _place(study, subject)
    enrolled, outcome = subject.enrolment, subject.outcome
    evaluable = outcome in _EVALUABLE
    row: Row = {
        "DLTEVFL": "Y" if evaluable else "N",
        "DLTFL": ("Y" if outcome is Outcome.DLT else "N") if evaluable else None,
        "DLTST": str(subject.standing),
        "COHORT": subject.cohort,
        "COHPURP": str(subject.purpose),
        "TRT01P": arm,
        "TRT01PN": place,
        "WEIGHTBL": enrolled.weight_kg,
        "HEIGHTBL": enrolled.height_cm,
        "ENRLDT": None if enrolled.undated else iso(enrolled.on),
        "REPLFL": "N" if subject.replaced_by is None else "Y",
        "REPLBY": subject.replaced_by,
        "REPLACES": enrolled.replaces,
    }
    if subject.dosing is None:
        return row
    return row | {
        "TRT01A": arm,
        "TRT01AN": place,
        "DOSE01P": subject.planned,
        "DOSE01A": subject.infused,
        "DOSE01U": study.unit,
        "DOSESHR": subject.share,
        "DLTWEDT": iso(subject.window_closes),
        "DLTSDT": iso(subject.dlt_began) if outcome is Outcome.DLT else None,
    }


def _place(study: Study, subject: Subject) -> int | None:
    """Return a level's place on the ladder in force, from 1."""
    ladder = () if study.protocol is None else study.protocol.labels
    return ladder.index(subject.level) + 1 if subject.level in ladder else None


def _ended(person: Person) -> Iterator[tuple[str, Value]]:
    left = person.chart.left
    if left is not None:
        completed = left.event.why is Leaving.COMPLETED
        yield "EOSSTT", "COMPLETED" if completed else "DISCONTINUED"
        yield "DCSREAS", None if completed else LEAVINGS[left.event.why]
    elif person.died_on is not None:
        yield from (("EOSSTT", "DISCONTINUED"), ("DCSREAS", "DEATH"))
    elif person.failed is not None:
        yield from (("EOSSTT", "DISCONTINUED"), ("DCSREAS", "SCREEN FAILURE"))
    elif person.subject is not None and person.subject.standing is Standing.WITHDRAWN:
        yield from (("EOSSTT", "DISCONTINUED"), ("DCSREAS", "OTHER"))
    else:
        yield "EOSSTT", "ONGOING"
    yield "EOSDT", iso(person.ended_on)
