"""`simulations.characteristics` and its kin: the engines' figures, from what a notebook types."""

from __future__ import annotations

import csv
import functools
import inspect
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import escalation
import simulations
from escalation.cli import main
from escalation.designs import VARIANTS
from escalation.designs.walk import TooManyStatesError
from escalation.errors import EscalationError, InputError
from simulations.cli.options import TRIALS
from simulations.engines.exact import exact_characteristics
from simulations.questions import question
from simulations.questions.sensitivity import sensitivity
from simulations.questions.worst_case import worst_overdose, worst_pcs

CURVE = (0.05, 0.10, 0.20, 0.30, 0.45)
SHORT = (0.05, 0.15, 0.35, 0.50)

# P(no MTD), P(MTD is level 1 .. 5), E[N], E[DLT]: bcrm 0.5.4 and precautionary 0.2.6
PUBLISHED = {
    "declare": (0.026558, 0.091360, 0.257032, 0.316111, 0.236549, 0.072390, 14.705892, 2.663799),
    "expand-below": (
        *(0.027182, 0.097121, 0.277065, 0.325150, 0.201091, 0.072390, 16.902815, 3.045278),
    ),
    "confirm": (0.027182, 0.097127, 0.277306, 0.328180, 0.219673, 0.050532, 17.110231, 3.129800),
}


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("variant", PUBLISHED)
def test_exact_characteristics_are_those_of_bcrm_and_precautionary(variant: str) -> None:
    design = escalation.ThreePlusThree(n_levels=5, variant=variant)
    (found,) = simulations.characteristics(design, CURVE)
    oc = found.exact
    assert oc is not None
    ours = [oc.p_no_mtd, *oc.p_select, oc.sample_size.mean, oc.total_dlts.mean]
    assert ours == pytest.approx(PUBLISHED[variant], abs=1e-6)


def test_a_frame_has_a_row_a_scenario_design_and_level() -> None:
    protocol = escalation.load_protocol("nct07123519")
    designs = {name: protocol.with_design(variant=name) for name in VARIANTS}
    frame = simulations.characteristics(designs, target=0.25).to_frame()
    keys = frame[["scenario", "design", "level"]]
    assert len(frame) == 6 * 4 * 4
    assert not keys.duplicated().any()
    assert set(frame["design"]) == set(VARIANTS)
    assert set(frame.attrs["columns"]) == set(frame.columns)
    assert "cells/kg" in frame.attrs["columns"]["dose"]
    by_trial = frame.groupby(["scenario", "design"])
    whole = by_trial["p_select"].sum() + by_trial["p_no_mtd"].first()
    assert np.allclose(whole, 1)


@pytest.mark.parametrize("method", ["exact", "both"])
def test_a_frame_has_the_columns_and_figures_of_the_csv(method: str) -> None:
    said = run(
        *("simulate", "--target", "0.25", "--method", method, "--trials", "500", "--csv")
    ).stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    frame = simulations.characteristics(
        "nct07123519",
        target=0.25,
        method=method,
        trials=500,  # type: ignore[arg-type]
    ).to_frame()
    assert list(frame.columns) == list(rows[0])
    for name in frame.columns:
        values = [row[name] for row in rows]
        if frame[name].dtype.kind in "fi":
            ours = frame[name].astype(float).to_numpy()
            assert np.array_equal(ours, [float(v or "nan") for v in values], equal_nan=True), name
        else:
            assert frame[name].fillna("").tolist() == values, name


def test_text_and_document_are_those_of_the_command_line() -> None:
    found = simulations.characteristics("nct07123519", target=0.25)
    words = ("simulate", "--target", "0.25", "--method", "exact")
    assert str(found) == run(*words).stdout.rstrip("\n")
    assert json.loads(json.dumps(found.to_dict())) == json.loads(run(*words, "--json").stdout)


def test_a_result_is_short_in_a_notebook() -> None:
    found = simulations.characteristics("nct07123519", ["rising", "steep"], target=0.25)
    assert repr(found) == "<Characteristics of 3+3 under rising, steep; target 0.25>"
    html = found._repr_html_()
    assert html.count("<table>") == 1
    assert "<td>40.4</td>" in html  # level 2 under rising, as in the frame
    assert len(repr(found["rising"])) < 200
    assert len(found) == 2


