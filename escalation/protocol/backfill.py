"""Backfill: where a protocol lets more be treated below the current level, and who counts.

Each cohort of the escalation opens up to ``per_cohort`` backfill places at every level below it,
from ``from_level`` up, until ``max_per_level`` have been treated there or ``stop_at_rate`` closes
the level. By the scheme of Zhao et al. (2024), BF-BOIN, a level opens after a response there and
closes by BOIN's own boundary, and BOIN judges levels whose data are in conflict together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from escalation.designs.base import NOBODY, Decision
from escalation.designs.replay import Backfilling
from escalation.errors import InputError
from escalation.outcomes import FollowUp, Tally
from escalation.protocol.expansion import BoundaryStatus, judge_expansion
from escalation.protocol.protocol import Protocol
from escalation.protocol.tables import ExpansionMonitoring

if TYPE_CHECKING:
    from escalation.designs.interval.boin import Boin

__all__ = [
    "backfilling_of",
    "counted_tallies",
    "counts_backfill",
    "decide_with_backfill",
    "follows_responses",
    "is_closed_to_backfill",
    "n_backfill_places",
    "open_after_responses",
]


def n_backfill_places(
    protocol: Protocol,
    level: int,
    current: int,
    treated: Tally,
    backfilled: Tally,
    *,
    n_since: int = 0,
) -> int:
    """Return how many backfill places a cohort of the escalation opens at a level below it.

    Parameters
    ----------
    protocol : Protocol
    level : int
        0-based, of the backfill.
    current : int
        0-based level of the escalation's cohort.
    treated, backfilled : Tally
        All patients at the level, and those of its backfill.
    n_since : int
        How many of these have taken their place since the escalation's cohort was opened.
    """
    table = protocol.backfill
    if table.max_per_level is None or not _lowest(protocol) <= level < current:
        return 0
    if follows_responses(protocol):
        return max(table.max_per_level + 1 - treated.n_patients, 0)
    if is_closed_to_backfill(protocol, treated):
        return 0
    left = table.per_cohort - n_since, table.max_per_level - backfilled.n_patients
    return max(min(left), 0)


def follows_responses(protocol: Protocol) -> bool:
    """Tell whether levels open to backfill after a response (Zhao et al. 2024)."""
    table = protocol.backfill
    return table.max_per_level is not None and table.scheme == "zhao2024"


def open_after_responses(
    protocol: Protocol,
    current: int,
    escalation: Sequence[Tally],
    backfill: Sequence[Tally],
    responded: Sequence[bool],
) -> tuple[int, ...]:
    """Return the 0-based levels that are open to backfill by Zhao et al. (2024), lowest first.

    There was a response at the level; no more than ``max_per_level`` patients are there already;
    and its DLTs, or those of the level and the next one up together, are fewer than would make BOIN
    de-escalate. Where they are not, neither that level nor one above it is open.

    Parameters
    ----------
    protocol : Protocol
        One that follows responses.
    current : int
        0-based level of the escalation's cohort, below which levels are backfilled.
    escalation, backfill : sequence of Tally
        What has been seen at each level, lowest first.
    responded : sequence of bool
        Whether a patient of the escalation has responded at each level.
    """
    design = _boin(protocol)
    together = _together(escalation, backfill)
    found: list[int] = []
    for level in range(_lowest(protocol), current):
        both = together[level].plus(together[level + 1])
        if not any(_is_below_boundary(design, tally) for tally in (together[level], both)):
            break
        places = n_backfill_places(protocol, level, current, together[level], backfill[level])
        if responded[level] and places:
            found.append(level)
    return tuple(found)


def _is_below_boundary(design: Boin, tally: Tally) -> bool:
    """Tell whether the DLTs known are fewer than would make the design de-escalate."""
    n = tally.n_evaluable
    return n == 0 or tally.n_dlts < _fewest_too_many(design, n)


@lru_cache(maxsize=1024)
def _fewest_too_many(design: Boin, n: int) -> int:
    return design.boundaries(n)[1]


def is_closed_to_backfill(protocol: Protocol, treated: Tally) -> bool:
    """Tell whether the DLT rate among all patients at a level closes it to backfill.

    With patients pending it does when it does however they turn out.
    """
    monitoring = ExpansionMonitoring(stop_at_rate=protocol.backfill.stop_at_rate)
    return judge_expansion(monitoring, treated) is BoundaryStatus.REACHED


def decide_with_backfill(
    protocol: Protocol,
    escalation: Sequence[Tally],
    backfill: Sequence[Tally],
    level: int,
    last: Tally = NOBODY,
    *,
    follow_up: Sequence[FollowUp] = (),
    beside: Sequence[FollowUp] = (),
) -> Decision:
    """Ask the design, counting backfill at the decisions that the protocol names.

    Parameters
    ----------
    protocol : Protocol
    escalation, backfill : sequence of Tally, length L
        What has been seen at each level, lowest first.
    level : int
        0-based level of the escalation's last cohort.
    last : Tally
        That cohort, for a design that remembers it.
    follow_up, beside : sequence of FollowUp
        Of the escalation and of backfill, for a design that asks for it.
    """
    if follows_responses(protocol):
        return _decide_pooled(protocol, escalation, backfill, level)
    counts = counts_backfill(protocol, escalation, level, last, follow_up=follow_up)
    counted = _together(escalation, backfill) if counts else tuple(escalation)
    known = (*follow_up, *beside) if counts else follow_up
    return protocol.design.decide(counted, level, last, known)


def _decide_pooled(
    protocol: Protocol, escalation: Sequence[Tally], backfill: Sequence[Tally], level: int
) -> Decision:
    """Decide with the backfill whose outcome is known; nobody waits for the rest of it."""
    from escalation.designs.interval.pooled import PooledBoin  # noqa: PLC0415  # few ask for it

    known = [replace(tally, n_pending=0) for tally in backfill]
    n_backfill = sum(tally.n_evaluable for tally in known)
    design = PooledBoin.of(_boin(protocol), n_backfill)
    return design.decide(_together(escalation, known), level)


def _boin(protocol: Protocol) -> Boin:
    from escalation.designs.interval.boin import Boin  # noqa: PLC0415  # few ask for it

    if not isinstance(protocol.design, Boin) or protocol.design.titration:
        raise InputError(
            'backfill by the scheme "zhao2024" needs the design "boin" without titration, not '
            f"{protocol.design.name}"
        )
    return protocol.design


def counted_tallies(
    protocol: Protocol,
    escalation: Sequence[Tally],
    backfill: Sequence[Tally],
    level: int,
    last: Tally = NOBODY,
    *,
    follow_up: Sequence[FollowUp] = (),
) -> tuple[Tally, ...]:
    """Return what the design counts at each level at the decision that is due."""
    if counts_backfill(protocol, escalation, level, last, follow_up=follow_up):
        return _together(escalation, backfill)
    return tuple(escalation)


def _together(escalation: Sequence[Tally], backfill: Sequence[Tally]) -> tuple[Tally, ...]:
    return tuple(own.plus(more) for own, more in zip(escalation, backfill, strict=True))


def counts_backfill(
    protocol: Protocol,
    escalation: Sequence[Tally],
    level: int,
    last: Tally = NOBODY,
    *,
    follow_up: Sequence[FollowUp] = (),
) -> bool:
    """Tell whether backfill counts at the decision that is due."""
    if protocol.backfill.counted == "final decision":
        return protocol.design.decide(escalation, level, last, follow_up).has_ended
    return protocol.backfill.counted == "every decision"


def backfilling_of(protocol: Protocol) -> Backfilling | None:
    """Return what a protocol says of backfill, as a replay asks for it; None without backfill."""
    if protocol.backfill.max_per_level is None:
        return None
    return Backfilling(
        decide=partial(decide_with_backfill, protocol),
        places=partial(n_backfill_places, protocol),
    )


def _lowest(protocol: Protocol) -> int:
    """Return the 0-based lowest level that is backfilled."""
    label = protocol.backfill.from_level
    return 0 if label is None else protocol.labels.index(label)
