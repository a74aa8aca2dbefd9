"""Endpoints at the shell: the tables, the files, and what is said where there are none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalation.ledger import open_ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder
from escalation.trial.events import Finding, FindingsRecorded, PlanAdopted
from tests.endpoints.trials import PLAN, on_day, result

from .shell import Shell

VALUES = {0: "<", 4: 100.0, 7: 900.0, 14: 20.0, 28: 5.0}


@pytest.fixture(scope="session")
def made_followed(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's ledger with a plan and results of TJ-001."""
    file = tmp_path_factory.mktemp("followed") / "followed.db"
    file.write_bytes(made_demo.read_bytes())
    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    with open_ledger(str(file)) as ledger:
        tracker = Tracker(ledger, "DEMO")
        state = tracker.state()
        adopted = PlanAdopted(on=at.date(), plan=PLAN.document, digest=PLAN.digest)
        found: list[FindingsRecorded] = []
        for day, value in VALUES.items():
            findings: list[Finding] = [result("car", value, lloq=3.0)]
            findings += [result("response", "PR")] if day == 14 else []
            found.append(on_day(state, "TJ-001", day, *findings))
        tracker.record(lambda *_: (adopted, *found), Recorder(name="Ada", on=at.date(), at=at))
    return file


@pytest.fixture
def followed(made_followed: Path, tmp_path: Path) -> Shell:
    copied = tmp_path / "followed.db"
    copied.write_bytes(made_followed.read_bytes())
    return Shell(str(copied))


def test_the_tables_are_printed(followed: Shell) -> None:
    assert "Cmax, copies/µg level 1 1 900" in followed.ok("kinetics")
    assert "TJ-001 1 PR" in followed.ok("response --on 2026-09-01")
    assert "Interleukin 6, pg/mL" in followed.ok("biomarkers")


def test_json_and_csv_are_of_the_same(followed: Shell) -> None:
    document = followed.json("kinetics")
    by_subject = {one["subject"]: one for one in document["patients"]}
    assert (by_subject["TJ-001"]["cmax"], by_subject["TJ-001"]["tmax"]) == (900, 7)
    rows = followed.type("kinetics --csv").stdout
    assert "TJ-001,1,,copies/µg,900.0,7.0,28.0,5.0" in rows


def test_as_of_an_entry_before_the_plan_there_is_none(followed: Shell) -> None:
    assert "no plan that says what is measured" in followed.fails("kinetics --as-of 61")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["response --on 2026-09-01", "kinetics"])
def test_a_picture_is_written(followed: Shell, command: str, tmp_path: Path) -> None:
    result = followed.type(f"{command} --plot {tmp_path / 'drawn.pdf'}")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "drawn.pdf").read_bytes().startswith(b"%PDF")
    assert "wrote" in result.stderr


def test_where_nothing_can_be_drawn_nothing_is_written(followed: Shell, tmp_path: Path) -> None:
    file = tmp_path / "drawn.png"
    assert "no biomarker is recorded" in followed.fails(f"biomarkers --plot {file}")
    assert not file.exists()


@pytest.mark.parametrize("command", ["response", "kinetics", "biomarkers"])
def test_without_a_plan_it_is_said_how_to_adopt_one(demo: Shell, command: str) -> None:
    assert "adopt one with `escalation trial plan FILE`" in demo.fails(command)
