"""Scenarios: their limits, the command line's numbers, and the shipped sets."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.cli.numbers import parse_doses, parse_p_dlt
from simulations.scenarios.scenario import (
    Scenario,
    ScenarioError,
    load_scenarios,
    scenarios_for,
    shipped_scenarios,
)


def test_a_scenario_keeps_its_values_as_floats():
    scenario = Scenario(name="mixed", p_dlt=[0, np.float32(0.5), 1])
    assert scenario.p_dlt == (0.0, 0.5, 1.0)
    assert all(type(p) is float for p in scenario.p_dlt)
    assert math.copysign(1, Scenario(name="zero", p_dlt=(-0.0,)).p_dlt[0]) == 1
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301  # our own bytes


def test_a_description_takes_no_part_in_comparisons():
    plain = Scenario(name="a", p_dlt=(0.1,))
    assert plain == Scenario(name="a", p_dlt=(0.1,), description="for the record")


@pytest.mark.parametrize(
    ("p_dlt", "monotone"),
    [((0.1,), True), ((0.1, 0.1, 0.2), True), ((0.1, 0.3, 0.2), False)],
)
def test_monotone_means_never_falling(p_dlt, monotone):
    assert Scenario(name="a", p_dlt=p_dlt).is_monotone is monotone


@pytest.mark.parametrize(
    ("p_dlt", "fault"),
    [
        ((0.1, 1.2), "scenario 'a': p_dlt[1]: 1.2 is not a probability from 0 to 1"),
        ((1.0000001,), "p_dlt[0]: 1.0000001 is not a probability"),
        ((-0.1,), "p_dlt[0]: -0.1 is not a probability"),
        ((math.nan,), "p_dlt[0]: nan is not a probability"),
        ((math.inf,), "p_dlt[0]: inf is not a probability"),
        ((10**400,), "is not a probability"),
        ((10**5000,), "a number of thousands of digits is not a probability"),
        ((True,), "p_dlt[0]: True is not a probability"),
        (("0.1",), "p_dlt[0]: '0.1' is not a probability"),
        ((None,), "p_dlt[0]: None is not a probability"),
        ((), "p_dlt: 1 to 100 values are possible, one a level, not 0"),
        ((0.1,) * 101, "p_dlt: 1 to 100 values are possible, one a level, not 101"),
        ("0.1", "p_dlt: a list of numbers is needed"),
        (0.1, "p_dlt: a list of numbers is needed"),
        ({0.1}, "p_dlt: a list of numbers is needed"),
        ((2, 3), "p_dlt[0]: 2 is not a probability from 0 to 1; p_dlt[1]: 3 is not"),
    ],
)
def test_values_that_are_no_probabilities_are_refused(p_dlt, fault):
    with pytest.raises(ScenarioError) as refusal:
        Scenario(name="a", p_dlt=p_dlt)
    assert fault in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a", "\ud800", None, 3])
def test_names_that_cannot_be_printed_on_a_line_are_refused(name):
    with pytest.raises(ScenarioError, match="name: one line of text is needed") as refusal:
        Scenario(name=name, p_dlt=(0.1,))
    assert str(refusal.value).isascii()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.05,0.10, 0.2", (0.05, 0.1, 0.2)),
        (" 0 ,1, .5,1.,1e-3,+0.2", (0, 1, 0.5, 1, 0.001, 0.2)),
        ("-0", (0,)),
        ("0.3", (0.3,)),
    ],
)
def test_p_dlt_is_read_from_the_command_line(text, values):
    assert parse_p_dlt(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--p-dlt: empty; write numbers separated by commas, lowest first"),
        (" ", "--p-dlt: empty; write numbers separated by commas, lowest first"),
        ("0.1,", "--p-dlt: value 2 is empty; remove the extra comma"),
        (",0.1", "--p-dlt: value 1 is empty; remove the extra comma"),
        ("0.1,0.2,abc", "--p-dlt: value 3, 'abc', is not a number"),
        ("0.1;0.2", "--p-dlt: value 1, '0.1;0.2', is not a number"),
        ("nan", "--p-dlt: value 1, 'nan', is not a number"),
        ("inf", "--p-dlt: value 1, 'inf', is not a number"),
        ("1e999", "--p-dlt: value 1, '1e999', is not a number"),
        ("0_1", "--p-dlt: value 1, '0_1', is not a number"),
        ("\u0661", r"--p-dlt: value 1, '\u0661', is not a number"),
        ("10%", "--p-dlt: value 1, '10%', is not a number"),
        ("0.1,10", "--p-dlt: value 2, '10', is not a probability from 0 to 1"),
        ("-0.1", "--p-dlt: value 1, '-0.1', is not a probability from 0 to 1"),
        (",".join(["0.1"] * 101), "--p-dlt: 101 values; a ladder has at most 100"),
    ],
)
def test_p_dlt_that_cannot_be_read_is_pointed_at(text, message):
    with pytest.raises(ScenarioError) as refusal:
        parse_p_dlt(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1", "--doses: value 1, '0', is not above 0; doses are positive and rise"),
        ("1e6,3e6,3e6", "--doses: value 3, '3e6', is not above 3e+06; doses are positive and rise"),
        ("1,x", "--doses: value 2, 'x', is not a number"),
    ],
)
def test_doses_that_are_no_ladder_are_pointed_at(text, message):
    with pytest.raises(ScenarioError) as refusal:
        parse_doses(text)
    assert str(refusal.value) == message


@given(st.text() | st.text("0123456789.,e+- nainf"))
@pytest.mark.parametrize("parse", [parse_p_dlt, parse_doses])
def test_any_text_is_read_or_refused_in_one_ascii_line(parse, text):
    try:
        values, message = parse(text), ""
    except ScenarioError as error:
        values, message = None, str(error)
    assert message.isascii()
    assert "\n" not in message
    if values is not None:
        assert len(values) == text.count(",") + 1
        assert all(math.isfinite(value) for value in values)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_p_dlt_written_is_p_dlt_read(values):
    assert parse_p_dlt(",".join(map(repr, values))) == tuple(values)


SHAPES = {"low", "flat", "steep", "high", "first-level-toxic"}
MTDS = {
    3: ["mtd-lowest", "mtd-second", "mtd-highest"],
    4: ["mtd-lowest", "mtd-second", "mtd-third", "mtd-highest"],
}


@pytest.mark.parametrize("n_levels", [3, 4])
def test_shipped_sets_are_what_their_names_say(n_levels):
    target = 0.25
    shipped = {scenario.name: scenario.p_dlt for scenario in scenarios_for(n_levels)}
    assert shipped.keys() == SHAPES | set(MTDS[n_levels])
    assert all(len(p_dlt) == n_levels for p_dlt in shipped.values())
    assert shipped["low"][-1] < target
    assert len(set(shipped["flat"])) == 1
    assert shipped["flat"][0] < target
    steps = np.diff(shipped["steep"])
    assert steps.max() > 0.5
    assert shipped["high"][0] > target
    assert shipped["first-level-toxic"][0] >= 0.5
    assert [shipped[name].index(target) for name in MTDS[n_levels]] == list(range(n_levels))


def test_shipped_scenarios_rise_and_say_what_they_stand_for():
    assert shipped_scenarios() == ("levels-3", "levels-4")
    for name in shipped_scenarios():
        for scenario in load_scenarios(name):
            assert scenario.is_monotone
            assert scenario.description.endswith(".")


def test_a_ladder_without_a_shipped_set_is_told_which_there_are():
    with pytest.raises(ScenarioError) as refusal:
        scenarios_for(5)
    assert str(refusal.value) == (
        "no scenarios are shipped for a ladder of 5, only levels-3 and levels-4; "
        "give P(DLT) by level, or a scenario file"
    )
