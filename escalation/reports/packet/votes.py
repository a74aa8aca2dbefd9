"""T13: votes, dissent, sign-off and circulation of decisions, and lines for those still to come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date

from escalation.reports.packet.basis import Basis
from escalation.reports.packet.meeting import say_decided
from escalation.reports.trial.heading import SOLO
from escalation.reports.view import Block, Paragraph, Table
from escalation.trial.committee.tally import say_count, tally_votes, voters
from escalation.trial.events import Role, SignedWithKey, Vote
from escalation.trial.state import MadeDecision, Recorded

__all__ = ["HEADS", "say_sent", "say_vote", "vote_blocks", "vote_rows"]

HEADS = ("who", "as", "what", "day", "recorded, UTC", "in their words")
_BLANK = "_" * 14


def vote_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T13 for what is put to the vote, or a form for what will be; then the last decision."""
    awaited, made = basis.awaited, basis.last_meeting()
    for number, decision in enumerate(awaited):
        caption = f"T13 Votes and sign-off: decision {decision.seq} of {decision.event.on}"
        yield _table(basis, decision, caption if not number else caption.replace("T13", "T13,"))
    if not awaited and basis.state.closed is None:
        yield Table(
            [HEADS, *_form(basis)],
            left=range(len(HEADS)),
            prose=True,
            caption="T13 Votes and sign-off at this meeting",
        )
    if made is not None:
        caption = f"T13, of the last decision, {made.seq} of {made.event.on}: {say_decided(made)}"
        yield _table(basis, made, caption)
        yield from map(Paragraph, say_sent(basis, made))


def _table(basis: Basis, made: MadeDecision, caption: str) -> Table:
    return Table(
        [HEADS, *vote_rows(basis, made)], left=range(len(HEADS)), prose=True, caption=caption
    )


def vote_rows(basis: Basis, made: MadeDecision) -> Iterator[Sequence[str]]:
    """Yield who did what about a decision: recorded, voted, signed, sent it; then who has not."""
    state = basis.state
    rationale = "" if made.event.rationale is None else f'"{made.event.rationale}"'
    day, at = str(made.event.on), _say_at(basis.entries[made.seq - 1])
    yield made.by, "recorder", f"recorded it (entry {made.seq})", day, at, rationale
    chairs = {state.person(name) for name in made.chairs}
    if made.own_votes:
        for entry, vote in made.votes:
            role = "chair" if state.person(entry.by) in chairs else "member"
            words = "" if vote.reason is None else f'"{vote.reason}"'
            what = f"{say_vote(vote.vote)} (entry {entry.seq})"
            yield entry.by, role, what, str(vote.on), _say_at(entry), words
    for attendance in made.event.attendees:
        what = say_vote(attendance.vote)
        yield attendance.person, _role(basis, attendance.person), what, day, at, ""
    for signature in made.signatures:
        yield _signed(signature)
    for entry, sent in made.circulated:
        what = f"sent it to {', '.join(sent.to)}"
        yield entry.by, "sender", what, str(sent.on), _say_at(entry), ""
    for name in tally_votes(state, made).outstanding:
        yield name, _role(basis, name), f"vote: {_BLANK}", _BLANK, "", ""
    if made.approved is None and made.event.chosen.action != "defer":
        yield f"chair: {_BLANK}", "approved", "signature", _BLANK, "", ""


def say_vote(vote: Vote) -> str:
    """Say how somebody voted, so that a vote against is not overlooked."""
    return _VOTES[vote]


_VOTES = {
    Vote.FOR: "for",
    Vote.AGAINST: "AGAINST",
    Vote.ABSTAINED: "abstained",
    Vote.PRESENT: "was present",
}


def _signed(signature: Recorded) -> Sequence[str]:
    event = signature.event
    meaning = str(getattr(event, "meaning", ""))
    key = " by key" if isinstance(event, SignedWithKey) else ""
    what = f"signed{key} (entry {signature.seq})"
    return signature.by, meaning, what, str(event.on), _say_at(signature), ""


def _say_at(entry: Recorded) -> str:
    return f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _role(basis: Basis, name: str) -> str:
    """Say the roles that somebody has now; ``guest`` for none."""
    roles = basis.state.roles_of(name)
    return ", ".join(role for role in Role if role in roles) or "guest"


def _form(basis: Basis) -> Iterator[Sequence[str]]:
    """Yield lines to be filled in by those who may vote, and the chair's approval."""
    for name in () if basis.state.committee.solo else voters(basis.state):
        yield name, _role(basis, name), f"vote: {_BLANK}", _BLANK, "", ""
    yield f"chair: {_BLANK}", "approved", "signature", _BLANK, "", ""
    yield _BLANK, "sender", f"sent to: {_BLANK}", _BLANK, "", ""


def say_sent(basis: Basis, made: MadeDecision) -> Iterator[str]:
    """Say how a vote stands, and whether the decision was sent before the next dosing."""
    if made.own_votes and made.protocol.committee.solo:
        yield SOLO
    else:
        yield f"Decision {made.seq} is {say_count(tally_votes(basis.state, made))}."
    if made.approved is None:
        return
    dosed = [
        (subject.dosed_at, subject.id)
        for cohort in basis.state.cohorts
        if cohort.number == made.cohort
        for subject in basis.state.members(cohort)
        if subject.dosed_at is not None
    ]
    sent = [(event.on, entry.seq) for entry, event in made.circulated]
    if not sent:
        said = "It is not recorded to whom it was sent"
        yield f"{said}; {_first(dosed)}." if dosed else f"{said}."
        return
    if dosed:
        when = "before" if min(sent) < min(at for at, _ in dosed) else "AFTER"
        yield f"It was sent {when} the next dosing: {_first(dosed)}."
    else:
        yield "It was sent; nobody has been dosed by it yet."


def _first(dosed: Sequence[tuple[tuple[date, int], str]]) -> str:
    (on, _), name = min(dosed)
    return f"{name} was dosed first, on {on}"
