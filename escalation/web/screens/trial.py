"""A trial: how it stands, and each of its patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from flask import Blueprint, abort, current_app, g, render_template, url_for
from markupsafe import Markup

from escalation.dataclass import dataclass
from escalation.protocol import Protocol
from escalation.reports.trial.choices import say_subject
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
from escalation.web.acts.planning import PLANNED
from escalation.web.blocks import say, write
from escalation.web.desk import desk
from escalation.web.screens.figures import pictures_of
from escalation.web.screens.record import Line, lines_of
from escalation.web.screens.recording import is_offered

__all__ = ["offered", "screens"]

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
        acts=offered(on),
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
    parts["outlook"] = write(_outlook(state, protocol, on))
    parts["where"] = write(map(Paragraph, say_where(state, protocol, on)))
    parts["levels"] = write(level_part(state, protocol, on))
    parts["patients"] = write(_patients(state, on))
    answer = describe_rule(state, protocol, on)
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


def _outlook(state: TrialState, protocol: Protocol, on: date) -> Iterator[Block]:
    """Yield what can still change the answer: lines that belong to the one above as a list."""
    below: list[Item] = []
    for text in describe_outlook(outlook(state, on), rule_says(state, on), protocol, elsewhere=""):
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


Offers = Mapping[str, Sequence[tuple[str, str]]]
"""What can be recorded, by group: what is done, and where."""


def offered(on: date, subject: str | None = None) -> Offers:
    """Return what whoever asks may record that there is something to record about.

    What is waited for stands first.

    Of a subject: what can be about them; of the trial: what is begun from here.
    """
    here, there = g.trial, desk(current_app)
    mine = tuple(
        name
        for name, act in ACTS.items()
        if is_offered(act, here.state)
        and (subject is not None or act.group in BEGUN_HERE)
        and may_not(here.state, g.person, act.task) is None
    )

    def make() -> Offers:
        groups: dict[str, list[tuple[bool, str, str]]] = {}
        for name in mine:
            act = ACTS[name]
            for is_due, words, given in _abouts(act, here.state, on, subject):
                address = url_for("recording.fill_in", trial=here.trial, act=name, **given)
                offer = (not is_due, f"{act.title}{words}", address)
                groups.setdefault(act.group, []).append(offer)
        return {
            group: [offer[1:] for offer in sorted(offers, key=itemgetter(0))]  # else as they are
            for group, offers in groups.items()
        }

    key = (here.trial, here.seq, here.state.head, on, "offered", mine, subject)
    return there.made(key, make)


BEGUN_HERE = (
    "Patients",
    PLANNED,
    "Adverse events",
    "Rulings",
)  # the committee's are begun at the meeting


def _abouts(
    act: type[Act], state: TrialState, on: date, subject: str | None
) -> Iterator[tuple[bool, str, dict[str, Any]]]:
    """Yield whom or what an act can be about.

    Whether it is waited for, words after its title, and what fills the form in.
    """
    form = act(formdata=None)
    form.fill(state)
    if act.about == "":
        if subject is None:
            yield False, "", {}
        return
    candidates, due = form.candidates(state, on), form.due(state, on)
    if subject is None:
        for one in due:
            yield True, f": {one.name}", {act.about: one.value}
        yield from [(False, "", {})] if candidates else []
        return
    for candidate in candidates:
        given = {act.about: candidate.value}
        if act.about in ("subject", "at") and candidate.value == subject:
            yield candidate in due, "", given
        elif act.about == "entry" and _is_of(state, candidate.value, subject):
            yield candidate in due, f": {candidate.name}", given


def _is_of(state: TrialState, entry: str, subject: str) -> bool:
    """Tell whether an entry is about a subject."""
    if not entry.isdigit():
        return False
    owner = state.owners.get(int(entry)) or state.charted.get(int(entry), "")
    return state.current_id(owner) == subject


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
        now_in_words=say(f"{say_subject(state, known, on)}."),
        facts=facts,
        lines=lines,
        acts=offered(on, known.id),
    )
