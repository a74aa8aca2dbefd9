"""README's console blocks and Python block, run as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = f'"{sys.executable}" -c "from escalation.cli import main; main()"'


def sessions() -> list[tuple[str, str]]:
    """Return (command, output) for every ``$`` line of every console block."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = session.partition("\n")
            found.append((command, output))
    return found


def run(command: str, folder: Path) -> str:
    script = f'escalation() {{ {PROGRAM} "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one folder for all blocks: a later command may read what an earlier one wrote."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize(("command", "output"), sessions(), ids=lambda text: text[:60])
def test_console_block_prints_what_readme_shows(command: str, output: str, folder: Path) -> None:
    assert run(command, folder).rstrip() == output.rstrip()


def test_readme_has_console_blocks() -> None:
    assert len(sessions()) >= 8


def test_python_block_prints_what_readme_shows(folder: Path) -> None:
    code, output = re.search(  # type: ignore[union-attr]
        r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.DOTALL
    ).groups()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == output


def test_no_placeholder_is_left() -> None:
    assert re.findall(r"^[A-Z]{6,}$", README, flags=re.MULTILINE) == []


def test_linked_files_are_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
