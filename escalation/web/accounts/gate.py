"""Signs people in by their accounts, and says under which name each trial knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask, g, url_for

from escalation.errors import EscalationError
from escalation.web.accounts.book import Account, Book
from escalation.web.accounts.screens import joining, own, signing_in, trial
from escalation.web.accounts.screens.common import account_of, address
from escalation.web.desk import desk
from escalation.web.identity import Identity, Proof
from escalation.web.returning import asked_for
from escalation.web.sessions import Sessions, note_rights

__all__ = ["AccountsGate"]


class AccountsGate:
    """Lets in whoever has an account.

    Parameters
    ----------
    book : Book
    """

    def __init__(self, book: Book) -> None:
        self.book = book

    def install(self, app: Flask) -> None:
        """Add the screens; keep sessions beside the accounts."""
        app.extensions["book"] = self.book
        app.extensions.setdefault("readiness", []).append(self.book.check)
        app.session_interface = Sessions(self.book, desk(app).clock)
        for room in (signing_in, joining, own, trial):
            app.register_blueprint(room.screens)
        app.context_processor(
            lambda: {
                "sign_out": url_for("signing_in.sign_out"),
                "account_links": [("Account", url_for("own.account"))],
            }
        )
        note_rights(app)

    def identify(self) -> Identity | None:
        """Return whose session it is."""
        account = account_of()
        if account is None:
            return None
        return Identity(name=account.login, person_in=g.names.get)

    def sign_in(self) -> str:
        """Return the address of the page to sign in, which leads back."""
        return url_for("signing_in.sign_in", next=asked_for())

    def proofs(self) -> Sequence[Proof]:
        """Ask for password and code."""
        hint = "Six digits that you have not used yet: after signing in, wait for the next."
        return (
            Proof("password", "Password", "To sign, give it again.", True, "current-password"),
            Proof("code", "Code of your authenticator", hint, False, "one-time-code"),
        )

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        """Say that password or code are not right, or that there were too many failures."""
        account: Account | None = g.get("account")
        if account is None:
            return "Your session has ended. Sign in again."
        try:
            self.book.prove(account, given.get("password", ""), given.get("code", ""), address())
        except EscalationError as error:
            return str(error)
        return None
