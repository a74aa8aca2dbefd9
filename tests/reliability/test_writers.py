"""Writers who append to one trial at once: gapless, no duplicate, every conflict told."""

from __future__ import annotations

import pytest

from escalation.ledger import create_ledger, open_ledger, verify

from .busy_writer import writers

pytestmark = pytest.mark.reliability

TRIAL = "T1"
N_WRITERS, N_APPENDS = 8, 100


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request, tmp_path):
    """Return the name of a database and where a ledger can be made on it."""
    if request.param == "SQLite":
        return request.param, str(tmp_path / "ledger.db")
    return request.param, request.getfixturevalue("postgres_url")


def test_eight_processes_append_100_entries_each_without_gap_or_loss(database, report):
    name, target = database
    with create_ledger(target) as ledger, ledger.writing(TRIAL, new=True):
        pass
    with writers(target, TRIAL, n_writers=N_WRITERS, n_appends=N_APPENDS) as running:
        running.start()
        running.finish(timeout=300)
    with open_ledger(target) as ledger:
        entries, findings = ledger.entries(TRIAL), verify(ledger)
    recorded = running.all_said("recorded")
    conflicts = running.all_said("conflict")
    refused = running.all_said("refused")
    report(
        f"{N_WRITERS} processes, {N_APPENDS} appends each ({name})",
        asked="gapless, no duplicate, conflicts told",
        measured=(
            f"{len(entries)} entries, numbered 1 to {entries[-1].seq}; "
            f"{len(conflicts) + len(refused)} stale appends, each a ConflictError"
        ),
    )
    # gapless, and each is the one that its writer was told: nobody's took another's place
    assert [entry.seq for entry in entries] == list(range(1, N_WRITERS * N_APPENDS + 1))
    assert {line["recorded"]: line["hash"] for line in recorded} == {
        entry.seq: entry.hash for entry in entries
    }
    assert len(recorded) == N_WRITERS * N_APPENDS
    # each writer's are all there, once, in the order in which it recorded them
    for number in range(1, N_WRITERS + 1):
        own = [entry.request_id for entry in entries if entry.recorded_by == f"writer {number}"]
        assert own == [f"writer {number} {at}" for at in range(1, N_APPENDS + 1)]
    # what was recorded was not stale; what was stale was refused, and the others' entries seen
    assert all(line["recorded"] == line["after"] + 1 for line in recorded)
    assert conflicts
    assert all(line["newer"] >= 1 for line in conflicts)
    assert len(refused) == N_WRITERS * N_APPENDS // 10
    assert findings == []
