"""The accounts, and what can be done to one: sign in, prove, change, invite, bind, end.

Whatever lets somebody in is used in the transaction in which it is asked for: two who send the same
code at the same time are let in once. What happens is in the journal before it is in force.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from escalation.dataclass import dataclass
from escalation.errors import EscalationError
from escalation.ledger import format_time
from escalation.web.accounts import tables as t
from escalation.web.accounts.codes import Authenticator, new_recovery_codes, read_recovery_code
from escalation.web.accounts.database import Database
from escalation.web.accounts.journal import NOBODY, Journal
from escalation.web.accounts.passwords import Passwords, password_fault
from escalation.web.accounts.places import beside, prepare
from escalation.web.accounts.tables import open_tables
from escalation.web.sessions import LONGEST, Kept, hash_secret

__all__ = [
    "INVITED_FOR",
    "Account",
    "Binding",
    "Book",
    "GoneError",
    "Invitation",
    "NotProvenError",
    "NotTakenError",
    "Proof",
    "TooManyError",
    "open_book",
]

INVITED_FOR = timedelta(hours=72)
WITHIN = timedelta(minutes=15)
MOST_OF_LOGIN, MOST_OF_ADDRESS = 5, 50  # failures within that time
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{2,79}")


class NotProvenError(EscalationError):
    """Login, password or code are not right: which, is not said."""


class TooManyError(EscalationError):
    """Too many failures: nothing is looked at until some time has passed."""


class GoneError(EscalationError):
    """An invitation that is used up, too old or was never made."""


class NotTakenError(EscalationError):
    """Something about a new account or a change that is not taken.

    Parameters
    ----------
    field : str
        Of the form.
    why : str
    """

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in."""

    id: str
    login: str
    password: str
    totp: str
    counter: int
    made: str


class Proof(NamedTuple):
    """What whoever has signed in gives once more, and from where."""

    password: str
    code: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Under which name an account is known in a trial."""

    id: str
    account: str
    login: str
    trial: str
    name: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that lets somebody make an account, or bind theirs."""

    id: str
    trial: str | None
    name: str
    by: str
    until: str


