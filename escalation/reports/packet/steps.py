"""A committee's meeting, step by step: what is done, by whom and when, what is next and whose.

``list_steps`` is the same for everybody who reads; ``asks_of`` is what is asked of one person. Both
ask the commands themselves whether they would be refused, and say the commands' reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Literal

from escalation.dataclass import dataclass
from escalation.errors import RefusedError
from escalation.protocol import describe_decision
from escalation.reports.packet.basis import Basis
from escalation.reports.packet.meeting import frozen_rows, list_questions, say_decided
from escalation.reports.packet.record import say_entry
from escalation.reports.packet.votes import say_sent, say_vote
from escalation.reports.trial.heading import SOLO
from escalation.reports.trial.roles import say_rules
from escalation.reports.view import Block, Item, Items, Paragraph, Table
from escalation.trial import (
    Events,
    Recorder,
    TrialState,
    cast_vote,
    circulate_decision,
    decide,
    rule_says,
    sign,
)
from escalation.trial.committee.freeze import unfrozen
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import (
    DecisionCirculated,
    Meaning,
    Role,
    Signed,
    SignedWithKey,
    Vote,
    VoteCast,
)
from escalation.trial.people.access import is_owner
from escalation.trial.people.rights import MAY, lacks_role
from escalation.trial.rule import describe_choice
from escalation.trial.state import MadeDecision

__all__ = ["Ask", "Step", "asks_of", "list_steps", "name_decision"]

StepName = Literal["freeze", "packet", "decide", "vote", "sign", "circulate"]
Standing = Literal["done", "next", "later", "not needed"]
AskName = Literal[
    "delegate", "freeze", "decide", "vote", "approve", "approve by key", "circulate", "blocked"
]

_MOST_LATER = 12  # entries that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a meeting.

    Attributes
    ----------
    name : str
    title : str
    stands : str
    blocks : tuple of Block
        What is done, by whom and when, and what is missing.
    who : str
        Whose it is: roles, with the people who hold them.
    """

    name: StepName
    title: str
    stands: Standing
    blocks: tuple[Block, ...]
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something that is asked of a person.

    Attributes
    ----------
    name : str
        The act; ``blocked`` for one that would be theirs and is refused.
    what : str
        What to do, in a few words.
    text : str
        About what.
    decision : int or None
        Its entry.
    reasons : tuple of str
        Why it is refused.
    """

    name: AskName
    what: str
    text: str
    decision: int | None = None
    reasons: tuple[str, ...] = ()


def name_decision(made: MadeDecision) -> str:
    """Say which decision it is: ``Decision 49 of 2026-05-04: enrol 3 patients at level 2``."""
    chosen = describe_choice(made.event.chosen, made.protocol)
    return f"Decision {made.seq} of {made.event.on}: {chosen}"


# ---------------------------------------------------------------- the steps


def list_steps(basis: Basis, made: MadeDecision | None, at: datetime) -> list[Step]:
    """Return the steps of the meeting about a decision; of the next one, where none is named.

    Parameters
    ----------
    basis : Basis
    made : MadeDecision or None
    at : datetime
        The time, with its zone.
    """
    return [
        _freezing(basis, made),
        _packet(basis, made),
        _deciding(basis, made, at),
        _voting(basis, made),
        _signing(basis, made, at),
        _circulating(basis, made),
    ]


def _freezing(basis: Basis, made: MadeDecision | None) -> Step:
    state = basis.state
    cutoff = basis.last.seq if made is None else made.event.cutoff
    ((_, said),) = frozen_rows(basis, cutoff)
    blocks: list[Block] = [Paragraph(f"Frozen: {said}.")]
    lacking = unfrozen(state) if made is None else None
    frozen = [event for _, event in state.freezes if event.cutoff <= cutoff]
    if lacking is not None:
        blocks.append(Paragraph(lacking))
    elif not state.committee.freeze_first:
        blocks.append(Paragraph("The protocol does not ask for it before a decision."))
    if made is None:
        at = basis.say_time(basis.last.at)
        blocks.append(Paragraph(f"A decision now rests on entries up to {cutoff}, recorded {at}."))
        since = frozen[-1].cutoff if frozen else None
    else:
        blocks.append(Paragraph(f"Decision {made.seq} rests on entries up to {cutoff}."))
        since = cutoff
    if since is not None:
        blocks += _later(basis, since, made)
    if lacking is not None:
        stands: Standing = "next"
    elif made is None:
        stands = "done" if frozen and state.data_seq <= frozen[-1].cutoff else "not needed"
    else:
        stands = "done" if frozen else "not needed"
    return Step(
        name="freeze",
        title="Freeze the data",
        stands=stands,
        blocks=tuple(blocks),
        who=_who(state, "freeze the data"),
    )


def _later(basis: Basis, cutoff: int, made: MadeDecision | None) -> Iterator[Block]:
    """Say what came after a cut-off, but for what the committee itself did about the decision."""
    own = (VoteCast, DecisionCirculated, Signed, SignedWithKey)
    later = [
        entry
        for entry in basis.entries[cutoff:]
        if not isinstance(entry.event, own) and (made is None or entry.seq != made.seq)
    ]
    if not later:
        yield Paragraph("Nothing came after it.")
        return
    n_data = sum(entry.seq in basis.state.owners for entry in later)
    of_them = f", {n_data} of them about patients" if n_data else ", none of them about a patient"
    n = f"{len(later)} entr{'y' if len(later) == 1 else 'ies'}"
    yield Paragraph(f"After entry {cutoff} came {n}{of_them}:")
    listed = [Item(text=say_entry(entry, basis.state)) for entry in later[-_MOST_LATER:]]
    if len(later) > _MOST_LATER:
        listed.insert(0, Item(text=f"{len(later) - _MOST_LATER} earlier ones: see the log."))
    yield Items(listed)


def _packet(basis: Basis, made: MadeDecision | None) -> Step:
    cutoff = basis.last.seq if made is None else made.event.cutoff
    return Step(
        name="packet",
        title="Read the packet",
        stands="next" if made is None or made.approved is None else "done",
        blocks=(Paragraph(f"Data up to entry {cutoff}."),),
        who="everybody with a role",
    )


def _deciding(basis: Basis, made: MadeDecision | None, at: datetime) -> Step:
    state = basis.state
    blocks: list[Block] = []
    if made is None:
        blocks += map(Paragraph, list_questions(basis))
        stands: Standing = "next" if unfrozen(state) is None else "later"
        if state.closed is not None:
            stands = "not needed"
        reasons = [
            _reasons(partial(decide, choice=None), state, person, basis.on, at)
            for person in _able(state, "record a decision")
        ]
        if reasons and all(reasons):
            blocks.append(Paragraph("What stands in the way of following the rule now:"))
            blocks.append(Items([Item(text=reason) for reason in dict.fromkeys(reasons[0])]))
    else:
        event = made.event
        blocks.append(Paragraph(f"{_begin(say_decided(made))}."))
        blocks.append(
            Paragraph(
                f"Recorded by {made.by} on {event.on} (entry {made.seq}). The rule said: "
                f"{_say_recommended(made)}. {event.recommended.clause}"
            )
        )
        if event.rationale is not None:
            blocks.append(Paragraph(f'Rationale: "{event.rationale}"'))
        if event.overdue:
            overdue = ", ".join(event.overdue)
            blocks.append(Paragraph(f"Decided without the overdue outcome of {overdue}."))
        successor = state.successor(made)
        if successor is not None:
            blocks.append(
                Paragraph(
                    f"Decision {successor.seq} of {successor.event.on} has taken its place since."
                )
            )
        stands = "done"
    return Step(
        name="decide",
        title="Put a decision to the vote",
        stands=stands,
        blocks=tuple(blocks),
        who=_who(state, "record a decision"),
    )


def _say_recommended(made: MadeDecision) -> str:
    choice = made.event.recommended.choice
    if choice.action == "defer":
        return "wait for the pending patients"
    return describe_choice(choice, made.protocol)


def _voting(basis: Basis, made: MadeDecision | None) -> Step:
    state = basis.state
    rules = [Paragraph(SOLO if state.committee.solo else say_rules(state))]
    if made is None:
        return Step(
            name="vote",
            title="Vote",
            stands="not needed" if state.committee.solo or not state.own_votes else "later",
            blocks=tuple(rules),
            who=_who(state, "vote"),
        )
    tally = tally_votes(state, made)
    rows = [
        (entry.by, say_vote(vote.vote), str(vote.on), f"entry {entry.seq}", vote.reason or "")
        for entry, vote in made.votes
    ]
    rows += [
        (attended.person, say_vote(attended.vote), str(made.event.on), f"entry {made.seq}", "")
        for attended in made.event.attendees
    ]
    open_still = tally.standing == "open" and made.approved is None
    blocks: list[Block] = []
    if made.own_votes and made.protocol.committee.solo:
        blocks.append(Paragraph(SOLO))
    else:
        blocks.append(Paragraph(f"Decision {made.seq} is {say_count(tally)}."))
    if rows:
        heads = ("who", "vote", "day", "recorded", "in their words")
        blocks.append(Table([heads, *rows], left=range(len(heads)), prose=True))
    if open_still:
        blocks += rules
    return Step(
        name="vote",
        title="Vote",
        stands="next" if open_still else "done",
        blocks=tuple(blocks),
        who=_who(state, "vote"),
    )


def _signing(basis: Basis, made: MadeDecision | None, at: datetime) -> Step:
    state = basis.state
    blocks: list[Block] = []
    stands: Standing = "later"
    if made is not None:
        signed = [Item(text=say_entry(entry, state)) for entry in made.signatures]
        if signed:
            blocks.append(Items(signed))
        if made.approved is not None:
            when = basis.say_time(made.approved.at)
            blocks.append(Paragraph(f"Approved by {made.approved.by}, recorded {when}."))
            stands = "done"
        elif made.event.chosen.action == "defer":
            blocks.append(Paragraph("A deferral is done once it is made."))
            stands = "not needed"
        else:
            approving = partial(
                sign, meaning=Meaning.APPROVED, entry=made.seq, with_key=state.needs_key
            )
            reasons = {
                person: _reasons(approving, state, person, basis.on, at)
                for person in _able(state, "sign as approved")
            }
            free = [person for person, found in reasons.items() if not found]
            if free:
                blocks.append(Paragraph(f"{' or '.join(free)} may sign it as approved now."))
                stands = "next"
            else:
                blocks.append(Paragraph("It cannot be signed as approved yet:"))
                said = dict.fromkeys(reason for found in reasons.values() for reason in found)
                blocks.append(Items([Item(text=reason) for reason in said]))
    if state.needs_key and stands != "done":
        blocks.append(Paragraph("The protocol asks for a key's signature to approve."))
    return Step(
        name="sign",
        title="Sign",
        stands=stands,
        blocks=tuple(blocks),
        who=_who(state, "sign as approved"),
    )


def _circulating(basis: Basis, made: MadeDecision | None) -> Step:
    state = basis.state
    blocks: list[Block] = []
    stands: Standing = "later"
    if made is not None and made.approved is not None:
        blocks += [
            Paragraph(
                f"{entry.by} sent it to {', '.join(sent.to)} on {sent.on} (entry {entry.seq})."
            )
            for entry, sent in made.circulated
        ]
        _, *said = say_sent(basis, made)
        blocks += map(Paragraph, said)
        stands = "done" if made.circulated else "next"
    elif made is not None and made.event.chosen.action == "defer":
        stands = "not needed"
    if state.committee.circulate_first and stands != "done":
        blocks.append(
            Paragraph(
                "Nobody is dosed at a new level before it is sent round: the protocol says so."
            )
        )
    return Step(
        name="circulate",
        title="Send it round",
        stands=stands,
        blocks=tuple(blocks),
        who=_who(state, "circulate a decision"),
    )


# ---------------------------------------------------------------- what is asked of one person


def asks_of(basis: Basis, person: str, at: datetime) -> Iterator[Ask]:
    """Yield what is asked of a person now, what is most pressing first.

    Parameters
    ----------
    basis : Basis
    person : str
        As the record knows them.
    at : datetime
        The time, with its zone.
    """
    state, on = basis.state, basis.on
    if state.closed is not None:
        return
    refused = partial(_reasons, state=state, person=person, on=on, at=at)
    if not any(state.roles.values()) and is_owner(state, person):
        text = "Nobody has a role yet, and nothing can be recorded without."
        yield Ask(name="delegate", what="Give the roles", text=text)
        return
    for made in basis.awaited:
        if not refused(partial(cast_vote, vote=Vote.FOR, decision=made.seq)):
            yield Ask(name="vote", what="Vote", text=_say_asked(made), decision=made.seq)
    for made in basis.awaited:
        yield from _ask_to_approve(state, made, person, refused)
    for made in _to_circulate(state):
        if not refused(partial(circulate_decision, decision=made.seq, to=("everybody",))):
            text = _say_asked(made)
            yield Ask(name="circulate", what="Send it round", text=text, decision=made.seq)
    lacking = unfrozen(state)
    if (
        lacking is not None
        and lacks_role(person, state.roles_of(person), "freeze the data") is None
    ):
        yield Ask(name="freeze", what="Freeze the data", text=lacking)
    if not basis.awaited and _is_due(state, on):
        reasons = refused(partial(decide, choice=None))
        if not reasons:
            said = describe_decision(rule_says(state, on), basis.protocol)
            text = f"The rule says: {said}"
            yield Ask(name="decide", what="Put a decision to the vote", text=text)
        elif lacks_role(person, state.roles_of(person), "record a decision") is None:
            what, text = "A decision is due", "To follow the rule is not possible yet:"
            yield Ask(name="blocked", what=what, text=text, reasons=reasons)


def _ask_to_approve(
    state: TrialState,
    made: MadeDecision,
    person: str,
    refused: Callable[[Callable[..., Events]], tuple[str, ...]],
) -> Iterator[Ask]:
    """Ask a chair to approve what is carried, or say what stands in the way."""
    if lacks_role(person, state.roles_of(person), "sign as approved") is not None:
        return
    if tally_votes(state, made).standing != "carried":
        return
    with_key = state.needs_key
    reasons = refused(partial(sign, meaning=Meaning.APPROVED, entry=made.seq, with_key=with_key))
    text = _say_asked(made)
    if reasons:
        what = "It cannot be signed as approved"
        yield Ask(name="blocked", what=what, text=text, decision=made.seq, reasons=reasons)
    else:
        name: AskName = "approve by key" if with_key else "approve"
        yield Ask(name=name, what="Sign it as approved", text=text, decision=made.seq)


def _say_asked(made: MadeDecision) -> str:
    """Say a decision, how it compares with the rule, and why it was chosen."""
    why = "" if made.event.rationale is None else f' Rationale: "{made.event.rationale}"'
    return f"Decision {made.seq} of {made.event.on}: {say_decided(made)}.{why}"


def _to_circulate(state: TrialState) -> Iterator[MadeDecision]:
    """Yield the approved decisions in force that nobody has sent."""
    for made in state.decisions:
        if made.approved is not None and not made.circulated and state.successor(made) is None:
            yield made


def _is_due(state: TrialState, on: date) -> bool:
    """Tell whether the rule's answer waits for the committee."""
    cohort = state.open_cohort
    if state.stopped is not None or (cohort is not None and state.n_free(cohort)):
        return False
    return rule_says(state, on).settled


# ---------------------------------------------------------------- who may


def _reasons(
    command: Callable[..., Events], state: TrialState, person: str, on: date, at: datetime
) -> tuple[str, ...]:
    """Return why a person's command would be refused; nothing where it would not."""
    try:
        command(state, Recorder(name=person, on=on, at=at))
    except RefusedError as error:
        return tuple(error.reasons)
    return ()


def _able(state: TrialState, task: str) -> Sequence[str]:
    """Return who holds a role for a task, in the order of delegation."""
    return [person for person, roles in state.roles.items() if MAY[task] & roles]


def _who(state: TrialState, task: str) -> str:
    """Say whose a task is: each role that may, with the people who hold it."""
    said = []
    for role in Role:
        if role in MAY[task]:
            holders = [person for person, roles in state.roles.items() if role in roles]
            said.append(f"{role} ({', '.join(holders) or 'nobody'})")
    return ", ".join(said)


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
