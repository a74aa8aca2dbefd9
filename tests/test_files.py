"""A folder of files is there whole or not at all, and takes the place of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.errors import InputError
from escalation.files import write_folder

FILES = {"README.txt": b"one", "ae.csv": b"two"}


def there(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_written_and_nothing_is_left_beside_it(tmp_path: Path):
    write_folder(tmp_path / "out", FILES)
    assert there(tmp_path / "out") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_folder_of_the_kind_is_replaced_whole(tmp_path: Path):
    write_folder(tmp_path / "out", FILES | {"lb.json": b"old"})
    write_folder(tmp_path / "out", FILES, endings=(".csv", ".json"))
    assert there(tmp_path / "out") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_filled_unasked(tmp_path: Path):
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", FILES, overwrite=False)
    assert there(tmp_path / "out") == FILES


@pytest.mark.parametrize(
    ("make", "overwrite", "said"),
    [
        (lambda p: p.write_text("mine"), True, "it is not a folder"),
        (lambda p: (p.mkdir(), (p / "ae.csv").touch()), False, "it is there and not empty"),
        (lambda p: (p.mkdir(), (p / "mine.docx").touch()), True, "it holds mine.docx"),
        (lambda p: (p / "deep.csv").mkdir(parents=True), True, "it holds deep.csv"),
        (lambda p: p.symlink_to(p.parent), True, "it is not a folder"),
    ],
)
def test_what_is_there_stays_where_it_is_something_else(tmp_path: Path, make, overwrite, said):
    path = tmp_path / "out"
    make(path)
    before = sorted(map(str, tmp_path.glob("*/*")))
    with pytest.raises(InputError, match=said):
        write_folder(path, FILES, overwrite=overwrite, endings=(".csv",))
    assert sorted(map(str, tmp_path.glob("*/*"))) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_where_a_file_cannot_be_written_the_earlier_folder_stays(tmp_path: Path):
    write_folder(tmp_path / "out", FILES)
    for odd in ({"no/folder.csv": b""}, {"a\0b": b""}):
        with pytest.raises(InputError, match="cannot be written"):
            write_folder(tmp_path / "out", {"ae.csv": b"new"} | odd)
        assert there(tmp_path / "out") == FILES
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(InputError, match="there is no folder"):
        write_folder(tmp_path / "none" / "out", FILES)


def test_where_the_renaming_fails_the_earlier_folder_is_put_back(tmp_path: Path, monkeypatch):
    write_folder(tmp_path / "out", FILES)
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(InputError, match="No space left"):
        write_folder(tmp_path / "out", FILES | {"ae.csv": b"new"})
    assert there(tmp_path / "out") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
