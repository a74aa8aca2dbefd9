"""Lists of numbers as typed on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from escalation.designs.base import MAX_LEVELS
from escalation.errors import InputError
from escalation.text import count
from simulations.scenarios.arguments import show
from simulations.scenarios.scenario import ScenarioError

__all__ = ["parse_doses", "parse_interval", "parse_numbers", "parse_p_dlt", "parse_p_moderate"]


def parse_p_dlt(text: str, option: str = "--p-dlt") -> tuple[float, ...]:
    """Read P(DLT) by level from the command line's ``--p-dlt``.

    Parameters
    ----------
    text : str
        Numbers separated by commas, lowest level first.
    option : str
        What messages call it.

    Raises
    ------
    ScenarioError
        With the value that could not be read.

    Examples
    --------
    >>> parse_p_dlt("0.05, 0.10,0.2")
    (0.05, 0.1, 0.2)
    """
    return _parse_probabilities(option, text)


def parse_p_moderate(text: str, option: str = "--p-moderate") -> tuple[float, ...]:
    """Read P(moderate toxicity | no DLT) by level from ``--p-moderate``, as ``parse_p_dlt``."""
    return _parse_probabilities(option, text)


def _parse_probabilities(option: str, text: str) -> tuple[float, ...]:
    values = []
    for position, item, value in _parse_numbers(option, text):
        if not 0 <= value <= 1:
            raise ScenarioError(
                f"{option}: value {position}, {show(item)}, is not a probability from 0 to 1"
            )
        values.append(value + 0.0)
    return tuple(values)


def parse_doses(text: str) -> tuple[float, ...]:
    """Read the doses of a ladder from the command line's ``--doses``.

    Examples
    --------
    >>> parse_doses("1e6,3e6")
    (1000000.0, 3000000.0)
    """
    doses: list[float] = []
    for position, item, value in _parse_numbers("--doses", text):
        if not value > (doses[-1] if doses else 0):
            raise ScenarioError(
                f"--doses: value {position}, {show(item)}, is not above "
                f"{show(doses[-1]) if doses else 0}; doses are positive and rise"
            )
        doses.append(value)
    return tuple(doses)


def parse_numbers(option: str, text: str) -> tuple[float, ...]:
    """Read any numbers separated by commas; ``option`` is what messages call them.

    Examples
    --------
    >>> parse_numbers("--prior-set mean", "-1.1,0")
    (-1.1, 0.0)
    """
    return tuple(value for _, _, value in _parse_numbers(option, text))


def parse_interval(text: str) -> tuple[float, float]:
    """Read two limits from the command line's ``--interval``.

    Examples
    --------
    >>> parse_interval("0.16,0.33")
    (0.16, 0.33)
    """
    limits = parse_numbers("--interval", text)
    if len(limits) != 2:
        raise InputError(
            f"--interval takes LOW,HIGH, such as 0.16,0.33, not {count(len(limits), 'number')}"
        )
    return limits[0], limits[1]


# float() would also read "nan", "1_000" and other scripts' digits
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _parse_numbers(option: str, text: str) -> Iterator[tuple[int, str, float]]:
    """Yield position from 1, text and value of each number."""
    items = [item.strip() for item in text.split(",")]
    if items == [""]:
        raise ScenarioError(f"{option}: empty; write numbers separated by commas, lowest first")
    if len(items) > MAX_LEVELS:
        raise ScenarioError(f"{option}: {len(items)} values; a ladder has at most {MAX_LEVELS}")
    for position, item in enumerate(items, start=1):
        if not item:
            raise ScenarioError(f"{option}: value {position} is empty; remove the extra comma")
        value = float(item) if _NUMBER.fullmatch(item) else math.nan
        if not math.isfinite(value):  # 1e999 is infinite
            raise ScenarioError(f"{option}: value {position}, {show(item)}, is not a number")
        yield position, item, value
