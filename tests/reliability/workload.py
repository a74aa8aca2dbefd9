"""What the writers of these tests record: entries that look like a trial's, from a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from escalation.ledger import Draft

__all__ = ["NAME", "START", "batch", "moment"]

NAME = "Dr A. Example"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def moment(number: int) -> datetime:
    """Return when batch ``number`` is recorded: a minute and a bit after the one before."""
    return START + timedelta(seconds=61.000013 * number)


def batch(number: int, *, size: int, bulk: int = 0, writer: str = "") -> list[Draft]:
    """Return the drafts of one append.

    Parameters
    ----------
    number : int
        Of the append; it is in every draft, so that half an append would be seen.
    size : int
        How many drafts.
    bulk : int
        Characters of a narrative, to make an entry larger than a page of the database.
    writer : str
        Who appends, where there are several.
    """
    return [
        Draft(
            kind="outcome-recorded",
            version=1,
            data={
                "batch": number,
                "part": part,
                "of": size,
                "writer": writer,
                "subject": f"S{number:03d}",
                "dlt": number % 5 == 0,
                "grade": number % 4 + 1,
                "narrative": _prose(number, bulk),
            },
        )
        for part in range(1, size + 1)
    ]


def _prose(number: int, length: int) -> str:
    """Return text that no compression and no luck makes equal to another entry's."""
    words = (f"{number * 7919 + at * 104729:x}" for at in range(length // 4 + 1))
    return " ".join(words)[:length]
