"""The written form of scenarios: TOML, and what can be wrong with it.

A file holds ``[[scenarios]]`` tables, each with a ``name`` and either ``p_dlt = [...]`` or
``formula = "..."`` with that curve's arguments; and above them, where a formula needs doses and
no protocol gives them, the ladder's ``doses = [...]``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypedDict

from escalation.designs.base import MAX_LEVELS
from escalation.errors import did_you_mean
from simulations.scenarios.arguments import CurveError, dose_faults, finite, is_list, show
from simulations.scenarios.curves import emax, logistic, power, weibull

__all__ = ["Fields", "p_dlt_faults", "place_of", "read_scenarios", "read_tables", "text_faults"]

_EXAMPLE = 'for example [[scenarios]] and under it name = "low" and p_dlt = [0.02, 0.05, 0.10]'

# each formula's function and arguments, which are also its keys in a file
_FORMULAS: Mapping[str, tuple[Callable[..., tuple[float, ...]], tuple[str, ...]]] = {
    "logistic": (logistic, ("p_at", "slope")),
    "emax": (emax, ("p_at", "pmax", "hill")),
    "weibull": (weibull, ("p_at", "shape")),
    "power": (power, ("skeleton", "p_at", "theta")),
}


class Fields(TypedDict):
    """The arguments of one scenario, checked."""

    name: str
    p_dlt: tuple[float, ...]
    description: str


def read_scenarios(
    text: str, *, n_levels: int | None, doses: Sequence[float] | None
) -> tuple[list[Fields], list[str]]:
    """Read a scenario file's text.

    Parameters
    ----------
    text : str
    n_levels : int or None
        Number of levels that every scenario must have.
    doses : sequence of float or None
        Doses of the ladder, lowest first, checked.

    Returns
    -------
    scenarios : list of Fields
        Those without a fault.
    faults : list of str
        Each ``"place: what is wrong"``; places count from 0, and a scenario is named.
    """
    if not text.strip():
        return [], [f"empty; write [[scenarios]] tables, {_EXAMPLE}"]
    try:
        document = tomllib.loads(text)
    except RecursionError:
        return [], ["not a scenario file: its values are nested too deep"]
    except tomllib.TOMLDecodeError as error:
        return [], [f"not TOML: {error}"]
    except ValueError:  # Python refuses to read it
        return [], ["not a scenario file: it has a number of thousands of digits"]
    faults = list(_unknown_keys("the file", document, ("schema", "doses", "scenarios")))
    schema = document.get("schema", 1)
    if schema != 1 or type(schema) is not int:
        faults.append(f"schema: 1 is the only one there is, not {show(schema)}")
    tables = document.get("scenarios")
    if not isinstance(tables, list) or not tables:
        faults.append(f"scenarios: [[scenarios]] tables are needed, {_EXAMPLE}")
        tables = []
    ladder_faults = list(_ladder_faults(document, n_levels, doses))
    ladder = None if ladder_faults else document.get("doses", doses)
    scenarios, more = read_tables(
        enumerate(tables),
        n_levels=n_levels if ladder is None else len(ladder),
        doses=ladder,
        doses_faulty=bool(ladder_faults),
    )
    return scenarios, [*faults, *ladder_faults, *more]


def read_tables(
    tables: Iterable[tuple[int, object]],
    *,
    n_levels: int | None,
    doses: Sequence[float] | None,
    doses_faulty: bool = False,
) -> tuple[list[Fields], list[str]]:
    """Read ``[[scenarios]]`` tables, each with its position; as ``read_scenarios``.

    ``doses_faulty`` where it has been said already that there are no doses.
    """
    reader = _Reader(n_levels=n_levels, doses=doses, doses_faulty=doses_faulty)
    for position, table in tables:
        reader.read(place_of("scenarios", position, table), table)
    return reader.scenarios, reader.faults


def place_of(tables: str, position: int, table: object) -> str:
    """Return where a table is, ``scenarios[1] "name"``: few people count from 0."""
    name = table.get("name") if isinstance(table, dict) else None
    place = f"{tables}[{position}]"
    shown = show(name)[1:-1]  # in ASCII, and not too long
    return place if any(text_faults("name", name)) else f'{place} "{shown}"'


def p_dlt_faults(values: object) -> Iterator[str]:
    """Yield what is wrong with P(DLT) by level."""
    if not is_list(values):
        yield f"p_dlt: a list of numbers is needed, one a level, lowest first, not {show(values)}"
    elif not 1 <= len(values) <= MAX_LEVELS:
        yield f"p_dlt: 1 to {MAX_LEVELS} values are possible, one a level, not {len(values)}"
    else:
        for level, p in enumerate(values):
            if not 0 <= finite(p) <= 1:
                yield f"p_dlt[{level}]: {show(p)} is not a probability from 0 to 1"


def text_faults(key: str, value: object) -> Iterator[str]:
    """Yield what is wrong with a text that is printed on one line."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        yield f"{key}: one line of text is needed, not {show(value)}"


