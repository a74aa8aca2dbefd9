"""`simulate --report` and `compare --report`: the appendix of a protocol, as a file."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.errors import printable
from escalation.reports.documents import find_missing
from tests.reports.read_documents import html_page

SMALL = ("--levels", "2", "--p-dlt", "0.1,0.3", "--trials", "400")
NASTY = """
schema = 1
name = "words"
title = "<b>Trial</b> & <script>alert(1)</script>"
start = "DL-1"
unit = "mg"
[design]
name = "3+3"
[[levels]]
label = "DL-1"
dose = 10
regimen = "once <i>weekly</i>"
[[levels]]
label = "1a"
dose = 20
regimen = "twice weekly"
[expansion]
n_patients = 10
stop_at_rate = "1/3"
[backfill]
max_per_level = 3
[[scenarios]]
name = "a-scenario-with-a-name-of-forty-letters1"
p_dlt = [0.05, 0.30]
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def written(folder: Path, name: str, *words: str) -> bytes:
    file = folder / name
    result = run(*words, "--report", str(file))
    assert result.exit_code == 0, result.output
    assert f"wrote {printable(str(file))}" in result.stderr
    return file.read_bytes()


def said_in_html(content: bytes) -> list[str]:
    """Return what a reader sees, with the words of pictures."""
    page = html_page(content)
    lines = [line for text in page.texts for line in text.replace("\N{EM SPACE}", " ").splitlines()]
    return sorted(one.strip() for one in [*lines, *page.alternatives] if one.strip())


def said_in_word(content: bytes) -> list[str]:
    docx = pytest.importorskip("docx")
    word = docx.Document(io.BytesIO(content))
    said = [one.text for one in word.paragraphs]
    said += [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    said += [shape._inline.docPr.get("descr") for shape in word.inline_shapes]
    return sorted(one.strip() for one in said if one and one.strip())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("report"), "small.html", "simulate", *SMALL)


def test_a_report_has_every_part(small: bytes) -> None:
    titles = re.findall(r"<h2>([^<]*)</h2>", small.decode())
    assert titles == [
        "1 Summary",
        "2 The design in words",
        "3 Decision table",
        "4 Flowchart",
        "5 Scenarios, and why",
        "6 Operating characteristics",
        "7 Comparison",
        "8 Worst case",
        "9 Methods and references",
        "10 Self-check",
        "11 Versions, digests and seeds",
    ]
    assert small.decode().count("<figure>") == 3


def test_the_rule_and_the_figures_are_those_of_the_other_commands(small: bytes) -> None:
    said = set(said_in_html(small))
    rule = run("protocol", "text", "--levels", "2", "--format", "html").stdout
    assert {
        one for one in said_in_html(rule.encode()) if len(one) > 60 and "digest" not in one
    } <= (said)
    table = said_in_html(run("table", "--levels", "2", "--format", "html").stdout.encode())
    assert {one for one in table if "digest" not in one} <= said
    shown = run("simulate", *SMALL, "--target", "0.25", "--format", "html").stdout
    cells = set(re.findall(r"<td>([0-9.]+ \([^<]*)</td>", shown))
    assert cells
    assert cells <= said


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if find_missing(".docx"):
        pytest.skip("python-docx is not installed")
    return written(tmp_path_factory.mktemp("word"), "small.docx", "simulate", *SMALL)


def test_the_same_text_in_word_and_html(small: bytes, word: bytes) -> None:
    flat = [" ".join(one.split()) for one in said_in_word(word)]
    assert sorted(flat) == sorted(" ".join(one.split()) for one in said_in_html(small))


def test_the_same_question_gives_the_same_bytes_without_any_time(
    small: bytes, tmp_path: Path
) -> None:
    again = written(tmp_path, "another.html", "simulate", *SMALL, "--workers", "1")
    assert again == small
    assert b"dcterms" not in small


