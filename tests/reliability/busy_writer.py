"""One of several writers who append to the same trial at once, each its own process.

Run as ``python -m tests.reliability.busy_writer TARGET TRIAL NAME APPENDS``. It says "ready" on
standard output, waits for a line on standard input, and appends until it has recorded so many
entries. What it prints, a JSON object a line, is what a user would have seen: "recorded" with
number and hash once an append has returned, "conflict" when the ledger said that someone else was
first, "refused" when an append on what was known to be old was refused as such.

With APPENDS 0 it appends until standard input ends, and whatever the ledger says does not stop
it: it prints what it was told ("failed") and for which request, and tries until the ledger can be
opened again; then it looks for that request ("settled") before it goes on, as its user would.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from threading import Thread
from typing import IO, Any

from escalation.errors import ConflictError, EscalationError
from escalation.ledger import Entry, Ledger, open_ledger

from .workload import batch, moment

__all__ = ["Writers", "main", "writers"]

ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0  # a slow machine is no failure


def main(target: str, trial: str, name: str, n_appends: int) -> None:
    """Append, and say what happened."""
    say(ready=name)
    sys.stdin.readline()
    if n_appends:
        with open_ledger(target, timeout=TIMEOUT) as ledger:
            head = len(ledger.entries(trial))
            for number in range(1, n_appends + 1):
                head = append_one(ledger, trial, name, number, head)
                if number % 10 == 0:
                    try_old(ledger, trial, name, number, head)
        return
    chance = Random(name)  # noqa: S311  # no secret
    number, tried = 0, 0  # the last request, and the last whose fate is not known
    while not is_told_to_stop():
        try:
            with open_ledger(target, timeout=TIMEOUT) as ledger:
                if tried:
                    found = ledger.find_request(trial, f"{name} {tried}")
                    say(settled=f"{name} {tried}", found=len(found))
                    tried = 0
                head = len(ledger.entries(trial))
                while not is_told_to_stop():
                    number += 1
                    tried = number
                    head = append_one(ledger, trial, name, number, head)
                    tried = 0
                    time.sleep(chance.uniform(0, 0.1))  # who never pauses leaves no turn to others
        except EscalationError as error:
            request = f"{name} {tried}" if tried else None
            say(failed=type(error).__name__, message=str(error), request=request)
            time.sleep(0.02)


def append_one(ledger: Ledger, trial: str, name: str, number: int, head: int) -> int:
    """Record an entry, on what others have recorded meanwhile if need be; return its number.

    After each conflict it waits longer, by chance, as people do who collide: else most of the time
    goes into conflicts.
    """
    chance = Random(f"{name} {number}")  # noqa: S311  # no secret
    for tries in count():
        try:
            (made,) = append(ledger, trial, name, number, after=head)
        except ConflictError as error:
            time.sleep(chance.uniform(0, 0.05 * 2 ** min(tries, 5)))
            newer = ledger.entries(trial, after=head)  # after the wait, or it is old again
            say(conflict=head, newer=len(newer), message=str(error))
            head += len(newer)
        else:
            break
    say(recorded=made.seq, after=head, hash=made.hash)
    return made.seq


def try_old(ledger: Ledger, trial: str, name: str, number: int, head: int) -> None:
    """Try an append on what is known to be old."""
    try:
        append(ledger, trial, name, -number, after=head - 1)
    except ConflictError:
        say(refused=head - 1)


def append(ledger: Ledger, trial: str, name: str, number: int, *, after: int) -> list[Entry]:
    return ledger.append(
        trial,
        batch(number, size=1, writer=name),
        after=after,
        recorded_at=moment(after),  # time goes on with the chain, whoever writes
        recorded_by=name,
        request_id=f"{name} {number}",
    )


def is_told_to_stop() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def say(**what: Any) -> None:
    """Print a line whole, so that it is there even if the next thing is a kill."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Writers:
    """Some writers that run; what each has said is in ``said`` once they have ended."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]], errors: IO[str]) -> None:
        self._processes = processes
        self._errors = errors
        self._threads: list[Thread] = []
        self.said: list[list[dict[str, Any]]] = [[] for _ in processes]

    def start(self) -> None:
        """Let all of them begin at once, when the last is ready."""
        for process in self._processes:
            process.stdout.readline()
        for process, said in zip(self._processes, self.said, strict=True):
            thread = Thread(target=self._listen, args=(process, said))
            thread.start()
            self._threads.append(thread)
            process.stdin.write("go\n")
            process.stdin.flush()

    def finish(self, timeout: float) -> None:
        """Wait until all have ended; those that go on for ever are told to stop."""
        until = time.monotonic() + timeout
        for process in self._processes:
            process.stdin.close()
        for process in self._processes:
            process.wait(max(1.0, until - time.monotonic()))
        self._errors.seek(0)
        said = self._errors.read()
        if said or any(process.returncode for process in self._processes):
            raise RuntimeError(f"a writer failed, or said what it should not: {said[-2000:]}")
        for thread in self._threads:
            thread.join()

    def all_said(self, key: str) -> list[dict[str, Any]]:
        """Return the lines of all writers that say ``key``."""
        return [line for said in self.said for line in said if key in line]

    def stop(self) -> None:
        """End them, whatever happened."""
        for process in self._processes:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.stdin.close()
            process.stdout.close()

    @staticmethod
    def _listen(process: subprocess.Popen[str], said: list[dict[str, Any]]) -> None:
        """Read at once what a writer says: it must not have to wait for its listener."""
        said.extend(map(json.loads, process.stdout))


@contextmanager
def writers(target: str, trial: str, *, n_writers: int, n_appends: int) -> Iterator[Writers]:
    """Run writers that wait for ``start``; they are gone at the end, whatever happened."""
    command = [sys.executable, "-W", "error", "-m", "tests.reliability.busy_writer", target, trial]
    with tempfile.TemporaryFile("w+") as errors:
        processes = [
            subprocess.Popen(
                [*command, f"writer {number}", f"{n_appends}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
            )
            for number in range(1, n_writers + 1)
        ]
        running = Writers(processes, errors)
        try:
            yield running
        finally:
            running.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
