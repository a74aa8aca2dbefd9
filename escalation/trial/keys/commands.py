"""Commands about keys: register and revoke them, sign with one, keep a timestamp."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Protocol

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.signatures.public_key import fingerprint, read_public_key
from escalation.signatures.sshsig import read_signature, signature_fault
from escalation.signatures.timestamps import read_timestamp
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.committee.sign import sign
from escalation.trial.events import KeyRegistered, KeyRevoked, Meaning, SignedWithKey, TimestampKept
from escalation.trial.keys.held import keys_in_force, lacks_key
from escalation.trial.keys.rights import may_not_register_keys
from escalation.trial.keys.statement import NAMESPACE, anchor_text, statement
from escalation.trial.state import TrialState

__all__ = [
    "MadeSignature",
    "Signer",
    "keep_timestamp",
    "register_key",
    "revoke_key",
    "sign_as_made",
    "sign_with_key",
    "text_to_sign",
]


def register_key(state: TrialState, recorder: Recorder, *, person: str, public_key: str) -> Events:
    """Register a person's Ed25519 public key, from the text of its file."""
    refusal = Refusal(f'the key of "{person}" cannot be registered')
    _check_may(refusal, state, recorder)
    refusal.unless(
        bool(state.roles_of(person)), f'"{person}" has no role in this trial: delegate one first.'
    )
    try:
        public_key = read_public_key(public_key)
    except InputError as error:
        refusal.add(f"{_sentence(str(error))}")
        raise refusal.error() from None
    known = state.keys.get(public_key)
    if known is not None and known.revoked_by is not None:
        refusal.add(
            f'It was revoked by entry {known.revoked_by} as a key of "{known.person}": make '
            "another one."
        )
    elif known is not None:
        refusal.add(f'It is registered as a key of "{known.person}", by entry {known.entry}.')
    refusal.raise_if_any()
    return (KeyRegistered(on=recorder.on, person=state.person(person), public_key=public_key),)


def revoke_key(
    state: TrialState,
    recorder: Recorder,
    *,
    person: str,
    reason: str,
    key: str | None = None,
) -> Events:
    """Revoke a person's key; what it has signed before stays signed.

    Parameters
    ----------
    state, recorder, person, reason
    key : str or None
        Its fingerprint; None for the only one.
    """
    refusal = Refusal(f'the key of "{person}" cannot be revoked')
    person = state.person(person)
    if state.person(recorder.name) == person:  # who lost it may say so
        refusal.unless(state.registered is not None, "The trial is not registered.")
        refusal.check_day(recorder)
    else:
        _check_may(refusal, state, recorder)
    refusal.check_line("reason", reason)
    held = {fingerprint(one.public_key): one for one in keys_in_force(state.keys, person)}
    found = held.get(key) if key is not None else next(iter(held.values()), None)
    if not held:
        refusal.add(f'"{person}" has no key.')
    elif found is None:
        refusal.add(f'"{person}" has no key {key}; it is {" or ".join(held)}.')
    elif key is None and len(held) > 1:
        refusal.add(f"Say which one, by its fingerprint: {' or '.join(held)}.")
    if found is None or refusal.reasons:
        raise refusal.error()
    return (KeyRevoked(on=recorder.on, person=person, public_key=found.public_key, reason=reason),)


def _check_may(refusal: Refusal, state: TrialState, recorder: Recorder) -> None:
    """Whoever registered the trial may register keys too, as they may delegate."""
    refusal.unless(state.registered is not None, "The trial is not registered.")
    refusal.check_day(recorder)
    refusal.add(may_not_register_keys(state, recorder.name))


# ---------------------------------------------------------------- sign


class Signer(Protocol):
    """What signs: a private key, or a signature that was made elsewhere."""

    @property
    def public_key(self) -> str:
        """The public key by which it can be checked."""

    def sign(self, message: bytes, namespace: str) -> str:
        """Return a signature as ``ssh-keygen -Y sign`` writes it."""


@dataclass(frozen=True, slots=True)
class MadeSignature:
    """A signature that ``ssh-keygen -Y sign`` has made already.

    Raises
    ------
    InputError
        By its ``public_key``, where it is none.
    """

    text: str

    @property
    def public_key(self) -> str:
        """The key that it says it is by."""
        return read_signature(self.text).public_key

    def sign(self, message: bytes, namespace: str) -> str:
        """Return it, whatever is asked for: the command checks what it is of."""
        return self.text.replace("\r\n", "\n").strip() + "\n"


