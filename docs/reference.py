"""The parts of the documentation that are read from the program.

Directives: ``designs`` gives every design with its options, ``protocol-keys TABLE`` and ``plan-keys
TABLE`` the keys of one table of a protocol file and of a plan file. Before the build the pages of
the commands are written to ``commands/``, those of the library to ``api/``, and the notebooks are
copied to ``notebooks/``.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, get_origin

import click
from docutils import nodes
from numpydoc.docscrape import NumpyDocString
from pygments import token
from pygments.lexer import RegexLexer, bygroups
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from escalation.cli import main
from escalation.designs import DESIGNS, Design
from escalation.designs import option_words as written
from escalation.designs.declared import declared_options, limits_words, list_references
from escalation.plan.models import plan_json_schema
from escalation.protocol.models import protocol_json_schema

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"

# What a later version may not take away without saying so, beside the packages themselves.
MODULES = {
    "escalation": (
        "errors outcomes binomial designs grading protocol protocol.consensus plan "
        "plan.eligibility plan.conversions trial ledger tracker"
    ),
    "simulations": (
        "scenarios.scenario scenarios.curves scenarios.random graph.build engines.exact "
        "engines.simulated engines.montecarlo engines.on_demand engines.characteristics "
        "engines.results engines.passes questions.paths questions.mtd_data questions.sensitivity "
        "questions.worst_case questions.averages compare.run compare.result compare.differences "
        "compare.metrics compare.optimal probabilities plots"
    ),
}


class Row(NamedTuple):
    """One option of a design, or one key of a protocol file."""

    name: str
    values: str
    default: str
    meaning: str


def design_rows(design: type[Design]) -> list[Row]:
    """Return every option of a design, as `escalation designs` lists them."""
    return [
        Row(
            option.name,
            ", ".join(f"`{choice}`" for choice in option.choices) or option.values,
            option.default_words if option.is_required else _code(option.default_words),
            option.meaning,
        )
        for option in declared_options(design)
    ]


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


def designs_page() -> Iterator[str]:
    """Write a section on every design: what it does, its options, where it was published."""
    for name, design in DESIGNS.items():
        document = NumpyDocString(inspect.cleandoc(design.__doc__ or ""))
        yield from (f"(design-{name})=", f"## `{name}`", "")
        yield from ("\n".join(document["Summary"]), "")
        yield from ("\n".join(document["Extended Summary"]), "")
        rows = list(_together(design_rows(design)))
        yield from _table(("Option", "Values", "Default", "Meaning"), rows)
        if references := " ".join(list_references(design)):
            yield from ("", f"*{references}*", "")


def _together(rows: list[Row]) -> Iterator[Row]:
    """Put options of which the same is said on one row."""
    for said, group in itertools.groupby(rows, key=lambda row: row[1:]):
        yield Row("`, `".join(row.name for row in group), *said)


def protocol_tables() -> list[str]:
    """Return the names of the tables of a protocol file; the top of the file is ``file``."""
    return _tables_in(protocol_json_schema(), ("design", "sources"))


def plan_tables() -> list[str]:
    """Return the names of the tables of a plan file; the top of the file is ``file``."""
    return _tables_in(plan_json_schema())


def _tables_in(schema: Mapping[str, Any], others: tuple[str, ...] = ()) -> list[str]:
    def inside(properties: Mapping[str, Any], within: str = "") -> Iterator[str]:
        for name, said in properties.items():
            made = schema["$defs"].get(_table_of(said))
            if made is not None:
                yield f"{within}{name}"
                yield from inside(made["properties"], f"{within}{name}.")
            elif name in others and not within:
                yield name

    return ["file", *inside(schema["properties"])]


def protocol_rows(table: str) -> list[Row]:
    """Return every key of one table of a protocol file, from the JSON Schema.

    A table inside another has a dotted name, and is not among the other's keys.
    """
    schema = protocol_json_schema()
    if table == "design":
        names = ", ".join(f"`{name}`" for name in DESIGNS)
        return [Row("name", names, "required", "The design; all other keys are its options.")]
    if table == "sources":
        words = str(schema["properties"][table]["description"])
        return [Row('"SETTING"', "`registry`, `assumed`", "", words)]
    return _rows_of(schema, table)


def plan_rows(table: str) -> list[Row]:
    """Return every key of one table of a plan file, from the JSON Schema."""
    return _rows_of(plan_json_schema(), table)


def _rows_of(schema: Mapping[str, Any], table: str) -> list[Row]:
    made = schema
    for name in [] if table == "file" else table.split("."):
        made = schema["$defs"][str(_table_of(made["properties"][name]))]
    required = made.get("required", ())
    return [
        Row(name, _schema_values(said), _schema_default(name, said, required), _schema_words(said))
        for name, said in made["properties"].items()
        if _table_of(said) is None and name not in ("design", "sources")
    ]


def _table_of(said: Mapping[str, Any]) -> str | None:
    """Return the name of the definition that a key holds one or a list of."""
    for place in (said, said.get("items", {}), *said.get("anyOf", ())):
        if "$ref" in place:
            return str(place["$ref"]).rpartition("/")[2]
    return None


def _schema_values(said: Mapping[str, Any]) -> str:
    if "enum" in said:
        return ", ".join(f"`{choice}`" for choice in said["enum"])
    if "anyOf" in said:
        return " or ".join(_schema_values(way) for way in said["anyOf"])
    if said.get("type") == "array":
        return f"list: {_schema_values(said['items'])}"
    kind = {"integer": "whole number", "number": "number", "string": "text", "boolean": "switch"}
    words = {
        "minimum": "ge",
        "exclusiveMinimum": "gt",
        "maximum": "le",
        "exclusiveMaximum": "lt",
    }
    limits = {words[key]: said[key] for key in words if key in said}
    if "ge" in limits and limits["ge"] == limits.get("le"):
        return f"`{limits['ge']}`"
    return limits_words(kind[said["type"]], limits)


def _schema_default(name: str, said: Mapping[str, Any], required: Any) -> str:
    if name in required:
        return "required"
    return f"`{written(said['default'])}`" if said.get("default") not in (None, [], ()) else ""


def _schema_words(said: Mapping[str, Any]) -> str:
    return str(said.get("description", ""))


def _table(heads: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    """Write a table as a MyST list, in whose cells every character is allowed."""
    yield from (":::{list-table}", ":header-rows: 1", ":class: reference", "")
    for row in (heads, *((f"`{name}`", *rest) for name, *rest in rows)):
        for at, cell in enumerate(row):
            yield f"{'* -' if at == 0 else '  -'} {cell}"
    yield ":::"


def command_names() -> list[str]:
    """Return the names of the program's commands."""
    return main.list_commands(click.Context(main))


