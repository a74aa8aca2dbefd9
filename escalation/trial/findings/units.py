"""A result in the unit of the plan, which is never stored: what was reported is."""

from __future__ import annotations

from dataclasses import replace

from escalation.plan import PlannedTest
from escalation.trial.events import Finding

__all__ = ["in_plan_unit"]


def in_plan_unit(test: PlannedTest, finding: Finding) -> Finding:
    """Return a result with its number and its limits of normal in the plan's unit.

    Of a result below the limit of quantification the number is that limit.

    Raises
    ------
    ConversionError
        For a unit that is missing, unknown or of another kind, which is not recorded.
    """
    from escalation.plan.conversions import convert  # noqa: PLC0415  # with a plan only

    value, lower, upper = (
        None if number is None else convert(number, finding.unit, test.unit, test.substance)
        for number in (finding.value, finding.lower, finding.upper)
    )
    return replace(finding, value=value, lower=lower, upper=upper, unit=test.unit)
