"""What commands share: where a file can be written is checked before the long work."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from escalation.cli import main
from escalation.errors import InputError
from escalation.files import check_writable, write_text, write_whole


def test_check_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.png")
    assert not list(tmp_path.iterdir())
    old = tmp_path / "old.png"
    old.write_bytes(b"a picture")
    before = old.stat()
    check_writable(old)
    assert old.read_bytes() == b"a picture"
    assert old.stat().st_mtime_ns == before.st_mtime_ns


def test_places_that_cannot_be_written_are_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    long = "n" * 300 + ".png"
    for place in ("folder.png", "missing/page.png", "file/page.png", long, "null\0.png"):
        with pytest.raises(InputError, match="cannot be written: ") as caught:
            check_writable(tmp_path / place)
        assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_protected_directory_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path / "page.png")


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in one of \.png, \.svg"):
        check_writable(tmp_path / "page.doc", (".png", ".svg"))


@pytest.mark.parametrize(
    "write", [lambda at: write_text(at, ["new"]), lambda at: write_whole(at, b"new")]
)
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, write) -> None:
    """``/dev/stdout`` is one: put in its place, a file would cut every other program off."""
    (tmp_path / "folder").mkdir()
    behind = tmp_path / "folder" / "behind.csv"
    behind.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(behind)
    write(link)
    assert link.is_symlink()
    assert behind.read_text() == "new"
    assert [path.name for path in behind.parent.iterdir()] == ["behind.csv"]


def test_a_ledger_is_never_replaced_whatever_name_it_goes_by(tmp_path: Path) -> None:
    ledger = tmp_path / "patients.csv"
    with sqlite3.connect(ledger) as database:
        database.execute("create table entries (seq integer)")
    database.close()
    before = ledger.read_bytes()
    (tmp_path / "link.csv").symlink_to(ledger)
    for name in ("patients.csv", "link.csv"):
        file = str(tmp_path / name)
        for words in (
            ["table", "--output", file],
            ["simulate", "--trials", "10", "--keep", file],
            ["protocol", "init", "--force", file],
        ):
            result = CliRunner().invoke(main, words)
            assert result.exit_code == 1
            assert "cannot be written: a database is there, such as a ledger" in result.stderr
    assert ledger.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "patients.csv"]


def test_two_outputs_need_two_files(tmp_path: Path) -> None:
    file = str(tmp_path / "both.csv")
    result = CliRunner().invoke(main, ["simulate", "--keep", file, "--output", file])
    assert result.exit_code == 2
    assert f"{file} is named twice; give each output its own file" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scenarios", "[SET|FILE[:NAME]] is empty"),
        ("protocol show", "NAME|FILE is empty"),
        ("protocol check", "FILE is empty"),
        ("trial import", "FILE is empty"),
    ],
)
def test_an_empty_argument_is_a_usage_error(words: str, said: str) -> None:
    result = CliRunner().invoke(main, [*words.split(), ""])
    assert result.exit_code == 2
    assert said in result.stderr


def test_empty_outcomes_ask_for_the_first_cohort() -> None:
    assert CliRunner().invoke(main, ["decide", ""]).stdout.startswith("Start at level 1")
