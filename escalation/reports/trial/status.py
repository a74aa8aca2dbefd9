"""How a trial stands, on one screen that a committee can read, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date
from typing import Any, NamedTuple

from escalation.designs import describe_design
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer, describe_limits, level_blocks, levels_document
from escalation.reports.trial.beside import (
    beside_blocks,
    beside_document,
    describe_declared,
    histories_document,
    history_lines,
)
from escalation.reports.trial.follow_up import follow_up_document, say_follow_up
from escalation.reports.trial.heading import say_solo, trial_heading
from escalation.reports.trial.outlook import describe_outlook, outlook, outlook_document
from escalation.reports.trial.patients import patient_blocks, patient_rows, patients_document
from escalation.reports.trial.sentences import short_digest
from escalation.reports.view import GAP, Block, Item, Items, Paragraph, Verbatim, View
from escalation.reports.visits.calendar import overdue_document, say_overdue
from escalation.text import count
from escalation.trial import (
    Remark,
    TrialState,
    departures,
    look_back,
    rule_says,
    rulings,
    warnings,
)
from escalation.trial.adverse_events.listing import list_events
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import Purpose
from escalation.trial.gates import overtaken
from escalation.trial.halts import standing_pauses
from escalation.trial.patients.subjects import Standing
from escalation.trial.review.amendments import (
    list_reopenings,
    reopened_levels,
    say_ladder,
    set_aside,
)
from escalation.trial.rule import counted_purposes, counted_tallies, describe_choice, follow_up
from escalation.trial.screening.log import in_screening, people_screened
from escalation.trial.state import Amendment, Cohort, MadeDecision, Recorded

__all__ = [
    "Answer",
    "Remarks",
    "describe_rule",
    "level_part",
    "list_remarks",
    "say_cohorts",
    "say_decision",
    "say_enrolled",
    "say_events",
    "say_halts",
    "say_protocol",
    "say_screened",
    "say_where",
    "status_document",
    "view_status",
]


def view_status(
    state: TrialState, trial: str, on: date, *, last: Recorded, as_of: bool = False
) -> View:
    """Return the view of how a trial stands.

    Parameters
    ----------
    state : TrialState
    trial : str
        Its id.
    on : date
        The day it is looked at: what is overdue depends on it.
    last : Recorded
        The last entry that counts.
    as_of : bool
        Whether this is what was known then, and others may have come since.
    """
    return View(
        page=lambda: _page(state, trial, on, last, as_of=as_of),
        document=lambda: {**trial_heading(state, trial), **status_document(state, on)},
        rows=lambda: patient_rows(state, on),
    )


def _page(
    state: TrialState, trial: str, on: date, last: Recorded, *, as_of: bool
) -> Iterator[Block]:
    yield from _said(_heading(state, trial, on, last if as_of else None))
    if state.protocol is not None:
        yield GAP
        yield from level_part(state, state.protocol, on)
        yield from patient_blocks(state, on)
        if any(subject.events for subject in state.subjects.values()):
            yield from _said([say_events(state)])
        yield from _said(say_overdue(state, on))
        yield GAP
        yield from _where_it_stands(state, state.protocol, on)
    yield GAP
    for title, nothing, remarks in list_remarks(state, on):
        yield from _section(title, nothing, remarks)
    yield GAP
    yield Paragraph(f"Head: entry {last.seq}, recorded {_time(last)} by {last.by}", "  ")
    yield Verbatim(f"anchor {last.seq}:{last.hash}")


def level_part(state: TrialState, protocol: Protocol, on: date) -> Iterator[Block]:
    """Yield the ladder with what was seen, what stands beside the escalation, and the history."""
    yield from level_blocks(
        protocol,
        state.written_cohorts(*counted_purposes(state, on)),
        counted_tallies(state, on),
        ended=rule_says(state, on).has_ended,
        reopened=reopened_levels(state),
        follow_up=follow_up(state, *counted_purposes(state, on), on=on),
    )
    yield GAP
    beside = list(beside_blocks(state, protocol))
    yield from (*beside, GAP) if beside else ()
    for name, written in history_lines(state):
        yield Paragraph(f"{name}: {written}", " " * len(f"{name}: "))


class Remarks(NamedTuple):
    """Remarks of a sort, or what is said where there is none."""

    title: str
    nothing: str
    remarks: Sequence[Remark]


def list_remarks(state: TrialState, on: date) -> Iterator[Remarks]:
    """Yield what departs, looks otherwise by now, was ruled, and has to be looked at."""
    yield Remarks("Departures", "none", departures(state))
    if state.decisions:
        nothing = "no decision and no dosing looks otherwise"
        yield Remarks("Seen from now", nothing, look_back(state))
    ruled = rulings(state)
    if ruled:
        yield Remarks("Rulings", "none", ruled)
    yield Remarks("Warnings", "none", warnings(state, on))


def _said(texts: Iterable[str]) -> Iterator[Block]:
    return (Paragraph(text, "  ") for text in texts)


def status_document(state: TrialState, on: date) -> dict[str, Any]:
    """Return the same for JSON."""
    return {
        "on": on.isoformat(),
        "quorum": state.quorum,
        "n_enrolled": state.n_enrolled,
        "n_screened": len(people_screened(state)),
        "n_screening_failures": len(state.screening_failures),
        "n_withdrawn": state.n_withdrawn,
        "n_planned": None if state.protocol is None else state.protocol.planned_patients,
        "held": _since(state.held),
        "paused": [
            {"entry": pause.entry, "since": pause.since.isoformat(), "reason": pause.text}
            for pause in standing_pauses(state, on)
        ],
        "closed": _since(state.closed),
        "amendments": [_amendment_document(state, made) for made in state.amendments],
        "stopped": None if state.stopped is None else _decision_document(state, state.stopped),
        **_rule_document(state, on),
        "cohorts": [_cohort_document(state, cohort) for cohort in state.cohorts],
        "open_cohort": None if state.open_cohort is None else state.open_cohort.number,
        "open_cohorts": [cohort.number for cohort in state.open_cohorts],
        "patients": patients_document(state, on),
        "n_adverse_events": len(list_events(state)),
        **overdue_document(state, on),
        "screening_failures": [
            {
                "subject": event.subject,
                "on": event.on.isoformat(),
                "site": event.site,
                "reason": event.reason,
                "entry": entry.seq,
            }
            for entry, event in state.screening_failures.values()
        ],
        "decisions": [_decision_document(state, made) for made in state.decisions],
        "departures": _remarks_document(departures(state)),
        "look_back": _remarks_document(look_back(state)),
        "rulings": _remarks_document(rulings(state)),
        "warnings": _remarks_document(warnings(state, on)),
    }


# ---------------------------------------------------------------- the page


def _heading(state: TrialState, trial: str, on: date, as_of: Recorded | None) -> Iterator[str]:
    yield f"Trial {trial} on {on}: {say_enrolled(state)}."
    yield from say_screened(state)
    if as_of is not None:
        yield f"As known at entry {as_of.seq}, {_time(as_of)}, and not as known now."
    yield from say_protocol(state)
    if state.registered is not None and state.protocol is not None:
        yield from say_halts(state, on)


def say_screened(state: TrialState) -> Iterator[str]:
    """Say how many were screened, where some were not treated."""
    n_failed, n_withdrawn = len(state.screening_failures), state.n_withdrawn
    n_open = len(in_screening(state))
    if n_failed or n_withdrawn or n_open:
        going_on = f"{n_open} in screening, " if n_open else ""
        yield (
            f"{len(people_screened(state))} screened, {n_failed} failed, {going_on}{n_withdrawn} "
            "withdrawn before dosing."
        )


def say_protocol(state: TrialState) -> Iterator[str]:
    """Say which protocol and design are in force, what amendments changed, and who decides."""
    protocol = state.protocol
    if state.registered is None or protocol is None:
        yield "No protocol that can be read has been registered."
        return
    name = f"Protocol {protocol.name}, digest {short_digest(protocol.digest)}"
    entries = "entry" if len(state.amendments) == 1 else "entries"
    numbers = ", ".join(str(amendment.seq) for amendment in state.amendments)
    yield f"{name}{f', amended by {entries} {numbers}' * bool(numbers)}."
    for made in state.amendments:
        ladder = " ".join(say_ladder(made))
        if ladder:
            yield f"Amendment {made.seq}: {ladder}"
    yield from (remark.text for remark in list_reopenings(state))
    yield f"{describe_design(protocol.design)}."
    solo = say_solo(state)
    if solo is not None:
        yield solo


def say_enrolled(state: TrialState) -> str:
    """Say how many patients are enrolled, and of how many."""
    planned = None if state.protocol is None else state.protocol.planned_patients
    if planned is None:
        return f"{count(state.n_enrolled, 'patient')} enrolled"
    return f"{state.n_enrolled} of {planned} planned patients enrolled"


def _time(entry: Recorded) -> str:
    return f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def say_halts(state: TrialState, on: date) -> Iterator[str]:
    """Say what keeps anybody from being treated: closed, held, paused or stopped."""
    if state.closed is not None:
        yield f"CLOSED by entry {state.closed.seq}{_reason(state.closed.event)}"
    if state.held is not None:
        yield f"ENROLMENT IS HELD since entry {state.held.seq}{_reason(state.held.event)}"
    for pause in standing_pauses(state, on):
        yield f"ENROLMENT IS PAUSED since entry {pause.entry}: {pause.text}."
    if state.stopped is not None:
        chosen = describe_choice(state.stopped.event.chosen, state.stopped.protocol)
        what = "ESCALATION STOPPED" if state.open_cohorts else "STOPPED"
        yield f"{what} by decision {state.stopped.seq}: {chosen}."


def _reason(event: object) -> str:
    reason = getattr(event, "reason", None)
    return "." if reason is None else f": {reason.rstrip('.')}."


def _where_it_stands(state: TrialState, protocol: Protocol, on: date) -> Iterator[Block]:
    """Say what is open, what was decided last, what the rule says, and what can still change it."""
    yield from _said(say_where(state, protocol, on))
    decision, answered = rule_says(state, on), describe_rule(state, protocol, on)
    yield from _said([f"The rule says: {answered.said}"])
    yield Paragraph(f"Why: {answered.why}", " " * len("Why: "))
    yield from _said(answered.about)
    for text in describe_outlook(outlook(state, on), decision, protocol):
        yield Paragraph(text, "    ")


def say_where(state: TrialState, protocol: Protocol, on: date) -> Iterator[str]:
    """Say which cohorts are open, and what was decided last."""
    yield from say_cohorts(state, protocol, on)
    for purpose in Purpose:
        made = state.last_decision(purpose)
        yield from () if made is None else [say_decision(state, made)]


class Answer(NamedTuple):
    """What the rule says now.

    Attributes
    ----------
    said : str
        What to do.
    why : str
        The sentence of the protocol that says so.
    about : sequence of str
        What has to be known of it: of the MTD and the expansion.
    """

    said: str
    why: str
    about: Sequence[str]


def describe_rule(state: TrialState, protocol: Protocol, on: date) -> Answer:
    """Say what the rule says now, and why."""
    decision = rule_says(state, on)
    about = [*say_follow_up(state, protocol, on), *describe_declared(state, protocol)]
    if decision.mtd is not None and not about:
        about = [describe_limits(counted_tallies(state, on)[decision.mtd])]
    return Answer(describe_decision(decision, protocol), decision.clause.text, about)


def say_events(state: TrialState) -> str:
    """Say how many adverse events there are, how severe, and in how many patients."""
    events = list_events(state)
    worst = max(event.worst_grade for event in events)
    n_patients = len({event.subject for event in events})
    n_serious = sum(bool(event.serious) for event in events)
    return (
        f"Adverse events: {len(events)} in {count(n_patients, 'patient')}, worst grade {worst}, "
        f"{n_serious} serious."
    )


def say_cohorts(state: TrialState, protocol: Protocol, on: date) -> Iterator[str]:
    """Say how each open cohort stands, the escalation's first."""
    cohorts = sorted(state.open_cohorts, key=lambda c: c.purpose is not Purpose.ESCALATION)
    if not cohorts:
        yield "No cohort is open."
    elif state.open_cohort is None:
        yield "No cohort of the escalation is open."
    yield from (_say_cohort(state, protocol, cohort, on) for cohort in cohorts)


