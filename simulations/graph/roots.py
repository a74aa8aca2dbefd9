"""The roots of a graph: how patients who are pending at the start can turn out."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from escalation.designs.base import Design
from escalation.designs.pending import resolve_with_last
from escalation.outcomes import Tally

__all__ = ["count_ways", "resolve_roots"]


def resolve_roots(
    design: Design, before: Sequence[Tally], level: int, last: Tally
) -> list[tuple[tuple[Tally, ...], Tally]]:
    """Return the ways in which the pending patients can turn out, with the last cohort in each.

    With a DLT or without; moderate toxicities are told apart where one among them makes a
    difference to the design.
    """
    if design.asks_moderate:
        ways = list(resolve_with_last(before, level, last, moderate=True))
        summaries: dict[tuple[tuple[int, int], ...], set[int]] = {}
        for tallies, _ in ways:
            counts = tuple((tally.n_evaluable, tally.n_dlts) for tally in tallies)
            summaries.setdefault(counts, set()).add(design.summarise_moderate(tallies, level))
        if any(len(different) > 1 for different in summaries.values()):
            return ways
    return list(resolve_with_last(before, level, last))


def count_ways(before: Sequence[Tally], resolved: Sequence[Tally]) -> int:
    """Count in how many ways the pending patients of ``before`` turn out as ``resolved``."""
    ways = 1
    for now, then in zip(before, resolved, strict=True):
        n_dlts, n_moderate = then.n_dlts - now.n_dlts, then.n_moderate - now.n_moderate
        ways *= comb(now.n_pending, n_dlts) * comb(now.n_pending - n_dlts, n_moderate)
    return ways
