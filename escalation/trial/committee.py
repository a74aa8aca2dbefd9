"""Commands of the safety committee: decide, and sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from escalation.designs.base import Action, Decision
from escalation.protocol import Protocol, describe_decision
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Attendance, Choice, DecisionMade, Meaning, Signed, Vote
from escalation.trial.gates import overdue_subjects, overtaken
from escalation.trial.people import VOTING, lacks_role
from escalation.trial.rule import goes_further, is_as_said, recommend, rule_says
from escalation.trial.state import TrialState

__all__ = ["MAX_TO_ENROL", "decide", "sign"]

MAX_TO_ENROL = 100


def decide(
    state: TrialState,
    recorder: Recorder,
    *,
    choice: Choice | None = None,
    rationale: str | None = None,
    attendees: Sequence[Attendance] = (),
) -> Events:
    """Record a decision, made on everything recorded so far.

    Parameters
    ----------
    state, recorder
    choice : Choice or None
        None to follow the rule.
    rationale : str or None
        Needed where the committee chooses otherwise, or decides while outcomes are overdue.
    attendees : sequence of Attendance
        Who was there, and their votes; empty for a chair or member who decides alone.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal("the decision cannot be recorded")
    refusal.check(state, recorder, "record a decision")
    protocol = state.protocol
    if protocol is None:
        refusal.add("There is no protocol that can be read.")
        raise refusal.error()
    if state.closed is not None:
        refusal.add(f"The trial was closed by entry {state.closed.seq}.")
    decision = rule_says(state)
    recommended = recommend(decision, protocol)
    if choice is None and not decision.settled:
        refusal.add(
            "The rule waits for pending patients. Defer, or choose against it with a rationale."
        )
    chosen = recommended.choice if choice is None else choice
    follows = is_as_said(chosen, decision, protocol)
    _check_choice(refusal, state, chosen, protocol)
    if state.stopped is not None and chosen == state.stopped.event.chosen:
        refusal.add(f"Decision {state.stopped.seq} has stopped the trial.")
    if follows:
        _check_cohort_is_over(refusal, state, decision, chosen)
    else:
        roles = state.roles_of(recorder.name)
        refusal.add(lacks_role(recorder.name, roles, "override the rule"))
        said = describe_decision(decision, protocol)
        refusal.unless(
            rationale is not None, f"The rule says: {said} To choose otherwise needs a rationale."
        )
    overdue = tuple(subject.id for subject in overdue_subjects(state, recorder.on))
    if overdue and rationale is None:
        refusal.add(
            f"No outcome is recorded of {', '.join(overdue)}, whose DLT window has closed: record "
            "it, or give a rationale for deciding without."
        )
    if state.data_on is not None and recorder.on < state.data_on:
        refusal.add(f"It rests on data of {state.data_on} and cannot be of {recorder.on}.")
    refusal.check_line("rationale", rationale, 2000)
    present = _check_attendees(refusal, state, recorder, attendees)
    refusal.raise_if_any()
    return (
        DecisionMade(
            on=recorder.on,
            cutoff=state.seq,
            recommended=recommended,
            chosen=chosen,
            departure=not follows and goes_further(chosen, decision, protocol.labels),
            rationale=rationale,
            attendees=present,
            overdue=overdue,
        ),
    )


def _check_choice(refusal: Refusal, state: TrialState, chosen: Choice, protocol: Protocol) -> None:
    labels = protocol.labels
    known = f"its levels are {', '.join(map(str, labels))}"
    if chosen.action == "enrol":
        refusal.unless(chosen.level in labels, f"There is no level {chosen.level}; {known}.")
        refusal.unless(
            1 <= chosen.n_to_enrol <= MAX_TO_ENROL,
            f"A decision opens 1 to {MAX_TO_ENROL} places, not {chosen.n_to_enrol}.",
        )
    elif chosen.mtd is not None:
        given = {subject.level for subject in state.subjects.values() if subject.dosing}
        refusal.unless(
            chosen.mtd in given, f"Level {chosen.mtd} has not been given: it cannot be the MTD."
        )


def _check_cohort_is_over(
    refusal: Refusal, state: TrialState, decision: Decision, chosen: Choice
) -> None:
    """Refuse to open again what is open."""
    cohort = state.open_cohort
    if cohort is None or overtaken(state, cohort) is not None:
        return
    if decision.action is not Action.WAIT:
        undosed = [subject.id for subject in state.undosed(cohort)]
        free = state.n_free(cohort)
        if chosen.action == "enrol" and chosen.level == cohort.level and (undosed or free):
            waiting = [f"{', '.join(undosed)} to be dosed"] if undosed else []
            places = [f"{free} of {cohort.n_opened} places free"] if free else []
            refusal.add(
                f"Cohort {cohort.number} at level {cohort.level} is open, with "
                f"{' and '.join(places + waiting)}: there is nothing to decide yet."
            )


