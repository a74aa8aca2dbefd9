"""The page of a ledger, or a bare page of Flask's, for ``tests.web.load``; prints its port."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from waitress import create_server

from escalation.ledger import open_ledger
from escalation.trial.demo.star_t import STAR_T
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.people import OpenGate

THREADS = 8


def clock_from(day: str) -> Any:
    """Return a clock that begins at noon of a day."""
    begun = datetime.now(UTC)
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    return lambda: noon + (datetime.now(UTC) - begun + timedelta(0))


def bare() -> Flask:
    """Return an application with one page that says a word."""
    app = Flask("bare")

    @app.get("/")
    def word() -> str:
        return "<!doctype html><title>bare</title><p>word</p>"

    return app


def main() -> None:
    """Serve until it is ended."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    if sys.argv[1] == "bare":
        app = bare()
    else:
        ledger = open_ledger(sys.argv[1])
        settings = Settings(db=sys.argv[1], secret=b"only for tests", secure=False)
        app = create_app(settings, ledger, OpenGate(), clock=clock_from(f"{STAR_T.day}"))
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = create_server(app, host="127.0.0.1", port=port, threads=THREADS)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
