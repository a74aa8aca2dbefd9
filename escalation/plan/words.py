"""What a plan's tables say, in words."""

from __future__ import annotations

from escalation.plan.plan import Plan
from escalation.plan.tables import Criterion, Visit
from escalation.text import count

__all__ = ["describe_asked", "describe_criterion", "describe_window"]


def describe_criterion(plan: Plan, criterion: Criterion) -> str:
    """Say what is compared, asked or joined: ``haemoglobin >= 60 g/L``.

    Examples
    --------
    >>> from escalation.plan import load_plan
    >>> plan = load_plan("nct07123519")
    >>> [describe_criterion(plan, plan.find_criterion(name)) for name in ("I2.3", "D4.3a2", "I4")]
    ['ALT <= 3 x ULN', 'at least 2 of D4.core1, D4.core2, D4.core3, D4.core4, D4.core5', 'yes']
    """
    if criterion.all_of:
        return f"all of {', '.join(criterion.all_of)}"
    if criterion.any_of:
        how_many = "any" if criterion.at_least == 1 else f"at least {criterion.at_least}"
        return f"{how_many} of {', '.join(criterion.any_of)}"
    most = criterion.within_days
    age = "" if most is None else f", at most {count(most, 'day')} old"
    test = None if criterion.test is None else plan.find_test(criterion.test)
    if test is None:
        return f"yes{age}"
    if criterion.comparator is None:
        return f"{test.label} {' or '.join(criterion.answers or ('yes',))}{age}"
    unit = f" x {criterion.times}" if criterion.times else _after(test.unit)
    if criterion.comparator == "between":
        said = f"{criterion.limit:.10g} to {criterion.upper:.10g}{unit}"
    else:
        said = f"{criterion.comparator} {criterion.limit:.10g}{unit}"
    row = f", {criterion.consecutive} in a row" if criterion.consecutive > 1 else ""
    return f"{test.label} {said}{row}{age}"


def describe_asked(plan: Plan, criterion: Criterion) -> str:
    """Say of whom a criterion is asked, as ``of women, where fertile holds``, or nothing."""
    labels = [disease.label for disease in plan.diseases if disease.name in criterion.diseases]
    told = [f"in {' or '.join(labels)}"] if labels else []
    if criterion.sex is not None:
        told.append("of women" if criterion.sex == "female" else "of men")
    if criterion.only_if is not None:
        told.append(f"where {criterion.only_if} holds")
    return ", ".join(told)


def describe_window(visit: Visit) -> str:
    """Say on which days a visit may be: ``3 to 5``."""
    first, last = visit.first_day, visit.last_day
    return str(first) if first == last else f"{first} to {last}"


def _after(unit: str | None) -> str:
    return f" {unit}" if unit else ""