def _say_cohort(state: TrialState, protocol: Protocol, cohort: Cohort, on: date) -> str:
    named = f"level {cohort.level}"
    if cohort.level in protocol.labels:
        named = protocol.describe_level(protocol.labels.index(cohort.level))
    free = state.n_free(cohort)
    places = f"{free} of {cohort.n_opened} places free" if free else "no place free"
    waiting = [s.id for s in state.members(cohort) if s.standing is Standing.ASSIGNED]
    to_dose = f", to be dosed: {', '.join(waiting)}" if waiting else ""
    forbids = overtaken(state, cohort, on)
    also = "" if forbids is None else f" {forbids}"
    of = "" if cohort.purpose is Purpose.ESCALATION else f" ({cohort.purpose})"
    return f"Cohort {cohort.number}{of} is open at {named}: {places}{to_dose}.{also}"


def say_decision(state: TrialState, made: MadeDecision) -> str:
    """Say what was decided last, and how far it has come."""
    chosen = describe_choice(made.event.chosen, made.protocol)
    about = "" if made.purpose is Purpose.ESCALATION else f" about the {made.purpose}"
    said = f"Last decision{about}, entry {made.seq} of {made.event.on}: {chosen}"
    if made.approved is not None:
        sent = "".join(
            f"; sent to {', '.join(event.to)} on {event.on}" for _, event in made.circulated
        )
        return f"{said}; approved by {made.approved.by} on {made.approved.event.on}{sent}."
    if made.event.chosen.action == "defer":
        return f"{said}."
    tally = tally_votes(state, made)
    if tally.standing == "rejected":
        return f"{said}; {say_count(tally).upper()}."
    voted = f"; {say_count(tally)}" if made.own_votes and not made.protocol.committee.solo else ""
    said += voted
    if state.data_seq > made.event.cutoff:
        return f"{said}; NOT APPROVED, and entry {state.data_seq} came after its cut-off."
    return f"{said}; NOT APPROVED YET."


