"""Whole simulated trials by the shipped plan: screened, seen, measured, exported."""

from __future__ import annotations

import pytest

from escalation.exports.package import make_export
from tests.simulations.patients.test_rehearsal import courses, replay

pytestmark = pytest.mark.slow


def test_simulated_trials_are_exported_in_every_dataset_without_a_fault():
    names: set[str] = set()
    for course in courses(2):
        state, _ = replay(course)
        export = make_export(state, "SIMULATED")
        assert [str(fault) for fault in export.faults] == []
        names |= {dataset.name for dataset in export.datasets if dataset.rows}
    assert names - {"IE"} == {  # who fails screening is a matter of chance
        *("DM", "TS", "TA", "TV", "TI", "EX", "AE", "SUPPAE", "DS", "SV"),
        *("LB", "VS", "QS", "PC", "PP", "RS", "ADSL"),
    }
