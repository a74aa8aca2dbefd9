"""What may stand in an entry: readable names, times in UTC, and JSON that stays as it is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from math import isfinite

from escalation.errors import InputError, printable

__all__ = [
    "canonical",
    "check_json",
    "check_name",
    "check_trial",
    "format_time",
    "is_trial",
    "shown",
]

MAX_NAME = 200
MAX_DEPTH = 50  # of lists and objects within each other

_TRIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")

# ASCII, sorted, without spaces: the same values always give the same text
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def format_time(time: datetime) -> str:
    """Write a time as entries have it.

    Raises
    ------
    InputError
        For a time without a zone, which could mean any of 25 hours, or beyond the calendar.

    Examples
    --------
    >>> format_time(datetime(2026, 11, 24, 23, 32, 1, tzinfo=UTC))
    '2026-11-24T23:32:01.000000Z'
    """
    if time.utcoffset() is None:
        raise InputError(f"time {time} has no time zone; give it with its zone, as UTC")
    try:
        utc = time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise InputError(f"time {time} is before the year 1 or after 9999 in UTC") from error
    return utc.isoformat(timespec="microseconds") + "Z"


def is_trial(text: str) -> bool:
    """Say whether a text can be a trial's id."""
    return _TRIAL.fullmatch(text) is not None


def check_trial(trial: str) -> None:
    """Refuse what cannot be a trial's id.

    Raises
    ------
    InputError
    """
    if not is_trial(trial):
        raise InputError(
            f"trial {shown(trial)} must be 1 to 60 letters, digits, dots, hyphens and "
            "underscores, a letter or digit first"
        )


def check_name(what: str, name: str) -> None:
    """Refuse a name that is empty, too long, or has what a screen does not show.

    Raises
    ------
    InputError
    """
    if not 1 <= len(name) <= MAX_NAME:
        raise InputError(f"{what} {shown(name)} must be a text of 1 to {MAX_NAME} characters")
    if not name.isprintable():
        raise InputError(f"{what} {shown(name)} must be one line of characters that can be seen")
    if name != name.strip():
        raise InputError(f"{what} {shown(name)} must not begin or end with a space")


def check_json(value: object, path: tuple[str | int, ...]) -> None:
    """Refuse what JSON would not keep as it is.

    Parameters
    ----------
    value : object
    path : tuple of str and int
        Where it stands: what messages call the whole, then keys and indices.

    Raises
    ------
    InputError
    """
    match value:
        case None | bool() | str():
            return
        case int() if abs(value) <= 2**53:  # more is read by other programs as another number
            return
        case float() if isfinite(value):
            return
        case int() | float():
            raise InputError(f"{_place(path)} must be a finite number, a whole one at most 2**53")
        case dict() | list() | tuple() if len(path) > MAX_DEPTH:
            raise InputError(f"{_place(path[:5])} is nested more than {MAX_DEPTH} deep")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise InputError(f"{_place(path)} has the key {shown(key)}, which is not text")
                if type(inner) is not str:  # of which most are: nothing can be wrong with text
                    check_json(inner, (*path, key))
        case list() | tuple():
            for place, inner in enumerate(value):
                check_json(inner, (*path, place))
        case _:
            raise InputError(f"{_place(path)} is {shown(value)}, which is not a JSON value")


def _place(path: tuple[str | int, ...]) -> str:
    """Write a place within data as ``data.levels[2].dose``."""
    first, *rest = path
    steps = (f"[{step}]" if isinstance(step, int) else f".{printable(step)}" for step in rest)
    return f"{first}{''.join(steps)}"


def shown(value: object) -> str:
    """Return a value for a message: in ASCII, and not too long."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
