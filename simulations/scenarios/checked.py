"""What is assumed, as data: its faults are all found at once, when it is made or read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

from escalation.errors import EscalationError, did_you_mean
from simulations.scenarios.arguments import is_list, show

__all__ = ["AssumptionError", "Checked", "read_schema", "read_table", "read_tables"]


class AssumptionError(EscalationError):
    """Assumptions that cannot be, with every fault.

    Parameters
    ----------
    faults : iterable of str
        Each ``"field: what is wrong"``.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A table of assumptions: lists become tuples, and numbers floats.

    Raises
    ------
    AssumptionError
        Of the kind ``refused``, with every fault.
    """

    refused: ClassVar[type[AssumptionError]] = AssumptionError

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise self.refused(faults)
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))

    def _faults(self) -> Iterator[str]:
        """Yield what is wrong, each ``"field: what is wrong"``."""
        return
        yield


def _plain(value: Any) -> Any:
    """Return lists as tuples, and numbers as floats."""
    if isinstance(value, str | bool | Checked) or value is None:
        return value
    if is_list(value):
        return tuple(map(_plain, value))
    return float(value)


def read_schema(values: dict[str, Any], faults: list[str]) -> None:
    """Take the number of the form out of a document; 1 is the only one there is."""
    schema = values.pop("schema", 1)
    if schema != 1 or type(schema) is not int:
        faults.append(f"schema: 1 is the only one there is, not {show(schema)}")


def read_table(of: Callable[..., Any], place: str, table: Any, faults: list[str]) -> Any | None:
    """Make a value of a table; None with its faults said.

    Parameters
    ----------
    of : type
        A class of assumptions, whose fields are the keys.
    place : str
        Where the table stands; empty for the whole file.
    table : object
        As TOML has it.
    faults : list of str
        To which they are added, each ``"place: what is wrong"``.
    """
    if not isinstance(table, Mapping):
        faults.append(f"{place}: a table is needed, not {show(table)}")
        return None
    dot = f"{place}." if place else ""
    known = {field.name: field for field in fields(of)}  # type: ignore[arg-type]
    faults += _unknown(place or "the file", table, known)
    missing = [
        name for name, field in known.items() if field.default is MISSING and name not in table
    ]
    faults += [f"{dot}{name}: missing" for name in missing]
    if missing:
        return None
    try:
        return of(**{name: value for name, value in table.items() if name in known})
    except AssumptionError as error:
        faults += [f"{dot}{fault}" for fault in error.faults]
        return None


def read_tables(
    of: Callable[..., Any], place: str, tables: Any, faults: list[str]
) -> tuple[Any, ...]:
    """Make values of a list of tables; those without a fault, which are said of the others."""
    if not isinstance(tables, list):
        faults.append(f"{place}: [[{place}]] tables are needed, not {show(tables)}")
        return ()
    read = [read_table(of, f"{place}[{i}]", table, faults) for i, table in enumerate(tables)]
    return tuple(one for one in read if one is not None)


def _unknown(place: str, table: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    known = tuple(known)
    for key in table:
        if key not in known:
            yield f"{place}: {show(key)} is not a key here; {did_you_mean(key, known)}"
