"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from escalation.web.access import ANYBODY, SIGNED_IN, needs
from escalation.web.accounts.book import NotProvenError, TooManyError
from escalation.web.accounts.forms import SignIn
from escalation.web.accounts.screens.common import address, book, mine, status_of
from escalation.web.returning import go_on
from escalation.web.sessions import current, sign_out_to

__all__ = ["screens"]

screens = Blueprint("signing_in", __name__)


@screens.get("/sign-in")
@needs(ANYBODY)
def sign_in() -> str:
    """Show the form."""
    return render_template("accounts/sign_in.html", form=SignIn(), fault=None)


@screens.post("/sign-in")
@needs(ANYBODY)
def enter() -> Response | tuple[str, int]:
    """Let in whoever proves who they are."""
    form = SignIn()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form, fault=None), 422
    given = (form.login.data or "", form.password.data or "", form.code.data or "")
    try:
        account = book().sign_in(*given, address())
    except (NotProvenError, TooManyError) as error:
        page = render_template("accounts/sign_in.html", form=form, fault=str(error))
        return page, status_of(error)
    current().begin(account.id)
    return redirect(go_on(request.args.get("next")), 303)


@screens.post("/sign-out")
@needs(SIGNED_IN)
def sign_out() -> Response:
    """End the session."""
    book().signed_out(mine(), address())
    return sign_out_to(url_for("signing_in.sign_in"))
