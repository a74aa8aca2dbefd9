"""What commands share: where a file can be written is checked before the long work."""

import os
import stat
from pathlib import Path

import pytest

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
