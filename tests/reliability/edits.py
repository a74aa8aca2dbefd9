"""Single edits of stored entries, with every hash made anew, as a forger who knows how makes them.

A forger keeps what is written readable, and mends the hashes that signatures and votes quote too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from escalation.errors import EscalationError
from escalation.ledger import Entry
from escalation.ledger.entries import GENESIS, HASHED, hash_entry
from escalation.ledger.values import canonical, format_time
from escalation.trial.adverse_events.verdicts import suggest
from escalation.trial.beside import find_departures, find_misfit
from escalation.trial.codec import load_event
from escalation.trial.committee.tally import approval_faults
from escalation.trial.events import (
    AdverseEventAdjudicated,
    DecisionMade,
    Event,
    Meaning,
    Purpose,
    Role,
    Signed,
    SubjectDosed,
    SubjectEnrolled,
    Vote,
)
from escalation.trial.evolve import follow
from escalation.trial.gates import dosing_obstacles, enrolment_obstacles, overdue_subjects
from escalation.trial.people.rights import VOTING, lacks_role
from escalation.trial.rule import goes_further, is_as_said, recommend, rule_says
from escalation.trial.state import Recorded, TrialState

__all__ = ["Edit", "contradicts_itself", "reseal", "single_edits"]

QUOTED = ("entry_hash", "decision_hash")


@dataclass(frozen=True)
class Edit:
    """One value of one entry that was changed."""

    seq: int
    kind: str
    field: str
    was: Any
    becomes: Any
    entries: list[Entry]


def reseal(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries as a chain that is whole, quoted hashes too."""
    made: list[Entry] = []
    new: dict[str, str] = {}
    for entry in entries:
        data = entry.payload
        for name in QUOTED:
            if data.get(name) in new:
                data[name] = new[data[name]]
        last = made[-1].hash if made else GENESIS
        columns = {name: getattr(entry, name) for name in HASHED}
        columns |= {"data": canonical(data), "prev_hash": last}
        made.append(Entry(**columns, hash=hash_entry(columns)))
        new[entry.hash] = made[-1].hash
    return made


def single_edits(entries: Sequence[Entry], random: Random) -> Iterator[Edit]:
    """Yield edits without end: in place of any value of any entry, what could stand there."""
    pool: dict[str, list[Any]] = {}
    for entry in entries:
        for path, value in _leaves(entry.payload):
            pool.setdefault(_name(path), []).append(value)
    people = sorted({entry.recorded_by for entry in entries})
    while True:
        at = random.randrange(len(entries))
        entry = entries[at]
        data = entry.payload
        leaves = [leaf for leaf in _leaves(data) if _name(leaf[0]) not in (*QUOTED, "software")]
        columns: list[tuple[tuple[str | int, ...], Any]] = [
            (("recorded_by",), entry.recorded_by),
            (("recorded_at",), entry.recorded_at),
        ]
        path, was = random.choice([*leaves, *columns])
        if (path, was) in columns:
            if path == ("recorded_by",):
                becomes: Any = random.choice(people)
            else:
                moved = datetime.fromisoformat(was) + timedelta(
                    days=random.choice([-30, -2, 2, 30])
                )
                becomes = format_time(moved)
            edited = entry._replace(**{str(path[0]): becomes})
        else:
            becomes = _other(_name(path), was, pool, random)
            _put(data, path, becomes)
            edited = entry._replace(data=canonical(data))
        if becomes == was:
            continue
        written = _first_version(edited)
        if written is None:
            continue  # nobody would be deceived: it cannot be read
        edited = written
        forged = reseal([*entries[:at], edited, *entries[at + 1 :]])
        yield Edit(entry.seq, entry.kind, _name(path), was, becomes, forged)


def _first_version(edited: Entry) -> Entry | None:
    """Return an edited entry in the version that says it, so that it can be read."""
    first = edited._replace(version=1, data=canonical(_without_later(edited.payload)))
    for written in (edited, edited._replace(version=2), first):
        try:
            load_event(written.kind, written.version, written.data)
        except EscalationError:
            continue
        return written
    return None


_LATER: dict[str, Any] = {"purpose": "escalation", "reopens": [], "height_cm": None}


def _without_later(data: Any) -> Any:
    """Leave out what says nothing that the first version could not say."""
    if isinstance(data, dict):
        kept = {k: v for k, v in data.items() if k not in _LATER or v != _LATER[k]}
        return {key: _without_later(value) for key, value in kept.items()}
    return [_without_later(value) for value in data] if isinstance(data, list) else data


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every value that holds no other, and every list: one can be left out of it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
        return
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    yield path, value


def _name(path: Sequence[str | int]) -> str:
    """Return the last name of a path: ``overdue`` for the second of those overdue too."""
    return next(str(part) for part in reversed(path) if isinstance(part, str))


def _put(data: Any, path: Sequence[Any], value: Any) -> None:
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = value


_WORDS: dict[str, Sequence[Any]] = {
    "outcome": ("T", "N", "X"),
    "role": list(Role),
    "vote": list(Vote),
    "meaning": list(Meaning),
    "action": ("escalate", "stay", "de-escalate", "stop", "wait", "enrol", "defer"),
    "deviation": ("it had been agreed", None),
    "purpose": list(Purpose),
}


