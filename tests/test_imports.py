"""Who imports whom, read from the source: the packages' layers stay layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# a module may import its own layer and lower ones
LAYERS = {
    "__init__": 0,  # the version
    "errors": 1,
    "nearness": 1,
    "text": 1,
    "outcomes": 2,
    "designs": 3,
    "binomial": 4,
    "protocol": 4,
    "trial": 5,
    "ledger": 5,
    "tracker": 6,
    "reports": 7,
    "cli": 8,
    "web": 8,
    "__main__": 9,
}
SIDE_BY_SIDE = [{"trial", "ledger"}, {"cli", "web"}]  # of one layer, but apart
BORDER = ("escalation.cli", "escalation.ledger", "escalation.web", "simulations.cli")
SIMULATIONS_CLI = ("simulations.cli",)


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


def sources() -> Iterator[tuple[str, Path, ast.Module]]:
    for package in ("escalation", "simulations"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield name_of(path), path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_in(name: str, path: Path, tree: ast.Module) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    functions = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(outer)
    }
    for_types = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If) and ast.unparse(outer.test).endswith("TYPE_CHECKING")
        for inner in outer.body
        for node in ast.walk(inner)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, *([node.module] if node.module else [])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            yield Import(name, node.lineno, target, id(node) in functions, id(node) in for_types)


SOURCES = list(sources())
IMPORTS = [found for source in SOURCES for found in imports_in(*source)]


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def layer_of(module: str) -> str:
    parts = module.split(".")
    known = len(parts) > 1 and (ROOT / "escalation" / parts[1]).exists()
    known = known or (len(parts) > 1 and (ROOT / "escalation" / f"{parts[1]}.py").exists())
    return parts[1] if known else "__init__"


def importing(*targets: str) -> list[Import]:
    return [found for found in IMPORTS if is_in(found.target, *targets)]


def test_there_is_something_to_read():
    assert len(SOURCES) > 10
    assert len(IMPORTS) > 100
    assert {name.split(".")[0] for name, _, _ in SOURCES} == {"escalation", "simulations"}


def test_every_module_of_escalation_has_a_layer():
    layers = {layer_of(name) for name, _, _ in SOURCES if is_in(name, "escalation")}
    assert layers <= set(LAYERS), "give the new module its place in LAYERS"


def test_escalation_never_imports_simulations():
    assert [str(f) for f in importing("simulations") if is_in(f.module, "escalation")] == []


def test_escalation_imports_downwards_only():
    wrong = []
    for found in importing("escalation"):
        if not is_in(found.module, "escalation"):
            continue
        here, there = layer_of(found.module), layer_of(found.target)
        apart = here != there and any({here, there} <= pair for pair in SIDE_BY_SIDE)
        if LAYERS[there] > LAYERS[here] or apart:
            wrong.append(str(found))
    assert wrong == []


SIMULATION_LAYERS = {
    "probabilities": -1,
    "roots": -1,
    "transitions": -1,
    "words": -1,
    "curve_arguments": 0,
    "optimal": 0,
    "graph": 0,
    "curves": 1,
    "characteristics": 1,
    "scenario_files": 2,
    "exact": 2,
    "random_curves": 2,
    "simulated": 2,
    "scenarios": 3,
    "latent": 3,
    "montecarlo": 4,
    "mtd_data": 3,
    "paths": 3,
    "passes": 3,
    "metrics": 3,
    "sensitivity": 3,
    "curve_averages": 3,
    "curve_search": 4,
    "differences": 4,
    "on_demand": 5,
    "results": 5,
    "comparison": 5,
    "curve_pieces": 5,
    "worst_case": 6,
    "compare": 6,
    "export": 6,
    "tables": 6,
    "compare_tables": 6,
    "plots": 7,
    "cli": 8,
}


def test_simulations_imports_downwards_only():
    wrong = []
    for found in importing("simulations"):
        if is_in(found.module, "simulations"):
            here, there = (name.split(".")[1] for name in (found.module, found.target))
            if here != there and SIMULATION_LAYERS[there] >= SIMULATION_LAYERS[here]:
                wrong.append(str(found))
    assert wrong == []


def test_only_the_commands_of_simulations_import_the_command_line():
    wrong = [
        str(found)
        for found in importing("escalation.cli", "escalation.web", *SIMULATIONS_CLI)
        if is_in(found.module, "simulations") and not is_in(found.module, *SIMULATIONS_CLI)
    ]
    assert wrong == []


def test_click_is_imported_by_the_command_line_only():
    allowed = ("escalation.cli", *SIMULATIONS_CLI)
    assert [str(f) for f in importing("click") if not is_in(f.module, *allowed)] == []


def test_matplotlib_is_imported_by_plots_and_reports_only():
    wrong = [
        str(found)
        for found in importing("matplotlib", "mpl_toolkits")
        if not found.for_types_only
        and not found.module.startswith("simulations.plots")
        and not is_in(found.module, "escalation.reports")
    ]
    assert wrong == []


def test_designs_know_nothing_of_time_people_and_files_and_numpy_only_in_crm():
    wrong = []
    for found in IMPORTS:
        if not is_in(found.module, "escalation.designs"):
            continue
        if is_in(found.target, "numpy", "scipy"):
            if found.module != "escalation.designs.crm" or not found.in_function:
                wrong.append(str(found))
        elif is_in(found.target, "datetime", "time", "calendar", "pathlib", "os", "io", "sqlite3"):
            wrong.append(str(found))
    assert wrong == []


def test_no_circle_of_imports_runs_through_the_designs_with_stages_or_models():
    """Imports for type checkers included; the circle of the interval designs is still there."""
    left_out = "escalation.designs.interval_clauses"
    needs: dict[str, set[str]] = {}
    for name, path, tree in sources():
        if is_in(name, "escalation.designs") and name not in ("escalation.designs", left_out):
            needs[name] = {
                found.target
                for found in imports_in(name, path, tree)
                if is_in(found.target, "escalation.designs")
            }
    modules = {
        name: {module for module in needs if any(is_in(t, module) for t in targets)}
        for name, targets in needs.items()
    }
    assert len(list(TopologicalSorter(modules).static_order())) == len(modules)


def test_escalation_imports_no_numbers_when_loaded():
    """numpy, scipy and matplotlib only inside the functions that use them."""
    heavy = importing("numpy", "scipy", "matplotlib", "sqlalchemy", "flask", "pandas")
    deciding = [f for f in heavy if is_in(f.module, "escalation.cli", "escalation.protocol")]
    deciding += [f for f in heavy if layer_of(f.module) in ("errors", "text", "outcomes")]
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
    assert [str(found) for found in importing("random", "secrets", "uuid")] == []
    wrong = [
        f"{name}:{line} {'.'.join(dotted)}"
        for name, _, tree in SOURCES
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
        for name, _, tree in SOURCES
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
        for name, _, tree in SOURCES
        if not is_in(name, *BORDER)
        for line, dotted in attributes(tree)
        if dotted[-2:] in CLOCKS or dotted[:2] in (("os", "environ"), ("os", "getenv"))
    ]
    assert wrong == []


# ---------------------------------------------------------------- what is loaded in the end


@pytest.mark.parametrize(
    "module",
    ["escalation", "escalation.errors", "escalation.outcomes", "escalation.designs",
     "escalation.designs.replay", "escalation.cli"],
)  # fmt: skip
def test_deciding_loads_none_of_the_heavy_libraries(module):
    code = f"import sys, {module}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    heavy = {"numpy", "scipy", "matplotlib", "pandas", "pydantic", "sqlalchemy", "flask", "random"}
    assert heavy & set(loaded) == set()
