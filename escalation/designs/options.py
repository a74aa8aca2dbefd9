"""Options that several designs have: their limits, and their faults in the same words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from escalation.designs.base import MAX_LEVELS, Design

__all__ = [
    "CAP",
    "COHORT_SIZE",
    "EARLY_STOP",
    "MAX_COHORT",
    "MAX_PATIENTS",
    "MAX_PATIENTS_WORDS",
    "NOT_FOR_A_FILE",
    "PLENTY",
    "SAID_ELSEWHERE",
    "TARGET",
    "cohort_faults",
    "count_faults",
    "ladder_faults",
    "rate_faults",
    "switch_faults",
    "target_faults",
]

MAX_PATIENTS = 300
MAX_COHORT = 20
PLENTY = 30  # patients at a level, where the protocol sets no limit

# An option's metadata: limits and description go to the model of a protocol file; not so
# "sentence", a function of the design and the option's value which writes what the rule section of
# a protocol says of it, or "" where that is nothing; nor "added_later", which marks an option that
# protocols were written without: at its default it is left out of a design's settings, so that
# their digests stay what they were.
NOT_FOR_A_FILE = ("sentence", "added_later")


def _say_nothing(_: Design, __: Any) -> str:
    return ""


def _say_max_patients(_: Design, value: Any) -> str:
    if value is None:
        return "There is no maximum sample size."
    return f"At most {value} evaluable patients are treated in the trial."


SAID_ELSEWHERE: Mapping[str, Any] = {"sentence": _say_nothing}
MAX_PATIENTS_WORDS: Mapping[str, Any] = {"sentence": _say_max_patients}
TARGET: Mapping[str, Any] = {"description": "The P(DLT) sought.", "gt": 0, "lt": 1}
COHORT_SIZE: Mapping[str, Any] = {
    "description": "Patients in a cohort.",
    "ge": 1,
    "le": MAX_COHORT,
}
CAP: Mapping[str, Any] = {
    "description": "Patients in the whole trial, a multiple of cohort_size.",
    "ge": 1,
    "le": MAX_PATIENTS,
    **MAX_PATIENTS_WORDS,
}
EARLY_STOP: Mapping[str, Any] = {
    "description": "Stop when so many are evaluable at a level where the next would be.",
    "ge": 1,
    "le": MAX_PATIENTS,
}


def count_faults(
    design: Design, options: Iterable[str], *, may_be_unset: Collection[str] = ()
) -> Iterator[str]:
    """Name the options that are not whole numbers."""
    for option in options:
        value = getattr(design, option)
        unset = value is None and option in may_be_unset
        if type(value) is not int and not unset:
            yield f"{option} must be a whole number, not {value!r}"


def rate_faults(
    design: Design,
    options: Iterable[str],
    *,
    may_be_unset: Collection[str] = (),
    smallest: float = 0,
) -> Iterator[str]:
    """Name the options that are not numbers, or nearer to 0 than ``smallest`` and not 0."""
    for option in options:
        value = getattr(design, option)
        if value is None and option in may_be_unset:
            continue
        if type(value) not in (int, float) or not isfinite(value):
            yield f"{option} must be a number, not {value!r}"
        elif 0 < abs(value) < smallest:
            yield f"{option} must be 0 or at least {smallest:g}, not {value!r}"


def switch_faults(design: Design, options: Iterable[str]) -> Iterator[str]:
    """Name the options that are neither true nor false."""
    for option in options:
        value = getattr(design, option)
        if type(value) is not bool:
            yield f"{option} must be true or false, not {value!r}"


def ladder_faults(design: Design) -> Iterator[str]:
    """Name what is wrong with the number of levels or the level of the first cohort."""
    if not 1 <= design.n_levels <= MAX_LEVELS:
        yield f"n_levels must be from 1 to {MAX_LEVELS}, not {design.n_levels}"
    elif not 0 <= design.start < design.n_levels:
        yield f"start must be from 0 to {design.n_levels - 1}, not {design.start}"


def target_faults(target: float) -> Iterator[str]:
    """Name what is wrong with the P(DLT) sought."""
    if not 0 < target < 1:
        yield f"target must be between 0 and 1, not {target}"


def cohort_faults(
    *, cohort_size: int, max_patients: int | None, n_earlystop: int | None
) -> Iterator[str]:
    """Name what is wrong with the size of cohorts, or with the patients that they make up."""
    if not 1 <= cohort_size <= MAX_COHORT:
        yield f"cohort_size must be from 1 to {MAX_COHORT}, not {cohort_size}"
        return
    for option, value in (("max_patients", max_patients), ("n_earlystop", n_earlystop)):
        if value is not None and not 1 <= value <= MAX_PATIENTS:
            yield f"{option} must be from 1 to {MAX_PATIENTS}, not {value}"
    if max_patients is not None and max_patients % cohort_size:
        yield f"max_patients must be a multiple of cohort_size {cohort_size}, not {max_patients}"
