"""Patients from a spreadsheet into a trial: all rows are recorded, or none.

Into a trial without a cohort a spreadsheet is its history: cohorts that were treated before, and
that their decisions are not in the ledger is always said. Into any other trial its rows pass the
same gates as if typed one by one; rows that say what is recorded already change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from escalation.designs.replay import replay
from escalation.errors import EscalationError, printable
from escalation.labels import Label
from escalation.outcomes import Cohort, Outcome, tally_cohorts
from escalation.protocol import Protocol
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import AnyEvent, HistoryImported, ImportedCohort, SubjectEnrolled
from escalation.trial.evolve import evolve
from escalation.trial.patients.recording import (
    check_subject,
    dose_subject,
    enrol_subject,
    record_outcome,
)
from escalation.trial.spreadsheet.rows import PatientRow, SpreadsheetError, read_patients
from escalation.trial.state import Recorded, TrialState

__all__ = ["import_patients", "import_rows"]


_Members = tuple[Label, list[PatientRow]]
"""A cohort's level and its rows."""


def import_patients(content: bytes, source: str) -> Callable[[TrialState, Recorder], Events]:
    """Read a spreadsheet, and return the command that records it.

    Parameters
    ----------
    content : bytes
        CSV in UTF-8 with a heading of names from ``COLUMNS`` in any order; separated by commas,
        semicolons or tabs; days as 2026-01-31.
    source : str
        The file's name, for messages and the ledger.

    Raises
    ------
    SpreadsheetError
        With every fault; from the command, too.
    """
    rows = read_patients(content, source)
    digest = hashlib.sha256(content).hexdigest()
    name = printable(source)[:200]  # a file may be called anything
    return import_rows(rows, name, digest, source)


def import_rows(
    rows: Sequence[PatientRow], name: str, digest: str, source: str = "rows"
) -> Callable[[TrialState, Recorder], Events]:
    """Return the command that records rows of a source, under a name and its SHA-256."""

    def command(state: TrialState, recorder: Recorder) -> Events:
        recording = _Recording(state, recorder)
        if state.cohorts:
            _record_by_the_gates(recording, rows)
        else:
            _record_history(recording, rows, name, digest)
        if recording.faults:
            raise SpreadsheetError(source, recording.said_faults())
        if not recording.events:
            raise SpreadsheetError(source, ["every row says what is recorded already"])
        return tuple(recording.events)

    return command


class _Recording:
    """Events gathered one by one, each on the state that the others lead to, with all faults."""

    def __init__(self, state: TrialState, recorder: Recorder) -> None:
        self.state = state
        self.recorder = recorder
        self.events: list[AnyEvent] = []
        self.faults: list[tuple[int, str]] = []

    def on(self, day: date) -> Recorder:
        return replace(self.recorder, on=day)

    def add(self, *events: AnyEvent) -> None:
        for event in events:
            at, by = self.recorder.at, self.recorder.name
            entry = Recorded(seq=self.state.seq + 1, at=at, by=by, hash="", event=event)
            self.state = evolve(self.state, entry)
            self.events.append(event)

    def fault(self, row: int, problem: str) -> None:
        self.faults.append((row, problem))

    def said_faults(self) -> list[str]:
        return [f"row {row}: {problem}" for row, problem in sorted(self.faults)]


def _record_by_the_gates(recording: _Recording, rows: Sequence[PatientRow]) -> None:
    """Record what the rows add, in the order of its days, each as its command allows."""
    steps = [
        (day, place, row, step)
        for row in rows
        for place, (day, step) in enumerate(
            [
                (row.enrolled_on or row.dosed_on or recording.recorder.on, _enrol),
                (row.dosed_on, _dose),
                (row.outcome_on, _outcome),
            ]
        )
        if day is not None
    ]
    failed: set[int] = set()
    for day, _, row, step in sorted(steps, key=lambda s: (s[0], s[1], s[2].number)):
        if row.number in failed:
            continue
        try:
            recording.add(*step(recording.state, recording.on(day), row))
        except EscalationError as error:
            failed.add(row.number)
            recording.fault(row.number, str(error))


