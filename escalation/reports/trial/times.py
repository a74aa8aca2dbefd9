"""A moment as people read it: UTC, and what the clock says at the sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

__all__ = ["say_time", "say_time_briefly"]


def say_time(at: datetime, zones: Mapping[str, str]) -> str:
    """Say a moment in UTC, and by the clock of every site, whose zones are given.

    Examples
    --------
    >>> say_time(datetime(2026, 5, 27, 20, tzinfo=UTC), {"Ulm": "Europe/Berlin"})
    '2026-05-27 20:00 UTC; at Ulm 2026-05-27 22:00 (Europe/Berlin)'
    """
    said = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    for site, name, there in _clocks(at, zones):
        said += f"; at {site} {there:%Y-%m-%d %H:%M} ({name})"
    return said


def say_time_briefly(at: datetime, zones: Mapping[str, str]) -> Iterator[str]:
    """Yield a moment in UTC, then by the clock of the sites of each zone.

    Examples
    --------
    >>> zones = {"Ulm": "Europe/Berlin", "Bonn": "Europe/Berlin", "Kobe": "Asia/Tokyo"}
    >>> list(say_time_briefly(datetime(2026, 5, 27, 20, tzinfo=UTC), zones))
    ['2026-05-27 20:00 UTC', '22:00 at Ulm, Bonn', '2026-05-28 05:00 at Kobe']
    """
    utc = at.astimezone(UTC)
    yield f"{utc:%Y-%m-%d %H:%M} UTC"
    sites: dict[str, list[str]] = {}
    for site, _, there in _clocks(at, zones):
        day = "" if there.date() == utc.date() else f"{there:%Y-%m-%d} "
        sites.setdefault(f"{day}{there:%H:%M}", []).append(site)
    for time, names in sites.items():
        yield f"{time} at {', '.join(names)}"


def _clocks(at: datetime, zones: Mapping[str, str]) -> Iterator[tuple[str, str, datetime]]:
    for site, name in zones.items():
        try:
            yield site, name, at.astimezone(ZoneInfo(name))
        except (LookupError, ValueError, OSError):  # a machine without this zone
            continue
