"""The patients of a trial written as a spreadsheet, which ``reading`` takes back as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from escalation.trial.patients.subjects import Subject
from escalation.trial.spreadsheet.columns import BETWEEN, COLUMNS, FORMULA, OUTCOMES
from escalation.trial.state import TrialState

__all__ = ["patients_csv"]

_WORDS = {outcome: word for word, outcome in OUTCOMES.items() if len(word) > 1}


def patients_csv(state: TrialState) -> str:
    """Write the subjects of a trial, one row each, as ``read_patients`` reads them."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject in state.subjects.values():
        cells = _cells(subject)
        writer.writerow([_guard(cells.get(name)) for name in COLUMNS])
    return written.getvalue()


def _cells(subject: Subject) -> Mapping[str, object]:
    enrolled = subject.enrolment
    cells: dict[str, object] = {
        "subject": subject.id,
        "cohort": subject.cohort,
        "level": subject.level,
        "purpose": subject.purpose,
        "weight_kg": enrolled.weight_kg,
        "height_cm": enrolled.height_cm,
        "enrolled_on": None if enrolled.undated else enrolled.on,
        "replaces": enrolled.replaces,
    }
    if subject.dosing is not None:
        dosed = subject.dosing.event
        cells |= {"dosed_on": dosed.on, "planned": dosed.planned}
        cells |= {"infused": dosed.infused, "lot": dosed.lot}
    if subject.outcomes:
        said = subject.outcomes[-1].event
        cells |= {"outcome": _WORDS[said.outcome], "reason": said.reason}
        cells["outcome_on"] = None if said.undated else said.on
    for name in ("term", "grade", "onset", "relation", "narrative"):
        values = [getattr(toxicity, name) for toxicity in subject.toxicities]
        parts = ["" if value is None else str(value).replace("|", "/") for value in values]
        cells[name] = BETWEEN.join(parts) if any(parts) else ""
    return cells


def _guard(value: object) -> str:
    """Write a cell; text that a spreadsheet program would take for a formula gets an apostrophe.

    A whole number such as the level -1 is none.
    """
    text = "" if value is None else str(value)
    is_whole = re.fullmatch("-[0-9]+", text) is not None and isinstance(value, int)
    return f"'{text}" if FORMULA.match(text) and not is_whole else text
