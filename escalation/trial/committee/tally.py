"""Whether a decision is carried: the votes of a committee, counted by the protocol's rules.

What forbids a vote or an approval is said here once; the commands refuse by it, and the replay of
a ledger that somebody wrote by other means notes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from escalation.dataclass import dataclass
from escalation.protocol import Committee
from escalation.text import count
from escalation.trial.events import Role, Vote
from escalation.trial.people.rights import VOTING, lacks_role
from escalation.trial.rule import describe_choice
from escalation.trial.state import MadeDecision, TrialState

__all__ = [
    "VoteCount",
    "approval_faults",
    "committee_of",
    "last_awaited",
    "list_awaited",
    "only_approver",
    "say_awaited",
    "say_count",
    "tally_votes",
    "vote_faults",
    "voters",
]


Standing = Literal["open", "carried", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCount:
    """The votes on a decision.

    Attributes
    ----------
    n_for, n_against, n_abstained : int
    outstanding : tuple of str
        Who may still vote.
    standing : str
        Whether the votes cast carry it; rejected once no outstanding vote could.
    """

    n_for: int
    n_against: int
    n_abstained: int
    outstanding: tuple[str, ...]
    standing: Standing


def committee_of(made: MadeDecision) -> Committee:
    """Return the rules that a decision is judged by: of the protocol under which it was made."""
    return made.protocol.committee


def voters(state: TrialState) -> tuple[str, ...]:
    """Return who may vote now, in the order of their delegation."""
    return tuple(person for person, roles in state.roles.items() if VOTING & roles)


def tally_votes(state: TrialState, made: MadeDecision) -> VoteCount:
    """Count the votes on a decision.

    A decision of a trial that 0.2.0 began was recorded with its votes, and only if they carried
    it; one of a trial with ``solo = true`` is carried by who recorded it.
    """
    if made.own_votes:
        votes = [vote.vote for _, vote in made.votes]
    else:
        votes = [attendance.vote for attendance in made.event.attendees]
    n_for, n_against = votes.count(Vote.FOR), votes.count(Vote.AGAINST)
    n_abstained = votes.count(Vote.ABSTAINED)
    outstanding = _outstanding(state, made)
    return VoteCount(
        n_for=n_for,
        n_against=n_against,
        n_abstained=n_abstained,
        outstanding=outstanding,
        standing=_stand(state, made, (n_for, n_against, n_abstained), outstanding),
    )


def _outstanding(state: TrialState, made: MadeDecision) -> tuple[str, ...]:
    """Return who may still vote: nobody once it is approved or replaced."""
    approved = made.approved is not None or _is_one_persons(made)
    if approved or state.successor(made) is not None:
        return ()
    voted = {state.person(recorded.by) for recorded, _ in made.votes}
    return tuple(person for person in voters(state) if person not in voted)


def _is_one_persons(made: MadeDecision) -> bool:
    return not made.own_votes or committee_of(made).solo


def _stand(
    state: TrialState, made: MadeDecision, cast: tuple[int, int, int], outstanding: Sequence[str]
) -> Standing:
    if _is_one_persons(made):
        return "carried"
    if made.rejected is not None:
        return "rejected"
    if _carries(made, *cast, chair_voted=bool(made.chairs)):
        return "carried"
    if state.successor(made) is not None:
        return "open"  # replaced before it was voted on to the end
    n_for, n_against, n_abstained = cast
    chairs = [person for person in outstanding if Role.CHAIR in state.roles_of(person)]
    best = (n_for + len(outstanding), n_against, n_abstained)
    return "open" if _carries(made, *best, chair_voted=bool(made.chairs or chairs)) else "rejected"


def _carries(
    made: MadeDecision, n_for: int, n_against: int, n_abstained: int, *, chair_voted: bool
) -> bool:
    rules = committee_of(made)
    part = rules.override_majority if made.event.override else rules.majority
    numerator, denominator = map(int, part.split("/"))
    return (
        n_for + n_against + n_abstained >= rules.quorum
        and (chair_voted or not rules.chair_needed)
        and n_for * denominator > numerator * (n_for + n_against)
    )


def say_count(tally: VoteCount) -> str:
    """Say how a vote stands: ``carried by 2 against 0``, or what is still awaited."""
    if tally.standing == "rejected":
        return f"rejected by {tally.n_against} against {tally.n_for}"
    if tally.standing == "carried":
        return f"carried by {tally.n_for} against {tally.n_against}"
    cast = f"{tally.n_for} for and {tally.n_against} against"
    if tally.n_abstained:
        cast += f", {tally.n_abstained} abstained"
    awaited = ", ".join(tally.outstanding)
    return f"not carried yet: {cast}" + (f"; still to vote: {awaited}" if awaited else "")


def last_awaited(state: TrialState) -> MadeDecision | None:
    """Return the decision that somebody means who names none: the last that may be approved.

    The last of all, where none is awaited; None where none was made.
    """
    awaited = list_awaited(state)
    last = state.decisions[-1] if state.decisions else None
    return awaited[-1] if awaited else last


def say_awaited(state: TrialState) -> str | None:
    """Say that somebody has to name a decision, where several are awaited."""
    awaited = [
        f"{made.seq} ({describe_choice(made.event.chosen, made.protocol)})"
        for made in list_awaited(state)
    ]
    if len(awaited) < 2:
        return None
    return f"Decisions {', '.join(awaited[:-1])} and {awaited[-1]} are awaited: say which."


def list_awaited(state: TrialState) -> list[MadeDecision]:
    """Return the decisions that stand, each the last about its own, and may still be approved."""
    return [
        made
        for made in map(state.decisions.__getitem__, sorted(state.last_about.values()))
        if made.approved is None
        and (made.event.chosen.action != "defer" or made is state.decisions[-1])
        and tally_votes(state, made).standing != "rejected"
    ]


def vote_faults(state: TrialState, made: MadeDecision, voter: str) -> Iterator[str]:
    """Yield what forbids a person to vote on a decision."""
    lacking = lacks_role(voter, state.roles_of(voter), "vote")
    if lacking is not None:
        yield lacking
    if not made.own_votes:
        yield f"Decision {made.seq} was recorded with its votes."
    elif committee_of(made).solo:
        yield f"Decision {made.seq} is one person's, as the protocol says."
    if any(state.person(recorded.by) == state.person(voter) for recorded, _ in made.votes):
        yield f"{voter} has voted on decision {made.seq}."
    successor = state.successor(made)
    if made.approved is not None:
        yield f"Decision {made.seq} was approved by entry {made.approved.seq}."
    elif successor is not None:
        yield f"Decision {successor.seq} has taken the place of decision {made.seq}."


def only_approver(state: TrialState, made: MadeDecision) -> str | None:
    """Say that nobody can approve a decision but who recorded it, and may not; None if not so."""
    able = [
        person
        for person, roles in state.roles.items()
        if lacks_role(person, roles, "sign as approved") is None
    ]
    may = _is_one_persons(made) or committee_of(made).recorder_may_approve
    if may or made.event.chosen.action == "defer" or able != [state.person(made.by)]:
        return None
    return (
        f"Nobody could approve decision {made.seq}: {made.by} recorded it, and nobody else is "
        "chair. Let a statistician or member record it."
    )


def approval_faults(state: TrialState, made: MadeDecision, approver: str) -> Iterator[str]:
    """Yield what forbids a person to approve a decision, beside a role and later data."""
    rules = committee_of(made)
    if _is_one_persons(made):
        return
    tally = tally_votes(state, made)
    if tally.standing != "carried":
        needed = count(rules.quorum, "vote")
        yield f"Decision {made.seq} is {say_count(tally)} (the quorum is {needed})."
    if not rules.recorder_may_approve and state.person(made.by) == state.person(approver):
        yield (
            f"{approver} recorded decision {made.seq}: someone else has to approve it "
            "(recorder_may_approve is false in the protocol)."
        )