class _Reader:
    """Reads tables one after the other, and gathers scenarios and faults."""

    def __init__(
        self, *, n_levels: int | None, doses: Sequence[float] | None, doses_faulty: bool
    ) -> None:
        self.n_levels = n_levels
        self.doses = doses
        self.doses_faulty = doses_faulty
        self.names: set[str] = set()
        self.scenarios: list[Fields] = []
        self.faults: list[str] = []

    def read(self, place: str, table: object) -> None:
        """Read one ``[[scenarios]]`` table."""
        if not isinstance(table, dict):
            self.faults.append(f"{place}: a [[scenarios]] table is needed, not {show(table)}")
            return
        n_faults = len(self.faults)
        self._read_texts(place, table)
        p_dlt = self._read_p_dlt(place, table)
        if p_dlt and self.n_levels not in (None, len(p_dlt)):
            self.faults.append(
                f"{place}.p_dlt: needs one value a level, {self.n_levels} in all, not {len(p_dlt)}"
            )
        if p_dlt and len(self.faults) == n_faults:
            description = table.get("description", "")
            self.scenarios.append(Fields(name=table["name"], p_dlt=p_dlt, description=description))

    def _read_texts(self, place: str, table: Mapping[str, object]) -> None:
        name = table.get("name")
        if "name" not in table:
            self.faults.append(f"{place}.name: missing; every scenario has a name")
        else:
            self._add(place, text_faults("name", name))
        if "description" in table:
            self._add(place, text_faults("description", table["description"]))
        if isinstance(name, str):
            if name in self.names:
                self.faults.append(f"{place}.name: {show(name)} is an earlier scenario's name")
            self.names.add(name)

    def _read_p_dlt(self, place: str, table: Mapping[str, object]) -> tuple[float, ...]:
        """Return the probabilities, or nothing where they are at fault."""
        common = ("name", "description", "p_dlt", "formula")
        arguments = [key for _, keys in _FORMULAS.values() for key in keys]
        formula = table.get("formula")
        if "formula" in table and (not isinstance(formula, str) or formula not in _FORMULAS):
            hint = did_you_mean(formula if isinstance(formula, str) else "", _FORMULAS)
            self.faults.append(f"{place}.formula: {show(formula)} is not a formula; {hint}")
        elif formula is not None and "p_dlt" not in table:
            return self._evaluate(place, table, str(formula))
        elif "formula" in table or "p_dlt" not in table:
            self.faults.append(f"{place}: either p_dlt or formula is needed, and not both")
        else:
            arguments = []
        self.faults += _unknown_keys(place, table, dict.fromkeys((*common, *arguments)))
        values = table.get("p_dlt")
        wrong = list(p_dlt_faults(values)) if "p_dlt" in table else []
        self._add(place, wrong)
        return tuple(values) if isinstance(values, list) and not wrong else ()

    def _evaluate(self, place: str, table: Mapping[str, object], formula: str) -> tuple[float, ...]:
        curve, arguments = _FORMULAS[formula]
        known = ("name", "description", "formula", *arguments)
        self.faults += _unknown_keys(place, table, known)
        lacks_doses = self.doses is None and (formula != "power" or "p_at" in table)
        if lacks_doses and not self.doses_faulty:
            self.doses_faulty = True  # said once
            self.faults.append(
                f"{place}.formula: needs the ladder's doses; write doses = [...] above the first "
                "[[scenarios]]"
            )
        # any dose will do to find what is wrong with the other arguments
        doses = (1.0,) if lacks_doses and formula != "power" else self.doses
        try:
            p_dlt = curve(doses, **{key: table.get(key) for key in arguments})
        except CurveError as error:
            self._add(place, (fault for fault in error.faults if not fault.startswith("doses:")))
            return ()
        self._add(place, p_dlt_faults(p_dlt))
        return () if lacks_doses else p_dlt

    def _add(self, place: str, faults: Iterable[str]) -> None:
        self.faults += [f"{place}.{fault}" for fault in faults]


def _ladder_faults(
    document: Mapping[str, object], n_levels: int | None, doses: Sequence[float] | None
) -> Iterator[str]:
    """Yield what is wrong with the file's own doses."""
    own = document.get("doses")
    if not isinstance(own, list) or dose_faults(own):
        yield from dose_faults(own) if "doses" in document else ()
    elif doses is not None and own != list(doses):
        ladder = ", ".join(map(show, doses))
        yield f"doses: they are not the ladder's, {ladder}; leave them out"
    elif n_levels not in (None, len(own)):
        yield f"doses: needs one dose a level, {n_levels} in all, not {len(own)}"


def _unknown_keys(place: str, table: Mapping[str, object], known: Iterable[str]) -> Iterator[str]:
    known = tuple(known)
    for key in table:
        if key not in known:
            yield f"{place}: {show(key)} is not a key here; {did_you_mean(key, known)}"
