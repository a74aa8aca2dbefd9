"""Files that SQLite would delete, names that no file has, and a ledger that others have touched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from escalation.cli import main
from tests.reliability.tampering import SQLiteTable, rechain

from .shell import Shell

At = Callable[[str], Shell]


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm", "-Journal"])
@pytest.mark.parametrize("command", ["backup {}", "export --output {}"])
def test_names_that_sqlite_deletes_are_refused(at: At, ending: str, command: str) -> None:
    """Case 17: `backup t.db-journal` was written, and deleted when the ledger was opened next."""
    shell = at("dosed")
    path = Path(f"{shell.db}{ending}")
    said = shell.fails(f"{command.format(path)} --force")
    assert f"SQLite overwrites and deletes files whose names end in {ending.lower()}" in said
    assert not path.exists()
    path.with_name("link.jsonl").symlink_to(path)
    assert "SQLite overwrites" in shell.fails(f"backup {path.with_name('link.jsonl')} --force")
    other = f"register --trial T --as x --db {path.with_name('other.db')}{ending}"
    assert "is not a place for a ledger: SQLite overwrites" in shell.fails(other)


@pytest.mark.parametrize(
    "words",
    [
        ["trial", "backup", "a\0b"],
        ["trial", "restore", "a\0b"],
        ["trial", "export", "--output", "a\0b"],
        ["trial", "import", "a\0b", "--as", "x"],
        ["trial", "demo", "--db", "a\0b"],
        ["trial", "status", "--plot", "a\0b.png"],
        ["trial", "log", "--output", "a\0b.csv"],
        ["trial", "amend", "a\0b", "--reason", "x", "--as", "x"],
        ["trial", "verify", "--db", "a\0b"],
        ["trial", "verify", "--db", "postgresql://localhost\0.example/x"],
        ["protocol", "check", "a\0b.toml"],
        ["table", "--output", "a\0b"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_nul_in_a_name_is_told(at: At, words: list[str]) -> None:
    result = CliRunner().invoke(main, words, env={"ESCALATION_DB": at("dosed").db})
    assert result.exit_code in (1, 3)
    assert "NUL" in result.stderr or "null byte" in result.stderr
    assert "Traceback" not in result.output


def test_commands_go_on_beside_a_trial_without_entries(at: At) -> None:
    """Case 18: `INSERT INTO trials VALUES ('X')` by hand."""
    shell = at("dosed")
    with closing(sqlite3.connect(shell.db)) as connection:
        connection.execute("INSERT INTO trials VALUES ('X')")
        connection.commit()
    shell.ok("status", "log", "next", "site: hold --reason death --on 2026-01-06")
    assert shell.seq() == 10
    result = shell.type("verify")
    assert result.exit_code == 5
    assert "Wrong: trial X: it has no entries" in result.stdout
    assert "anchor 10:" in result.stdout


def test_a_ledger_left_in_wal_mode_is_said_with_what_to_do(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = at("dosed")
    with closing(sqlite3.connect(shell.db)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    said = shell.fails("verify", 5)
    assert "is in WAL mode" in said
    assert "run PRAGMA journal_mode=DELETE on it once" in said
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    shell.ok("verify")
    assert Path(shell.db).read_bytes()[18:20] == b"\1\1"


def test_a_departure_made_an_ordinary_decision_is_found(demo: Shell) -> None:
    """Case 16: `recommended` rewritten to what was chosen, and every hash made anew."""
    with closing(sqlite3.connect(demo.db)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM entries ORDER BY seq")]
    (row,) = [row for row in rows if '"departure":true' in row["data"]]
    data = json.loads(row["data"])
    data["departure"] = False
    data["recommended"] |= {"action": "stay", "level": 2, "n_to_enrol": 3, "clause_id": "expand"}
    row["data"] = json.dumps(data, sort_keys=True, separators=(",", ":"))
    SQLiteTable(Path(demo.db)).replace(rechain(rows))
    result = demo.type("verify")
    assert result.exit_code == 5
    said = " ".join(result.stdout.split())
    assert f"Wrong: trial DEMO, entry {row['seq']}: it says the rule recommended to enrol 3" in said
    assert "the rule says to wait" in said
    assert "its departure is False" in said
