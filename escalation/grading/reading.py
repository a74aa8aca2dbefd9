"""Observations as people type them: ``temperature=38.5 vasopressors=1 oxygen="nasal 6"``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from escalation.dataclass import dataclass
from escalation.errors import InputError, did_you_mean, printable
from escalation.grading.astct import (
    ICE_POINTS,
    Consciousness,
    CrsObservations,
    IcansObservations,
    Oedema,
    Oxygen,
    Seizure,
    grade_crs,
    grade_icans,
)
from escalation.grading.grade import Grade
from escalation.grading.icaht import grade_early_icaht

__all__ = ["SCALES", "Scale", "grade_observations", "read_observations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A scale by which a category of events is graded from observations.

    Attributes
    ----------
    name, version : str
        As they are stored with the grade.
    example : str
        An observation as it is typed.
    """

    name: str
    version: str
    example: str


SCALES = {
    "crs": Scale(name="ASTCT", version="2019", example="temperature=38.5"),
    "icans": Scale(name="ASTCT", version="2019", example="ice=7"),
    "icaht": Scale(name="EHA/EBMT ICAHT", version="2023", example="5=0.4, day 5 with 0.4 x 10^9/L"),
}
"""By category."""


def read_observations(category: str, words: Sequence[str]) -> dict[str, Any]:
    """Read observations into what can be stored and graded.

    Parameters
    ----------
    category : str
        ``crs``, ``icans`` or ``icaht``, in large letters or small.
    words : sequence of str
        Each ``name=value``; for ``icaht`` each ``day=count``. What was not assessed is left out, or
        has the value ``unknown``.

    Returns
    -------
    dict of str to object
        Numbers, words, true or false, without what was not assessed.

    Raises
    ------
    InputError
        Which names what cannot be read, and what would be right.

    Examples
    --------
    >>> read_observations("CRS", ["temperature=38.5", "vasopressors=0", "oxygen=nasal 6"])
    {'temperature': 38.5, 'vasopressors': 0, 'oxygen': 'nasal', 'oxygen_l_min': 6.0}
    """
    key = _find_scale(category)
    read: dict[str, Any] = {}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not (name and equals and value):
            example = SCALES[key].example
            raise InputError(f'"{printable(word)}" must be NAME=VALUE, such as {example}')
        found = _read_count(name, value) if key == "icaht" else _read_sign(key, name, value)
        twice = sorted(found.keys() & read.keys())
        if twice:
            raise InputError(f"{printable(twice[0])} is given twice")
        read |= found
    observations = {name: value for name, value in read.items() if value is not None}
    grade_observations(key, observations)
    return observations


def grade_observations(category: str, observations: Mapping[str, Any]) -> Grade:
    """Grade observations as ``read_observations`` returns them.

    Raises
    ------
    InputError
        For observations that cannot be, and a category that is not graded from them.

    Examples
    --------
    >>> observed = {"temperature": 38.5, "vasopressors": 0, "oxygen": "nasal", "oxygen_l_min": 6.0}
    >>> grade_observations("crs", observed).text
    'grade at least 2: low-flow nasal oxygen, 6 L/min; not assessed: vasopressin'
    """
    match _find_scale(category):
        case "crs":
            return grade_crs(CrsObservations(**_with_words(observations)))
        case "icans":
            return grade_icans(IcansObservations(**_with_words(observations)))
    return grade_early_icaht([(int(day), count) for day, count in observations.items()])


def _find_scale(category: str) -> str:
    key = category.strip().casefold()
    if key not in SCALES:
        known = ", ".join(SCALES)
        raise InputError(f"{printable(category)} is not graded from observations; known: {known}")
    return key


_WORDS: dict[str, type[StrEnum]] = {
    "oxygen": Oxygen,
    "consciousness": Consciousness,
    "seizure": Seizure,
    "oedema": Oedema,
}


def _with_words(observations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _WORDS[name](value) if name in _WORDS else value
        for name, value in observations.items()
    }


def _read_count(name: str, value: str) -> dict[str, Any]:
    if not re.fullmatch(r"-?[0-9]{1,4}", name):
        raise InputError(f"{printable(name)} must be the number of a day after the infusion, day 0")
    return {str(int(name)): None if value.casefold() == "unknown" else _number(name, value)}


def _read_sign(category: str, name: str, value: str) -> dict[str, Any]:
    readers = _READERS[category]
    field = name.casefold().replace("-", "_")
    if field not in readers:
        known = [known.replace("_", "-") for known in readers]
        problem = f"{printable(name)} is not an observation of {category}"
        raise InputError(f"{problem}; {did_you_mean(name, known)}")
    if value.casefold() == "unknown":
        return {} if field in _TRUE_OR_FALSE else {field: None}
    if field == "oxygen":
        return _oxygen(value)
    return {field: readers[field](name, value)}


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name}: {printable(value)} must be a number, such as 38.5")
    return number


def _whole(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", value):
        raise InputError(f"{name}: {printable(value)} must be a whole number")
    return int(value)


def _yes(name: str, value: str) -> bool:
    answers = {"yes": True, "no": False}
    if value.casefold() not in answers:
        raise InputError(f"{name}: {printable(value)} must be yes, no or unknown")
    return answers[value.casefold()]


def _word(name: str, value: str) -> str:
    words = [str(word) for word in _WORDS[name.casefold()]]
    word = "-".join(value.casefold().split())
    if word not in words:
        problem = f'{name}: "{printable(value)}" is not known'
        raise InputError(f"{problem}; {did_you_mean(word, words)}")
    return word


def _oxygen(value: str) -> dict[str, Any]:
    """Read how oxygen is given and its flow: ``nasal 6``."""
    device = re.split(r"[0-9]", value, maxsplit=1)[0].rstrip()
    flow = value.removeprefix(device).strip()
    read: dict[str, Any] = {"oxygen": _word("oxygen", device)}
    if flow:
        litres = re.sub(r" *l/min$", "", flow, flags=re.IGNORECASE)
        read["oxygen_l_min"] = _number("oxygen", litres)
    return read


_READERS: dict[str, dict[str, Callable[[str, str], Any]]] = {
    "crs": {
        "temperature": _number,
        "fever_explained": _yes,
        "treated": _yes,
        "hypotension": _yes,
        "vasopressors": _whole,
        "vasopressin": _yes,
        "oxygen": _word,
        "died": _yes,
    },
    "icans": {
        "ice": _whole,
        **dict.fromkeys(ICE_POINTS, _whole),
        "consciousness": _word,
        "sedated": _yes,
        "seizure": _word,
        "deep_focal_weakness": _yes,
        "oedema": _word,
        "died": _yes,
    },
}
_TRUE_OR_FALSE = ("fever_explained", "sedated", "died")  # what is not said of these is no
