"""The written form of what is assumed of patients: TOML, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from escalation.errors import FileFaultsError
from simulations.patients.assumptions import Ailment, Expansion, Marker, Patients
from simulations.scenarios.checked import read_schema, read_table, read_tables
from simulations.scenarios.toml import parse_toml, read_bytes

__all__ = ["PatientsFileError", "load_patients"]


class PatientsFileError(FileFaultsError):
    """A file of assumptions about patients that is not valid, with every fault."""


def load_patients(path: str | Path) -> Patients:
    """Read assumptions about patients from a TOML file; what it leaves out is as by default.

    Raises
    ------
    PatientsFileError
        With every fault of the file and its place.
    """
    content = read_bytes(path, PatientsFileError)
    document = parse_toml(content, str(path), "a file about patients", PatientsFileError)
    faults: list[str] = []
    patients = _read(document, faults)
    if patients is None or faults:
        raise PatientsFileError(str(path), faults)
    return patients


def _read(document: Mapping[str, Any], faults: list[str]) -> Patients | None:
    values = dict(document)
    read_schema(values, faults)
    if "expansion" in values:
        read = read_table(Expansion, "expansion", values["expansion"], faults)
        values["expansion"] = read or Expansion()
    for name, made in (("markers", Marker), ("ailments", Ailment)):
        if name in values:
            values[name] = read_tables(made, name, values[name], faults)
    patients: Patients | None = read_table(Patients, "", values, faults)
    return patients
