"""Ledgers written by released versions stay in ``tests/data/ledgers`` and replay for ever.

Run as a program, this file writes the demo trial as the version at hand records it, if that
version has not been kept yet: ``python -m tests.test_released_ledgers``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from escalation import __version__
from escalation.ledger import create_ledger, open_ledger, restore, verify, write_archive
from escalation.outcomes import format_outcomes
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial import departures, rule_says
from escalation.trial.demo import DEMO_PROTOCOL, DEMO_TRIAL, demo_steps

LEDGERS = Path(__file__).parent / "data" / "ledgers"
VERSIONS = sorted(path.stem for path in LEDGERS.glob("*.db"))


def summary(tracker: Tracker) -> dict[str, object]:
    """Return what a ledger says, in words that a later version must say too."""
    state = tracker.state()
    decision = rule_says(state)
    return {
        "entries": state.seq,
        "head": state.head,
        "outcomes": format_outcomes(state.written_cohorts()),
        "standings": {subject.id: str(subject.standing) for subject in state.subjects.values()},
        "infused": {
            subject.id: subject.dosing.event.infused
            for subject in state.subjects.values()
            if subject.dosing is not None
        },
        "roles": {person: sorted(roles) for person, roles in state.roles.items()},
        "rule": [decision.action, decision.clause.id, len(decision.possible)],
        "departures": [remark.entry for remark in departures(state)],
        "oddities": state.oddities,
    }


def test_this_version_is_kept() -> None:
    assert __version__ in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_a_released_version_is_read_and_sound(version: str, tmp_path: Path) -> None:
    copy = shutil.copy(LEDGERS / f"{version}.db", tmp_path)
    expected = json.loads((LEDGERS / f"{version}.json").read_text(encoding="utf-8"))
    with open_ledger(str(copy)) as ledger:
        assert verify(ledger) == []
        assert summary(Tracker(ledger, DEMO_TRIAL)) == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_an_archive_of_a_released_version_is_restored(version: str, tmp_path: Path) -> None:
    expected = json.loads((LEDGERS / f"{version}.json").read_text(encoding="utf-8"))
    target = str(tmp_path / "restored.db")
    restore(LEDGERS / f"{version}.jsonl", target)
    with open_ledger(target) as ledger:
        assert summary(Tracker(ledger, DEMO_TRIAL)) == expected


def main() -> None:
    """Keep the demo trial as this version records it."""
    if __version__ in VERSIONS:
        raise SystemExit(f"{__version__} is kept already; what was released is never rewritten")
    LEDGERS.mkdir(exist_ok=True)
    with create_ledger(str(LEDGERS / f"{__version__}.db")) as ledger:
        tracker = Tracker(ledger, DEMO_TRIAL)
        for n, (command, recorder) in enumerate(demo_steps(load_protocol(DEMO_PROTOCOL))):
            tracker.record(command, recorder, request_id=f"demo-{n + 1}", new=n == 0)
        write_archive(ledger, LEDGERS / f"{__version__}.jsonl")
        said = json.dumps(summary(tracker), indent=1)
    (LEDGERS / f"{__version__}.json").write_text(said + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
