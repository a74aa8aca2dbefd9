"""What a spreadsheet is of: its columns, which of them it needs, and the words that cells may hold.

One row a patient is in ``columns``; here are the others. Each has one row a result, a visit, a
person screened or an adverse event, under a heading of these names in any order.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.dataclass import dataclass
from escalation.trial.events import ActionTaken, EventOutcome, Relation, Serious, Sex
from escalation.trial.spreadsheet.columns import READ, WORDS

__all__ = ["FORMS", "NO", "PATIENTS", "YES", "Form"]

YES = ("yes", "y", "true", "1", "1.0", "x")
NO = ("no", "n", "false", "0", "0.0", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A kind of spreadsheet.

    Attributes
    ----------
    what : str
        Of what it is a list.
    a_row : str
        What a row is.
    columns, words : tuple of str
        Words that a word of another language may stand for.
    needed : tuple of str
        Columns that it does not do without.
    """

    what: str
    a_row: str
    columns: tuple[str, ...]
    words: tuple[str, ...]
    needed: tuple[str, ...]


def _words(*kinds: type[StrEnum]) -> tuple[str, ...]:
    said = [*YES, *NO, "unknown", *(str(word) for kind in kinds for word in kind)]
    return tuple(dict.fromkeys(word for word in said if word))


PATIENTS = Form(
    what="patients",
    a_row="patient",
    columns=READ,
    words=WORDS,
    needed=("subject", "level"),
)
FORMS = {
    "patients": PATIENTS,
    "results": Form(
        what="results",
        a_row="result",
        columns=(
            *("subject", "visit", "date", "test", "value", "unit", "lower", "upper", "below"),
            *("not_done", "day", "by", "note", "reason"),
        ),
        words=_words(),
        needed=("subject", "date", "test", "value"),
    ),
    "visits": Form(
        what="visits",
        a_row="visit",
        columns=("subject", "visit", "date", "missed", "note"),
        words=_words(),
        needed=("subject", "visit", "date"),
    ),
    "screening": Form(
        what="people screened",
        a_row="person",
        columns=("subject", "date", "disease", "sex", "born", "consented", "site"),
        words=_words(Sex),
        needed=("subject", "date"),
    ),
    "events": Form(
        what="adverse events",
        a_row="event",
        columns=(
            *("subject", "term", "grade", "started", "ended", "serious", "relation", "action"),
            *("outcome", "category", "code", "dictionary", "scale", "scale_version"),
            *("baseline_grade", "treatment", "narrative", "aware", "date"),
        ),
        words=_words(Serious, Relation, ActionTaken, EventOutcome),
        needed=("subject", "term", "grade", "started"),
    ),
}
