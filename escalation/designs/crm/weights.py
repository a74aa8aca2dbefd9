"""How much a pending patient counts as one without a DLT: the weights of the TITE-CRM."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal

from escalation.outcomes import FollowUp

__all__ = ["Scheme", "weigh", "weigh_adaptively"]

Scheme = Literal["linear", "adaptive"]


def weigh(follow_up: Iterable[FollowUp], scheme: Scheme) -> list[tuple[int, float]]:
    """Return level and weight of every pending patient, sorted: their order leaves no trace.

    With the linear scheme the weight is the share of the window that has been followed. The
    adaptive one takes from the DLTs so far when they come: see ``weigh_adaptively``. A DLT whose
    day is not known tells it nothing.
    """
    pending, dlts = [], []
    for one in follow_up:
        if one.has_dlt:
            dlts.append(one.share)
        else:
            pending.append((one.level, one.share))
    if scheme == "adaptive":
        dlts.sort()
        pending = [(level, weigh_adaptively(share, dlts)) for level, share in pending]
    return sorted(pending)


def weigh_adaptively(share: float, dlts: Sequence[float]) -> float:
    """Return the adaptive weight of a patient followed for a share of the window.

    It rises with the share of the DLTs that had come by then, linearly from each to the next: with
    z DLTs, m of them by f, it is (m + (f - s_m) / (s_m+1 - s_m)) / (z + 1), where s_0 is the start
    of the window and s_z+1 its end.

    Parameters
    ----------
    share : float
    dlts : sequence of float
        When the DLTs came, as shares of the window, increasing.

    Examples
    --------
    >>> weigh_adaptively(0.5, []), weigh_adaptively(0.5, [0.75])
    (0.5, 0.3333333333333333)
    """
    if share >= 1:
        return 1.0
    m = bisect_right(dlts, share)
    before = dlts[m - 1] if m else 0.0
    after = dlts[m] if m < len(dlts) else 1.0
    return (m + (share - before) / (after - before)) / (len(dlts) + 1)
