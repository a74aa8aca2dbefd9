"""A place for a ledger on each database; PostgreSQL is started once, when a test first asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.ledger import Ledger, create_ledger

from .places import Place, PostgresPlace, SQLitePlace
from .postgres_server import REQUIRED, PostgresServer, find_binaries, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    if find_binaries() is None and os.environ.get(REQUIRED) != "1":
        pytest.skip(f"PostgreSQL is not installed ({REQUIRED}=1 makes this a failure)")
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Place:
    """Return a place on each database."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def sqlite_place(tmp_path: Path) -> SQLitePlace:
    return SQLitePlace(tmp_path / "ledger.db")


@pytest.fixture
def postgres_place(server: PostgresServer) -> PostgresPlace:
    return PostgresPlace(server.new_place())


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    with create_ledger(place.target) as ledger:
        yield ledger
