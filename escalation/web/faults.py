"""What went wrong, as a page: the right status, and a sentence that a person can act on."""

from __future__ import annotations

from flask import Flask, current_app, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from escalation.errors import (
    ConflictError,
    EscalationError,
    FileFaultsError,
    IntegrityError,
    LedgerError,
    RefusedError,
    UnknownOutcomeError,
)

__all__ = ["handle_faults", "reasons_of", "status_of"]

_STATUS: tuple[tuple[type[EscalationError], int], ...] = (
    (RefusedError, 422),
    (FileFaultsError, 422),
    (ConflictError, 409),
    (IntegrityError, 500),
    (LedgerError, 503),
    (EscalationError, 400),
)
_TITLES = {
    400: "This cannot be read",
    401: "Sign in first",
    403: "This is not yours to do",
    404: "There is no such page",
    405: "This page is not asked for in this way",
    409: "Somebody was first",
    413: "This is too large",
    422: "This is not possible now",
    500: "Something is wrong here",
    503: "The record cannot be used now",
}
_WHAT_TO_DO = {
    401: "Your session has ended. Sign in, and do it again: nothing was recorded.",
    404: "Look at the address, or begin at the list of trials.",
    405: "Go back, and use the buttons of the page.",
    413: "Nothing was recorded. Shorten the text or the file.",
    500: "Nothing is known to have been recorded. Look at the log before you repeat it.",
}

_NOT_NOW = (
    "It cannot be read or written to now, and nothing was recorded. Try again later; the server's "
    "log says why."
)


def status_of(error: EscalationError) -> int:
    """Return the HTTP status of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def reasons_of(error: EscalationError) -> tuple[str, list[str]]:
    """Return what was not possible, and why, a sentence each."""
    if isinstance(error, RefusedError):
        return error.what, list(error.reasons)
    if isinstance(error, FileFaultsError):
        return f"{error.source} is not valid", list(error.faults)
    return str(error), []


def handle_faults(app: Flask) -> None:
    """Make a page of every error."""

    @app.errorhandler(EscalationError)
    def ours(error: EscalationError) -> tuple[str, int]:
        if isinstance(error, LedgerError) and not isinstance(error, UnknownOutcomeError):
            current_app.logger.error("%s", error)  # it names places on this machine
            return _page(503, _NOT_NOW)
        what, reasons = reasons_of(error)
        return _page(status_of(error), what, reasons)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> tuple[str, int]:
        return _page(
            400,
            "The form is not of this session, or its session has ended. Open the page again, and "
            "fill it in once more: nothing was recorded.",
        )

    @app.errorhandler(SecurityError)
    def by_another_name(error: SecurityError) -> tuple[str, int, dict[str, str]]:
        # no page: it would hold addresses of this site under a name that is not its own
        text = "This page is not asked for by that name. Use the address that you were given.\n"
        return text, 400, {"Content-Type": "text/plain; charset=utf-8"}

    @app.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> tuple[str, int]:
        status = error.code or 500
        given = error.description if status in (400, 403, 409, 422, 503) else None
        return _page(status, _WHAT_TO_DO.get(status) or given or "")

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> tuple[str, int]:
        current_app.logger.exception("unforeseen")
        return of_http(InternalServerError())


def _page(status: int, what: str, reasons: list[str] | None = None) -> tuple[str, int]:
    title = _TITLES.get(status, "Something is wrong here")
    page = render_template("fault.html", title=title, what=what, reasons=reasons or [])
    return page, status
