"""T17 and T18 of the packet: the flow, and who was screened since the last meeting."""

from __future__ import annotations

from escalation.reports.packet import Basis
from escalation.reports.packet.screening import flow_blocks, screening_blocks
from escalation.reports.view import Paragraph, Table
from escalation.trial import record_screening_failure
from escalation.trial.events import Choice
from tests.trial.bench import NCT, SITE, Bench, day
from tests.trial.screening.screened import FIT, HB, planned, screen


def basis_of(bench: Bench) -> Basis:
    return Basis(state=bench.state, entries=bench.entries, trial="TJ", on=day(bench.now))


def test_a_trial_without_a_plan_has_neither() -> None:
    bench = Bench.started(NCT)
    assert list(flow_blocks(basis_of(bench))) == []
    assert list(screening_blocks(basis_of(bench))) == []


def test_the_flow_and_those_screened_since_the_last_meeting() -> None:
    bench = planned()  # decided, and a cohort opened, before anybody was screened
    screen(bench, "S1", *FIT)
    bench.enrol("S1")
    screen(bench, "S2", HB)
    bench.do(record_screening_failure, SITE, subject="S2", reason="withdrew consent")
    screen(bench, "S3", HB)
    basis = basis_of(bench)
    table, *_ = flow_blocks(basis)
    assert isinstance(table, Table)
    rows = {row[0].strip(): row[1] for row in table.rows}
    assert (rows["screened"], rows["failed screening"], rows["in screening"]) == ("3", "1", "1")
    (table,) = screening_blocks(basis)
    assert isinstance(table, Table)
    assert table.caption.startswith("T18 Screening since entry ")
    assert [row[1] for row in table.rows[1:]] == ["S1", "S2", "S3"]
    assert table.rows[2][4] == "failed on 2026-01-05: withdrew consent"
    assert table.rows[3][3:] == ("incomplete", "in screening: I3, I4, S1, E1")


def test_what_had_ended_by_the_last_meeting_is_only_counted() -> None:
    bench = planned()
    screen(bench, "S1", HB)
    bench.do(record_screening_failure, SITE, subject="S1", reason="withdrew consent")
    screen(bench, "S2", *FIT)
    for name in ("S2", "S3", "S4"):
        if name != "S2":
            screen(bench, name, *FIT)
        bench.enrol(name)
    bench.open_cohort(1, choice=Choice(action="stop"), rationale="the sponsor")
    (said,) = screening_blocks(basis_of(bench))
    assert isinstance(said, Paragraph)
    assert said.text.endswith("and still going on: nobody.")
    screen(bench, "S5", HB, on=2)
    table, before = screening_blocks(basis_of(bench))
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows[1:]] == ["S5"]
    assert before == Paragraph("Before that: 4 screenings.")
