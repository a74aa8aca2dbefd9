"""The minutes of a decision: who decided what on which data, how, and who was told when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.reports.documents import Document
from escalation.reports.packet.basis import Basis
from escalation.reports.packet.levels import level_blocks
from escalation.reports.packet.meeting import committee_rows, frozen_rows, say_cutoff, say_decided
from escalation.reports.packet.record import late_data, say_entry
from escalation.reports.packet.votes import HEADS, say_sent, vote_rows
from escalation.reports.view import Block, Heading, Item, Items, Paragraph, Table
from escalation.trial.events import EntryCorrected, RoleDelegated, RoleRevoked
from escalation.trial.rule import describe_choice
from escalation.trial.state import MadeDecision
from escalation.version import __version__

__all__ = ["write_minutes"]


def write_minutes(basis: Basis, made: MadeDecision, then: Basis) -> Document:
    """Return the minutes of a decision as a document.

    Parameters
    ----------
    basis : Basis
        What is known now.
    made : MadeDecision
        The decision, as it stands now.
    then : Basis
        What was known at its cut-off.

    Raises
    ------
    NoProtocolError
        For a trial without a protocol that can be read.
    """
    return Document(
        title=f"Minutes of decision {made.seq}, trial {basis.trial}",
        origin=f"Trial {basis.trial}, minutes of decision {made.seq}, as known at entry "
        f"{basis.last.seq}",
        at=basis.last.at,
        blocks=list(_blocks(basis, made, then)),
        facts={
            "trial": basis.trial,
            "on": str(made.event.on),
            "cutoff": say_cutoff(basis, then.last),
            "entry": str(made.seq),
        },
    )


def _blocks(basis: Basis, made: MadeDecision, then: Basis) -> Iterator[Block]:
    yield Heading(f"Minutes of decision {made.seq}: trial {basis.trial}", 2)
    yield from map(Paragraph, _standing(basis, made))
    yield Heading("Decision", name="decision")
    decided = say_decided(made)
    yield Paragraph(f"{decided[0].upper()}{decided[1:]}.")
    if made.event.rationale is not None:
        yield Paragraph(f'Rationale: "{made.event.rationale}"')
    said = made.event.recommended
    yield Paragraph(f"The rule said: {_say_rule(made)}.")
    yield Paragraph(f"Why: {said.clause}")
    if made.event.overdue:
        yield Paragraph(f"Decided without the overdue outcome of {', '.join(made.event.overdue)}.")
    yield Heading("Meeting", name="meeting")
    yield Table(
        list(_rows(basis, made, then)),
        left=(0, 1),
        n_heads=0,
        prose=True,
        caption="T1 The meeting and its data",
    )
    yield Table(
        [("who", "role", "delegated or revoked", "entry"), *_roles(basis, made)],
        left=(0, 1, 2),
        caption="T1, who had been delegated by then, and when",
    )
    yield Heading("Data at the cut-off", name="data")
    yield from level_blocks(then)
    yield from _late(basis, made)
    yield Heading("Votes and sign-off", name="votes")
    yield Table(
        [HEADS, *vote_rows(basis, made)],
        left=range(len(HEADS)),
        prose=True,
        caption=f"T13 Votes, sign-off and circulation of decision {made.seq}",
    )
    yield from map(Paragraph, say_sent(basis, made))
    yield Paragraph(
        f"Anchor {basis.state.seq}:{basis.state.head}. Written by escalation {__version__}."
    )


def _standing(basis: Basis, made: MadeDecision) -> Iterator[str]:
    if made.approved is not None:
        at = basis.say_time(made.approved.at)
        yield f"Approved by {made.approved.by} on {made.approved.event.on}, recorded {at}."
    elif made.event.chosen.action == "defer":
        yield "The committee deferred its decision."
    else:
        yield "DRAFT: the decision has not been approved."
    successor = basis.state.successor(made)
    if successor is not None:
        yield f"Decision {successor.seq} of {successor.event.on} has taken its place since."


def _say_rule(made: MadeDecision) -> str:
    choice = made.event.recommended.choice
    if choice.action == "defer":
        return "wait for the pending patients"
    return describe_choice(choice, made.protocol)


def _rows(basis: Basis, made: MadeDecision, then: Basis) -> Iterator[Sequence[str]]:
    title = made.protocol.title
    yield "trial", basis.trial + (f": {title}" if title else "")
    yield "protocol", f"{made.protocol.name}, digest {made.protocol.digest}"
    yield "day", str(made.event.on)
    at = basis.entries[made.seq - 1].at
    yield "decided", f"entry {made.seq}, recorded {basis.say_time(at)} by {made.by}"
    yield "data cut-off", say_cutoff(basis, then.last)
    yield "its anchor", f"{then.state.seq}:{then.state.head}"
    yield from frozen_rows(basis, made.event.cutoff)
    yield from committee_rows(then)


def _roles(basis: Basis, made: MadeDecision) -> Iterator[Sequence[str]]:
    for entry in basis.entries[: made.seq]:
        match entry.event:
            case RoleDelegated(on=on, person=person, role=role):
                yield person, str(role), f"delegated on {on}", str(entry.seq)
            case RoleRevoked(on=on, person=person, role=role):
                yield person, str(role), f"revoked on {on}", str(entry.seq)


def _late(basis: Basis, made: MadeDecision) -> Iterator[Block]:
    """Yield what came late: between the last meeting and this one, and since its cut-off."""
    before = basis.last_meeting(made.seq)
    late = [entry for entry in late_data(basis, before) if entry.seq <= made.event.cutoff]
    since = late_data(basis, made)
    since += [
        entry
        for entry in basis.entries[made.event.cutoff :]
        if isinstance(entry.event, EntryCorrected)
    ]
    told = "the last meeting" if before is None else f"decision {before.seq}"
    for entries, which in (
        (late, f"recorded after {told} about days before it"),
        (sorted(since, key=lambda entry: entry.seq), "recorded or corrected since its cut-off"),
    ):
        if not entries:
            yield Paragraph(f"T9 Data {which}: none.")
            continue
        yield Paragraph(f"T9 Data {which}:")
        state = basis.state
        yield Items([Item(text=say_entry(e, state)) for e in entries])
