"""A dataset to be exported: named columns with their metadata, and rows of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from escalation.dataclass import dataclass
from escalation.errors import InputError

__all__ = ["Column", "Core", "DataType", "Dataset", "Value", "make_dataset"]

Value = str | int | float | bool | None


class DataType(StrEnum):
    """What a column holds, in the words of Dataset-JSON 1.1.

    A date or a time of day may be given in part, as ``2026-01``: a site often knows no more.
    """

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    DATE = "date"
    DATETIME = "datetime"

    @property
    def is_text(self) -> bool:
        """Whether its values are written as text."""
        return self not in (DataType.INTEGER, DataType.FLOAT)


class Core(StrEnum):
    """How much a variable is needed, in the words of the SDTM implementation guide."""

    REQUIRED = "Req"
    EXPECTED = "Exp"
    PERMISSIBLE = "Perm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A variable of a dataset.

    Attributes
    ----------
    name, label : str
        At most 8 and 40 characters.
    kind : DataType
    length : int or None
        Characters that a text may have; None for a number or a date.
    key : int or None
        Place among the variables that tell the rows apart, from 1.
    core : Core
    terms : tuple of str or None
        The only values it may have; None where any may stand.
    left_empty : str or None
        Why it holds nothing, where the record never says it.
    as_number : bool
        Of a day: analysis programs hold it as a number.
    """

    name: str
    label: str
    kind: DataType = DataType.STRING
    length: int | None = None
    key: int | None = None
    core: Core = Core.PERMISSIBLE
    terms: tuple[str, ...] | None = None
    left_empty: str | None = None
    as_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows under columns; what is declared of them is not worked out, so that it can be wrong.

    Attributes
    ----------
    name, label : str
    columns : tuple of Column
    rows : tuple of tuple of Value
        A value for each column, None for a missing one.
    records : int
        How many rows it says that it has.
    unitless : tuple of str
        Short names of tests whose results are pure numbers, such as a score.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    records: int
    unitless: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of its variables, in order."""
        return [column.name for column in self.columns]

    @property
    def keys(self) -> list[str]:
        """The variables that tell its rows apart, in order."""
        of_key = sorted((c.key, c.name) for c in self.columns if c.key is not None)
        return [name for _, name in of_key]

    def records_by_name(self) -> Iterator[dict[str, Value]]:
        """Yield each row as a mapping from the variables that it has values for."""
        names = self.names
        for row in self.rows:
            yield dict(zip(names, row, strict=False))


def make_dataset(
    name: str,
    label: str,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Value]],
    unitless: Iterable[str] = (),
) -> Dataset:
    """Make a dataset of rows that say what they know by the names of the columns.

    Raises
    ------
    InputError
        For a row that names a variable which the dataset does not have.
    """
    names = [column.name for column in columns]
    known = set(names)
    made = []
    for row in rows:
        if not known.issuperset(row):
            odd = next(given for given in row if given not in known)
            raise InputError(f"{name} has no variable {odd}; it has {', '.join(names)}")
        made.append(tuple([row.get(given) for given in names]))
    return Dataset(
        name=name,
        label=label,
        columns=tuple(columns),
        rows=tuple(made),
        records=len(made),
        unitless=tuple(unitless),
    )
