"""A server of the page that is killed again and again: what is sent again is recorded once."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest

from escalation.ledger import open_ledger, verify
from escalation.trial.demo.script import SITE
from escalation.trial.demo.star_t import STAR_T
from tests.web.forms import Fields
from tests.web.load import REPORT, make_demo
from tests.web.people import HEADER

pytestmark = pytest.mark.reliability

POSTS = 200


class KilledServer:
    """A server of this machine that is killed at moments drawn by chance, and started anew."""

    def __init__(self, db: Path, seed: int) -> None:
        self.db, self.chance = db, random.Random(seed)  # noqa: S311
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and kill it until the end."""
        over = threading.Event()
        self._start()
        killer = threading.Thread(target=self._kill_often, args=(over,))
        killer.start()
        try:
            yield
        finally:
            over.set()
            killer.join()
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()

    def _start(self) -> None:
        words = [sys.executable, "-m", "tests.web.load_server", str(self.db), str(self.port)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        self._process.stdout.readline()  # it is there

    def _kill_often(self, over: threading.Event) -> None:
        while not over.wait(self.chance.uniform(0.2, 1.2)):
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process.stdout.close()
            self.kills += 1
            self._start()


class Sender:
    """A browser that sends a form again until there is an answer."""

    def __init__(self, port: int) -> None:
        self.port, self.cookie, self.resent = port, "", 0

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        body = None if form is None else urlencode(form)
        fields = {HEADER: SITE, "Cookie": self.cookie}
        if form is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("GET" if form is None else "POST", path, body, fields)
                answer = connection.getresponse()
                content = answer.read().decode()
                break
            except (OSError, HTTPException):
                assert time.monotonic() < deadline, "the server does not come back"
                self.resent += 1
                time.sleep(0.05)
            finally:
                connection.close()
        self.cookie = (answer.getheader("Set-Cookie") or self.cookie).partition(";")[0]
        return answer.status, content


def test_two_hundred_posts_to_a_server_that_is_killed_are_two_hundred_entries(
    tmp_path: Path, report: Callable[..., None]
):
    db = tmp_path / "demo.db"
    n_before = make_demo(db)
    server = KilledServer(db, seed=12)
    with server.running():
        sender = Sender(server.port)
        for number in range(POSTS):
            filled = {"subject": "TJ-001", "term": f"event {number}", "grade": "1"}
            filled |= {"started": "2026-02-01", "relation": "possible", "look": "y"}
            form = Fields.of(sender.ask(REPORT)[1])
            status, told = sender.ask(REPORT, form | filled)
            assert status == 200, told
            status, told = sender.ask(REPORT, Fields.of(told) | {"record": "y"})
            assert status == 303, told
    with open_ledger(str(db)) as ledger:
        entries = ledger.entries(STAR_T.trial)[n_before:]
        assert verify(ledger) == []
    terms = [entry.data for entry in entries]
    assert len(entries) == POSTS
    for number in range(POSTS):
        assert sum(f'"event {number}"' in data for data in terms) == 1
    report(
        "the page's server killed during posts, each sent again",
        asked=f"{POSTS} entries",
        measured=f"{len(entries)} entries, {server.kills} kills, {sender.resent} sent again",
    )
