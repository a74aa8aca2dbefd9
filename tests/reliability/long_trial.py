"""One trial of many entries, as a trial's are: events made directly, and chained as recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from escalation.designs.base import Action
from escalation.ledger import Draft, Entry
from escalation.ledger.entries import START, chain
from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.trial.codec import dump_event
from escalation.trial.events import (
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

__all__ = ["CHAIR", "SITE", "long_trial"]

OFFICE, SITE, CHAIR, MEMBER = "Wu Jing", "Lin Mei", "Zhao Lan", "K. Sato"
FIRST = date(2026, 1, 5)


def long_trial(trial: str, protocol: Protocol, n_entries: int) -> list[Entry]:
    """Return the entries of a trial: cycles of a decision, its votes and signatures, 3 patients.

    Each patient is enrolled, dosed and has an outcome; one in six has a DLT with a narrative. A
    trial of thousands of patients has no end that a rule would find, so the decisions go up and
    down the ladder as they please; everything else fits together.
    """
    entries: list[Entry] = []
    for by, event in _events(protocol, entries):
        if len(entries) == n_entries:
            break
        head = entries[-1].anchor if entries else START
        entries += chain(
            [Draft(kind=event.kind, version=event.version, data=dump_event(event))],
            trial=trial,
            head=head,
            recorded_at=datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=61 * len(entries)),
            recorded_by=by,
        )
    return entries


def _events(protocol: Protocol, entries: list[Entry]) -> Iterator[tuple[str, Event]]:
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
    for person, role in ((SITE, Role.SITE), (CHAIR, Role.CHAIR), (MEMBER, Role.MEMBER)):
        yield OFFICE, RoleDelegated(on=FIRST, person=person, role=role)
    cohort = 0
    while True:
        cohort += 1
        level = protocol.labels[cohort % len(protocol.labels)]
        on = FIRST + timedelta(days=len(entries) // 24)
        yield MEMBER, _decision(on, level, cutoff=len(entries))
        decision = entries[-1]
        for by in (MEMBER, CHAIR):
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
            yield (
                SITE,
                SubjectDosed(
                    on=on, subject=subject, planned=1.5e8, infused=1.48e8, lot=f"L-{cohort:04}"
                ),
            )
            yield SITE, _outcome(on, subject, is_dlt=cohort % 2 == 0 and place == 1)


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
        rationale=None,
        attendees=(),
    )


def _outcome(on: date, subject: str, *, is_dlt: bool) -> OutcomeRecorded:
    if not is_dlt:
        return OutcomeRecorded(on=on, subject=subject, outcome=Outcome.NO_DLT)
    toxicity = Toxicity(
        term="cytokine release syndrome",
        grade=3,
        onset=on,
        relation=Relation.PROBABLE,
        narrative="vasopressor for 2 days, tocilizumab twice, resolved on day 9",
    )
    return OutcomeRecorded(on=on, subject=subject, outcome=Outcome.DLT, toxicities=(toxicity,))
