"""Patients from a spreadsheet into a trial: all rows are recorded, or none.

Into a trial without a cohort a spreadsheet is its history: cohorts that were treated before, and
that their decisions are not in the ledger is always said. Into any other trial its rows pass the
same gates as if typed one by one; rows that say what is recorded already change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from escalation.errors import EscalationError, printable
from escalation.labels import Label
from escalation.trial.commands import Events, Recorder
from escalation.trial.events import AnyEvent, Purpose
from escalation.trial.patients.recording import dose_subject, enrol_subject, record_outcome
from escalation.trial.patients.subjects import Subject
from escalation.trial.spreadsheet.cells import PatientRow, find_level
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.gathered import Gathered
from escalation.trial.spreadsheet.history import record_history
from escalation.trial.spreadsheet.origin import Origin
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from escalation.trial.spreadsheet.rows import read_rows
from escalation.trial.state import TrialState

__all__ = ["import_patients", "import_rows"]

Command = Callable[[TrialState, Recorder], Events]


def import_patients(content: bytes, source: str, reading: Reading = AS_WRITTEN) -> Command:
    """Read a spreadsheet, and return the command that records it.

    Parameters
    ----------
    content : bytes
        CSV or a workbook, one row a patient: see ``columns``.
    source : str
        The file's name, for messages and the ledger.
    reading : Reading
        How the file writes days and numbers, and calls things.

    Raises
    ------
    SpreadsheetError
        If it is no list of patients; from the command, with every fault of every row.
    """
    read = read_rows(content, source, reading)
    origin = Origin(
        name=printable(source)[:200],  # a file may be called anything
        sha256=hashlib.sha256(content).hexdigest(),
        source=source,
        n_rows=read.n_rows,
        left_out=tuple(printable(name)[:200] for name in read.left_out),
        read_with=str(reading) or None,
    )
    return import_rows(read.rows, origin, read.faults)


def import_rows(
    rows: Sequence[PatientRow], origin: Origin, faults: Iterable[tuple[int, str]] = ()
) -> Command:
    """Return the command that records rows, if all could be read.

    Parameters
    ----------
    rows : sequence of PatientRow
        Those that could be read.
    origin : Origin
    faults : iterable of (int, str)
        What was wrong with others, by row.
    """
    unread = list(faults)

    def command(state: TrialState, recorder: Recorder) -> Events:
        gathered = Gathered(state, recorder)
        if not state.cohorts:
            record_history(gathered, rows, origin)
        elif not unread:  # a row can stand in the way of another
            _record_by_the_gates(gathered, rows)
        found = [*unread, *((row, f"row {row}: {text}") for row, text in gathered.faults)]
        if found:
            raise SpreadsheetError(origin.source, [text for _, text in sorted(found)])
        if not gathered.events:
            raise SpreadsheetError(origin.source, ["every row says what is recorded already"])
        return tuple(gathered.events)

    return command


def _record_by_the_gates(gathered: Gathered, rows: Sequence[PatientRow]) -> None:
    """Record what the rows add, in the order of its days, each as its command allows."""
    today, protocol = gathered.recorder.on, gathered.state.protocol
    labels = () if protocol is None else protocol.labels
    steps = [
        (day, place, row, step)
        for row in (_on_ladder(row, labels) for row in rows)
        for place, (day, step) in enumerate(
            [
                (row.enrolled_on or row.dosed_on or today, _enrol),
                (row.dosed_on, _dose),
                (row.outcome_on or (None if row.outcome is None else today), _outcome),
            ]
        )
        if day is not None
    ]
    failed: set[int] = set()
    for day, _, row, step in sorted(steps, key=lambda s: (s[0], s[1], s[2].number)):
        if row.number in failed:
            continue
        try:
            gathered.add(*step(gathered.state, gathered.on(day), row))
        except EscalationError as error:
            failed.add(row.number)
            gathered.fault(row.number, str(error))


def _on_ladder(row: PatientRow, labels: Sequence[Label]) -> PatientRow:
    level = find_level(row.level, labels)
    return row if level is None else replace(row, level=level)


def _enrol(state: TrialState, recorder: Recorder, row: PatientRow) -> Events:
    known = state.subjects.get(row.subject)
    if known is not None:
        said, fields = known.enrolment, ("weight_kg", "height_cm", "level", "cohort", "replaces")
        _compare(row, said, fields, known.enrolments[-1].seq)
        _compare(row, known, ("purpose",), known.enrolments[-1].seq)
        return ()
    return enrol_subject(
        state,
        recorder,
        subject=row.subject,
        weight_kg=row.weight_kg,
        height_cm=row.height_cm,
        level=row.level,
        cohort=_open_cohort(state, row),
        replaces=row.replaces,
    )


def _open_cohort(state: TrialState, row: PatientRow) -> int | None:
    """Return the number of the open cohort that a row is of; None where it does not tell.

    Raises
    ------
    _RowError
        If no such cohort is open, or more than one.
    """
    if row.purpose is None:
        return None
    found = [
        cohort
        for cohort in state.open_cohorts
        if cohort.purpose is row.purpose and row.level in (None, cohort.level)
    ]
    if len(found) == 1 or row.purpose is Purpose.ESCALATION:
        return found[0].number if found else None
    at = "" if row.level is None else f" at level {row.level}"
    raise _RowError(f"{'more than one' if found else 'no'} cohort of {row.purpose} is open{at}")


def _dose(state: TrialState, recorder: Recorder, row: PatientRow) -> Events:
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
                    raise _RowError(
                        f"{toxicity.term} grade {toxicity.grade}, onset {toxicity.onset}, is not "
                        f"as in entry {last.seq}; if that is wrong, correct the entry"
                    )
            if row.outcome_on is not None:
                there = None if last.event.undated else last.event.on
                _compare_day(there, recorder.on, last.seq)
            return ()
    if row.outcome_on is None:
        raise _RowError("outcome_on is missing: an outcome has a day")
    return record_outcome(
        state,
        recorder,
        subject=row.subject,
        outcome=row.outcome,
        toxicities=row.toxicities,
        reason=row.reason,
    )


class _RowError(EscalationError):
    """A row that says something else than an entry, or too little."""


def _compare(row: PatientRow, said: AnyEvent | Subject, names: Sequence[str], entry: int) -> None:
    for name in names:
        here, there = getattr(row, name), getattr(said, name)
        if here is not None and here != there:
            raise _RowError(
                f"{name} is {here} here and {_said(there)} in entry {entry}; if that is wrong, "
                "correct the entry"
            )


def _compare_day(there: date | None, here: date, entry: int) -> None:
    if here != there:
        raise _RowError(
            f"the day is {here} here and {_said(there)} in entry {entry}; if that is wrong, "
            "correct the entry"
        )


def _said(value: object) -> str:
    return "not stated" if value is None else str(value)
