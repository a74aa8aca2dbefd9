"""Visits in the packet: the counts of the calendar, and nothing where none is planned."""

from __future__ import annotations

import pytest

from escalation.figures.calendar import plot_calendar, plot_calendar_pages
from escalation.figures.packet import draw_packet
from escalation.reports.packet import Basis
from escalation.reports.packet.visits import visit_blocks, visits_in
from escalation.reports.view import Figure, Paragraph, Table
from escalation.trial import TrialState, record_visit
from tests.trial.bench import SITE, day
from tests.trial.small_plan import followed


@pytest.fixture(scope="module")
def state() -> TrialState:
    bench = followed()
    bench.do(record_visit, SITE, 9, subject="S1", visit="D7")
    bench.do(record_visit, SITE, 30, subject="S1", visit="W4", missed="ill")
    return bench.state


def basis(state: TrialState, **more) -> Basis:
    return Basis(state=state, entries=(), trial="TJ", on=day(40), **more)


def test_overdue_missed_and_out_of_window_are_said_of_each_patient(state):
    table, said = visit_blocks(basis(state))
    assert isinstance(table, Table)
    assert table.rows[1:] == [("S1", "2/4", "SCR", "W4: ill", "D7 +1 d")]
    assert isinstance(said, Paragraph)
    assert "2 done" in said.text
    assert "1 overdue, 1 missed, 1 outside the window" in said.text


def test_without_a_plan_the_packet_has_no_visits():
    bench = followed()
    bench.state.plan = None
    assert list(visit_blocks(basis(bench.state))) == []


def test_the_picture_has_a_mark_for_each_visit_and_the_days_of_those_to_come(state):
    visits = [visit for some in visits_in(basis(state)).values() for visit in some]
    ax = plot_calendar(visits, day(40), trial="TJ")
    assert len(ax.lines) == len(visits) == 5
    assert [text.get_text() for text in ax.texts] == ["12-22", "+1 d", "03-30"]
    assert len(plot_calendar_pages(visits, day(40))) == 1


@pytest.mark.slow
def test_the_picture_stands_behind_its_table(state):
    shown = basis(state, pictures=draw_packet)
    (figure,) = (block for block in visit_blocks(shown) if isinstance(block, Figure))
    assert figure.caption == "F13 Visits of each patient by the plan"
    assert figure.draw("png").startswith(b"\x89PNG")
