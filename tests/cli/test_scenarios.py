"""The command that lists and shows scenarios."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from escalation.cli import Program
from simulations.scenarios.files import _FORMULAS
from simulations.scenarios.scenario import scenarios_for


def run(*arguments, text=None):
    lazy = {"scenarios": ("simulations.cli.scenarios:scenarios", "Curves.")}
    program = Program(name="escalation", lazy=lazy)
    return CliRunner().invoke(program, ["scenarios", *map(str, arguments)], input=text)


def test_the_command_lists_the_shipped_sets():
    result = run()
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == ["levels-3", "levels-4"]
    assert max(map(len, lines)) <= 80
    document = json.loads(run("--json").stdout)
    assert document["schema"] == 1
    assert [(one["name"], one["n_levels"]) for one in document["sets"]] == [
        ("levels-3", 3),
        ("levels-4", 4),
    ]


def test_the_command_shows_curves_as_a_table():
    text = """
        [[scenarios]]
        name = "up and down"
        p_dlt = [0, 0.3, 0.2, 0.9999]
        [[scenarios]]
        name = "one"
        description = "Half at dose 10."
        formula = "logistic"
        p_at = [[10, 0.5]]
        slope = 7
        """
    result = run("-", "--doses", "1,10,20,50", text=text)
    assert result.stdout.splitlines() == [
        "P(DLT) by dose",
        "",
        "scenario          1     10     20      50",
        "up and down   0.000  0.300  0.200  >0.999",
        "one          <0.001  0.500  0.992  >0.999",
        "",
        "up and down: P(DLT) falls somewhere as the dose rises.",
        "one: Half at dose 10.",
    ]
    assert result.exit_code == 0


def test_the_command_prints_full_precision_as_json():
    document = json.loads(run("levels-4", "--doses", "1,2,3,4", "--json").stdout)
    assert document["schema"] == 1
    assert document["source"] == "levels-4"
    assert document["doses"] == [1, 2, 3, 4]
    assert document["scenarios"] == [
        {
            "name": scenario.name,
            "description": scenario.description,
            "p_dlt": list(scenario.p_dlt),
            "is_monotone": True,
        }
        for scenario in scenarios_for(4)
    ]


def test_one_scenario_is_shown_by_name(tmp_path):
    document = json.loads(run("levels-3:steep", "--json").stdout)
    assert [one["name"] for one in document["scenarios"]] == ["steep"]
    file = tmp_path / "a:b.toml"
    file.write_text('[[scenarios]]\nname = "x: y"\np_dlt = [0.1, 0.2]')
    rows = "scenario,level,dose,p_dlt\nx: y,1,10.0,0.1\nx: y,2,20.0,0.2\n"
    assert run(f"{file}:x: y", "--doses", "10,20", "--csv").stdout == rows
    assert run(file, "--doses", "10,20", "--csv").stdout == rows


def test_help_names_the_keys_of_every_formula():
    shown = " ".join(run("--help").stdout.split())
    for formula, (_, keys) in _FORMULAS.items():
        said = shown.partition(f" {formula} ")[2]
        assert all(key in said for key in keys), formula


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["levels-9"], 1, "escalation: levels-9: no such file, and no shipped set of that name;"),
        (["levels-3:steeep"], 1, "levels-3 has no scenario 'steeep'; did you mean steep?"),
        (["levels-3", "--format", "docx"], 2, "'docx' is not one of 'text', 'csv', 'html',"),
        (["levels-3", "--doses", "1,x,3"], 1, "escalation: --doses: value 2, 'x', is not a number"),
        (["--doses", "1,2"], 2, "--doses evaluates the formulas of a file; name the file"),
        (["levels-3", "levels-4"], 2, "Got unexpected extra argument (levels-4)"),
    ],
)
def test_the_command_refuses_in_words(arguments, exit_code, message):
    result = run(*arguments)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert message in result.stderr


def test_neither_scenarios_nor_the_command_load_numpy():
    code = (
        "import sys, simulations.cli.scenarios; "
        "print(sorted({'numpy', 'scipy', 'matplotlib', 'pydantic'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