def test_word_holds_no_time_of_writing(word: bytes, tmp_path: Path) -> None:
    assert written(tmp_path, "another.docx", "simulate", *SMALL) == word
    with zipfile.ZipFile(io.BytesIO(word)) as file:
        core = file.read("docProps/core.xml").decode()
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "created" not in core
    assert "modified" not in core


def test_the_command_line_in_a_report_makes_it_again(small: bytes, tmp_path: Path) -> None:
    (line,) = re.findall(r"<pre>escalation ([^<]*) --report FILE</pre>", small.decode())
    assert written(tmp_path, "again.html", *line.split()) == small


def test_what_is_written_in_a_protocol_is_text(tmp_path: Path) -> None:
    protocol = tmp_path / "words.toml"
    protocol.write_text(NASTY)
    words = ("simulate", "--protocol", str(protocol), "--trials", "400")
    page = written(tmp_path, "words.html", *words)
    tags = set(html_page(page).tags)
    assert not tags & {"script", "b", "i"}
    said = " ".join(said_in_html(page))
    assert "<b>Trial</b> & <script>alert(1)</script>" in said
    for expected in ("once <i>weekly</i>", "Backfill", "Expansion", "forty-letters1", "1a (20)"):
        assert expected in said, expected
    assert "Backfill and expansion are left out of it." in said


def test_a_trial_that_goes_on_from_data_is_not_compared(tmp_path: Path) -> None:
    page = written(tmp_path, "on.html", "simulate", *SMALL, "--from", "1NNN").decode()
    assert "this one continues from data" in page
    assert "The trial continues from 1NNN." in page
    assert "simulate --p-dlt 0.1,0.3 --levels 2 --from 1NNN --trials 400" in page
    assert page.count("<figure>") == 2


def test_a_report_of_designs_compared(tmp_path: Path) -> None:
    words = ("compare", "3+3", "crm", "--levels", "2", "--p-dlt", "0.1,0.3", "--max-patients", "6")
    page = written(tmp_path, "compared.html", *words).decode()
    titles = re.findall(r"<h2>([^<]*)</h2>", page)
    assert "6 Comparison" in titles
    assert not any("characteristics" in title for title in titles)
    assert page.count("<h3>Design 3+3</h3>") == 3  # words, table, worst case
    assert "It judges all levels together" in page
    assert "F1 Flowchart of design 3+3" in page
    assert "none was found in both ways" in page


def test_a_report_fills_a_sponsors_template_part_by_part(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    template = docx.Document()
    names = "opening summary design table flowchart scenarios characteristics comparison"
    for name in f"{names} worst_case methods check versions".split():
        template.add_paragraph(f"{{{{p {name} }}}}")
    template.save(tmp_path / "sponsor.docx")
    words = ("simulate", *SMALL, "--template", str(tmp_path / "sponsor.docx"))
    said = said_in_word(written(tmp_path, "filled.docx", *words))
    assert {"1 Summary", "11 Versions, digests and seeds"} <= set(said)
    assert not any("--template" in one for one in said)  # it is the report's command line


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["simulate", *SMALL, "--report", "x.txt"], 1, ".html, .docx, .pdf"),
        (["simulate", *SMALL, "--template", __file__], 2, "for the file of --report"),
        (["compare", "3+3", "boin", "--template", __file__], 2, "for the file of --report"),
        (["simulate", *SMALL, "--report", "x.docx", "--template", __file__], 1, "not a Word file"),
        (["simulate", *SMALL, "--report", "none/x.html"], 1, "there is no folder none"),
        (["simulate", *SMALL, "--report", "x.pdf", "--plot", "x.pdf"], 2, "name the same file"),
        (["compare", "3+3", "boin", "--report", "x.pdf", "--plot", "x.pdf"], 2, "the same file"),
        (["compare", "3+3", "boin", "--diff", "--report", "x.pdf"], 2, "--diff has none"),
        (["simulate", *SMALL, "--report", "x.html", "--output", "x.html"], 2, "named twice"),
    ],
)
def test_bad_files_are_refused(
    words: list[str], exit_code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == exit_code, result.output
    assert said in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []
