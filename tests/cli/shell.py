"""A shell for `escalation trial`: lines as people type them, and trials to type them at."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from escalation.cli import main


@dataclass(frozen=True)
class Shell:
    """Types lines at one ledger; a line may begin with who records it, as ``site: dose S1``."""

    db: str

    def type(self, line: str, **env: str) -> Result:
        who, colon, rest = line.partition(": ")
        words = shlex.split(rest if colon else line)
        if colon:
            words += ["--as", who]
        variables = {"ESCALATION_DB": self.db, "ESCALATION_AS": None, **env}
        return CliRunner().invoke(main, ["trial", *words], env=variables)

    def ok(self, *lines: str) -> str:
        """Type lines that must do what they say; return what the last one says, on one line."""
        said = ""
        for line in lines:
            result = self.type(line)
            assert result.exit_code == 0, (line, result.output, result.exception)
            assert result.stderr == "", line
            assert max(map(len, result.stdout.splitlines()), default=0) <= 80, result.stdout
            said = result.stdout
        return " ".join(said.split())

    def fails(self, line: str, exit_code: int = 1) -> str:
        """Type a line that must not do it; return what is said, on one line."""
        result = self.type(line)
        assert result.exit_code == exit_code, (line, result.output, result.exception)
        assert result.stdout == "", line
        assert "Traceback" not in result.stderr
        return " ".join(result.stderr.split())

    def json(self, line: str) -> dict[str, Any]:
        result = self.type(f"{line} --json")
        assert result.exit_code == 0, (line, result.output, result.exception)
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    def seq(self) -> int:
        seq: int = self.json("status")["head"]["seq"]
        return seq


def treat(subject: str, day: str) -> tuple[str, str]:
    return (
        f"site: enrol {subject} --weight 60 --on {day}",
        f"site: dose {subject} --infused 1.8e8 --on {day}",
    )


# a trial step by step, each stage on top of the one that it names; the numbers are those of entries
STAGES: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "registered": (
        None,
        (
            "office: register --trial TJ --solo --on 2026-01-05",  # 1
            "office: delegate site site --on 2026-01-05",  # 2
            "office: delegate chair chair --on 2026-01-05",  # 3
            "office: delegate member member --on 2026-01-05",  # 4
            "office: delegate statistician statistician --on 2026-01-05",  # 5
        ),
    ),
    "decided": ("registered", ("chair: decide --follow --on 2026-01-05",)),  # 6
    "open": ("decided", ("chair: sign approved --on 2026-01-05",)),  # 7
    "enrolled": ("open", ("site: enrol S1 --weight 60 --on 2026-01-05",)),  # 8
    "dosed": ("enrolled", ("site: dose S1 --infused 1.8e8 --on 2026-01-05",)),  # 9
    "full": ("dosed", (*treat("S2", "2026-01-19"), *treat("S3", "2026-01-22"))),  # 10 to 13
    "complete": (
        "full",
        tuple(f"site: outcome S{k} --no-dlt --on 2026-02-20" for k in (1, 2, 3)),  # 14 to 16
    ),
    "second": (
        "complete",
        (
            "chair: decide --follow --on 2026-02-20",  # 17: level 2
            "chair: sign approved --on 2026-02-20",  # 18
            *treat("S4", "2026-02-20"),  # 19, 20
        ),
    ),
    "toxic": (
        "dosed",
        (
            *treat("S2", "2026-01-19"),  # 10, 11
            "site: outcome S1 --dlt --term CRS --grade 3 --onset 2026-01-08 --on 2026-01-20",
            "site: outcome S2 --dlt --term CRS --grade 4 --onset 2026-01-20 --on 2026-01-20",  # 13
        ),
    ),
    "stopped": (
        "complete",
        (
            "chair: decide --stop --rationale futile --on 2026-02-21",  # 17
            "chair: sign approved --on 2026-02-21",  # 18
        ),
    ),
    "held": ("dosed", ("site: hold --reason death --on 2026-01-06",)),  # 10
    "closed": ("dosed", ("chair: close --reason sponsor --on 2026-01-06",)),  # 10
}


class Stages:
    """Makes each stage once, and gives every test a copy of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def at(self, stage: str, folder: Path) -> Shell:
        copied = folder / "trial.db"
        shutil.copy(self._made(stage), copied)
        return Shell(str(copied))

    def _made(self, stage: str) -> Path:
        made = self.folder / f"{stage}.db"
        if not made.exists():
            before, lines = STAGES[stage]
            if before is not None:
                shutil.copy(self._made(before), made)
            Shell(str(made)).ok(*lines)
        return made