def __getattr__(name: str) -> click.Command:
    """Return a command, so that its page can name it as ``reference:decide``."""
    command = main.get_command(click.Context(main), name)
    if command is None:
        raise AttributeError(name)
    return command


def public_names(package: str) -> list[str]:
    """Return what a package itself offers: nothing where only its modules do."""
    names = getattr(importlib.import_module(package), "__all__", ())
    return [name for name in names if not name.startswith("__")]


def python_page(package: str) -> Iterator[str]:
    """Write the lists of what a package offers; each name gets its own page.

    What a package itself offers is not listed again under the module that defines it.
    """
    yield from (f"# {package}", "", (importlib.import_module(package).__doc__ or "").strip(), "")
    yield from _summary(package, public_names(package))
    offered = {id(made) for name in MODULES for _, made in _named(name, public_names(name))}
    for module in (f"{package}.{name}" for name in MODULES[package].split()):
        names = importlib.import_module(module).__all__
        yield from _summary(
            module, [n for n, made in _named(module, names) if id(made) not in offered]
        )


def _named(module: str, names: list[str]) -> list[tuple[str, object]]:
    loaded = importlib.import_module(module)
    return [(name, getattr(loaded, name)) for name in names]


def _summary(module: str, names: list[str]) -> Iterator[str]:
    """Write a section on a module: a list of names with pages, then the names of constants."""
    documented = [name for name, made in _named(module, names) if _has_page(made)]
    others = [name for name in names if name not in documented]
    if names:
        yield from (f"## {module.partition('.')[2] or module}", "")
    if documented:
        yield from ("```{eval-rst}", f".. currentmodule:: {module}", "")
        yield from (".. autosummary::", "   :toctree: names", "   :nosignatures:", "")
        yield from (*(f"   {name}" for name in documented), "```", "")
    if others:
        yield from (f"Constants and types: {', '.join(f'`{name}`' for name in others)}.", "")