SAME = [
    SHORT,
    list(SHORT),
    np.array(SHORT),
    [SHORT],
    np.array([SHORT]),
    simulations.Scenario(name="x", p_dlt=SHORT),
    [simulations.Scenario(name="x", p_dlt=SHORT)],
    {"x": SHORT},
    {"x": np.array(SHORT)},
]


@pytest.mark.parametrize("given", SAME)
def test_a_scenario_may_be_given_in_any_form(given: object) -> None:
    design = escalation.ThreePlusThree(n_levels=4)
    (found,) = simulations.characteristics(design, given)  # type: ignore[arg-type]
    assert found.scenario.p_dlt == SHORT
    graph = simulations.build_graph(design)
    assert found.exact is not None
    assert found.exact.p_select.tolist() == exact_characteristics(graph, SHORT).p_select.tolist()


def test_scenarios_are_found_by_name_in_the_protocol_in_a_set_and_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[scenarios]]\nname = "formula"\nformula = "logistic"\n'
                    "p_at = [[3e6, 0.10], [1e7, 0.35]]\n")  # fmt: skip
    names = ["rising", str(file), file, "levels-4", {"own": SHORT}]
    found = simulations.characteristics("nct07123519", names)
    said = [result.scenario.name for result in found]
    assert said[:3] == ["rising", "formula", "formula"]
    assert said[-1] == "own"
    assert found["formula"].scenario.p_dlt[1] == pytest.approx(0.10)


def test_without_scenarios_the_protocols_own_are_taken() -> None:
    found = simulations.characteristics("nct07123519")
    assert [result.scenario.name for result in found][:3] == ["low", "flat", "rising"]
    assert "pcs" not in found.to_frame()


def test_a_designs_name_will_do_where_its_defaults_will() -> None:
    (found,) = simulations.characteristics("3+3", CURVE)
    assert found.exact is not None
    assert found.exact.p_select[4] == pytest.approx(PUBLISHED["confirm"][5], abs=1e-6)


def test_the_target_of_the_design_is_the_default() -> None:
    boin = escalation.Boin(n_levels=4, target=0.3, max_patients=12)
    assert simulations.characteristics(boin, SHORT).target == 0.3
    assert simulations.characteristics(boin, SHORT, target=0.2).target == 0.2
    both = {"boin": boin, "3+3": escalation.ThreePlusThree(n_levels=4)}
    assert simulations.comparison(both, [SHORT]).results[0].target == 0.3


def test_outcomes_so_far_move_the_start_as_from_does() -> None:
    found = simulations.characteristics("nct07123519", "rising", outcomes="1NNN 2NN?")
    words = ("simulate", "--from", "1NNN 2NN?", "--method", "exact", "--json")
    theirs = json.loads(run(*words).stdout)["results"]
    rising = next(one for one in theirs if one["scenario"]["name"] == "rising")
    assert rising | found["rising"].to_dict() == rising  # which says of the plan too
    assert "Continuing from 1NNN 2NN?" in found._repr_html_()


def test_a_design_that_is_too_large_is_simulated_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = functools.partial(question.build_graph, max_states=100)
    monkeypatch.setattr(question, "build_graph", limited)
    large = escalation.Boin(n_levels=4, target=0.3, max_patients=24, titration=True)
    found = simulations.characteristics(large, {"x": SHORT}, trials=200)
    assert found["x"].exact is None
    assert found["x"].monte_carlo is not None
    assert found["x"].monte_carlo.draws == "latent"
    assert found.to_frame()["method"].unique().tolist() == ["monte_carlo"]
    with pytest.raises(TooManyStatesError):
        simulations.characteristics(large, SHORT, method="exact")


def test_a_comparison_is_that_of_the_command_line() -> None:
    protocol = escalation.load_protocol("nct07123519")
    designs = {name: protocol.with_design(variant=name) for name in ("confirm", "declare")}
    found = simulations.comparison(designs, target=0.25)
    words = ("compare", "confirm", "declare", "--protocol", "nct07123519", "--target", "0.25")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--csv").stdout)))
    frame = found.to_frame()
    assert list(frame.columns) == list(rows[0])
    assert frame["value"].tolist() == [float(row["value"]) for row in rows]
    assert found.to_dict()["results"] == json.loads(run(*words, "--json").stdout)["results"]


