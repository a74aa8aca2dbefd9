"""What the rule says of a trial, and how a committee's choice compares with it.

The rule is ``Design.decide``, asked here as everywhere. What is added is a committee's freedom: it
may choose otherwise, and ``goes_further`` tells whether that exposes patients to more than the
rule would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from escalation.designs.base import Action, Decision
from escalation.errors import EscalationError
from escalation.labels import Label
from escalation.outcomes import FollowUp, Tally, last_tally
from escalation.protocol import Protocol, counts_backfill, decide_with_backfill
from escalation.trial.events import Choice, Purpose, Recommendation
from escalation.trial.patients.follow_up import follow_up_of
from escalation.trial.state import TrialState

__all__ = [
    "NoProtocolError",
    "counted_purposes",
    "counted_tallies",
    "describe_choice",
    "follow_up",
    "forbids_one_more",
    "goes_further",
    "is_as_said",
    "recommend",
    "rule_says",
]


class NoProtocolError(EscalationError):
    """A question to the rule of a trial that has no protocol that can be read."""

    def __init__(self) -> None:
        super().__init__("the trial has no protocol that can be read, so the rule cannot be asked")


def rule_says(state: TrialState, on: date | None = None) -> Decision:
    """Ask the rule of the protocol in force about everybody dosed so far who counts.

    The expansion never counts, and backfill only where the protocol says so; nor does anybody
    treated at a level before an amendment reopened it.

    Parameters
    ----------
    state : TrialState
    on : date, optional
        Until when pending patients have been followed, for a design that asks for it; the last day
        that the data name unless given.

    Raises
    ------
    NoProtocolError
        Before the trial is registered.
    """
    if state.protocol is None:
        raise NoProtocolError
    escalation, level, last = _escalation(state, state.protocol)
    backfill = state.tallies(Purpose.BACKFILL, set_aside=False)
    return decide_with_backfill(
        state.protocol,
        escalation,
        backfill,
        level,
        last,
        follow_up=follow_up(state, Purpose.ESCALATION, on=on),
        beside=follow_up(state, Purpose.BACKFILL, on=on),
    )


def follow_up(
    state: TrialState, *purposes: Purpose, on: date | None = None
) -> tuple[FollowUp, ...]:
    """Return the follow-up that the rule counts of cohorts of these purposes, as ``rule_says``."""
    protocol = state.protocol
    if protocol is None or not protocol.design.asks_follow_up:
        return ()
    counted = (
        (subject, subject.outcome)
        for subject in state.subjects.values()
        if subject.purpose in purposes and subject.set_aside_by is None
    )
    seen = ((subject, outcome) for subject, outcome in counted if outcome is not None)
    return follow_up_of(seen, protocol, state.data_on if on is None else on)


def counted_purposes(state: TrialState, on: date | None = None) -> tuple[Purpose, ...]:
    """Return the purposes of the cohorts that the rule counts at the decision that is due now."""
    protocol = state.protocol
    if protocol is None:
        return (Purpose.ESCALATION,)
    known = follow_up(state, Purpose.ESCALATION, on=on)
    if counts_backfill(protocol, *_escalation(state, protocol), follow_up=known):
        return (Purpose.ESCALATION, Purpose.BACKFILL)
    return (Purpose.ESCALATION,)


def counted_tallies(state: TrialState, on: date | None = None) -> tuple[Tally, ...]:
    """Return what the rule counts at each level, lowest first, at the decision that is due now."""
    return state.tallies(*counted_purposes(state, on), set_aside=False)


def _escalation(state: TrialState, protocol: Protocol) -> tuple[tuple[Tally, ...], int, Tally]:
    """Return what the escalation alone has seen, its 0-based level, and its last cohort."""
    last = state.last_written()
    level = protocol.labels.index(last[-1].label) if last else protocol.design.start
    return state.tallies(Purpose.ESCALATION, set_aside=False), level, last_tally(last)


def recommend(decision: Decision, protocol: Protocol) -> Recommendation:
    """Write a decision with labels, as it is recorded."""
    labels = protocol.labels
    return Recommendation(
        action=decision.action,
        level=None if decision.level is None else labels[decision.level],
        n_to_enrol=decision.n_to_enrol,
        mtd=None if decision.mtd is None else labels[decision.mtd],
        inconclusive=decision.inconclusive,
        clause_id=decision.clause.id,
        clause=decision.clause.text,
    )


def is_as_said(choice: Choice, decision: Decision, protocol: Protocol) -> bool:
    """Tell whether a choice follows the rule: with as many patients as it asks for or allows."""
    said = recommend(decision, protocol).choice
    if choice.action == "enrol" and decision.n_to_enrol <= choice.n_to_enrol <= decision.n_at_most:
        return replace(choice, n_to_enrol=decision.n_to_enrol) == said
    return choice == said


def goes_further(choice: Choice, decision: Decision, labels: Sequence[Label]) -> bool:
    """Tell whether a choice exposes patients to more than the rule, or claims more than it.

    It does if it treats at a higher level, or more patients at the same, or any after the rule has
    stopped the trial; or if it declares an MTD that the rule does not, or a higher one. While the
    rule waits, a choice goes further unless it does not under any answer still possible.

    Parameters
    ----------
    choice : Choice
        With labels.
    decision : Decision
        With 0-based levels, as ``Design.decide`` gives it.
    labels : sequence of int or str
        The ladder's, lowest level first.
    """
    if decision.action is Action.WAIT and decision.possible:
        return any(goes_further(choice, possible, labels) for possible in decision.possible)
    match choice.action:
        case "enrol":
            if decision.level is None:
                return True
            more = labels.index(choice.level) if choice.level in labels else len(labels)
            return (more, choice.n_to_enrol) > (decision.level, decision.n_at_most)
        case "stop" if choice.mtd is not None:
            if decision.mtd is None:
                return True
            return labels.index(choice.mtd) > decision.mtd if choice.mtd in labels else True
    return False


def forbids_one_more(decision: Decision, label: Label, labels: Sequence[Label]) -> bool:
    """Tell whether one more patient at a level goes further than the rule in every way."""
    one_more = Choice(action="enrol", level=label, n_to_enrol=1)
    answers = decision.possible or (decision,)
    return all(goes_further(one_more, answer, labels) for answer in answers)


def describe_choice(choice: Choice, protocol: Protocol) -> str:
    """Say a choice in a few words."""

    def name(label: Label | None) -> str:
        if label in protocol.labels:
            return protocol.describe_level(protocol.labels.index(label))
        return f"level {label}"

    match choice.action:
        case "enrol":
            n = choice.n_to_enrol
            beside = _BESIDE[choice.purpose]
            return f"enrol {n} patient{'s' * (n != 1)}{beside} at {name(choice.level)}"
        case "stop" if choice.purpose is Purpose.BACKFILL:
            return f"end the backfill at {name(choice.level)}"
        case "stop" if choice.purpose is Purpose.EXPANSION:
            return "end the expansion"
        case "stop":
            return "stop, no MTD" if choice.mtd is None else f"stop, the MTD is {name(choice.mtd)}"
        case "resume":
            return "resume enrolment"
    return "defer"


_BESIDE = {
    Purpose.ESCALATION: "",
    Purpose.BACKFILL: " for backfill",
    Purpose.EXPANSION: " for the expansion",
}
