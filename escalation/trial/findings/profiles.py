"""From what is recorded to profiles: each treated patient's results of one test, in time.

What is wrong with one patient's profile is said of that patient, and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise

from escalation.dataclass import dataclass
from escalation.endpoints import Profile, ProfileError, Sample, profile_of
from escalation.errors import InputError
from escalation.labels import Label
from escalation.plan import Plan, PlannedTest, Visit
from escalation.plan.conversions import ConversionError, is_same_unit
from escalation.text import list_briefly
from escalation.trial.findings.groups import Treated, treated_in
from escalation.trial.findings.results import Result, results_of
from escalation.trial.findings.units import in_plan_unit
from escalation.trial.state import TrialState
from escalation.trial.visits.calendar import days_outside

__all__ = ["Measured", "common_unit", "find_test", "measure", "results_at", "visit_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One patient's results of one test.

    Attributes
    ----------
    subject : str
    level : int or str
    disease : str or None
    profile : Profile or None
        None where something is wrong, or nothing is recorded.
    faults : tuple of str
        What is wrong.
    visits : mapping of float to Visit
        Which visit of the plan the sample of a day is the one of.
    n_samples : int
    n_not_done : int
        Results that there should have been.
    outside : tuple of str
        Samples outside their visit's window.
    """

    subject: str
    level: Label
    disease: str | None
    profile: Profile | None
    faults: tuple[str, ...] = ()
    visits: Mapping[float, Visit]
    n_samples: int
    n_not_done: int = 0
    outside: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """What has to be known of a profile that is none the worse for it."""
        not_done = [f"{self.n_not_done} not done"] if self.n_not_done else []
        return [*not_done, *([list_briefly(self.outside, 4)] if self.outside else [])]


def find_test(plan: Plan, name: str) -> PlannedTest:
    """Return a test of a plan.

    Raises
    ------
    InputError
        If it has none of that name.
    """
    test = plan.find_test(name)
    if test is None:
        raise InputError(f"plan {plan.name} has no test {name!r}")
    return test


def measure(
    state: TrialState, plan: Plan, test: PlannedTest, *, converted: bool = False
) -> list[Measured]:
    """Return the profile of everybody who was dosed, or what is wrong with it.

    Parameters
    ----------
    state : TrialState
    plan : Plan
        Whose visits the samples belong to.
    test : PlannedTest
        Its unit is how one is written that only differs in spelling.
    converted : bool
        Whether results in units that can be converted to the plan's are.
    """
    return [_measure(state, plan, test, one, converted=converted) for one in treated_in(state)]


def _measure(
    state: TrialState, plan: Plan, test: PlannedTest, one: Treated, *, converted: bool
) -> Measured:
    results = results_of(state, one.subject, test.name)
    done = [
        result
        for result in results
        if result.finding.not_done is None
        and (result.finding.value is not None or result.finding.below)
    ]
    done.sort(key=_day)
    visits = {_day(result): visit for visit, result in results_at(plan, done).items()}
    faults = list(_find_disorder(plan, done))
    profile = None
    try:
        profile = profile_of(_samples(done, test, converted=converted))
    except ProfileError as error:
        faults = [*error.faults, *faults]
    return Measured(
        subject=one.subject,
        level=one.level,
        disease=one.disease,
        profile=None if faults else profile,
        faults=tuple(faults),
        visits=visits,
        n_samples=len(done),
        n_not_done=len(results) - len(done),
        outside=tuple(_find_outside(plan, done, state.subjects[one.subject].dosed_on)),
    )


def _day(result: Result) -> float:
    return 0.0 if result.day is None else result.day  # of who was dosed, it is known


def _samples(done: Sequence[Result], test: PlannedTest, *, converted: bool) -> list[Sample]:
    """Return results as samples; where no limit is given there need not be a unit either."""
    samples = [_sample(result, test, converted=converted) for result in done]
    units = dict.fromkeys(sample.unit for sample in samples if sample.unit)
    unit = next(iter(units), test.unit or "")
    found = []
    for sample in samples:
        needs_unit = sample.value is not None or sample.lloq is not None
        if needs_unit or sample.unit:
            found.append(sample)
        elif len(units) < 2:  # two are a fault, which none of these has
            found.append(replace(sample, unit=unit))
    return found


def _sample(result: Result, test: PlannedTest, *, converted: bool) -> Sample:
    """Return a result as a sample, in the plan's unit where it is that, or may be converted."""
    finding = result.finding
    unit, value = finding.unit or "", finding.value
    if test.unit is not None and is_same_unit(unit, test.unit):
        unit = test.unit
    elif test.unit is not None and converted:
        with suppress(ConversionError):
            value, unit = in_plan_unit(test, finding).value, test.unit
    return Sample(
        day=_day(result),
        value=None if finding.below else value,
        unit=unit,
        lloq=value or None if finding.below else None,
    )


def visit_at(plan: Plan, result: Result) -> Visit | None:
    """Return the visit that a result belongs to: as recorded, or that whose window it is in."""
    if result.visit is not None:
        return plan.find_visit(result.visit)
    day = _day(result)
    near = [v for v in plan.visits if v.first_day <= day <= v.last_day]
    return min(near, key=lambda visit: abs(visit.day - day), default=None)


def results_at(plan: Plan, results: Sequence[Result]) -> dict[Visit, Result]:
    """Return the one result of each visit, in the order of the results.

    That is the one recorded as of it, and otherwise the one nearest to its day; the earlier of two.
    """
    found: dict[Visit, list[Result]] = {}
    for result in results:
        visit = visit_at(plan, result)
        if visit is not None:
            found.setdefault(visit, []).append(result)
    return {
        visit: min(of, key=lambda r: (r.visit is None, abs(_day(r) - visit.day)))
        for visit, of in found.items()
    }


def _find_disorder(plan: Plan, done: Sequence[Result]) -> Iterator[str]:
    """Yield samples that are in another order than the visits that they are said to be of."""
    named = [(r, visit) for r in done if r.visit and (visit := plan.find_visit(r.visit))]
    for (before, first), (after, second) in pairwise(named):
        if first.day > second.day:
            yield (
                f"times are out of order: {first.name} on day {_day(before):g}, "
                f"and {second.name} on day {_day(after):g}"
            )


def _find_outside(plan: Plan, done: Sequence[Result], dosed: date | None) -> Iterator[str]:
    for result in done:
        visit = plan.find_visit(result.visit) if result.visit else None
        if visit is not None and dosed is not None and days_outside(visit, dosed, result.on):
            yield f"{visit.name} on day {_day(result):g}, outside its window"


def common_unit(
    measured: Sequence[Measured], test: PlannedTest
) -> tuple[str | None, dict[str, str]]:
    """Return the unit that profiles are summarised in, and whose are in another one.

    That is the plan's unit, and where no profile is in it, the one that most are in.
    """
    units = [one.profile.unit for one in measured if one.profile is not None]
    unit = test.unit
    if units and unit not in units:
        unit = max(dict.fromkeys(units), key=units.count)
    others = {
        one.subject: f"in {one.profile.unit}, not in {unit}: not summarised"
        for one in measured
        if one.profile is not None and one.profile.unit != unit
    }
    return unit, others
