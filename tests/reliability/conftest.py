"""Figures for README, printed at the end under ``-s``; a database server; a folder in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ledger.postgres_server import REQUIRED, PostgresServer, find_binaries, running_server

from .figures import Figure, table

_FIGURES = pytest.StashKey[list[Figure]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that notes a figure: what was tried, ``asked`` and ``measured``."""
    figures = request.config.stash.setdefault(_FIGURES, [])

    def note(what: str, *, asked: str, measured: str) -> None:
        figures.append(Figure(what, asked, measured))

    return note


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash.get(_FIGURES, [])
    if figures and config.getoption("capture") == "no":
        terminalreporter.section("reliability")
        for line in table(figures):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """Return a running PostgreSQL server, which may be killed if it is started again."""
    if find_binaries() is None and os.environ.get(REQUIRED) != "1":
        pytest.skip(f"PostgreSQL is not installed ({REQUIRED}=1 makes this a failure)")
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(server: PostgresServer) -> str:
    """Return the URL of an empty place for a ledger."""
    return server.new_place()


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """Return a folder for files that are opened a thousand times: in memory, if it can be."""
    shared = Path("/dev/shm")  # noqa: S108
    in_memory = shared.is_dir() and os.access(shared, os.W_OK)
    with tempfile.TemporaryDirectory(
        prefix="escalation-", dir=shared if in_memory else None
    ) as folder:
        yield Path(folder)
