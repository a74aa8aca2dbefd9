"""The demo trial behind the page, as one of its people sees it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from escalation.ledger import Ledger, create_ledger, open_ledger
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial.demo.script import recorded_at
from escalation.trial.demo.star_t import STAR_T
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.people import HEADER, OpenGate
from tests.web.planned import PLANNED
from tests.web.planned import steps as planned_steps

NOW = datetime.fromisoformat(f"{STAR_T.day}T12:00:00+00:00")
TRIAL = STAR_T.trial

AsPerson = Callable[[str], FlaskClient]


class _Compiled(BytecodeCache):
    """The templates as bytecode, so that the app of each test need not compile them anew."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what the app of another test compiled."""
        kept = self._kept.get((bucket.key, bucket.checksum))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what this app compiled."""
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> Iterator[None]:
    """Let all apps share their compiled templates."""
    before = Flask.jinja_options
    Flask.jinja_options = {**before, "bytecode_cache": _Compiled()}
    yield
    Flask.jinja_options = before


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the ledger of the demo trial; it is copied, and not written on.

    A module that is about the planned trial too puts ``with_plan`` in its place.
    """
    return _record(tmp_path_factory.mktemp("demo") / "demo.db")


def _record(file: Path, *, planned: bool = False) -> Path:
    """Write a ledger of the demo trial, and perhaps of one with a plan."""
    protocol = load_protocol(STAR_T.protocol)
    trials = {TRIAL: STAR_T.steps(protocol)}
    if planned:
        trials[PLANNED] = recorded_at(planned_steps(protocol))
    with create_ledger(str(file)) as ledger:
        for trial, steps in trials.items():
            tracker = Tracker(ledger, trial)
            for number, (command, recorder) in enumerate(steps, start=1):  # as they are signed
                request = f"demo-{number}"
                tracker.record(command, recorder, request_id=request, new=number == 1)
    return file


@pytest.fixture(scope="session")
def with_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger of the demo trial and of one with a plan."""
    return _record(tmp_path_factory.mktemp("planned") / "demo.db", planned=True)


@pytest.fixture
def ledger(demo_file: Path, tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger of this test's own."""
    shutil.copy(demo_file, tmp_path / "demo.db")
    with open_ledger(str(tmp_path / "demo.db")) as ledger:
        yield ledger


@pytest.fixture
def app(ledger: Ledger) -> Flask:
    """Return the page over it, on the demo's day, open to whoever says their name."""
    return _page(ledger)


@pytest.fixture
def as_person(app: Flask) -> AsPerson:
    """Return a browser in which somebody is signed in."""
    return partial(_browser, app)


@pytest.fixture(scope="session")
def read_app(with_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return the page for tests that record nothing: what one has seen drawn, the next finds."""
    file = tmp_path_factory.mktemp("read") / "demo.db"
    shutil.copy(with_plan, file)
    with open_ledger(str(file)) as ledger:
        before = ledger.entries(TRIAL)
        yield _page(ledger)
        assert ledger.entries(TRIAL) == before


@pytest.fixture
def as_reader(read_app: Flask) -> AsPerson:
    """Return a browser of somebody who records nothing."""
    return partial(_browser, read_app)


def _page(ledger: Ledger) -> Flask:
    settings = Settings(db=ledger.name, secret=b"only for tests", secure=False)
    return create_app(settings, ledger, OpenGate(), clock=lambda: NOW)


def _browser(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = name
    return client
