"""How it stands with somebody's criteria: the verdict, what decides it, what would settle it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from escalation.errors import InputError, did_you_mean
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Heading, Items, Paragraph, View
from escalation.reports.view import Item as Listed
from escalation.text import list_briefly
from escalation.trial import TrialState
from escalation.trial.events import SubjectScreened
from escalation.trial.screening.judging import (
    NOT_ELIGIBLE,
    UNANSWERED,
    eligibility_of,
    flags_of,
    plan_at,
    say_items,
)
from escalation.trial.screening.log import Screening, screenings_of

if TYPE_CHECKING:
    from escalation.plan.eligibility import Eligibility, Item, Status

__all__ = [
    "eligibility_document",
    "new_verdict",
    "say_eligibility",
    "say_screened",
    "say_verdict",
    "view_screening",
]

_MOST = 6  # items that are told, and flags that are said


def say_eligibility(subject: str, eligibility: Eligibility) -> Iterator[str]:
    """Yield how it stands in a few sentences: the verdict with what decides it, and its flags."""
    failed, unknown = eligibility.of("not met"), eligibility.of("unknown")
    if eligibility.verdict == NOT_ELIGIBLE:
        yield f"{subject} is not eligible: {say_items(failed)}."
        if unknown:
            yield f"Not known yet: {list_briefly([item.criterion.id for item in unknown])}."
    elif len(unknown) > _MOST:
        named = list_briefly([item.criterion.id for item in unknown])
        yield (
            f"Whether {subject} is eligible is not known yet: {named}. What would settle each is "
            f"shown by trial screen {subject}."
        )
    elif unknown:
        yield f"Whether {subject} is eligible is not known: {say_items(unknown)}."
    else:
        yield f"{subject} is eligible."
    waived = eligibility.of("waived")
    if waived:
        yield f"Waived: {say_items(waived)}."
    deciding = failed or (unknown if len(unknown) <= _MOST else ())
    for name, flag in flags_of(deciding)[:_MOST]:
        yield f"The source has a gap at {name}: {flag}"


def say_verdict(subject: str, eligibility: Eligibility) -> str:
    """Say the verdict alone."""
    return _VERDICTS[eligibility.verdict].format(subject)


def say_screened(said: SubjectScreened) -> str:
    """Say who somebody is, as far as that is recorded: ``SLE, female, born 1975-03``."""
    sex = None if said.sex is None else str(said.sex)
    born = None if said.born is None else f"born {said.born}"
    consented = None if said.consented is None else f"consented on {said.consented}"
    known = [said.disease, sex, born, consented, said.site and f"at {said.site}"]
    return ", ".join(filter(None, known)) or "nothing more is recorded"


def view_screening(state: TrialState, trial: str, subject: str, on: date) -> View:
    """Return the view of one person's screening, by the last one that was recorded.

    Raises
    ------
    InputError
        For somebody who was not screened.
    """
    subject = state.current_id(subject)
    found = screenings_of(state, subject)
    if not found:
        known = [name for name, chart in state.charts.items() if chart.screenings]
        hint = did_you_mean(subject, known) if known else "nobody has been yet"
        raise InputError(f"{subject} has not been screened; {hint}")
    last = found[-1]
    judged = last.judged(state, on)
    return View(
        page=lambda: _page(state, last, judged, on),
        document=lambda: {
            **trial_heading(state, trial),
            **_document(last, judged, on),
            "screenings": len(found),
        },
        rows=lambda: _rows(last, judged),
        columns=_COLUMNS,
    )


def _page(
    state: TrialState, last: Screening, judged: Eligibility | None, on: date
) -> Iterator[Block]:
    yield Paragraph(f"{last.subject}: {_say_course(last)}", "  ")
    if last.said is not None:
        yield Paragraph(f"{say_screened(last.said)}.", "  ", "  ")
    if judged is None:
        plan = plan_at(state, last.ended_by)
        why = "the trial goes by no plan" if not state.plans else f"plan {plan.name} has none"
        yield Paragraph(f"There are no criteria to be judged by: {why}.", "  ")
        return
    day = last.ended_on or on
    yield GAP
    yield Paragraph(f"{say_verdict(last.subject, judged)} on {day}.")
    for heading, items in _parts(judged):
        if items:
            yield GAP
            yield Heading(heading)
            yield Items([_listed(item) for item in items])
    statuses: tuple[Status, ...] = ("met", "not asked")
    for status in statuses:
        ids = [item.criterion.id for item in judged.of(status)]
        if ids:
            yield GAP
            yield Paragraph(f"{status[0].upper()}{status[1:]}: {', '.join(ids)}.", "  ")
    flags = flags_of(judged.items)
    if flags:
        yield GAP
        yield Heading("Gaps of the source that bite here")
        yield Items([Listed(text=f"{name}: {flag}") for name, flag in flags])


_VERDICTS = {
    "eligible": "{} is eligible",
    "not eligible": "{} is not eligible",
    "incomplete": "Whether {} is eligible is not known",
}


def _parts(judged: Eligibility) -> Iterator[tuple[str, list[Item]]]:
    """Yield items under headings; a question that nobody has answered says all by its text."""
    unknown = judged.of("unknown")
    yield "Not met", list(judged.of("not met"))
    yield "Not known, and what would settle it", [i for i in unknown if i.why != UNANSWERED]
    yield "Not answered yet", [i for i in unknown if i.why == UNANSWERED]
    yield "Waived", list(judged.of("waived"))


def _listed(item: Item) -> Listed:
    said = [] if item.why == UNANSWERED else [f"{item.why}."]
    if said and item.settle is not None:
        said.append(f"To settle it: {item.settle}.")
    return Listed(text=" ".join([f"{item.criterion.id} {item.criterion.text}", *said]))


def _say_course(last: Screening) -> str:
    began = "" if last.entry is None else f"screened since {last.on} (entry {last.entry})"
    if last.number > 1:
        began += f", for the {_times(last.number)} time"
    if last.ended_by is None:
        return f"{began}."
    why = "" if last.reason is None else f": {last.reason}"
    items = f" ({', '.join(last.criteria)})" if last.criteria else ""
    ended = f"{last.end} on {last.ended_on} (entry {last.ended_by}){why}{items}"
    return f"{began}; {ended}." if began else f"{ended}."


def _times(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def eligibility_document(judged: Eligibility | None) -> dict[str, Any]:
    """Return a verdict and its items under JSON names."""
    if judged is None:
        return {"verdict": None, "items": []}
    return {
        "verdict": judged.verdict,
        "items": [
            {
                "criterion": item.criterion.id,
                "kind": item.criterion.kind,
                "text": item.criterion.text,
                "status": item.status,
                "why": item.why,
                "settle": item.settle,
            }
            for item in judged.items
        ],
        "flags": [{"criterion": name, "text": flag} for name, flag in flags_of(judged.items)],
    }


def _document(last: Screening, judged: Eligibility | None, on: date) -> dict[str, Any]:
    said = last.said
    return {
        "subject": last.subject,
        "on": (last.ended_on or on).isoformat(),
        "entry": last.entry,
        "screened_on": last.on.isoformat(),
        "disease": None if said is None else said.disease,
        "sex": None if said is None else said.sex,
        "born": None if said is None else said.born,
        "consented": None if said is None or said.consented is None else str(said.consented),
        "site": last.site,
        "end": last.end,
        "ended_on": None if last.ended_on is None else last.ended_on.isoformat(),
        "reason": last.reason,
        "waived": list(last.waived),
        **eligibility_document(judged),
    }


_COLUMNS = {
    "subject": "",
    "criterion": "as the plan numbers it",
    "kind": "inclusion or exclusion",
    "status": "met, not met, unknown, not asked or waived, for somebody's entry",
    "why": "the value, limit and day that decide",
    "settle": "what would settle an unknown",
    "text": "of the criterion",
}


def _rows(last: Screening, judged: Eligibility | None) -> Iterator[Sequence[object]]:
    yield tuple(_COLUMNS)
    for item in () if judged is None else judged.items:
        criterion = item.criterion
        yield (
            *(last.subject, criterion.id, criterion.kind, item.status),
            *(item.why, item.settle, criterion.text),
        )


def new_verdict(state: TrialState, subject: str, on: date) -> Eligibility | None:
    """Judge somebody who is in screening; None for others, and without criteria."""
    if subject in state.subjects or not plan_at(state).criteria:
        return None
    if not state.chart(subject).screenings:
        return None
    return eligibility_of(state, subject, on)
