"""Every entry recorded again: what a forger rewrites is named, and what was typed never is."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from escalation.designs.base import Action
from escalation.errors import RefusedError
from escalation.outcomes import Outcome
from escalation.protocol import load_protocol
from escalation.signatures.extra import KeysExtraError
from escalation.trial import Recorded, TrialState, evolve, record_adverse_event
from escalation.trial.demo.backfill import BACKFILL
from escalation.trial.demo.script import Demo
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AnyEvent,
    Choice,
    DecisionMade,
    EnrolmentResumed,
    EntryCorrected,
    OutcomeRecorded,
    ProtocolAmended,
    Purpose,
    Role,
    TimestampKept,
    TrialRegistered,
)
from escalation.trial.inspection import Difference, again, inspect_entries
from escalation.trial.inspection import inspect as inspecting
from escalation.trial.office import (
    delegate_role,
    hold_enrolment,
    register_trial,
    resume_enrolment,
)
from escalation.trial.patients.sites import open_site
from escalation.trial.spreadsheet.importing import import_patients
from tests.trial.bench import CHAIR, NCT, OFFICE, SITE, Bench, crs, day, recorded

BESIDE = Choice(action="enrol", level=1, n_to_enrol=3, purpose=Purpose.BACKFILL)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def demo(which: Demo = STAR_T) -> list[Recorded]:
    entries, state = [], TrialState()
    for command, recorder in which.steps(load_protocol(which.protocol)):
        for event in command(state, recorder):
            entries.append(recorded(state, event, recorder.name, recorder.at))
            state = evolve(state, entries[-1])
    return entries


def rewritten(seq: int, which: Demo = STAR_T, /, **changes: Any) -> list[Difference]:
    """Inspect a demo with an entry that says something else."""
    entries = demo(which)
    entry = entries[seq - 1]
    entries[seq - 1] = replace(entry, event=replace(entry.event, **changes))
    return inspect_entries(entries, NOW)


def test_every_kind_of_event_has_its_command() -> None:
    source = inspect.getsource(again.command_of)
    for event in get_args(AnyEvent):
        assert re.search(rf"\b{event.__name__}\(", source), event.__name__


@pytest.mark.parametrize("which", [STAR_T, BACKFILL], ids=["star-t", "backfill"])
def test_what_was_typed_is_recorded_again_as_it_is(which: Demo) -> None:
    assert inspect_entries(demo(which), NOW) == []


def test_what_an_entry_says_since_its_second_version_is_held_against_its_command() -> None:
    """A purpose, a level reopened, a cohort beside another: the demo's backfill, amended."""
    entries = demo(BACKFILL)
    [backfill] = [e for e in entries if getattr(e.event, "chosen", None) == BESIDE]
    as_escalation = replace(BESIDE, purpose=Purpose.ESCALATION)
    [found, *_] = rewritten(backfill.seq, BACKFILL, chosen=as_escalation)
    assert found.entry == backfill.seq
    [amended] = [e for e in entries if isinstance(e.event, ProtocolAmended)]
    for reopens in ((9,), ("1.5",)):
        [found, *_] = rewritten(amended.seq, BACKFILL, reopens=reopens)
        assert found.text.endswith("is not on the amended ladder; its levels are 1, 2, 2.5, 3")
    decision = next(e for e in entries[amended.seq :] if isinstance(e.event, DecisionMade))
    found = rewritten(amended.seq, BACKFILL, reopens=(1, 2, 3))  # then the rule said otherwise
    assert decision.seq in {difference.entry for difference in found}
    enrolled = next(e for e in entries if getattr(e.event, "cohort", None) == 4)
    assert rewritten(enrolled.seq, BACKFILL, cohort=3)
    assert rewritten(enrolled.seq, BACKFILL, level=2)


