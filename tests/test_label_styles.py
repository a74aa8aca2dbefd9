"""Twenty styles of labels, each through notation, protocol, decisions, record, CSV and JSON.

The oracle of every decision and figure is the same ladder with the labels 1, 2 ...: what levels are
called changes nothing but their names.
"""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import simulations
from escalation.errors import LadderError
from escalation.ledger import create_ledger, open_ledger, restore, verify, write_archive
from escalation.library import decide
from escalation.outcomes import Cohort, Outcome, format_outcomes, parse_outcomes
from escalation.protocol import Committee, DoseLevel, Protocol
from escalation.protocol.file import parse_protocol
from escalation.reports.formats import FORMATS, write_view
from escalation.reports.trial.log import log_document
from escalation.reports.trial.status import view_status
from escalation.tracker import Tracker
from escalation.trial import (
    Recorder,
    TrialState,
    delegate_role,
    evolve,
    register_trial,
    sign,
)
from escalation.trial import (
    decide as decide_command,
)
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.events import Meaning, Role
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.writing import patients_csv
from tests.trial.bench import SITE, Bench, day

STYLES: list[tuple[int | str, ...]] = [
    (-2, -1, 0, 1, 2),
    (-1, 0, "+1", "+2"),
    ("0.5", 1, "1.5", 2),
    (1, "1.5", 2, 3),  # an amendment put a dose between two
    ("1a", "1b", "2a", "2b"),
    (1, "1bis", 2, "2bis"),
    ("DL-1", "DL1", "DL2", "DL3"),
    ("D-2", "D-1", "D0", "D+1"),
    ("A", "B", "C", "D"),
    ("I", "II", "III", "IV", "V"),
    ("01", "02", "03", "04"),
    ("1-1", "1-2", "2-1", "2-2"),
    ("dose_1", "dose_2", "dose_3"),
    ("Dose.1", "Dose.2", "Dose.3"),
    ("3e6", "1e7", "3e7", "1e8"),
    ("100mg", "200mg", "400mg"),
    ("low", "middle", "high"),
    ("1+", "2+", "3+"),
    ("T1", "N2", "X3", "M4"),
    ("Level_A.hypofraction", "Level_B.hypofraction", "Level_C.hypofraction"),
    ("-1a", "-1b", "1e"),
]
COHORTS = ("NNN", "NNT", "NTT", "N?X", "NNNTTT", "NNNNNM")


def name_of(labels: tuple[int | str, ...]) -> str:
    return "_".join(map(str, labels))


def has_words(labels: tuple[int | str, ...]) -> bool:
    return any(isinstance(label, str) for label in labels)


def plain(labels: tuple[int | str, ...]) -> Protocol:
    return replace(Protocol.plain(len(labels)), name="styled")


def styled(labels: tuple[int | str, ...]) -> Protocol:
    return replace(plain(labels), levels=tuple(DoseLevel(label=label) for label in labels))


def renamed(value: Any, names: dict[int | str, int]) -> Any:
    """Return a document with the labels of levels as on the plain ladder."""
    match value:
        case dict():
            return {
                key: names.get(inner, inner)
                if key in ("level", "mtd") and inner is not None
                else renamed(inner, names)
                for key, inner in value.items()
                if key not in ("schema", "protocol", "problem", "outcomes")
            }
        case list() | tuple():
            return [renamed(inner, names) for inner in value]
    return value


each_style = pytest.mark.parametrize("labels", STYLES, ids=name_of)


def test_there_are_twenty_styles_at_least():
    assert len(set(map(name_of, STYLES))) >= 20


@each_style
def test_notation_is_read_back(labels):
    cohorts = tuple(
        Cohort(label=label, outcomes=tuple(map(Outcome, letters)))
        for label in labels
        for letters in COHORTS
    )
    assert parse_outcomes(format_outcomes(cohorts)) == cohorts


@each_style
def test_a_protocol_file_is_read_with_every_label_in_quotes_or_not(labels):
    def text(quoted: bool) -> bytes:
        def write(label: int | str) -> str:
            return f'"{label}"' if quoted or isinstance(label, str) else str(label)

        levels = "".join(f"[[levels]]\nlabel = {write(label)}\n" for label in labels)
        head = f'schema = 1\nname = "styled"\nstart = {write(labels[0])}\n'
        return f'{head}{levels}[design]\nname = "3+3"\n'.encode()

    read, quoted = (parse_protocol(text(quoted), "styled.toml") for quoted in (False, True))
    assert read.labels == labels
    assert read.digest == quoted.digest == styled(labels).digest
    again = Protocol.from_document(json.loads(json.dumps(read.document)))
    assert again == read
    assert again.with_start(str(labels[-1])).start == len(labels) - 1


@each_style
def test_decisions_are_those_of_the_ladder_numbered_from_1(labels):
    ladder, numbered = styled(labels), plain(labels)
    names = {label: place for place, label in enumerate(labels, start=1)}
    draw = random.Random(len(labels))  # noqa: S311  # histories, not secrets
    for _ in range(6):
        places = [draw.randrange(len(labels)) for _ in range(draw.randrange(4))]
        letters = [draw.choice(COHORTS) for _ in places]
        words = zip(places, letters, strict=True)
        history = " ".join(f"{labels[place]}{seen}" for place, seen in words)
        words = zip(places, letters, strict=True)
        same = " ".join(f"{place + 1}{seen}" for place, seen in words)
        found = decide(history, ladder, allow_departures=True)
        expected = decide(same, numbered, allow_departures=True)
        document = json.loads(json.dumps(found.to_dict()))
        assert document["schema"] == (2 if has_words(labels) else 1)
        numbers = json.loads(json.dumps(expected.to_dict()))
        assert renamed(document, names) == renamed(numbers, {})
        for form in FORMATS:
            assert "".join(write_view(found.view(), form))


