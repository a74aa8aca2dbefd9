"""The page, put together: desk, screens, forms, whoever signs people in, and what guards them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, abort, g, request
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from escalation.ledger import Ledger
from escalation.web.access import guard
from escalation.web.blocks import say
from escalation.web.desk import Desk, now_utc
from escalation.web.faults import handle_faults
from escalation.web.headers import send_headers
from escalation.web.identity import Gate
from escalation.web.moments import moment
from escalation.web.navigation import elsewhere, places
from escalation.web.screens import blueprints
from escalation.web.settings import Settings

__all__ = ["create_app"]

MOST_BYTES = 1_000_000  # of a form; a screen that takes files allows more
FOUND_BY_NAME = ("simulations.web:blueprint",)  # it stands above this package


def create_app(
    settings: Settings, ledger: Ledger, gate: Gate, *, clock: Callable[[], datetime] = now_utc
) -> Flask:
    """Return the page as a WSGI application.

    Parameters
    ----------
    settings : Settings
    ledger : Ledger
        Open as long as the application is.
    gate : Gate
        What signs people in.
    clock : callable
        Returns the time, with its zone.
    """
    app = Flask("escalation.web", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=settings.secret,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=1000,
        TRUSTED_HOSTS=list(settings.hosts) or None,
        APPLICATION_ROOT=settings.base_path or "/",
        SESSION_COOKIE_NAME="__Host-escalation" if settings.secure else "escalation",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["said"] = say
    app.extensions["desk"] = Desk(ledger, clock)
    app.extensions["settings"] = settings
    app.extensions["gate"] = gate

    @app.before_request
    def read_names() -> None:  # before the token is looked for, which takes every name for a text
        if request.method == "POST" and None in request.form:
            abort(400, "The form has a field without a name: open the page again.")

    CSRFProtect(app)
    gate.install(app)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    for name in FOUND_BY_NAME:
        module, _, attribute = name.partition(":")
        app.register_blueprint(getattr(importlib.import_module(module), attribute))
    handle_faults(app)
    send_headers(app)
    guard(app, gate)
    app.context_processor(
        lambda: {
            "identity": g.get("identity"),
            "standing": g.get("trial"),
            "person": g.get("person"),
            "settings": settings,
            "now": clock().astimezone(UTC),
            "places": places,
            "elsewhere": elsewhere,
            "moment": moment,
        }
    )

    @app.teardown_request
    def let_go(_: BaseException | None) -> None:
        request.close()  # of what a large upload was kept in meanwhile

    if settings.proxied:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask documents it
            app.wsgi_app, x_for=1, x_proto=1, x_host=1
        )
    return app