def _section(title: str, nothing: str, remarks: Sequence[Remark]) -> Iterator[Block]:
    if not remarks:
        yield Paragraph(f"{title}: {nothing}.")
        return
    yield Paragraph(f"{title}:")
    yield Items([Item(text=remark.text) for remark in remarks])


# ---------------------------------------------------------------- JSON


def _rule_document(state: TrialState, on: date) -> dict[str, Any]:
    protocol = state.protocol
    if protocol is None:
        return {"history": "", "levels": [], "rule": None, "outlook": []}
    counted, decision = counted_purposes(state, on), rule_says(state, on)
    cohorts = state.written_cohorts(*counted)
    ended = decision.has_ended
    histories = histories_document(state)
    return {
        "history": histories[Purpose.ESCALATION],
        "histories": histories,
        "levels": levels_document(
            protocol,
            cohorts,
            counted_tallies(state, on),
            ended=ended,
            reopened=reopened_levels(state),
            follow_up=follow_up(state, *counted, on=on),
        ),
        "counted": list(counted),
        "beside": beside_document(state, protocol),
        **follow_up_document(state, protocol, on),
        "rule": {
            **answer(protocol, decision),
            "settled": decision.settled,
            "possible": [answer(protocol, possible) for possible in decision.possible],
        },
        "outlook": outlook_document(outlook(state, on), protocol),
    }


