"""The history of a trial: cohorts that were treated before it was tracked, with what is known.

Subject, level, the day of dosing and an outcome are enough. What the file does not state is
recorded as not stated, and is shown so from then on: an outcome without a day was known by the day
of the import, and an enrolment without one was no later than the dosing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from escalation.designs.replay import replay
from escalation.errors import EscalationError, printable
from escalation.labels import Label
from escalation.outcomes import Cohort, Outcome, Tally
from escalation.protocol import Protocol
from escalation.trial.commands import Refusal
from escalation.trial.events import HistoryImported, ImportedCohort, Purpose, SubjectEnrolled
from escalation.trial.patients.recording import (
    PATIENTS,
    check_id,
    check_sizes,
    dose_subject,
    record_outcome,
)
from escalation.trial.spreadsheet.cells import PatientRow, find_level
from escalation.trial.spreadsheet.gathered import Gathered
from escalation.trial.spreadsheet.origin import Origin
from escalation.trial.state import TrialState

__all__ = ["record_history"]


class _Group:
    """Patients who were treated as one cohort."""

    def __init__(self, level: Label, purpose: Purpose) -> None:
        self.level = level
        self.purpose = purpose
        self.rows: list[PatientRow] = []
        self.n_counted = 0  # those not evaluable were replaced

    def add(self, row: PatientRow) -> None:
        self.rows.append(row)
        self.n_counted += row.outcome is not Outcome.NOT_EVALUABLE

    @property
    def written(self) -> Cohort:
        """The cohort in the field's notation."""
        outcomes = tuple(row.outcome or Outcome.PENDING for row in self.rows)
        return Cohort(label=self.level, outcomes=outcomes)


def record_history(gathered: Gathered, rows: Sequence[PatientRow], origin: Origin) -> None:
    """Record cohorts that were treated before the trial was tracked, with their patients.

    Where some rows could not be read the others are checked all the same, as far as a row can be
    judged by itself.
    """
    state, protocol = gathered.state, gathered.state.protocol
    if protocol is None:
        gathered.fault(1, "the trial is not registered")
        return
    if state.closed is not None:
        gathered.fault(1, f"the trial was closed by entry {state.closed.seq}")
    placed = list(_placed(gathered, rows, protocol))
    is_whole = len(placed) == origin.n_rows
    groups = _grouped(gathered, placed, protocol, is_whole=is_whole)
    escalating = [group for group in groups if group.purpose is Purpose.ESCALATION]
    last = escalating[-1] if escalating else None
    n_free = _n_places(state, protocol, escalating) if is_whole else 0
    cohorts = tuple(
        ImportedCohort(
            level=group.level,
            n_opened=group.n_counted + (n_free if group is last else 0),
            purpose=group.purpose,
        )
        for group in groups
    )
    gathered.add(
        HistoryImported(
            on=gathered.recorder.on,
            source=origin.name,
            sha256=origin.sha256,
            cohorts=cohorts,
            left_out=origin.left_out,
            read_with=origin.read_with,
        )
    )
    for number, group in enumerate(groups, start=1):
        for row in group.rows:
            _record(gathered, row, number, group.level)


def _placed(
    gathered: Gathered, rows: Sequence[PatientRow], protocol: Protocol
) -> Iterator[tuple[PatientRow, Label]]:
    """Yield the rows in the order of dosing, each with its level on the ladder."""
    for row in sorted(rows, key=lambda row: (row.dosed_on or date.max, row.number)):
        level = find_level(row.level, protocol.labels)
        if row.level is None:
            gathered.fault(row.number, "level is missing")
        elif level is None:
            known = ", ".join(map(str, protocol.labels))
            gathered.fault(row.number, f"level {printable(str(row.level))} is none of {known}")
        elif row.dosed_on is None:
            gathered.fault(
                row.number, "dosed_on is missing: a history is of patients who were dosed"
            )
        else:
            yield row, level


def _record(gathered: Gathered, row: PatientRow, cohort: int, level: Label) -> None:
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
                    undated=row.outcome_on is None,
                )
            )
    except EscalationError as error:
        gathered.fault(row.number, str(error))


