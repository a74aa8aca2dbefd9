"""The format of the spreadsheet: its columns, and the words that cells may hold.

One row a patient, under a heading of names from ``COLUMNS`` in any order. Instead of ``outcome`` a
file may have ``dlt`` with yes or no. Days are written 2026-01-31 and numbers 61.5, unless a
``Reading`` says otherwise; several toxicities of a patient stand in one cell with ``|`` between.
"""

from __future__ import annotations

import re
from typing import ClassVar

from escalation.errors import FileFaultsError
from escalation.outcomes import Outcome
from escalation.trial.events import Purpose, Relation

__all__ = [
    "BETWEEN",
    "COLUMNS",
    "DLT",
    "FORMULA",
    "OUTCOMES",
    "READ",
    "WORDS",
    "SpreadsheetError",
    "column_name",
]

COLUMNS = (
    "subject",
    "cohort",
    "level",
    "purpose",
    "weight_kg",
    "height_cm",
    "enrolled_on",
    "dosed_on",
    "planned",
    "infused",
    "lot",
    "outcome",
    "outcome_on",
    "reason",
    "term",
    "grade",
    "onset",
    "relation",
    "narrative",
    "replaces",
)
READ = (*COLUMNS, "dlt")

BETWEEN = " | "  # several toxicities in one cell
FORMULA = re.compile(r"[=+\-@\t\r']")  # a spreadsheet program would calculate such a cell

OUTCOMES: dict[str, Outcome | None] = {
    "": None,
    "pending": None,
    "?": None,
    "dlt": Outcome.DLT,
    "t": Outcome.DLT,
    "no dlt": Outcome.NO_DLT,
    "n": Outcome.NO_DLT,
    "moderate": Outcome.MODERATE,
    "m": Outcome.MODERATE,
    "not evaluable": Outcome.NOT_EVALUABLE,
    "x": Outcome.NOT_EVALUABLE,
}
DLT: dict[str, Outcome | None] = OUTCOMES | {
    "yes": Outcome.DLT,
    "y": Outcome.DLT,
    "true": Outcome.DLT,
    "1": Outcome.DLT,
    "1.0": Outcome.DLT,  # whole numbers of a column with gaps, as pandas writes them
    "no": Outcome.NO_DLT,
    "false": Outcome.NO_DLT,
    "0": Outcome.NO_DLT,
    "0.0": Outcome.NO_DLT,
}
# what a word of another language may stand for
WORDS = tuple(dict.fromkeys(str(word) for word in (*DLT, *Relation, *Purpose) if word))


class SpreadsheetError(FileFaultsError):
    """A spreadsheet that cannot be recorded, with every fault and its row."""

    shown: ClassVar[int | None] = None  # all of them: a file is mended once


def column_name(text: str) -> str:
    """Return a heading as it is compared with the names of columns."""
    return text.strip().casefold().replace(" ", "_")
