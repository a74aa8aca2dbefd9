"""A result in the unit of the plan, which is never stored: what was reported is."""

from __future__ import annotations

from escalation.plan import PlannedTest
from escalation.trial.events import Finding

__all__ = ["in_plan_unit"]


def in_plan_unit(test: PlannedTest, finding: Finding) -> float | None:
    """Return a number in the plan's unit; None where a result holds none.

    Of a result below the limit of quantification it is that limit.

    Raises
    ------
    ConversionError
        For a unit that is missing, unknown or of another kind, which is not recorded.
    """
    from escalation.plan.conversions import convert  # noqa: PLC0415  # with a plan only

    if finding.value is None:
        return None
    return convert(finding.value, finding.unit, test.unit, test.substance)
