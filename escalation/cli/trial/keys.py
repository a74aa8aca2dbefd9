"""Keys of people: register and revoke them, sign with one, write what checks a signature."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click

from escalation.cli import LazyGroup
from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.cli.streams import is_terminal
from escalation.cli.trial.common import Place, place_options
from escalation.cli.trial.files import read_small, write_new
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.errors import InputError, printable, reason
from escalation.reports.trial.signatures import view_keys
from escalation.reports.view import View
from escalation.signatures.private_key import SigningKey, load_key, needs_passphrase
from escalation.tracker import Command
from escalation.trial.events import Meaning
from escalation.trial.keys.commands import (
    MadeSignature,
    Signer,
    register_key,
    revoke_key,
    sign_with_key,
    text_to_sign,
)

__all__ = [
    "PASSPHRASE",
    "add",
    "key",
    "list_keys",
    "revoke",
    "signing",
    "statement",
    "write_signatures",
]

PASSPHRASE = "ESCALATION_KEY_PASSPHRASE"  # noqa: S105  # the variable's name

key = LazyGroup(
    name="key",
    help=(
        "Keys of people, by which they sign as `ssh-keygen -Y sign` does.\n\n"
        "`ssh-keygen -t ed25519` makes one; the private half stays with its owner. Signing and "
        "checking need pip install 'escalation[keys]'.\n\n"
        'Example: escalation trial key add "Zhao Lan" --public-key zhao.pub --as "Wu Jing"'
    ),
    lazy={
        "add": ("escalation.cli.trial.keys:add", "Register a person's public key."),
        "revoke": (
            "escalation.cli.trial.keys:revoke",
            "Revoke a key: what it signs from now on does not count.",
        ),
        "list": ("escalation.cli.trial.keys:list_keys", "Show whose keys there are, since when."),
        "statement": (
            "escalation.cli.trial.keys:statement",
            "Print the text to sign, for ssh-keygen to sign it.",
        ),
    },
)


@click.command(cls=CarefulCommand)
@click.argument("person")
@click.option(
    "--public-key",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE.pub",
    required=True,
    help="The public key, as ssh-keygen writes it.",
)
@recording_options
def add(recording: Recording, person: str, file: Path) -> None:
    """Register a person's Ed25519 public key.

    It takes a chair, or whoever registered the trial. A key is one person's; a person may have
    several.

    Example: escalation trial key add "Zhao Lan" --public-key zhao.pub --as "Wu Jing"
    """
    text = read_small(file).decode("utf-8", errors="replace")
    recording.record(partial(register_key, person=person, public_key=text))


@click.command(cls=CarefulCommand)
@click.argument("person")
@click.option("--key", "fingerprint", metavar="SHA256:...", help="Which one, of several.")
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
def revoke(recording: Recording, person: str, fingerprint: str | None, reason: str) -> None:
    """Revoke a person's key: what it signs from now on does not count.

    What it has signed before stays signed. It takes the person, a chair, or whoever registered
    the trial. A revoked key cannot come back.

    Example: escalation trial key revoke "Zhao Lan" --reason "laptop stolen" --as "Zhao Lan"
    """
    recording.record(partial(revoke_key, person=person, key=fingerprint, reason=reason))


@click.command(cls=CarefulCommand)
@place_options
@shows
def list_keys(place: Place) -> View:
    """Show whose keys there are, and since when.

    Example: escalation trial key list
    """
    with place.opened() as tracker:
        return view_keys(tracker.state(), tracker.trial)


@click.command(cls=CarefulCommand)
@click.argument(
    "meaning", metavar="MEANING", type=click.Choice([str(meaning) for meaning in Meaning])
)
@click.argument("entry", type=WholeNumber(), required=False)
@recording_options
def statement(recording: Recording, meaning: str, entry: int | None) -> None:
    """Print the text that you would sign, for ssh-keygen to sign it.

    For a key that an agent or another machine holds: `ssh-keygen -Y sign -n escalation -f KEY
    FILE` signs it. Nothing is recorded until the signature is handed in, with `escalation trial
    sign MEANING ENTRY --signature FILE.sig`; on a later day, with the --on of this one.

    Example: escalation trial key statement reviewed 12 --as "Zhao Lan" > 12.txt
    """
    with recording.place.opened() as tracker:
        text = text_to_sign(
            tracker.state(),
            recording.recorder,
            trial=tracker.trial,
            meaning=Meaning(meaning),
            entry=entry,
        )
    click.echo(text, nl=False)


def signing(
    trial: str, meaning: Meaning, entry: int | None, key: Path | None, signature: Path | None
) -> Command:
    """Return the command that signs with a key's file, or hands a signature of one in."""
    if key is not None and signature is not None:
        raise click.UsageError("give --key or --signature, not both")
    signer: Signer
    if key is not None:
        signer = _load(key)
    elif signature is not None:
        signer = MadeSignature(read_small(signature).decode("ascii", errors="replace"))
        try:
            _ = signer.public_key
        except InputError as error:
            raise InputError(f"{printable(str(signature))} {error}") from error
    else:
        raise click.UsageError("give --key FILE or --signature FILE")
    return partial(sign_with_key, trial=trial, meaning=meaning, entry=entry, signer=signer)


def _load(path: Path) -> SigningKey:
    """Load a private key, asking for its passphrase where it has one."""
    data = read_small(path)
    name = printable(str(path))
    try:
        passphrase = _ask_passphrase(name) if needs_passphrase(data) else None
        return load_key(data, passphrase)
    except InputError as error:
        raise InputError(f"{name} {error}") from error


def _ask_passphrase(name: str) -> bytes:
    given = os.environ.get(PASSPHRASE)
    if given is None and not is_terminal(sys.stdin):
        raise InputError(
            f"has a passphrase, and there is no terminal to ask for it: set {PASSPHRASE}"
        )
    if given is None:
        given = click.prompt(f"Passphrase of {name}", hide_input=True, err=True)
    return str(given).encode()


def write_signatures(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files of signatures into a folder of their own.

    Raises
    ------
    InputError
        If it holds anything already, or cannot be written.
    """
    name = printable(str(folder))
    try:
        folder.mkdir(exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{name} is not empty: name a new folder for the signatures")
        for file, content in files.items():
            write_new(folder / file, content)
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be written: {reason(error)}") from error
