"""Entries that no command returns: each is noted with what is wrong, and changes nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from escalation.outcomes import Outcome
from escalation.trial import TrialState, decide, evolve, sign
from escalation.trial.adverse_events.record import record_adverse_event
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Choice,
    DataFrozen,
    DecisionCirculated,
    EntryCorrected,
    EvaluabilityRuled,
    Event,
    InfusionContinued,
    Meaning,
    OutcomeRecorded,
    ProtocolAmended,
    ScreeningFailed,
    Signed,
    SubjectAtSite,
    SubjectDosed,
    SubjectEnrolled,
    SubjectRenamed,
    TimestampKept,
    TrialRegistered,
    TrialRegisteredWithCommittee,
    Vote,
    VoteCast,
)

from .bench import CHAIR, NCT, SITE, Bench, day, recorded

ON = day(3)
ADJUDICATOR = "adjudicator"
PROTOCOL = {"protocol": dict(NCT.document), "digest": NCT.digest}
AE = {
    "term": "fever",
    "started": day(1),
    "grade": 3,
    "scale": "CTCAE",
    "scale_version": "5.0",
    "aware": day(1),
}
MADE = "bWFkZQ=="
KEPT = {"hashes", "times", "oddities", "data_seq", "data_on"}  # what every entry adds to


def begun() -> tuple[Bench, dict[str, int]]:
    """S1 is dosed and had a fever, S2 enrolled at the same level; the decision is approved."""
    bench = Bench.judged(replace(NCT, committee=replace(NCT.committee, solo=True)))
    at = {"role": bench.state.seq}
    bench.open_cohort()
    at["decision"] = bench.state.decisions[-1].seq
    bench.enrol("S1", 0)
    at["enrolment"] = bench.state.seq
    bench.dose("S1", 0)
    bench.do(record_adverse_event, SITE, 1, subject="S1", **AE)
    at["fever"] = bench.state.seq
    bench.enrol("S2", 1)
    return bench, at


def seal(bench: Bench, entry: int) -> str:
    return bench.state.hashes[entry - 1]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (TrialRegistered(on=ON, quorum=1, software="x", **PROTOCOL), "was registered before"),
        (TrialRegisteredWithCommittee(on=ON, software="x", **PROTOCOL), "was registered before"),
        (
            SubjectEnrolled(on=ON, subject="S3", cohort=0, level=1),
            "there is no cohort 0",
        ),
        (SubjectEnrolled(on=ON, subject="S3", cohort=2, level=1), "there is no cohort 2"),
        (SubjectEnrolled(on=ON, subject="S3", cohort=1, level=9), "there is no level 9"),
        (SubjectEnrolled(on=ON, subject="S1", cohort=1, level=1), "S1 had been dosed before"),
        (SubjectDosed(on=ON, subject="S3", infused=1e8), "S3 had not been enrolled"),
        (SubjectDosed(on=ON, subject="S1", infused=1e8), "S1 had been dosed before"),
        (
            OutcomeRecorded(on=ON, subject="S3", outcome=Outcome.NO_DLT),
            "S3 had not been enrolled",
        ),
        (EntryCorrected(on=ON, entry="role", reason="x", changes={}), "is not an entry about a"),
        (EntryCorrected(on=ON, entry="enrolment", reason="x", changes=None), "be withdrawn"),
        (
            EntryCorrected(on=ON, entry="enrolment", reason="x", changes={"subject": "S2"}),
            "an entry cannot be moved to another subject",
        ),
        (
            EntryCorrected(on=ON, entry="enrolment", reason="x", changes={"weight_kg": "x"}),
            "cannot be corrected so: ",
        ),
        (AdverseEventRecorded(on=ON, subject="S3", **AE), "S3 had not been enrolled"),
        (
            AdverseEventFollowedUp(on=ON, entry="role", changes={"grade": 2}, aware=ON),
            "is not the first report of an adverse event",
        ),
        (
            AdverseEventFollowedUp(on=ON, entry="fever", changes={"subject": "S2"}, aware=ON),
            "an adverse event cannot be moved to another subject",
        ),
        (
            AdverseEventFollowedUp(on=ON, entry="fever", changes={"grade": "x"}, aware=ON),
            "cannot be followed up so: ",
        ),
        (
            AdverseEventAdjudicated(on=ON, entry="role", dlt=False, suggested="not yet"),
            "is not the first report of an adverse event",
        ),
        (
            AdverseEventAdjudicated(on=ON, entry="fever", dlt=False, suggested="not yet"),
            '"site" has the role site; to adjudicate takes chair or adjudicator.',
        ),
        (InfusionContinued(on=ON, subject="S2", infused=1e8), "S2 had not been dosed"),
        (InfusionContinued(on=ON, subject="S3", infused=1e8), "S3 had not been dosed"),
        (
            EvaluabilityRuled(on=ON, subject="S2", evaluable=True, reason="x"),
            "S2 had not been dosed",
        ),
        (
            EvaluabilityRuled(on=ON, subject="S1", evaluable=True, reason="x"),
            '"site" has the role site; to rule on evaluability takes chair or adjudicator.',
        ),
        (SubjectRenamed(on=ON, subject="S3", renamed="S4", reason="x"), "S3 had not been enrolled"),
        (SubjectRenamed(on=ON, subject="S1", renamed="S1", reason="x"), "S1 is an id of S1"),
        (SubjectRenamed(on=ON, subject="S1", renamed="S2", reason="x"), "S2 is an id of S2"),
        (SubjectAtSite(on=ON, subject="S3", site="Tianjin"), "S3 had not been enrolled"),
        (SubjectAtSite(on=ON, subject="S1", site="Tianjin"), "there is no site Tianjin"),
        (VoteCast(on=ON, decision="role", decision_hash="", vote=Vote.FOR), "is not a decision"),
        (
            VoteCast(on=ON, decision="decision", decision_hash="other", vote=Vote.FOR),
            "the vote is on another entry 8: the hashes differ",
        ),
        (DecisionCirculated(on=ON, decision="role", to=("Bob",)), "is not a decision"),
        (DataFrozen(on=ON, cutoff=99, checked_by=("chair",)), "up to entry 99, which was still"),
        (TimestampKept(on=ON, entry=0, entry_hash="", token=MADE), "there is no entry 0"),
        (TimestampKept(on=ON, entry=99, entry_hash="", token=MADE), "there is no entry 99"),
        (
            TimestampKept(on=ON, entry=1, entry_hash="other", token=MADE),
            "the timestamp is of another entry 1: the hashes differ",
        ),
        (
            Signed(on=ON, entry=0, entry_hash="", meaning=Meaning.REVIEWED),
            "there is no entry 0 to sign",
        ),
        (
            Signed(on=ON, entry=99, entry_hash="", meaning=Meaning.REVIEWED),
            "there is no entry 99 to sign",
        ),
        (
            Signed(on=ON, entry=1, entry_hash="other", meaning=Meaning.REVIEWED),
            "the signature is of another entry 1: the hashes differ",
        ),
        (
            ProtocolAmended(on=ON, reason="x", protocol={"levels": 3}, digest="x"),
            "the protocol cannot be read: ",
        ),
    ],
)
def test_an_entry_that_does_not_fit_is_noted_and_changes_nothing(event: Event, said: str) -> None:
    bench, at = begun()
    for name in ("entry", "decision"):
        if getattr(event, name, 0) in at:
            event = replace(event, **{name: at[getattr(event, name)]})
    after = evolve(bench.state, recorded(bench.state, event, SITE))
    ((entry, noted),) = after.oddities
    assert entry == bench.state.seq + 1 == after.seq
    assert said in noted
    for field in fields(TrialState):
        if field.name not in KEPT:
            assert getattr(after, field.name) == getattr(bench.state, field.name), field.name


def noted(bench: Bench, event: Event, by: str) -> list[str]:
    after = evolve(bench.state, recorded(bench.state, event, by))
    return [text for _, text in after.oddities]


def test_the_same_entries_by_who_may_fit() -> None:
    bench, at = begun()
    fever, role = at["fever"], seal(bench, at["role"])
    for event, by in (
        (SubjectEnrolled(on=ON, subject="S3", cohort=1, level=1), SITE),
        (SubjectEnrolled(on=ON, subject="S2", cohort=1, level=1), SITE),  # assigned again
        (SubjectDosed(on=ON, subject="S2", infused=1e8), SITE),
        (InfusionContinued(on=ON, subject="S1", infused=1e8), SITE),
        (AdverseEventFollowedUp(on=ON, entry=fever, changes={"grade": 2}, aware=ON), SITE),
        (AdverseEventAdjudicated(on=ON, entry=fever, dlt=False, suggested="not yet"), ADJUDICATOR),
        (EvaluabilityRuled(on=ON, subject="S1", evaluable=False, reason="x"), CHAIR),
        (SubjectRenamed(on=ON, subject="S1", renamed="S01", reason="x"), SITE),
        (DecisionCirculated(on=ON, decision=at["decision"], to=("Bob",)), CHAIR),
        (DataFrozen(on=ON, cutoff=bench.state.seq, checked_by=("chair",)), SITE),
        (TimestampKept(on=ON, entry=at["role"], entry_hash=role, token=MADE), SITE),
        (Signed(on=ON, entry=at["role"], entry_hash=role, meaning=Meaning.REVIEWED), SITE),
    ):
        assert noted(bench, event, by) == [], event
    first, last = 1, bench.state.seq
    for entry in (first, last):
        sealed = {"entry": entry, "entry_hash": seal(bench, entry)}
        assert noted(bench, Signed(on=ON, meaning=Meaning.REVIEWED, **sealed), SITE) == []
        assert noted(bench, TimestampKept(on=ON, token=MADE, **sealed), SITE) == []


@pytest.mark.parametrize(
    ("event", "by", "said"),
    [
        (ScreeningFailed(on=ON, subject="S1", reason="x"), SITE, ["S1 was enrolled before"]),
        (ScreeningFailed(on=ON, subject="S9", reason="x"), SITE, []),
        (
            DataFrozen(on=ON, cutoff=3, checked_by=("chair",)),
            CHAIR,
            ['"chair" has the role chair; to freeze the data takes site.'],
        ),
        (
            DecisionCirculated(on=ON, decision="decision", to=("Bob",)),
            SITE,
            [
                '"site" has the role site; to circulate a decision takes member, chair or '
                "statistician."
            ],
        ),
    ],
)
def test_what_was_done_by_who_may_not_is_kept_and_noted(event, by, said) -> None:
    bench, at = begun()
    if getattr(event, "decision", None) == "decision":
        event = replace(event, decision=at["decision"])
    assert noted(bench, event, by) == said


@pytest.mark.parametrize("meaning", [Meaning.PROPOSED, Meaning.APPROVED])
def test_only_decisions_are_proposed_and_approved(meaning) -> None:
    bench, at = begun()
    event = Signed(on=ON, entry=at["role"], entry_hash=seal(bench, at["role"]), meaning=meaning)
    assert noted(bench, event, CHAIR) == [f"entry {at['role']} is not a decision"]


def test_an_approved_decision_is_not_approved_again_and_is_signed_as_proposed() -> None:
    bench, at = begun()
    sealed = {"entry": at["decision"], "entry_hash": seal(bench, at["decision"])}
    again = Signed(on=ON, meaning=Meaning.APPROVED, **sealed)
    assert noted(bench, again, CHAIR) == ["decision 8 could not be approved any more"]
    assert noted(bench, Signed(on=ON, meaning=Meaning.PROPOSED, **sealed), CHAIR) == []


def test_an_approval_on_older_data_or_of_a_replaced_decision_opens_nothing() -> None:
    bench, _ = begun()
    again = {"choice": Choice(action="stop"), "rationale": "a death elsewhere"}
    bench.do(decide, CHAIR, 2, **again)
    first = bench.state.decisions[-1].seq
    later = Signed(on=ON, entry=first, entry_hash=seal(bench, first), meaning=Meaning.APPROVED)
    assert noted(bench, later, CHAIR) == []
    assert noted(bench, later, SITE) == [
        '"site" has the role site; to sign as approved takes chair.'
    ]
    bench.correct(bench.state.subjects["S1"].dosing.seq, lot="L-9")
    assert noted(bench, later, CHAIR) == [f"decision {first} was made before entry {first + 1}"]
    bench.do(decide, CHAIR, 2, **again)
    assert noted(bench, later, CHAIR) == [f"decision {first} could not be approved any more"]
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert bench.state.stopped is not None


def test_an_amendment_that_loses_a_given_level_is_not_in_force() -> None:
    bench, _ = begun()
    other = replace(NCT, levels=(NCT.levels[0], NCT.levels[2]), start=0)
    document = {"protocol": dict(other.document), "digest": other.digest}
    event = ProtocolAmended(on=ON, reason="x", **document)
    after = evolve(bench.state, recorded(bench.state, event, CHAIR))
    assert [t for _, t in after.oddities] == ["the amended ladder lacks a level that was given"]
    assert after.protocol is bench.state.protocol


def test_a_protocol_with_another_digest_is_in_force_and_noted() -> None:
    bench, _ = begun()
    amended = NCT.with_design(variant="declare")
    event = ProtocolAmended(on=ON, reason="x", protocol=dict(amended.document), digest="other")
    after = evolve(bench.state, recorded(bench.state, event, CHAIR))
    assert [t for _, t in after.oddities] == [
        f"the protocol's digest is {amended.digest}, not other"
    ]
    assert after.protocol is not None
    assert after.protocol.digest == amended.digest
