"""Reference data of the interval designs, read from tests/data."""

import csv
from collections.abc import Iterator
from pathlib import Path

from escalation.outcomes import Tally

DATA = Path(__file__).parent.parent / "data"


def rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def whole(text: str) -> int | None:
    return int(text) if text else None


def tallies(row: dict[str, str]) -> list[Tally]:
    pairs = zip(row["n"].split(";"), row["dlt"].split(";"), strict=True)
    return [Tally(n_evaluable=int(n), n_dlts=int(x)) for n, x in pairs]


def only(found: list[str]) -> None:
    """Fail with the first few of what should not have been found."""
    assert not found, f"{len(found)} rows differ, as {'; '.join(found[:5])}"
