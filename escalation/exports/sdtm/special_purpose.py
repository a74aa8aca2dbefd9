"""Special-purpose domains: demographics (DM) and subject visits (SV)."""

from __future__ import annotations

from datetime import date
from math import floor

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso
from escalation.exports.sdtm.supplements import qualifier, supplement, supplements
from escalation.exports.sdtm.terms import SEXES
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    SUBJECT,
    VISITS,
    YES,
    YES_NO,
    day,
    domain,
    flag,
    text,
    whole,
)
from escalation.plan.conversions import ConversionError, convert
from escalation.trial.events import Sex
from escalation.trial.findings.results import count_results
from escalation.trial.screening.judging import ages_on
from escalation.trial.visits.calendar import VisitDue, VisitStanding, visits_of

__all__ = ["age_of", "age_on", "demographics", "subject_visits", "visit_supplements"]

_DM = (
    STUDY,
    domain("DM"),
    SUBJECT,
    text("SUBJID", "Subject Identifier for the Study", **REQUIRED),
    day("RFSTDTC", "Subject Reference Start Date/Time", **EXPECTED),
    day("RFENDTC", "Subject Reference End Date/Time", **EXPECTED),
    day("RFXSTDTC", "Date/Time of First Study Treatment", **EXPECTED),
    day("RFXENDTC", "Date/Time of Last Study Treatment", **EXPECTED),
    day("RFICDTC", "Date/Time of Informed Consent", **EXPECTED),
    day("RFPENDTC", "Date/Time of End of Participation", **EXPECTED),
    day("DTHDTC", "Date/Time of Death", **EXPECTED),
    flag("DTHFL", "Subject Death Flag", YES, **EXPECTED),
    text(
        "SITEID",
        "Study Site Identifier",
        left_empty="only where sites are opened in the record",
        **REQUIRED,
    ),
    day("BRTHDTC", "Date/Time of Birth"),
    whole("AGE", "Age", **EXPECTED),
    text("AGEU", "Age Units", 6, terms=("YEARS",), **EXPECTED),
    text("SEX", "Sex", 1, terms=("F", "M", "U"), **REQUIRED),
    text("RACE", "Race", left_empty="the record never asks for it", **EXPECTED),
    text("ARMCD", "Planned Arm Code", 20, **EXPECTED),
    text("ARM", "Description of Planned Arm", **EXPECTED),
    text("ACTARMCD", "Actual Arm Code", 20, **EXPECTED),
    text("ACTARM", "Description of Actual Arm", **EXPECTED),
    text(
        "ARMNRS",
        "Reason Arm and/or Actual Arm is Null",
        terms=("SCREEN FAILURE", "NOT ASSIGNED", "ASSIGNED, NOT TREATED"),
        **EXPECTED,
    ),
    text("COUNTRY", "Country", 3, left_empty="the record never asks for it", **REQUIRED),
    day("DMDTC", "Date/Time of Collection"),
    whole("DMDY", "Study Day of Collection"),
)


def demographics(study: Study) -> Dataset:
    """Return DM: everybody who was screened or enrolled, one row each."""
    return make_dataset("DM", "Demographics", _DM, (_person(study, p) for p in study.people))


def _person(study: Study, person: Person) -> Row:
    screening = person.chart.screening
    screened = None if screening is None else screening.event
    collected = None if screened is None else screened.on
    age = age_of(person)
    sex = (None if screened is None else screened.sex) or Sex.UNKNOWN
    return (
        study.row("DM", person)
        | {
            "SUBJID": person.id,
            "RFSTDTC": iso(person.first_dose),
            "RFENDTC": iso(person.ended_on) if person.first_dose else None,
            "RFXSTDTC": iso(person.first_dose),
            "RFXENDTC": iso(person.last_dose),
            "RFICDTC": None if screened is None else iso(screened.consented),
            "RFPENDTC": iso(person.ended_on),
            "DTHDTC": iso(person.died_on),
            "DTHFL": "Y" if person.died_on else None,
            "SITEID": person.site,
            "BRTHDTC": None if screened is None else screened.born,
            "AGE": age,
            "AGEU": None if age is None else "YEARS",
            "SEX": SEXES[sex],
            "DMDTC": iso(collected),
            "DMDY": person.study_day(collected),
        }
        | _arms(study, person)
    )


