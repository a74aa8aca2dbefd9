"""Many people at once on a page of this machine: who reads, who records, and how long each waits.

    python -m tests.web.load [--readers 50] [--writers 5] [--seconds 60] [--pause 2]

starts the demo trial's page, and beside it a bare page of Flask's, on the loopback; people come in
from another process. A reader opens a page with its pictures, reads it for some seconds, and opens
the next. A writer reports an adverse event: opens the form, is told what follows, and records it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from escalation.ledger import create_ledger, open_ledger
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial.demo.script import CHAIR, MEMBER, SITE
from escalation.trial.demo.star_t import STAR_T
from tests.web.forms import Fields
from tests.web.people import HEADER

TRIAL = STAR_T.trial
READ = ("", "log", "meeting", "record/", "roles", "what-if")  # below /t/TRIAL/
REPORT = f"/t/{TRIAL}/record/event?subject=TJ-001"


@dataclass
class Seen:
    """How long each request took, by what it was for, and what came back."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    recorded: int = 0

    def note(self, what: str, status: int, took: float) -> None:
        self.seconds.setdefault(what, []).append(took)
        self.statuses[status] += 1


class Browser:
    """One connection, kept open, as a browser keeps it."""

    def __init__(self, port: int, person: str, seen: Seen) -> None:
        self.port, self.person, self.seen = port, person, seen
        self.cookie = ""
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, path: str, what: str, form: dict[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Return status, address of a redirect, and body."""
        body = b"" if form is None else urlencode(form).encode()
        head = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", "Host: localhost"]
        head += [f"{HEADER}: {self.person}", f"Content-Length: {len(body)}"]
        head += [f"Cookie: {self.cookie}"] if self.cookie else []
        head += [] if form is None else ["Content-Type: application/x-www-form-urlencoded"]
        begun = time.perf_counter()
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        status, fields, content = await _answer(reader)
        self.seen.note(what, status, time.perf_counter() - begun)
        if "set-cookie" in fields:
            self.cookie = fields["set-cookie"].partition(";")[0]
        if fields.get("connection", "").lower() == "close":
            writer.close()
            self.streams = None
        return status, fields.get("location", ""), content


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    first = await reader.readline()
    fields = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    if fields.get("transfer-encoding") == "chunked":
        content = b""
        while size := int(await reader.readline(), 16):
            content += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        content = await reader.readexactly(int(fields.get("content-length", 0)))
    return int(first.split()[1]), fields, content


async def read(browser: Browser, until: float, pause: float, chance: random.Random) -> None:
    """Open a page and its pictures, read it, open another."""
    await asyncio.sleep(chance.uniform(0, pause))
    while time.monotonic() < until:
        _, _, content = await browser.ask(f"/t/{TRIAL}/{chance.choice(READ)}", "page")
        for picture in re.findall(rb'<img src="([^"]+)"', content):
            await browser.ask(picture.decode().replace("&amp;", "&"), "picture")
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)


async def report(browser: Browser, until: float, pause: float, chance: random.Random) -> None:
    """Report adverse events, one after the other."""
    await asyncio.sleep(chance.uniform(0, pause))
    number = 0
    while time.monotonic() < until:
        number += 1
        _, _, form = await browser.ask(REPORT, "form")
        filled = {"subject": "TJ-001", "term": f"event {number}", "grade": f"{number % 3 + 1}"}
        filled |= {"started": "2026-02-01", "relation": "possible"}
        sent = Fields.of(form.decode()) | filled | {"look": "y"}
        status, _, told = await browser.ask(REPORT, "told", sent)
        while True:
            again = Fields.of(told.decode())
            final = again | {"record": "y"}
            status, _, told = await browser.ask(REPORT, "recorded", final)
            if status != 409:
                break  # else somebody was first: look again, and record
            status, _, told = await browser.ask(
                REPORT, "told", Fields.of(told.decode()) | {"look": "y"}
            )
        if status == 303:
            browser.seen.recorded += 1
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)


async def crowd(port: int, readers: int, writers: int, seconds: float, pause: float) -> Seen:
    """Let everybody in for some seconds."""
    seen, until = Seen(), time.monotonic() + seconds
    people = [Browser(port, (CHAIR, MEMBER, SITE)[n % 3], seen) for n in range(readers)]
    sites = [Browser(port, SITE, seen) for _ in range(writers)]
    await asyncio.gather(
        *(read(b, until, pause, random.Random(n)) for n, b in enumerate(people)),  # noqa: S311
        *(report(b, until, pause, random.Random(-n - 1)) for n, b in enumerate(sites)),  # noqa: S311
    )
    return seen


async def bare(port: int, people: int, seconds: float, pause: float) -> Seen:
    """Let as many open the bare page."""
    seen, until = Seen(), time.monotonic() + seconds

    async def one(browser: Browser, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, pause))
        while time.monotonic() < until:
            await browser.ask("/", "bare page")
            await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)

    browsers = [Browser(port, "", seen) for _ in range(people)]
    await asyncio.gather(*(one(b, random.Random(n)) for n, b in enumerate(browsers)))  # noqa: S311
    return seen


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of them does not exceed, in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(seen: Seen) -> list[str]:
    """Return a line for each kind of request."""
    lines = [f"{'request':<12}{'n':>7}{'median':>9}{'p95':>9}{'p99':>9}{'longest':>9}  ms"]
    everything = [t for times in seen.seconds.values() for t in times]
    for what, times in [*seen.seconds.items(), ("all", everything)]:
        figures = [quantile(times, share) for share in (0.5, 0.95, 0.99, 1)]
        lines.append(f"{what:<12}{len(times):>7}" + "".join(f"{t:>9.1f}" for t in figures))
    lines.append(f"statuses: {dict(sorted(seen.statuses.items()))}")
    return lines


def make_demo(file: Path) -> int:
    """Write the demo trial's ledger; return its number of entries."""
    recorded = []
    with create_ledger(str(file)) as ledger:
        tracker = Tracker(ledger, TRIAL)
        for number, (command, recorder) in enumerate(STAR_T.steps(load_protocol(STAR_T.protocol))):
            recorded = tracker.record(
                command, recorder, request_id=f"demo-{number}", new=number == 0
            )
    return recorded[-1].seq


def start(*words: str) -> tuple[subprocess.Popen[str], int]:
    """Start a server of ``tests.web.load_server``; return it and its port."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.web.load_server", *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    return server, int(server.stdout.readline())


def main() -> None:
    """Run it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--writers", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=2, help="seconds that a page is read")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        n_before = make_demo(folder / "demo.db")
        server, port = start(str(folder / "demo.db"))
        try:
            asyncio.run(crowd(port, 5, 0, 5, 0.1))  # imports, templates
            seen = asyncio.run(
                crowd(port, given.readers, given.writers, given.seconds, given.pause)
            )
        finally:
            server.terminate()
            server.wait()
        server, port = start("bare")
        try:
            people = given.readers + given.writers
            plain = asyncio.run(bare(port, people, min(given.seconds, 20), given.pause))
        finally:
            server.terminate()
            server.wait()
        with open_ledger(str(folder / "demo.db")) as ledger:
            n_now = len(ledger.entries(TRIAL))
    finally:
        shutil.rmtree(folder)
    print(f"{given.readers} people read and {given.writers} record, {given.seconds:g} s:")
    print(*table(seen), sep="\n")
    print(f"recorded {seen.recorded}, in the ledger {n_now - n_before}")
    print("\na bare page of Flask's, as many people:")
    print(*table(plain), sep="\n")
    mine = [t for times in seen.seconds.values() for t in times]
    theirs = plain.seconds["bare page"]
    for share in (0.5, 0.99):
        ratio = quantile(mine, share) / quantile(theirs, share)
        print(f"ratio to the bare page, quantile {share:g}: {ratio:.1f}")


if __name__ == "__main__":
    main()
