"""Each treated patient's cell kinetics by the plan, and by level what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.dataclass import dataclass
from escalation.endpoints import (
    BelowLimit,
    Kinetics,
    ProfileError,
    Summary,
    Trapezoid,
    kinetics_of,
    summarise,
)
from escalation.errors import InputError
from escalation.plan import Plan, PlannedTest, Visit
from escalation.trial.findings.groups import Group, groups_of, treated_in
from escalation.trial.findings.profiles import Measured, common_unit, find_test, measure
from escalation.trial.state import TrialState

__all__ = [
    "PARAMETERS",
    "AtVisit",
    "KineticsByPatient",
    "KineticsTable",
    "concentrations_at",
    "kinetics_in",
]

PARAMETERS = ("cmax", "tmax", "tlast", "auc_last", "auc_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsByPatient:
    """A patient's kinetics, or what is wrong.

    Attributes
    ----------
    measured : Measured
    kinetics : Kinetics or None
    faults, notes : tuple of str
    is_summarised : bool
        False for kinetics in another unit than the others'.
    """

    measured: Measured
    kinetics: Kinetics | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    is_summarised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsTable:
    """The kinetics of a trial.

    Attributes
    ----------
    test : PlannedTest
    unit : str or None
        Of the summaries; None where nothing is recorded and the plan says none.
    trapezoid, below, until
        The rules, by the plan.
    patients : tuple of KineticsByPatient
    groups : tuple of Group
        Levels and all.
    flags : tuple of str
        What the plan says of gaps in its source.
    """

    test: PlannedTest
    unit: str | None
    trapezoid: Trapezoid
    below: BelowLimit
    until: float
    patients: tuple[KineticsByPatient, ...]
    groups: tuple[Group, ...]
    flags: tuple[str, ...] = ()

    def summary(self, group: Group, parameter: str) -> Summary:
        """Return one of ``PARAMETERS`` of a group in short."""
        values = (
            getattr(one.kinetics, parameter)
            for one in self.patients
            if one.kinetics is not None
            and one.is_summarised
            and one.measured.subject in group.subjects
        )
        return summarise(value for value in values if value is not None)

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show of anybody."""
        return any(one.measured.n_samples for one in self.patients)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtVisit:
    """A group's concentrations at one visit.

    Attributes
    ----------
    visit : Visit
    n, n_below : int
        Samples, and those of them below the limit of quantification.
    measurable : Summary
        Of the others.
    """

    visit: Visit
    n: int
    n_below: int
    measurable: Summary

    @property
    def geometric_mean(self) -> float | None:
        """Of the measurable samples; None where fewer than half are, as it would mislead."""
        return self.measurable.geometric_mean if 2 * self.measurable.n >= self.n else None


def kinetics_in(state: TrialState, plan: Plan) -> KineticsTable:
    """Return the kinetics of everybody who was dosed, by the rules of the plan.

    Raises
    ------
    InputError
        For a plan that says nothing of kinetics, or names a test that it does not have.
    """
    if plan.kinetics is None:
        raise InputError(f"plan {plan.name} says nothing of kinetics: it has no table [kinetics]")
    rules = plan.kinetics
    test = find_test(plan, rules.test)
    measured = measure(state, plan, test)
    unit, others = common_unit(measured, test)
    trapezoid, below = Trapezoid(rules.rule), BelowLimit(rules.below)
    patients = []
    for one in measured:
        kinetics, faults = None, one.faults
        if one.profile is not None:
            try:
                kinetics = kinetics_of(
                    one.profile, trapezoid=trapezoid, below=below, until=float(rules.until_day)
                )
            except ProfileError as error:
                faults = (*faults, *error.faults)
        notes = () if kinetics is None else kinetics.notes
        other = others.get(one.subject)
        patients.append(
            KineticsByPatient(
                measured=one,
                kinetics=kinetics,
                faults=faults,
                notes=(*notes, *one.remarks, *([] if other is None else [other])),
                is_summarised=other is None,
            )
        )
    return KineticsTable(
        test=test,
        unit=unit,
        trapezoid=trapezoid,
        below=below,
        until=float(rules.until_day),
        patients=tuple(patients),
        groups=tuple(groups_of(state, treated_in(state))),
        flags=(*rules.flags, *test.flags),
    )


def concentrations_at(
    measured: Sequence[Measured], group: Group, unit: str | None
) -> Iterator[AtVisit]:
    """Yield a group's samples by visit, in the order of the visits' days."""
    by_visit: dict[Visit, list[float | None]] = {}
    for one in measured:
        if one.profile is None or one.profile.unit != unit or one.subject not in group.subjects:
            continue
        for sample in one.profile.samples:
            visit = one.visits.get(sample.day)
            if visit is not None:
                found = by_visit.setdefault(visit, [])
                found.append(None if sample.is_below else sample.value)
    for visit in sorted(by_visit, key=lambda visit: visit.day):
        values = by_visit[visit]
        known = [value for value in values if value is not None]
        yield AtVisit(
            visit=visit,
            n=len(values),
            n_below=len(values) - len(known),
            measurable=summarise(known),
        )