def test_entries_of_one_command_that_were_not_recorded_together_are_found() -> None:
    entries = demo(BACKFILL)
    ruling = next(e for e in entries if isinstance(e.event, AdverseEventAdjudicated))
    entries[ruling.seq - 1] = replace(ruling, at=ruling.at + timedelta(days=1))
    texts = {d.entry: d.text for d in inspect_entries(entries, NOW)}
    assert texts[ruling.seq + 1] == (
        f"it belongs to entry {ruling.seq}, and has another time or person"
    )


@pytest.mark.parametrize(
    ("before", "remark"), [(True, True), (False, False)], ids=["0.2.0", "judged"]
)
def test_a_verdict_that_0_2_0_took_silently_is_a_remark_and_no_finding(
    before: bool, remark: bool
) -> None:
    """What case 12 was before: a sound ledger of that version verifies as sound."""
    bench = Bench.as_0_2_0() if before else Bench.started()
    bench.open_cohort()
    bench.treat("S1", 0)
    said = OutcomeRecorded(
        on=day(28), subject="S1", outcome=Outcome.NO_DLT, toxicities=(crs(day(3), 4),)
    )
    at = datetime(2026, 3, 1, tzinfo=UTC)
    entry = recorded(bench.state, said, SITE, at)
    entries = [*bench.entries, entry]
    (found,) = [d for d in inspect_entries(entries, NOW) if d.entry == entry.seq]
    assert "it would have been refused: CRS of S1, grade 4" in found.text
    assert found.remark is remark


@pytest.mark.parametrize("changes", [{"infused": 1.0}, {"outcome": "no"}])
def test_a_forged_correction_that_fits_nothing_is_a_finding_and_hides_no_other(changes) -> None:
    bench = Bench.as_0_2_0()
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.no_dlt("S1", 28)
    forged = EntryCorrected(on=day(28), entry=bench.state.seq, reason="typo", changes=changes)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    entry = recorded(bench.state, forged, SITE, at)
    state = evolve(bench.state, entry)
    later = recorded(state, EnrolmentResumed(on=day(28), reason="x"), SITE, at)
    found = [d for d in inspect_entries([*bench.entries, entry, later], NOW) if not d.remark]
    assert [d.entry for d in found] == [entry.seq, later.seq]


def last_decision() -> tuple[int, DecisionMade]:
    entry = next(e for e in reversed(demo()) if isinstance(e.event, DecisionMade))
    assert isinstance(entry.event, DecisionMade)
    return entry.seq, entry.event


def test_a_recommendation_rewritten_to_what_was_chosen_is_found() -> None:
    """Case 16: the departure of the demo made an ordinary decision."""
    seq, made = last_decision()
    assert made.departure
    forged = replace(
        made.recommended,
        action=Action.STAY,
        level=2,
        n_to_enrol=3,
        clause_id="expand",
        clause="So.",
    )
    found = rewritten(seq, recommended=forged, departure=False)
    assert {difference.entry for difference in found} >= {seq}
    said = [difference.text for difference in found if difference.entry == seq]
    assert said[0].startswith("it says the rule recommended to enrol 3 patients at level 2")
    assert f"on entries up to {seq - 1} the rule says to wait (clause" in said[0]
    assert f"its departure is False; on entries up to {seq - 1} it would be True" in said
    assert not any(difference.remark for difference in found)


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("decision-made", {"overdue": ("TJ-001",)}, 'its overdue is "TJ-001"'),
        ("decision-made", {"cutoff": 3}, "its cutoff is 3"),
        ("decision-made", {"rationale": None}, "it would have been refused: The rule says"),
        ("subject-dosed", {"breaches": ()}, "its breaches is none"),
        ("subject-dosed", {"deviation": None}, "it would have been refused: Not before"),
        ("subject-enrolled", {"replaces": None}, "its replaces is none"),
        ("role-delegated", {"role": Role.AUDITOR}, "it would have been refused"),
        ("outcome-recorded", {"outcome": Outcome.NO_DLT}, "it would have been refused"),
        ("entry-corrected", {"entry": 3}, "it would have been refused: Only enrolments"),
    ],
)
def test_what_the_program_found_or_would_refuse_is_named(
    kind: str, changes: dict[str, Any], said: str
) -> None:
    found = []
    for entry in demo():
        if entry.event.kind == kind:
            found += rewritten(entry.seq, **changes)
    assert any(said in difference.text for difference in found), found