def _enrol(state: TrialState, recorder: Recorder, row: PatientRow) -> Events:
    known = state.subjects.get(row.subject)
    if known is not None:
        said, fields = known.enrolment, ("weight_kg", "level", "cohort", "replaces")
        _compare(row, said, fields, known.enrolments[-1].seq)
        return ()
    return enrol_subject(
        state,
        recorder,
        subject=row.subject,
        weight_kg=row.weight_kg,
        level=row.level,
        replaces=row.replaces,
    )


def _dose(
    state: TrialState, recorder: Recorder, row: PatientRow, *, history: bool = False
) -> Events:
    known = state.subjects.get(row.subject)
    if known is not None and known.dosing is not None:
        _compare(row, known.dosing.event, ("infused", "planned", "lot"), known.dosing.seq)
        _compare_day(known.dosing.event.on, recorder.on, known.dosing.seq)
        return ()
    return dose_subject(
        state,
        recorder,
        subject=row.subject,
        infused=row.infused,
        planned=row.planned,
        lot=row.lot,
        history=history,
    )


def _outcome(state: TrialState, recorder: Recorder, row: PatientRow) -> Events:
    if row.outcome is None:
        return ()
    known = state.subjects.get(row.subject)
    if known is not None and known.outcomes:
        last = known.outcomes[-1]
        if last.event.outcome is row.outcome:
            _compare(row, last.event, ("reason",), last.seq)
            for toxicity in row.toxicities:
                if toxicity not in known.toxicities:
                    raise _DiffersError(
                        f"{toxicity.term} grade {toxicity.grade}, onset {toxicity.onset}, is not "
                        f"as in entry {last.seq}; if that is wrong, correct the entry"
                    )
            _compare_day(last.event.on, recorder.on, last.seq)
            return ()
    return record_outcome(
        state,
        recorder,
        subject=row.subject,
        outcome=row.outcome,
        toxicities=row.toxicities,
        reason=row.reason,
    )


class _DiffersError(EscalationError):
    """A row that says something else than an entry."""


def _compare(row: PatientRow, said: AnyEvent, names: Sequence[str], entry: int) -> None:
    for name in names:
        here, there = getattr(row, name), getattr(said, name)
        if here is not None and here != there:
            raise _DiffersError(
                f"{name} is {here} here and {there} in entry {entry}; if that is wrong, correct "
                "the entry"
            )


def _compare_day(there: date, here: date, entry: int) -> None:
    if here != there:
        raise _DiffersError(
            f"the day is {here} here and {there} in entry {entry}; if that is wrong, correct the "
            "entry"
        )


def _record_history(
    recording: _Recording, rows: Sequence[PatientRow], source: str, digest: str
) -> None:
    """Record cohorts that were treated before the trial was tracked, with their patients."""
    protocol = recording.state.protocol
    if protocol is None:
        recording.fault(1, "the trial is not registered")
        return
    placed: list[tuple[PatientRow, Label]] = []
    for row in sorted(rows, key=lambda row: (row.dosed_on or date.max, row.number)):
        if row.level not in protocol.labels:
            known = ", ".join(map(str, protocol.labels))
            recording.fault(row.number, f"level {row.level} is none of {known}")
        elif row.dosed_on is None:
            recording.fault(
                row.number, "dosed_on is missing: a history is of patients who were dosed"
            )
        else:
            placed.append((row, row.level))
    if recording.state.closed is not None:
        recording.fault(1, f"the trial was closed by entry {recording.state.closed.seq}")
    cohorts = _into_cohorts(recording, placed, protocol)
    if recording.faults:
        return
    written = _written(cohorts)
    n_free = _n_places(recording.state, protocol, written)
    opened = tuple(
        ImportedCohort(
            level=cohort.label,
            n_opened=cohort.tally.n_patients + (n_free if cohort is written[-1] else 0),
        )
        for cohort in written
    )
    today = recording.recorder.on
    recording.add(HistoryImported(on=today, source=source, sha256=digest, cohorts=opened))
    for number, (level, members) in enumerate(cohorts, start=1):
        for row in members:
            try:
                recording.add(_enrolled_before(recording, row, number, level))
                for day, step in (
                    (row.dosed_on, partial(_dose, history=True)),
                    (row.outcome_on, _outcome),
                ):
                    if day is not None:
                        recording.add(*step(recording.state, recording.on(day), row))
            except EscalationError as error:
                recording.fault(row.number, str(error))


