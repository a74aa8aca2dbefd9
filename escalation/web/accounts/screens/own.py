"""One's own account: password, authenticator, recovery codes, sessions, what happened."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from escalation.web.access import SIGNED_IN, needs
from escalation.web.accounts.book import NotProvenError, NotTakenError, Proof, TooManyError
from escalation.web.accounts.forms import ChangeAuthenticator, ChangePassword, Prove
from escalation.web.accounts.screens.common import address, book, mine, new_secret, status_of, svg
from escalation.web.sessions import current

__all__ = ["screens"]

screens = Blueprint("own", __name__, url_prefix="/account")
N_SHOWN = 20  # of what happened
WRONG = (NotProvenError, NotTakenError, TooManyError)


@screens.get("")
@needs(SIGNED_IN)
def account() -> str:
    """Show the account."""
    me, here = mine(), current().kept
    happened = [one for one in book().journal.read() if one.account == me.id]
    return render_template(
        "accounts/own.html",
        account=me,
        bindings=book().bindings_of(me.id),
        sessions=book().sessions_of(me.id),
        this=None if here is None else here.key,
        n_codes=book().n_recovery_codes(me),
        happened=happened[: -N_SHOWN - 1 : -1],
        done=request.args.get("done"),
    )


@screens.post("/sessions/end")
@needs(SIGNED_IN)
def end_sessions() -> Response:
    """End a session, or all others."""
    me, key = mine(), request.form.get("session", "")
    if key == "others":
        book().end_other_sessions(me, address(), but=_this())
    elif key == _this():
        abort(400, "This is the session that you are in: sign out to end it.")
    else:
        book().end_session(me, key, address())
    return redirect(url_for("own.account", done="sessions"), 303)


def _proof(form: FlaskForm, code: str) -> Proof:
    return Proof(form.password.data or "", form[code].data or "", address())


def _this() -> str:
    here = current().kept
    return "" if here is None else here.key


@screens.route("/password", methods=["GET", "POST"])
@needs(SIGNED_IN)
def password() -> str | Response | tuple[str, int]:
    """Change the password; other sessions end, and this one goes on under another id."""
    form, me = ChangePassword(), mine()
    fault = None
    if request.method == "GET":
        return render_template("accounts/password.html", form=form, fault=None)
    if form.validate() and form.new.data != form.again.data:
        form.blame("again", "The two passwords are not the same")
    if form.errors:
        return render_template("accounts/password.html", form=form, fault=None), 422
    try:
        book().change_password(me, form.new.data or "", _proof(form, "code"), but=_this())
    except WRONG as error:
        if isinstance(error, NotTakenError):
            form.blame(error.field, str(error))
        else:
            fault = str(error)
        page = render_template("accounts/password.html", form=form, fault=fault)
        return page, status_of(error)
    current().renew()
    return redirect(url_for("own.account", done="password"), 303)


@screens.route("/authenticator", methods=["GET", "POST"])
@needs(SIGNED_IN)
def authenticator() -> str | Response | tuple[str, int]:
    """Change the authenticator; its secret waits in the session until it has shown a code."""
    form, me, here = ChangeAuthenticator(), mine(), current()
    secret = new_secret()
    written = book().authenticator.written(secret)
    if request.method == "GET":
        return render_template("accounts/authenticator.html", form=form, fault=None, secret=written)
    fault, status = None, 422
    if form.validate():
        try:
            proof = _proof(form, "old_code")
            book().change_authenticator(me, secret, form.code.data or "", proof, but=_this())
        except WRONG as error:
            status = status_of(error)
            if isinstance(error, NotTakenError):
                form.blame(error.field, str(error))
            else:
                fault = str(error)
        else:
            del here["new_totp"]
            here.renew()
            return redirect(url_for("own.account", done="authenticator"), 303)
    page = render_template("accounts/authenticator.html", form=form, fault=fault, secret=written)
    return page, status


@screens.get("/authenticator/secret.svg")
@needs(SIGNED_IN)
def picture() -> Response:
    """Show the secret of the authenticator that is to come."""
    secret = current().get("new_totp")
    if secret is None:
        abort(404)
    return svg(book().authenticator.picture(mine().login, secret))


@screens.route("/recovery-codes", methods=["GET", "POST"])
@needs(SIGNED_IN)
def recovery_codes() -> str | tuple[str, int]:
    """Make new recovery codes in place of those before."""
    form, me, fault, status = Prove(), mine(), None, 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                codes = book().renew_recovery_codes(me, _proof(form, "code"))
            except WRONG as error:
                fault, status = str(error), status_of(error)
            else:
                return render_template("accounts/codes.html", codes=codes, is_new=False)
    return render_template("accounts/new_codes.html", form=form, fault=fault), status