def _n_places(state: TrialState, protocol: Protocol, escalating: Sequence[_Group]) -> int:
    """Count the places that the escalation's last cohort still has.

    Where a committee votes there are none: nobody is treated further before it has decided here.
    """
    if state.own_votes and not state.committee.solo:
        return 0
    written = [group.written for group in escalating]
    return replay(protocol.design, written, protocol.labels).n_places


def _enrolled_before(
    gathered: Gathered, row: PatientRow, cohort: int, level: Label
) -> SubjectEnrolled:
    recorder = gathered.on(row.enrolled_on or row.dosed_on or gathered.recorder.on)
    state, refusal = gathered.state, Refusal(f"{row.subject} cannot be enrolled")
    refusal.check(state, recorder, PATIENTS)
    check_id(refusal, row.subject)
    check_sizes(refusal, state, row.weight_kg, row.height_cm, needed=())
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
        height_cm=row.height_cm,
        replaces=row.replaces,
        undated=row.enrolled_on is None,
    )


class _Sizes:
    """How many patients of the next cohort count: in titration it is what the rule says."""

    def __init__(self, protocol: Protocol) -> None:
        self._design, self._labels = protocol.design, protocol.labels
        self._tallies = [Tally()] * len(protocol.labels)
        self._level = protocol.design.start

    def after(self, last: _Group | None) -> int:
        """Return the size of the escalation's cohort after its last one."""
        if not self._design.asks_moderate:
            return self._design.largest_cohort
        if last is not None:
            self._level = self._labels.index(last.level)
            self._tallies[self._level] = self._tallies[self._level].plus(last.written.tally)
        said = self._design.decide(tuple(self._tallies), self._level)
        return said.n_at_most or self._design.largest_cohort


def _grouped(
    gathered: Gathered,
    placed: Sequence[tuple[PatientRow, Label]],
    protocol: Protocol,
    *,
    is_whole: bool,
) -> list[_Group]:
    """Group patients into cohorts: by the column ``cohort`` where it is filled.

    Numbers that do not follow are faults only where no row is missing.
    """
    numbered = [row for row, _ in placed if row.cohort is not None]
    if not numbered:
        return _by_order(placed, protocol)
    for row, _ in placed:
        if row.cohort is None:
            gathered.fault(row.number, "cohort is missing; number every row's, or none")
    if len(numbered) < len(placed) or not is_whole:
        return []
    groups: list[_Group] = []
    for row, level in sorted(placed, key=lambda pair: pair[0].cohort or 0):
        if row.cohort != len(groups) or not groups:
            groups.append(_Group(level=level, purpose=_purpose_of(row)))
        last = groups[-1]
        last.add(row)
        if row.cohort != len(groups):
            gathered.fault(row.number, f"cohort {row.cohort} does not follow: number from 1")
        elif last.level != level:
            gathered.fault(row.number, f"cohort {row.cohort} is at level {last.level} above")
        elif last.purpose is not _purpose_of(row):
            gathered.fault(row.number, f"cohort {row.cohort} is of the {last.purpose} above")
    return groups


def _by_order(placed: Sequence[tuple[PatientRow, Label]], protocol: Protocol) -> list[_Group]:
    """Group patients who follow each other at one level, each purpose by itself.

    In the escalation they are together until as many of them count as a cohort has.
    """
    groups: list[_Group] = []
    last: dict[Purpose, _Group] = {}
    sizes, size = _Sizes(protocol), 0
    for row, level in placed:
        purpose = _purpose_of(row)
        group, escalates = last.get(purpose), purpose is Purpose.ESCALATION
        if group is None or group.level != level or (escalates and group.n_counted >= size):
            if escalates:
                size = sizes.after(group)
            group = last[purpose] = _Group(level=level, purpose=purpose)
            groups.append(group)
        group.add(row)
    return groups


def _purpose_of(row: PatientRow) -> Purpose:
    return row.purpose or Purpose.ESCALATION
