"""Keys of people, and signatures that ``ssh-keygen`` has made with them."""

from __future__ import annotations

from functools import partial

from flask import g

from escalation.signatures.public_key import fingerprint
from escalation.tracker import Command
from escalation.trial import TrialState
from escalation.trial.events import Meaning
from escalation.trial.keys.commands import MadeSignature, register_key, revoke_key, sign_with_key
from escalation.trial.keys.rights import may_not_register_keys
from escalation.web.access import READS
from escalation.web.acts.base import Act
from escalation.web.acts.fields import TODAY, chosen, day, paragraph, radio, whole
from escalation.web.acts.uploads import upload

__all__ = ["RegisterKey", "RevokeKey", "SignByKey"]

KEYS = "Keys"
MOST_BYTES = 20_000  # a key or a signature has a few hundred


class RegisterKey(Act):
    """A person's public key."""

    name = "register-key"
    title = "Register a public key"
    lead = (
        "`ssh-keygen -t ed25519` makes a key. Hand in its public half, whose name ends in .pub; "
        "the private half stays with its owner."
    )
    group = KEYS
    task = "register a key"

    who = chosen("Whose")
    file = upload(
        "Public key", "A file such as id_ed25519.pub.", most_bytes=MOST_BYTES, accept=".pub"
    )
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer everybody who has a role."""
        self.who.choices = [(name, name) for name, roles in state.roles.items() if roles]

    def command(self, state: TrialState) -> Command:
        """Ask for the key to be registered."""
        return partial(register_key, person=self.who.data or "", public_key=self.file.data or "")


class RevokeKey(Act):
    """A key that signs no more: its owner may say so, who lost it."""

    name = "revoke-key"
    title = "Revoke a key"
    lead = "What it signs from now on does not count; what it has signed stays signed."
    group = KEYS
    task = READS

    key = radio("Which")
    reason = paragraph("Reason", required=True)
    on = day("Day", TODAY)

    def fill(self, state: TrialState) -> None:
        """Offer the keys that whoever asks may revoke."""
        every = may_not_register_keys(state, g.person) is None
        self.key.choices = [
            (key.public_key, f"{key.person}: {fingerprint(key.public_key)}")
            for key in state.keys.values()
            if key.revoked_by is None and (every or key.person == state.person(g.person))
        ]

    def command(self, state: TrialState) -> Command:
        """Ask for the key to be revoked."""
        held = state.keys[self.key.data]
        return partial(
            revoke_key,
            person=held.person,
            key=fingerprint(held.public_key),
            reason=self.reason.data or "",
        )


class SignByKey(Act):
    """A signature that was made elsewhere, by a key that is registered here."""

    name = "sign-by-key"
    title = "Hand in a signature by key"
    lead = "The page of the trial's keys shows the text to sign, and the command that signs it."
    group = KEYS
    task = "sign as reviewed"  # at least; what the meaning takes beyond it, the command asks
    is_signature = True

    meaning = radio("Signed as", choices=[(str(one), str(one)) for one in Meaning])
    entry = whole("Entry", required=True)
    file = upload(
        "Signature",
        "The file that ssh-keygen wrote, whose name ends in .sig.",
        most_bytes=MOST_BYTES,
        accept=".sig",
    )
    on = day("Day", "The day that the signed text names.", required=True)

    def command(self, state: TrialState) -> Command:
        """Ask for the signature to be recorded."""
        signer = MadeSignature(self.file.data or "")
        _ = signer.public_key  # refuses what is no signature
        return partial(
            sign_with_key,
            trial=g.trial.trial,
            meaning=Meaning(self.meaning.data),
            entry=self.entry.data,
            signer=signer,
        )
