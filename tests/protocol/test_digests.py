"""Digests that were given once stay: ledgers, minutes and printed pages name protocols by them.

``tests/data/protocol_digests.json`` was written by the code of this project before levels could be
words, and is never written again: what a setting or a table adds leaves old digests as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from escalation.protocol import Protocol, load_protocol

ROOT = Path(__file__).parents[2]
FROZEN = json.loads((ROOT / "tests" / "data" / "protocol_digests.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FROZEN["shipped"])
def test_a_shipped_protocol_has_the_digest_it_was_shipped_with(name: str) -> None:
    assert load_protocol(name).digest == FROZEN["shipped"][name]


@pytest.mark.parametrize("file", FROZEN["files"])
def test_a_protocol_file_has_the_digest_it_had(file: str) -> None:
    assert load_protocol(str(ROOT / file)).digest == FROZEN["files"][file]


def test_every_design_with_its_defaults_has_the_digest_it_had() -> None:
    plain = Protocol.plain(5, start_label=2)
    assert len(FROZEN["designs"]) == 12
    for name, (options, digest) in FROZEN["designs"].items():
        assert plain.with_design(name, **options).digest == digest, name


def written_protocols(ledger: Path) -> Iterator[dict[str, Any]]:
    """Yield what entries of an archived ledger say of a protocol, as they say it."""
    for line in ledger.read_text("utf-8").splitlines():
        data = json.loads(json.loads(line).get("data", "{}"))
        if isinstance(data, dict) and "protocol" in data:
            yield data


@pytest.mark.parametrize("version", ["0.2.0", "0.2.0-every-kind"])
def test_a_protocol_in_a_released_ledger_is_written_and_sealed_as_then(version: str) -> None:
    written = list(written_protocols(ROOT / "tests" / "data" / "ledgers" / f"{version}.jsonl"))
    assert written
    for said in written:
        again = Protocol.from_document(said["protocol"])
        assert json.loads(json.dumps(again.document)) == said["protocol"]
        assert again.digest == said["digest"]
