"""The written form of assumptions about time: TOML, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from escalation.errors import FileFaultsError, did_you_mean
from simulations.scenarios.arguments import show
from simulations.scenarios.checked import read_schema, read_table, read_tables
from simulations.scenarios.toml import parse_toml, read_bytes
from simulations.timing.assumptions import (
    Costs,
    Given,
    GivenTimes,
    Learned,
    Poisson,
    Regular,
    Site,
    Timing,
    Uniform,
    Weibull,
)

__all__ = [
    "TimingFileError",
    "load_timing",
    "parse_timing",
    "read_timing",
    "timing_document",
]

_KINDS: Mapping[str, Mapping[str, type[Any]]] = {
    "arrivals": {"poisson": Poisson, "regular": Regular, "given": Given, "learned": Learned},
    "time_to_dlt": {"uniform": Uniform, "weibull": Weibull, "given": GivenTimes},
}


class TimingFileError(FileFaultsError):
    """A file of assumptions about time that is not valid, with every fault."""


def load_timing(path: str | Path) -> Timing:
    """Read assumptions about time from a TOML file.

    Raises
    ------
    TimingFileError
        With every fault of the file and its place.
    """
    return parse_timing(read_bytes(path, TimingFileError), str(path))


def parse_timing(content: bytes, source: str) -> Timing:
    """Read assumptions about time from the bytes of a TOML file, which messages call ``source``."""
    timing, faults = read_timing(parse_toml(content, source, "a timing file", TimingFileError))
    if timing is None:
        raise TimingFileError(source, faults)
    return timing


def read_timing(document: Mapping[str, Any]) -> tuple[Timing | None, list[str]]:
    """Read assumptions about time from a table, as a study holds one a setting.

    Returns
    -------
    timing : Timing or None
        None where there is a fault.
    faults : list of str
        Each ``"place: what is wrong"``.

    Examples
    --------
    >>> table = {"arrivals": {"kind": "poisson", "mean_gap_days": 10}, "dropout": 2}
    >>> read_timing(table)
    (None, ['dropout: 2 is not a probability from 0 to below 1'])
    """
    faults: list[str] = []
    values = dict(document)
    read_schema(values, faults)
    for name, kinds in _KINDS.items():
        if name in values:
            values[name] = _read_kind(name, values[name], kinds, faults)
    if "costs" in values:
        values["costs"] = read_table(Costs, "costs", values["costs"], faults)
    if "arrivals" not in values:
        faults.append(
            'arrivals: missing; for example [arrivals] and under it kind = "poisson" and '
            "mean_gap_days = 10"
        )
        values["arrivals"] = None
    # what is at fault has been said: the rest is checked beside something that is not
    stand_ins: dict[str, Any] = {"arrivals": Regular(gap_days=1), "time_to_dlt": Uniform()}
    for name in ("arrivals", "time_to_dlt", "costs"):
        if values.get(name, "") is None:
            values[name] = stand_ins.get(name)
    timing: Timing | None = read_table(Timing, "", values, faults)
    return (None if faults else timing), faults


def timing_document(timing: Timing) -> dict[str, Any]:
    """Return assumptions about time as a table that ``read_timing`` reads back.

    Examples
    --------
    >>> timing_document(Timing(arrivals=Regular(gap_days=7), accrual="wait"))["arrivals"]
    {'kind': 'regular', 'gap_days': 7.0}
    """
    document = _document(timing)
    for name, kinds in _KINDS.items():
        value = getattr(timing, name)
        kind = next(kind for kind, of in kinds.items() if type(value) is of)
        document[name] = {"kind": kind, **_document(value)}
    return {"schema": 1, **document}


def _read_kind(
    place: str, table: Any, kinds: Mapping[str, type[Any]], faults: list[str]
) -> Any | None:
    """Read a table whose ``kind`` says of what."""
    if not isinstance(table, Mapping):
        faults.append(f"{place}: a table is needed, with its kind, not {show(table)}")
        return None
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        hint = did_you_mean(kind if isinstance(kind, str) else "", kinds)
        missing = "missing" if "kind" not in table else f"{show(kind)} is not a kind"
        faults.append(f"{place}.kind: {missing}; {hint}")
        return None
    values = {key: value for key, value in table.items() if key != "kind"}
    if kinds[kind] is Poisson and "sites" in values:
        values["sites"] = _read_sites(f"{place}.sites", values["sites"], faults)
        if values["sites"] is None:
            return None
    return read_table(kinds[kind], place, values, faults)


def _read_sites(place: str, tables: Any, faults: list[str]) -> tuple[Site, ...] | None:
    if not tables:
        faults.append(f"{place}: [[{place}]] tables are needed, not {show(tables)}")
        return None
    n_faults = len(faults)
    sites = read_tables(Site, place, tables, faults)
    return sites if len(faults) == n_faults else None


def _document(value: Any) -> dict[str, Any]:
    """Return a dataclass as a table, without what is not given."""
    given = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {
        name: _plain(item) for name, item in given if item not in (None, ()) and item is not False
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _document(value) if hasattr(value, "__dataclass_fields__") else value
