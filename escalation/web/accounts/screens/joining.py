"""An invitation: whoever has it makes an account, or binds the one they have."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, render_template
from werkzeug.wrappers import Response

from escalation.web.access import ANYBODY, needs
from escalation.web.accounts.book import (
    GoneError,
    Invitation,
    NotProvenError,
    NotTakenError,
    TooManyError,
)
from escalation.web.accounts.forms import Join, SignIn
from escalation.web.accounts.screens.common import address, book, new_secret, status_of, svg
from escalation.web.desk import desk
from escalation.web.known import trials_led
from escalation.web.returning import go_on
from escalation.web.sessions import current

__all__ = ["screens"]

screens = Blueprint("joining", __name__, url_prefix="/join/<token>")


@screens.errorhandler(GoneError)
def gone(error: GoneError) -> tuple[str, int]:
    """Say that an invitation is used up."""
    page = render_template(
        "fault.html", title="This invitation is used up or too old", what=str(error), reasons=[]
    )
    return page, 410


@screens.get("/")
@needs(ANYBODY)
def look(token: str) -> str:
    """Show the form of a new account."""
    return _page(token, Join())


@screens.get("/secret.svg")
@needs(ANYBODY)
def picture(token: str) -> Response:
    """Show the new authenticator's secret as a QR code."""
    invitation = book().invitation(token)
    return svg(book().authenticator.picture(invitation.name, new_secret()))


@screens.post("/")
@needs(ANYBODY)
def join(token: str) -> str | tuple[str, int]:
    """Make the account, and show its recovery codes once."""
    form, invitation = Join(), book().invitation(token)
    if form.validate() and form.password.data != form.again.data:
        form.blame("again", "The two passwords are not the same")
    if form.errors:
        return _page(token, form), 422
    try:
        account, codes = book().make_account(
            token,
            _places(invitation),
            login=form.login.data or "",
            password=form.password.data or "",
            secret=new_secret(),
            code=form.code.data or "",
            address=address(),
        )
    except NotTakenError as error:
        form.blame(error.field, str(error))
        return _page(token, form), 422
    current().begin(account.id)
    g.pop("account", None)
    g.identity = current_app.extensions["gate"].identify()
    return render_template("accounts/codes.html", codes=codes, is_new=True)


@screens.get("/with-account")
@needs(ANYBODY)
def look_with_account(token: str) -> str:
    """Show the form by which an account that is there is bound."""
    return _bind_page(token, SignIn(), None)


@screens.post("/with-account")
@needs(ANYBODY)
def bind(token: str) -> Response | tuple[str, int]:
    """Bind the account of whoever proves that it is theirs."""
    form, invitation = SignIn(), book().invitation(token)
    if not form.validate():
        return _bind_page(token, form, None), 422
    given = (form.login.data or "", form.password.data or "", form.code.data or "")
    try:
        account = book().sign_in(*given, address())
        current().begin(account.id)
        book().bind(token, _places(invitation), account)
    except (NotProvenError, TooManyError, NotTakenError) as error:
        return _bind_page(token, form, str(error)), status_of(error)
    return redirect(go_on(None), 303)


def _page(token: str, form: Join) -> str:
    invitation = book().invitation(token)
    return render_template(
        "accounts/join.html",
        form=form,
        invitation=invitation,
        token=token,
        secret=book().authenticator.written(new_secret()),
    )


def _bind_page(token: str, form: SignIn, fault: str | None) -> str:
    invitation = book().invitation(token)
    return render_template(
        "accounts/bind.html", form=form, invitation=invitation, token=token, fault=fault
    )


def _places(invitation: Invitation) -> list[tuple[str, str]]:
    """Return the trials in which an invitation's person is known, and under which name."""
    if invitation.trial is not None:
        return [(invitation.trial, invitation.name)]
    return trials_led(desk(current_app), invitation.name)
