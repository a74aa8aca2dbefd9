"""What a design is given where nobody says: a target, and a number of patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.designs import DESIGNS, required_options
from escalation.protocol.protocol import Protocol

__all__ = ["DEFAULT_PATIENTS", "DEFAULT_TARGET", "choose_patients", "fill_in", "whole_cohorts"]

DEFAULT_TARGET = 0.25
DEFAULT_PATIENTS = 30


def choose_patients(protocol: Protocol) -> tuple[int, str]:
    """Return the patients of a design that needs a number, and where it comes from in words."""
    planned = protocol.planned_patients
    return (DEFAULT_PATIENTS, "default") if planned is None else (planned, "as planned")


def whole_cohorts(patients: int, given: Mapping[str, Any]) -> int:
    """Return ``patients`` rounded down to whole cohorts of the size given, if one is."""
    size = given.get("cohort_size")
    return patients - patients % size if type(size) is int and 0 < size <= patients else patients


def fill_in(
    protocol: Protocol,
    design_name: str,
    given: Mapping[str, Any],
    *,
    measured_by: float | None = None,
) -> dict[str, tuple[Any, str]]:
    """Return what a design needs and is not given, and where each value comes from in words.

    Parameters
    ----------
    protocol : Protocol
    design_name : str
        In ``DESIGNS``; any other needs nothing.
    given : mapping of str to object
        The options it is given; patients are rounded down to whole cohorts.
    measured_by : float, optional
        The target by which it is measured, which is its own then too.
    """
    needed = required_options(DESIGNS[design_name]) if design_name in DESIGNS else ()
    patients, why = choose_patients(protocol)
    target = (DEFAULT_TARGET, "default") if measured_by is None else (measured_by, "as --target")
    usual = {"target": target, "max_patients": (whole_cohorts(patients, given), why)}
    return {name: usual[name] for name in needed if name in usual and name not in given}
