"""The question to decide, the rule's answer, and T1: the meeting and the data before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.designs import describe_design
from escalation.protocol import describe_decision
from escalation.reports.packet.basis import Basis
from escalation.reports.trial.follow_up import say_follow_up
from escalation.reports.trial.heading import SOLO
from escalation.reports.trial.roles import say_rules
from escalation.reports.trial.status import say_cohorts, say_decision, say_halts
from escalation.reports.view import Block, Heading, Paragraph, Table
from escalation.text import count
from escalation.trial.beside import declared_mtd
from escalation.trial.committee.tally import say_count, tally_votes, voters
from escalation.trial.events import Purpose, Role
from escalation.trial.halts import standing_pauses
from escalation.trial.review.amendments import list_reopenings
from escalation.trial.rule import describe_choice, rule_says
from escalation.trial.state import MadeDecision, Recorded
from escalation.version import __version__

__all__ = [
    "committee_rows",
    "frozen_rows",
    "list_questions",
    "meeting_blocks",
    "question_blocks",
    "say_cutoff",
    "say_decided",
    "say_rule",
]


def question_blocks(basis: Basis) -> Iterator[Block]:
    """Yield what is asked of the committee, what the rule answers and by which sentence."""
    state, protocol = basis.state, basis.protocol
    yield Heading("Question to decide", name="question")
    yield from map(Paragraph, list_questions(basis))
    yield from map(Paragraph, say_halts(state, basis.on))
    yield Heading("The rule's answer", name="answer")
    yield from map(Paragraph, say_rule(basis))
    yield from map(Paragraph, say_cohorts(state, protocol, basis.on))
    for purpose in Purpose:
        made = state.last_decision(purpose)
        yield from () if made is None else (Paragraph(say_decision(state, made)),)


def say_rule(basis: Basis) -> Iterator[str]:
    """Yield what the rule says, and its sentence."""
    decision = rule_says(basis.state, basis.on)
    yield f"The rule says: {describe_decision(decision, basis.protocol)}"
    yield f"Why: {decision.clause.text}"
    yield from say_follow_up(basis.state, basis.protocol, basis.on)


def list_questions(basis: Basis) -> Iterator[str]:
    """Yield what is asked of the committee."""
    state = basis.state
    if state.closed is not None:
        yield "None: the trial is closed."
        return
    for made in basis.awaited:
        chosen = describe_choice(made.event.chosen, made.protocol)
        voted = say_count(tally_votes(state, made))
        which = f"decision {made.seq} of {made.event.on}"
        yield f"Is {which} to be carried out: {chosen}? It is {voted}."
    if standing_pauses(state, basis.on):
        yield "Is enrolment to be resumed?"
    if state.stopped is not None:
        mtd = declared_mtd(state)
        yield (
            "The escalation has ended. Is anything to be decided on its end"
            + ("?" if mtd is None else f", or on the expansion at level {mtd}?")
        )
    elif not basis.awaited:
        yield from _next_step(basis)


def _next_step(basis: Basis) -> Iterator[str]:
    """Ask what comes next, or say that it is not to be decided yet."""
    decision = rule_says(basis.state, basis.on)
    open_cohort = basis.state.open_cohort
    if open_cohort is not None and basis.state.n_free(open_cohort):
        yield (
            f"None is due: cohort {open_cohort.number} has "
            f"{count(basis.state.n_free(open_cohort), 'free place')}. Is it to go on?"
        )
    elif not decision.settled:
        yield (
            "How is the trial to go on? The rule waits for pending patients: to decide now is to "
            "depart from it."
        )
    else:
        yield "How is the trial to go on: at which level, with how many patients, or not at all?"


def meeting_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T1: who meets, what data, cut off when and checked by whom."""
    yield Table(
        list(_rows(basis)),
        left=(0, 1),
        n_heads=0,
        prose=True,
        caption="T1 The meeting and its data",
    )


def _rows(basis: Basis) -> Iterator[Sequence[str]]:
    state, protocol = basis.state, basis.protocol
    yield "trial", f"{basis.trial}" + (f": {protocol.title}" if protocol.title else "")
    amended = ", ".join(f"{made.seq} ({made.event.on})" for made in state.amendments)
    yield "protocol", f"{protocol.name}, digest {protocol.digest}"
    if amended:
        reopened = " ".join(remark.text for remark in list_reopenings(state))
        yield "amended", f"by entry {amended}. {reopened}".rstrip()
    yield "design", describe_design(protocol.design)
    yield "day", str(basis.on)
    yield "data cut-off", say_cutoff(basis, basis.last)
    yield from frozen_rows(basis, basis.last.seq)
    yield from committee_rows(basis)
    yield "supersedes", _say_superseded(basis)
    yield "anchor", f"{state.seq}:{state.head}"
    yield "written by", f"escalation {__version__}"


def say_cutoff(basis: Basis, last: Recorded) -> str:
    """Say up to which entry the data go, and when and by whom it was recorded."""
    return f"entry {last.seq}, recorded {basis.say_time(last.at)} by {last.by}"


def _say_superseded(basis: Basis) -> str:
    made = basis.last_meeting()
    said = f"every packet of this trial before entry {basis.last.seq}"
    if made is not None:
        said += f"; the last decision, {made.seq}, rested on entries up to {made.event.cutoff}"
    return said


def frozen_rows(basis: Basis, cutoff: int) -> Iterator[Sequence[str]]:
    """Yield up to where the data were frozen by a cut-off, by whom, and what came after."""
    frozen = [(entry, event) for entry, event in basis.state.freezes if event.cutoff <= cutoff]
    if not frozen:
        yield "data frozen", "no: nobody has recorded that the data were checked"
        return
    entry, event = frozen[-1]
    words = "" if event.statement is None else f': "{event.statement}"'
    n_later = sum(seq.seq > event.cutoff for seq in basis.entries if seq.seq <= cutoff)
    n_later -= entry.seq <= cutoff
    later = f"; {n_later} of the entries came after" if n_later else ""
    yield (
        "data frozen",
        f"up to entry {event.cutoff} on {event.on}, checked by {', '.join(event.checked_by)}, "
        f"endorsed by {entry.by} (entry {entry.seq}){words}{later}",
    )


def committee_rows(basis: Basis) -> Iterator[Sequence[str]]:
    """Yield the quorum and who may vote."""
    state = basis.state
    if state.committee.solo:
        yield "quorum", SOLO
        return
    if state.own_votes:
        yield "quorum", say_rules(state)
    else:
        yield "quorum", f"{count(state.quorum, 'vote')}, recorded with the decision"
    listed = [
        f"{name} ({', '.join(role for role in (Role.CHAIR, Role.MEMBER) if role in roles)})"
        for name in voters(state)
        if (roles := state.roles_of(name))
    ]
    yield "may vote", ", ".join(listed) or "nobody has been delegated"


def say_decided(made: MadeDecision) -> str:
    """Say what a decision chose, and how that compares with the rule."""
    chosen = describe_choice(made.event.chosen, made.protocol)
    if made.purpose is not Purpose.ESCALATION:
        foreseen = "not " * made.event.departure
        return f"{chosen}, {foreseen}as the protocol foresees"
    if made.event.departure:
        return f"{chosen}, FURTHER THAN THE RULE WENT"
    return f"{chosen}, {'other than' if made.event.override else 'as'} the rule says"
