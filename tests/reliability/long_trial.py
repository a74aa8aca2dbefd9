"""One trial of many entries, as a trial's are: events made directly, and chained as recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush

from escalation.designs.base import Action
from escalation.ledger import Draft, Entry
from escalation.ledger.entries import START, chain
from escalation.outcomes import Outcome
from escalation.protocol import Enrolment, Protocol
from escalation.trial.codec import dump_event
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Choice,
    DecisionMade,
    Event,
    Meaning,
    OutcomeRecorded,
    Recommendation,
    Relation,
    Role,
    RoleDelegated,
    Signed,
    SubjectDosed,
    SubjectEnrolled,
    Toxicity,
    TrialRegisteredWithCommittee,
    Vote,
    VoteCast,
)
from escalation.trial.patients.planned_dose import plan_dose

__all__ = ["CHAIR", "SITE", "long_trial"]

OFFICE, SITE, CHAIR, MEMBER = "Wu Jing", "Lin Mei", "Zhao Lan", "K. Sato"
STATISTICIAN = "E. Brandt"
FIRST = date(2015, 1, 5)
LATE = timedelta(days=4)  # from the day of an event to its entry: every approval is recorded late
LATE_ONE_IN = 128  # cohorts
WINDOW, DLT_AFTER = timedelta(days=28), timedelta(days=5)


def long_trial(
    trial: str, protocol: Protocol, n_entries: int, *, outcomes_last: bool = False
) -> list[Entry]:
    """Return the entries of a trial: cycles of a decision, two votes, and three patients.

    Each patient is enrolled and dosed and has an outcome when the window closes. One in six has a
    DLT with a narrative, on day 5, and one in three a severe adverse event, followed up and ruled
    on. Everything is entered in order, four days late, approvals too; but of every 128 cohorts one
    has its DLT entered when the window closes only, and its adverse event three weeks late. Nobody
    waits for anybody, and a trial of thousands of patients has no end that a rule would find, so
    the decisions go up and down the ladder as they please; everything else fits together. With
    ``outcomes_last`` nothing that happened to patients is entered before all of them are dosed.
    """
    protocol = replace(protocol, enrolment=Enrolment(first_alone_days=0, next_apart_days=0))
    entries: list[Entry] = []
    held_until = n_entries * 11 // 17 if outcomes_last else 0
    for by, event in _events(protocol, entries, held_until):
        if len(entries) == n_entries:
            break
        head = entries[-1].anchor if entries else START
        at = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + LATE
        entries += chain(
            [Draft(kind=event.kind, version=event.version, data=dump_event(event))],
            trial=trial,
            head=head,
            recorded_at=at + timedelta(minutes=61 * len(entries)),
            recorded_by=by,
        )
    return entries


def _events(
    protocol: Protocol, entries: list[Entry], held_until: int
) -> Iterator[tuple[str, Event]]:
    """Yield who records what, one after the other; ``entries`` holds those so far."""
    yield (
        OFFICE,
        TrialRegisteredWithCommittee(
            on=FIRST,
            protocol=json.loads(json.dumps(protocol.document)),
            digest=protocol.digest,
            software="escalation 0.3.0",
        ),
    )
    for person, role in (
        (SITE, Role.SITE),
        (CHAIR, Role.CHAIR),
        (MEMBER, Role.MEMBER),
        (STATISTICIAN, Role.STATISTICIAN),
    ):
        yield OFFICE, RoleDelegated(on=FIRST, person=person, role=role)
    due: list[tuple[date, str, date | None]] = []  # day of an outcome, whose, onset of a DLT
    cohort = 0
    while True:
        cohort += 1
        level = protocol.labels[cohort % len(protocol.labels)]
        on = FIRST + timedelta(days=len(entries) // 24)
        while due and due[0][0] <= on and len(entries) >= held_until:
            yield from _follow_up(*heappop(due), entries)
        yield STATISTICIAN, _decision(on, level, cutoff=len(entries))
        decision = entries[-1]
        for by in (CHAIR, MEMBER):
            yield (
                by,
                VoteCast(on=on, decision=decision.seq, decision_hash=decision.hash, vote=Vote.FOR),
            )
        for by, meaning in ((MEMBER, Meaning.PROPOSED), (CHAIR, Meaning.APPROVED)):
            yield by, Signed(on=on, entry=decision.seq, entry_hash=decision.hash, meaning=meaning)
        for place in range(3):
            subject = f"TJ-{cohort:04}-{place + 1}"
            yield (
                SITE,
                SubjectEnrolled(
                    on=on, subject=subject, cohort=cohort, level=level, weight_kg=50.5 + place
                ),
            )
            amount = plan_dose(protocol, level, weight_kg=50.5 + place, height_cm=None).amount
            yield (
                SITE,
                SubjectDosed(
                    on=on, subject=subject, planned=amount, infused=amount, lot=f"L-{cohort:04}"
                ),
            )
            onset = on + DLT_AFTER if cohort % 2 == 0 and place == 1 else None
            early = onset if cohort % LATE_ONE_IN else None
            heappush(due, (early or on + WINDOW, subject, onset))


def _follow_up(
    on: date, subject: str, onset: date | None, entries: list[Entry]
) -> Iterator[tuple[str, Event]]:
    if subject.endswith("-3"):
        yield (
            SITE,
            AdverseEventRecorded(
                on=on,
                subject=subject,
                term="anaemia",
                category="haematological",
                started=on - timedelta(days=22),
                grade=3,
                scale="CTCAE",
                scale_version="5.0",
                relation=Relation.POSSIBLE,
                aware=on - timedelta(days=0 if int(subject[3:7]) % LATE_ONE_IN else 21),
            ),
        )
        reported = entries[-1].seq
        yield (
            SITE,
            AdverseEventFollowedUp(on=on, entry=reported, changes={"grade": 2}, aware=on),
        )
        yield (
            CHAIR,
            AdverseEventAdjudicated(
                on=on, entry=reported, dlt=False, suggested="does not meet the definition"
            ),
        )
    yield SITE, _outcome(on, subject, onset)


def _decision(on: date, level: int, *, cutoff: int) -> DecisionMade:
    recommended = Recommendation(
        action=Action.ESCALATE,
        level=level,
        n_to_enrol=3,
        clause_id="first-cohort",
        clause="If none of the first three patients has a DLT, the dose is escalated.",
    )
    return DecisionMade(
        on=on,
        cutoff=cutoff,
        recommended=recommended,
        chosen=Choice(action="enrol", level=level, n_to_enrol=3),
        departure=False,
        attendees=(),
    )


def _outcome(on: date, subject: str, onset: date | None) -> OutcomeRecorded:
    if onset is None:
        return OutcomeRecorded(on=on, subject=subject, outcome=Outcome.NO_DLT)
    toxicity = Toxicity(
        term="cytokine release syndrome",
        grade=3,
        onset=onset,
        relation=Relation.PROBABLE,
        narrative="vasopressor for 2 days, tocilizumab twice, resolved on day 9",
    )
    return OutcomeRecorded(on=on, subject=subject, outcome=Outcome.DLT, toxicities=(toxicity,))
