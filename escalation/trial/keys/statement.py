"""The texts that are signed and stamped, to the last character.

Whoever has a text, a signature and the public key can check them without this program.
"""

from __future__ import annotations

from datetime import date

from escalation.trial.events import Meaning

__all__ = ["NAMESPACE", "anchor_text", "principal", "statement"]

NAMESPACE = "escalation"  # of signatures: what ssh-keygen is given with -n


def statement(
    trial: str, *, entry: int, entry_hash: str, meaning: Meaning, on: date, by: str
) -> bytes:
    r"""Return the text that a person's key signs: what is signed, in which meaning, and by whom.

    Examples
    --------
    >>> text = statement("TJ-1", entry=12, entry_hash="3fa9...", meaning=Meaning.APPROVED,
    ...                  on=date(2026, 3, 1), by="Zhao Lan")
    >>> print(text.decode(), end="")
    escalation signature 1
    trial TJ-1
    entry 12
    hash 3fa9...
    meaning approved
    on 2026-03-01
    by Zhao Lan
    """
    lines = [
        "escalation signature 1",
        f"trial {trial}",
        f"entry {entry}",
        f"hash {entry_hash}",
        f"meaning {meaning}",
        f"on {on}",
        f"by {by}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def anchor_text(entry: int, entry_hash: str) -> bytes:
    """Return the text that a timestamp is of: the anchor as printed, and the end of the line."""
    return f"{entry}:{entry_hash}\n".encode()


def principal(name: str) -> str:
    r"""Return a person's name as OpenSSH's file of allowed signers can hold it.

    What it would read as a pattern, a quotation or a remark is written as in a URL, so that no
    two names become one.

    Examples
    --------
    >>> principal("Zhao Lan"), principal("J*, Sr.")
    ('Zhao Lan', 'J%2A%2C Sr.')
    """
    return "".join(f"%{ord(letter):02X}" if letter in _SPECIAL else letter for letter in name)


_SPECIAL = "%*?!,#\"'\\\t"
