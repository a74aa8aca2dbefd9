"""The history of a trial: cohorts that were treated before it was tracked, with what is known.

Subject, level, the day of dosing and an outcome are enough. What the file does not state is
recorded as not stated, and is shown so from then on: an outcome without a day was known by the day
of the import, and an enrolment without one was no later than the dosing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from escalation.designs.replay import replay
from escalation.errors import EscalationError, printable
from escalation.outcomes import Cohort, Outcome, Tally
from escalation.protocol import Protocol
from escalation.trial.commands import Refusal
from escalation.trial.events import HistoryImported, ImportedCohort, SubjectEnrolled
from escalation.trial.patients.recording import (
    PATIENTS,
    check_id,
    check_weight,
    dose_subject,
    record_outcome,
)
from escalation.trial.spreadsheet.cells import PatientRow
from escalation.trial.spreadsheet.gathered import Gathered
from escalation.trial.spreadsheet.origin import Origin
from escalation.trial.state import TrialState

__all__ = ["record_history"]

_Members = tuple[int, list[PatientRow]]
"""A cohort's level and its rows."""


def record_history(gathered: Gathered, rows: Sequence[PatientRow], origin: Origin) -> None:
    """Record cohorts that were treated before the trial was tracked, with their patients.

    Where some rows could not be read the others are checked all the same, as far as a row can be
    judged by itself.
    """
    protocol = gathered.state.protocol
    if protocol is None:
        gathered.fault(1, "the trial is not registered")
        return
    placed: list[tuple[PatientRow, int]] = []
    for row in sorted(rows, key=lambda row: (row.dosed_on or date.max, row.number)):
        if row.level is None:
            gathered.fault(row.number, "level is missing")
        elif row.level not in protocol.labels:
            known = ", ".join(map(str, protocol.labels))
            gathered.fault(row.number, f"level {printable(str(row.level))} is none of {known}")
        elif row.dosed_on is None:
            gathered.fault(
                row.number, "dosed_on is missing: a history is of patients who were dosed"
            )
        else:
            placed.append((row, row.level))
    if gathered.state.closed is not None:
        gathered.fault(1, f"the trial was closed by entry {gathered.state.closed.seq}")
    is_whole = len(placed) == origin.n_rows
    cohorts = _into_cohorts(gathered, placed, protocol, is_whole=is_whole)
    written = _written(cohorts)
    n_free = _n_places(gathered.state, protocol, written) if is_whole else 0
    opened = tuple(
        ImportedCohort(
            level=cohort.label,
            n_opened=cohort.tally.n_patients + (n_free if cohort is written[-1] else 0),
        )
        for cohort in written
    )
    gathered.add(
        HistoryImported(
            on=gathered.recorder.on,
            source=origin.name,
            sha256=origin.sha256,
            cohorts=opened,
            left_out=origin.left_out,
            read_with=origin.read_with,
        )
    )
    for number, (level, members) in enumerate(cohorts, start=1):
        for row in members:
            _record(gathered, row, number, level)


def _record(gathered: Gathered, row: PatientRow, cohort: int, level: int) -> None:
    """Record one patient, or what forbids it."""
    if row.dosed_on is None:
        return
    try:
        gathered.add(_enrolled_before(gathered, row, cohort, level))
        gathered.add(
            *dose_subject(
                gathered.state,
                gathered.on(row.dosed_on),
                subject=row.subject,
                infused=row.infused,
                planned=row.planned,
                lot=row.lot,
                history=True,
            )
        )
        if row.outcome is not None:
            gathered.add(
                *record_outcome(
                    gathered.state,
                    gathered.on(row.outcome_on or gathered.recorder.on),
                    subject=row.subject,
                    outcome=row.outcome,
                    toxicities=row.toxicities,
                    reason=row.reason,
                    history=True,
                    day_stated=row.outcome_on is not None,
                )
            )
    except EscalationError as error:
        gathered.fault(row.number, str(error))


def _n_places(state: TrialState, protocol: Protocol, written: Sequence[Cohort]) -> int:
    """Count the places that the last cohort still has.

    Where a committee votes there are none: nobody is treated further before it has decided here.
    """
    if state.own_votes and not state.committee.solo:
        return 0
    return replay(protocol.design, written, protocol.labels).n_places


def _enrolled_before(
    gathered: Gathered, row: PatientRow, cohort: int, level: int
) -> SubjectEnrolled:
    recorder = gathered.on(row.enrolled_on or row.dosed_on or gathered.recorder.on)
    state, refusal = gathered.state, Refusal(f"{row.subject} cannot be enrolled")
    refusal.check(state, recorder, PATIENTS)
    check_id(refusal, row.subject)
    if row.weight_kg is not None:
        check_weight(refusal, state, row.weight_kg)
    if row.replaces is not None:
        lost = state.subjects.get(row.replaces)
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
        day_stated=row.enrolled_on is not None,
    )


def _written(cohorts: Sequence[_Members]) -> list[Cohort]:
    return [
        Cohort(label=level, outcomes=tuple(row.outcome or Outcome.PENDING for row in members))
        for level, members in cohorts
    ]


class _Sizes:
    """How many patients of the next cohort count: in titration it is what the rule says."""

    def __init__(self, protocol: Protocol) -> None:
        self._design, self._labels = protocol.design, protocol.labels
        self._tallies = [Tally()] * len(protocol.labels)
        self._level = protocol.design.start

    def after(self, last: _Members | None) -> int:
        """Return the size of the cohort after the last one."""
        if not self._design.asks_moderate:
            return self._design.largest_cohort
        if last is not None:
            (cohort,) = _written([last])
            self._level = self._labels.index(cohort.label)
            self._tallies[self._level] = self._tallies[self._level].plus(cohort.tally)
        said = self._design.decide(tuple(self._tallies), self._level)
        return said.n_at_most or self._design.largest_cohort


def _into_cohorts(
    gathered: Gathered,
    placed: Sequence[tuple[PatientRow, int]],
    protocol: Protocol,
    *,
    is_whole: bool,
) -> list[_Members]:
    """Group patients into cohorts, each with its level.

    By the column ``cohort`` where it is filled; else patients who follow each other at one level
    are together until as many of them count as a cohort has, because those not evaluable were
    replaced. Numbers that do not follow are faults only where no row is missing.
    """
    cohorts: list[_Members] = []
    numbered = [row for row, _ in placed if row.cohort is not None]
    if numbered and len(numbered) < len(placed):
        for row, _ in placed:
            if row.cohort is None:
                gathered.fault(row.number, "cohort is missing; number every row's, or none")
        placed = []
    sizes = _Sizes(protocol)
    n_counted = size = 0
    for row, level in sorted(placed, key=lambda pair: pair[0].cohort or 0):
        last = cohorts[-1] if cohorts else None
        if row.cohort is not None:
            new = last is None or row.cohort != len(cohorts)
        else:
            new = last is None or last[0] != level or n_counted >= size
        if new:
            size = sizes.after(last)
            cohorts.append((level, []))
            n_counted = 0
        cohorts[-1][1].append(row)
        n_counted += row.outcome is not Outcome.NOT_EVALUABLE
        if not is_whole:
            continue
        if row.cohort is not None and row.cohort != len(cohorts):
            gathered.fault(row.number, f"cohort {row.cohort} does not follow: number from 1")
        elif cohorts[-1][0] != level:
            gathered.fault(row.number, f"cohort {row.cohort} is at level {cohorts[-1][0]} above")
    return cohorts