def test_a_recorder_without_the_role_is_found() -> None:
    entries = demo()
    seq, _ = last_decision()
    entries[seq - 1] = replace(entries[seq - 1], by="Lin Mei")
    assert any(
        '"Lin Mei" has the role site' in difference.text
        for difference in inspect_entries(entries, NOW)
        if difference.entry == seq
    )


def test_an_amount_typed_by_hand_is_a_remark_and_no_finding() -> None:
    seq = next(e.seq for e in demo() if e.event.kind == "subject-dosed")
    (found,) = rewritten(seq, planned=1.0e8)
    assert found.remark
    assert "by the protocol gets 1.845e+08" in found.text


def test_another_wording_of_the_same_clause_is_a_remark() -> None:
    seq, made = last_decision()
    (found,) = rewritten(seq, recommended=replace(made.recommended, clause="Wait."))
    assert found.remark
    assert found.text == (
        f"its clause {made.recommended.clause_id} is worded otherwise than this program words it"
    )


def test_a_protocol_that_means_the_same_may_be_written_otherwise() -> None:
    """A later version may write more, or in another order, under the same digest."""
    document = demo()[0].event.protocol
    (found,) = rewritten(1, protocol=document | {"keys": {}})
    assert found.remark
    assert found.text == "its protocol means what its digest says, but is written otherwise"
    assert rewritten(1, protocol=dict(reversed(document.items()))) == []
    assert rewritten(1, software="escalation 9.0.0") == []


@pytest.mark.parametrize(("minutes", "found"), [(4, 0), (5, 0), (6, 1)])
def test_two_clocks_may_differ_by_five_minutes(minutes: int, found: int) -> None:
    entries = demo()
    assert len(inspect_entries(entries, entries[-1].at - timedelta(minutes=minutes))) == found


def test_what_was_recorded_together_is_one_command() -> None:
    """An enrolment brings its site with it, unless somebody else recorded that, or later."""
    bench = Bench.started()
    bench.do(open_site, CHAIR, site="Tianjin", time_zone="Asia/Shanghai")
    bench.open_cohort()
    bench.enrol("S1")
    entries = bench.entries
    assert [e.event.kind for e in entries[-2:]] == ["subject-enrolled", "subject-at-site"]
    assert inspect_entries(entries, NOW) == []
    (found,) = inspect_entries(entries[:-1], NOW)
    assert (found.entry, found.text) == (
        len(entries) - 1,
        "1 entries were recorded together, and it would be 2",
    )


def test_a_timestamp_is_of_the_entry_that_it_names() -> None:
    bench = Bench.started()
    last = bench.state.seq
    for entry, sealed in ((1, 1), (2, 2), (2, 1), (last, last), (0, last), (last + 1, 1)):
        seal = bench.state.hashes[sealed - 1]
        kept = TimestampKept(on=day(0), entry=entry, entry_hash=seal, token="x")  # noqa: S106
        found = inspect_entries([*bench.entries, recorded(bench.state, kept, CHAIR)], NOW)
        assert bool(found) == (entry != sealed)
        assert ("There is no entry" in "".join(d.text for d in found)) == (entry in (0, last + 1))


@pytest.mark.parametrize(
    ("error", "text", "remark"),
    [(KeysExtraError(), "not checked: signatures by key", True),
     (TypeError("odd"), "on entries up to 4 it would have been refused: odd", False),
     (RefusedError("no", ["Odd."]), "on entries up to 4 it would have been refused: Odd", False)],
    ids=["no extra", "a protocol that cannot be read", "refused"],
)  # fmt: skip
def test_an_entry_that_is_not_recorded_again_hides_none_after_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, text: str, remark: bool
) -> None:
    entries, (seq, made) = demo(), last_decision()
    entries[seq - 1] = replace(entries[seq - 1], event=replace(made, cutoff=3))

    def command_of(event: AnyEvent, following: AnyEvent | None) -> again.Command:
        if event is entries[4].event:
            raise error
        return again.command_of(event, following)

    monkeypatch.setattr(inspecting, "command_of", command_of)
    first, second, *_ = inspect_entries(entries, NOW)
    assert (first.entry, first.remark, first.text[: len(text)]) == (5, remark, text)
    assert (second.entry, second.text[:15]) == (seq, "its cutoff is 3")


