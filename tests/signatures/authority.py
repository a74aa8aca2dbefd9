"""A time-stamping authority of openssl's, as the oracle; skipped where openssl is not."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from .ssh_keygen import REQUIRED

__all__ = ["made_authority", "needs_openssl", "openssl"]

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and not REQUIRED,
    reason="openssl is not here (Debian package openssl)",
)
_CONFIG = """
[a]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
[b]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[tsa]
extendedKeyUsage = critical,timeStamping
basicConstraints = CA:FALSE
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
"""


def openssl(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)


class Authority:
    """Stamps requests; ``root`` is the certificate that vouches for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "tsa.cnf"
        self.root = folder / "ca.pem"
        self.config.write_text(_CONFIG.format(folder=folder))
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        conf = ("-config", self.config)
        self._do(
            "req", "-x509", *new, *conf, "-extensions", "ca", "-subj", "/CN=Test root",
            "-keyout", folder / "ca.key", "-out", self.root, "-days", "30",
        )  # fmt: skip
        self._do(
            "req", *new, *conf, "-subj", "/CN=Test clock",
            "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr",
        )  # fmt: skip
        self._do(
            "x509", "-req", "-in", folder / "tsa.csr", "-CA", self.root, "-CAkey",
            folder / "ca.key", "-set_serial", "7", "-days", "30", "-out", folder / "tsa.pem",
            "-extfile", self.config, "-extensions", "tsa",
        )  # fmt: skip

    def _do(self, *words: str | Path) -> None:
        done = openssl(*words)
        assert done.returncode == 0, done.stderr

    def stamp(self, request: Path, *, with_root: bool = False) -> Path:
        """Reply to a request; ``with_root`` sends the root's certificate along."""
        reply = request.with_suffix(".tsr")
        self._do(
            "ts", "-reply", "-config", self.config, "-section", "b" if with_root else "a",
            "-queryfile", request, "-out", reply,
        )  # fmt: skip
        return reply


@functools.cache
def made_authority(name: str = "one") -> Authority:
    """Make one in this process; its folder goes when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix=f"authority-{name}-")
    authority = Authority(Path(folder.name))
    authority.kept = folder  # type: ignore[attr-defined]
    return authority
