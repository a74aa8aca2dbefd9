"""Keys and signatures of a trial: whose keys there are, and how each signature can be checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import Block, Paragraph, Verbatim, View
from escalation.signatures.public_key import fingerprint
from escalation.trial import TrialState
from escalation.trial.keys.files import SignatureFiles
from escalation.trial.keys.held import Key

__all__ = ["signature_blocks", "signatures_document", "view_keys"]


def view_keys(state: TrialState, trial: str) -> View:
    """Return the view of every key that a trial has known."""
    keys = list(state.keys.values())
    return View(
        page=partial(_page, keys),
        document=lambda: {**trial_heading(state, trial), "keys": list(map(_document, keys))},
        rows=partial(_rows, keys),
    )


def _page(keys: Sequence[Key]) -> Iterator[Block]:
    if not keys:
        yield Paragraph("No key is registered.")
        return
    for key in keys:
        until = "" if key.revoked_by is None else f", revoked by entry {key.revoked_by}"
        yield Paragraph(f"{key.person}: since entry {key.entry}{until}.")
        yield Verbatim(f"  {fingerprint(key.public_key)}")


def _document(key: Key) -> dict[str, Any]:
    return {
        "person": key.person,
        "public_key": key.public_key,
        "fingerprint": fingerprint(key.public_key),
        "since": key.entry,
        "revoked_by": key.revoked_by,
    }


def _rows(keys: Sequence[Key]) -> Iterator[Sequence[object]]:
    yield "person", "public_key", "fingerprint", "since", "revoked_by"
    for key in keys:
        yield tuple(_document(key).values())


def signature_blocks(
    signatures: Mapping[str, Sequence[SignatureFiles]], folder: str | None
) -> Iterator[Block]:
    """Say how many signatures by key there are, and how to check them without this program.

    Parameters
    ----------
    signatures : mapping of str to sequence of SignatureFiles
        By trial.
    folder : str or None
        Where their files were written; None where they were not.
    """
    for trial, found in signatures.items():
        if not found:
            continue
        n = f"{len(found)} signature{'s' * (len(found) > 1)} by key"
        if folder is None:
            yield Paragraph(
                f"{trial}: {n}. To check them without this program: `escalation trial verify "
                "--signatures DIR` writes what `ssh-keygen -Y verify` reads."
            )
            continue
        yield Paragraph(f"{trial}: {n}, to be checked in {folder} by")
        for one in found:
            options, _, files = one.command.partition(" -n ")
            yield Verbatim(f"  {options} \\\n    -n {files}")


def signatures_document(found: Sequence[SignatureFiles]) -> list[dict[str, Any]]:
    """Return signatures under JSON names."""
    return [
        {
            "seq": one.seq,
            "entry": one.entry,
            "meaning": str(one.meaning),
            "by": one.by,
            "command": one.command,
        }
        for one in found
    ]
