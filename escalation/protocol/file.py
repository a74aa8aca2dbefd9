"""A protocol file: everything that can be wrong with one, found at once, in plain words.

Types are pydantic's to check; the rules that join several settings are checked on whatever the
types have left sound, so that one report names both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.designs import DESIGNS
from escalation.errors import ProtocolError, did_you_mean
from escalation.protocol.border import MAX_BYTES, FileKind, find_all_faults, read_toml
from escalation.protocol.models import protocol_models
from escalation.protocol.protocol import Protocol
from escalation.protocol.rules import Fault, Place, find_broken_rules, quote
from escalation.protocol.tables import FRACTION_WORDS

__all__ = ["MAX_BYTES", "find_faults", "parse_protocol"]

_KIND = FileKind(
    name="protocol",
    error=ProtocolError,
    start_from="`escalation protocol init FILE` writes a template to start from",
)


def parse_protocol(data: bytes, source: str) -> Protocol:
    """Read and check a protocol that is not a shipped one.

    Parameters
    ----------
    data : bytes
        TOML in UTF-8.
    source : str
        The file's name, for the message.

    Raises
    ------
    ProtocolError
        With every fault.
    """
    document = read_toml(data, source, _KIND)
    faults = find_faults(document)
    if faults:
        raise ProtocolError(source, faults)
    return Protocol.from_document(document)


def find_faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every fault of a document read from TOML, each ``"place: what is wrong"``.

    Parameters
    ----------
    document : mapping
        As ``tomllib`` gives it.

    Returns
    -------
    tuple of str
        In the order of the file; empty for a sound document.
    """
    return find_all_faults(
        document, _KIND, protocol_models(), find_broken_rules, in_file=_in_file, words=_words
    )


def _in_file(place: Place) -> Place:
    """Leave out the design's name, which pydantic adds."""
    return place[:1] + place[2:] if place[0] == "design" else place


def _words(kind: str, place: Place, value: Any) -> Fault | None:
    match kind:
        case "union_tag_not_found":
            return ("design", "name"), f"is missing; known: {', '.join(DESIGNS)}"
        case "union_tag_invalid":
            hint = did_you_mean(str(value["name"]), DESIGNS)
            return ("design", "name"), f"no design is called {quote(value['name'])}; {hint}"
        case "string_type" if place[0] == "expansion":
            return place, f"{FRACTION_WORDS}, not {quote(value)}"
    return None
