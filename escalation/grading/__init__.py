"""Grades from what was observed: CRS and ICANS by ASTCT 2019, early ICAHT by EHA/EBMT 2023.

What was not assessed is not normal: the grade is then a lower bound, with what could raise it.
"""

from escalation.grading.astct import (
    Consciousness,
    CrsObservations,
    IcansObservations,
    Oedema,
    Oxygen,
    Seizure,
    grade_crs,
    grade_icans,
)
from escalation.grading.grade import Grade
from escalation.grading.icaht import grade_early_icaht
from escalation.grading.reading import SCALES, Scale, grade_observations, read_observations

__all__ = [
    "SCALES",
    "Consciousness",
    "CrsObservations",
    "Grade",
    "IcansObservations",
    "Oedema",
    "Oxygen",
    "Scale",
    "Seizure",
    "grade_crs",
    "grade_early_icaht",
    "grade_icans",
    "grade_observations",
    "read_observations",
]