def _other(name: str, was: Any, pool: dict[str, list[Any]], random: Random) -> Any:
    others = [value for value in pool[name] if value != was and not isinstance(value, list)]
    choices: Sequence[Any] = others
    if name in _WORDS:
        choices = [None if word is None else str(word) for word in _WORDS[name]]
    elif isinstance(was, bool):
        choices = [not was]
    elif isinstance(was, int):
        choices = [was - 1, was + 1, was + 2]
    elif isinstance(was, float):
        choices = [was * factor for factor in (0.5, 0.9, 1.1, 10)]
    elif isinstance(was, list):
        put_in = {"overdue": ["TJ-001"], "breaches": ["Enrolment is held."]}
        choices = [was[:-1] if was else put_in.get(name, was)]
    elif isinstance(was, str) and _is_day(was):
        choices = [str(date.fromisoformat(was) + timedelta(days=n)) for n in (-20, -1, 1, 20)]
    elif isinstance(was, str) and (not others or random.random() < 0.3):
        choices = [f"{was} indeed"]
    return random.choice(choices or [was])


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


# ---------------------------------------------------------------- what changes a meaning


def contradicts_itself(entries: Sequence[Recorded]) -> bool:
    """Tell whether a decision, an enrolment or a dosing means something else than it says.

    That is so where what it says the program found is not what the entries before it make of it:
    what the rule recommended, the clause, whether the choice went further, who was overdue, which
    gates stood in the way, the cohort and level, the last entry known, what the definition of a
    DLT suggested; or where who recorded, voted, approved or ruled had not the role for it then, or
    the votes did not carry what was approved. It is asked of the rule, the gates, the votes and
    the roles one by one, not of the commands.
    """
    ruled = {(e.at, e.by) for e in entries if isinstance(e.event, AdverseEventAdjudicated)}
    return any(
        _is_wrong(state, recorded)
        for state, recorded in follow(entries)
        if recorded.event.kind not in _FOLLOWS or (recorded.at, recorded.by) not in ruled
    )


_FOLLOWS = ("outcome-recorded", "entry-corrected")  # from a ruling, whose role is asked


def _is_wrong(state: TrialState, recorded: Recorded) -> bool:
    event, by = recorded.event, recorded.by
    task = _task(event)
    if task is not None and lacks_role(by, state.roles_of(by), task):
        return True
    wrong = False
    match event:
        case Signed(meaning=Meaning.APPROVED, entry=entry):
            wrong = _is_wrong_approval(state, by, entry)
        case AdverseEventAdjudicated():
            wrong = _is_wrong_ruling(state, event)
        case DecisionMade():
            wrong = _is_wrong_decision(state, event)
        case SubjectDosed():
            subject = state.subjects.get(event.subject)
            gates = tuple(o.text for o in dosing_obstacles(state, subject, event.on))
            wrong = event.breaches != (gates if event.deviation else ())
        case SubjectEnrolled():
            known = state.subjects.get(event.subject)
            cohort = next((c for c in state.open_cohorts if c.number == event.cohort), None)
            name = event.subject
            found = enrolment_obstacles(state, event.on, known, cohort=cohort, name=name)
            gates = tuple(o.text for o in found)
            wrong = cohort is None or cohort.level != event.level
            wrong = wrong or event.breaches != (gates if event.deviation else ())
    return wrong


def _is_wrong_approval(state: TrialState, by: str, entry: int) -> bool:
    """Tell whether the votes that had been cast by then did not carry a decision."""
    made = next((made for made in state.decisions if made.seq == entry), None)
    return made is None or any(approval_faults(state, made, by))


def _is_wrong_ruling(state: TrialState, ruling: AdverseEventAdjudicated) -> bool:
    event = state.find_event(ruling.entry)
    if event is None:
        return True
    said = suggest(state.subjects[state.owners[ruling.entry]], event, ruling.on)
    return (ruling.suggested, ruling.rule) != (said.verdict, said.rule)


def _task(event: Event) -> str | None:
    if isinstance(event, Signed):
        return f"sign as {event.meaning}"
    return {
        "vote-cast": "vote",
        "decision-circulated": "circulate a decision",
        "ae-recorded": "record adverse events",
        "ae-followed-up": "record adverse events",
        "ae-adjudicated": "adjudicate",
        "decision-made": "record a decision",
        "subject-enrolled": "record patients",
        "subject-dosed": "record patients",
        "outcome-recorded": "record patients",
        "entry-corrected": "record patients",
        "enrolment-held": "hold enrolment",
        "enrolment-resumed": "resume enrolment",
        "protocol-amended": "amend the protocol",
    }.get(event.kind)


def _is_wrong_decision(state: TrialState, made: DecisionMade) -> bool:
    if state.protocol is None:
        return True
    said = rule_says(state)
    right = replace(recommend(said, state.protocol), clause=made.recommended.clause)
    follows = is_as_said(made.chosen, said, state.protocol)
    further = not follows and goes_further(made.chosen, said, state.protocol.labels)
    if made.chosen.purpose is not Purpose.ESCALATION:
        if find_misfit(state, made.chosen):
            return True
        further = bool(find_departures(state, made.chosen))
    overdue = tuple(s.id for s in overdue_subjects(state, made.on, made.chosen.purpose))
    voters = [a.person for a in made.attendees if a.vote is not Vote.PRESENT]
    return (
        (made.recommended, made.departure, made.overdue, made.cutoff)
        != (right, further, overdue, state.seq)
        or not all(VOTING & state.roles_of(person) for person in voters)
        or (not state.own_votes and len(voters) < state.quorum)
    )
