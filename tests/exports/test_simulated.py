"""A whole simulated trial, by the shipped plan: screened, seen, measured, exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.exports.package import make_export
from escalation.ledger import open_ledger
from escalation.tracker import Tracker
from tests.command_line import type_line

pytestmark = pytest.mark.slow


def test_a_simulated_trial_is_exported_in_every_dataset_without_a_fault(tmp_path: Path):
    line = (
        "escalation simulate --protocol nct07123519 --plan nct07123519 --timeline --every 20 "
        "--decides settled --trials 1 --seed 1 --ledger sim.db --output said.txt"
    )
    result, said = type_line(line, tmp_path)
    assert result.exit_code == 0, said
    with open_ledger(str(tmp_path / "sim.db")) as ledger:
        (trial,) = ledger.trials()
        export = make_export(Tracker(ledger, trial).state(), trial)
    assert [str(fault) for fault in export.faults] == []
    names = {dataset.name for dataset in export.datasets if dataset.rows}
    assert names >= {
        *("DM", "TS", "TA", "TV", "TI", "EX", "AE", "SUPPAE", "DS", "SV"),
        *("LB", "VS", "QS", "PC", "PP", "RS", "ADSL"),
    }
