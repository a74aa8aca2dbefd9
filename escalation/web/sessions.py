"""Sessions: kept by the server, known to the browser by a random id, of which a hash is kept.

Before anybody signs in there is nothing to keep: what a form needs is then in the cookie itself,
signed. Signing in begins a session with an id that nobody has seen; a change of rights renews it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol, cast

from flask import Flask, Request, g, redirect, request, session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict
from werkzeug.wrappers import Response

from escalation.dataclass import dataclass
from escalation.errors import EscalationError

__all__ = [
    "IDLE",
    "LONGEST",
    "Kept",
    "MemoryStore",
    "Session",
    "Sessions",
    "Store",
    "current",
    "hash_secret",
    "note_rights",
    "sign_out_to",
]

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_AGAIN = timedelta(seconds=30)  # how old the last time seen may be in the store
_ANONYMOUS = "a."
_KEPT = "s."


def hash_secret(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A session as it is kept.

    Attributes
    ----------
    key : str
        The hash of its id.
    owner : str
        Who has signed in: an account's id, or a name.
    begun, seen : datetime
        When they did, and when they were last here.
    browser : str
        What their browser calls itself, shortened.
    data : dict
    """

    key: str
    owner: str
    begun: datetime
    seen: datetime
    browser: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        """Say whether it has been idle for too long, or has lasted too long."""
        return now >= self.seen + IDLE or now >= self.begun + LONGEST


class Store(Protocol):
    """Where sessions are kept."""

    def find(self, key: str) -> Kept | None:
        """Return the session whose id has this hash."""

    def add(self, kept: Kept) -> None:
        """Keep a new session; those that are over may be forgotten."""

    def keep(self, kept: Kept) -> None:
        """Keep what has changed of a session, unless it has been ended meanwhile."""

    def end(self, key: str) -> bool:
        """Forget a session; say whether there was one."""


class MemoryStore:
    """Sessions that end with the program."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._lock = Lock()

    def find(self, key: str) -> Kept | None:
        """Return the session whose id has this hash."""
        return self._kept.get(key)

    def add(self, kept: Kept) -> None:
        """Keep a new session; those that are over are forgotten."""
        with self._lock:
            self._kept[kept.key] = kept
            for other in [one for one in self._kept.values() if one.is_over(kept.seen)]:
                del self._kept[other.key]

    def keep(self, kept: Kept) -> None:
        """Keep what has changed of a session, unless it has been ended meanwhile."""
        with self._lock:
            if kept.key in self._kept:
                self._kept[kept.key] = kept

    def end(self, key: str) -> bool:
        """Forget a session; say whether there was one."""
        with self._lock:
            return self._kept.pop(key, None) is not None


class Session(CallbackDict[str, Any], SessionMixin):
    """What Flask calls the session, of somebody who has signed in or of nobody yet."""

    def __init__(
        self, store: Store, now: datetime, kept: Kept | None, data: Iterable[tuple[str, Any]]
    ) -> None:
        def changed(changed: Session) -> None:
            changed.modified = True

        super().__init__(data, cast("Callable[[Any], None]", changed))
        self.modified = False
        self.accessed = True
        self.kept = kept
        self.trouble: EscalationError | None = None  # for which it could not be looked up
        self.new_id: str | None = None  # which the browser has to be told
        self._store = store
        self._now = now

    @property
    def owner(self) -> str | None:
        """Who has signed in."""
        return None if self.kept is None else self.kept.owner

    def begin(self, owner: str, **data: Any) -> None:
        """Sign somebody in: nothing of what was before is left, not even the id."""
        self.end()
        self.new_id = secrets.token_urlsafe(32)
        browser = "".join(filter(str.isprintable, request.user_agent.string[:200]))
        self.kept = Kept(
            key=hash_secret(self.new_id),
            owner=owner,
            begun=self._now,
            seen=self._now,
            browser=browser,
        )
        self.update(data)
        self.modified = True

    def renew(self) -> None:
        """Go on under another id."""
        if self.kept is not None and self._store.end(self.kept.key):
            self.new_id = secrets.token_urlsafe(32)
            self.kept = replace(self.kept, key=hash_secret(self.new_id))
            self.modified = True

    def end(self) -> None:
        """Sign out."""
        if self.kept is not None:
            self._store.end(self.kept.key)
        self.kept = self.new_id = None
        self.clear()

    def keep(self) -> None:
        """Write down what has changed, and now and then that it was used."""
        if self.kept is None:
            return
        if self.new_id is not None:
            self.kept = replace(self.kept, data=dict(self))
            self._store.add(self.kept)
        elif self.modified or self._now - self.kept.seen >= SEEN_AGAIN:
            self.kept = replace(self.kept, seen=self._now, data=dict(self))
            self._store.keep(self.kept)


class Sessions(SessionInterface):
    """Finds the session of a request, and keeps it.

    Parameters
    ----------
    store : Store
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock

    def open_session(self, app: Flask, request: Request) -> Session:
        """Return the session; one of nobody, where the cookie is missing, forged or too old."""
        now = self.clock()
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        if cookie.startswith(_KEPT):
            try:
                kept = self.store.find(hash_secret(cookie.removeprefix(_KEPT)))
            except EscalationError as error:  # said once the page is made
                nobody = Session(self.store, now, None, ())
                nobody.trouble = error
                return nobody
            if kept is not None and not kept.is_over(now):
                return Session(self.store, now, kept, kept.data.items())
            if kept is not None:
                self.store.end(kept.key)
        data: dict[str, Any] = {}
        if cookie.startswith(_ANONYMOUS):
            try:
                data = self._signer(app).loads(
                    cookie.removeprefix(_ANONYMOUS), max_age=round(LONGEST.total_seconds())
                )
            except BadData:
                data = {}
        return Session(self.store, now, None, data.items())

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what has changed; tell the browser an id that is new."""
        assert isinstance(session, Session)  # noqa: S101  # for the type: it is from open_session
        response.vary.add("Cookie")
        name = self.get_cookie_name(app)
        if session.kept is not None:
            session.keep()
            if session.new_id is not None:
                self._tell(app, response, name, _KEPT + session.new_id)
        elif session.modified:
            if session:
                self._tell(app, response, name, _ANONYMOUS + self._signer(app).dumps(dict(session)))
            else:
                response.delete_cookie(name, **self._attributes(app))

    def _tell(self, app: Flask, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, **self._attributes(app))

    def _attributes(self, app: Flask) -> dict[str, Any]:
        return {
            "path": "/",
            "secure": self.get_cookie_secure(app),
            "httponly": True,
            "samesite": self.get_cookie_samesite(app),
        }

    def _signer(self, app: Flask) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(app.secret_key or b"", salt="before signing in")


def current() -> Session:
    """Return the session of the request."""
    return cast("Session", session._get_current_object())  # type: ignore[attr-defined]  # a proxy


def sign_out_to(address: str) -> Response:
    """End the session; the browser forgets what it has kept of it."""
    current().end()
    response = redirect(address, 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def note_rights(app: Flask) -> None:
    """Renew a session's id once the roles of whoever has it are no longer what they were."""

    @app.after_request
    def compare(response: Response) -> Response:
        trial = g.get("trial")
        here = current()
        if trial is None or here.kept is None or g.get("person") is None:
            return response
        roles = sorted(map(str, trial.state.roles_of(g.person)))
        known = here.get("roles", {})
        if known.get(trial.trial) != roles:
            if trial.trial in known:
                here.renew()
            here["roles"] = {**known, trial.trial: roles}
        return response
