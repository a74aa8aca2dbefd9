"""Criteria of the plan (TI), and who did not meet which (IE)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso, numbered
from escalation.exports.sdtm.variables import (
    REQUIRED,
    STUDY,
    SUBJECT,
    YES_NO,
    day,
    domain,
    sequence,
    text,
    whole,
)
from escalation.plan import Criterion, Plan
from escalation.trial.screening.judging import plan_at
from escalation.trial.screening.log import Screening, screenings_of

__all__ = ["exceptions", "inclusion_criteria"]

_LONGEST = 200
_KINDS = ("INCLUSION", "EXCLUSION")

_TI = (
    STUDY,
    domain("TI"),
    text("IETESTCD", "Incl/Excl Criterion Short Name", 8, key=2, **REQUIRED),
    text("IETEST", "Inclusion/Exclusion Criterion", _LONGEST, **REQUIRED),
    text("IECAT", "Inclusion/Exclusion Category", 9, terms=_KINDS, **REQUIRED),
    text("IESCAT", "Inclusion/Exclusion Subcategory", 40),
    text("TIRL", "Inclusion/Exclusion Criterion Rule", left_empty="the plan's own file says it"),
    text("TIVERS", "Protocol Criteria Versions", 80),
)


def inclusion_criteria(study: Study) -> Dataset:
    """Return TI: the criteria of the plan in force, without the parts that they are made of."""
    plan = study.state.plan
    codes = {} if plan is None else _codes(plan)
    rows = (
        study.row("TI")
        | {
            "IETESTCD": codes[criterion.id],
            "IETEST": _text(criterion),
            "IECAT": criterion.kind.upper(),
            "IESCAT": ", ".join(criterion.diseases)[:40] or None,
            "TIVERS": f"{plan.name} {plan.digest[:12]}",
        }
        for plan in ([] if plan is None else [plan])
        for criterion in _whole(plan)
    )
    return make_dataset("TI", "Trial Inclusion/Exclusion Criteria", _TI, rows)


def _whole(plan: Plan) -> Iterator[Criterion]:
    return (criterion for criterion in plan.criteria if criterion.kind != "part")


def _text(criterion: Criterion) -> str:
    """Return a criterion as SDTM has room for it; its id leads to the whole."""
    said = f"{criterion.id}: {criterion.text}"
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."


def _codes(plan: Plan) -> dict[str, str]:
    """Return what each criterion is called in at most 8 letters, digits and underscores."""
    codes: dict[str, str] = {}
    for number, criterion in enumerate(plan.criteria, start=1):
        code = re.sub(r"[^A-Z0-9_]", "_", criterion.id.upper())
        is_fit = len(code) <= 8 and code[:1].isalpha() and code not in codes.values()
        codes[criterion.id] = code if is_fit else f"CR{number:03}"
    return codes


# ---------------------------------------------------------------- who did not meet which

_IE = (
    STUDY,
    domain("IE"),
    SUBJECT,
    sequence("IE", key=3),
    text("IESPID", "Sponsor-Defined Identifier", 20),
    text("IETESTCD", "Inclusion/Exclusion Criterion Short Name", 8, **REQUIRED),
    text("IETEST", "Inclusion/Exclusion Criterion", _LONGEST, **REQUIRED),
    text("IECAT", "Inclusion/Exclusion Category", 9, terms=_KINDS, **REQUIRED),
    text("IEORRES", "I/E Criterion Original Result", 1, terms=YES_NO, **REQUIRED),
    text("IESTRESC", "I/E Criterion Result in Std Format", 1, terms=YES_NO, **REQUIRED),
    day("IEDTC", "Date/Time of Collection"),
    whole("IEDY", "Study Day of Collection"),
)


def exceptions(study: Study) -> Dataset:
    """Return IE: the criteria that somebody did not meet, those that were waived too."""
    rows = (row for person in study.people for row in numbered("IE", _of(study, person)))
    return make_dataset("IE", "Inclusion/Exclusion Criteria Not Met", _IE, rows)


def _of(study: Study, person: Person) -> Iterator[Row]:
    for screening in screenings_of(study.state, person.id):
        on = screening.ended_on or screening.on
        plan = plan_at(study.state, screening.ended_by)
        codes = _codes(plan)
        for criterion in _not_met(study, screening, plan):
            result = "N" if criterion.kind == "inclusion" else "Y"
            entry = screening.ended_by or screening.entry
            yield study.row("IE", person) | {
                "IESPID": None if entry is None else f"entry {entry}",
                "IETESTCD": codes[criterion.id],
                "IETEST": _text(criterion),
                "IECAT": criterion.kind.upper(),
                "IEORRES": result,
                "IESTRESC": result,
                "IEDTC": iso(on),
                "IEDY": person.study_day(on),
            }


def _not_met(study: Study, screening: Screening, plan: Plan) -> list[Criterion]:
    """Return the criteria that a screening failed by what is recorded, or as its end says."""
    judged = screening.judged(study.state, study.state.times[-1].date())
    items = () if judged is None else (*judged.of("not met"), *judged.of("waived"))
    names = {*screening.criteria, *(item.criterion.id for item in items)}
    return [criterion for criterion in _whole(plan) if criterion.id in names]