def sign_with_key(
    state: TrialState,
    recorder: Recorder,
    *,
    trial: str,
    meaning: Meaning,
    signer: Signer,
    entry: int | None = None,
) -> Events:
    """Sign an entry as ``sign`` does, with a registered key of the recorder's over its text.

    Raises
    ------
    RefusedError
    KeysExtraError
    """
    (signed,) = sign(state, recorder, meaning=meaning, entry=entry, with_key=True)
    refusal = Refusal(f"entry {signed.entry} cannot be signed as {meaning} with this key")
    text = statement(
        trial,
        entry=signed.entry,
        entry_hash=signed.entry_hash,
        meaning=meaning,
        on=recorder.on,
        by=recorder.name,
    )
    public_key = signer.public_key
    lacking = lacks_key(state.keys, state.person(recorder.name), public_key)
    refusal.add(None if lacking is None else f"{_sentence(lacking)} ({fingerprint(public_key)}).")
    refusal.raise_if_any()
    signature = signer.sign(text, NAMESPACE)
    fault = signature_fault(signature, text, public_key=public_key, namespace=NAMESPACE)
    refusal.add(None if fault is None else f"The signature does not hold: {fault}.")
    refusal.raise_if_any()
    return (
        SignedWithKey(
            on=recorder.on,
            entry=signed.entry,
            entry_hash=signed.entry_hash,
            meaning=meaning,
            public_key=public_key,
            signature=signature,
        ),
    )


def sign_as_made(state: TrialState, recorder: Recorder, *, made: SignedWithKey) -> Events:
    """Record a signature by key again, all but the cryptography."""
    (signed,) = sign(state, recorder, meaning=made.meaning, entry=made.entry, with_key=True)
    return (replace(made, on=signed.on, entry_hash=signed.entry_hash),)


def text_to_sign(
    state: TrialState,
    recorder: Recorder,
    *,
    trial: str,
    meaning: Meaning,
    entry: int | None = None,
) -> bytes:
    """Return the text that the recorder would sign; refused as ``sign`` would be."""
    (signed,) = sign(state, recorder, meaning=meaning, entry=entry, with_key=True)
    return statement(
        trial,
        entry=signed.entry,
        entry_hash=signed.entry_hash,
        meaning=meaning,
        on=recorder.on,
        by=recorder.name,
    )


# ---------------------------------------------------------------- timestamps


def keep_timestamp(
    state: TrialState,
    recorder: Recorder,
    *,
    reply: bytes,
    entry: int | None = None,
    trusted: tuple[bytes, ...] = (),
) -> Events:
    """Keep an authority's timestamp of an entry.

    Parameters
    ----------
    state, recorder
    reply : bytes
        As the authority sent it.
    entry : int or None
        None to find the entry that it is of.
    trusted : tuple of bytes
        Certificates that vouch for the authority; without any, those in the reply.

    Raises
    ------
    RefusedError
    KeysExtraError
    """
    refusal = Refusal("the timestamp cannot be kept")
    refusal.check(state, recorder, "keep a timestamp")
    refusal.raise_if_any()
    try:
        stamp = read_timestamp(reply, trusted)
    except InputError as error:
        refusal.add(f"It {error}.")
        raise refusal.error() from None
    if stamp.fault is not None:
        refusal.add(f"It does not hold: {stamp.fault}.")
    elif not stamp.known:
        given = "the certificates given do not vouch" if trusted else "no certificate vouches"
        refusal.add(
            f"{_sentence(given)} for its authority ({stamp.authority}): give the authority's root "
            "certificate."
        )
    sought = range(1, state.seq + 1) if entry is None else [entry] * (1 <= entry <= state.seq)
    found = [n for n in sought if stamp.is_of(anchor_text(n, state.hashes[n - 1]))]
    if not found:
        refusal.add(
            "It is of no entry of this trial."
            if entry is None
            else f"It is not of entry {entry} of this trial."
        )
    refusal.raise_if_any()
    return (
        TimestampKept(
            on=recorder.on,
            entry=found[0],
            entry_hash=state.hashes[found[0] - 1],
            token=b64encode(reply).decode(),
        ),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