class Book:
    """The accounts of a database.

    Parameters
    ----------
    database : Database
    journal : Journal
    clock : callable
    passwords : Passwords
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        clock: Callable[[], datetime],
        passwords: Passwords,
    ) -> None:
        self.journal = journal
        self._db = database
        self._clock = clock
        self._passwords = passwords
        with database.reading() as connection:
            self.key = t.read_key(connection)
        self.authenticator = Authenticator(self.key, clock)

    def close(self) -> None:
        """Let go of the journal; the database is open in transactions only."""
        self.journal.close()

    def check(self) -> None:
        """Read something: an error says that nothing can be."""
        with self._db.reading() as connection:
            connection.execute(select(func.count()).select_from(t.accounts)).scalar_one()

    def _now(self, **later: float) -> str:
        return format_time(self._clock() + timedelta(**later))

    # ---------------------------------------------------------------- signing in

    def sign_in(self, login: str, password: str, code: str, address: str) -> Account:
        """Return the account of whoever proves that it is theirs.

        Raises
        ------
        NotProvenError, TooManyError
        """
        account = self._prove(login, password, code, address=address, failed="sign-in-failed")
        self._note("signed-in", account, address)
        return account

    def prove(self, account: Account, password: str, code: str, address: str) -> None:
        """Take whoever has signed in at their word once more, or not.

        Raises
        ------
        NotProvenError, TooManyError
        """
        self._prove(account.login, password, code, address=address, failed="proof-failed")

    def _prove(self, login: str, password: str, code: str, *, address: str, failed: str) -> Account:
        login = login.strip().casefold()
        keys = {
            self._key_of("login", login): MOST_OF_LOGIN,
            self._key_of("address", _network(address)): MOST_OF_ADDRESS,
        }
        tries = self._count_try(keys)  # as failed, until it has not
        may_be = _LOGIN.fullmatch(login)  # a database refuses some of what cannot be one
        account = self._find(t.accounts.c.login == login) if may_be else None
        fits = self._fits(account, password, code)
        with self._db.writing() as connection:
            if account is not None and fits is not None and _use(connection, account, fits):
                by_login = next(iter(keys))
                connection.execute(delete(t.failures).where(t.failures.c.key == by_login))
                connection.execute(delete(t.failures).where(t.failures.c.id.in_(tries)))
                self._make_again(connection, account, password)
                if fits.kind == "recovery":
                    self._note("recovery-code-used", account, address)
                return account
            n_failures = _count_failures(connection, next(iter(keys)))
        self._note(failed, account, address)
        if n_failures >= MOST_OF_LOGIN:
            self._note("locked-out", account, address)
        raise NotProvenError("The login, the password or the code is not right.")

    def _note(self, kind: str, account: Account | None, address: str) -> None:
        known = None if account is None else account.id
        by = NOBODY if account is None else account.login
        self.journal.write(kind, by, account=known, address=address or None)

    def _key_of(self, kind: str, value: str) -> str:
        return hmac.new(self.key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()

    def _count_try(self, keys: dict[str, int]) -> list[str]:
        """Count a try as a failure; refuse it where there have been too many."""
        tries = [{"id": secrets.token_hex(16), "key": key, "at": self._now()} for key in keys]
        with self._db.writing() as connection:
            old = format_time(self._clock() - WITHIN)
            connection.execute(delete(t.failures).where(t.failures.c.at <= old))
            for key, most in keys.items():
                if _count_failures(connection, key) >= most:
                    raise TooManyError(
                        "There were too many failures: nobody is let in here for 15 minutes. "
                        "Wait, then try again."
                    )
            connection.execute(insert(t.failures), tries)
        return [one["id"] for one in tries]

    def _fits(self, account: Account | None, password: str, code: str) -> _Fits | None:
        """Say by what a password and a code fit an account; it takes as long for nobody's."""
        kept, secret = self._passwords.of_nobody, self.authenticator.of_nobody
        if account is not None:
            kept, secret = account.password, account.totp
        holds = self._passwords.holds(kept, password)
        code = re.sub(r"[\s]", "", code)[:100]
        counter = self.authenticator.counter_of(code, secret)
        recovery = read_recovery_code(code)
        if account is None or not holds:
            return None
        if counter is not None:
            return _Fits("code", counter)
        return None if recovery is None else _Fits("recovery", hash_secret(recovery))

    def _make_again(self, connection: Connection, account: Account, password: str) -> None:
        if self._passwords.is_old(account.password):
            _change(connection, account, password=self._passwords.hash(password))

    # ---------------------------------------------------------------- finding

    def account(self, id_: str) -> Account | None:
        """Return an account by its id."""
        return self._find(t.accounts.c.id == id_)

    def who(self, id_: str) -> tuple[Account | None, dict[str, str]]:
        """Return an account and its names by trial: asked at each request, so at one go."""
        names = select(t.bindings.c.trial, t.bindings.c.name).where(
            t.bindings.c.account == id_, t.bindings.c.ended.is_(None)
        )
        with self._db.reading() as connection:
            row = connection.execute(select(t.accounts).where(t.accounts.c.id == id_)).first()
            found = {one.trial: one.name for one in connection.execute(names)}
        return (None if row is None else _account(row)), found

    def _find(self, criterion: Any) -> Account | None:
        with self._db.reading() as connection:
            row = connection.execute(select(t.accounts).where(criterion)).first()
        return None if row is None else _account(row)

    def is_empty(self) -> bool:
        """Say whether there is no account yet."""
        with self._db.reading() as connection:
            return connection.execute(select(t.accounts.c.id).limit(1)).first() is None

    # ---------------------------------------------------------------- changing one's own

    def change_password(self, account: Account, new: str, proof: Proof, *, but: str) -> None:
        """Change a password; every session but one ends.

        Raises
        ------
        NotTakenError, NotProvenError, TooManyError
            What is not taken costs no code.
        """
        known = self.bindings_of(account.id)
        names = [name for binding in known for name in (binding.name, binding.trial)]
        fault = password_fault(new, [account.login, *names])
        if fault is not None:
            raise NotTakenError("new", f"This password is not taken: {fault}.")
        self.prove(account, *proof)
        with self._db.writing() as connection:
            self._note("password-changed", account, proof.address)
            _change(connection, account, password=self._passwords.hash(new))
            _end_sessions(connection, account.id, but)

    def change_authenticator(
        self, account: Account, secret: str, code: str, proof: Proof, *, but: str
    ) -> None:
        """Take another authenticator, which shows that it works; every session but one ends.

        Raises
        ------
        NotTakenError, NotProvenError, TooManyError
            What is not taken costs no code.
        """
        counter = self._shown(secret, code)
        self.prove(account, *proof)
        with self._db.writing() as connection:
            self._note("authenticator-changed", account, proof.address)
            _change(connection, account, totp=secret, counter=counter)
            _end_sessions(connection, account.id, but)

    def renew_recovery_codes(self, account: Account, proof: Proof) -> list[str]:
        """Return recovery codes in place of those before: they are shown once.

        Raises
        ------
        NotProvenError, TooManyError
        """
        self.prove(account, *proof)
        with self._db.writing() as connection:
            self._note("recovery-codes-made", account, proof.address)
            mine = t.recovery_codes.c.account == account.id
            connection.execute(delete(t.recovery_codes).where(mine))
            return _make_codes(connection, account.id)

    def n_recovery_codes(self, account: Account) -> int:
        """Return how many are left."""
        mine = t.recovery_codes.c.account == account.id
        query = select(func.count()).select_from(t.recovery_codes).where(mine)
        with self._db.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def _shown(self, secret: str, code: str) -> int:
        counter = self.authenticator.counter_of("".join(code.split()), secret)
        if counter is None:
            raise NotTakenError(
                "code",
                "This is not the code that the authenticator shows now for the new secret. Is its "
                "clock right?",
            )
        return counter

    # ---------------------------------------------------------------- sessions

    def find(self, key: str) -> Kept | None:
        """Return the session whose id has this hash."""
        with self._db.reading() as connection:
            row = connection.execute(select(t.sessions).where(t.sessions.c.key == key)).first()
        return None if row is None else _kept(row)

    def add(self, kept: Kept) -> None:
        """Keep a new session; those that are long over are forgotten."""
        new = {
            "key": kept.key,
            "account": kept.owner,
            "begun": format_time(kept.begun),
            "seen": format_time(kept.seen),
            "browser": kept.browser,
            "data": json.dumps(kept.data),
        }
        with self._db.writing() as connection:
            old = format_time(kept.seen - LONGEST)
            connection.execute(delete(t.sessions).where(t.sessions.c.begun < old))
            connection.execute(insert(t.sessions), [new])

    def keep(self, kept: Kept) -> None:
        """Keep what has changed of a session, unless it has been ended meanwhile."""
        changed = {"seen": format_time(kept.seen), "data": json.dumps(kept.data)}
        here = t.sessions.c.key == kept.key
        with self._db.writing() as connection:
            connection.execute(update(t.sessions).where(here).values(changed))

    def end(self, key: str) -> bool:
        """Forget a session; say whether there was one."""
        with self._db.writing() as connection:
            gone = connection.execute(delete(t.sessions).where(t.sessions.c.key == key))
        return gone.rowcount == 1

    def sessions_of(self, account: str) -> list[Kept]:
        """Return the sessions of an account that are not over, the last used first."""
        mine = select(t.sessions).where(t.sessions.c.account == account)
        with self._db.reading() as connection:
            rows = connection.execute(mine.order_by(t.sessions.c.seen.desc())).all()
        now = self._clock()
        return [kept for kept in map(_kept, rows) if not kept.is_over(now)]

    def end_session(self, account: Account, key: str, address: str) -> None:
        """End one of an account's own sessions; another's is left alone."""
        if key not in {kept.key for kept in self.sessions_of(account.id)}:
            return
        with self._db.writing() as connection:
            self._note("session-ended", account, address)
            connection.execute(delete(t.sessions).where(t.sessions.c.key == key))

    def end_other_sessions(self, account: Account, address: str, *, but: str) -> None:
        """End every session of an account but one."""
        with self._db.writing() as connection:
            self._note("session-ended", account, address)
            _end_sessions(connection, account.id, but)

    def signed_out(self, account: Account, address: str) -> None:
        """Write down that somebody signed out."""
        self._note("signed-out", account, address)

    # ---------------------------------------------------------------- who is who in a trial

    def bindings_of(self, account: str) -> list[Binding]:
        """Return the names of an account, trial by trial."""
        return self._bindings(t.bindings.c.account == account)

    def bindings_in(self, trial: str) -> list[Binding]:
        """Return the accounts of a trial's people."""
        return self._bindings(t.bindings.c.trial == trial)

    def _bindings(self, criterion: Any) -> list[Binding]:
        query = (
            select(t.bindings, t.accounts.c.shown)
            .join(t.accounts)
            .where(criterion, t.bindings.c.ended.is_(None))
            .order_by(t.bindings.c.trial, t.bindings.c.name)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Binding(
                id=row.id,
                account=row.account,
                login=row.shown,
                trial=row.trial,
                name=row.name,
                since=row.since,
            )
            for row in rows
        ]

    def end_binding(self, id_: str, trial: str, by: Account) -> None:
        """End what binds an account to a name in a trial, and the sessions of the account."""
        self._end_of(id_, trial, by, "binding-ended")

    def end_sessions_of(self, id_: str, trial: str, by: Account) -> None:
        """End the sessions of an account that is bound to a name in a trial."""
        self._end_of(id_, trial, by, "sessions-ended")

    def _end_of(self, id_: str, trial: str, by: Account, kind: str) -> None:
        found = next((one for one in self.bindings_in(trial) if one.id == id_), None)
        if found is None:
            return
        with self._db.writing() as connection:
            self.journal.write(kind, by.login, account=found.account, trial=trial, name=found.name)
            if kind == "binding-ended":
                ended = update(t.bindings).where(t.bindings.c.id == id_).values(ended=self._now())
                connection.execute(ended)
            _end_sessions(connection, found.account, "")

    # ---------------------------------------------------------------- invitations

    def invite(self, name: str, *, trial: str | None, by: str) -> str:
        """Return the token of a new invitation; those before, of the same name, are void."""
        token = secrets.token_urlsafe(32)
        new = {
            "id": secrets.token_hex(8),
            "hash": hash_secret(token),
            "trial": trial,
            "name": name,
            "by": by,
            "until": format_time(self._clock() + INVITED_FOR),
            "used": None,
        }
        same = (t.invitations.c.name == name) & t.invitations.c.used.is_(None)
        same &= t.invitations.c.trial.is_(None) if trial is None else t.invitations.c.trial == trial
        with self._db.writing() as connection:
            self.journal.write("invited", by, trial=trial, name=name)
            connection.execute(delete(t.invitations).where(same))
            connection.execute(insert(t.invitations), [new])
        return token

    def invitation(self, token: str) -> Invitation:
        """Return an invitation by its token.

        Raises
        ------
        GoneError
        """
        with self._db.reading() as connection:
            return self._invitation(connection, t.invitations.c.hash == hash_secret(token))

    def _invitation(self, connection: Connection, criterion: Any) -> Invitation:
        query = select(t.invitations).where(
            criterion, t.invitations.c.used.is_(None), t.invitations.c.until > self._now()
        )
        row = connection.execute(query).first()
        if row is None:
            raise GoneError(
                "An invitation works once, within 72 hours. Ask whoever gave it to you for another."
            )
        return _invitation(row)

    def invited_in(self, trial: str) -> dict[str, Invitation]:
        """Return the invitations of a trial that are still good, by name."""
        query = select(t.invitations).where(
            t.invitations.c.trial == trial,
            t.invitations.c.used.is_(None),
            t.invitations.c.until > self._now(),
        )
        with self._db.reading() as connection:
            found = map(_invitation, connection.execute(query).all())
        return {one.name: one for one in found}

    def make_account(
        self,
        token: str,
        places: Iterable[tuple[str, str]],
        *,
        login: str,
        password: str,
        secret: str,
        code: str,
        address: str,
    ) -> tuple[Account, list[str]]:
        """Return a new account by an invitation, and its recovery codes, which are shown once.

        Parameters
        ----------
        token : str
        places : iterable of (str, str)
            Trials, and the name by which each knows the person.
        login, password, secret, code : str
            The code is one of the secret: it shows that the authenticator has it.
        address : str

        Raises
        ------
        GoneError, NotTakenError
        """
        invitation = self.invitation(token)
        login = login.strip()
        if not _LOGIN.fullmatch(login):
            raise NotTakenError(
                "login",
                "A login has 3 to 80 of the letters a to z, digits and . _ - + @, a letter or a "
                "digit first.",
            )
        places = list(places)
        trials = [trial for trial, _ in places]
        fault = password_fault(password, [login, invitation.name, *trials])
        if fault is not None:
            raise NotTakenError("password", f"This password is not taken: {fault}.")
        account = Account(
            id=secrets.token_hex(8),
            login=login,
            password=self._passwords.hash(password),
            totp=secret,
            counter=self._shown(secret, code),
            made=self._now(),
        )
        new = {
            "id": account.id,
            "login": login.casefold(),
            "shown": login,
            "password": account.password,
            "totp": account.totp,
            "counter": account.counter,
            "made": account.made,
        }
        with self._db.writing() as connection:
            self._use_up(connection, invitation)
            same = select(t.accounts.c.id).where(t.accounts.c.login == login.casefold())
            if connection.execute(same).first() is not None:
                raise NotTakenError("login", "This login is taken. Choose another.")
            self._note("account-made", account, address)
            connection.execute(insert(t.accounts), [new])
            codes = _make_codes(connection, account.id)
            self._bind(connection, account, places)
        return account, codes

    def bind(self, token: str, places: Iterable[tuple[str, str]], account: Account) -> None:
        """Bind an account that is there by an invitation.

        Raises
        ------
        GoneError, NotTakenError
        """
        invitation = self.invitation(token)
        with self._db.writing() as connection:
            self._use_up(connection, invitation)
            self._bind(connection, account, places)

    def _use_up(self, connection: Connection, invitation: Invitation) -> None:
        here = (t.invitations.c.id == invitation.id) & t.invitations.c.used.is_(None)
        used = update(t.invitations).where(here).values(used=self._now())
        if connection.execute(used).rowcount != 1:
            raise GoneError("Somebody has used this invitation just now.")

    def _bind(
        self, connection: Connection, account: Account, places: Iterable[tuple[str, str]]
    ) -> None:
        for trial, name in places:
            in_force = select(t.bindings).where(
                t.bindings.c.trial == trial, t.bindings.c.ended.is_(None)
            )
            for row in connection.execute(in_force):
                if row.name == name:
                    raise NotTakenError(
                        "login",
                        f'"{name}" has an account in trial {trial}. Whoever delegates roles there '
                        "ends it first.",
                    )
                if row.account == account.id:
                    raise NotTakenError(
                        "login",
                        f'This account is "{row.name}" in trial {trial}: nobody is two people '
                        "there.",
                    )
            self.journal.write("bound", account.login, account=account.id, trial=trial, name=name)
            new = {
                "id": secrets.token_hex(8),
                "account": account.id,
                "trial": trial,
                "name": name,
                "since": self._now(),
                "ended": None,
            }
            connection.execute(insert(t.bindings), [new])


