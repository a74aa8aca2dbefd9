"""Reference data of the designs, read from tests/data, and states as they take them."""

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from scipy.stats import beta

from escalation.outcomes import FollowUp, Tally

DATA = Path(__file__).parent.parent / "data"


def rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def whole(text: str) -> int | None:
    return int(text) if text else None


def tallies(row: dict[str, str]) -> list[Tally]:
    pairs = zip(row["n"].split(";"), row["dlt"].split(";"), strict=True)
    return [Tally(n_evaluable=int(n), n_dlts=int(x)) for n, x in pairs]


@cache
def _p_too_toxic(n: int, x: int, target: float, prior: float) -> float:
    return float(beta.sf(target, x + prior, n - x + prior))


def select_as_boin(
    seen: Sequence[tuple[int, int]], target: float, *, fewest: int = 3, prior: float = 1
) -> int | None:
    """Select the MTD as ``select.mtd`` of BOIN does, by scipy and the max-min formula.

    ``seen`` holds patients and DLTs by level. A level is eliminated on the ``fewest`` patients or
    more, under a Beta(prior, prior).
    """
    given: list[tuple[int, float, float]] = []
    for level, (n, x) in enumerate(seen):
        if n >= fewest and _p_too_toxic(n, x, target, prior) > 0.95:
            break
        if n:
            a, b = x + 0.05, n - x + 0.05
            given.append((level, a / (a + b), (a + b) ** 2 * (a + b + 1) / (a * b)))

    def mean(i: int, j: int) -> float:
        part = given[i : j + 1]
        return sum(p * w for _, p, w in part) / sum(w for *_, w in part)

    distances = {}
    for k, (level, _, _) in enumerate(given):
        fit = max(min(mean(i, j) for j in range(k, len(given))) for i in range(k + 1))
        distances[level] = round(abs(fit + 1e-10 * k - target), 12)
    return min(distances, key=distances.__getitem__, default=None)


def only(found: list[str]) -> None:
    """Fail with the first few of what should not have been found."""
    assert not found, f"{len(found)} rows differ, as {'; '.join(found[:5])}"


def with_pending(n_evaluable, n_dlts, pending_level, pending_share):
    """Return the tallies and the follow-up of one state, given as digests take it."""
    there = pending_level[pending_level >= 0]
    seen = [
        Tally(n_evaluable=int(n), n_dlts=int(x), n_pending=int((there == level).sum()))
        for level, (n, x) in enumerate(zip(n_evaluable, n_dlts, strict=True))
    ]
    follow_up = [
        FollowUp(level=int(level), days=float(share), window_days=1)
        for level, share in zip(pending_level, pending_share, strict=True)
        if level >= 0
    ]
    return seen, follow_up
