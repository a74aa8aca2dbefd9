"""`escalation sweep`: studies of many cells, on one machine or on a cluster."""

from __future__ import annotations

from escalation.cli import LazyGroup

__all__ = ["sweep"]

sweep = LazyGroup(
    name="sweep",
    help="Run studies: designs, scenarios and clocks, a row a cell.\n\n"
    "Example: escalation sweep run study.toml -o results.csv",
    lazy={
        "init": (
            "simulations.cli.sweep.files:init",
            "Write a study with comments, to start from.",
        ),
        "check": (
            "simulations.cli.sweep.files:check",
            "Check a study, name every fault at once, and list its cells.",
        ),
        "run": (
            "simulations.cli.sweep.run:run",
            "Calculate the cells that are not finished.",
        ),
        "merge": (
            "simulations.cli.sweep.files:merge",
            "Put the results of shards together.",
        ),
        "show": (
            "simulations.cli.sweep.files:show",
            "Show results, finished or not, as a table.",
        ),
    },
)
