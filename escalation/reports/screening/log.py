"""The screening log: everybody who was screened, with the verdict and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from escalation.plan.eligibility import Eligibility
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import Block, Paragraph, Table, View
from escalation.text import count, list_briefly
from escalation.trial import TrialState
from escalation.trial.screening.log import Screening, screening_log

__all__ = ["log_rows", "view_screening_log"]


def view_screening_log(state: TrialState, trial: str, on: date) -> View:
    """Return the view of every screening, by its day.

    Parameters
    ----------
    state : TrialState
    trial : str
    on : date
        On which those are judged who are in screening still.
    """
    found = [(one, one.judged(state, on)) for one in screening_log(state)]
    return View(
        page=lambda: _page(found),
        document=lambda: {
            **trial_heading(state, trial),
            "on": on.isoformat(),
            "screenings": [_document(one, judged) for one, judged in found],
        },
        rows=lambda: _rows(found),
        columns=_COLUMNS,
    )


Judged = Sequence[tuple[Screening, Eligibility | None]]


def _page(found: Judged) -> Iterator[Block]:
    if not found:
        yield Paragraph("Nobody has been screened.")
        return
    people = len({one.subject for one, _ in found})
    yield Paragraph(f"{count(len(found), 'screening')} of {_people(people)}.")
    yield Table([HEADS, *log_rows(found)], left=(0, 1, 2, 3, 4), prose=True)


def _people(n: int) -> str:
    return "1 person" if n == 1 else f"{n} people"


HEADS = ("screened", "patient", "disease", "verdict", "how it ended")


def log_rows(found: Judged) -> Iterator[Sequence[str]]:
    """Yield a row a screening."""
    for one, judged in found:
        again = "" if one.number == 1 else f" ({one.number})"
        yield (
            str(one.on),
            f"{one.subject}{again}",
            (one.said and one.said.disease) or "-",
            "-" if judged is None else judged.verdict,
            _say_end(one, judged),
        )


def _say_end(one: Screening, judged: Eligibility | None) -> str:
    said = one.end if one.ended_on is None else f"{one.end} on {one.ended_on}"
    if one.end == "enrolled" and one.entry is None:
        said += ", not screened here"
    why = one.reason or ""
    if one.end == "enrolled" and one.reason is not None:
        why = f"against a gate: {one.reason}"
    if one.criteria:
        why = f"{why} ({', '.join(one.criteria)})".strip()
    if not why and judged is not None:
        decide = judged.of("not met") or judged.of("unknown")
        why = list_briefly([item.criterion.id for item in decide])
    said += f": {why}" if why else ""
    return f"{said}; waived: {', '.join(one.waived)}" if one.waived else said


_COLUMNS = {
    "subject": "",
    "number": "of the person's screenings, from 1",
    "screened_on": "or the day of its end, where no screening was recorded",
    "entry": "empty where no screening was recorded",
    "site": "",
    "disease": "as the plan names it",
    "sex": "",
    "born": "a year or a month",
    "consented": "",
    "verdict": "on the day it ended, or that is asked about, as the entries say now",
    "not_met": "criteria",
    "unknown": "criteria",
    "waived": "criteria",
    "end": "enrolled, failed, left, screened again or in screening",
    "ended_on": "",
    "reason": "of a failure, of who left, of an enrolment against a gate",
    "criteria": "that a failure names",
}


def _document(one: Screening, judged: Eligibility | None) -> dict[str, Any]:
    said = one.said
    return {
        "subject": one.subject,
        "number": one.number,
        "screened_on": one.on.isoformat(),
        "entry": one.entry,
        "site": one.site,
        "disease": None if said is None else said.disease,
        "sex": None if said is None else said.sex,
        "born": None if said is None else said.born,
        "consented": None if said is None or said.consented is None else str(said.consented),
        "verdict": None if judged is None else judged.verdict,
        "not_met": [] if judged is None else [i.criterion.id for i in judged.of("not met")],
        "unknown": [] if judged is None else [i.criterion.id for i in judged.of("unknown")],
        "waived": list(one.waived),
        "end": one.end,
        "ended_on": None if one.ended_on is None else one.ended_on.isoformat(),
        "reason": one.reason,
        "criteria": list(one.criteria),
    }


def _rows(found: Judged) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    for one, judged in found:
        values = _document(one, judged).values()
        yield tuple(" ".join(v) if isinstance(v, list) else v for v in values)
