"""Answers by which somebody would be eligible, found from a plan's criteria, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import inf

import numpy as np

from escalation.plan import Criterion, Plan, PlannedTest
from escalation.trial.events import Finding, Sex
from simulations.patients.draw import Patient

__all__ = ["answer_criteria", "failing_criteria"]

_UPPER, _LOWER = 40.0, 10.0  # limits of normal, where a criterion goes by them
_MARGIN = 0.05  # how far inside its limit an invented value stays, as a share of it


@dataclass(slots=True)
class _Wanted:
    """What a test's result has to be."""

    least: float = -inf
    most: float = inf
    upper: float | None = None
    lower: float | None = None
    answer: str | None = None
    consecutive: int = 1

    def inside(self, least: float, most: float) -> None:
        self.least, self.most = max(self.least, least), min(self.most, most)


@dataclass(slots=True)
class _Answers:
    plan: Plan
    disease: str | None
    sex: Sex
    wanted: dict[str, _Wanted] = field(default_factory=dict)

    def want(self, criterion: Criterion, holds: bool) -> None:
        """Note what the results have to be for a criterion to hold, or not to hold."""
        if not self._is_asked(criterion):
            return
        parts = [self.plan.find_criterion(name) for name in criterion.all_of or criterion.any_of]
        if parts:
            asked = [part for part in parts if part is not None and self._is_asked(part)]
            needed = len(asked) if criterion.all_of else criterion.at_least
            n_true = needed if holds else 0
            for place, part in enumerate(asked):
                self.want(part, place < n_true)
        elif criterion.test is None:
            self._of(criterion.id).answer = "yes" if holds else "no"
        elif criterion.comparator is None:
            self._want_answer(criterion, criterion.test, holds)
        else:
            self._want_number(criterion, criterion.test, holds)

    def _is_asked(self, criterion: Criterion) -> bool:
        if criterion.diseases and self.disease not in criterion.diseases:
            return False
        return criterion.sex is None or criterion.sex == self.sex.value

    def _want_answer(self, criterion: Criterion, name: str, holds: bool) -> None:
        test = self.plan.find_test(name)
        meeting = criterion.answers or ("yes",)
        choices = ("yes", "no") if test is None or test.kind == "yes/no" else test.choices
        fitting = [choice for choice in choices if (choice in meeting) is holds]
        self._of(name).answer = fitting[0] if fitting else None

    def _want_number(self, criterion: Criterion, name: str, holds: bool) -> None:
        wanted = self._of(name)
        limit = 0.0 if criterion.limit is None else criterion.limit
        test = self.plan.find_test(name)
        most = inf if test is None or test.greatest is None else test.greatest
        if criterion.times == "ULN":  # an invented laboratory's, far from what is impossible
            wanted.upper = min(_UPPER, most / 20)
            limit *= wanted.upper
        elif criterion.times == "LLN":
            wanted.lower = min(_LOWER, most / 40)
            limit *= wanted.lower
        wanted.consecutive = max(wanted.consecutive, criterion.consecutive)
        above = criterion.comparator in (">=", ">")
        if criterion.comparator == "between":
            wanted.inside(limit, inf if criterion.upper is None else criterion.upper)
        elif above is holds:
            wanted.inside(limit, inf)
        else:
            wanted.inside(-inf, limit)

    def _of(self, name: str) -> _Wanted:
        return self.wanted.setdefault(name, _Wanted())


def answer_criteria(
    plan: Plan,
    disease: str | None,
    patient: Patient,
    on: date,
    draws: np.random.Generator,
    *,
    but: str | None = None,
) -> tuple[Finding, ...]:
    """Return results and answers by which somebody would enter, as screened on a day.

    Parameters
    ----------
    plan : Plan
    disease : str or None
    patient : Patient
    on : date
    draws : numpy.random.Generator
    but : str or None
        A criterion on which they fail.
    """
    answers = _Answers(plan, disease, Sex(patient.sex))
    for criterion in plan.criteria:
        if criterion.kind != "part":
            met = criterion.kind == "inclusion"
            answers.want(criterion, met is (criterion.id != but))
    found: list[Finding] = []
    for name, wanted in answers.wanted.items():
        test = plan.find_test(name)
        if test is None or test.kind != "number":
            found.append(Finding(test=name, answer=wanted.answer))
            continue
        for back in reversed(range(wanted.consecutive)):
            result = _number(test, wanted, patient, draws)
            found.append(replace(result, on=on - timedelta(days=2 * back)) if back else result)
    weighed = plan.find_test("weight")
    if weighed is not None and "weight" not in answers.wanted:
        found.append(Finding(test="weight", value=patient.weight_kg, unit=weighed.unit))
    return tuple(found)


def _number(
    test: PlannedTest,
    wanted: _Wanted,
    patient: Patient,
    draws: np.random.Generator,
) -> Finding:
    least, most = _range(test, wanted)
    value = float(f"{draws.uniform(least, most):.3g}")
    if test.name == "weight":
        value = patient.weight_kg
    elif test.name == "age":
        value = float(round(value))
    return Finding(
        test=test.name,
        value=value,
        unit=test.unit,
        lower=wanted.lower,
        upper=wanted.upper,
    )


def _range(test: PlannedTest, wanted: _Wanted) -> tuple[float, float]:
    """Return where an invented value lies: well inside its limits, and not far from them."""
    least, most = wanted.least, wanted.most
    if least == -inf and most == inf:
        least, most = _LOWER, _UPPER
    elif least == -inf:
        least = most / 3 if most > 0 else most - 1
    elif most == inf:
        most = least * 2 if least > 0 else least + 1
    if test.least is not None:
        least = max(least, test.least)
    if test.greatest is not None:
        most = min(most, test.greatest)
    margin = _MARGIN * (most - least)
    return least + margin, most - margin


def failing_criteria(plan: Plan, disease: str | None, sex: Sex) -> Iterator[str]:
    """Yield the criteria on which somebody can fail whom they are asked of."""
    answers = _Answers(plan, disease, sex)
    for criterion in plan.criteria:
        between = criterion.comparator == "between"
        if criterion.kind != "part" and not between and answers._is_asked(criterion):
            yield criterion.id
