"""The key of the chair in the demo trial: made from a phrase that everybody may know.

The demo's times are invented, so that its hashes are the same on every machine, and its signature
can be made beforehand: the demo then needs no private key and no library. A hash also says which
version registered the trial, under which protocol. Where one of them, or the demo before its
signature, has changed, run ``python -m tests.trial.demo_key``, which signs again.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from escalation.ledger import create_ledger
from escalation.protocol import load_protocol
from escalation.signatures.private_key import SigningKey
from escalation.signatures.wire import string
from escalation.tracker import Tracker
from escalation.trial.demo import key as demo_key
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import SignedWithKey
from escalation.trial.keys.checking import text_of
from escalation.trial.keys.statement import NAMESPACE

__all__ = ["demo_signature", "made_key"]


def made_key() -> SigningKey:
    """Return the key."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(b"Zhao Lan, who is invented").digest())
    blob = string(b"ssh-ed25519") + string(private.public_key().public_bytes_raw())
    return SigningKey(public_key=f"ssh-ed25519 {b64encode(blob).decode()}", make=private.sign)


def demo_signature() -> tuple[bytes, SignedWithKey]:
    """Return the text that the demo's signature has to be over, and the signature it has."""
    with TemporaryDirectory() as folder, create_ledger(f"{folder}/demo.db") as ledger:
        tracker = Tracker(ledger, STAR_T.trial)
        for n, (command, recorder) in enumerate(STAR_T.steps(load_protocol(STAR_T.protocol))):
            for recorded in tracker.record(
                command, recorder, request_id=f"demo-{n + 1}", new=n == 0
            ):
                if isinstance(recorded.event, SignedWithKey):
                    return text_of(STAR_T.trial, recorded, recorded.event), recorded.event
    raise LookupError("the demo has no signature by key")


def main() -> None:
    """Sign again, and write the signature into the demo."""
    path, (message, made) = Path(demo_key.__file__), demo_signature()
    signature = made_key().sign(message, NAMESPACE)
    text = path.read_text(encoding="utf-8").replace(made.signature, signature)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