def test_an_entry_for_which_the_command_records_another_kind_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench.started()
    bench.do(hold_enrolment, CHAIR, reason="a rumour")
    bench.do(resume_enrolment, CHAIR, reason="nothing to it")
    held, resumed = bench.entries[-2:]
    with monkeypatch.context() as patched:
        patched.setattr(inspecting, "command_of", lambda *_: lambda *_: (resumed.event,))
        found = [d for d in inspect_entries(bench.entries, NOW) if d.entry == held.seq]
    text = f"on entries up to {held.seq - 1} it would be enrolment-resumed"
    assert [(d.text, d.remark) for d in found] == [(text, False)]


@pytest.mark.parametrize(("before", "remark"), [(True, True), (False, False)])
def test_a_hold_resumed_on_a_day_before_it_is_a_remark_in_a_trial_of_0_2_0(
    before: bool, remark: bool
) -> None:
    bench = Bench.as_0_2_0() if before else Bench.started()
    bench.do(hold_enrolment, CHAIR, 5, reason="a rumour")
    resumed = EnrolmentResumed(on=day(4), reason="nothing to it")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    (found,) = _inspect_last(bench, recorded(bench.state, resumed, CHAIR, at))
    assert "Enrolment is held since" in found.text
    assert found.remark is remark


@pytest.mark.parametrize(("before", "remark"), [(True, True), (False, False)])
def test_a_verdict_corrected_as_0_2_0_let_it_be_is_a_remark(before: bool, remark: bool) -> None:
    bench = Bench.as_0_2_0() if before else Bench.started()
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.no_dlt("S1", 28)
    severe = {"term": "CRS", "grade": 4, "onset": "2026-01-08", "relation": "probable"}
    corrected = EntryCorrected(
        on=day(29), entry=bench.state.seq, reason="told", changes={"toxicities": [severe]}
    )
    at = datetime(2026, 3, 1, tzinfo=UTC)
    (found,) = _inspect_last(bench, recorded(bench.state, corrected, SITE, at))
    assert "CRS of S1, grade 4" in found.text
    assert found.remark is remark
    missing = replace(corrected, entry=1)
    (found,) = _inspect_last(bench, recorded(bench.state, missing, SITE, at))
    assert not found.remark


def _inspect_last(bench: Bench, entry: Recorded) -> list[Difference]:
    """Inspect a bench with one more entry; return what is said of that."""
    entries = [*bench.entries, entry]
    if bench.state.registered is not None and entries[0].seq > 1:
        entries.insert(0, bench.state.registered)
    return [d for d in inspect_entries(entries, NOW) if d.entry == entry.seq]


def test_times_that_cannot_be_are_found() -> None:
    entries = demo()
    assert not inspect_entries(entries, entries[-1].at - timedelta(minutes=4))
    future = inspect_entries(entries, entries[-1].at - timedelta(hours=1))
    assert [(found.entry, found.remark) for found in future] == [(len(entries), False)]
    assert "which is still to come: here it is 2026-05-27 07:00 UTC" in future[0].text
    early = replace(entries[10], at=entries[10].at - timedelta(days=3))
    (found,) = inspect_entries([*entries[:10], early, *entries[11:]], NOW)
    assert f"{early.event.on} is still to come" in found.text


