"""Ledgers written by released versions stay in ``tests/data/ledgers`` and replay for ever.

Beside each lies what the version that wrote it said of it. ``0.2.0-every-kind`` was written by
the code of 0.2.0 afterwards: it has every kind of entry that 0.2.0 could record, and what that code
said after each of them.

Run as a program, this file writes the demo trial as the version at hand records it, if that
version has not been kept yet: ``python -m tests.test_released_ledgers``.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalation import __version__
from escalation.ledger import (
    Ledger,
    create_ledger,
    open_ledger,
    restore,
    verify,
    write_archive,
)
from escalation.outcomes import format_outcomes
from escalation.protocol import load_protocol
from escalation.tracker import Tracker, read_entry
from escalation.trial import TrialState, departures, rule_says
from escalation.trial.codec import dump_event, version_of
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.evolve import follow
from escalation.trial.inspection import inspect_entries
from escalation.trial.state import MadeDecision

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
        "decisions": [_decision(made) for made in state.decisions],
        "corrections": [[made.seq, made.event.entry] for made in state.corrections],
        "holds": [[held.seq, resumed.seq] for held, resumed in state.holds],
        "amended": [amended.seq for amended in state.amendments],
        "ended": [entry and entry.seq for entry in (state.held, state.closed)],
        "course": [_place(before) for before, _ in follow(tracker.entries()) if before.seq]
        + [_place(state)],
    }


def _decision(made: MadeDecision) -> list[object]:
    chosen, approved = made.event.chosen, made.approved
    return [
        *(made.seq, chosen.action, chosen.level, chosen.n_to_enrol, made.event.departure),
        *(made.event.override, list(made.event.overdue), approved and approved.seq, made.cohort),
    ]


def _place(state: TrialState) -> list[object]:
    """Return where a trial stands after an entry, and what the rule says."""
    cohort = state.open_cohort
    free = None if cohort is None else [cohort.number, cohort.level, state.n_free(cohort)]
    decision = rule_says(state)
    return [
        format_outcomes(state.written_cohorts()), free, decision.action, decision.clause.id,
        state.data_seq, str(state.data_on),
    ]  # fmt: skip


def assert_says_the_same(ledger: Ledger, version: str) -> None:
    """A ledger says of itself what the version that wrote it said of it."""
    expected = json.loads((LEDGERS / f"{version}.json").read_text(encoding="utf-8"))
    (trial,) = ledger.snapshot()
    said = json.loads(json.dumps(summary(Tracker(ledger, trial))))
    assert {name: said[name] for name in expected} == expected


def test_this_version_is_kept() -> None:
    assert __version__ in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_a_released_version_is_read_and_sound(version: str, tmp_path: Path) -> None:
    copy = shutil.copy(LEDGERS / f"{version}.db", tmp_path)
    with open_ledger(str(copy)) as ledger:
        assert verify(ledger) == []
        assert_says_the_same(ledger, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_archive_of_a_released_version_is_restored(version: str, tmp_path: Path) -> None:
    target = str(tmp_path / "restored.db")
    restore(LEDGERS / f"{version}.jsonl", target)
    with open_ledger(target) as ledger:
        assert_says_the_same(ledger, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ledger_of_a_released_version_is_as_its_commands_wrote_it(version: str) -> None:
    """What 0.2.0 recorded, recorded again by the commands of today, is the same entry for entry."""
    with open_ledger(str(LEDGERS / f"{version}.db")) as ledger:
        (trial,) = ledger.snapshot()
        found = inspect_entries(Tracker(ledger, trial).entries(), datetime.now(UTC))
    assert [difference for difference in found if not difference.remark] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_entry_of_a_released_version_is_written_again_as_it_is(version: str) -> None:
    """What later versions of a kind can say leaves no trace in an entry that says none of it."""
    with open_ledger(str(LEDGERS / f"{version}.db")) as ledger:
        (entries,) = ledger.snapshot().values()
    for entry in entries:
        event = read_entry(entry).event
        assert (event.kind, version_of(event)) == (entry.kind, entry.version)
        assert dump_event(event) == json.loads(entry.data)


def test_every_kind_of_0_2_0_is_kept() -> None:
    with open_ledger(str(LEDGERS / "0.2.0-every-kind.db")) as ledger:
        (entries,) = ledger.snapshot().values()
    assert {(entry.kind, entry.version) for entry in entries} == {
        *(("trial-registered", 1), ("role-delegated", 1), ("role-revoked", 1)),
        *(("history-imported", 1), ("subject-enrolled", 1), ("subject-dosed", 1)),
        *(("outcome-recorded", 1), ("entry-corrected", 1), ("decision-made", 1), ("signed", 1)),
        *(("enrolment-held", 1), ("enrolment-resumed", 1), ("protocol-amended", 1)),
        ("trial-closed", 1),
    }


def main() -> None:
    """Keep the demo trial as this version records it."""
    if __version__ in VERSIONS:
        raise SystemExit(f"{__version__} is kept already; what was released is never rewritten")
    LEDGERS.mkdir(exist_ok=True)
    with create_ledger(str(LEDGERS / f"{__version__}.db")) as ledger:
        tracker = Tracker(ledger, STAR_T.trial)
        for n, (command, recorder) in enumerate(STAR_T.steps(load_protocol(STAR_T.protocol))):
            tracker.record(command, recorder, request_id=f"demo-{n + 1}", new=n == 0)
        write_archive(ledger, LEDGERS / f"{__version__}.jsonl")
        said = json.dumps(summary(tracker), indent=1)
    (LEDGERS / f"{__version__}.json").write_text(said + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
