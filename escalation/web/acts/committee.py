"""The committee: it freezes the data, decides, votes, signs, and sends what it decided."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import ClassVar

from flask import current_app, g

from escalation.errors import RefusedError
from escalation.labels import Label
from escalation.protocol import describe_decision
from escalation.reports.packet.steps import name_decision
from escalation.text import with_powers
from escalation.tracker import Command
from escalation.trial import (
    TrialState,
    cast_vote,
    circulate_decision,
    decide,
    freeze_data,
    rule_says,
    sign,
)
from escalation.trial.beside import at_mtd, find_misfit
from escalation.trial.committee.tally import last_awaited, list_awaited
from escalation.trial.events import Attendance, Choice, Meaning, Purpose, Vote
from escalation.trial.halts import standing_pauses
from escalation.trial.people.rights import VOTING
from escalation.trial.state import MadeDecision
from escalation.web.acts.base import Act, Answers
from escalation.web.acts.fields import (
    TODAY,
    Choices,
    boxes,
    chosen,
    day,
    line,
    paragraph,
    radio,
    whole,
)
from escalation.web.desk import desk

__all__ = ["Approve", "CastVote", "Circulate", "Decide", "Freeze", "Propose", "Review"]

COMMITTEE = "Committee"


def _people(state: TrialState) -> Choices:
    """Yield everybody who has a role, with their roles."""
    for name, roles in state.roles.items():
        if roles:
            yield name, f"{name} ({', '.join(sorted(roles))})"


class Freeze(Act):
    """The data are checked up to the last entry."""

    name = "freeze"
    title = "Freeze the data"
    lead = (
        "Everything recorded so far was checked, and you endorse it. Somebody else has to have "
        "checked it."
    )
    group = COMMITTEE
    task = "freeze the data"

    answers: ClassVar[Answers] = {"checked them": "checked_by", "statement": "statement"}

    checked_by = boxes("Checked by")
    statement = paragraph("Statement", "In the investigator's words, if wanted.")
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer everybody else who has a role."""
        me = state.person(g.person)
        self.checked_by.choices = [one for one in _people(state) if one[0] != me]

    def command(self, state: TrialState) -> Command:
        """Ask for the freeze."""
        return partial(
            freeze_data,
            checked_by=tuple(self.checked_by.data or ()),
            statement=self.statement.data,
        )


