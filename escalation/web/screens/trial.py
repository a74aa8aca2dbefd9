"""A trial: how it stands, and each of its patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from flask import Blueprint, abort, current_app, g, render_template, url_for
from markupsafe import Markup

from escalation.protocol import Protocol
from escalation.reports.trial.next import say_next, say_of, say_place
from escalation.reports.trial.outlook import describe_outlook, outlook
from escalation.reports.trial.patients import patient_blocks
from escalation.reports.trial.status import (
    Answer,
    describe_rule,
    level_part,
    list_remarks,
    say_enrolled,
    say_events,
    say_halts,
    say_protocol,
    say_screened,
    say_where,
)
from escalation.reports.trial.subject import subject_blocks, subject_entries
from escalation.reports.view import Block, Heading, Item, Items, Paragraph
from escalation.trial import NextPatient, TrialState
from escalation.trial.patients.next_patient import next_patients
from escalation.trial.rule import rule_says
from escalation.web.access import READS, may_not, needs
from escalation.web.acts import ACTS
from escalation.web.acts.base import Act
from escalation.web.blocks import say, write
from escalation.web.desk import desk
from escalation.web.screens.figures import pictures_of
from escalation.web.screens.record import Line, lines_of

__all__ = ["screens"]

screens = Blueprint("trial", __name__, url_prefix="/t/<trial>")


class Next(NamedTuple):
    """Whether the next patient of a cohort can be dosed, as a page says it."""

    yes: bool
    which: str  # cohort, where there are several
    said: Markup
    who: str
    place: Sequence[Markup]
    obstacles: Sequence[Markup]
    notes: Sequence[Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page of a trial shows.

    Attributes
    ----------
    enrolled : str
    halts : sequence of Markup
        What keeps anybody from being treated.
    answer : Answer or None
        What the rule says; None without a protocol that can be read.
    nexts : sequence of Next
    parts : mapping of str to Markup
        Blocks that are written, by name.
    """

    enrolled: str
    halts: Sequence[Markup] = ()
    answer: Answer | None = None
    nexts: Sequence[Next] = ()
    parts: Mapping[str, Markup]


@screens.get("/")
@needs(READS)
def status(trial: str) -> str:
    """Show how the trial stands."""
    here, there = g.trial, desk(current_app)
    on = there.today(here.state)

    def make() -> Shown:
        return _shown(here.state, on)

    shown = there.made((trial, here.seq, here.state.head, on, "trial"), make)
    return render_template(
        "trial/status.html",
        on=on,
        shown=shown,
        acts=_offered(),
        pictures=pictures_of(here, on),
    )


def _shown(state: TrialState, on: date) -> Shown:
    protocol = state.protocol
    parts = {
        "about": write(map(Paragraph, (*say_screened(state), *say_protocol(state)))),
        "remarks": write(_remarks(state, on)),
    }
    enrolled = say_enrolled(state)
    if protocol is None:
        return Shown(enrolled=enrolled, parts=parts)
    parts["outlook"] = write(_outlook(state, protocol))
    parts["where"] = write(map(Paragraph, say_where(state, protocol)))
    parts["levels"] = write(level_part(state, protocol))
    parts["patients"] = write(_patients(state, on))
    answer = describe_rule(state, protocol)
    found = next_patients(state, on)
    return Shown(
        enrolled=enrolled,
        halts=_say(say_halts(state, on)),
        answer=Answer(say(answer.said), say(answer.why), _say(answer.about)),
        nexts=[_next(one, protocol, alone=len(found) == 1) for one in found],
        parts=parts,
    )


def _say(texts: Iterable[str]) -> list[Markup]:
    return [say(text) for text in texts]


def _next(found: NextPatient, protocol: Protocol, *, alone: bool) -> Next:
    has_place = found.yes or found.slot is not None
    return Next(
        yes=found.yes,
        which="" if alone else say_of(found),
        said=say(say_next(found)),
        who=found.subject or "the next patient",
        place=_say(say_place(found, protocol, ask=False) if has_place else ()),
        obstacles=_say(obstacle.text for obstacle in found.obstacles),
        notes=_say(found.notes),
    )


def _outlook(state: TrialState, protocol: Protocol) -> Iterator[Block]:
    """Yield what can still change the answer: lines that belong to the one above as a list."""
    below: list[Item] = []
    for text in describe_outlook(outlook(state), rule_says(state), protocol):
        if text.startswith("  "):
            below.append(Item(text.strip()))
            continue
        yield from [Items(below)] if below else []
        below = []
        yield Paragraph(text)
    yield from [Items(below)] if below else []


def _patients(state: TrialState, on: date) -> Iterator[Block]:
    yield from patient_blocks(state, on)
    if any(subject.events for subject in state.subjects.values()):
        yield Paragraph(say_events(state))


def _remarks(state: TrialState, on: date) -> Iterator[Block]:
    for title, nothing, remarks in list_remarks(state, on):
        yield Heading(title, 2)
        if remarks:
            yield Items([Item(remark.text) for remark in remarks])
        else:
            yield Paragraph(f"{nothing[0].upper()}{nothing[1:]}.")


def _offered(subject: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """Return the acts that whoever asks may do, by group: what is done, and where."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for act in ACTS.values():
        if may_not(g.trial.state, g.person, act.task) is not None:
            continue
        if subject is None or _is_about_subject(act):
            address = url_for(
                "recording.fill_in", trial=g.trial.trial, act=act.name, subject=subject
            )
            groups.setdefault(act.group, []).append((act.title, address))
    return groups


def _is_about_subject(act: type[Act]) -> bool:
    return hasattr(act, "subject")


@screens.get("/patients/<subject>")
@needs(READS)
def patient(trial: str, subject: str) -> str:
    """Show a patient: what is known, the events, and every entry."""
    here, there = g.trial, desk(current_app)
    state = here.state
    if subject not in state.subjects:
        abort(404)
    known = state.subjects[subject]
    on = there.today(state, known.sites[-1][1] if known.sites else None)

    def make() -> tuple[Markup, Sequence[Line]]:
        entries = subject_entries(here.entries, state, known.id)
        return write(subject_blocks(known, state, on)), lines_of(entries, state)

    key = (trial, here.seq, state.head, on, "patient", known.id)
    facts, lines = there.made(key, make)
    return render_template(
        "trial/patient.html",
        subject=known.id,
        facts=facts,
        lines=lines,
        acts=_offered(known.id),
    )
