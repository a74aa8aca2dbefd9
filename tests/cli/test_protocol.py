"""`escalation protocol`, typed as a user types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalation.cli import main
from escalation.protocol import load_protocol, shipped_protocols
from escalation.protocol.models import protocol_json_schema

SHIPPED = Path(__file__).parents[2] / "escalation" / "protocols" / "nct07123519.toml"
LINES = SHIPPED.read_text(encoding="utf-8").splitlines()
NCT = load_protocol("nct07123519")


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(main, ["protocol", *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_list_names_every_shipped_protocol():
    result = run("list")
    assert result.exit_code == 0
    for name in shipped_protocols():
        assert name in result.output
    document = json.loads(run("list", "--json").output)
    assert document["schema"] == 1
    listed = {entry["name"]: entry["digest"] for entry in document["protocols"]}
    assert listed == {name: load_protocol(name).digest for name in shipped_protocols()}


CHECKED = (
    f"ok {NCT.digest} nct07123519\n"
    "Doses in cells/kg: for each kg of body weight; at most 1E9 cells in all.\n"
)


@pytest.mark.parametrize("name", shipped_protocols())
def test_show_fits_a_terminal_and_aligns_the_sources(name):
    result = run("show", name)
    assert result.exit_code == 0
    first, _, header, *rows = result.output.splitlines()
    assert first == f"{name}  digest {load_protocol(name).digest}"
    assert result.output.isascii()
    assert max(map(len, result.output.splitlines()[1:])) < 80
    column = header.index("source")
    settings = [row for row in rows if row[0] != " "]
    in_words = sum(row.startswith("doses ") for row in settings)
    assert in_words == 1
    assert len(settings) - in_words == len(load_protocol(name).settings)
    assert {row[column:].split()[0] for row in settings} <= {"registry", "assumed", "not"}


def test_show_marks_what_is_assumed():
    shown = run("show", "nct07123519").output.splitlines()
    rows = {row.split()[0]: row.split(None, 2)[1:] for row in shown if row}
    assert rows["levels.1"] == ["registry", "3E6 cells/kg"]
    assert rows["levels.-1"] == ["assumed", "1E6 cells/kg"]
    assert rows["enrolment.planned_patients"] == ["registry", "18"]
    assert rows["dlt.window_days"] == ["assumed", "28"]
    assert rows["scenarios.steep"] == ["assumed", "0.02 0.08 0.3 0.6"]


def test_show_json_is_the_document_and_its_digest():
    document = json.loads(run("show", "nct07123519", "--json").output)
    assert document.keys() == {"schema", "protocol", "digest"}
    assert document["protocol"] == json.loads(json.dumps(NCT.document))
    assert document["digest"] == NCT.digest


def test_show_and_check_read_standard_input():
    text = "\n".join(LINES)
    assert run("show", "-", stdin=text).output == run("show", "nct07123519").output
    assert run("check", "-", stdin=text).output == CHECKED


def test_show_escapes_what_the_terminal_cannot_write(tmp_path):
    path = tmp_path / "own.toml"
    title = "Sjögren ☃"
    path.write_text("\n".join(LINES).replace(NCT.title or "", title), encoding="utf-8")
    command = [sys.executable, "-c", "from escalation.cli import main; main()"]
    for encoding, shown in (("ascii", b"Sj\\xf6gren \\u2603"), ("utf-8", title.encode())):
        done = subprocess.run(
            [*command, "protocol", "show", str(path)],
            capture_output=True,
            check=True,
            env={"PYTHONIOENCODING": encoding},
        )
        assert shown in done.stdout


def test_check_prints_the_digest_of_a_sound_file():
    assert run("check", str(SHIPPED)).output == CHECKED
    assert json.loads(run("check", str(SHIPPED), "--json").output) == {
        "schema": 1,
        "valid": True,
        "name": "nct07123519",
        "digest": NCT.digest,
        "faults": [],
        "doses": "for each kg of body weight; at most 1E9 cells in all",
    }


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("cells", "flat, the same for every patient; at most 1E9 cells in all"),
        ("Cells / Kg", "for each kg of body weight; at most 1E9 Cells in all"),
        (
            "mg/m2",
            "for each m2 of body surface, by Mosteller: the square root of cm x kg / 3600; at "
            "most 1E9 mg in all",
        ),
    ],
)
def test_check_show_and_text_say_what_the_doses_are_for_each_of(unit, said):
    text = "\n".join(LINES).replace('unit = "cells/kg"', f'unit = "{unit}"')
    assert f"Doses in {unit}: {said}.\n" in run("check", "-", stdin=text).output
    for command in ("show", "text"):
        assert said in " ".join(run(command, "-", stdin=text).output.split())


def test_check_refuses_a_unit_by_two_body_sizes_with_what_would_be_right():
    text = "\n".join(LINES).replace('unit = "cells/kg"', 'unit = "mg/m^2/kg"')
    result = run("check", "-", stdin=text)
    assert (result.exit_code, result.stdout) == (3, "")
    assert 'unit: "mg/m^2/kg" is for each m2 and kg both; write "mg/kg"' in result.stderr


def test_check_lists_every_fault_one_a_line_and_exits_with_3(tmp_path):
    path = tmp_path / "own.toml"
    text = "\n".join(LINES).replace('"confirm"', '"confrim"').replace("dose = 6e6", "dose = -1")
    path.write_text(text, encoding="utf-8")
    result = run("check", str(path))
    assert result.exit_code == 3
    assert result.stdout == ""
    heading, *faults = result.stderr.splitlines()
    assert heading == f"escalation: {path}: 2 faults"
    assert [fault.split(":")[0] for fault in faults] == ["  design.variant", "  levels[2].dose"]
    as_json = run("check", str(path), "--json")
    assert as_json.exit_code == 3
    assert as_json.stderr == ""
    document = json.loads(as_json.stdout)
    assert (document["schema"], document["valid"]) == (1, False)
    assert [f"  {fault}" for fault in document["faults"]] == faults


@pytest.mark.parametrize("command", ["check", "show"])
@pytest.mark.parametrize("file", ["no-such-file", "."])
def test_a_file_that_cannot_be_read_exits_with_3(command, file):
    result = run(command, file)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"escalation: {file}: ")


def test_init_writes_a_template_that_passes_check_and_never_overwrites(tmp_path):
    path = tmp_path / "own.toml"
    assert run("init", str(path)).exit_code == 0
    assert run("check", str(path)).exit_code == 0
    path.write_text("mine")
    refused = run("init", str(path))
    assert refused.exit_code == 1
    assert refused.stderr == f"escalation: {path} exists; --force overwrites it\n"
    assert path.read_text() == "mine"
    assert run("init", str(path), "--force").exit_code == 0
    assert path.read_text(encoding="utf-8") == run("init", "-").stdout
    assert max(map(len, run("init", "-").stdout.splitlines())) <= 80
    nowhere = run("init", str(tmp_path / "none" / "own.toml"))
    assert nowhere.exit_code == 1
    assert f"cannot be written: there is no folder {tmp_path / 'none'}" in nowhere.stderr
    (tmp_path / "folder.toml").mkdir()
    folder = run("init", str(tmp_path / "folder.toml"), "--force")
    assert folder.exit_code == 1
    assert (
        folder.stderr
        == f"escalation: {tmp_path / 'folder.toml'}: cannot be written: Is a directory\n"
    )


def test_every_commented_out_setting_of_the_template_is_a_setting():
    template = run("init", "-").stdout
    lines = [
        line.removeprefix("# ") if re.match(r"# +(\w+ +=|\[)", line) else line
        for line in template.splitlines()
    ]
    text = "\n".join(lines)
    read = tomllib.loads(text)
    assert read.keys() >= {"dose_cap", "pause", "evaluability", "reporting"}
    assert "exceptions" in read["dlt"]["rules"][2]
    assert run("check", "-", stdin=text).exit_code == 0


def test_schema_prints_the_json_schema():
    assert json.loads(run("schema").output) == protocol_json_schema()


@pytest.mark.parametrize("command", ["list", "show", "check", "init", "schema"])
def test_help_has_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: escalation protocol {command}" in result.output


@pytest.mark.parametrize(
    "words", [["check"], ["show"], ["init"], ["nonsense"], ["list", "extra"], ["check", "-x"]]
)
def test_wrong_arguments_are_a_usage_error(words):
    result = run(*words)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def assert_checked(stdin: str | bytes) -> None:
    result = run("check", "-", stdin=stdin)
    assert result.exit_code in (0, 3)
    assert bool(result.stdout) == (result.exit_code == 0)
    assert bool(result.stderr) == (result.exit_code == 3)
    if result.stderr:
        assert result.stderr.startswith("escalation: standard input: ")


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
@example("")
@example(b"\xef\xbb\xbf")
@example("[" * 5000)
@example("a = " + "{a = " * 3000)
def test_check_takes_any_input(stdin):
    assert_checked(stdin)


WRONG = ["true", "nan", "-inf", '"x"', "[]", "{}", "1979-05-27", "07:32:00", "0x7f", "1e400", ""]


@settings(deadline=None, max_examples=250)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.sampled_from(["delete", "double", "key", *WRONG]),
        ),
        max_size=4,
    )
)
def test_check_takes_any_change_of_a_sound_file(changes):
    lines = list(LINES)
    for index, change in changes:
        key, equals, _ = lines[index].partition("=")
        match change:
            case "delete":
                lines[index] = ""
            case "double":
                lines[index] += "\n" + lines[index]
            case "key":
                lines[index] = "un" + lines[index]
            case _ if equals:
                lines[index] = f"{key}= {change}"
    assert_checked("\n".join(lines))