def _has_page(made: object) -> bool:
    """Tell whether an object carries a docstring of its own, as constants and aliases do not."""
    return (inspect.isclass(made) and get_origin(made) is None) or inspect.isfunction(made)


class PromptLexer(RegexLexer):
    """A terminal: a line after ``$`` was typed, everything else was printed."""

    name = "console"
    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (r"^(\$ )(.*\n)", bygroups(token.Generic.Prompt, token.Generic.Strong)),
            (r".*\n", token.Text),
        ]
    }


class _Written(SphinxDirective):
    """A directive that stands for Markdown made when the page is read."""

    def text(self) -> str:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)


class Designs(_Written):
    """Every design with its options."""

    def text(self) -> str:
        """Return the Markdown."""
        return "\n".join(designs_page())


class ProtocolKeys(_Written):
    """The keys of one table of a protocol file."""

    required_arguments: ClassVar[int] = 1

    def text(self) -> str:
        """Return the Markdown."""
        rows = protocol_rows(self.arguments[0])
        return "\n".join(_table(("Key", "Values", "Default", "Meaning"), rows))


class PlanKeys(_Written):
    """The keys of one table of a plan file."""

    required_arguments: ClassVar[int] = 1

    def text(self) -> str:
        """Return the Markdown."""
        rows = plan_rows(self.arguments[0])
        return "\n".join(_table(("Key", "Values", "Default", "Meaning"), rows))


def write_pages(*_: object) -> None:
    """Write the pages that are made, and copy the notebooks, before Sphinx looks for pages."""
    for name in command_names():
        text = f".. click:: reference:{name}\n   :prog: escalation {name}\n   :nested: full\n"
        _write(HERE / "commands" / f"{name}.rst", text)
    for package in MODULES:
        _write(HERE / "api" / f"{package}.md", "\n".join(python_page(package)))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text = with_alternative_text(path.read_text(encoding="utf-8"))
        _write(HERE / "notebooks" / path.name, text)


def with_alternative_text(notebook: str) -> str:
    """Return a notebook with the words of each picture where myst-nb looks for them.

    ``escalation.Picture`` leaves them with the output, as Jupyter and nbconvert expect; myst-nb
    reads them from the cell, which therefore may show one picture only.
    """
    cells = json.loads(notebook)
    for cell in cells["cells"]:
        pictures = [
            output["metadata"].get("image/png", {})
            for output in cell.get("outputs", ())
            if "image/png" in output.get("data", {})
        ]
        if len(pictures) > 1:
            raise ValueError(f"a cell shows {len(pictures)} pictures; give each its own cell")
        for picture in pictures:
            cell["metadata"]["mystnb"] = {"image": {"alt": picture["alt"]}}
    return json.dumps(cells)


def _write(path: Path, text: str) -> None:
    """Write a page if it has changed: an unchanged one is not built again."""
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add all this to Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("env-get-outdated", find_read_from_program)
    app.connect("sphinx-click-process-description", describe_command)
    app.add_lexer("console", PromptLexer)
    app.add_directive("designs", Designs)
    app.add_directive("protocol-keys", ProtocolKeys)
    app.add_directive("plan-keys", PlanKeys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def find_read_from_program(_: Sphinx, environment: BuildEnvironment, *__: object) -> list[str]:
    """Return the pages whose words are the program's: a second build reads them again."""
    return [
        page
        for page in environment.found_docs
        if page.startswith(("api/", "commands/")) or page in ("designs", "protocol", "plan")
    ]


def describe_command(_: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Show what the help of a command sets as it stands, such as examples, as code."""
    lines[:] = []
    for paragraph in inspect.cleandoc(context.command.help or "").split("\n\n"):
        if paragraph.startswith(("\b\n", "Example:")):
            rows = paragraph.removeprefix("\b\n").split("\n")
            lines += [".. code-block:: text", "", *(f"   {row}" for row in rows), ""]
        else:
            lines += [*paragraph.split("\n"), ""]
