"""The console and Python blocks of README and of the documentation, run as written.

Run as a program, this file writes what the blocks print now into them:
``python -m tests.test_readme``, or ``python -m tests.test_readme docs/time.md`` for some of them.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command_line import type_line

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MADE = ("_build", "api", "commands", "notebooks")  # folders of pages that the build writes
PAGES = sorted(
    page
    for page in (ROOT / "docs").rglob("*.md")
    if page.relative_to(ROOT / "docs").parts[0] not in MADE
)
DOCUMENTS = [README, *PAGES]

CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```)", flags=re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)(?=```)", flags=re.DOTALL)


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def sessions(text: str) -> list[tuple[str, str]]:
    """Return (command, output) for every ``$`` line of every console block."""
    return [
        (command, output)
        for block in CONSOLE.findall(text)
        for command, _, output in (
            session.partition("\n") for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        )
    ]


def run_python(code: str, folder: Path) -> str:
    shown = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(shown):
        exec(compile(code, "the Python block", "exec"), {"__name__": "__main__"})  # noqa: S102
    return shown.getvalue()


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_console_blocks_print_what_the_document_shows(path: Path, tmp_path: Path) -> None:
    """A document's commands are typed in one folder: one may read what an earlier one wrote."""
    written = sessions(path.read_text(encoding="utf-8"))
    shown = [(command, type_line(command, tmp_path)[1].rstrip()) for command, _ in written]
    assert shown == [(command, output.rstrip()) for command, output in written], (
        "If what is printed now is right: python -m tests.test_readme"
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_python_blocks_print_what_the_document_shows(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("```python\n") == len(PYTHON.findall(text))  # none without its output
    for code, output in PYTHON.findall(text):
        assert run_python(code, tmp_path) == output


def test_there_are_blocks_to_run() -> None:
    n_blocks = {path: len(sessions(path.read_text(encoding="utf-8"))) for path in DOCUMENTS}
    assert n_blocks[README] >= 3
    assert sum(n_blocks.values()) >= 25


def test_readme_is_short() -> None:
    assert len(README.read_bytes()) <= 8_000


def test_readme_has_the_lines_that_ci_looks_for() -> None:
    text = README.read_text(encoding="utf-8")
    for mark in ("set up and run", "install what the tests need"):
        assert re.search(rf"{mark}.*?\n\n```sh\n\S.*?\n```", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_no_placeholder_is_left(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^[A-Z]{6,}$|TODO|FIXME", text, flags=re.MULTILINE) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_linked_files_are_there(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    files = [link for link in links if not is_made(path.parent / link)]
    assert [link for link in files if not (path.parent / link).exists()] == []


def is_made(path: Path) -> bool:
    """Tell whether a page is written by the build, which checks links to it."""
    path = path.resolve()
    docs = ROOT / "docs"
    return path.is_relative_to(docs) and path.relative_to(docs).parts[0] in MADE


def main(documents: Sequence[Path]) -> None:
    """Write what every block prints now into its document."""
    for path in documents:
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            text = CONSOLE.sub(lambda block: typed(block[1], Path(folder)), text)
            for code, output in PYTHON.findall(text):
                block = f"```python\n{code}```\n\n```text\n"
                text = text.replace(block + output, block + run_python(code, Path(folder)))
        path.write_text(text, encoding="utf-8")


def typed(block: str, folder: Path) -> str:
    """Return a console block with what its commands print."""
    shown = [
        f"$ {command}\n{type_line(command, folder)[1]}".rstrip() + "\n"
        for command, _ in sessions(f"```console\n{block}```")
    ]
    return "\n".join(shown)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or DOCUMENTS)
