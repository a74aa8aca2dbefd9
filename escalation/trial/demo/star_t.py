"""A small invented trial under NCT07123519, for a newcomer to look at.

It has a replacement, a serious adverse event that was ruled no DLT, one that would have become a
DLT had it not resolved, a DLT, a correction, a dosing against a gate, and an override that goes
further than the rule, with a dissent and a signature by key. Its times are invented too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.commands import Events, Recorder
from escalation.trial.committee.sign import sign
from escalation.trial.demo.key import PUBLIC_KEY, SIGNATURE
from escalation.trial.demo.script import (
    ADJUDICATOR,
    AUDITOR,
    CHAIR,
    OFFICE,
    SITE,
    Demo,
    Step,
    begin,
    dose,
    enrol,
    meet,
    no_dlt,
)
from escalation.trial.events import (
    Choice,
    Meaning,
    Relation,
    Serious,
    SignedWithKey,
    Toxicity,
)
from escalation.trial.keys.commands import register_key, sign_as_made
from escalation.trial.patients.corrections import correct_entry
from escalation.trial.patients.recording import dose_subject, record_outcome
from escalation.trial.state import TrialState

__all__ = ["STAR_T"]


def _script(protocol: Protocol) -> Iterator[Step]:
    yield from begin("2026-01-05", protocol)

    # cohort 1, level 1: TJ-003 is lost and replaced, TJ-002 has pneumonia that is no DLT
    yield from meet("2026-01-07")
    yield enrol("2026-01-08", "TJ-001", 61.5)
    yield dose("2026-01-12", "TJ-001", 1.85e8)
    yield enrol("2026-01-20", "TJ-002", 54.0)
    yield dose("2026-01-26", "TJ-002", 1.62e8)
    yield enrol("2026-01-26", "TJ-003", 70.0)
    yield dose("2026-01-29", "TJ-003", 2.1e8)
    yield no_dlt("2026-02-09", "TJ-001")
    yield (
        "2026-02-12",
        SITE,
        partial(
            record_outcome,
            subject="TJ-003",
            outcome=Outcome.NOT_EVALUABLE,
            reason="withdrew consent on day 14",
            toxicities=[_toxicity("CRS", 2, "2026-02-02", "febrile, 3 days")],
        ),
    )
    yield (
        "2026-02-13",
        SITE,
        partial(
            record_adverse_event,
            subject="TJ-002",
            term="pneumonia",
            category="infection",
            grade=3,
            started=date(2026, 2, 11),
            aware=date(2026, 2, 12),
            serious=[Serious.HOSPITALISATION],
            relation=Relation.POSSIBLE,
        ),
    )
    yield (
        "2026-02-16",
        ADJUDICATOR,
        partial(
            adjudicate,
            entry=22,
            dlt=False,
            reason="influenza A by PCR, caught at home",
        ),
    )
    yield enrol("2026-02-16", "TJ-004", 66.0)
    yield dose("2026-02-18", "TJ-004", 1.98e8)
    yield no_dlt("2026-02-23", "TJ-002")
    yield no_dlt("2026-03-18", "TJ-004")

    # cohort 2, level 2: an amount was typed wrongly, neutropenia resolves, and there is a DLT
    yield from meet("2026-03-19")
    yield enrol("2026-03-20", "TJ-005", 58.0)
    yield dose("2026-03-23", "TJ-005", 3.84e8)
    yield (
        "2026-03-24",
        SITE,
        partial(
            correct_entry,
            entry=34,
            changes={"infused": 3.48e8},
            reason="digits swapped; the infusion record says 3.48E8",
        ),
    )
    yield enrol("2026-04-02", "TJ-006", 49.5)
    yield dose("2026-04-06", "TJ-006", 2.97e8)
    yield enrol("2026-04-07", "TJ-007", 73.0)
    yield dose("2026-04-09", "TJ-007", 4.3e8)
    yield (
        "2026-04-10",
        SITE,
        partial(
            record_adverse_event,
            subject="TJ-005",
            term="neutropenia",
            category="haematological",
            grade=4,
            baseline_grade=1,
            started=date(2026, 4, 8),
            aware=date(2026, 4, 9),
            relation=Relation.PROBABLE,
        ),
    )
    yield (
        "2026-04-13",
        SITE,
        partial(
            record_adverse_event,
            subject="TJ-006",
            term="CRS",
            category="crs",
            scale="ASTCT",
            observations={"temperature": 38.9, "vasopressors": 1, "oxygen": "none"},
            started=date(2026, 4, 11),
            aware=date(2026, 4, 11),
            relation=Relation.PROBABLE,
            narrative="vasopressor for 2 days",
        ),
    )
    yield "2026-04-13", ADJUDICATOR, partial(adjudicate, entry=41, dlt=True)
    yield (
        "2026-04-17",
        SITE,
        partial(
            follow_up,
            entry=40,
            changes={"grade": 2},
            aware=date(2026, 4, 17),
        ),
    )
    yield "2026-04-20", ADJUDICATOR, partial(adjudicate, entry=40, dlt=False)
    yield no_dlt("2026-04-20", "TJ-005")

    # cohort 3, level 2: opened three days before TJ-007's window closed, while the rule waited; the
    # chair signs that with a key
    yield "2026-04-30", OFFICE, partial(register_key, person=CHAIR, public_key=PUBLIC_KEY)
    yield from meet(
        "2026-05-04",
        choice=Choice(action="enrol", level=2, n_to_enrol=3),
        rationale="TJ-007 is well on day 25, and a manufactured product would expire",
        dissent="three days are worth waiting for: the DLT at this level was three weeks ago",
        approve=_approve_by_key,
    )
    yield enrol("2026-05-04", "TJ-008", 64.0)
    yield dose("2026-05-06", "TJ-008", 3.84e8)
    yield no_dlt("2026-05-07", "TJ-007")
    yield enrol("2026-05-18", "TJ-009", 81.0)
    yield dose("2026-05-20", "TJ-009", 4.86e8)
    yield enrol("2026-05-20", "TJ-010", 55.0)
    yield (
        "2026-05-22",
        SITE,
        partial(
            dose_subject,
            subject="TJ-010",
            infused=3.3e8,
            lot="L-010",
            deviation="thawed by mistake on day 2 after TJ-009; used rather than lost",
        ),
    )
    yield "2026-05-27", AUDITOR, partial(sign, meaning=Meaning.REVIEWED)


def _approve_by_key(state: TrialState, recorder: Recorder) -> Events:
    """Approve the last decision with a signature made beforehand: no private key is here."""
    made = SignedWithKey(
        on=recorder.on,
        entry=state.decisions[-1].seq,
        entry_hash="",  # as the state says
        meaning=Meaning.APPROVED,
        public_key=PUBLIC_KEY,
        signature=SIGNATURE,
    )
    return sign_as_made(state, recorder, made=made)


def _toxicity(term: str, grade: int, onset: str, narrative: str) -> Toxicity:
    return Toxicity(
        term=term,
        grade=grade,
        onset=date.fromisoformat(onset),
        relation=Relation.PROBABLE,
        narrative=narrative,
    )


STAR_T = Demo(trial="DEMO", protocol="nct07123519", day=date(2026, 5, 28), script=_script)
