"""The real ssh-keygen, as the oracle; skipped where it is not, unless it is required."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["REQUIRED", "make_key", "needs_ssh_keygen", "run", "sign_by_ssh_keygen"]

# of ssh-keygen and openssl, as in CI
REQUIRED = os.environ.get("ESCALATION_REQUIRE_SSH") == "1"
needs_ssh_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None and not REQUIRED,
    reason="ssh-keygen is not here (Debian package openssh-client)",
)


def run(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh-keygen", *map(str, words)], input=stdin, capture_output=True, check=False
    )


def make_key(
    folder: Path, name: str = "key", *, passphrase: str = "", algorithm: str = "ed25519"
) -> Path:
    path = folder / name
    bits = ("-b", "1024") if algorithm == "rsa" else ()
    rounds = ("-a", "1") if passphrase else ()
    done = run("-q", "-t", algorithm, *bits, *rounds, "-N", passphrase, "-C", name, "-f", path)
    assert done.returncode == 0, done.stderr
    return path


def sign_by_ssh_keygen(key: Path, message: Path, namespace: str, *options: str) -> str:
    done = run("-Y", "sign", "-f", key, "-n", namespace, *options, message)
    assert done.returncode == 0, done.stderr
    return Path(f"{message}.sig").read_text()
