"""What can be recorded from the page: one form an act, in order, by the name in its address."""

from __future__ import annotations

from escalation.web.acts import committee, keys, office
from escalation.web.acts.base import Act
from escalation.web.acts.patients import Enrol

__all__ = ["ACTS"]

ACTS: dict[str, type[Act]] = {
    act.name: act
    for act in (
        Enrol,
        # the committee, its keys and its office
        committee.Freeze,
        committee.Decide,
        committee.CastVote,
        committee.Propose,
        committee.Approve,
        committee.Review,
        committee.Circulate,
        keys.SignByKey,
        keys.RegisterKey,
        keys.RevokeKey,
        office.Delegate,
        office.Revoke,
        office.Hold,
        office.Resume,
        office.Amend,
        office.Close,
    )
}
