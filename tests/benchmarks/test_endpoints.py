"""Tables of endpoints of 60 patients with 2,000 results: how long they take, from the ledger."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from escalation.cli import main
from escalation.ledger import create_ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder
from tests.endpoints.trials import draw
from tests.trial.bench import SITE

pytestmark = pytest.mark.benchmark


def test_tables_of_sixty_patients(tmp_path: Path) -> None:
    bench, events = draw(60, 4)
    at = datetime(2027, 9, 1, 12, tzinfo=UTC)
    file = str(tmp_path / "sixty.db")
    with create_ledger(file) as ledger:
        tracker = Tracker(ledger, "T")
        tracker.record_new(bench.steps, request="sixty")
        tracker.record(lambda *_: tuple(events), Recorder(name=SITE, on=at.date(), at=at))
        assert len(tracker.state().subjects) == 60
    n = sum(len(getattr(event, "findings", ())) for event in events)
    print(f"\n{len(bench.entries) + len(events)} entries, {n} results")
    for command in ("status", "kinetics", "response", "biomarkers"):
        began = time.process_time()
        result = CliRunner().invoke(main, ["trial", command, "--db", file])
        assert result.exit_code == 0, result.output
        print(f"{command}: {time.process_time() - began:.2f} s of the processor")
