"""What has changed between two studies, said place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from simulations.scenarios.arguments import show

__all__ = ["find_changes"]

MOST = 8


def find_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say where two documents differ, the first places only.

    Examples
    --------
    >>> find_changes({"trials": 100, "designs": {"a": 1}}, {"trials": 200, "designs": {}})
    ['trials: 100 before, 200 now', 'designs "a" was left out']
    """
    found = list(islice(_changes("", before, now), MOST + 1))
    if len(found) > MOST:
        found[MOST:] = ["and more"]
    return found or ["the order of its tables"]


def _changes(place: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            if key == "order" or (key == "name" and not place):
                continue
            is_named = place in ("designs", "scenarios", "timing")
            here = f'{place} "{key}"' if is_named else f"{place}.{key}" if place else key
            if key not in now:
                yield f"{here} was left out"
            elif key not in before:
                yield f"{here} is new"
            else:
                yield from _changes(here, before[key], now[key])
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for i, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from _changes(f"{place}[{i}]", old, new)
    elif before != now:
        yield f"{place}: {show(before)} before, {show(now)} now"
