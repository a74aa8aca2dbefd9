"""What a shell offers for a half-typed word: click's mechanism, in process and in bash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem, ShellComplete

from escalation.cli import main
from escalation.cli.bash import Bash
from escalation.designs import DESIGNS, VARIANTS, design_options
from escalation.protocol import shipped_protocols
from escalation.reports.formats import FORMATS
from simulations.scenarios.scenario import load_scenarios, shipped_scenarios

FILE = """
[[scenarios]]
name = "by numbers"
p_dlt = [0.05, 0.10, 0.25]
[[scenarios]]
name = "steep"
p_dlt = [0.05, 0.10, 0.60]
"""


def items(*words: str) -> list[CompletionItem]:
    """Return what is offered for the last word."""
    *before, incomplete = words
    shell = ShellComplete(main, {}, "escalation", "_ESCALATION_COMPLETE")
    return shell.get_completions(list(before), incomplete)


def offered(*words: str) -> list[str]:
    return [item.value for item in items(*words) if item.type == "plain"]


def offers_files(*words: str) -> bool:
    return any(item.type == "file" for item in items(*words))


def test_commands_are_offered_and_none_is_imported_for_it():
    assert offered("des") == ["designs"]
    assert offered("trial", "st") == ["status"]
    code = (
        "import sys; from escalation.cli import main; from click.shell_completion import *;"
        "found = ShellComplete(main, {}, 'escalation', 'X').get_completions([], '');"
        "print(len(found), any(m.startswith('simulations') for m in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(len(main.list_commands(None))), "False"]


def test_no_numpy_is_loaded_to_complete_a_decision():
    code = (
        "import sys; from escalation.cli import main; from click.shell_completion import *;"
        "shell = ShellComplete(main, {}, 'escalation', 'X');"
        "shell.get_completions(['decide', '', '--design'], '');"
        "found = shell.get_completions(['decide', '', '--design', 'crm', '--set'], '');"
        "print(len(found), *({'numpy', 'pydantic', 'matplotlib'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(len(design_options(DESIGNS["crm"])))]


@pytest.mark.parametrize(
    "words", [("designs",), ("decide", "1NNN", "--design"), ("table", "--design")]
)
def test_designs_are_offered_by_name(words):
    assert offered(*words, "") == list(DESIGNS)
    assert offered(*words, "mt") == ["mtpi-2", "mtpi"]
    assert not offers_files(*words, "mt")


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--protocol"),
        ("compare", "3+3", "boin", "--protocol"),
        ("protocol", "show"),
        ("protocol", "check"),
        ("protocol", "text"),
        ("protocol", "diagram"),
        ("trial", "register", "--protocol"),
        ("trial", "amend"),
    ],
)
def test_shipped_protocols_and_files_are_offered(words):
    assert offered(*words, "") == list(shipped_protocols())
    assert offered(*words, "nct0") == ["nct07123519"]
    assert offers_files(*words, "")


def test_variants_and_formats_are_offered():
    assert offered("decide", "1NNN", "--variant", "") == list(VARIANTS)
    assert offered("designs", "--format", "") == list(FORMATS)
    assert offered("compare", "3+3", "boin", "--format", "h") == ["html"]


@pytest.mark.parametrize(
    "words", [("simulate", "--scenario"), ("compare", "--scenario"), ("scenarios",)]
)
def test_scenario_sets_and_files_are_offered_and_the_scenarios_in_them(
    words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(FILE)
    assert offered(*words, "") == list(shipped_scenarios())
    assert offers_files(*words, "ow")
    names = [scenario.name for scenario in load_scenarios("levels-3")]
    assert offered(*words, "levels-3:") == [f"levels-3:{name}" for name in names]
    assert offered(*words, "levels-3:st") == ["levels-3:steep"]
    assert offered(*words, "own.toml:") == ["own.toml:by numbers", "own.toml:steep"]


def test_a_scenario_file_by_formula_takes_the_doses_of_the_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(
        '[[scenarios]]\nname = "curve"\nformula = "logistic"\np_at = [[1e6, 0.05], [6e6, 0.25]]\n'
    )
    assert offered("simulate", "--scenario", "own.toml:") == ["own.toml:curve"]


def test_a_file_with_faults_offers_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text("[[scenarios]]\nname = 3\n")
    assert offered("simulate", "--scenario", "own.toml:") == []


@pytest.mark.parametrize("name", DESIGNS)
def test_set_offers_the_options_of_the_design_chosen(name):
    keys = [f"{option}=" for option in design_options(DESIGNS[name])]
    assert offered("decide", "1NNN", "--design", name, "--set", "") == keys
    assert offered("table", "--set", "x=1", f"--design={name}", "--set", "") == keys


def test_set_offers_the_options_of_the_3_plus_3_or_of_the_protocol_where_none_is_chosen(
    tmp_path, monkeypatch
):
    keys = [f"{option}=" for option in design_options(DESIGNS["3+3"])]
    assert offered("decide", "", "--set", "") == keys
    assert offered("decide", "", "--levels", "4", "--set", "") == keys
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(
        'schema = 1\nname = "x"\nstart = 1\n[[levels]]\nlabel = 1\n[[levels]]\nlabel = 2\n'
        '[design]\nname = "boin"\ntarget = 0.3\nmax_patients = 12\n'
    )
    assert "p_saf=" in offered("table", "--protocol", "own.toml", "--set", "")
    assert offered("table", "--design", "no-such", "--set", "") == []
    assert offered("table", "--protocol", "no-such", "--set", "") == keys


def test_set_offers_the_values_of_a_choice_and_of_a_switch():
    assert offered("decide", "", "--set", "two") == ["two_of_six="]
    assert offered("decide", "", "--set", "two_of_six=") == ["two_of_six=fail", "two_of_six=mtd"]
    assert offered("decide", "", "--set", "two_of_six=m") == ["two_of_six=mtd"]
    switch = offered("decide", "", "--design", "boin", "--set", "titration=")
    assert switch == ["titration=true", "titration=false"]
    assert offered("decide", "", "--set", "third=") == []
    assert offered("decide", "", "--set", "nonsense=") == []


def test_compare_offers_designs_variants_protocols_and_their_options():
    assert offered("compare", "") == [*DESIGNS, *VARIANTS, *shipped_protocols()]
    assert offered("compare", "3+3", "dec") == ["declare", "declare-confirm-top"]
    assert offers_files("compare", "3+3", "my")
    assert offered("compare", "boin:n_") == ["boin:n_earlystop="]
    assert offered("compare", "boin=A:cohort_size=1,extra") == ["boin=A:cohort_size=1,extrasafe="]
    assert offered("compare", "boin:extrasafe=t") == ["boin:extrasafe=true"]
    assert offered("compare", "nct07123519:two_of_six=f") == ["nct07123519:two_of_six=fail"]
    both = offered("compare", "declare", "boin=A:cohort_size=1", "--set", "")
    assert {"two_of_six=", "p_saf="} < set(both)
    assert "margin_left=" not in both


@pytest.mark.parametrize(
    ("parts", "completions"),
    [
        # as bash parts the words
        (["decide", "--set", "two_of_six", "=", "m"], ["plain,mtd"]),
        (["decide", "--set", "two_of_six", "="], ["plain,fail", "plain,mtd"]),
        (["decide", "--set", "=", "two_of_six", "=", "m"], ["plain,mtd"]),
        (["decide", "--set", "two"], ["plain,two_of_six="]),
        (["compare", "boin", "=", "A", ":", "n_"], ["plain,n_earlystop="]),
        (["simulate", "--scenario", "levels-3", ":", "st"], ["plain,steep"]),
        (["simulate", "--scenario", "own.toml", ":"], [r"plain,by\ numbers", "plain,steep"]),
        (["simulate", "--scenario", "own.toml", ":", "'by"], ["plain,by numbers"]),
        (["simulate", "--scenario", "own.toml", ":", r"by\ n"], [r"plain,by\ numbers"]),
        # where : and = are taken out of COMP_WORDBREAKS
        (["decide", "--set", "two_of_six=m"], ["plain,two_of_six=mtd"]),
    ],
)
def test_bash_is_given_what_it_does_not_have_yet(parts, completions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(FILE)
    monkeypatch.setenv("COMP_WORDS", "\n".join(["escalation", *parts]))
    monkeypatch.setenv("COMP_CWORD", str(len(parts)))
    said = Bash(main, {}, "escalation", "_ESCALATION_COMPLETE").complete()
    assert said.split("\n") == completions


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_script_for_bash_fills_in_what_is_typed(tmp_path):
    program = tmp_path / "escalation"
    program.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m escalation\n")
    program.chmod(0o755)
    (tmp_path / "own.toml").write_text(FILE)
    script = """
        compopt() { options+=("$1 $2"); }
        PATH="$PWD:$PATH"
        eval "$(_ESCALATION_COMPLETE=bash_source escalation)"
        fill() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); options=()
            _escalation_completion escalation
            printf '%s|' "${COMPREPLY[@]}"; echo "${options[*]}"
        }
        fill escalation decide 1NNN --set two
        fill escalation decide 1NNN --set two_of_six = ""
        fill escalation simulate --scenario own.toml : by
        fill escalation simulate --scenario ow
    """
    said = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert said.stdout.splitlines() == [
        "two_of_six=|-o nospace",
        "fail|mtd|",
        r"by\ numbers|",
        "|-o default",
    ]
