"""The course of a trial as a picture: what is on it is what the state says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from matplotlib.dates import num2date

from escalation.errors import InputError
from escalation.figures.course import plot_course
from escalation.protocol import Protocol
from escalation.trial import TrialState
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Purpose
from tests.trial.bench import Bench, day
from tests.trial.small_trials import FOUR, THREE, amended, treat, typed, with_beside
from tests.trial.spreadsheet.test_spreadsheet import demo_state


def ends(ax) -> list[tuple[str, date]]:
    """Return each patient's marker and the day it stands at, from the top."""
    found = [
        (line.get_ydata()[0], line.get_marker(), num2date(line.get_xdata()[0]).date())
        for line in ax.lines
        if len(line.get_xdata()) == 1 and line.get_marker() != "v"
    ]
    return [(marker, day) for _, marker, day in sorted(found)]


def test_severe_events_are_marked_where_they_began_and_a_dlt_by_its_own_mark():
    """Oracle: the demo's pneumonia and neutropenia; its CRS is the DLT."""
    ax = plot_course(demo_state(), STAR_T.day)
    marked = [
        (round(float(line.get_ydata()[0])), num2date(line.get_xdata()[0]).date())
        for line in ax.lines
        if line.get_marker() == "v"
    ]
    assert marked == [(1, date(2026, 2, 11)), (4, date(2026, 4, 8))]
    assert "event of grade 3 or more" in [text.get_text() for text in ax.get_legend().texts]


def test_each_patient_ends_where_the_state_says():
    ax = plot_course(demo_state(), STAR_T.day)
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["TJ-001", "TJ-002"]
    assert ends(ax) == [
        ("o", date(2026, 2, 9)),
        ("o", date(2026, 2, 23)),
        ("|", date(2026, 2, 12)),
        ("o", date(2026, 3, 18)),
        ("o", date(2026, 4, 20)),
        ("X", date(2026, 4, 11)),
        ("o", date(2026, 5, 7)),
        (">", STAR_T.day),
        (">", STAR_T.day),
        (">", STAR_T.day),
    ]
    words = [text.get_text() for text in ax.texts]
    assert "CRS, replaced by TJ-004" in words
    assert "cohort 3\nlevel 2" in words
    assert "nct07123519, as known after entry 61" in ax.get_title(loc="left")


def test_a_trial_without_windows_or_doses_is_drawn_too():
    bench = Bench.started(Protocol.plain(2))
    bench.open_cohort()
    for subject in ("S1", "S2", "S3"):
        bench.treat(subject)
    bench.dlt("S1")
    bench.lost("S2", reason="$x^2$ <b>moved</b>")
    ax = plot_course(bench.state, date(2026, 1, 20))
    assert [marker for marker, _ in ends(ax)] == ["X", "|", ">"]
    ax.figure.canvas.draw()


def test_a_window_that_no_axis_of_days_reaches_is_cut_off():
    protocol = Protocol.plain(2)
    endless = replace(protocol, dlt=replace(protocol.dlt, window_days=4_000_000))
    bench = Bench.started(endless)
    bench.open_cohort()
    bench.treat("S1")
    ax = plot_course(bench.state, date(2026, 1, 20))
    ax.figure.canvas.draw()
    assert num2date(ax.get_xlim()[1]).year < 3000


def test_before_anybody_was_dosed_there_is_no_course():
    for state in (TrialState(), Bench.started().state):
        with pytest.raises(InputError, match="nobody has been dosed"):
            plot_course(state, STAR_T.day)


def test_cohorts_beside_the_escalation_and_those_set_aside_are_named():
    """Labels by hand: level 2 was reopened after its cohort, and level 1 is backfilled."""
    bench = typed("1NNN 2TTN", with_beside(THREE))
    amended(bench, with_beside(FOUR), 2)
    bench.open_cohort()
    treat(bench, 1, "NN", Purpose.BACKFILL)
    drawn = {text.get_text() for text in plot_course(bench.state, day(bench.now)).texts}
    assert {"cohort 1\nlevel 1", "cohort 2, set aside\nlevel 2"} <= drawn
    assert "cohort 4, backfill\nlevel 1" in drawn
