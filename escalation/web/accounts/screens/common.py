"""What the screens of accounts share."""

from __future__ import annotations

from flask import abort, current_app, g, request
from werkzeug.wrappers import Response

from escalation.web.accounts.book import Account, Book, NotProvenError, TooManyError
from escalation.web.sessions import current

__all__ = ["account_of", "address", "book", "mine", "new_secret", "status_of", "svg"]


def book() -> Book:
    """Return the accounts of the application."""
    found: Book = current_app.extensions["book"]
    return found


def account_of() -> Account | None:
    """Return the account whose session it is; found once a request."""
    if "account" not in g:
        here = current()
        if here.trouble is not None and request.endpoint not in ("health.health", "static"):
            raise here.trouble
        g.account, g.names = (None, {}) if here.owner is None else book().who(here.owner)
    found: Account | None = g.account
    return found


def mine() -> Account:
    """Return the account of whoever has signed in."""
    account = account_of()
    if account is None:
        abort(401)
    return account


def address() -> str:
    """Return where the request comes from."""
    return request.remote_addr or ""


def status_of(error: Exception) -> int:
    """Return the HTTP status of what is wrong with a proof or a field."""
    if isinstance(error, NotProvenError):
        return 401
    return 429 if isinstance(error, TooManyError) else 422


def new_secret() -> str:
    """Return the secret of an authenticator that is to come: of this browser's session alone.

    Nobody else has seen it, not even whoever has handed over an invitation. It is encrypted, so a
    cookie may hold it.
    """
    here = current()
    if "new_totp" not in here:
        here["new_totp"] = book().authenticator.generate_totp_secret()
    secret: str = here["new_totp"]
    return secret


def svg(picture: bytes) -> Response:
    """Return a picture."""
    return Response(picture, content_type="image/svg+xml")
