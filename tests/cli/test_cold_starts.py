"""What a command loads before it answers: what it can do without costs nobody a start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HEAVY = {"numpy", "scipy", "matplotlib", "pandas", "pydantic", "sqlalchemy", "flask", "random"}
UNASKED = {
    *("decimal", "pkgutil", "pathlib", "sqlite3", "logging", "asyncio", "email", "simulations"),
    *("escalation.ledger", "escalation.trial", "escalation.tracker", "escalation.grading"),
    *("escalation.designs.crm", "escalation.designs.interval", "escalation.designs.declared"),
    *("escalation.designs.a_plus_b.rolling_six", "escalation.designs.a_plus_b.accelerated"),
    *("escalation.protocol.file", "escalation.protocol.models", "escalation.protocol.consensus"),
    *(f"escalation.reports.formats.{form}" for form in ("csv", "html", "json", "latex", "md")),
}
LEDGER = Path(__file__).parents[1] / "data" / "ledgers" / "0.2.0.db"
ON = "--on 2026-05-28 --db trial.db"


def loaded_by(*lines: str, folder: object) -> set[str]:
    """Return the modules that a new Python has loaded after these commands, each in order."""
    code = (
        "import shlex, sys\n"
        "from escalation.cli import main\n"
        f"for line in {lines}: main(shlex.split(line), standalone_mode=False)\n"
        "print('loaded', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_to_decide_loads_what_the_asked_design_and_format_need_only(tmp_path):
    assert loaded_by("decide 1NNN 2NNT", folder=tmp_path) & (HEAVY | UNASKED) == set()


def test_a_trial_is_tracked_without_a_heavy_library(tmp_path):
    """None of pydantic where entries are as written here, of SQLAlchemy where SQLite has them."""
    shutil.copy(LEDGER, tmp_path / "trial.db")
    loaded = loaded_by(
        f"trial status {ON}",
        f"trial next {ON}",
        "trial log --db trial.db",
        "trial outcome TJ-010 --no-dlt --as 'Lin Mei' --on 2026-06-19 --db trial.db",
        folder=tmp_path,
    )
    to_verify = {"escalation.trial.inspection", "escalation.trial.spreadsheet", "zipfile"}
    by_a_plan = {"escalation.plan.eligibility", "escalation.plan.conversions", "fractions"}
    by_a_plan |= {"escalation.endpoints", "escalation.exports"}
    assert loaded & (HEAVY | to_verify | by_a_plan) == set()


def test_help_of_no_command_loads_a_heavy_library(tmp_path):
    code = (
        "import sys, click\n"
        "from escalation.cli import main\n"
        "def walk(group):\n"
        "    context = click.Context(group)\n"
        "    for name in group.list_commands(context):\n"
        "        command = group.get_command(context, name)\n"
        "        command.get_help(click.Context(command, info_name=name))\n"
        "        print(name)\n"
        "        if isinstance(command, click.Group): walk(command)\n"
        "walk(main)\n"
        "print('loaded', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *names, loaded = done.stdout.splitlines()
    assert {"decide", "simulate", "status", "serve"} <= set(names)
    assert (HEAVY - {"random"}) & set(loaded.split()) == set()  # multiprocessing loads random
