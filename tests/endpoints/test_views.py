"""What is shown of endpoints, against the numbers that went in."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from functools import cache
from math import exp

import pytest

from escalation.errors import InputError
from escalation.reports.endpoints.biomarkers import view_biomarkers
from escalation.reports.endpoints.kinetics import view_kinetics
from escalation.reports.endpoints.response import view_response
from escalation.reports.formats import write_view
from escalation.reports.view import View
from escalation.trial import TrialState

from .trials import CELLS, PG, PLAN, followed, measured

LATER = date(2027, 1, 1)


@cache
def played() -> TrialState:
    state = followed("1NNN 2NNT")
    for k, times in enumerate((1000, 350, 80), start=1):
        values = {day: times * exp(-0.1 * day) for day in (0, 4, 7, 10, 14, 21, 28)}
        state = measured(state, f"S{k}", "car", values)
    state = measured(state, "S4", "car", {0: 0.0, 7: 40.0})
    state = measured(measured(state, "S5", "car", {0: 5.0}), "S5", "car", {7: 4.0}, unit="%")
    state = measured(state, "S1", "il6", {0: 4.0, 4: 80.0, 7: 20.0}, PG)
    state = measured(state, "S1", "b-cells", {0: 180.0, 7: 2.0, 84: 95.0}, CELLS)
    for subject, answer in (("S1", "CR"), ("S2", "PR"), ("S3", "other")):
        state = measured(state, subject, "response", {14: answer})
    return state


def text_of(view: View) -> str:
    return "".join(write_view(view, "text", 100))


def rows_of(view: View) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(write_view(view, "csv")))))


def document_of(view: View) -> dict[str, object]:
    found: dict[str, object] = json.loads("".join(write_view(view, "json")))
    return found


VIEWS = [
    lambda: view_kinetics(played(), "TJ"),
    lambda: view_response(played(), "TJ", LATER),
    lambda: view_biomarkers(played(), "TJ"),
]


@pytest.mark.parametrize("make", VIEWS)
def test_a_view_has_every_column_described_and_is_json(make) -> None:
    view = make()
    assert list(rows_of(view)[0]) == list(view.columns)
    assert document_of(view)["trial"] == "TJ"
    assert "Trial TJ after entry" in text_of(view)


def test_kinetics_are_shown_by_patient_and_level_with_what_is_wrong() -> None:
    view = view_kinetics(played(), "TJ")
    first, fifth = rows_of(view)[0], rows_of(view)[4]
    assert float(first["auc_until"]) == pytest.approx(9391.899373747821)
    assert fifth["faults"] == "two units, copies/µg (day 0) and % (day 7); a profile has one"
    shown = text_of(view)
    assert "profiles of 4 of 6 treated patients. 1 profile cannot be used." in " ".join(
        shown.split()
    )
    assert "never extrapolated: 1 profile without one from day 0 to 28." in " ".join(shown.split())
    assert "S5: not used: two units" in shown
    assert "S4: day 28 not reached: last measurable on day 7, not extrapolated" in " ".join(
        shown.split()
    )
    assert "9392" in shown


def test_responses_are_counted_with_who_was_not_assessed() -> None:
    view = view_response(played(), "TJ", LATER)
    found = [
        (row["response"], row["n"], row["among"], row["n_not_assessed"])
        for row in rows_of(view)
        if row["group"] == "all" and row["visit"] == "W2"
    ]
    assert found == [
        ("CR", "1", "6", "3"),
        ("PR", "1", "6", "3"),
        ("other", "1", "6", "3"),
        ("responders", "2", "6", "3"),
    ]
    assert "2/6, 33 % (4-78)" in text_of(view)  # scipy.stats.beta.ppf


def test_biomarkers_show_peak_change_and_the_day_of_return() -> None:
    view = view_biomarkers(played(), "TJ")
    by_test = {(row["test"], row["subject"]): row for row in rows_of(view)}
    il6, cells = by_test["il6", "S1"], by_test["b-cells", "S1"]
    assert (il6["peak"], il6["peak_day"], il6["peak_change"], il6["peak_fold"]) == (
        *("80.0", "4.0", "76.0", "20.0"),
    )
    assert (cells["reconstitution"], cells["reconstitution_day"]) == ("reached", "84.0")
    assert "day 84, below since day 7" in text_of(view)


def test_without_a_plan_or_a_table_in_it_a_view_says_what_is_missing() -> None:
    bare = followed("1N", None)
    for make in (lambda: view_kinetics(bare, "TJ"), lambda: view_response(bare, "TJ", LATER)):
        with pytest.raises(InputError, match="no plan that says what is measured; adopt one"):
            make()


def test_a_trial_without_data_says_so() -> None:
    nothing = followed("1N")
    assert "No concentration is recorded" in text_of(view_kinetics(nothing, "TJ"))
    assert text_of(view_biomarkers(nothing, "TJ")).count("Nothing is recorded") == 2


def test_gaps_of_the_plans_source_are_said_where_they_bite() -> None:
    gap = "The record names no rule of the trapezia: assumed."
    assert PLAN.kinetics is not None
    plan = replace(PLAN, kinetics=replace(PLAN.kinetics, flags=(gap,)))
    view = view_kinetics(followed("1N", plan), "TJ")
    assert f"! {gap}" in text_of(view)
    assert document_of(view)["flags"] == [gap]
