"""A browser without a sign-in, and one of somebody who has signed in; no trial is needed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from escalation.ledger import create_ledger
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.people import HEADER, OpenGate


@pytest.fixture(scope="module")
def anybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    file = str(tmp_path_factory.mktemp("ledger") / "empty.db")
    with create_ledger(file) as ledger:
        settings = Settings(db=file, secret=b"only for tests", secure=False)
        yield create_app(settings, ledger, OpenGate()).test_client()


@pytest.fixture(scope="module")
def client(anybody: FlaskClient) -> FlaskClient:
    signed_in = anybody.application.test_client()
    signed_in.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = "Chen Min"
    return signed_in