def test_a_comparison_in_a_notebook_is_a_table_a_measure() -> None:
    designs = [escalation.ThreePlusThree(n_levels=4), "nct07123519"]
    with pytest.raises(InputError, match="one ladder"):
        simulations.comparison(designs, [SHORT], target=0.25)
    both = {name: escalation.ThreePlusThree(n_levels=4, variant=name) for name in VARIANTS}
    found = simulations.comparison(both, {"x": SHORT}, target=0.25)
    assert repr(found).startswith("<Comparison of confirm, declare")
    assert ">correct selection, %</h" in found._repr_html_()
    assert found["x"].designs[0].metrics["pcs"] == pytest.approx(
        simulations.characteristics(both, {"x": SHORT}, target=0.25).to_frame()["pcs"][0]
    )


def test_further_questions_give_what_their_engines_give() -> None:
    protocol = escalation.load_protocol("nct07123519")
    graph = simulations.build_graph(protocol.design)
    (rising,) = simulations.characteristics(protocol, "rising")
    slopes = sensitivity(graph, rising.scenario.p_dlt, 0.25).gradients["pcs"]
    asked = simulations.sensitivity(protocol, "rising", target=0.25)
    assert asked.found.gradients["pcs"].tolist() == slopes.tolist()
    frame = asked.to_frame()
    assert frame[frame["figure"] == "pcs"]["derivative"].tolist() == slopes.tolist()
    over = simulations.worst_case(protocol, above=0.4)
    assert over.found.worst.value == worst_overdose(graph, 0.4).worst.value
    assert over.to_frame()["value"].max() == over.found.worst.value
    least = simulations.worst_case(protocol, target=0.25, separation=0.05)
    assert least.found.worst.value == worst_pcs(graph, 0.25, separation=0.05).worst.value
    assert len(simulations.paths(protocol).to_frame()) == graph.count_paths()
    shares = simulations.paths(protocol, "rising").to_frame()["probability"]
    assert shares.sum() == pytest.approx(1)
    data = simulations.mtd_data(protocol, "rising").to_frame()
    assert data["given_mtd"].sum() == pytest.approx(1)
    averages = simulations.averages(protocol, target=0.25, curves=200)
    frame = averages.to_frame()
    over_all = frame[frame["correct_level"].isna()].set_index("figure")
    assert over_all.loc["pcs", "mean"] == averages.found.figures["pcs"].mean()
    for answer in (asked, over, averages):
        assert len(repr(answer)) < 200
        assert set(answer.to_frame().attrs["columns"].values()).isdisjoint({""})
        assert "<table>" in answer._repr_html_()


def test_pictures_of_results_say_in_words_what_they_show() -> None:
    protocol = escalation.load_protocol("nct07123519")
    both = {name: protocol.with_design(variant=name) for name in ("confirm", "declare")}
    said = {
        simulations.characteristics(protocol, "rising").plot().alt: "level 2, 40 %",
        simulations.comparison(both, "rising", target=0.25).plot().alt: "confirm 40 %, declare",
        simulations.sensitivity(protocol, "rising", target=0.25).plot().alt: "correct selection",
        simulations.averages(protocol, target=0.25, curves=100).plot().alt: "100 curves",
        simulations.paths(protocol, "rising", depth=1).plot().alt: "0 of 3: Escalate to level 2",
    }
    for words, part in said.items():
        assert part in words
    with pytest.raises(InputError, match="no picture"):
        simulations.mtd_data(protocol).plot()
    with pytest.raises(InputError, match="one design"):
        simulations.characteristics(both, "rising").plot()