def _check_attendees(
    refusal: Refusal, state: TrialState, recorder: Recorder, attendees: Sequence[Attendance]
) -> tuple[Attendance, ...]:
    """Refuse votes of people without one, too few of them, or a majority against."""
    voter = VOTING & state.roles_of(recorder.name)
    if not attendees and voter:
        attendees = (Attendance(person=recorder.name, vote=Vote.FOR),)
    refusal.unless(bool(attendees), "Say who attended, with their votes.")
    names = [attendance.person for attendance in attendees]
    for name in sorted({name for name in names if names.count(name) > 1}):
        refusal.add(f'"{name}" is named {names.count(name)} times among those who attended.')
    for attendance in attendees:
        roles = state.roles_of(attendance.person)
        if attendance.vote is Vote.PRESENT:
            refusal.unless(
                bool(roles), f'"{attendance.person}" attended, but has no role in this trial.'
            )
        elif not VOTING & roles:
            refusal.add(f'"{attendance.person}" voted, but is neither chair nor member.')
    votes = [attendance.vote for attendance in attendees]
    n_for, n_against = votes.count(Vote.FOR), votes.count(Vote.AGAINST)
    n_voters = len(votes) - votes.count(Vote.PRESENT)
    refusal.unless(
        n_voters >= state.quorum, f"The quorum is {state.quorum}; {n_voters} with a vote attended."
    )
    if attendees:
        refusal.unless(n_for > n_against, f"{n_for} voted for it and {n_against} against.")
    return tuple(attendees)


def sign(
    state: TrialState,
    recorder: Recorder,
    *,
    meaning: Meaning,
    entry: int | None = None,
) -> Events:
    """Sign an entry.

    Parameters
    ----------
    state, recorder
    meaning : Meaning
        ``approved`` carries a decision out, and is for the last decision, on the latest data;
        ``reviewed`` may be of any entry.
    entry : int or None
        None for the last decision; of a review, for the last entry.

    Raises
    ------
    RefusedError
    """
    last = state.decisions[-1] if state.decisions else None
    if entry is None:
        reviewed = meaning is Meaning.REVIEWED
        entry = state.seq if reviewed else (last.seq if last is not None else 0)
    refusal = Refusal(
        f"entry {entry} cannot be signed as {meaning}" if entry else f"nothing to sign as {meaning}"
    )
    refusal.check(state, recorder, f"sign as {meaning}")
    made = next((made for made in state.decisions if made.seq == entry), None)
    if made is not None:
        _check_not_before(refusal, recorder, made.event.on)
        signed = [s.by for s in made.signatures if getattr(s.event, "meaning", None) is meaning]
        refusal.unless(recorder.name not in signed, f"{recorder.name} has signed it so.")
    if meaning is not Meaning.REVIEWED:
        if last is None:
            refusal.add("No decision has been made.")
        elif made is None:
            refusal.add(f"It is not a decision; the last one is entry {last.seq}.")
        elif made is not last:
            refusal.add(f"Decision {last.seq} has taken its place.")
    elif not 1 <= entry <= state.seq:
        refusal.add(f"The last entry is {state.seq}.")
    if meaning is Meaning.APPROVED and made is not None:
        if made.approved is not None:
            refusal.add(f"It was approved by entry {made.approved.seq}.")
        elif state.data_seq > made.event.cutoff:
            refusal.add(
                f"It was made on entries up to {made.event.cutoff}, and entry {state.data_seq} "
                "came after: decide on the latest data."
            )
        overdue = [subject.id for subject in overdue_subjects(state, recorder.on)]
        knew = {state.current_id(subject) for subject in made.event.overdue}
        unknown = [subject for subject in overdue if subject not in knew]
        if unknown:
            refusal.add(
                f"No outcome is recorded of {', '.join(unknown)}, whose DLT window has closed "
                "since: record it and decide again."
            )
        if state.closed is not None:
            refusal.add(f"The trial was closed by entry {state.closed.seq}.")
    refusal.raise_if_any()
    signed_hash = state.hashes[entry - 1]
    return (Signed(on=recorder.on, entry=entry, entry_hash=signed_hash, meaning=meaning),)


def _check_not_before(refusal: Refusal, recorder: Recorder, on: date) -> None:
    refusal.unless(recorder.on >= on, f"The decision is of {on}; {recorder.on} is before it.")
