"""Many states of trials at once, with follow-up, as a design's ``follow_up_digest`` is asked."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["FollowedStates"]


class FollowedStates(NamedTuple):
    """Arrays with an entry a state.

    Attributes
    ----------
    n_evaluable, n_dlts : int array, shape (N, L)
        At each level.
    level, memory : int array, shape (N,)
        The level of the last cohort, and what ``remember`` returns of it.
    pending_level : int array, shape (N, P)
        Of each pending patient; -1 where there are fewer.
    pending_share : float array, shape (N, P)
        Which share of the window each has been followed.
    dlt_share : float array, shape (N, D), or None
        At which share of the window each DLT came, NaN where there are fewer; adaptive weights need
        it.
    """

    n_evaluable: Any
    n_dlts: Any
    level: Any
    memory: Any
    pending_level: Any
    pending_share: Any
    dlt_share: Any = None
