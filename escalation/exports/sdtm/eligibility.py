"""Criteria of the plan (TI), and who did not meet which (IE)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from escalation.exports.dataset import Dataset, make_dataset
from escalation.exports.sdtm.study import Study
from escalation.exports.sdtm.variables import REQUIRED, STUDY, domain, text
from escalation.plan import Criterion, Plan

__all__ = ["criterion_codes", "inclusion_criteria"]

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
    codes = {} if plan is None else criterion_codes(plan)
    rows = (
        study.row("TI")
        | {
            "IETESTCD": codes[criterion.id],
            "IETEST": criterion_text(criterion),
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


def criterion_text(criterion: Criterion) -> str:
    """Return a criterion as SDTM has room for it; its id leads to the whole."""
    said = f"{criterion.id}: {criterion.text}"
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."


def criterion_codes(plan: Plan) -> dict[str, str]:
    """Return what each criterion is called in at most 8 letters, digits and underscores."""
    codes: dict[str, str] = {}
    for number, criterion in enumerate(plan.criteria, start=1):
        code = re.sub(r"[^A-Z0-9_]", "_", criterion.id.upper())
        is_fit = len(code) <= 8 and code[:1].isalpha() and code not in codes.values()
        codes[criterion.id] = code if is_fit else f"CR{number:03}"
    return codes
