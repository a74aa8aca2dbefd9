"""The signatures of a trial as files, and the lines that check them without this program."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from escalation.dataclass import dataclass
from escalation.trial.events import Meaning, SignedWithKey
from escalation.trial.keys.checking import text_of
from escalation.trial.keys.held import Key
from escalation.trial.keys.statement import NAMESPACE, principal
from escalation.trial.state import Recorded, TrialState

__all__ = ["ALLOWED", "CHECK", "SignatureFiles", "signature_files"]

ALLOWED = "allowed_signers"
CHECK = "check.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFiles:
    """One signature: what it says, and the line that checks it in the folder of its files."""

    seq: int
    entry: int
    meaning: Meaning
    by: str
    command: str


def signature_files(
    trial: str, entries: Sequence[Recorded], state: TrialState
) -> tuple[list[SignatureFiles], dict[str, bytes]]:
    """Return every signature by key with its line, and the files that the lines read, by name.

    A key is allowed from the time of its entry to that of the entry that revoked it, and every
    signature is checked as of the time at which it was recorded (OpenSSH 9.1 or later).
    """
    found, files = [], {ALLOWED: "".join(map(_allowed_line, state.keys.values())).encode()}
    for recorded in entries:
        event = recorded.event
        if not isinstance(event, SignedWithKey):
            continue
        name = f"signature-{recorded.seq}"
        files[f"{name}.txt"] = text_of(trial, recorded, event)
        files[f"{name}.sig"] = event.signature.encode()
        by = shlex.quote(principal(state.person(recorded.by)))
        line = (
            f"ssh-keygen -Y verify -f {ALLOWED} -I {by} "
            f"-n {NAMESPACE} -Overify-time={_time(recorded.at)} -s {name}.sig < {name}.txt"
        )
        found.append(
            SignatureFiles(
                seq=recorded.seq,
                entry=event.entry,
                meaning=event.meaning,
                by=recorded.by,
                command=line,
            )
        )
    files[CHECK] = "".join(_script(trial, found)).encode()
    return found, files


def _allowed_line(key: Key) -> str:
    times = [f'valid-after="{_time(key.since)}"']
    if key.until is not None:  # ssh-keygen wants it later than the other, in whole seconds
        until = max(key.until, key.since) + timedelta(seconds=1)
        times.append(f'valid-before="{_time(until)}"')
    options = ",".join([f'namespaces="{NAMESPACE}"', *times])
    return f'"{principal(key.person)}" {options} {key.public_key}\n'


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%SZ}"


def _script(trial: str, signatures: Sequence[SignatureFiles]) -> Iterator[str]:
    yield "#!/bin/sh\n"
    yield f"# Every signature by key of trial {trial}: `sh {CHECK}` says which of them hold.\n"
    yield 'cd "$(dirname "$0")" || exit 1\nbad=0\n'
    for one in signatures:
        yield f"echo 'entry {one.seq}: entry {one.entry} signed as {one.meaning}'\n"
        yield f"{one.command} || bad=1\n"
    yield "exit $bad\n"