FOUR = escalation.ThreePlusThree(n_levels=4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: simulations.characteristics(FOUR, CURVE), "has 5 values of P(DLT); the ladder"),
        (lambda: simulations.characteristics(FOUR, 0.2), "a scenario is P(DLT) by level such as"),
        (lambda: simulations.characteristics(FOUR, []), "there is no scenario; a scenario is"),
        (lambda: simulations.characteristics(FOUR, {}), "there is no scenario; a scenario is"),
        (lambda: simulations.characteristics(FOUR, [0.1, "low"]), "beside what is not a number"),
        (lambda: simulations.characteristics(FOUR, {"x": 3}), "P(DLT) by level is needed"),
        (lambda: simulations.characteristics(FOUR, {"x": [0.1, 2, 0.3, 0.4]}), "scenario 'x'"),
        (lambda: simulations.characteristics(FOUR, {3: SHORT}), "scenario 3: name"),
        (lambda: simulations.characteristics(FOUR, "rissing"), "no such file, and no shipped set"),
        (lambda: simulations.characteristics(3, SHORT), "a protocol, its name or file, or a des"),
        (lambda: simulations.characteristics({}, SHORT), "there is no design"),
        (lambda: simulations.characteristics(FOUR, SHORT, outcomes=3), "outcomes are a text"),
        (lambda: simulations.characteristics("3+3"), "the design 3+3 needs a ladder"),
        (lambda: simulations.characteristics("a+b", SHORT), "a+b needs the options"),
        (lambda: simulations.characteristics(FOUR, SHORT, target=25), "not 25; 25 % is 0.25"),
        (lambda: simulations.characteristics(FOUR, SHORT, target="x"), "a number between 0 and 1"),
        (lambda: simulations.characteristics(FOUR, SHORT, method="exakt"), "did you mean exact"),
        (lambda: simulations.characteristics(FOUR, SHORT)["x"], "no scenario 'x'; known"),
        (lambda: simulations.comparison({"a": FOUR}, SHORT), "a comparison needs a target P(DLT)"),
        (lambda: simulations.comparison(FOUR, SHORT, target=0.2), "several designs are needed"),
        (lambda: simulations.comparison({}, SHORT, target=0.2), "there is no design to compare"),
        (lambda: simulations.averages(FOUR), "averages need a target"),
        (lambda: simulations.averages(FOUR, target=0.2, prior="x"), "no prior 'x'; known"),
        (lambda: simulations.worst_case(FOUR), "one of both"),
        (lambda: simulations.worst_case(FOUR, above=0.2, target=0.2), "one of both"),
        (lambda: simulations.sensitivity("nct07123519"), "one scenario is needed"),
        (lambda: simulations.build_graph("3+3"), "a design is needed, such as ThreePlusThree"),
        (lambda: exact_characteristics(FOUR, SHORT), "a transition graph is needed"),
        (lambda: simulations.simulate(FOUR, SHORT, trials=10), "a transition graph is needed"),
    ],
)
def test_a_slip_is_told_with_what_was_expected(call: object, said: str) -> None:
    with pytest.raises(EscalationError) as caught:
        call()  # type: ignore[operator]
    assert said in str(caught.value)


def test_simulated_trials_are_as_many_by_default_as_on_the_command_line() -> None:
    for ask in (simulations.characteristics, simulations.comparison):
        assert inspect.signature(ask).parameters["trials"].default == TRIALS


@pytest.mark.parametrize("order", [1, -1])
def test_a_frame_of_designs_with_and_without_backfill_has_its_columns_in_every_row(order):
    designs = {"backfilled": "backfill-example", "plain": escalation.ThreePlusThree(n_levels=3)}
    asked = dict(list(designs.items())[::order])
    found = simulations.characteristics(asked, {"a": [0.05, 0.15, 0.45]}, method="exact")
    frame = found.to_frame().set_index("design")
    assert frame.loc["backfilled", "backfill_patients"].notna().all()
    assert frame.loc["plain", "backfill_patients"].isna().all()
    assert frame["sample_size"].nunique() == 1  # backfill that counts nowhere changes nothing


def test_each_row_of_a_csv_says_what_it_rests_on() -> None:
    """The names of --keep's columns; digest and seed as --json has them."""
    asked = ("--protocol", "nct07123519", "--method", "monte-carlo")
    asked += ("--trials", "50", "--seed", "7")
    for words in (("simulate",), ("compare", "3+3", "boin")):
        document = json.loads(run(*words, *asked, "--json").stdout)
        rows = list(csv.DictReader(io.StringIO(run(*words, *asked, "--csv").stdout)))
        assert {row["digest"] for row in rows} == {document["protocol"]["digest"]}
        assert {row["escalation"] for row in rows} == {document["software"]["escalation"]}
        of_trials = [row for row in rows if row["design"] != "benchmark"]
        assert {(row["seed"], row["trials"]) for row in of_trials} == {("7", "50")}
        assert all("below expand" in row["options"] for row in rows if row["design"] == "3+3")
