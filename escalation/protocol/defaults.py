"""What a design is given where nobody says: a target, and a number of patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.designs import DESIGNS, required_options
from escalation.protocol.protocol import Protocol

__all__ = ["DEFAULT_PATIENTS", "DEFAULT_TARGET", "choose_patients", "fill_in"]

DEFAULT_TARGET = 0.25
DEFAULT_PATIENTS = 30


def choose_patients(protocol: Protocol) -> tuple[int, str]:
    """Return the patients of a design that needs a number, and where it comes from in words."""
    planned = protocol.planned_patients
    return (DEFAULT_PATIENTS, "default") if planned is None else (planned, "as planned")


def fill_in(
    protocol: Protocol, design_name: str, given: Mapping[str, Any]
) -> dict[str, tuple[Any, str]]:
    """Return what a design needs and is not given, and where each value comes from in words.

    Parameters
    ----------
    protocol : Protocol
    design_name : str
        In ``DESIGNS``; any other needs nothing.
    given : mapping of str to object
        The options it is given; patients are rounded down to whole cohorts.
    """
    needed = required_options(DESIGNS[design_name]) if design_name in DESIGNS else ()
    patients, why = choose_patients(protocol)
    size = given.get("cohort_size")
    if type(size) is int and 0 < size <= patients:
        patients -= patients % size
    usual = {"target": (DEFAULT_TARGET, "default"), "max_patients": (patients, why)}
    return {name: usual[name] for name in needed if name in usual and name not in given}
