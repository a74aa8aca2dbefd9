"""Endpoints as pictures: what is drawn is what was recorded, and no text crosses another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from escalation.errors import InputError
from escalation.figures.endpoints.biomarkers import plot_biomarker_pages
from escalation.figures.endpoints.kinetics import (
    plot_kinetics_by_level,
    plot_kinetics_by_patient,
    plot_kinetics_pages,
)
from escalation.figures.endpoints.response import plot_response, plot_response_pages
from escalation.plan import Disease
from escalation.trial import TrialState
from tests.endpoints.trials import DAYS, PLAN, drawn, followed, measured, screened
from tests.extremes import LONG, TITLE
from tests.measured import text_faults

VALUES: dict[int, float | str] = {0: "<", 4: 100.0, 7: 900.0, 14: 20.0, 28: "<"}


@cache
def small() -> TrialState:
    state = measured(followed("1NNN 2NNT"), "S1", "car", VALUES, lloq=10.0)
    state = measured(state, "S2", "car", {0: 0.0, 7: 100.0})
    state = measured(measured(state, "S3", "car", {7: 3.0}), "S3", "car", {9: 3.0}, unit="%")
    for subject, answer in (("S1", "CR"), ("S2", "PR"), ("S3", "other"), ("S4", "PR")):
        state = measured(state, subject, "response", {14: answer})
    return state


def panels(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.findobj(Axes) if isinstance(ax, Axes) and ax.get_visible()]


def points(ax: Axes, marker: str) -> list[tuple[float, float]]:
    return sorted(
        (float(x), float(y))
        for line in ax.lines
        if line.get_marker() == marker and line.get_linestyle() == "None"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)  # type: ignore[arg-type]
    )


def test_a_panel_a_patient_has_what_was_measured_and_what_was_below_the_limit() -> None:
    (page,) = plot_kinetics_by_patient(small())
    first, second, third, *others = panels(page)
    assert first.get_yscale() == "log"
    assert points(first, "o") == [(4, 100), (7, 900), (14, 20)]
    assert points(first, "v") == [(0, 10), (28, 10)]  # at the limit
    foot = second.get_ylim()[0]
    assert points(second, "v") == [(0, foot)]  # given as 0: the limit is unknown
    assert points(third, "o") == []
    assert "two units" in third.texts[0].get_text().replace("\n", " ")
    assert len(others) == 3


def test_the_line_of_a_level_is_its_geometric_means() -> None:
    page = plot_kinetics_by_level(small())
    level = panels(page)[0]
    drawn_line = level.lines[-1]
    at = dict(zip(drawn_line.get_xdata(), drawn_line.get_ydata(), strict=True))  # type: ignore[arg-type]
    assert at[7] == pytest.approx(300)  # of 900 and 100
    assert at[4] == pytest.approx(100)
    compared = panels(page)[-1]
    named = dict(zip(compared.get_xticks(), compared.get_xticklabels(), strict=True))
    by_visit = {named[x].get_text(): y for x, y in compared.lines[0].get_xydata()}  # type: ignore[union-attr]
    assert by_visit["7"] == pytest.approx(300)


@pytest.mark.slow
def test_every_patient_is_on_a_page() -> None:
    state = drawn(30, 2)
    pages = plot_kinetics_by_patient(state)
    titles = [ax.get_title() or ax.get_title(loc="left") for p in pages for ax in panels(p)]
    assert [title.partition(",")[0] for title in titles if title] == list(state.subjects)


def test_a_bar_is_the_patients_due_in_parts_by_response() -> None:
    state = small()
    dosed = state.subjects["S6"].dosed_on
    assert dosed is not None
    ax = plot_response(state, dosed + timedelta(days=20))
    bars = [p for p in ax.patches if isinstance(p, Rectangle)]
    by_bar: dict[float, list[float]] = {}
    for bar in bars:
        by_bar.setdefault(bar.get_y(), []).append(bar.get_width())
    first, second, everybody, *_ = (by_bar[y] for y in sorted(by_bar))
    assert first == pytest.approx([100 / 3] * 3)
    assert second == pytest.approx([100 / 3, 200 / 3])  # PR, and two who were not assessed
    assert everybody == pytest.approx([100 / 6, 200 / 6, 100 / 6, 200 / 6])
    assert next(t.get_text() for t in ax.texts if "%" in t.get_text()) == "2/3, 67 % (9-99)"


def test_without_data_there_is_nothing_to_draw() -> None:
    nothing = followed("1N")
    for plot in (plot_kinetics_pages, plot_biomarker_pages):
        with pytest.raises(InputError, match="recorded of anybody who was dosed"):
            plot(nothing)  # type: ignore[operator]
    with pytest.raises(InputError, match="no response is recorded"):
        plot_response(nothing, date(2027, 1, 1))


NAME = "Vector copies of the chimeric antigen receptor in whole blood"
DISEASES = (
    Disease(name="sle", label="Systemic lupus erythematosus with nephritis, refractory to all"),
    Disease(name="aav", label="ANCA-associated vasculitis, relapsing under rituximab for years"),
)


@cache
def long_state(n_patients: int, n_levels: int) -> TrialState:
    """Return a trial of so many patients with names of 60 letters."""
    names = [f"SITE-{k % 7:02}-CART-B-{k:04}" for k in range(n_patients)]
    state = drawn(n_patients, n_levels, names=names)
    state = screened(state, {k: "sle" if i % 2 else "aav" for i, k in enumerate(names)})
    assert state.protocol is not None
    assert state.plan is not None
    tests = [replace(test, label=NAME) for test in PLAN.tests[:3]] + [PLAN.tests[3]]
    visits = [replace(v, label=f"{v.name} assessed by a committee of three") for v in PLAN.visits]
    return replace(
        state,
        protocol=replace(state.protocol, name=LONG.name, title=TITLE),
        plan=replace(PLAN, tests=tuple(tests), visits=tuple(visits), diseases=DISEASES),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("n_patients", "n_levels"), [(1, 1), (7, 3), (40, 8)])
def test_no_text_leaves_the_page_or_crosses_another(n_patients: int, n_levels: int) -> None:
    states = [long_state(n_patients, n_levels)]
    if n_patients < 40:
        states.append(drawn(n_patients, n_levels))
    for state in states:
        last = max(s.dosed_on for s in state.subjects.values() if s.dosed_on is not None)
        pages = [
            plot_kinetics_by_patient(state, trial="TJ")[0],
            plot_kinetics_by_level(state, trial="TJ"),
            plot_biomarker_pages(state, trial="TJ")[1],
            *plot_response_pages(state, last + timedelta(days=max(DAYS) // 2), trial="TJ"),
        ]
        for page in pages:
            assert text_faults(page) == []


def test_one_sample_alone_is_drawn_without_a_warning() -> None:
    """As of a trial's first patient on day 7; a warning would be an error here."""
    state = measured(followed("1N"), "S1", "car", {7: 100.0})
    (figure,) = plot_kinetics_by_patient(state)
    low, high = panels(figure)[0].get_ylim()
    assert low < 100 < high
