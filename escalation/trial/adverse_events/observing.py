"""The grade of an adverse event from what was observed, with the rule that gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.errors import InputError
from escalation.grading import Grade, grade_observations
from escalation.text import as_compared

__all__ = ["describe_rule", "grade_by", "graded_as"]

_BY_COUNTS = "icaht"


def graded_as(scale: str, category: str | None) -> str:
    """Return what observations are graded as: ``crs``, ``icans`` or ``icaht``.

    Raises
    ------
    InputError
        For a scale that does not grade observations, or ASTCT without one of its categories.
    """
    named = as_compared(category or "")
    if scale == "ICAHT":
        return _BY_COUNTS
    if scale == "ASTCT" and named in ("crs", "icans"):
        return named
    if scale == "ASTCT":
        raise InputError("by ASTCT an event of the category crs or icans is graded")
    raise InputError(f"observations are graded by ASTCT or ICAHT, not by {scale}")


def grade_by(scale: str, category: str | None, observations: Mapping[str, Any]) -> Grade:
    """Grade observations.

    Raises
    ------
    InputError
        For observations that cannot be, or that come to no grade at all.
    """
    name = graded_as(scale, category)
    try:
        grade = grade_observations(name, observations)
    except (TypeError, ValueError) as error:  # those that were typed have been read before
        if isinstance(error, InputError):
            raise
        raise InputError(f"the observations are not those of {name.upper()}") from error
    if grade.grade == 0:
        raise InputError(f"grade 0 is not an event: {describe_rule(grade)}")
    return grade


def describe_rule(grade: Grade) -> str:
    """Say which rule gave a grade, and what was not assessed and could raise it."""
    if not grade.at_least:
        return grade.rule
    return f"{grade.rule}; at least, not assessed: {', '.join(grade.not_assessed)}"