def _since(recorded: Any) -> dict[str, Any] | None:
    if recorded is None:
        return None
    return {"entry": recorded.seq, "reason": getattr(recorded.event, "reason", None)}


def _amendment_document(state: TrialState, made: Amendment) -> dict[str, Any]:
    known = set() if made.before is None else set(made.before.labels)
    return {
        "entry": made.seq,
        "on": made.event.on.isoformat(),
        "reason": made.event.reason,
        "digest": made.event.digest,
        "new_levels": [label for label in made.after.labels if label not in known],
        "reopened": [
            {"level": label, "set_aside": [s.id for s in set_aside(state, made, label)]}
            for label in made.event.reopens
        ],
        "lifted_stop": made.stop.seq if made.stop is not None and made.event.reopens else None,
    }


def _cohort_document(state: TrialState, cohort: Cohort) -> dict[str, Any]:
    return {
        "cohort": cohort.number,
        "level": cohort.level,
        "purpose": cohort.purpose,
        "n_opened": cohort.n_opened,
        "n_free": state.n_free(cohort),
        "opened_on": None if cohort.opened_on is None else cohort.opened_on.isoformat(),
        "decision": cohort.decision,
        "closed_by": cohort.closed_by,
        "patients": list(cohort.subjects),
    }


def _decision_document(state: TrialState, made: MadeDecision) -> dict[str, Any]:
    event = made.event
    return {
        "entry": made.seq,
        "on": event.on.isoformat(),
        "by": made.by,
        "cutoff": event.cutoff,
        "purpose": made.purpose,
        "chosen": describe_choice(event.chosen, made.protocol),
        "recommended": describe_choice(event.recommended.choice, made.protocol),
        "clause": {"id": event.recommended.clause_id, "text": event.recommended.clause},
        "override": event.override,
        "departure": event.departure,
        "rationale": event.rationale,
        "attendees": [{"person": a.person, "vote": a.vote} for a in event.attendees],
        "votes": [
            {"entry": r.seq, "person": r.by, "vote": v.vote, "reason": v.reason}
            for r, v in made.votes
        ],
        "circulated": [
            {"entry": r.seq, "on": c.on.isoformat(), "to": list(c.to)} for r, c in made.circulated
        ],
        "frozen": made.frozen,
        "standing": tally_votes(state, made).standing,
        "signatures": [
            {"entry": s.seq, "by": s.by, "meaning": getattr(s.event, "meaning", None)}
            for s in made.signatures
        ],
        "approved_by": None if made.approved is None else made.approved.seq,
        "cohort": made.cohort,
    }


def _remarks_document(remarks: Sequence[Remark]) -> list[dict[str, Any]]:
    return [{"entry": remark.entry, "text": remark.text} for remark in remarks]
