"""Backfill and an expansion as a committee sees them: apart from the escalation, and judged so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from escalation.protocol import Backfill, Protocol
from escalation.protocol.tables import Enrolment, ExpansionMonitoring
from escalation.reports.trial.log import view_log
from escalation.reports.trial.next import view_next
from escalation.reports.trial.outlook import outlook
from escalation.reports.trial.status import status_document, view_status
from escalation.reports.view import View
from escalation.trial import rule_says
from escalation.trial.events import Choice, Purpose
from escalation.trial.patients.next_patient import next_patients
from tests.reports.written import lines_of
from tests.trial.bench import NCT, Bench, day

PROTOCOL = replace(
    NCT,
    enrolment=Enrolment(),
    backfill=Backfill(per_cohort=2, max_per_level=4, stop_at_rate="1/2"),
    expansion=ExpansionMonitoring(stop_at_rate="1/3", n_patients=10),
)


def treat(bench: Bench, letters: str, cohort: int) -> None:
    """Treat one a letter, and go to the day on which it can be said how they did."""
    names = [f"TJ-{cohort:02}{place}" for place in range(1, len(letters) + 1)]
    for name in names:
        bench.enrol(name, cohort=cohort)
        bench.dose(name)
    told = [(name, letter) for name, letter in zip(names, letters, strict=True) if letter != "?"]
    bench.now += 28 * bool(told)
    for name, letter in told:
        if letter == "T":
            bench.dlt(name, onset=bench.now - 20)
        else:
            bench.no_dlt(name)


def at_level_2(protocol: Protocol = PROTOCOL) -> Bench:
    """Level 1 is cleared by three, level 2 is open with three pending, and two are backfilled."""
    bench = Bench.started(protocol)
    bench.open_cohort()
    treat(bench, "NNN", 1)
    bench.open_cohort()
    choice = Choice(action="enrol", level=1, n_to_enrol=2, purpose=Purpose.BACKFILL)
    bench.open_cohort(choice=choice)
    treat(bench, "???", 2)
    treat(bench, "TN", 3)
    return bench


def in_expansion(letters: str = "NNNNNNNNTT") -> Bench:
    """Case 2 with its levels one up: the MTD is level 1, and ten more are treated there."""
    bench = Bench.started(PROTOCOL)
    for cohort, seen in enumerate(("NNN", "TTN", "NNN"), start=1):
        bench.open_cohort()
        treat(bench, seen, cohort)
    bench.open_cohort()
    choice = Choice(action="enrol", n_to_enrol=10, purpose=Purpose.EXPANSION)
    bench.open_cohort(choice=choice)
    treat(bench, letters, 4)
    return bench


def lines(bench: Bench) -> list[str]:
    view = view_status(bench.state, "T1", day(bench.now), last=bench.entries[-1])
    shown = lines_of(view)
    assert max(map(len, shown)) <= 80
    json.dumps(status_document(bench.state, day(bench.now)), allow_nan=False)
    return shown


def page(bench: Bench) -> str:
    return " ".join(" ".join(lines(bench)).split())


def test_the_ladder_is_the_escalation_s_and_backfill_has_a_table_of_its_own() -> None:
    shown = page(at_level_2())
    assert "1 3E6 3 0 0 0-71 % cleared" in shown
    assert "beside level dosed evaluable DLTs pending limits status" in shown
    assert "backfill 1 2 2 1 0 1-99 % full" in shown
    assert "Backfill: it counts at no decision of the escalation." in shown
    assert "History: 1NNN 2??? Backfill: 1TN" in shown
    assert "TJ-031 1 3 backfill 2026-02-02" in shown
    assert "Cohort 2 is open at level 2, 6E6 cells/kg: no place free. Cohort 3 (backfill)" in shown
    assert "Last decision about the backfill, entry" in shown


def test_where_backfill_counts_it_is_in_the_ladder_too() -> None:
    protocol = replace(PROTOCOL, backfill=replace(PROTOCOL.backfill, counted="every decision"))
    bench = at_level_2(protocol)
    shown = page(bench)
    assert "1 3E6 5 1 0 1-72 % open" in shown
    assert "Backfill: it counts at every decision of the escalation." in shown
    document = status_document(bench.state, day(bench.now))
    assert document["counted"] == ["escalation", "backfill"]
    assert document["levels"][1]["n_evaluable"] == 5


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
def test_the_outlook_asks_the_rule_as_the_next_decision_will(counted: str) -> None:
    """Oracle: the rule asked of the trial after each way has come about."""
    protocol = replace(PROTOCOL, backfill=replace(PROTOCOL.backfill, counted=counted))
    bench = at_level_2(protocol)
    ways = outlook(bench.state)
    assert [way.pending for way in ways] == [((2, 3, n),) for n in range(4)]
    for way in ways:
        child = replace(bench)
        n_dlts = way.pending[0][2]
        for place, name in enumerate(("TJ-021", "TJ-022", "TJ-023")):
            if place < n_dlts:
                child.dlt(name, onset=child.now - 20)
            else:
                child.no_dlt(name)
        assert rule_says(child.state) == way.decision


def test_case_2_says_how_the_mtd_and_the_expansion_stand() -> None:
    shown = page(in_expansion())
    assert "The rule says: Stop: the MTD is level 1, 3E6 cells/kg." in shown
    assert "1 3E6 6 0 0 0-46 %" in shown
    assert "expansion 1 10 10 2 0 3-56 % full" in shown
    assert (
        "At the MTD 2 of 16 had a DLT, 12.5 %; exact 95 % limits 1.6 to 38.3 %. Escalation: 6 "
        "patients at that level, 0 with a DLT. Expansion: 10 patients (cohort 4), 2 with a DLT. "
        "The expansion is stopped and reconsidered at a DLT rate of 1/3 or more, counting its own "
        "evaluable patients and not those of the escalation. It is not reached: 2 of 10." in shown
    )
    assert "Expansion: it counts at no decision of the escalation." in shown
    assert "No cohort of the escalation is open. Cohort 4 (expansion) is open" in shown
    assert shown.count("At the MTD") == 1
    assert "History: 1NNN 2TTN 1NNN Expansion: 1NNNNNNNNTT" in shown
    assert "Departures: none." in shown


def test_an_expansion_at_its_boundary_is_closed_wherever_it_is_shown() -> None:
    bench = in_expansion("TT")
    shown = page(bench)
    assert "expansion 1 2 2 2 0 16-100 % closed" in shown
    assert "It is reached: 2 of 2." in shown
    assert (
        "Cohort 4 (expansion) takes nobody more: The expansion has reached its boundary (1/3)"
        in shown
    )
    told = " ".join(" ".join(lines_of(_next(bench))).split())
    assert "No. It takes a decision of the committee." in told
    assert "reached its boundary (1/3): 2 of 2 had a DLT" in told


def _next(bench: Bench) -> View:
    return view_next(next_patients(bench.state, day(bench.now)), PROTOCOL, {})


def test_the_log_says_what_was_for_backfill() -> None:
    bench = at_level_2()
    told = " ".join(" ".join(lines_of(view_log(bench.entries, bench.state, "T1"))).split())
    assert "enrol 2 patients for backfill at level 1, 3E6 cells/kg, as the protocol" in told
    assert "cohort 3 opens, enrol 2 patients for backfill at level 1, 3E6 cells/kg." in told
    assert "TJ-031 enrolled in cohort 3 (backfill) at level 1" in told


def test_a_trial_without_them_says_nothing_of_them() -> None:
    bench = Bench.started(replace(NCT, enrolment=Enrolment()))
    bench.open_cohort()
    treat(bench, "NNN", 1)
    shown = page(bench)
    for word in ("beside", "ackfill", "xpansion", "escalation"):
        assert word not in shown