def _n_places(state: TrialState, protocol: Protocol, written: Sequence[Cohort]) -> int:
    """Count the places that the last cohort still has.

    Where a committee votes there are none: nobody is treated further before it has decided here.
    """
    if state.own_votes and not state.committee.solo:
        return 0
    return replay(protocol.design, written, protocol.labels).n_places


def _enrolled_before(
    recording: _Recording, row: PatientRow, cohort: int, level: Label
) -> SubjectEnrolled:
    recorder = recording.on(row.enrolled_on or row.dosed_on or recording.recorder.on)
    refusal = Refusal(f"{row.subject} cannot be enrolled")
    check_subject(refusal, recording.state, recorder, row.subject, row.weight_kg)
    if row.replaces is not None:
        lost = recording.state.subjects.get(row.replaces)
        refusal.unless(
            lost is not None and lost.cohort == cohort and not lost.takes_place,
            f"{printable(row.replaces)} is nobody to replace in this cohort.",
        )
    refusal.raise_if_any()
    return SubjectEnrolled(
        on=recorder.on,
        subject=row.subject,
        cohort=cohort,
        level=level,
        weight_kg=row.weight_kg,
        replaces=row.replaces,
    )


def _written(cohorts: Sequence[_Members]) -> list[Cohort]:
    return [
        Cohort(label=level, outcomes=tuple(row.outcome or Outcome.PENDING for row in members))
        for level, members in cohorts
    ]


def _next_size(cohorts: Sequence[_Members], protocol: Protocol) -> int:
    """Return how many patients of the next cohort count: in titration it is what the rule says."""
    design = protocol.design
    if not design.asks_moderate:
        return design.largest_cohort
    written = _written(cohorts)
    level = protocol.labels.index(written[-1].label) if written else design.start
    said = design.decide(tally_cohorts(written, protocol.labels), level)
    return said.n_at_most or design.largest_cohort


def _into_cohorts(
    recording: _Recording, placed: Sequence[tuple[PatientRow, Label]], protocol: Protocol
) -> list[_Members]:
    """Group patients into cohorts, each with its level.

    By the column ``cohort`` where it is filled; else patients who follow each other at one level
    are together until as many of them count as a cohort has, because those not evaluable were
    replaced.
    """
    cohorts: list[_Members] = []
    numbered = [row for row, _ in placed if row.cohort is not None]
    if numbered and len(numbered) < len(placed):
        for row, _ in placed:
            if row.cohort is None:
                recording.fault(row.number, "cohort is missing; number every row's, or none")
        return cohorts
    n_counted = size = 0
    for row, level in sorted(placed, key=lambda pair: pair[0].cohort or 0):
        last = cohorts[-1] if cohorts else None
        if row.cohort is not None:
            new = last is None or row.cohort != len(cohorts)
        else:
            new = last is None or last[0] != level or n_counted >= size
        if new:
            size = _next_size(cohorts, protocol)
            cohorts.append((level, []))
            n_counted = 0
        cohorts[-1][1].append(row)
        n_counted += row.outcome is not Outcome.NOT_EVALUABLE
        if row.cohort is not None and row.cohort != len(cohorts):
            recording.fault(row.number, f"cohort {row.cohort} does not follow: number from 1")
        elif cohorts[-1][0] != level:
            recording.fault(row.number, f"cohort {row.cohort} is at level {cohorts[-1][0]} above")
    return cohorts
