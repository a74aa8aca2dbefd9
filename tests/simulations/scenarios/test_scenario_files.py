"""Scenario files: formulas, and every fault with its place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.scenarios.arguments import CurveError
from simulations.scenarios.curves import emax, logistic, power, weibull
from simulations.scenarios.files import read_scenarios
from simulations.scenarios.scenario import (
    Scenario,
    ScenarioFileError,
    load_scenarios,
    parse_scenarios,
)

DOSES = (1e6, 3e6, 6e6, 1e7)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "own.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def faults_of(text, *, n_levels=None, doses=None):
    return read_scenarios(text, n_levels=n_levels, doses=doses)[1]


def test_formulas_in_a_file_give_the_curves_of_the_same_name(write):
    path = write("""
        schema = 1
        [[scenarios]]
        name = "logistic"
        description = "two points"
        formula = "logistic"
        p_at = [[3e6, 0.10], [1e7, 0.30]]
        [[scenarios]]
        name = "weibull"
        formula = "weibull"
        p_at = [[6e6, 0.25]]
        shape = 1.5
        [[scenarios]]
        name = "emax"
        formula = "emax"
        p_at = [[3e6, 0.10], [1e7, 0.30]]
        pmax = 0.6
        [[scenarios]]
        name = "power"
        formula = "power"
        skeleton = [0.05, 0.1, 0.2, 0.3]
        p_at = [[6e6, 0.25]]
        [[scenarios]]
        name = "numbers"
        p_dlt = [0, 0.3, 0.2, 1]
        """)
    points = [(3e6, 0.10), (1e7, 0.30)]
    skeleton = [0.05, 0.1, 0.2, 0.3]
    expected = {
        "logistic": logistic(DOSES, p_at=points),
        "weibull": weibull(DOSES, p_at=[(6e6, 0.25)], shape=1.5),
        "emax": emax(DOSES, p_at=points, pmax=0.6),
        "power": power(DOSES, skeleton=skeleton, p_at=[(6e6, 0.25)]),
        "numbers": (0, 0.3, 0.2, 1),
    }
    loaded = load_scenarios(path, doses=DOSES, n_levels=4)
    assert {scenario.name: scenario.p_dlt for scenario in loaded} == expected
    assert loaded[0].description == "two points"
    assert load_scenarios(str(path), doses=np.array(DOSES)) == loaded


def test_a_file_can_give_its_own_doses_but_not_other_doses_than_the_ladder():
    text = """
        doses = [1, 2]
        [[scenarios]]
        name = "a"
        formula = "logistic"
        p_at = [[1, 0.5]]
        slope = 2
        """
    scenarios, faults = read_scenarios(text, n_levels=2, doses=(1.0, 2.0))
    assert not faults
    assert scenarios[0]["p_dlt"] == pytest.approx((0.5, 0.8))
    assert faults_of(text, doses=(1, 3), n_levels=2) == [
        "doses: they are not the ladder's, 1, 3; leave them out"
    ]
    assert faults_of(text, n_levels=3) == ["doses: needs one dose a level, 3 in all, not 2"]


def test_numbers_must_fit_the_doses_of_their_file():
    text = 'doses = [1, 2]\n[[scenarios]]\nname = "a"\np_dlt = [0.1, 0.2, 0.3]'
    assert faults_of(text) == ['scenarios[0] "a".p_dlt: needs one value a level, 2 in all, not 3']


def test_missing_doses_are_reported_once_and_hide_no_other_fault():
    table = '[[scenarios]]\nname = "{}"\nformula = "logistic"\np_at = [[1, 0.1]]\n'
    scenarios, faults = read_scenarios(
        table.format("a") + "slope = 1\n" + table.format("b") + "slope = 1\n" + table.format("c"),
        n_levels=None,
        doses=None,
    )
    assert not scenarios
    assert faults == [
        'scenarios[0] "a".formula: needs the ladder\'s doses; write doses = [...] above the first '
        "[[scenarios]]",
        'scenarios[2] "c".p_at: with one pair, slope is needed too; or give a second pair',
    ]


def test_a_power_curve_by_theta_needs_no_doses():
    text = '[[scenarios]]\nname = "a"\nformula = "power"\nskeleton = [0.1, 0.2]\ntheta = 2'
    scenarios, faults = read_scenarios(text, n_levels=None, doses=None)
    assert not faults
    assert scenarios[0]["p_dlt"] == pytest.approx((0.01, 0.04))


def test_every_fault_of_a_file_is_reported_with_its_place(write):
    path = write("""
        shema = 1
        doses = [1e6, 3e6, 2e6]
        [[scenarios]]
        name = "a"
        p_dlt = [0.1, 1.2, nan, true, "x"]
        [[scenarios]]
        name = "a"
        formula = "logistc"
        [[scenarios]]
        formula = "logistic"
        p_at = [[3e6, 0.30], [1e7, 0.10]]
        slop = 3
        [[scenarios]]
        name = "b"
        formula = "emax"
        p_at = [[3e6, 0.30]]
        [[scenarios]]
        name = "c"
        description = 3
        """)
    with pytest.raises(ScenarioFileError) as refusal:
        load_scenarios(path)
    assert refusal.value.exit_code == 1
    assert refusal.value.faults == (
        "the file: 'shema' is not a key here; did you mean schema? Known: schema, doses, scenarios",
        "doses[2]: 2e+06 is not above 3e+06 before it",
        'scenarios[0] "a".p_dlt[1]: 1.2 is not a probability from 0 to 1',
        'scenarios[0] "a".p_dlt[2]: nan is not a probability from 0 to 1',
        'scenarios[0] "a".p_dlt[3]: True is not a probability from 0 to 1',
        "scenarios[0] \"a\".p_dlt[4]: 'x' is not a probability from 0 to 1",
        "scenarios[1] \"a\".name: 'a' is an earlier scenario's name",
        "scenarios[1] \"a\".formula: 'logistc' is not a formula; did you mean logistic? "
        "Known: logistic, emax, weibull, power",
        "scenarios[2].name: missing; every scenario has a name",
        "scenarios[2]: 'slop' is not a key here; did you mean slope? "
        "Known: name, description, formula, p_at, slope",
        "scenarios[2].p_at: P(DLT) must rise with dose, but is 0.3 at 3e+06 and 0.1 at 1e+07",
        'scenarios[3] "b".p_at: with one pair, pmax and hill are both needed',
        'scenarios[4] "c".description: one line of text is needed, not 3',
        'scenarios[4] "c": either p_dlt or formula is needed, and not both',
    )
    lines = str(refusal.value).splitlines()
    assert lines[0] == f"{path}: 14 faults"
    assert lines[1:] == [f"  {fault}" for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty; write [[scenarios]] tables, for example"),
        ("# nothing\n", "scenarios: [[scenarios]] tables are needed"),
        ("scenarios = 3", "scenarios: [[scenarios]] tables are needed"),
        ("scenarios = []", "scenarios: [[scenarios]] tables are needed"),
        ("scenarios = [1]", "scenarios[0]: a [[scenarios]] table is needed, not 1"),
        ("x = [", "not TOML: "),
        ("x = " + "[" * 5000, "not a scenario file: its values are nested too deep"),
        ("x = " + "1" * 5000, "not a scenario file: it has a number of thousands of digits"),
        ("schema = 2", "schema: 1 is the only one there is, not 2"),
        ("schema = true", "schema: 1 is the only one there is, not True"),
        ("doses = 3", "doses: a list of doses is needed, lowest first, not 3"),
        (
            '[[scenarios]]\nname = "a"\np_dlt = [0x' + "f" * 5000 + "]",
            'scenarios[0] "a".p_dlt[0]: a number of thousands of digits is not a probability',
        ),
        (
            '[[scenarios]]\nname = "a"\np_dlt = [0.1]',
            'scenarios[0] "a".p_dlt: needs one value a level, 3 in all, not 1',
        ),
        (
            '[[scenarios]]\nname = "a"\np_dlt = [0.1]\nformula = "power"',
            'scenarios[0] "a": either p_dlt or formula is needed, and not both',
        ),
        (
            '[[scenarios]]\nname = "a"\np_dlt = [0.1, 0.2, 0.3]\nslope = 1',
            "scenarios[0] \"a\": 'slope' is not a key here; known: name, description, p_dlt, form",
        ),
        (
            '[[scenarios]]\nname = "a"\nformula = 3',
            'scenarios[0] "a".formula: 3 is not a formula; known: logistic, emax, weibull, power',
        ),
        (
            '[[scenarios]]\nname = "a"\nformula = "logistic"\np_at = [[1, 0.1]]\nslope = 1',
            'scenarios[0] "a".formula: needs the ladder\'s doses; write doses = [...] above',
        ),
        (
            '[[scenarios]]\nname = "a"\nformula = "power"\nskeleton = [0.1]\np_at = [[1, 0.1]]',
            'scenarios[0] "a".formula: needs the ladder\'s doses; write doses = [...] above',
        ),
        (
            '[[scenarios]]\nname = "a"\nformula = "power"\ntheta = 1\n'
            f"skeleton = {[i / 102 for i in range(1, 102)]}",
            'scenarios[0] "a".p_dlt: 1 to 100 values are possible, one a level, not 101',
        ),
    ],
)
def test_files_that_are_no_scenarios_are_refused(text, fault):
    assert any(found.startswith(fault) for found in faults_of(text, n_levels=3))


@given(st.text() | st.text('[]scenario=.,"0123456789\n p_dltfm'))
def test_any_text_as_a_file_is_faulty_or_scenarios(text):
    scenarios, faults = read_scenarios(text, n_levels=None, doses=None)
    assert faults or scenarios
    assert all(Scenario(**fields).p_dlt for fields in scenarios)


FORMULAS = st.sampled_from(["logistic", "emax", "weibull", "power"]).map(repr)
NUMBERS = (st.integers() | st.floats()).map(repr)
LISTS = st.recursive(
    NUMBERS, lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
)
PAIRS = st.tuples(st.floats(0), st.floats(0, 1)).map(list)
POINTS = st.lists(PAIRS, min_size=1, max_size=2).map(repr)


@given(
    st.fixed_dictionaries(
        {"formula": FORMULAS, "p_at": POINTS | LISTS},
        optional=dict.fromkeys(["slope", "shape", "pmax", "hill", "theta", "skeleton"], LISTS),
    )
)
def test_any_values_in_a_formula_are_faulty_or_a_scenario(table):
    lines = [f"{key} = {value}" for key, value in table.items()]
    text = "\n".join(["doses = [1, 2]", "[[scenarios]]", "name = 'a'", *lines])
    scenarios, faults = read_scenarios(text, n_levels=2, doses=None)
    assert not any(fault.startswith("not TOML") for fault in faults)
    assert len(faults) > 0 or len(Scenario(**scenarios[0]).p_dlt) == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xfe\x00\x01", "not a scenario file: byte 1 is not UTF-8 text"),
        (b"", "empty; write [[scenarios]] tables"),
        (b"#\n" * 100_001, "not a scenario file: larger than 200000 bytes"),
        (b"#" * 5_001, "not a scenario file: a line is longer than 5000 characters"),
    ],
)
def test_files_that_are_no_text_are_refused(write, content, fault):
    with pytest.raises(ScenarioFileError) as refusal:
        load_scenarios(write(content))
    assert fault in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_files_from_windows_are_read(write):
    path = write(b'\xef\xbb\xbf[[scenarios]]\r\nname = "a"\r\np_dlt = [0.1]\r\n')
    assert load_scenarios(path) == (Scenario(name="a", p_dlt=(0.1,)),)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (
            "levels-5",
            "no such file, and no shipped set of that name; did you mean levels-4?",
        ),
        ("nowhere/own.toml", "no such file"),
        (".", ".: cannot be read: "),
        ("null\0byte", "cannot be read: embedded null byte"),
        ("x" * 10_000, "cannot be read: File name too long"),
    ],
)
def test_sources_that_cannot_be_read_are_refused(source, fault):
    with pytest.raises(ScenarioFileError) as refusal:
        load_scenarios(source)
    assert fault in str(refusal.value)


def test_scenarios_are_read_from_bytes():
    content = b'[[scenarios]]\nname = "a"\np_dlt = [0.1]'
    assert parse_scenarios(content, "here") == (Scenario(name="a", p_dlt=(0.1,)),)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"doses": [2, 1, 3]}, "doses[1]: 1 is not above 2 before it"),
        ({"doses": [1, 2], "n_levels": 3}, "doses: needs one dose a level, 3 in all, not 2"),
    ],
)
def test_a_ladder_that_is_none_is_refused(arguments, fault):
    with pytest.raises(CurveError) as refusal:
        load_scenarios("levels-3", **arguments)
    assert str(refusal.value) == fault
