"""What endpoints are calculated from samples and assessments: kinetics, biomarkers, responses.

Pure mathematics of one subject or one group: nothing here knows of a trial, a protocol or a plan.
What was below the limit of quantification, not assessed or not reached is said, never guessed.
"""

from escalation.endpoints.below_limit import BelowLimit, values_by
from escalation.endpoints.biomarkers import (
    Change,
    Course,
    Reconstituted,
    Reconstitution,
    Threshold,
    course_of,
    median_time,
    reconstitution_of,
)
from escalation.endpoints.kinetics import Kinetics, Trapezoid, area_between, kinetics_of
from escalation.endpoints.profile import Profile, ProfileError, Sample, profile_of
from escalation.endpoints.response import (
    NotAssessed,
    Responses,
    Share,
    Unassessed,
    count_responses,
)
from escalation.endpoints.summary import Summary, summarise

__all__ = [
    "BelowLimit",
    "Change",
    "Course",
    "Kinetics",
    "NotAssessed",
    "Profile",
    "ProfileError",
    "Reconstituted",
    "Reconstitution",
    "Responses",
    "Sample",
    "Share",
    "Summary",
    "Threshold",
    "Trapezoid",
    "Unassessed",
    "area_between",
    "count_responses",
    "course_of",
    "kinetics_of",
    "median_time",
    "profile_of",
    "reconstitution_of",
    "summarise",
    "values_by",
]
