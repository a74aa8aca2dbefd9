"""The forms of accounts: fields and what they are called; whether they hold, the book says."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from escalation.web.accounts.passwords import SHORTEST

__all__ = ["ChangeAuthenticator", "ChangePassword", "Join", "Prove", "SignIn"]


def _password(label: str, hint: str = "", *, is_new: bool = False) -> PasswordField:
    kind = "new-password" if is_new else "current-password"
    return PasswordField(
        label,
        validators=[InputRequired(f"{label}: this is needed")],
        description=hint,
        render_kw={"autocomplete": kind, "maxlength": 1000},
    )


def _code(label: str, hint: str) -> StringField:
    return StringField(
        label,
        validators=[InputRequired(f"{label}: this is needed")],
        description=hint,
        render_kw={"autocomplete": "one-time-code", "maxlength": 40, "spellcheck": "false"},
    )


def _login(hint: str) -> StringField:
    return StringField(
        "Login",
        validators=[InputRequired("Login: this is needed")],
        description=hint,
        render_kw={
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": 80,
        },
    )


CODE_HINT = "Six digits from your authenticator, each good once; or one of your recovery codes."
NEW_HINT = (
    f"At least {SHORTEST} characters of any kind, such as a sentence that only you would say. A "
    "password manager may fill it in."
)


class _Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form that can be told what is wrong with a field."""

    def blame(self, field: str, why: str) -> None:
        """Say of a field what is wrong with it."""
        found: Any = self[field] if field in self else next(iter(self))
        found.errors = [*found.errors, why.rstrip(".")]


class SignIn(_Form):
    """Who signs in."""

    login = _login("")
    password = _password("Password")
    code = _code("Code", CODE_HINT)


class Prove(_Form):
    """Who has signed in, once more."""

    password = _password("Password")
    code = _code("Code", CODE_HINT)


class Join(_Form):
    """A new account."""

    login = _login("The name you sign in with, such as your address at work.")
    password = _password("Password", NEW_HINT, is_new=True)
    again = _password("Password again", is_new=True)
    code = _code("Code", "Six digits that the authenticator shows for the secret above.")


class ChangePassword(_Form):
    """A new password for the old one."""

    password = _password("Password until now")
    code = _code("Code", CODE_HINT)
    new = _password("New password", NEW_HINT, is_new=True)
    again = _password("New password again", is_new=True)


class ChangeAuthenticator(_Form):
    """A new authenticator for the old one."""

    password = _password("Password")
    old_code = _code("Code of the authenticator until now", CODE_HINT)
    code = _code("Code of the new authenticator", "Six digits that it shows for the secret above.")
