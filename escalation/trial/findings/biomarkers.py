"""Each treated patient's cytokines and cells by the plan: change from baseline, and coming back."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.dataclass import dataclass
from escalation.endpoints import (
    BelowLimit,
    Change,
    Course,
    ProfileError,
    Reconstituted,
    Reconstitution,
    Summary,
    Threshold,
    course_of,
    median_time,
    reconstitution_of,
    summarise,
)
from escalation.plan import Biomarker, Plan, PlannedTest, Visit
from escalation.trial.findings.groups import Group, groups_of, treated_in
from escalation.trial.findings.profiles import Measured, common_unit, find_test, measure
from escalation.trial.state import TrialState

__all__ = ["BiomarkerByPatient", "BiomarkerTable", "ChangedAt", "Returned", "biomarkers_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerByPatient:
    """A patient's course, or what is wrong.

    Attributes
    ----------
    measured : Measured
    course : Course or None
    back : Reconstitution or None
        Where the plan names a threshold.
    faults, notes : tuple of str
    is_summarised : bool
        False for a course in another unit than the others'.
    """

    measured: Measured
    course: Course | None
    back: Reconstitution | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    is_summarised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """How many of a group have come back to the threshold.

    Attributes
    ----------
    n : dict of Reconstituted to int
        Patients by how it stands.
    median : float or None
        Day, by Kaplan and Meier; None where it is not reached.
    """

    n: dict[Reconstituted, int]
    median: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedAt:
    """A group's values at one visit after the infusion, and their changes from baseline.

    Attributes
    ----------
    visit : Visit
    value, change, fold : Summary
    """

    visit: Visit
    value: Summary
    change: Summary
    fold: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerTable:
    """One biomarker of a trial.

    Attributes
    ----------
    biomarker : Biomarker
        As the plan has it.
    test : PlannedTest
    unit : str or None
        Of the summaries.
    threshold : Threshold or None
    patients : tuple of BiomarkerByPatient
    groups : tuple of Group
        Levels and all.
    """

    biomarker: Biomarker
    test: PlannedTest
    unit: str | None
    threshold: Threshold | None
    patients: tuple[BiomarkerByPatient, ...]
    groups: tuple[Group, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """What the plan says of gaps in its source."""
        return (*self.biomarker.flags, *self.test.flags)

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show of anybody."""
        return any(one.measured.n_samples for one in self.patients)

    def members(self, group: Group) -> Iterator[BiomarkerByPatient]:
        """Yield the patients of a group."""
        return (one for one in self.patients if one.measured.subject in group.subjects)

    def _courses(self, group: Group) -> Iterator[Course]:
        for one in self.members(group):
            if one.course is not None and one.is_summarised:
                yield one.course

    def baselines(self, group: Group) -> Summary:
        """Return the baselines of a group in short."""
        found = (course.baseline for course in self._courses(group))
        return summarise(value for value in found if value is not None)

    def extremes(self, group: Group, which: str, what: str) -> Summary:
        """Return ``value``, ``day``, ``change`` or ``fold`` of each ``peak`` or ``nadir``."""
        found = (getattr(course, which) for course in self._courses(group))
        values = (getattr(change, what) for change in found if change is not None)
        return summarise(value for value in values if value is not None)

    def at_visits(self, group: Group) -> Iterator[ChangedAt]:
        """Yield a group's changes from baseline by visit, in the order of the visits' days."""
        by_visit: dict[Visit, list[Change]] = {}
        for one in self.members(group):
            if one.course is not None and one.is_summarised:
                for change in one.course.changes:
                    visit = one.measured.visits.get(change.day)
                    if visit is not None:
                        by_visit.setdefault(visit, []).append(change)
        for visit in sorted(by_visit, key=lambda visit: visit.day):
            found = by_visit[visit]
            yield ChangedAt(
                visit=visit,
                value=summarise(one.value for one in found),
                change=summarise(one.change for one in found if one.change is not None),
                fold=summarise(one.fold for one in found if one.fold is not None),
            )

    def returned(self, group: Group) -> Returned:
        """Return how many of a group have come back, and when half of them have."""
        found = [one.back for one in self.members(group) if one.back is not None]
        n = {status: sum(one.status is status for one in found) for status in Reconstituted}
        return Returned(n=n, median=median_time(found))


def biomarkers_in(state: TrialState, plan: Plan) -> list[BiomarkerTable]:
    """Return every biomarker of the plan for everybody who was dosed.

    Raises
    ------
    InputError
        For a plan that names a test that it does not have.
    """
    groups = tuple(groups_of(state, treated_in(state)))
    return [_table(state, plan, biomarker, groups) for biomarker in plan.biomarkers]


def _table(
    state: TrialState, plan: Plan, biomarker: Biomarker, groups: tuple[Group, ...]
) -> BiomarkerTable:
    test = find_test(plan, biomarker.test)
    measured = measure(state, plan, test, converted=True)
    unit, others = common_unit(measured, test)
    threshold = None
    if biomarker.threshold is not None:
        threshold = Threshold(value=biomarker.threshold)
    elif biomarker.share is not None:
        threshold = Threshold(value=biomarker.share, is_share_of_baseline=True)
    patients = [_by_patient(one, biomarker, threshold, others.get(one.subject)) for one in measured]
    return BiomarkerTable(
        biomarker=biomarker,
        test=test,
        unit=unit,
        threshold=threshold,
        patients=tuple(patients),
        groups=groups,
    )


def _by_patient(
    measured: Measured, biomarker: Biomarker, threshold: Threshold | None, other: str | None
) -> BiomarkerByPatient:
    course = back = None
    faults = measured.faults
    if measured.profile is not None:
        below = BelowLimit(biomarker.below)
        try:
            course = course_of(measured.profile, below)
            if threshold is not None and (threshold.is_share_of_baseline or other is None):
                back = reconstitution_of(measured.profile, threshold, below)
        except ProfileError as error:
            faults = (*faults, *error.faults)
    notes = [] if course is None else [*course.notes]
    if back is not None and back.why and back.why not in notes:
        notes.append(f"reconstitution unknown: {back.why}")
    return BiomarkerByPatient(
        measured=measured,
        course=course,
        back=back,
        faults=faults,
        notes=(*notes, *measured.remarks, *([] if other is None else [other])),
        is_summarised=other is None,
    )
