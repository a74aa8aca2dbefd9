from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .shell import Shell, Stages


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages(tmp_path_factory.mktemp("stages"))


@pytest.fixture
def at(stages: Stages, tmp_path: Path) -> Callable[[str], Shell]:
    """Return a function from the name of a stage to a shell at a trial that is there."""
    return lambda stage: stages.at(stage, tmp_path)


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    result = Shell(str(file)).type("demo")
    assert "trial DEMO, 61 entries" in " ".join(result.stdout.split()), result.output
    return file


@pytest.fixture
def demo(made_demo: Path, tmp_path: Path) -> Shell:
    copied = tmp_path / "demo.db"
    copied.write_bytes(made_demo.read_bytes())
    return Shell(str(copied))
