"""A plan file: everything that can be wrong with one, found at once, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from escalation.errors import printable
from escalation.plan.models import plan_models
from escalation.plan.plan import Plan, PlanError
from escalation.plan.rules import find_broken_rules
from escalation.protocol.border import MAX_BYTES, FileKind, find_all_faults, read_toml
from escalation.text import is_line

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
        raise PlanError(source, [_with_name(fault, document) for fault in faults])
    return Plan.from_document(document)


def _with_name(fault: str, document: Mapping[str, Any]) -> str:
    """Add what the table of a fault is called: nobody counts criteria to find ``criteria[57]``.

    Examples
    --------
    >>> _with_name("criteria[0].limit: is missing", {"criteria": [{"id": "I1"}]})
    'criteria[0].limit (I1): is missing'
    """
    found = re.match(r"(\w+)\[(\d+)\][^:]*", fault)
    if found is None:
        return fault
    row = document[found[1]][int(found[2])]
    named = (
        [row[key] for key in ("id", "name", "test") if key in row]
        if isinstance(row, Mapping)
        else []
    )
    if not named or not isinstance(named[0], str) or not is_line(named[0], 40):
        return fault
    return f"{found[0]} ({printable(named[0])}){fault[found.end() :]}"


def find_faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every fault of a document read from TOML, each ``"place: what is wrong"``."""
    return find_all_faults(document, _KIND, plan_models(), find_broken_rules)
