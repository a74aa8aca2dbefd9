"""The packet's own figures: every patient is drawn once, at their level and with their mark."""

from __future__ import annotations

from collections import Counter

import pytest

from escalation.errors import InputError
from escalation.figures.packet import draw_packet
from escalation.figures.path_so_far import plot_path, say_seen
from escalation.figures.patients_by_level import plot_patients_by_level
from escalation.outcomes import format_outcomes, parse_outcomes
from escalation.reports.packet import Basis
from tests.measured import text_faults
from tests.trial.bench import Bench, day
from tests.trial.small_trials import FOUR, amended, typed

HISTORY = "1NNN 2NTN 2N?? 1N"


def test_every_patient_dosed_has_one_mark_at_their_level():
    bench = typed(HISTORY)
    ax = plot_patients_by_level(bench.state)
    drawn = Counter(
        (int(line.get_ydata()[0]), line.get_marker())
        for line in ax.lines
        if len(line.get_xdata()) == 1
    )
    marks = {"N": "o", "T": "x", "?": "$?$"}
    expected = Counter(
        (cohort.label - 1, marks[str(letter)])
        for cohort in parse_outcomes(HISTORY)
        for letter in cohort.outcomes
    )
    assert drawn == expected
    places = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    assert places == list(range(1, 11))


@pytest.mark.parametrize("history", ["1N", "1NNN 2NTN", "1NNN 2NNN 2NTN 1NNN 1NN"])
def test_the_days_below_the_patients_do_not_touch(history):
    assert text_faults(plot_patients_by_level(typed(history).state)) == []


def test_the_path_has_a_box_a_cohort_with_its_dlts_of_evaluable():
    bench = typed(HISTORY)
    said = [text.get_text() for text in plot_path(bench.state).texts]
    assert said[:4] == ["0/3", "1/3", "0/1??", "0/1"]
    assert [say_seen(bench.state, cohort) for cohort in bench.state.cohorts] == said[:4]
    assert format_outcomes(bench.state.written_cohorts()) == HISTORY


def test_a_level_that_an_amendment_brought_is_drawn_and_a_hundred_cohorts_too():
    bench = amended(typed("1NNN 2NNN 3TTN"), FOUR, 2)
    names = [label.get_text() for label in plot_path(bench.state).get_yticklabels()]
    assert [name.partition("\n")[0] for name in names] == [
        *("level 1", "level 1.5", "level 2", "level 3"),
    ]
    many = typed(" ".join(["1N"] * 40))
    assert plot_path(many.state).get_xlim()[1] > 40


@pytest.mark.parametrize("plot", [plot_path, plot_patients_by_level])
def test_where_there_is_nothing_to_draw_it_is_said(plot):
    with pytest.raises(InputError, match=r"there (is no path|are no patients) to draw"):
        plot(Bench.started().state)


def test_a_figure_is_the_same_file_again():
    bench = typed(HISTORY)
    basis = Basis(state=bench.state, entries=bench.entries, trial="T", on=day(bench.now))
    for form, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        first, again = (next(draw_packet(basis, "F3")).draw(form) for _ in range(2))
        assert first == again
        assert first.startswith(begins)
        assert b"<dc:date>" not in first
