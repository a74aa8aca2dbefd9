"""Entries of charts that somebody has rewritten, hashes and all: each is found, and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest

from escalation.plan import Criterion
from escalation.trial import (
    departures,
    leave_study,
    record_adverse_event,
    record_findings,
    record_screening_failure,
    record_visit,
    waive_criteria,
    warnings,
)
from escalation.trial.events import (
    AnyEvent,
    EligibilityWaived,
    Event,
    FileImported,
    FindingsRecorded,
    Leaving,
    PlanAdopted,
    ScreeningFailed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectScreened,
    VisitRecorded,
)
from escalation.trial.evolve import replay_events
from escalation.trial.inspection import inspect_entries
from escalation.trial.screening.judging import eligibility_of
from escalation.trial.spreadsheet.charting import import_list
from tests.trial.bench import MEMBER, SITE, Bench, day
from tests.trial.screening.screened import ANSWERS, FIT, HB, HIGH, PLAN, planned, screen
from tests.trial.small_plan import SMALL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WHOLE = replace(PLAN, visits=SMALL.visits, tests=(*PLAN.tests, *SMALL.tests[1:]))
LABS = b"subject,date,visit,test,value,unit\nS1,2026-01-12,D7,copies,7,copies/ug\n"


@cache
def trial() -> Bench:
    """S1 is dosed and seen, and dies; S2 is enrolled by a waiver; S3 failed, S4 is screened."""
    bench = planned(plan=WHOLE)
    screen(bench, "S1", *FIT)
    bench.treat("S1")
    screen(bench, "S2", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, subject="S2", criteria=["I3"], reason="lupus hepatitis")
    bench.enrol("S2")
    screen(bench, "S3", HB)
    bench.do(record_screening_failure, SITE, subject="S3", reason="no", criteria=("E1",))
    screen(bench, "S4", *FIT, born="2005")
    bench.do(record_visit, SITE, 7, subject="S1", visit="D7")
    bench.do(import_list("results", LABS, "labs.csv"), SITE)
    ill = {"term": "Sepsis", "grade": 5, "started": day(20), "aware": day(20)}
    bench.do(record_adverse_event, SITE, 20, subject="S1", **ill)
    bench.do(leave_study, SITE, 20, subject="S1", why=Leaving.DEATH)
    return bench


def test_what_was_typed_is_recorded_again_as_it_is() -> None:
    assert inspect_entries(trial().entries, NOW) == []


@pytest.mark.parametrize("born", ["x", "1985-99", "0000", ""])
def test_a_forged_birth_is_found_and_fails_nothing(born: str) -> None:
    """No command records it: what is made of the record has to be read all the same."""
    entries = list(trial().entries)
    place = next(k for k, entry in enumerate(entries) if isinstance(entry.event, SubjectScreened))
    forged = replace(entries[place].event, born=born)
    entries[place] = replace(entries[place], event=forged)
    assert any(f"Born {born}" in d.text for d in inspect_entries(entries, NOW)), born
    state = replay_events(entries)
    assert eligibility_of(state, "S1", day(0)).verdict == "incomplete"  # of unknown age
    assert departures(state)
    warnings(state, day(20))


def of(kind: type[Event], **said: Any) -> Callable[[AnyEvent], bool]:
    return lambda event: (
        isinstance(event, kind) and all(getattr(event, name) == v for name, v in said.items())
    )


FIRST = {"subject": "S1"}
ROUND = replace(
    PLAN,
    criteria=(
        *PLAN.criteria[:-1],
        Criterion(id="E1", kind="exclusion", text="A.", any_of=("E1a",)),
        Criterion(id="E1a", kind="part", text="B.", any_of=("E1a",)),
    ),
)
LAX = replace(PLAN, criteria=(Criterion(id="I1", kind="inclusion", text="Any."),))


@pytest.mark.parametrize(
    ("which", "changes", "said"),
    [
        (of(EligibilityWaived), {"criteria": ("I2",)}, "the plan permits no exception from it"),
        (of(EligibilityWaived), {"criteria": ("I9",)}, "The plan has no criterion I9"),
        (of(EligibilityWaived), {"subject": "S1"}, "S1 is enrolled since entry"),
        (of(SubjectEnrolled), {"subject": "S3"}, "would have been refused: S3 has not been"),
        (of(SubjectEnrolled, subject="S2"), {"subject": "S4"}, "S4 has not been screened"),
        (of(SubjectEnrolled), {"breaches": ("x",)}, 'its breaches is "x"'),
        (of(PlanAdopted), {"digest": "0" * 64}, "its digest is"),
        (of(PlanAdopted), {"plan": LAX.document}, "its digest is"),
        (of(PlanAdopted), {"plan": ROUND.document, "digest": ROUND.digest}, "E1a > E1a"),
        (of(PlanAdopted), {"plan": {"tests": 5}}, "it would have been refused"),
        (of(PlanAdopted), {"plan": {"name": "a", "tests": [{"name": 1}]}}, "would have been"),
        (of(FindingsRecorded), {"findings": (replace(HB, test="x"),)}, "has no such test"),
        (of(FindingsRecorded), {"findings": (replace(HB, value=1e9),)}, "which is impossible"),
        (of(FindingsRecorded), {"findings": (HB,) * 501}, "at most 500 results"),
        (of(FindingsRecorded), {"findings": (HB, HB)}, "is given twice"),
        (of(FindingsRecorded), {"source": "other.csv"}, "No file other.csv was imported"),
        (
            of(FindingsRecorded, subject="S4"),
            {"on": date(2001, 1, 1)},
            "S4 was born in 2005: 2001-01-01",
        ),
        (of(VisitRecorded), {"subject": "S2"}, "S2 has not been dosed"),
        (of(VisitRecorded), {"visit": "W99"}, "The plan has no visit W99"),
        (of(VisitRecorded), {"source": "x.csv"}, "No file x.csv was imported"),
        (of(SubjectLeft), {"on": day(6)}, "died on"),
        (of(SubjectScreened), {"born": "1985-03-02"}, "a full date of birth could identify"),
        (of(SubjectScreened), {"subject": "SMITH-1"}, "could be a name"),
        (of(SubjectScreened), {"disease": "x"}, "knows no disease x"),
        (of(ScreeningFailed), {"criteria": ("I2",)}, "I2 is met"),
        (of(FileImported), {"source": "a\nb"}, "must be one line of text"),
        (of(FileImported), {"sha256": "x"}, "x is not a SHA-256"),
        (of(FileImported), {"n_rows": -1}, "A file of -1 rows"),
    ],
)
def test_a_forged_entry_is_found(which: Any, changes: dict[str, Any], said: str) -> None:
    entries = list(trial().entries)
    place = next(k for k, entry in enumerate(entries) if which(entry.event))
    entries[place] = replace(entries[place], event=replace(entries[place].event, **changes))
    found = [d for d in inspect_entries(entries, NOW) if not d.remark]
    assert any(said in difference.text for difference in found), [d.text for d in found]


@pytest.mark.parametrize(
    "kind",
    [
        *(EligibilityWaived, FileImported, FindingsRecorded, PlanAdopted, ScreeningFailed),
        *(SubjectLeft, SubjectScreened, VisitRecorded),
    ],
)
def test_an_entry_by_somebody_without_the_role_is_found(kind: type[Event]) -> None:
    entries = list(trial().entries)
    place = next(k for k, entry in enumerate(entries) if isinstance(entry.event, kind))
    entries[place] = replace(entries[place], by=MEMBER)
    found = [d for d in inspect_entries(entries, NOW) if d.entry == place + 1]
    assert any('"member" has the role member' in d.text for d in found), found


def test_a_result_after_the_death_is_found() -> None:
    bench = trial()
    with pytest.raises(Exception, match="died on"):
        replace(bench, entries=[]).do(record_findings, SITE, 21, subject="S1", findings=[HB])
