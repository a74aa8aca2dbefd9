"""Backfill and expansion of a trial: who was treated, whether they count, and what is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from escalation.binomial import clopper_pearson, percent
from escalation.labels import Label
from escalation.outcomes import Outcome, Tally, format_outcomes, tally_letters
from escalation.protocol import Protocol
from escalation.protocol.expansion import judge_expansion
from escalation.reports.backfill_text import say_when_counted
from escalation.reports.expansion_text import describe_at_mtd
from escalation.reports.view import Block, Paragraph, Table
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.beside import declared_mtd, find_closed
from escalation.trial.events import Purpose
from escalation.trial.patients.subjects import Standing
from escalation.trial.review.amendments import reopened_levels
from escalation.trial.state import Cohort

__all__ = [
    "BESIDE",
    "beside_blocks",
    "beside_document",
    "describe_declared",
    "histories_document",
    "history_lines",
]

BESIDE = (Purpose.BACKFILL, Purpose.EXPANSION)


def history_lines(state: TrialState) -> Iterator[tuple[str, str]]:
    """Yield what was seen in the field's notation, the escalation first, each with its name."""
    written = format_outcomes(state.written_cohorts(Purpose.ESCALATION))
    yield "History", written or "nobody has been dosed"
    for purpose in BESIDE:
        beside = state.written_cohorts(purpose)
        if beside:
            yield purpose.capitalize(), format_outcomes(beside)


def histories_document(state: TrialState) -> dict[str, str]:
    """Return the notation of each purpose for JSON."""
    return {purpose: format_outcomes(state.written_cohorts(purpose)) for purpose in Purpose}


def beside_blocks(state: TrialState, protocol: Protocol) -> Iterator[Block]:
    """Yield a table of whom the levels leave out, and what counts; nothing without anybody."""
    documents = beside_document(state, protocol)
    aside = [_aside_document(state, label) for label in reopened_levels(state)]
    if documents or aside:
        yield Table(
            [
                ("", "", "", "", "", "", "P(DLT)", ""),
                ("beside", "level", *_COUNTS, "limits", "status"),
                *(
                    (
                        document["purpose"],
                        str(document["level"]),
                        *(str(document[key]) for key in _COUNTS.values()),
                        _limits(document),
                        document["standing"],
                    )
                    for document in (*documents, *aside)
                ),
            ],
            left=(0, 7),
            n_heads=2,
        )
    if protocol.backfill.max_per_level is not None or any(
        document["purpose"] == Purpose.BACKFILL for document in documents
    ):
        yield Paragraph(f"Backfill: it {say_when_counted(protocol)}.", "  ")
    if any(document["purpose"] == Purpose.EXPANSION for document in documents):
        yield Paragraph("Expansion: it counts at no decision of the escalation.", "  ")


_COUNTS = {
    "dosed": "n_dosed",
    "evaluable": "n_evaluable",
    "DLTs": "n_dlts",
    "pending": "n_pending",
}


def beside_document(state: TrialState, protocol: Protocol) -> list[dict[str, Any]]:
    """Return a row for each level that has been backfilled or expanded."""
    return [
        _document(state, protocol, purpose, label)
        for purpose in BESIDE
        for label in protocol.labels
        if any(cohort.purpose is purpose and cohort.level == label for cohort in state.cohorts)
    ]


def _document(
    state: TrialState, protocol: Protocol, purpose: Purpose, label: Label
) -> dict[str, Any]:
    cohorts = [c for c in state.cohorts if c.purpose is purpose and c.level == label]
    treated = [
        s for s in state.subjects.at_level(label) if s.purpose is purpose and s.set_aside_by is None
    ]
    seen = state.tallies(purpose, set_aside=False)[protocol.labels.index(label)]
    return {
        "purpose": purpose,
        "level": label,
        "cohorts": [cohort.number for cohort in cohorts],
        "n_opened": sum(cohort.n_opened for cohort in cohorts),
        "n_enrolled": sum(subject.standing is not Standing.WITHDRAWN for subject in treated),
        "n_dosed": sum(subject.dosing is not None for subject in treated),
        "n_evaluable": seen.n_evaluable,
        "n_dlts": seen.n_dlts,
        "n_pending": seen.n_pending,
        "n_not_evaluable": sum(s.outcome is Outcome.NOT_EVALUABLE for s in treated),
        "p_dlt_limits": list(clopper_pearson(seen.n_evaluable, seen.n_dlts))
        if seen.n_evaluable
        else None,
        "boundary": judge_expansion(protocol.expansion, seen)
        if purpose is Purpose.EXPANSION
        else None,
        "standing": _stands(state, cohorts),
    }


def _aside_document(state: TrialState, label: Label) -> dict[str, Any]:
    """Return a row of the patients at a level before it was reopened."""
    treated = [s for s in state.subjects.at_level(label) if s.set_aside_by is not None]
    letters = Counter(s.outcome for s in treated if s.outcome is not None)
    seen = tally_letters(letters)
    entries = sorted({s.set_aside_by for s in treated if s.set_aside_by is not None})
    return {
        "purpose": "set aside",
        "level": label,
        "n_dosed": len(treated),
        "n_evaluable": seen.n_evaluable,
        "n_dlts": seen.n_dlts,
        "n_pending": seen.n_pending,
        "p_dlt_limits": list(clopper_pearson(seen.n_evaluable, seen.n_dlts))
        if seen.n_evaluable
        else None,
        "standing": f"by amendment {' and '.join(map(str, entries))}",
    }


def _stands(state: TrialState, cohorts: list[Cohort]) -> str:
    """Say whether more can be treated: the last cohort is open, has no place left, or is closed."""
    last = cohorts[-1]
    if last.closed_by is not None or find_closed(state, last):
        return "closed"
    return "open" if state.n_free(last) or state.undosed(last) else "full"


def _limits(document: dict[str, Any]) -> str:
    limits = document["p_dlt_limits"]
    return "-" if limits is None else f"{percent(*limits)} %"


def describe_declared(state: TrialState, protocol: Protocol) -> Iterator[str]:
    """Say what was seen at the declared MTD once it is expanded, and how the boundary stands."""
    mtd = declared_mtd(state)
    cohorts = [c.number for c in state.cohorts if c.purpose is Purpose.EXPANSION]
    if mtd not in protocol.labels or not cohorts:
        return
    level = protocol.labels.index(mtd)
    tallies: dict[Purpose, Tally] = {
        purpose: state.tallies(purpose, set_aside=False)[level] for purpose in Purpose
    }
    everybody = state.tallies(set_aside=False)[level]
    before, seen = tallies[Purpose.ESCALATION], tallies[Purpose.EXPANSION]
    yield from describe_at_mtd(protocol.expansion, everybody, before, seen, cohorts)
    more = tallies[Purpose.BACKFILL]
    if more.n_patients:
        patients = count(more.n_patients, "patient")
        yield f"Backfill: {patients} at that level, {more.n_dlts} with a DLT."
