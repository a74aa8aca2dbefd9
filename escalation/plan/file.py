"""A plan file: everything that can be wrong with one, found at once, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.plan.models import plan_models
from escalation.plan.plan import Plan, PlanError
from escalation.plan.rules import find_broken_rules
from escalation.protocol.border import MAX_BYTES, FileKind, find_all_faults, read_toml

__all__ = ["MAX_BYTES", "find_faults", "parse_plan"]

_KIND = FileKind(
    name="plan",
    error=PlanError,
    start_from="`escalation plan init FILE` writes a template to start from",
)


def parse_plan(data: bytes, source: str) -> Plan:
    """Read and check a plan that is not a shipped one.

    Parameters
    ----------
    data : bytes
        TOML in UTF-8.
    source : str
        The file's name, for the message.

    Raises
    ------
    PlanError
        With every fault.
    """
    document = read_toml(data, source, _KIND)
    faults = find_faults(document)
    if faults:
        raise PlanError(source, faults)
    return Plan.from_document(document)


def find_faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every fault of a document read from TOML, each ``"place: what is wrong"``."""
    return find_all_faults(document, _KIND, plan_models(), find_broken_rules)