CSV = b"""\
subject,level,dosed_on,outcome,outcome_on,infused,weight_kg
S1,1,2026-01-05,no DLT,2026-02-02,1.8e8,60
S2,1,2026-01-19,no DLT,2026-02-16,1.8e8,60
S3,1,2026-01-22,no DLT,2026-02-19,1.8e8,60
S4,2,2026-03-01,no DLT,2026-03-29,3.6e8,60
S5,2,2026-03-15,,,3.6e8,60
"""


def imported() -> list[Recorded]:
    bench = Bench(protocol=NCT)
    bench.do(register_trial, OFFICE, 100, protocol=NCT, solo=True)
    bench.do(delegate_role, OFFICE, 100, person=SITE, role=Role.SITE)
    bench.do(import_patients(CSV, "old.csv"), SITE, 101)
    return bench.entries


def test_a_history_is_recorded_again_as_one() -> None:
    entries = imported()
    assert [e.event.kind for e in entries].count("subject-enrolled") == 5
    assert inspect_entries(entries, NOW) == []


@pytest.mark.parametrize("between", ["fever", "hold", "enrolment"])
def test_what_is_recorded_at_the_same_time_as_a_history_is_not_of_it(between: str) -> None:
    """Something else, and then an outcome of a patient who was imported: both are inspected."""
    bench = Bench(protocol=NCT)
    bench.do(register_trial, OFFICE, 100, protocol=NCT, solo=True)
    for person, role in ((SITE, Role.SITE), (CHAIR, Role.CHAIR)):
        bench.do(delegate_role, OFFICE, 100, person=person, role=role)
    bench.do(import_patients(CSV, "old.csv"), SITE, 101)
    if between == "fever":
        fever = {"term": "fever", "grade": 1, "started": day(70), "aware": day(71)}
        bench.do(record_adverse_event, SITE, 101, subject="S5", **fever)
    elif between == "hold":
        bench.do(hold_enrolment, CHAIR, 101, reason="a rumour")
    else:
        bench.enrol("S6", 101)
    other = bench.entries[-1]
    bench.no_dlt("S5", 101)
    assert len({entry.at for entry in bench.entries[3:]}) == 1
    assert inspect_entries(bench.entries, NOW) == []
    entries = [replace(e, by="nobody") if e is other else e for e in bench.entries]
    assert {d.entry for d in inspect_entries(entries, NOW)} == {other.seq}
    forged = replace(bench.entries[-1].event, outcome=Outcome.NOT_EVALUABLE)
    entries = [*bench.entries[:-1], replace(bench.entries[-1], event=forged)]
    assert {d.entry for d in inspect_entries(entries, NOW)} == {other.seq + 1}


def test_a_history_whose_places_or_patients_were_changed_is_found() -> None:
    entries = imported()
    places = [replace(cohort, n_opened=9) for cohort in entries[2].event.cohorts]
    forged = replace(entries[2], event=replace(entries[2].event, cohorts=tuple(places)))
    found = inspect_entries([*entries[:2], forged, *entries[3:]], NOW)
    assert found[0].entry == 3
    assert found[0].text.startswith("its cohorts is ")
    left_out = [replace(e, seq=n) for n, e in enumerate([*entries[:4], *entries[5:]], start=1)]
    (found, *_) = inspect_entries(left_out, NOW)  # S1 enrolled, and not dosed
    assert (found.entry, found.text[:15]) == (3, "its cohorts is ")


@pytest.mark.parametrize(("quorum", "found"), [(0, True), (1, False), (100, False), (101, True)])
def test_a_quorum_of_0_2_0_was_from_1_to_100(quorum: int, found: bool) -> None:
    document = Bench.as_0_2_0().state.protocol.document
    registered = TrialRegistered(
        on=day(0), protocol=document, digest=NCT.digest, quorum=quorum, software="x"
    )
    entries = [recorded(TrialState(), registered, OFFICE)]
    said = f"The quorum is a number of votes from 1, not {quorum}"
    texts = [d.text for d in inspect_entries(entries, NOW) if "quorum" in d.text]
    assert texts == [f"as the first entry it would have been refused: {said}"] * found
