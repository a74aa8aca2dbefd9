"""The notebooks, executed: they run, and what they print is what is committed.

Run as a program, this file executes them and writes their output back:
``python tests/test_notebooks.py``.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow  # four kernels that load everything

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
PATIENCE = 86_400  # seconds: no limit, which two of the three settings cannot express

# A drive, or two folders and a slash before them; 1/6 and cells/kg have something on the left.
ABSOLUTE_PATH = re.compile(r"""(?:^|[\s"'`(=:])(?:[A-Za-z]:\\|~?/[\w.-]+/[\w.-]+)""")


def execute(path: Path) -> nbformat.NotebookNode:
    """Return the notebook as it comes out of a fresh kernel, without what varies by machine."""
    notebook = nbformat.read(path, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=PATIENCE,
        iopub_timeout=PATIENCE,  # after it the output of a cell is lost without a word
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def read_outputs(cell: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """Return a cell's outputs as (kind, text); of a figure only that there is one."""
    found: list[tuple[str, str]] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if found and found[-1][0] == output.name:  # a stream may arrive in pieces
                found[-1] = (output.name, found[-1][1] + output.text)
            else:
                found.append((output.name, output.text))
        elif "image/png" in output.data:
            found.append(("image/png", ""))
        else:
            found += [(kind, text) for kind, text in sorted(output.data.items())]
    return found


def code_cells(notebook: nbformat.NotebookNode) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in PATHS] == [
        "01-dose-decisions",
        "02-operating-characteristics",
        "03-tracking-a-trial",
        "04-choosing-a-design",
        "05-how-long-will-it-take",
        "06-from-screening-to-endpoints",
    ]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_gives_its_committed_output_in_a_fresh_kernel(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))  # no one's own start-up files
    committed = nbformat.read(path, as_version=4)
    executed = execute(path)
    for before, after in zip(code_cells(committed), code_cells(executed), strict=True):
        assert read_outputs(after) == read_outputs(before), (
            f"{after.source}\n\nIf the new output is right: python tests/test_notebooks.py"
        )


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_is_committed_as_executed_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [kind for cell in cells for kind, _ in read_outputs(cell)]
    assert "image/png" in kinds
    assert "stderr" not in kinds
    assert not any(cell.metadata for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_names_no_absolute_path(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells]
    texts += [text for cell in code_cells(notebook) for _, text in read_outputs(cell)]
    assert [
        line for text in texts for line in text.splitlines() if ABSOLUTE_PATH.search(line)
    ] == []


@pytest.mark.parametrize("text", ["/home/ann/x.py", "in '/opt/lib/a'", "C:\\data", "~/data/x"])
def test_absolute_path_is_recognised(text: str) -> None:
    assert ABSOLUTE_PATH.search(text)


@pytest.mark.parametrize("text", ["1/6 or 2/6", "1E6 cells/kg", "https://example.org/a/b"])
def test_what_is_no_absolute_path_is_let_through(text: str) -> None:
    assert not ABSOLUTE_PATH.search(text)


def main() -> None:
    """Execute every notebook and write it back."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IPYTHONDIR"] = folder
        for path in PATHS:
            nbformat.write(execute(path), path)


if __name__ == "__main__":
    main()
