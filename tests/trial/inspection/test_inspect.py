"""Every entry recorded again: what a forger rewrites is named, and what was typed never is."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from escalation.designs.base import Action
from escalation.outcomes import Outcome
from escalation.protocol import load_protocol
from escalation.trial import Recorded, TrialState, evolve
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import AnyEvent, DecisionMade, OutcomeRecorded, Role, TimestampKept
from escalation.trial.inspection import Difference, again, inspect_entries
from escalation.trial.office import delegate_role, register_trial
from escalation.trial.patients.sites import open_site
from escalation.trial.spreadsheet.importing import import_patients
from tests.trial.bench import CHAIR, NCT, OFFICE, SITE, Bench, crs, day, recorded

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def demo() -> list[Recorded]:
    entries, state = [], TrialState()
    for command, recorder in STAR_T.steps(load_protocol(STAR_T.protocol)):
        for event in command(state, recorder):
            entries.append(recorded(state, event, recorder.name, recorder.at))
            state = evolve(state, entries[-1])
    return entries


def rewritten(seq: int, **changes: Any) -> list[Difference]:
    """Inspect the demo with an entry that says something else."""
    entries = demo()
    entry = entries[seq - 1]
    entries[seq - 1] = replace(entry, event=replace(entry.event, **changes))
    return inspect_entries(entries, NOW)


def test_every_kind_of_event_has_its_command() -> None:
    source = inspect.getsource(again.command_of)
    for event in get_args(AnyEvent):
        assert re.search(rf"\b{event.__name__}\(", source), event.__name__


def test_what_was_typed_is_recorded_again_as_it_is() -> None:
    assert inspect_entries(demo(), NOW) == []


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
    if before:
        assert bench.state.registered is not None
        entries.insert(0, bench.state.registered)
    (found,) = [d for d in inspect_entries(entries, NOW) if d.entry == entry.seq]
    assert "it would have been refused: CRS of S1, grade 4" in found.text
    assert found.remark is remark


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
    for entry, sealed in ((2, 2), (2, 1)):
        seal = bench.state.hashes[sealed - 1]
        kept = TimestampKept(on=day(0), entry=entry, entry_hash=seal, token="x")  # noqa: S106
        found = inspect_entries([*bench.entries, recorded(bench.state, kept, CHAIR)], NOW)
        assert bool(found) == (entry != sealed)


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