class Decide(Act):
    """What the committee chose, put to the vote."""

    name = "decide"
    title = "Put a decision to the vote"
    lead = "It rests on everything recorded so far. Each member then votes for themselves."
    group = COMMITTEE
    task = "record a decision"

    answers: ClassVar[Answers] = {
        "rationale": "rationale",
        "at which level": "level",
        "how many patients": "number",
        "places": "number",
        "attended": "attended",
        "quorum": "attended",
    }

    choice = radio("Decision")
    level = chosen("Level", "For a decision that names a level.")
    number = whole("Patients", "How many, where patients are to be treated.")
    rationale = paragraph("Rationale", "Needed to choose otherwise than the rule, or to resume.")
    attended = boxes("Who is there")
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer what can be decided in the trial as it stands."""
        protocol = state.protocol
        labels = () if protocol is None else protocol.labels
        named = (
            []
            if protocol is None
            else [
                (str(label), with_powers(protocol.describe_level(place)))
                for place, label in enumerate(labels)
            ]
        )
        self.level.choices = [("", "none"), *named]
        self.choice.choices = list(self._offers(state))
        if protocol is not None:
            said = describe_decision(rule_says(state, self._day(state)), protocol)
            self.choice.description = f"The rule says: {with_powers(said)}"
        if state.own_votes:
            self.attended.choices = list(_people(state))
        else:  # a trial that 0.2.0 began: the votes are recorded with the decision
            self.attended.label.text = "Who was there, and how they voted"
            self.attended.choices = [
                (f"{name}={vote}", f"{said}: {vote}")
                for name, said in _people(state)
                for vote in (Vote if VOTING & state.roles_of(name) else (Vote.PRESENT,))
            ]

    def _day(self, state: TrialState) -> date:
        """Return the day of the decision: the one given, or today at the site."""
        given = self.on.data
        return given if isinstance(given, date) else desk(current_app).today(state)

    def _offers(self, state: TrialState) -> Choices:
        if state.protocol is None:
            return
        decision = rule_says(state, self._day(state))
        if decision.settled:
            said = describe_decision(decision, state.protocol)
            yield "follow", f"As the rule says: {with_powers(said)}"
        yield "level", "Treat patients at a level"
        labels = state.protocol.labels
        for value, said, possible in (
            ("backfill", "Backfill: more patients at a level below the current one",
             [Choice(action="enrol", level=label, n_to_enrol=1, purpose=Purpose.BACKFILL)
              for label in labels]),
            ("expand", "Expansion: more patients at the declared MTD",
             [Choice(action="enrol", n_to_enrol=1, purpose=Purpose.EXPANSION)]),
            ("end-backfill", "End the backfill of a level",
             [Choice(action="stop", level=label, purpose=Purpose.BACKFILL) for label in labels]),
            ("end-expansion", "End the expansion",
             [Choice(action="stop", purpose=Purpose.EXPANSION)]),
        ):  # fmt: skip
            if any(find_misfit(state, at_mtd(state, choice)) is None for choice in possible):
                yield value, said
        yield "mtd", "Stop: a level is the MTD"
        yield "stop", "Stop without an MTD"
        yield "defer", "Defer: decide another day"
        today = desk(current_app).today(state)
        if state.held is not None or standing_pauses(state, today):
            yield "resume", "Resume enrolment after a pause"

    def command(self, state: TrialState) -> Command:
        """Ask for the decision."""
        return partial(
            decide,
            choice=self._choice(state),
            rationale=self.rationale.data,
            attendees=tuple(map(_attendance, self.attended.data or ())),
        )

    def _choice(self, state: TrialState) -> Choice | None:
        chosen, number = self.choice.data, self.number.data
        level, labels = None, () if state.protocol is None else state.protocol.labels
        if chosen in ("level", "backfill", "end-backfill", "mtd"):
            level = next((label for label in labels if str(label) == self.level.data), None)
            if level is None:
                raise RefusedError("the decision cannot be recorded", ["Say at which level."])
        if chosen in ("level", "backfill", "expand") and number is None:
            raise RefusedError("the decision cannot be recorded", ["Say with how many patients."])
        return _choose(chosen, level, number or 0)


def _choose(chosen: str, level: Label | None, n: int) -> Choice | None:  # noqa: PLR0911
    """Return what was chosen; None to follow the rule."""
    match chosen:
        case "level":
            return Choice(action="enrol", level=level, n_to_enrol=n)
        case "backfill":
            return Choice(action="enrol", level=level, n_to_enrol=n, purpose=Purpose.BACKFILL)
        case "expand":
            return Choice(action="enrol", n_to_enrol=n, purpose=Purpose.EXPANSION)
        case "end-backfill":
            return Choice(action="stop", level=level, purpose=Purpose.BACKFILL)
        case "end-expansion":
            return Choice(action="stop", purpose=Purpose.EXPANSION)
        case "mtd":
            return Choice(action="stop", mtd=level)
        case "stop":
            return Choice(action="stop")
        case "defer":
            return Choice(action="defer")
        case "resume":
            return Choice(action="resume")
    return None


def _attendance(said: str) -> Attendance:
    """Read ``NAME``, or ``NAME=VOTE`` where votes are recorded with the decision."""
    name, equals, vote = said.rpartition("=")
    if equals and vote in list(Vote):
        return Attendance(person=name, vote=Vote(vote))
    return Attendance(person=said, vote=Vote.PRESENT)


# ---------------------------------------------------------------- votes and signatures


def _numbered(decisions: list[MadeDecision], otherwise: str) -> Choices:
    yield "", otherwise
    for made in reversed(decisions):
        yield str(made.seq), with_powers(name_decision(made))


def _awaited(state: TrialState) -> str:
    """Say which decision is meant where none is chosen."""
    return "the one that is awaited" if list_awaited(state) else "none is awaited now"


def _entry(said: str | None) -> int | None:
    """Read an entry's number; of one that is none, the command says that it is not there."""
    if not said:
        return None
    return int(said) if said.isdecimal() and len(said) < 10 else 0


