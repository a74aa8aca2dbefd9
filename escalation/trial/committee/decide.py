"""A decision is recorded: it follows the rule, or says why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from escalation.designs.base import Action, Decision
from escalation.protocol import Protocol, describe_decision
from escalation.trial.adverse_events.verdicts import unruled_dlts
from escalation.trial.beside import at_mtd, find_departures, find_misfit
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.committee.freeze import unfrozen
from escalation.trial.committee.tally import voters
from escalation.trial.events import Attendance, Choice, DecisionMade, Purpose, Role, Vote
from escalation.trial.gates import overdue_subjects, overtaken
from escalation.trial.halts import before_hold, standing_pauses
from escalation.trial.people.rights import VOTING, lacks_role
from escalation.trial.rule import goes_further, is_as_said, recommend, rule_says
from escalation.trial.state import Cohort, TrialState

__all__ = ["MAX_TO_ENROL", "decide"]

MAX_TO_ENROL = 100


def decide(
    state: TrialState,
    recorder: Recorder,
    *,
    choice: Choice | None = None,
    rationale: str | None = None,
    attendees: Sequence[Attendance] = (),
) -> Events:
    """Record a decision, made on everything recorded so far, and put it to the vote.

    Parameters
    ----------
    state, recorder
    choice : Choice or None
        None to follow the rule. One for the expansion need not name the level: it is the MTD.
    rationale : str or None
        Needed where the committee chooses otherwise than the rule or, for backfill and expansion,
        than the protocol foresees, or decides while outcomes are overdue.
    attendees : sequence of Attendance
        Who was there. In a trial that 0.2.0 began, with their votes; empty there for a chair or
        member who decides alone.

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
    decision = rule_says(state, recorder.on)
    recommended = recommend(decision, protocol)
    if choice is None and not decision.settled:
        refusal.add(
            "The rule waits for pending patients. Defer, or choose against it with a rationale."
        )
    chosen = recommended.choice if choice is None else at_mtd(state, choice)
    resumes = chosen.action == "resume"
    beside = chosen.purpose is not Purpose.ESCALATION
    misfit = find_misfit(state, chosen)
    unforeseen = [] if misfit is not None else find_departures(state, chosen)
    follows = not unforeseen if beside else is_as_said(chosen, decision, protocol)
    _check_choice(refusal, state, chosen, protocol, misfit)
    if state.stopped is not None and chosen == state.stopped.event.chosen:
        refusal.unless(
            recommended.choice != state.stopped.event.recommended.choice,
            f"Decision {state.stopped.seq} has stopped the trial.",
        )
    if resumes:
        _check_resuming(refusal, state, recorder, rationale)
    elif follows and beside:
        _check_places_are_taken(refusal, state, chosen)
    elif follows:
        _check_cohort_is_over(refusal, state, decision, chosen, recorder.on)
    else:
        if not state.own_votes or state.committee.solo:  # else it takes the committee's votes
            roles = state.roles_of(recorder.name)
            refusal.add(lacks_role(recorder.name, roles, "override the rule"))
        why = f"The rule says: {describe_decision(decision, protocol)} To choose otherwise"
        if unforeseen:
            why = f"{' '.join(unforeseen)} To do it all the same"
        refusal.unless(rationale is not None, f"{why} needs a rationale.")
    overdue = tuple(s.id for s in overdue_subjects(state, recorder.on, chosen.purpose))
    _check_data(refusal, state, recorder, overdue, rationale)
    refusal.check_line("rationale", rationale, 2000)
    if state.own_votes:
        present = _check_present(refusal, state, attendees)
        _check_can_be_carried(refusal, state)
    else:
        present = _check_votes(refusal, state, recorder, attendees)
    refusal.raise_if_any()
    return (
        DecisionMade(
            on=recorder.on,
            cutoff=state.seq,
            recommended=recommended,
            chosen=chosen,
            departure=bool(unforeseen)
            if beside
            else not follows and not resumes and goes_further(chosen, decision, protocol.labels),
            rationale=rationale,
            attendees=present,
            overdue=overdue,
        ),
    )


def _check_data(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    overdue: Sequence[str],
    rationale: str | None,
) -> None:
    """Refuse to rest on data that are incomplete, without a rationale, or of a later day."""
    if overdue and rationale is None:
        refusal.add(
            f"No outcome is recorded of {', '.join(overdue)}, whose DLT window has closed: record "
            "it, or give a rationale for deciding without."
        )
    for unruled in unruled_dlts(state, recorder.on) if rationale is None else ():
        refusal.add(
            f"{unruled.text}: have it adjudicated, or give a rationale for deciding without."
        )
    if state.data_on is not None and recorder.on < state.data_on:
        refusal.add(f"It rests on data of {state.data_on} and cannot be of {recorder.on}.")
    refusal.add(unfrozen(state))


