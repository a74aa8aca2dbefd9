"""A durable, append-only log of JSON entries, each sealed with a hash that rests on the last."""

from __future__ import annotations

from escalation.ledger.archive import iter_lines, restore, write_archive
from escalation.ledger.entries import (
    GENESIS,
    Anchor,
    Draft,
    Entry,
    check_chain,
    parse_anchor,
)
from escalation.ledger.findings import Finding
from escalation.ledger.store import Ledger, Writer, create_ledger, open_ledger
from escalation.ledger.values import check_trial, format_time
from escalation.ledger.verify import verify

__all__ = [
    "GENESIS",
    "Anchor",
    "Draft",
    "Entry",
    "Finding",
    "Ledger",
    "Writer",
    "check_chain",
    "check_trial",
    "create_ledger",
    "format_time",
    "iter_lines",
    "open_ledger",
    "parse_anchor",
    "restore",
    "verify",
    "write_archive",
]