@each_style
def test_csv_and_frames_keep_each_label_as_it_is_written(labels):
    found = decide("", styled(labels))
    rows = list(csv.DictReader(io.StringIO("".join(write_view(found.view(), "csv")))))
    assert [row["level"] for row in rows] == list(map(str, labels))
    assert found.to_frame()["level"].tolist() == [
        str(label) if has_words(labels) else label for label in labels
    ]
    text = "".join(write_view(found.view(), "csv"))
    read = pd.read_csv(io.StringIO(text), dtype={"level": str})
    assert read["level"].tolist() == list(map(str, labels))


@each_style
def test_figures_are_those_of_the_ladder_numbered_from_1(labels):
    p_dlt = [0.1 + 0.15 * place for place in range(len(labels))]
    found = simulations.characteristics(styled(labels), p_dlt, method="exact", target=0.25)
    expected = simulations.characteristics(plain(labels), p_dlt, method="exact", target=0.25)
    (one,), (other,) = found, expected
    assert one.to_dict(0.25) == other.to_dict(0.25)
    assert found.to_frame()["level"].astype(str).tolist() == list(map(str, labels))
    rows = csv.DictReader(io.StringIO("".join(write_view(found.view(), "csv"))))
    assert [row["level"] for row in rows] == list(map(str, labels))


def treated(labels: tuple[int | str, ...]) -> Bench:
    """Play a trial: three at the lowest level without a DLT, then two at the next with one."""
    bench = Bench.started(styled(labels))
    for cohort, letters in enumerate(("NNN", "NT")):
        bench.open_cohort(40 * cohort)
        for number, letter in enumerate(letters):
            subject = f"S{cohort}{number}"
            bench.treat(subject, 40 * cohort)
            bench.no_dlt(subject, 40 * cohort + 30) if letter == "N" else bench.dlt(
                subject, 40 * cohort + 30
            )
    return bench


@each_style
def test_a_record_is_read_back_and_its_patients_are_imported_again(labels):
    bench = treated(labels)
    history = f"{labels[0]}NNN {labels[1]}NT"
    assert format_outcomes(bench.state.written_cohorts()) == history
    state = TrialState()
    for entry in bench.entries:
        data = json.dumps(dump_event(entry.event))
        version = version_of(entry.event)
        read = load_event(entry.event.kind, version, data)
        assert read == entry.event
        state = evolve(state, replace(entry, event=read))
    assert format_outcomes(state.written_cohorts()) == history
    assert state.oddities == []
    logged = log_document(bench.entries, bench.state)
    at = [(one["version"], one["data"]["level"]) for one in logged if one["kind"] == ENROLLED]
    versions = [2 if isinstance(label, str) else 1 for label in labels]
    assert at == [(versions[0], labels[0])] * 3 + [(versions[1], labels[1])] * 2
    status = view_status(bench.state, "T", day(100), last=bench.entries[-1])
    document = status.document()
    assert document["schema"] == (2 if has_words(labels) else 1)
    assert [level["level"] for level in document["levels"]] == list(labels)
    exported = patients_csv(bench.state)
    other = Bench.started(styled(labels))
    other.do(import_patients(exported.encode(), "export.csv"), SITE, 200)
    assert format_outcomes(other.state.written_cohorts()) == history


ENROLLED = "subject-enrolled"


def test_a_ledger_of_words_is_written_verified_archived_and_restored(tmp_path: Path):
    labels = ("-1", "+1", "1a", "DL-2")
    protocol = replace(styled((-1, *labels[1:])), committee=Committee(solo=True))
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    by = partial(Recorder, on=noon.date(), at=noon)
    with create_ledger(str(tmp_path / "words.db")) as ledger:
        tracker = Tracker(ledger, "W")
        tracker.record(partial(register_trial, protocol=protocol), by(name="office"), new=True)
        for role in (Role.SITE, Role.CHAIR):
            tracker.record(partial(delegate_role, person=str(role), role=role), by(name="office"))
        tracker.record(decide_command, by(name="chair"))
        tracker.record(partial(sign, meaning=Meaning.APPROVED), by(name="chair"))
        before = tracker.state()
        assert verify(ledger) == []
        write_archive(ledger, tmp_path / "words.jsonl")
    restore(tmp_path / "words.jsonl", str(tmp_path / "again.db"))
    with open_ledger(str(tmp_path / "again.db")) as ledger:
        after = Tracker(ledger, "W").state()
        assert verify(ledger) == []
    assert (after.head, after.protocol) == (before.head, before.protocol)
    assert [cohort.level for cohort in after.cohorts] == [-1]


def test_a_design_beside_words_is_asked_by_its_labels():
    ladder = styled(("1a", "1b", "2a"))
    found = simulations.sensitivity(ladder, [0.1, 0.3, 0.5], of="p_select", level="1b")
    assert "level 1b" in str(found)
    with pytest.raises(LadderError, match="did you mean 1b"):
        simulations.sensitivity(ladder, [0.1, 0.3, 0.5], of="p_select", level="1B")
