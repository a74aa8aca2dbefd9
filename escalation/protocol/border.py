"""The border of files that people write in TOML: every fault at once, in plain words.

A protocol is such a file, and so is a plan. Types are pydantic's to check, by models that
``modelling`` makes from the dataclasses of the tables.
"""

from __future__ import annotations

import copy
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from escalation.dataclass import dataclass
from escalation.errors import FileFaultsError, did_you_mean
from escalation.protocol.rules import Fault, Place, quote, write_place
from escalation.protocol.tables import FRACTION, FRACTION_WORDS, NAME, PAIR, PAIR_WORDS
from escalation.text import LINE

__all__ = ["MAX_BYTES", "FileKind", "find_all_faults", "look_up", "read_toml"]

MAX_BYTES = 200_000
MAX_LINE = 5_000  # a dotted key of 100 kB takes the TOML reader gigabytes

Models = Mapping[tuple[str, ...], type[BaseModel]]
Rules = Callable[[Mapping[str, Any], set[str | int]], Iterable[Fault]]
Words = Callable[[str, Place, Any], Fault | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What a file is, for messages and errors.

    Attributes
    ----------
    name : str
        ``protocol``.
    error : type of FileFaultsError
    start_from : str
        What an empty file is told.
    """

    name: str
    error: type[FileFaultsError]
    start_from: str

    @property
    def unreadable(self) -> str:
        """What is said of a file that no reader gets through."""
        return f"not a {self.name} file: nested too deep, or a number too long"


def read_toml(data: bytes, source: str, kind: FileKind) -> dict[str, Any]:
    """Read the document of a file, or raise what is wrong with it as TOML.

    Raises
    ------
    FileFaultsError
    """
    if len(data) > MAX_BYTES:
        raise kind.error(source, [f"larger than {MAX_BYTES} bytes: not a {kind.name} file"])
    try:
        text = data.decode("utf-8-sig")
        if max(map(len, text.splitlines()), default=0) > MAX_LINE:
            fault = f"a line is longer than {MAX_LINE} characters: not a {kind.name} file"
            raise kind.error(source, [fault])
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = f"line {line}: not UTF-8 text; a {kind.name} file is TOML in UTF-8"
        raise kind.error(source, [fault]) from error
    except tomllib.TOMLDecodeError as error:
        raise kind.error(source, [_toml_fault(str(error))]) from error
    except (RecursionError, ValueError) as error:
        raise kind.error(source, [kind.unreadable]) from error
    if not document:
        raise kind.error(source, [f"empty; {kind.start_from}"])
    return document


def _toml_fault(message: str) -> str:
    """Put the place that tomllib names last first, in ASCII."""
    problem, _, place = message.partition(" (at ")
    place = place.rstrip(")")
    where = f"{place}: " if re.match(r"line|end", place) else ""
    return f"{where}not TOML: {problem}".encode("ascii", "backslashreplace").decode("ascii")


def find_all_faults(
    document: Mapping[str, Any],
    kind: FileKind,
    models: Models,
    rules: Rules,
    *,
    in_file: Callable[[Place], Place] = lambda place: place,
    words: Words = lambda *_: None,
) -> tuple[str, ...]:
    """Return every fault of a document, each ``"place: what is wrong"``, in the file's order.

    Parameters
    ----------
    document : mapping
        As ``tomllib`` gives it.
    kind : FileKind
    models : mapping
        By the place of their table, indices left out; the file's own is at ().
    rules : callable
        From the document, with None for all that has a fault of type, and the tables that have one,
        to the faults that join several settings.
    in_file : callable
        From the place that pydantic names to that in the file.
    words : callable
        From the type of a complaint, its place and the value there to a fault, where this kind of
        file has words of its own for it.
    """
    try:
        # no setting is a date: as NaN it is refused wherever it stands
        text = json.dumps(document, default=lambda _: math.nan)
    except (RecursionError, ValueError):
        return (kind.unreadable,)
    faults: list[Fault] = []
    try:
        models[()].model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # to pydantic a list is short where its entries have faults, which are told themselves
        wrong = {details["loc"][:-1] for details in found} | {
            details["loc"][:-2] for details in found
        }
        faults = [
            _translate(details, document, models, in_file, words)
            for details in found
            if details["type"] != "too_short" or details["loc"] not in wrong
        ]
    faults += rules(_without(document, faults), {place[0] for place, _ in faults})
    order = ["schema", "name", *document]
    faults.sort(key=lambda fault: _position(fault[0], order))
    return tuple(f"{write_place(place)}: {problem}" for place, problem in faults)


_PATTERNS = {
    NAME: "must be letters, digits and . _ + - only, such as my-trial",
    FRACTION: FRACTION_WORDS,
    PAIR: PAIR_WORDS,
    LINE: "must be one line of text that neither starts nor ends with a blank",
}


def _position(place: Place, order: list[str]) -> tuple[int, list[int]]:
    """Return a sort key: where the table stands in the file, then the indices within it."""
    table = order.index(place[0]) if place[0] in order else len(order)
    return table, [key for key in place if isinstance(key, int)]


_PROBLEMS = {
    "int_type": "must be a whole number, not {value}",
    "int_from_float": "must be a whole number, not {value}",
    "bool_type": "must be true or false, not {value}",
    "bool_parsing": "must be true or false, not {value}",
    "float_type": "must be a number, not {value}",
    "finite_number": "must be a finite number, not {value}",
    "string_type": "must be text, in quotes, not {value}",
    "tuple_type": "must be a list, not {value}",
    "dict_type": "must be a table, not {value}",
    "model_type": "must be a table, not {value}",
    "model_attributes_type": "must be a table, not {value}",
    "greater_than": "must be above {gt:g}, not {value}",
    "greater_than_equal": "must be at least {ge:g}, not {value}",
    "less_than": "must be below {lt:g}, not {value}",
    "less_than_equal": "must be at most {le:g}, not {value}",
    "literal_error": "must be {expected}, not {value}",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must have at most {max_length} entries, not {actual_length}",
    "missing": "is missing",
    "label_type": 'must be a whole number or a word in quotes, such as 1 or "1a", not {value}',
    "label": "{value} {said}",
}


def _translate(
    details: ErrorDetails,
    document: Mapping[str, Any],
    models: Models,
    in_file: Callable[[Place], Place],
    words: Words,
) -> Fault:
    """Turn pydantic's complaint into a place in the file and a plain sentence."""
    kind, context = details["type"], details.get("ctx", {})
    model = tuple(key for key in details["loc"][:-1] if isinstance(key, str))
    place = in_file(details["loc"])
    value = look_up(document, place)
    own = words(kind, place, value)
    if own is not None:
        return own
    if place == ("schema",):
        found = "is missing" if kind == "missing" else f"is {quote(value)}"
        return place, f"{found}; write schema = 1, the format that this version reads"
    match kind:
        case "extra_forbidden":
            known = [field.alias or name for name, field in models[model].model_fields.items()]
            problem = f"is not a setting; {did_you_mean(str(place[-1]), known)}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            problem = f"{_PATTERNS.get(pattern, f'must match {pattern}')}, not {quote(value)}"
        case _:
            problem = _PROBLEMS.get(kind, "{msg}").format(
                msg=details["msg"], value=quote(value), **context
            )
    return place, problem


def _without(document: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """Return a copy with None for every value that has a fault."""
    sound = copy.deepcopy(dict(document))
    for (*tables, last), _ in faults:
        if look_up(sound, (*tables, last)) is not None:
            look_up(sound, tuple(tables))[last] = None
    return sound


def look_up(document: Any, place: Place) -> Any:
    """Return the value at a place; None where there is none."""
    value: Any = document
    for key in place:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
