"""Every command, every option of a design and every key of a protocol file is documented.

The pages themselves are built, with warnings as errors, by ``sphinx-build -W`` in ``.ci/run``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from escalation.cli import main
from escalation.designs import DESIGNS, design_options
from escalation.plan.models import plan_json_schema
from escalation.protocol.models import protocol_json_schema

DOCS = Path(__file__).parents[1] / "docs"

pytest.importorskip("sphinx", reason="the extra [docs] is not installed")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """Load what the documentation reads from the program."""
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["reference"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def every_command(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*words, name))


def test_every_command_has_a_page_or_a_place_on_the_page_of_its_group(reference):
    assert [words for words in every_command(main) if len(words) == 1] == [
        (name,) for name in reference.command_names()
    ]
    for name in reference.command_names():
        assert isinstance(getattr(reference, name), click.Command)


@pytest.mark.parametrize("words", list(every_command(main)), ids=" ".join)
def test_every_command_and_every_option_says_what_it_is(words):
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    assert command.help
    unsaid = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert unsaid == []


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_and_every_option_of_it_is_on_the_page(name, reference):
    page = "\n".join(reference.designs_page())
    section = page.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
    for option in design_options(DESIGNS[name]):
        assert f"`{option}`" in section
    for row in reference.design_rows(DESIGNS[name]):
        assert row.values
        assert row.meaning.endswith(".")


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_in_the_overview(name):
    overview = (DOCS / "designs.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert f"`{name}`" in overview


@pytest.mark.parametrize("file", ["protocol", "plan"])
def test_every_table_of_a_file_has_its_keys_on_the_page(reference, file):
    page = (DOCS / f"{file}.md").read_text(encoding="utf-8")
    shown = re.findall(rf"```\{{{file}-keys\}} ([\w.]+)", page)
    tables = getattr(reference, f"{file}_tables")()
    assert sorted(shown) == sorted(tables)
    keys = [row.name for row in getattr(reference, f"{file}_rows")("file")] + tables
    schema = {"protocol": protocol_json_schema, "plan": plan_json_schema}[file]()
    assert set(schema["properties"]) <= set(keys)


@pytest.mark.parametrize("file", ["protocol", "plan"])
def test_every_row_of_a_file_says_what_it_is(reference, file):
    for table in getattr(reference, f"{file}_tables")():
        for row in getattr(reference, f"{file}_rows")(table):
            assert row.values
            assert row.meaning


def test_every_public_name_is_on_the_page_of_a_package(reference):
    pages = "\n".join("\n".join(reference.python_page(package)) for package in reference.MODULES)
    for package, modules in reference.MODULES.items():
        names = reference.public_names(package)
        for module in modules.split():
            names += importlib.import_module(f"{package}.{module}").__all__
        for name in names:
            assert re.search(rf"^   {name}$|`{name}`", pages, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "path", sorted((DOCS.parent / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_every_picture_of_a_notebook_has_its_words_in_the_documentation(path, reference):
    shown = json.loads(reference.with_alternative_text(path.read_text(encoding="utf-8")))
    pictures = [
        (cell["metadata"].get("mystnb", {}).get("image", {}).get("alt"), output["data"])
        for cell in shown["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    for alt, data in pictures:
        assert alt == "".join(data["text/plain"])


def test_two_pictures_of_one_cell_are_refused_as_they_would_share_their_words(reference):
    picture = {"data": {"image/png": ""}, "metadata": {"image/png": {"alt": "a picture"}}}
    notebook = {"cells": [{"metadata": {}, "outputs": [picture, picture]}]}
    with pytest.raises(ValueError, match="a cell shows 2 pictures"):
        reference.with_alternative_text(json.dumps(notebook))
