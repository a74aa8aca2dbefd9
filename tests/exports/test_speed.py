"""How long sixty patients with 2,000 events take to export: printed, in CPU seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from escalation.exports.package import make_export, write_files, zipped

from .large import N_EVENTS, N_PATIENTS, large_state

AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.mark.benchmark
def test_an_export_of_sixty_patients(capsys: pytest.CaptureFixture[str]) -> None:
    state = large_state()
    for forms in (("csv",), ("dataset-json",), ("csv", "dataset-json"), ("xpt",)):
        begun = time.process_time()
        export = make_export(state, "LARGE")
        made = time.process_time()
        archive = zipped(write_files(export, forms, AT), AT)
        done = time.process_time()
        with capsys.disabled():
            print(
                f"\n{'+'.join(forms)}: datasets and checks {made - begun:.2f} s, "
                f"files {done - made:.2f} s, {len(archive):,} bytes"
            )
        assert export.faults == ()
        records = {dataset.name: dataset.records for dataset in export.datasets}
        assert (records["DM"], records["AE"]) == (N_PATIENTS, N_EVENTS)
