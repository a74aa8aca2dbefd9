"""A result in words, as refusals, entries and tables say it."""

from __future__ import annotations

import math

from escalation.protocol import format_dose
from escalation.trial.events import Finding

__all__ = ["say_number", "say_result"]


def say_result(finding: Finding) -> str:
    """Say one result: ``haemoglobin 85 g/L``."""
    if finding.not_done is not None:
        return f"{finding.test} not done ({finding.not_done})"
    if finding.answer is not None:
        return f"{finding.test} {finding.answer}"
    unit = "" if finding.unit is None else f" {finding.unit}"
    if finding.below:
        limit = "the limit" if finding.value is None else f"{say_number(finding.value)}{unit}"
        return f"{finding.test} below {limit}"
    value = "without a result" if finding.value is None else say_number(finding.value)
    return f"{finding.test} {value}{unit}"


def say_number(value: float) -> str:
    """Say a number as briefly as it can be without loss; also 0, and those below.

    Examples
    --------
    >>> [say_number(value) for value in (0.0, -2.5, 3e6)]
    ['0', '-2.5', '3E6']
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    return f"-{format_dose(-value)}" if value < 0 else format_dose(value)
