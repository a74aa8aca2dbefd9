"""README's console blocks and Python block, run as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import type_line

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def sessions() -> list[tuple[str, str]]:
    """Return (command, output) for every ``$`` line of every console block."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = session.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Type every command in one folder, in order: one may read what an earlier one wrote."""
    folder = tmp_path_factory.mktemp("readme")
    return [type_line(command, folder)[1] for command, _ in sessions()]


@pytest.mark.parametrize("number", range(len(sessions())), ids=lambda n: sessions()[n][0][:60])
def test_console_block_prints_what_readme_shows(number: int, shown: list[str]) -> None:
    assert shown[number].rstrip() == sessions()[number][1].rstrip()


def test_readme_has_console_blocks() -> None:
    assert len(sessions()) >= 8


def test_python_block_prints_what_readme_shows(tmp_path: Path) -> None:
    code, output = re.search(  # type: ignore[union-attr]
        r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.DOTALL
    ).groups()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == output


def test_no_placeholder_is_left() -> None:
    assert re.findall(r"^[A-Z]{6,}$", README, flags=re.MULTILINE) == []


def test_linked_files_are_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
