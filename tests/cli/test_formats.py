"""Every command of the simulations in every format, to a terminal and to a file."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.reports.formats import FORMATS, format_of

CURVE = ("--p-dlt", "0.05,0.10,0.25")
WORDS = {
    "paths": [CURVE, ("--list", *CURVE)],
    "simulate": [(*CURVE, "--trials", "200", "--target", "0.25")],
    "compare": [
        ("3+3", "boin=A_1", "--levels", "3", "--max-patients", "9"),
        ("confirm", "declare", "--levels", "3", "--diff"),
    ],
    "mtd-data": [CURVE],
    "scenarios": [(), ("levels-3",)],
    "sensitivity": [(*CURVE, "--target", "0.25")],
    "worst-case": [("--levels", "3", "--above", "0.4", "--target", "0.25", "--starts", "2")],
    "random-scenarios": [("--levels", "3", "--target", "0.25", "--curves", "20")],
}
LINES = [(name, *words) for name, all_words in WORDS.items() for words in all_words]
IDS = [" ".join(line)[:40] for line in LINES]
SUFFIXES = {"text": ".txt", "latex": ".tex"}  # where it is not the name of the format


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(main, words, env={"COLUMNS": str(columns)})


def commands() -> set[str]:
    context = main.make_context("escalation", ["decide"])
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    callbacks = {name: getattr(one, "callback", None) for name, one in found.items()}
    return {
        name
        for name, callback in callbacks.items()
        if callback is not None and callback.__module__.startswith("simulations.cli")
    }


def test_every_command_of_the_simulations_is_among_these() -> None:
    assert commands() == set(WORDS)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("line", LINES, ids=IDS)
def test_every_command_writes_every_format(line: tuple[str, ...], form: str) -> None:
    result = run(*line, "--format", form)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert "nan" not in re.findall(r"\w+", result.stdout)
    READ[form](result.stdout)


def read_text(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 80


def read_json(shown: str) -> None:
    assert json.loads(shown)["schema"] == 1


def read_csv(shown: str) -> None:
    head, *rows = csv.reader(io.StringIO(shown))
    assert rows
    assert len(set(head)) == len(head)
    assert all(re.fullmatch(r"[a-z0-9_.:-]+", name) for name in head)
    assert {len(row) for row in rows} == {len(head)}


def read_md(shown: str) -> None:
    assert shown.count("```") % 2 == 0
    tables = re.findall(r"(?:^\|.*\|\n)+", shown, re.MULTILINE)
    assert tables or "```" in shown or "levels-3" in shown
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def read_latex(shown: str) -> None:
    begun = re.findall(r"\\begin\{(\w+)\}", shown)
    assert begun == re.findall(r"\\end\{(\w+)\}", shown)
    typeset = re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", shown, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[%#$_]", typeset)


class Tags(HTMLParser):
    """Holds the tags that are open, and fails for one that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_html(shown: str) -> None:
    tags = Tags()
    tags.feed(shown)
    tags.close()
    assert tags.open == []


READ = {
    "text": read_text,
    "json": read_json,
    "csv": read_csv,
    "md": read_md,
    "latex": read_latex,
    "html": read_html,
}


@pytest.mark.parametrize("form", FORMATS)
def test_the_ending_of_a_file_says_its_format(form: str, tmp_path: Path) -> None:
    suffix = SUFFIXES.get(form, f".{form}")
    assert format_of(suffix) == form
    file = tmp_path / f"found{suffix}"
    for line in LINES[1:5]:
        result = run(*line, "--output", str(file))
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == f"wrote {file}\n"
        assert file.read_text(encoding="utf-8") == run(*line, "--format", form).stdout
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


REFUSED = {
    "--format docx": (2, "'docx' is not one of 'text', 'csv', 'html', 'json', 'latex', 'md'"),
    "--format md --csv": (2, "give one format, not csv and md"),
    "--output missing/found.csv": (1, "missing/found.csv: cannot be written: there is no folder"),
    "--output found.docx": (1, "found.docx: the ending names no format; give --format"),
    "--output found": (1, "found: the ending names no format; give --format"),
}


@pytest.mark.parametrize("wrong", REFUSED)
@pytest.mark.parametrize("line", LINES, ids=IDS)
def test_bad_input_is_one_clear_line_and_leaves_no_file(
    line: tuple[str, ...], wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exit_code, message = REFUSED[wrong]
    result = run(*line, *wrong.split())
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == (1 if exit_code == 1 else 4)  # click adds the usage
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", [one for one in LINES if one[0] != "paths"], ids=" ".join)
def test_text_follows_a_narrow_terminal(line: tuple[str, ...]) -> None:
    result = run(*line, columns=60)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 60
    assert "".join(result.stdout.split()).count("MTD") >= run(*line).stdout.count("MTD")


@pytest.mark.parametrize(
    "line", [one for one in LINES if one[0] not in ("scenarios", "random-scenarios")], ids=" ".join
)
def test_one_scenario_of_a_file_is_asked_for_by_its_name(
    line: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[[scenarios]]\nname = "low"\np_dlt = [0.01, 0.02, 0.03]\n'
        '[[scenarios]]\nname = "is: high"\np_dlt = [0.1, 0.3, 0.5]\n'
    )
    words = [word for word in line if word not in (*CURVE, "--levels", "3")] + ["--levels", "3"]
    if line[0] == "worst-case":
        words = [*words[:1], "--above", "0.2", "--band", "0.1", "--starts", "2", "--levels", "3"]
    named = run(*words, "--scenario", f"{file}:is: high", "--json")
    assert named.exit_code == 0, named.stderr
    by_numbers = run(*words, "--p-dlt", "0.1,0.3,0.5", "--json")
    assert named.stdout.replace("is: high", "0.1,0.3,0.5") == by_numbers.stdout
    wrong = run(*words, "--scenario", f"{file}:is high")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    said = f"escalation: {file} has no scenario 'is high'; did you mean is: high? Known: low, is: "
    assert wrong.stderr == f"{said}high\n"
