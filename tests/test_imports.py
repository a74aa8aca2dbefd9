"""Who imports whom, read from the source: the packages' layers stay layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The rooms of each package from the ground floor up; those of one floor stand apart. A file may
# import its own room and those below. A room is a folder, or a file beside the folders.
FLOORS = {
    "escalation": (
        ["version", "dataclass"],
        ["errors", "text", "files", "nearness", "labels", "plain"],
        ["lazy", "outcomes", "binomial", "signatures"],
        ["designs", "grading", "endpoints"],
        ["protocol"],
        ["plan"],
        ["trial", "ledger"],
        ["tracker"],
        ["anchoring"],
        ["exports"],
        ["reports"],
        ["figures"],
        ["papers"],
        ["web"],
        ["cli", "library"],
        ["__init__", "__main__"],  # the door: nobody inside uses it
    ),
    "simulations": (
        ["probabilities", "words"],
        ["scenarios", "graph"],
        ["timing"],
        ["engines"],
        ["questions", "compare"],
        ["patients"],
        ["reports"],
        ["plots", "sweeps"],
        ["cli", "library"],
        ["web"],  # its calculations are the command line's, asked in its words
        ["__init__"],  # the door
    ),
}
TOGETHER = [
    {"errors", "text", "files", "nearness", "labels"},
    {"outcomes", "binomial"},
    {"probabilities", "words"},
]
BORDER = (
    "escalation.cli",
    "escalation.ledger",
    "escalation.web",
    "simulations.cli",
    "simulations.web",
)
SIMULATIONS_CLI = ("simulations.cli",)
MANY_AT_ONCE = (
    "escalation.designs.interval.many",
    "escalation.designs.crm.digest",
    "escalation.designs.crm.follow_up_digest",
    "escalation.designs.interval.follow_up_digest",
    "escalation.designs.crm.many",
)
EXTRA_KEYS = ("escalation.signatures.ed25519", "escalation.signatures.rfc3161")


@dataclass(frozen=True)
class Import:
    """One import statement's target, as seen in one module."""

    module: str
    line: int
    target: str
    in_function: bool
    for_types_only: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> list[tuple[str, Path, ast.Module]]:
    """Return the name, file and syntax tree of every module."""
    return [
        (name_of(path), path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for package in ("escalation", "simulations")
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


@cache
def imports() -> list[Import]:
    return [found for source in sources() for found in imports_in(*source)]


def imports_in(name: str, path: Path, tree: ast.Module) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    todo: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while todo:
        node, in_function, for_types_only = todo.pop()
        in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            todo += [(inner, in_function, True) for inner in node.body]
            todo += [(inner, in_function, for_types_only) for inner in node.orelse]
            continue
        if not isinstance(node, ast.expr):  # which has no statement in it
            todo += [(inner, in_function, for_types_only) for inner in ast.iter_child_nodes(node)]
        for target in targets_of(node, package):
            yield Import(name, node.lineno, target, in_function, for_types_only)


def targets_of(node: ast.AST, package: str) -> list[str]:
    """Return what an import statement takes, written in full."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        up = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*up, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def room_of(module: str) -> str:
    """Return the room of a package that a module, or a name taken from one, is in."""
    package, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    is_room = any((ROOT / package / place).exists() for place in (room, f"{room}.py"))
    return room if room and is_room else "__init__"


def floor_of(package: str, room: str) -> int:
    return next(floor for floor, rooms in enumerate(FLOORS[package]) if room in rooms)


def importing(*targets: str) -> list[Import]:
    return [found for found in imports() if is_in(found.target, *targets)]


def test_there_is_something_to_read():
    assert len(sources()) > 10
    assert len(imports()) > 100
    assert {name.split(".")[0] for name, _, _ in sources()} == {"escalation", "simulations"}


def test_every_module_is_in_a_room_with_a_floor():
    for package, floors in FLOORS.items():
        rooms = {room_of(name) for name, _, _ in sources() if is_in(name, package)}
        assert rooms <= {room for floor in floors for room in floor}, "give the room its floor"


def test_escalation_never_imports_simulations():
    assert [str(f) for f in importing("simulations") if is_in(f.module, "escalation")] == []


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_imports_downwards_only(package):
    wrong = []
    for found in importing(package):
        here, there = room_of(found.module), room_of(found.target)
        if not is_in(found.module, package) or here == there:
            continue
        up = floor_of(package, there) - floor_of(package, here)
        if up > 0 or (up == 0 and not any({here, there} <= pair for pair in TOGETHER)):
            wrong.append(str(found))
    assert wrong == []


def test_no_files_import_each_other_in_a_circle():
    """Not even for types, or inside functions; a room's door is the file that is named."""
    modules = {name for name, _, _ in sources()}
    below: dict[str, set[str]] = {name: set() for name in modules}
    for found in imports():
        parent = found.target.rpartition(".")[0]
        target = found.target if found.target in modules else parent
        if target in modules and target != found.module:
            below[found.module].add(target)
    circles = list(find_circles(below))
    assert circles == []


def find_circles(below: dict[str, set[str]]) -> Iterator[list[str]]:
    """Yield sets of modules that reach each other (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(below[module]):
            if other not in number:
                yield from visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            place = stack.index(module)
            circle = stack[place:]
            del stack[place:]
            if len(circle) > 1:
                yield sorted(circle)

    for module in sorted(below):
        if module not in number:
            yield from visit(module)


def test_only_the_commands_and_the_page_of_simulations_import_the_command_line():
    wrong = [
        str(found)
        for found in importing("escalation.cli", "escalation.web", *SIMULATIONS_CLI)
        if is_in(found.module, "simulations")
        and not is_in(found.module, *SIMULATIONS_CLI, "simulations.web")
    ]
    assert wrong == []


def test_click_is_imported_by_the_command_line_only():
    allowed = ("escalation.cli", *SIMULATIONS_CLI)
    assert [str(f) for f in importing("click") if not is_in(f.module, *allowed)] == []


def test_dataclasses_of_escalation_write_their_methods_when_asked():
    """Those of ``simulations`` may be the standard library's: numpy takes longer than they do."""
    wrong = [
        str(found)
        for found in importing("dataclasses.dataclass")
        if is_in(found.module, "escalation") and found.module != "escalation.dataclass"
    ]
    assert wrong == []


def test_sqlalchemy_is_imported_for_a_server_and_for_accounts_only():
    """A ledger in a file is opened by the standard library."""
    allowed = ("escalation.ledger.alchemy", "escalation.ledger.postgres", "escalation.web.accounts")
    wrong = [
        str(found)
        for found in importing("sqlalchemy", *allowed[:2])
        if not (is_in(found.module, *allowed) or found.in_function or found.for_types_only)
    ]
    assert wrong == []


def test_matplotlib_is_imported_in_the_rooms_of_pictures_only():
    wrong = [
        str(found)
        for found in importing("matplotlib", "mpl_toolkits")
        if not found.for_types_only
        and not is_in(found.module, "simulations.plots", "escalation.figures")
    ]
    assert wrong == []


def test_pyreadstat_is_imported_where_transport_files_are_written_only():
    wrong = [
        str(found)
        for found in importing("pyreadstat")
        if not (found.module == "escalation.exports.xpt" and found.in_function)
    ]
    assert wrong == []


def test_the_libraries_of_the_extra_keys_are_imported_by_those_who_need_them_only():
    """In two modules, which themselves are imported inside functions."""
    wrong = [
        str(found)
        for found in importing("cryptography", "rfc3161_client")
        if not is_in(found.module, *EXTRA_KEYS)
    ]
    wrong += [str(found) for found in importing(*EXTRA_KEYS) if not found.in_function]
    assert wrong == []


def test_designs_know_nothing_of_time_people_and_files_and_numpy_only_for_many_states():
    """One decision does without numpy: what needs it is imported inside functions."""
    wrong = [
        str(found)
        for found in importing(*MANY_AT_ONCE)
        if not (found.in_function or found.for_types_only or found.module in MANY_AT_ONCE)
    ]
    for found in imports():
        if not is_in(found.module, "escalation.designs"):
            continue
        if is_in(found.target, "numpy", "scipy"):
            if found.module not in MANY_AT_ONCE:
                wrong.append(str(found))
        elif is_in(found.target, "datetime", "time", "calendar", "pathlib", "os", "io", "sqlite3"):
            wrong.append(str(found))
    assert wrong == []


def test_escalation_imports_no_numbers_when_loaded():
    """numpy, scipy and matplotlib only inside the functions that use them."""
    heavy = importing("numpy", "scipy", "matplotlib", "sqlalchemy", "flask", "pandas")
    deciding = [f for f in heavy if is_in(f.module, "escalation.cli", "escalation.protocol")]
    deciding += [
        f
        for f in heavy
        if is_in(f.module, "escalation") and room_of(f.module) in ("errors", "text", "outcomes")
    ]
    assert [str(f) for f in deciding if not (f.in_function or f.for_types_only)] == []


def test_the_library_does_not_import_its_tests_or_developers_tools():
    wrong = importing("pytest", "hypothesis", "tests", "mypy", "ruff", "nbformat", "nbclient")
    assert [str(found) for found in wrong] == []


# ---------------------------------------------------------------- chance and clocks

RANDOM_TYPES = {"Generator", "SeedSequence", "BitGenerator", "SFC64", "PCG64", "PCG64DXSM"}
CLOCKS = {
    *(("datetime", name) for name in ("now", "utcnow", "today")),
    ("date", "today"),
    *(("time", name) for name in ("time", "time_ns", "monotonic", "localtime", "gmtime")),
}


def attributes(tree: ast.Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the dotted names in use, as ("np", "random", "default_rng")."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        parts, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield node.lineno, (inner.id, *reversed(parts))


def test_no_module_uses_the_global_random_state():
    assert [str(found) for found in importing("random", "uuid")] == []
    keys = [f for f in importing("secrets") if not is_in(f.module, "escalation.web")]
    assert [str(found) for found in keys] == []
    wrong = [
        f"{name}:{line} {'.'.join(dotted)}"
        for name, _, tree in sources()
        for line, dotted in attributes(tree)
        if dotted[:2] in (("np", "random"), ("numpy", "random"))
        and len(dotted) > 2
        and dotted[2] not in RANDOM_TYPES | {"default_rng"}
    ]
    assert wrong == []
    direct = [f for f in importing("numpy.random") if f.target.split(".")[-1] not in RANDOM_TYPES]
    assert [str(found) for found in direct] == []


def test_no_generator_is_made_without_a_seed():
    wrong = [
        f"{name}:{node.lineno}"
        for name, _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("default_rng", "SeedSequence", "SFC64", "PCG64")
        and not (node.args or node.keywords)
    ]
    assert wrong == []


def test_the_clock_and_the_environment_are_read_at_the_border_only():
    wrong = [
        f"{name}:{line} {'.'.join(dotted)}"
        for name, _, tree in sources()
        if not is_in(name, *BORDER)
        for line, dotted in attributes(tree)
        if dotted[-2:] in CLOCKS or dotted[:2] in (("os", "environ"), ("os", "getenv"))
    ]
    assert wrong == []


# ---------------------------------------------------------------- what is loaded in the end


@pytest.mark.parametrize(
    "module",
    ["escalation", "simulations", "escalation.errors", "escalation.outcomes", "escalation.designs",
     "escalation.designs.replay", "escalation.cli", "escalation.ledger",
     "escalation.plan.eligibility"],
)  # fmt: skip
def test_deciding_loads_none_of_the_heavy_libraries(module):
    code = f"import sys, {module}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    heavy = {"numpy", "scipy", "matplotlib", "pandas", "pydantic", "sqlalchemy", "flask", "random"}
    assert heavy & set(loaded) == set()
