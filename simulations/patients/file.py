"""The written form of what is assumed of patients: TOML, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from escalation.errors import FileFaultsError, did_you_mean
from escalation.plan import Plan
from simulations.patients.assumptions import Ailment, Expansion, Marker, Patients
from simulations.scenarios.arguments import show
from simulations.scenarios.checked import read_schema, read_table, read_tables
from simulations.scenarios.toml import parse_toml, read_bytes

__all__ = ["PatientsFileError", "load_patients"]


class PatientsFileError(FileFaultsError):
    """A file of assumptions about patients that is not valid, with every fault."""


def load_patients(path: str | Path, plan: Plan | None = None) -> Patients:
    """Read assumptions about patients from a TOML file; what it leaves out is as by default.

    Parameters
    ----------
    path : str or Path
    plan : Plan or None
        Whose tests the markers have to be, where it is known.

    Raises
    ------
    PatientsFileError
        With every fault of the file and its place.
    """
    content = read_bytes(path, PatientsFileError)
    document = parse_toml(content, str(path), "a file about patients", PatientsFileError)
    faults: list[str] = []
    patients = _read(document, faults)
    if plan is not None:
        faults += _strange_markers(document.get("markers"), plan)
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


def _strange_markers(markers: Any, plan: Plan) -> Iterator[str]:
    """Yield markers that nothing would be recorded of."""
    known = [test.name for test in plan.tests if test.kind == "number"]
    for i, marker in enumerate(markers if isinstance(markers, list) else ()):
        name = marker.get("test") if isinstance(marker, Mapping) else None
        if isinstance(name, str) and name not in known:
            yield (
                f"markers[{i}].test: {show(name)} is not a number that the plan has measured; "
                f"{did_you_mean(name, known)}"
            )
