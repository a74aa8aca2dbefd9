"""The journal: who signed in, failed to, was let in and by whom; only ever added to, as a ledger.

No password, token or code stands in it. Where a login is not known nobody is named: what was typed
may be a password.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock

from escalation.dataclass import dataclass
from escalation.errors import ConflictError, LedgerError
from escalation.ledger import (
    Draft,
    Entry,
    Ledger,
    check_chain,
    create_ledger,
    open_ledger,
    verify,
)

__all__ = ["NOBODY", "SENTENCES", "Happened", "Journal", "journal_faults"]

TRIAL = "access"  # what the ledger calls the only list of entries in it
NOBODY = "nobody"  # a try under a login that is not known, or who starts the server

SENTENCES = {
    "journal-begun": "wrote nothing before this",
    "signed-in": "signed in",
    "sign-in-failed": "could not be signed in",
    "locked-out": "is locked out for 15 minutes, after five failures",
    "signed-out": "signed out",
    "session-ended": "ended a session",
    "sessions-ended": "ended every session of",
    "proof-failed": "could not prove who they are, to sign or to change the account",
    "recovery-code-used": "used a recovery code",
    "password-changed": "changed the password",
    "authenticator-changed": "changed the authenticator",
    "recovery-codes-made": "made new recovery codes",
    "account-made": "made the account",
    "invited": "invited",
    "bound": "is known in the trial as",
    "binding-ended": "ended the account's business in the trial",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to an account.

    Attributes
    ----------
    seq : int
        The entry's number.
    at : str
        In UTC.
    by : str
        The login of whoever did it.
    kind : str
    account : str or None
        The id of the account.
    trial, name : str or None
        Of an invitation or a binding.
    """

    seq: int
    at: str
    by: str
    kind: str
    account: str | None = None
    trial: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """What happened, in words."""
        said = f"{self.by} {SENTENCES.get(self.kind, self.kind)}"
        return said if self.name is None else f"{said} {self.name}"


class Journal:
    """The entries, kept in memory too, and checked when they are read.

    Parameters
    ----------
    target : str
        Where the ledger is.
    clock : callable
    """

    def __init__(self, target: str, clock: Callable[[], datetime]) -> None:
        self._ledger: Ledger = create_ledger(target)
        self._clock = clock
        self._lock = Lock()
        self._entries: list[Entry] = []
        self._happened: list[Happened] = []
        if TRIAL not in self._ledger.trials():
            self._begin()
        self.read()

    def _begin(self) -> None:
        draft = Draft(kind="journal-begun", version=1, data={})
        try:
            with self._ledger.writing(TRIAL, new=True) as writer:
                writer.append([draft], after=0, recorded_at=self._clock(), recorded_by=NOBODY)
        except ConflictError:  # another process was first
            return

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def read(self) -> Sequence[Happened]:
        """Return everything that happened.

        Raises
        ------
        IntegrityError
            If an entry is not as it was written.
        """
        with self._lock:
            self._keep(self._ledger.entries(TRIAL, after=len(self._entries)))
            return list(self._happened)

    def _keep(self, newer: Sequence[Entry]) -> None:
        check_chain(newer, self._entries[-1].anchor if self._entries else None)
        self._entries += newer
        self._happened += map(_happened, newer)

    def write(self, kind: str, by: str, **data: str | None) -> None:
        """Write down what happens."""
        draft = Draft(kind=kind, version=1, data={k: v for k, v in data.items() if v is not None})
        with self._lock:
            with self._ledger.writing(TRIAL) as writer:
                newer = writer.entries(after=len(self._entries))
                after = newer[-1].seq if newer else len(self._entries)
                newer += writer.append(
                    [draft], after=after, recorded_at=self._clock(), recorded_by=by
                )
            self._keep(newer)


def journal_faults(target: str) -> list[str]:
    """Return what is wrong with a journal; nothing where there is none yet.

    Parameters
    ----------
    target : str
        Where its ledger is.
    """
    try:
        ledger = open_ledger(target)
    except LedgerError:
        return []
    with ledger:
        return [str(finding.problem) for finding in verify(ledger)]


def _happened(entry: Entry) -> Happened:
    data = entry.payload
    known = {key: data.get(key) for key in ("account", "trial", "name")}
    return Happened(
        seq=entry.seq, at=entry.recorded_at, by=entry.recorded_by, kind=entry.kind, **known
    )
