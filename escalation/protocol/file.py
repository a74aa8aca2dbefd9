"""The border: everything that can be wrong with a protocol file, found at once, in plain words.

Types are pydantic's to check; the rules that join several settings are checked on whatever the
types have left sound, so that one report names both.
"""

from __future__ import annotations

import copy
import json
import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from escalation.designs import DESIGNS
from escalation.errors import ProtocolError, did_you_mean
from escalation.protocol.models import protocol_models
from escalation.protocol.protocol import Protocol
from escalation.protocol.rules import Fault, Place, find_broken_rules, quote
from escalation.protocol.tables import FRACTION, FRACTION_WORDS, NAME, PAIR, PAIR_WORDS
from escalation.text import LINE

__all__ = ["MAX_BYTES", "find_faults", "parse_protocol"]

MAX_BYTES = 200_000
MAX_LINE = 5_000  # a dotted key of 100 kB takes the TOML reader gigabytes
_UNREADABLE = "not a protocol file: nested too deep, or a number too long"


def parse_protocol(data: bytes, source: str) -> Protocol:
    """Read and check a protocol that is not a shipped one.

    Parameters
    ----------
    data : bytes
        TOML in UTF-8.
    source : str
        The file's name, for the message.

    Raises
    ------
    ProtocolError
        With every fault.
    """
    document = _read_toml(data, source)
    faults = find_faults(document)
    if faults:
        raise ProtocolError(source, faults)
    return Protocol.from_document(document)


def _read_toml(data: bytes, source: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise ProtocolError(source, [f"larger than {MAX_BYTES} bytes: not a protocol file"])
    try:
        text = data.decode("utf-8-sig")
        if max(map(len, text.splitlines()), default=0) > MAX_LINE:
            fault = f"a line is longer than {MAX_LINE} characters: not a protocol file"
            raise ProtocolError(source, [fault])
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = f"line {line}: not UTF-8 text; a protocol file is TOML in UTF-8"
        raise ProtocolError(source, [fault]) from error
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(source, [_toml_fault(str(error))]) from error
    except (RecursionError, ValueError) as error:
        raise ProtocolError(source, [_UNREADABLE]) from error
    if not document:
        fault = "empty; `escalation protocol init FILE` writes a template to start from"
        raise ProtocolError(source, [fault])
    return document


def _toml_fault(message: str) -> str:
    """Put the place that tomllib names last first, in ASCII."""
    problem, _, place = message.partition(" (at ")
    place = place.rstrip(")")
    where = f"{place}: " if re.match(r"line|end", place) else ""
    return f"{where}not TOML: {problem}".encode("ascii", "backslashreplace").decode("ascii")


def find_faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every fault of a document read from TOML, each ``"place: what is wrong"``.

    Parameters
    ----------
    document : mapping
        As ``tomllib`` gives it.

    Returns
    -------
    tuple of str
        In the order of the file; empty for a sound document.
    """
    try:
        # no setting is a date: as NaN it is refused wherever it stands
        text = json.dumps(document, default=lambda _: math.nan)
    except (RecursionError, ValueError):
        return (_UNREADABLE,)
    faults: list[Fault] = []
    try:
        protocol_models()[()].model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # to pydantic a list is short where its entries have faults, which are told themselves
        wrong = {details["loc"][:-1] for details in found} | {
            details["loc"][:-2] for details in found
        }
        faults = [
            _translate(details, document)
            for details in found
            if details["type"] != "too_short" or details["loc"] not in wrong
        ]
    faults += find_broken_rules(_without(document, faults), {place[0] for place, _ in faults})
    order = ["schema", "name", *document]
    faults.sort(key=lambda fault: _position(fault[0], order))
    return tuple(f"{_write_place(place)}: {problem}" for place, problem in faults)


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


def _translate(details: ErrorDetails, document: Mapping[str, Any]) -> Fault:
    """Turn pydantic's complaint into a place in the file and a plain sentence."""
    kind, context = details["type"], details.get("ctx", {})
    place: Place = details["loc"]
    model = tuple(key for key in place[:-1] if isinstance(key, str))
    if place[0] == "design":
        place = place[:1] + place[2:]  # pydantic adds the design's name
    value = _look_up(document, place)
    if place == ("schema",):
        found = "is missing" if kind == "missing" else f"is {quote(value)}"
        return place, f"{found}; write schema = 1, the format that this version reads"
    match kind:
        case "extra_forbidden":
            known = [f.alias or name for name, f in protocol_models()[model].model_fields.items()]
            problem = f"is not a setting; {did_you_mean(str(place[-1]), known)}"
        case "union_tag_not_found":
            place, problem = ("design", "name"), f"is missing; known: {', '.join(DESIGNS)}"
        case "union_tag_invalid":
            hint = did_you_mean(str(value["name"]), DESIGNS)
            problem = f"no design is called {quote(value['name'])}; {hint}"
            place = ("design", "name")
        case "string_type" if place[0] == "expansion":
            problem = f"{FRACTION_WORDS}, not {quote(value)}"
        case "string_pattern_mismatch":
            problem = f"{_PATTERNS[context['pattern']]}, not {quote(value)}"
        case _:
            problem = _PROBLEMS.get(kind, "{msg}").format(
                msg=details["msg"], value=quote(value), **context
            )
    return place, problem


def _without(document: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """Return a copy with None for every value that has a fault."""
    sound = copy.deepcopy(dict(document))
    for (*tables, last), _ in faults:
        if _look_up(sound, (*tables, last)) is not None:
            _look_up(sound, tuple(tables))[last] = None
    return sound


def _look_up(document: Any, place: Place) -> Any:
    """Return the value at a place; None where there is none."""
    value: Any = document
    for key in place:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _write_place(place: Place) -> str:
    """Write a place: ``levels[2].dose``, and keys that TOML has to quote in quotes."""
    written = ""
    for key in place:
        if isinstance(key, int):
            written += f"[{key}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
            written += "." * bool(written) + (key if bare else quote(key))
    return written