def _about(made: MadeDecision | None) -> str | None:
    """Say what was decided, to be read before it is voted on, signed or sent."""
    return None if made is None else f"{name_decision(made)}."


class CastVote(Act):
    """A member's own vote."""

    name = "vote"
    title = "Vote"
    lead = "You vote for yourself, once. A vote against needs its reason, and stays in the record."
    group = COMMITTEE
    task = "vote"

    answers: ClassVar[Answers] = {"reason": "reason", "say which": "decision"}

    decision = chosen("Decision")
    vote = radio(
        "Your vote", choices=[("for", "For"), ("against", "Against"), ("abstained", "I abstain")]
    )
    reason = paragraph("Reason", "Needed for a vote against.")
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer the decisions that are awaited."""
        self.decision.choices = list(_numbered(list_awaited(state), _awaited(state)))

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say what was decided."""
        named = _entry(self.decision.data)
        return _about(last_awaited(state) if named is None else state.find_decision(named))

    def command(self, state: TrialState) -> Command:
        """Ask for the vote."""
        return partial(
            cast_vote,
            vote=Vote(self.vote.data),
            decision=_entry(self.decision.data),
            reason=self.reason.data,
        )


class _SignDecision(Act):
    """A decision is signed."""

    group = COMMITTEE
    is_signature = True
    meaning: ClassVar[Meaning]

    entry = chosen("Decision")
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer every decision; what may not be signed, the command says."""
        self.entry.choices = list(_numbered(state.decisions, _awaited(state)))

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say what was decided."""
        named = _entry(self.entry.data)
        return _about(last_awaited(state) if named is None else state.find_decision(named))

    def command(self, state: TrialState) -> Command:
        """Ask for the signature."""
        return partial(sign, meaning=self.meaning, entry=_entry(self.entry.data))


class Propose(_SignDecision):
    """Signed by who proposes it."""

    name = "propose"
    title = "Sign a decision as proposed"
    task = "sign as proposed"
    meaning = Meaning.PROPOSED


class Approve(_SignDecision):
    """Signed by the chair: it is carried out."""

    name = "approve"
    title = "Sign a decision as approved"
    lead = "To approve is to carry it out: it opens the cohort, or stops the trial."
    task = "sign as approved"
    meaning = Meaning.APPROVED


class Review(Act):
    """Any entry, signed as reviewed."""

    name = "review"
    title = "Sign an entry as reviewed"
    group = COMMITTEE
    task = "sign as reviewed"
    is_signature = True

    entry = whole("Entry", "As it is numbered in the log; the last one, if left empty.")
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the signature."""
        return partial(sign, meaning=Meaning.REVIEWED, entry=self.entry.data)


class Circulate(Act):
    """To whom an approved decision was sent."""

    name = "circulate"
    title = "Record to whom a decision was sent"
    lead = "Send it first; this records to whom and when."
    group = COMMITTEE
    task = "circulate a decision"

    decision = chosen("Decision")
    to = boxes("Sent to")
    others = line("And to", "Names of others, with commas between.")
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer the approved decisions, and everybody and every site of the trial."""
        approved = [made for made in state.decisions if made.approved is not None]
        self.decision.choices = list(_numbered(approved, "the last one"))
        sites = [(site, f"{site} (site)") for site in state.site_zones]
        self.to.choices = [*_people(state), *sites]

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say what was decided."""
        named = _entry(self.decision.data)
        return None if named is None else _about(state.find_decision(named))

    def command(self, state: TrialState) -> Command:
        """Ask for it to be recorded."""
        others = (name.strip() for name in (self.others.data or "").split(","))
        return partial(
            circulate_decision,
            decision=_entry(self.decision.data),
            to=(*(self.to.data or ()), *filter(None, others)),
        )
