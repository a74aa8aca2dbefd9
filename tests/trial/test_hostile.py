"""What a hostile typist found: nothing is recorded that cannot be read, shown or signed for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from escalation.errors import IntegrityError, LedgerError
from escalation.ledger import create_ledger, open_ledger
from escalation.tracker import Tracker
from escalation.trial import (
    Recorder,
    delegate_role,
    departures,
    dose_subject,
    enrol_subject,
    evolve,
    hold_enrolment,
    register_trial,
    warnings,
)
from escalation.trial.events import EnrolmentHeld, Meaning, Role, Signed
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.rows import read_patients
from escalation.trial.spreadsheet.writing import patients_csv

from .bench import CHAIR, NCT, OFFICE, SITE, Bench, crs, day, recorded
from .spreadsheet.test_spreadsheet import HISTORY

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_what_could_not_be_read_again_is_not_kept(tmp_path: Path) -> None:
    with create_ledger(str(tmp_path / "trial.db")) as ledger:
        tracker = Tracker(ledger, "TJ")
        recorder = Recorder(name=OFFICE, on=date(2026, 3, 2), at=AT)
        tracker.record(partial(register_trial, protocol=NCT, solo=True), recorder, new=True)
        unreadable = EnrolmentHeld(on=day(0), reason="\udcff")
        with pytest.raises(IntegrityError):
            tracker.record(lambda state, recorder: (unreadable,), recorder)
        assert tracker.state().seq == 1


def test_a_file_may_be_called_anything() -> None:
    bench = Bench.started()
    bench.do(import_patients(HISTORY.encode(), "e\x1b[31m\udcff.csv"), SITE, 100)
    assert [cohort.level for cohort in bench.state.cohorts] == [1, 2]
    assert "came from a spreadsheet" in departures(bench.state)[0].text


def test_two_who_write_at_once_are_in_order(tmp_path: Path) -> None:
    with create_ledger(str(tmp_path / "trial.db")) as ledger:
        tracker = Tracker(ledger, "TJ")
        recorder = Recorder(name=OFFICE, on=date(2026, 3, 2), at=AT)
        tracker.record(partial(register_trial, protocol=NCT, solo=True), recorder, new=True)
        for seconds, expected in ((-2, AT), (-7200, AT.replace(hour=10))):
            before = replace(recorder, at=datetime.fromtimestamp(AT.timestamp() + seconds, UTC))
            role = Role.SITE if seconds == -2 else Role.CHAIR
            command = partial(delegate_role, person="Ann", role=role)
            (entry,) = tracker.record(command, before, clock_is_right=True)
            assert entry.at == expected  # a clock that was set back stays as it is


@pytest.mark.parametrize("meaning", [Meaning.REVIEWED, Meaning.APPROVED])
@pytest.mark.parametrize(("entry", "words"), [(2, "the hashes differ"), (99, "no entry 99")])
def test_a_signature_that_binds_nothing_is_seen(meaning, entry, words) -> None:
    bench = Bench.started()
    forged = Signed(on=day(0), entry=entry, entry_hash="0" * 64, meaning=meaning)
    state = evolve(bench.state, recorded(bench.state, forged, CHAIR))
    assert words in state.oddities[0][1]


@pytest.mark.parametrize("weight_kg", [1e-320, 0.5, 501.0])
def test_a_weight_that_nobody_has_is_refused(weight_kg) -> None:
    bench = Bench.started()
    bench.open_cohort()
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=weight_kg)
    assert "A weight is in kg, from 1 to 500" in said


@pytest.mark.parametrize("amount", [5e-324, 1.7e308])
def test_an_amount_that_cannot_be_shown_is_refused(amount) -> None:
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    for name in ("infused", "planned"):
        amounts = {"infused": 1.8e8, name: amount}
        assert name in bench.refused(dose_subject, SITE, subject="S1", **amounts)
    assert warnings(bench.state, day(0)) == []


@pytest.mark.parametrize("on", [date(1, 1, 1), date(1999, 12, 31)])
def test_a_day_of_another_age_is_refused(on) -> None:
    bench = Bench.started()
    with pytest.raises(Exception, match="is before 2000-01-01"):
        hold_enrolment(bench.state, Recorder(name=SITE, on=on, at=AT), reason="x")


@pytest.mark.parametrize("name", ["Li\u3000Na", "Li\u00a0Na", "Jose\u0301", "a\u200bb", " Ann", ""])
def test_a_name_that_looks_like_another_is_refused(name) -> None:
    bench = Bench.started()
    said = bench.refused(delegate_role, OFFICE, person=name, role=Role.MEMBER)
    assert "name" in said


def test_a_name_in_any_script_is_accepted() -> None:
    bench = Bench.started()
    for name in ("赵兰", "José", "Łukasz O'Brien-Śliwa"):
        bench.do(delegate_role, OFFICE, person=name, role=Role.MEMBER)


@pytest.mark.parametrize("replaces", ["John Smith", "S1", "S3"])
def test_a_history_names_as_replaced_only_who_was_lost(replaces) -> None:
    rows = HISTORY.splitlines()
    text = "\n".join(
        [rows[0] + ",replaces", *(f"{row}," for row in rows[1:3]), f"{rows[3]},{replaces}"]
    )
    with pytest.raises(SpreadsheetError, match="is nobody to replace in this cohort"):
        Bench.started().do(import_patients(text.encode(), "x.csv"), SITE, 100)


def test_toxicities_without_a_relation_and_odd_texts_come_back() -> None:
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    bench.dose("S1", lot="'=1")
    bench.dlt("S1", 1)
    bench.dlt("S1", 2)
    toxicity = replace(crs(day(2)), relation=None, term="a | b")
    fact = bench.state.subjects["S1"].outcomes[-1]
    state = bench.state
    state.subjects["S1"] = replace(
        state.subjects["S1"],
        outcomes=tuple(
            replace(fact, event=replace(fact.event, toxicities=(toxicity,))) for _ in range(2)
        ),
    )
    (row,) = read_patients(patients_csv(state).encode(), "x.csv")
    assert (row.lot, [t.term for t in row.toxicities]) == ("'=1", ["a / b", "a / b"])


@pytest.mark.parametrize(
    "target",
    [
        "jdbc:postgresql://u:s3cret@h/db",
        "postgresql:/u:s3cret@h/db",
        "host=h password=s3cret dbname=x",
        "  postgresql:u:s3cret@h",
    ],
)
def test_a_mistyped_target_is_not_shown_nor_made(target, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for attempt in (open_ledger, create_ledger):
        with pytest.raises(LedgerError) as caught:
            attempt(target)
        assert "s3cret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
