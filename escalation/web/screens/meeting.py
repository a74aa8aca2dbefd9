"""The committee's meeting: what is asked of whoever reads, then the steps, each with its forms."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, g, render_template, request
from markupsafe import Markup

from escalation.protocol import describe_decision
from escalation.reports.packet import Basis
from escalation.reports.packet.meeting import list_questions, say_rule
from escalation.reports.packet.rule import pending_blocks
from escalation.reports.packet.steps import asks_of, list_steps, name_decision
from escalation.reports.trial.status import say_halts
from escalation.reports.view import Block, Paragraph
from escalation.trial import rule_says
from escalation.trial.committee.tally import say_awaited
from escalation.trial.people.rights import MAY
from escalation.trial.state import MadeDecision
from escalation.web.access import READS, may_not, needs
from escalation.web.asking import asked
from escalation.web.blocks import write
from escalation.web.desk import desk
from escalation.web.screens.documents import missing_formats

__all__ = ["screens"]

screens = Blueprint("meeting", __name__, url_prefix="/t/<trial>")


@screens.get("/meeting")
@needs(READS)
def show(trial: str) -> str:
    """Show the meeting about a decision: one that is named, the awaited one, or the next."""
    here, there = g.trial, desk(current_app)
    state, on = here.state, there.today(here.state)
    basis = Basis(state=state, entries=here.entries, trial=trial, on=on)
    made = _about(basis)
    decision = rule_says(state, on)
    return render_template(
        "meeting/show.html",
        made=made,
        on=on if made is None else made.event.on,
        asks=list(asks_of(basis, g.person, there.now())),
        top=there.made((trial, here.seq, state.head, on, "meeting"), lambda: _top(basis)),
        steps=list_steps(basis, made, there.now()),
        write=write,
        awaited=[(one.seq, name_decision(one)) for one in basis.awaited],
        several=say_awaited(state),
        decisions=[(one.seq, name_decision(one)) for one in reversed(state.decisions)],
        may={task for task in MAY if may_not(state, g.person, task) is None},
        follow=describe_decision(decision, basis.protocol) if decision.settled else None,
        missing=missing_formats(),
    )


def _about(basis: Basis) -> MadeDecision | None:
    """Return the decision that the page is about; None for the next one."""
    if request.args.get("decision") == "next":
        return None
    named = asked("decision", None, int)
    if named is not None:
        return basis.state.find_decision(named) or abort(404)
    awaited = basis.awaited
    return awaited[-1] if awaited else None


def _top(basis: Basis) -> Markup:
    """Write the question, the rule's answer, and what the pending can still change."""
    said = [*list_questions(basis), *say_halts(basis.state, basis.on), *say_rule(basis)]
    blocks: list[Block] = [*map(Paragraph, said), *pending_blocks(basis)]
    return write(blocks)
