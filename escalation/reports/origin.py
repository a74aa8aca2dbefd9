"""What every result says of what it rests on."""

from __future__ import annotations

from typing import Any

from escalation.designs import describe_design
from escalation.labels import schema_of
from escalation.protocol import Protocol
from escalation.version import __version__

__all__ = ["describe_origin", "identity_document"]


def identity_document(protocol: Protocol) -> dict[str, Any]:
    """Return what every JSON document begins with."""
    return {
        "schema": schema_of(protocol.labels),
        "software": {"escalation": __version__},
        "protocol": {"name": protocol.name, "digest": protocol.digest},
    }


def describe_origin(protocol: Protocol) -> str:
    """Say what a result rests on: the design with its options, and the protocol."""
    design = describe_design(protocol.design)
    return f"{design}. Protocol {protocol.name}, digest {protocol.digest[:12]}."
