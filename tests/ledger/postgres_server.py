"""A PostgreSQL server for the tests: started by them in a temporary folder, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

PASSWORD = "hush-hush"  # noqa: S105  # of a server that lives for minutes
REQUIRED = "ESCALATION_REQUIRE_POSTGRES"


def find_binaries() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``, which Debian keeps off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.insert(0, Path(said.stdout.strip()))
    if postgres := shutil.which("postgres"):
        folders.append(Path(postgres).resolve().parent)
    is_whole = (folder for folder in folders if (folder / "initdb").exists())
    return next((folder for folder in is_whole if (folder / "postgres").exists()), None)


class PostgresServer:
    """A server on 127.0.0.1 that can be killed and started again.

    Every connection needs a password; the fixtures' user is ``keeper``.
    """

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.port = _free_port()
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._user = _user()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def initialise(self) -> None:
        """Make the server's data folder."""
        if self._user:
            shutil.chown(self._folder, self._user)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._user:
            shutil.chown(secret, self._user)
        subprocess.run(
            [self._binaries / "initdb", "--pgdata", self._data, "--username", "keeper",
             "--auth", "scram-sha-256", "--pwfile", secret, "--encoding", "UTF8",
             "--no-locale", "--no-sync"],
            user=self._user, check=True, capture_output=True, cwd=self._folder,
        )  # fmt: skip

    def start(self, **settings: str) -> None:
        """Start it, with settings for this time only, and wait until it answers."""
        settings = {"port": str(self.port), "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": "", **settings}  # fmt: skip
        command = [self._binaries / "postgres", "-D", self._data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self._user, stdout=log, stderr=log, cwd=self._folder
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self._folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log_text}") from None
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Stop it as a power cut would: no goodbye to anyone, nothing put in order."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(timeout=20)
        finally:
            self._process.kill()
            self._process.wait()
            self._process = None

    def url(
        self, database: str = "postgres", user: str = "keeper", password: str = PASSWORD
    ) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_place(self) -> str:
        """Return the URL of a schema of its own, which is quicker made than a database."""
        name = f"ledger_{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return f"{self.url()}?options=-csearch_path%3D{name}"

    def execute(self, *statements: str) -> None:
        """Run SQL as the server's owner, each statement for itself."""
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(self.url(), autocommit=True, options=options) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server in a temporary folder, and stop it whatever happens.

    Raises
    ------
    FileNotFoundError
        If PostgreSQL is not installed.
    """
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("no PostgreSQL here: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(binaries, Path(folder))
        server.initialise()
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _user() -> str | None:
    """Return who shall run the server, which refuses to run as root; None for whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
