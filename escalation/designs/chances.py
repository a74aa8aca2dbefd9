"""How probable each way is in which pending patients can turn out, where follow-up is known.

P(DLT) at each level is the design's estimate as of now. A DLT is assumed to come at any moment of
the window alike, so a patient followed for a share s of it without one still has one with
p (1 - s) / (1 - p s); nobody is assumed to be lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from escalation.designs.base import NOBODY, Decision, Design
from escalation.designs.pending import count_resolutions, resolve_with_last
from escalation.nearness import is_same
from escalation.outcomes import FollowUp, Tally

__all__ = ["ASSUMED", "Chances", "chances_of", "p_late_dlt"]

MAX_WAYS = 2_000
ASSUMED = (
    "P(DLT) is the design's estimate as of now, a DLT comes at any moment of the window alike, and "
    "nobody is lost."
)


def p_late_dlt(p: float, share: float) -> float:
    """Return P(a DLT is still to come) of a patient without one after a share of the window.

    Examples
    --------
    >>> p_late_dlt(0.25, 0), round(p_late_dlt(0.25, 0.5), 4), p_late_dlt(0.25, 1)
    (0.25, 0.1429, 0.0)
    """
    return 0.0 if is_same(p * share, 1) else p * (1 - share) / (1 - p * share)


class Chances:
    """The probabilities of the ways in which pending patients can turn out.

    Parameters
    ----------
    tallies, level, last, follow_up
        As for ``Design.decide``. Of the patients pending at the level of the last cohort, those
        followed least are its own.
    p_dlt : sequence of float
        At each level.
    """

    def __init__(
        self,
        tallies: Sequence[Tally],
        level: int,
        last: Tally,
        follow_up: Sequence[FollowUp],
        *,
        p_dlt: Sequence[float],
    ) -> None:
        self._tallies, self._level, self._last = tuple(tallies), level, last
        pending = [one for one in follow_up if not one.has_dlt]
        shares = [
            sorted(one.share for one in pending if one.level == place)
            for place in range(len(tallies))
        ]
        own = shares[level][: last.n_pending]
        shares[level] = shares[level][last.n_pending :]
        self._rest = [
            _n_dlts([p_late_dlt(p, share) for share in followed])
            for p, followed in zip(p_dlt, shares, strict=True)
        ]
        self._own = _n_dlts([p_late_dlt(p_dlt[level], share) for share in own])

    def of(self, ways: Sequence[Tally], cohort: Tally) -> float:
        """Return the probability of a way, as ``resolve_with_last`` yields it."""
        own = cohort.n_dlts - self._last.n_dlts
        chance = self._own[own]
        for place, (now, then) in enumerate(zip(self._tallies, ways, strict=True)):
            n_dlts = then.n_dlts - now.n_dlts - (own if place == self._level else 0)
            chance *= self._rest[place][n_dlts]
        return chance


def _n_dlts(chances: Sequence[float]) -> list[float]:
    """Return P(0 DLTs), P(1), ... among patients with a probability each."""
    found = [1.0]
    for p in chances:
        found = [
            without * (1 - p) + with_one * p
            for without, with_one in zip([*found, 0.0], [0.0, *found], strict=True)
        ]
    return found


def chances_of(
    design: Design,
    tallies: Sequence[Tally],
    level: int,
    last: Tally = NOBODY,
    follow_up: Sequence[FollowUp] = (),
) -> dict[tuple[object, ...], float] | None:
    """Return how probable each answer is, once all who are pending have been followed to the end.

    By what an answer says apart from its clause (``Decision.said``); None where follow-up is not
    known, or there are too many ways to be asked about.
    """
    p_dlt = design.p_dlt_while_pending(tallies, follow_up)
    if p_dlt is None or not follow_up:
        return None
    if count_resolutions(tallies) > MAX_WAYS:
        return None
    last = last if design.remembers else NOBODY
    chances = Chances(tallies, level, last, follow_up, p_dlt=p_dlt)
    resolved = list(resolve_with_last(tallies, level, last))
    design.prepare(ways for ways, _ in resolved)
    found: dict[tuple[object, ...], float] = {}
    for ways, cohort in resolved:
        answer: Decision = design.decide(ways, level, cohort)
        found[answer.said] = found.get(answer.said, 0.0) + chances.of(ways, cohort)
    return found