def _check_resuming(
    refusal: Refusal, state: TrialState, recorder: Recorder, rationale: str | None
) -> None:
    """Refuse to resume what goes on, or without saying why."""
    halted = state.held is not None or bool(standing_pauses(state, recorder.on))
    refusal.unless(halted, "Enrolment is neither paused nor held.")
    refusal.add(before_hold(state, recorder.on))
    refusal.unless(rationale is not None, "To resume needs a rationale.")


def _check_choice(
    refusal: Refusal, state: TrialState, chosen: Choice, protocol: Protocol, misfit: str | None
) -> None:
    labels = protocol.labels
    known = f"its levels are {', '.join(map(str, labels))}"
    named = chosen.action == "enrol" or chosen.level is not None
    if named and chosen.level not in labels and (misfit is None or chosen.level is not None):
        refusal.add(f"There is no level {chosen.level} on the ladder; {known}.")
    else:
        refusal.add(misfit)
    if chosen.action == "enrol":
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
    refusal: Refusal, state: TrialState, decision: Decision, chosen: Choice, on: date
) -> None:
    """Refuse to open again what is open."""
    cohort = state.open_cohort
    if cohort is None or overtaken(state, cohort, on) is not None:
        return
    if decision.action is not Action.WAIT:
        waits = state.undosed(cohort) or state.n_free(cohort)
        if chosen.action == "enrol" and chosen.level == cohort.level and waits:
            refusal.add(_say_open(state, cohort))


def _check_places_are_taken(refusal: Refusal, state: TrialState, chosen: Choice) -> None:
    """Refuse to open again a cohort of backfill or expansion while places of it are free."""
    current = state.open_cohort
    for cohort in state.open_cohorts if chosen.action == "enrol" else ():
        if (cohort.purpose, cohort.level) != (chosen.purpose, chosen.level):
            continue
        older = current is not None and cohort.number < current.number
        if not older and (state.n_free(cohort) or state.undosed(cohort)):
            refusal.add(_say_open(state, cohort))


def _say_open(state: TrialState, cohort: Cohort) -> str:
    undosed = [subject.id for subject in state.undosed(cohort)]
    free = state.n_free(cohort)
    waiting = [f"{', '.join(undosed)} to be dosed"] if undosed else []
    places = [f"{free} of {cohort.n_opened} places free"] if free else []
    return (
        f"Cohort {cohort.number} at level {cohort.level} is open, with "
        f"{' and '.join(places + waiting)}: there is nothing to decide yet."
    )


def _check_present(
    refusal: Refusal, state: TrialState, attendees: Sequence[Attendance]
) -> tuple[Attendance, ...]:
    """Refuse votes said by somebody else, and people without a role."""
    _check_named_once(refusal, state, attendees)
    for attendance in attendees:
        refusal.unless(
            attendance.vote is Vote.PRESENT,
            f'"{attendance.person}" votes by an entry of their own: `escalation trial vote`.',
        )
    return tuple(attendees)


def _check_can_be_carried(refusal: Refusal, state: TrialState) -> None:
    """Refuse to put to the vote what nobody could carry."""
    rules, able = state.committee, voters(state)
    if rules.solo:
        return
    refusal.unless(
        len(able) >= rules.quorum,
        f"The quorum is {rules.quorum} and {len(able)} may vote: delegate a chair and members.",
    )
    chairs = [person for person in able if Role.CHAIR in state.roles_of(person)]
    refusal.unless(
        bool(chairs) or not rules.chair_needed, "There is no chair, who has to be among the votes."
    )


def _check_votes(
    refusal: Refusal, state: TrialState, recorder: Recorder, attendees: Sequence[Attendance]
) -> tuple[Attendance, ...]:
    """Refuse votes of people without one, too few of them, or a majority against: as 0.2.0 did."""
    voter = VOTING & state.roles_of(recorder.name)
    if not attendees and voter:
        attendees = (Attendance(person=recorder.name, vote=Vote.FOR),)
    refusal.unless(bool(attendees), "Say who attended, with their votes.")
    _check_named_once(refusal, state, attendees)
    for attendance in attendees:
        if attendance.vote is not Vote.PRESENT and not VOTING & state.roles_of(attendance.person):
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


def _check_named_once(refusal: Refusal, state: TrialState, attendees: Sequence[Attendance]) -> None:
    """Refuse a person named twice, or present without a role."""
    names = [state.person(attendance.person) for attendance in attendees]
    for name in sorted({name for name in names if names.count(name) > 1}):
        refusal.add(f'"{name}" is named {names.count(name)} times among those who attended.')
    for attendance in attendees:
        if attendance.vote is Vote.PRESENT:
            refusal.unless(
                bool(state.roles_of(attendance.person)),
                f'"{attendance.person}" attended, but has no role in this trial.',
            )
