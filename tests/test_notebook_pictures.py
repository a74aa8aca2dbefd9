"""Whoever cannot see a notebook's pictures is told what they show."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORDS = 12  # fewer name a picture, and do not say what there is to see


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_picture_of_a_notebook_has_its_words(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    for picture in pictures:
        alt = picture.metadata["image/png"]["alt"]
        assert len(alt.split()) >= WORDS
        assert picture.data["text/plain"] == alt


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_defines_no_functions_of_its_own(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert [line for source in sources for line in re.findall(r"(?m)^ *def .*", source)] == []


@pytest.mark.parametrize("path", [*PATHS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_every_image_that_is_linked_has_its_words(path: Path) -> None:
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
    else:
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    linked = re.findall(r"!\[(.*?)\]\(", text, re.DOTALL)
    assert [alt for alt in linked if len(alt.split()) < 4] == []
    assert "<img" not in text
