"""Trial design: parameters (TS), visits (TV), and the arms, here the dose levels (TA)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    domain,
    text,
    whole,
)
from escalation.protocol.protocol import format_dose

__all__ = ["SHAPED", "trial_arms", "trial_summary", "trial_visits"]

SHAPED = "SDTM-shaped, not a submission"

_TS = (
    STUDY,
    domain("TS"),
    whole("TSSEQ", "Sequence Number", key=3, **REQUIRED),
    text("TSGRPID", "Group ID", 40),
    text("TSPARMCD", "Trial Summary Parameter Short Name", 8, key=2, **REQUIRED),
    text("TSPARM", "Trial Summary Parameter", 40, **REQUIRED),
    text("TSVAL", "Parameter Value", **EXPECTED),
    text("TSVALNF", "Parameter Null Flavor", 4, terms=("NA", "NASK", "UNK")),
    text("TSVALCD", "Parameter Value Code", 20),
    text("TSVCDREF", "Name of the Reference Terminology", 40),
    text("TSVCDVER", "Version of the Reference Terminology", 40),
)


def trial_summary(study: Study, cutoff: date | None, software: str) -> Dataset:
    """Return TS: what the record says of the trial, and what this export is."""
    return make_dataset("TS", "Trial Summary", _TS, _numbered(study, cutoff, software))


def _numbered(study: Study, cutoff: date | None, software: str) -> Iterator[Row]:
    used: dict[str, int] = {}
    for code, name, value in _parameters(study, cutoff, software):
        used[code] = used.get(code, 0) + 1
        yield study.row("TS") | {
            "TSSEQ": used[code],
            "TSPARMCD": code,
            "TSPARM": name,
            "TSVAL": value,
            "TSVALNF": "UNK" if value is None else None,
        }


def _parameters(
    study: Study, cutoff: date | None, software: str
) -> Iterator[tuple[str, str, str | None]]:
    protocol = study.protocol
    yield "XSHAPE", "Status of This Export", SHAPED
    yield "XCODED", "Coding of Adverse Events", "Not coded: AEDECOD is empty"
    yield "XSOFTW", "Software of This Export", software
    yield "SDTMVER", "SDTM Version", "2.0"
    yield "SDTIGVER", "SDTM IG Version", "3.4"
    if protocol is None:
        return
    registered = protocol.trial
    yield "TITLE", "Trial Title", protocol.title
    yield "REGID", "Registry Identifier", registered.registry_id
    yield "SPONSOR", "Clinical Study Sponsor", registered.sponsor
    yield "TPHASE", "Trial Phase Classification", _upper(registered.phase)
    yield "INTMODEL", "Intervention Model", "SEQUENTIAL"
    yield "TTYPE", "Trial Type", "SAFETY"
    yield "TRT", "Investigational Therapy or Treatment", registered.product
    for condition in registered.conditions or (None,):
        yield "INDIC", "Trial Disease/Condition Indication", condition
    yield "PLANSUB", "Planned Number of Subjects", _text(protocol.planned_patients)
    yield "ACTSUB", "Actual Number of Subjects", str(study.state.n_enrolled)
    yield "NARMS", "Planned Number of Arms", str(len(protocol.levels))
    for level in protocol.levels:
        dose = None if level.dose is None else format_dose(level.dose)
        yield "DOSE", "Dose per Administration", dose
    yield "DOSU", "Dose Units", protocol.unit
    yield "XDESIGN", "Escalation Design", type(protocol.design).name
    yield "XDLTWIN", "DLT Window in Days", _text(protocol.dlt.window_days)
    begun = min((day for p in study.people if (day := _begun(p)) is not None), default=None)
    yield "SSTDTC", "Study Start Date", None if begun is None else begun.isoformat()
    yield "DCUTDTC", "Data Cutoff Date", None if cutoff is None else cutoff.isoformat()
    yield "DCUTDESC", "Data Cutoff Description", f"AS OF ENTRY {study.state.seq} OF THE LEDGER"
    plan = study.state.plan
    if plan is not None:
        yield "XPLAN", "Plan of Tests and Visits", f"{plan.name} {plan.digest[:12]}"


def _begun(person: Person) -> date | None:
    """Return the day of consent of somebody who entered, or of the enrolment."""
    if person.subject is None:
        return None
    screening, enrolled = person.chart.screening, person.subject.enrolment
    consented = None if screening is None else screening.event.consented
    return consented or (None if enrolled.undated else enrolled.on)


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _upper(value: str | None) -> str | None:
    return None if value is None else value.upper()


_TV = (
    STUDY,
    domain("TV"),
    whole("VISITNUM", "Visit Number", key=2, **REQUIRED),
    text("VISIT", "Visit Name"),
    whole("VISITDY", "Planned Study Day of Visit"),
    text("ARMCD", "Planned Arm Code", 20, left_empty="visits are those of all arms", **EXPECTED),
    text("TVSTRL", "Visit Start Rule", **REQUIRED),
    text("TVENRL", "Visit End Rule"),
)


def trial_visits(study: Study) -> Dataset:
    """Return TV: the visits of the plan in force."""
    plan = study.state.plan
    visits = () if plan is None else plan.visits
    rows = (
        study.row("TV")
        | study.visit(visit.name)
        | {
            "TVSTRL": f"From day {visit.first_day}, where day 0 is the infusion",
            "TVENRL": f"Until day {visit.last_day}, where day 0 is the infusion",
        }
        for visit in visits
    )
    return make_dataset("TV", "Trial Visits", _TV, rows)


_TA = (
    STUDY,
    domain("TA"),
    text("ARMCD", "Planned Arm Code", 20, key=2, **REQUIRED),
    text("ARM", "Description of Planned Arm", **REQUIRED),
    whole("TAETORD", "Planned Order of Element within Arm", key=3, **REQUIRED),
    text("ETCD", "Element Code", 8, **REQUIRED),
    text("ELEMENT", "Description of Element", 40),
    text("TABRANCH", "Branch", **EXPECTED),
    text("TATRANS", "Transition Rule", **EXPECTED),
    text("EPOCH", "Epoch", 40, terms=("SCREENING", "TREATMENT", "FOLLOW-UP"), **REQUIRED),
)
_ELEMENTS = (
    ("SCRN", "Screening", "SCREENING"),
    ("INF", "Infusion", "TREATMENT"),
    ("FU", "Follow-up", "FOLLOW-UP"),
)


def trial_arms(study: Study) -> Dataset:
    """Return TA: each dose level an arm, of screening, infusion and follow-up."""
    rows = [] if study.protocol is None else list(_arms(study))
    return make_dataset("TA", "Trial Arms", _TA, rows)


def _arms(study: Study) -> Iterator[Row]:
    treated = [p.subject.level for p in study.people if p.subject is not None]
    ladder = () if study.protocol is None else study.protocol.labels
    for label in dict.fromkeys([*ladder, *treated]):
        for order, (code, element, epoch) in enumerate(_ELEMENTS, start=1):
            yield study.row("TA") | {
                "ARMCD": study.arm_code(label),
                "ARM": study.arm(label),
                "TAETORD": order,
                "ETCD": code,
                "ELEMENT": element,
                "TABRANCH": "By the committee's decision" if order == 1 else None,
                "EPOCH": epoch,
            }