def open_book(
    target: str, clock: Callable[[], datetime], passwords: Passwords | None = None
) -> Book:
    """Open the accounts that ``--accounts`` names, and their journal; make what is not there.

    Raises
    ------
    LedgerError, InputError
        If they cannot be used.
    IntegrityError
        If the journal is not as it was written.
    """
    prepare(target)
    changing, journal = beside(target)
    return Book(open_tables(changing), Journal(journal, clock), clock, passwords or Passwords())


@dataclass(frozen=True, slots=True)
class _Fits:
    """By what somebody fits: a counter of their authenticator, or a recovery code's hash."""

    kind: str
    value: int | str


def _use(connection: Connection, account: Account, fits: _Fits) -> bool:
    """Use a code up; say whether it was there to be used."""
    if fits.kind == "code":
        newer = (t.accounts.c.id == account.id) & (t.accounts.c.counter < fits.value)
        used = connection.execute(update(t.accounts).where(newer).values(counter=fits.value))
    else:
        mine = t.recovery_codes.c.account == account.id
        used = connection.execute(
            delete(t.recovery_codes).where(mine, t.recovery_codes.c.hash == fits.value)
        )
    return used.rowcount == 1


def _count_failures(connection: Connection, key: str) -> int:
    query = select(func.count()).select_from(t.failures).where(t.failures.c.key == key)
    return int(connection.execute(query).scalar_one())


def _change(connection: Connection, account: Account, **values: Any) -> None:
    connection.execute(update(t.accounts).where(t.accounts.c.id == account.id).values(**values))


def _end_sessions(connection: Connection, account: str, but: str) -> None:
    mine = (t.sessions.c.account == account) & (t.sessions.c.key != but)
    connection.execute(delete(t.sessions).where(mine))


def _make_codes(connection: Connection, account: str) -> list[str]:
    codes = new_recovery_codes()
    new = [{"hash": hash_secret(code), "account": account} for code in codes]
    connection.execute(insert(t.recovery_codes), new)
    return codes


def _network(address: str) -> str:
    """Return what stands for an address: of IPv6 the network, of which one machine has all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        login=row.shown,
        password=row.password,
        totp=row.totp,
        counter=row.counter,
        made=row.made,
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(id=row.id, trial=row.trial, name=row.name, by=row.by, until=row.until)


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        key=row.key,
        owner=row.account,
        begun=datetime.fromisoformat(row.begun),
        seen=datetime.fromisoformat(row.seen),
        browser=row.browser,
        data=json.loads(row.data),
    )