def _arms(study: Study, person: Person) -> Row:
    subject = person.subject
    if subject is None:
        return {"ARMNRS": "NOT ASSIGNED" if person.failed is None else "SCREEN FAILURE"}
    code, arm = study.arm_code(subject.level), study.arm(subject.level)
    planned: Row = {"ARMCD": code, "ARM": arm}
    if subject.dosing is None:
        return planned | {"ARMNRS": "ASSIGNED, NOT TREATED"}
    return planned | {"ACTARMCD": code, "ACTARM": arm}


def age_of(person: Person) -> int | None:
    """Return somebody's age in whole years at consent; None where it is not known.

    By the birth, or where a year of birth leaves it open, as screening recorded it.
    """
    screening = person.chart.screening
    if screening is None:
        return None
    said = screening.event
    age = age_on(said.born, said.consented or said.on)
    results = count_results(person.chart, person.first_dose, "age")
    given = [r.finding for r in results if r.finding.value is not None]
    if age is not None or not given:
        return age
    try:
        return floor(convert(given[0].value or 0, given[0].unit, "years"))
    except ConversionError:
        return None


def age_on(born: str | None, on: date) -> int | None:
    """Return the age on a day; None where a birth that is known in part leaves it open.

    Examples
    --------
    >>> from datetime import date
    >>> [age_on(born, date(2026, 5, 4)) for born in ("1975", "1975-04", "1975-05", "1975-06")]
    [None, 51, None, 50]
    """
    ages = ages_on(born, on)
    return ages[0] if len(ages) == 1 else None


_SV = (
    STUDY,
    domain("SV"),
    SUBJECT,
    whole("VISITNUM", "Visit Number", key=3, **REQUIRED),
    *VISITS[1:],
    flag("SVPRESP", "Pre-specified", YES),
    flag("SVOCCUR", "Occurrence", YES_NO),
    text("SVREASOC", "Reason for Occur Value"),
    day("SVSTDTC", "Start Date/Time of Observation", **EXPECTED),
    day("SVENDTC", "End Date/Time of Observation", **EXPECTED),
    whole("SVSTDY", "Study Day of Start of Observation"),
    whole("SVENDY", "Study Day of End of Observation"),
)


def subject_visits(study: Study) -> Dataset:
    """Return SV: visits of the plan that took place, or were missed and why."""
    rows = (
        _visit(study, person, visit) for person in study.people for visit in _held(study, person)
    )
    return make_dataset("SV", "Subject Visits", _SV, rows)


def _held(study: Study, person: Person) -> list[VisitDue]:
    """Return the visits of which it is known that they took place or were missed."""
    today = study.state.times[-1].date()
    known = (VisitStanding.DONE, VisitStanding.MISSED)
    return [v for v in visits_of(study.state, person.id, today) if v.standing in known]


def _visit(study: Study, person: Person, visit: VisitDue) -> Row:
    missed = visit.standing is VisitStanding.MISSED
    on = None if missed else visit.on
    return (
        study.row("SV", person)
        | study.visit(visit.visit.name)
        | {
            "SVPRESP": "Y",
            "SVOCCUR": "N" if missed else "Y",
            "SVREASOC": visit.why,
            "SVSTDTC": iso(on),
            "SVENDTC": iso(on),
            "SVSTDY": person.study_day(on),
            "SVENDY": person.study_day(on),
        }
    )


def visit_supplements(study: Study) -> Dataset:
    """Return SUPPSV: how many days outside its window a visit took place."""
    rows = (
        supplement(
            study,
            person,
            "SV",
            ("VISITNUM", study.visit(visit.visit.name)["VISITNUM"]),
            qualifier("SVOUTWIN", "Days Outside the Window", f"{visit.out_of_window}", "Derived"),
        )
        for person in study.people
        for visit in _held(study, person)
        if visit.out_of_window
    )
    return supplements("SV", "VISITNUM", rows)
