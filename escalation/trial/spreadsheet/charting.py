"""Results, visits, people screened and adverse events from a spreadsheet: all rows or none.

Each row is held against what a site that types it is. Rows that say what is recorded already change
nothing, so that a file which has grown is imported again as it is; the same file is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from escalation.errors import EscalationError, RefusedError, printable
from escalation.plan import Plan
from escalation.plan.names import PlanNames
from escalation.text import as_compared
from escalation.trial.adverse_events.record import record_adverse_event
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import FileImported, Finding
from escalation.trial.findings.checking import completed
from escalation.trial.findings.record import record_findings
from escalation.trial.findings.results import Place, place_of, results_of
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.screening.record import screen_subject
from escalation.trial.spreadsheet.charted import (
    READERS,
    EventRow,
    ResultRow,
    Row,
    ScreeningRow,
    VisitRow,
)
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.forms import FORMS
from escalation.trial.spreadsheet.gathered import Gathered
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from escalation.trial.spreadsheet.rows import read_list
from escalation.trial.state import TrialState
from escalation.trial.visits.record import record_visit

__all__ = ["What", "import_list", "note_file"]

What = Literal["results", "visits", "screening", "events"]
Command = Callable[[TrialState, Recorder], Events]


def import_list(what: What, content: bytes, source: str, reading: Reading = AS_WRITTEN) -> Command:
    """Read a spreadsheet, and return the command that records it.

    Parameters
    ----------
    what : str
        Of what it is a list.
    content : bytes
        CSV or a workbook, one row each: see ``forms``.
    source : str
        The file's name, for messages and the ledger.
    reading : Reading

    Raises
    ------
    SpreadsheetError
        If it is no such list; from the command, with every fault of every row.
    """
    listed = read_list(content, source, reading, FORMS[what])
    reader = READERS[what](reading, listed.heading.words)
    rows: list[Any] = []
    unread = list(listed.faults)
    for number, cells, valueless in listed.rows:
        row, faults = reader.read(number, cells)
        unread += ((number, text) for text in (*faults, *valueless))
        if row is not None and not valueless:
            rows.append(row)
    file: dict[str, Any] = {
        "what": what,
        "source": printable(source)[:200].strip() or "a file",
        "sha256": hashlib.sha256(content).hexdigest(),
        "n_rows": listed.n_rows,
        "left_out": tuple(printable(name)[:200] for name in listed.left_out),
        "read_with": str(reading) or None,
    }

    def command(state: TrialState, recorder: Recorder) -> Events:
        gathered = Gathered(state, recorder)
        gathered.add(*note_file(state, recorder, **file))
        _RECORD[what](gathered, rows, gathered.state.files[-1][1].named)
        found = [*unread, *((row, f"row {row}: {text}") for row, text in gathered.faults)]
        if found:
            found.sort(key=lambda fault: fault[0])
            raise SpreadsheetError(source, [text for _, text in found])
        if len(gathered.events) == 1:
            raise SpreadsheetError(source, ["every row says what is recorded already"])
        return tuple(gathered.events)

    return command


def note_file(
    state: TrialState,
    recorder: Recorder,
    *,
    what: What,
    source: str,
    sha256: str,
    n_rows: int,
    left_out: tuple[str, ...] = (),
    read_with: str | None = None,
) -> Events:
    """Note that a file is imported; what it says is recorded with it.

    Raises
    ------
    RefusedError
        For a file that was imported before.
    """
    refusal = Refusal(f"{source} cannot be imported")
    refusal.check(state, recorder, PATIENTS)
    refusal.check_line("name of the file", source, 200)
    refusal.unless(
        re.fullmatch("[0-9a-f]{64}", sha256) is not None, f"{printable(sha256)} is not a SHA-256."
    )
    refusal.unless(n_rows > 0, f"A file of {n_rows} rows says nothing.")
    for entry, event in state.files:
        if event.sha256 == sha256 and event.what == what:
            refusal.add(
                f"Entry {entry.seq} has imported the same file, as {event.source} on {event.on} "
                f"(SHA-256 {sha256[:12]})."
            )
    refusal.raise_if_any()
    return (
        FileImported(
            on=recorder.on,
            what=what,
            source=source,
            sha256=sha256,
            n_rows=n_rows,
            left_out=left_out,
            read_with=read_with,
        ),
    )


def _attempt(gathered: Gathered, row: Row, make: Callable[[Recorder], Events]) -> None:
    """Record what a row says, or say what forbids it."""
    on = row.on or gathered.recorder.on
    try:
        gathered.add(*make(gathered.on(on)))
    except EscalationError as error:
        gathered.fault(row.number, _why(error, row))


def _why(error: EscalationError, row: Row) -> str:
    if isinstance(error, RefusedError):
        return f"{printable(row.subject)}: {' '.join(error.reasons)}"
    return f"{printable(row.subject)}: {error}"


# ------------------------------------------------------------------------------ results


def _record_results(gathered: Gathered, rows: Sequence[ResultRow], source: str) -> None:
    """Record results, those of one person, day and visit in one entry."""
    names = PlanNames(gathered.state.plan)
    groups: dict[tuple[str, date | None, str | None, str | None], list[ResultRow]] = {}
    for given in rows:
        row = replace(given, visit=given.visit and names.visit(given.visit))
        groups.setdefault((row.subject, row.on, row.visit, row.reason), []).append(row)
    for group in groups.values():
        found: list[tuple[ResultRow, Finding]] = []
        for row in group:
            finding = _as_finding(gathered.state.plan, names, row)
            if isinstance(finding, str):
                gathered.fault(row.number, f"{printable(row.subject)}: {finding}")
            else:
                found.append((row, finding))
        _record_group(gathered, _without_known(gathered.state, found), source)


def _record_group(
    gathered: Gathered, found: Sequence[tuple[ResultRow, Finding]], source: str
) -> None:
    """Record results in one entry; where that is refused, find which of them are why."""
    if not found:
        return
    try:
        gathered.add(*_recorded(gathered, found, source))
    except EscalationError as error:
        n_before = len(gathered.faults)
        seen: dict[Place, int] = {}
        for row, finding in found:
            place = place_of(finding, row.on or gathered.recorder.on, row.visit)
            first = seen.setdefault(place, row.number)
            if first != row.number:
                gathered.fault(row.number, f"{row.subject}: {row.test} is in row {first} too")
            try:
                _recorded(gathered, [(row, finding)], source)
            except EscalationError as of_row:
                gathered.fault(row.number, _why(of_row, row))
        if len(gathered.faults) == n_before:
            gathered.fault(found[0][0].number, _why(error, found[0][0]))


def _recorded(
    gathered: Gathered, found: Sequence[tuple[ResultRow, Finding]], source: str
) -> Events:
    row = found[0][0]
    return record_findings(
        gathered.state,
        gathered.on(row.on or gathered.recorder.on),
        subject=row.subject,
        findings=[finding for _, finding in found],
        visit=row.visit,
        reason=row.reason,
        source=source,
    )


def _without_known(
    state: TrialState, found: Sequence[tuple[ResultRow, Finding]]
) -> list[tuple[ResultRow, Finding]]:
    """Return the results that say something which is not recorded already."""
    if not found:
        return []
    subject = found[0][0].subject
    tests = {finding.test for _, finding in found}
    known = {
        place_of(result.finding, result.on, result.visit): replace(result.finding, on=None)
        for result in results_of(state, subject, *tests)
    }
    return [
        (row, finding)
        for row, finding in found
        if row.on is None or known.get(place_of(finding, row.on, row.visit)) != finding
    ]


def _as_finding(plan: Plan | None, names: PlanNames, row: ResultRow) -> Finding | str:
    """Return the result of a row, or what is wrong with it."""
    name = names.finding(row.test)
    test = None if plan is None else plan.find_test(name)
    is_number = test is not None and test.kind == "number" and row.not_done is None
    value, answer = None, row.value
    if is_number and isinstance(row.figure, float):
        value, answer = row.figure, None
    finding = completed(
        plan,
        Finding(
            test=name,
            value=value,
            unit=row.unit,
            answer=answer,
            below=row.below,
            lower=row.lower,
            upper=row.upper,
            day=row.day,
            not_done=row.not_done,
            by=row.by,
            note=row.note,
        ),
    )
    if is_number and finding.answer is not None and isinstance(row.figure, str):
        return f"{name}: {row.figure}"
    return finding


# ------------------------------------------------------------------------------ the others


def _record_visits(gathered: Gathered, rows: Iterable[VisitRow], source: str) -> None:
    names = PlanNames(gathered.state.plan)
    for row in rows:
        visit = names.visit(row.visit or "")
        said = (visit, row.missed, row.note, row.on)
        if any(
            (fact.event.visit, fact.event.missed, fact.event.note, fact.event.on) == said
            for fact in gathered.state.chart(row.subject).visits
        ):
            continue

        def make(recorder: Recorder, row: VisitRow = row, visit: str = visit) -> Events:
            return record_visit(
                gathered.state,
                recorder,
                subject=row.subject,
                visit=visit,
                missed=row.missed,
                note=row.note,
                source=source,
            )

        _attempt(gathered, row, make)


def _record_screening(gathered: Gathered, rows: Iterable[ScreeningRow], _: str) -> None:
    names, seen = PlanNames(gathered.state.plan), dict[str, int]()
    for given in rows:
        disease = given.said["disease"]
        said_of = given.said | {"disease": disease and names.disease(disease)}
        row = replace(given, said=said_of)
        first = seen.setdefault(row.subject, row.number)
        if first != row.number:
            gathered.fault(row.number, f"{printable(row.subject)} is in row {first} too")
            continue
        said = gathered.state.chart(row.subject).screening
        if said is not None:
            told = {"on": row.on, **row.said}
            differ = [k for k, v in told.items() if v not in (None, getattr(said.event, k))]
            if differ:
                gathered.fault(
                    row.number,
                    f"{printable(row.subject)} is screened since entry {said.seq}, which says "
                    f"something else of {', '.join(differ)}; if that is wrong, correct the entry",
                )
            continue

        def make(recorder: Recorder, row: ScreeningRow = row) -> Events:
            return screen_subject(gathered.state, recorder, subject=row.subject, **row.said)

        _attempt(gathered, row, make)


def _record_events(gathered: Gathered, rows: Iterable[EventRow], _: str) -> None:
    for row in rows:
        if _is_reported(gathered, row):
            continue

        def make(recorder: Recorder, row: EventRow = row) -> Events:
            return record_adverse_event(
                gathered.state,
                recorder,
                subject=row.subject,
                aware=row.aware or recorder.on,
                **row.said,
            )

        _attempt(gathered, row, make)


def _is_reported(gathered: Gathered, row: EventRow) -> bool:
    """Tell whether an event is recorded already; say where it is, and is not as in the row."""
    known = gathered.state.subjects.get(row.subject)
    for event in () if known is None else known.events:
        now = event.now
        same = as_compared(now.term) == as_compared(row.said["term"])
        if not same or now.started != row.said["started"]:
            continue
        said = {k: v for k, v in row.said.items() if k not in ("term", "serious")}
        differ = [k for k, v in said.items() if getattr(now, k) != v]
        if not set(row.said.get("serious", ())) <= set(now.serious):
            differ.append("serious")
        if differ and event.entry <= gathered.before:
            gathered.fault(
                row.number,
                f"{printable(row.subject)}: entry {event.entry} reports {now.term} from "
                f"{now.started}, which says something else of {', '.join(differ)}; follow it up, "
                "or correct it",
            )
        elif event.entry > gathered.before:
            gathered.fault(row.number, f"{printable(row.subject)}: {now.term} is there twice")
        return True
    return False


_RECORD: dict[str, Callable[[Gathered, Any, str], None]] = {
    "results": _record_results,
    "visits": _record_visits,
    "screening": _record_screening,
    "events": _record_events,
}
