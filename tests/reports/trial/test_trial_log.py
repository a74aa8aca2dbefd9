"""Every entry of a trial, one after the other, with what became of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from escalation.reports.trial.heading import SOLO
from escalation.reports.trial.log import about_subject, log_document, view_log
from escalation.trial import Recorded, Recorder, TrialState, delegate_role, evolve
from escalation.trial.events import Role, RoleDelegated, SubjectDosed
from tests.reports.played import begin, play_demo
from tests.reports.written import lines_of

DEMO = play_demo()


def told(entries: list[Recorded], state: TrialState) -> list[str]:
    """Return the lines between the heading and the anchor."""
    heading, *lines, anchor = lines_of(view_log(entries, state, "T1"))
    if heading == SOLO:
        _, heading, *lines = lines
    assert heading.split() == ["entry", "recorded,", "UTC", "by", "whom,", "and", "what"]
    assert anchor == f"anchor {state.seq}:{state.head}"
    return lines


def test_the_demo_s_log_has_every_entry_on_80_columns() -> None:
    lines = told(DEMO.entries, DEMO.state)
    assert max(map(len, lines)) <= 80
    numbered = [line for line in lines if line[:5].strip()]
    assert [int(line[:5]) for line in numbered] == list(range(1, 62))
    assert lines[0].startswith("    1  2026-01-05 08:00  Wu Jing: trial registered under protocol")


def test_the_day_is_said_where_it_is_not_that_of_the_recording() -> None:
    said = " ".join(" ".join(told(DEMO.entries, DEMO.state)).split())
    assert " on 2026" not in said.replace("the site aware on 2026", "")
    played = begin()
    late = Recorder(name="Ada", on=date(2026, 1, 4), at=datetime(2026, 1, 6, 8, tzinfo=UTC))
    played.record(lambda state, who: delegate_role(state, who, person="Bo", role=Role.SITE), late)
    assert told(played.entries, played.state)[-1] == (
        "    4  2026-01-06 08:00  Ada: Bo given the role site on 2026-01-04."
    )


def test_times_are_in_utc_whatever_their_zone() -> None:
    played = begin()
    at = datetime.fromisoformat("2026-01-07T01:30:00+09:00")
    event = RoleDelegated(on=date(2026, 1, 6), person="Bo", role=Role.SITE)
    entry = Recorded(seq=4, at=at, by="Ada", hash="0" * 64, event=event)
    state = evolve(played.state, entry)
    assert told([entry], state) == ["    4  2026-01-06 16:30  Ada: Bo given the role site."]
    assert log_document([entry], state)[0]["recorded_at"] == "2026-01-06T16:30:00.000000Z"


def test_what_became_of_an_entry_is_said_with_it() -> None:
    played = begin()
    played.open_cohort(0)
    played.treat("S1", 0)
    outcome = played.outcome("S1", 3, "N").seq
    played.correct(outcome, 4, {"on": "2026-01-07"})
    played.correct(outcome, 5, {"on": "2026-01-06"})
    played.correct(outcome, 6, None)
    stray = SubjectDosed(on=date(2026, 1, 9), subject="S9")
    at = datetime(2026, 1, 12, tzinfo=UTC)
    entry = Recorded(seq=played.state.seq + 1, at=at, by="Ada", hash="0" * 64, event=stray)
    played.entries.append(entry)
    played.state = evolve(played.state, entry)
    said = " ".join(" ".join(told(played.entries, played.state)).split())
    assert f"[corrected by {outcome + 1}, {outcome + 2}] [withdrawn by {outcome + 3}]" in said
    assert "[does not fit: S9 had not been enrolled]" in said
    document = log_document(played.entries, played.state)
    assert document[outcome - 1]["corrected_by"][:2] == [outcome + 1, outcome + 2]
    assert document[outcome - 1]["withdrawn_by"] == outcome + 3
    assert document[-1]["oddity"] == "S9 had not been enrolled"


@pytest.mark.parametrize(
    ("subject", "entries"),
    [("TJ-003", [18, 19, 21, 24]), ("TJ-005", [33, 34, 35, 40, 44, 45, 46]), ("TJ-010", [59, 60])],
)
def test_entries_about_a_subject(subject: str, entries: list[int]) -> None:
    found = [e.seq for e in DEMO.entries if about_subject(e, subject, DEMO.state)]
    assert found == entries


def test_the_document_s_keys_are_stable() -> None:
    document = json.loads(json.dumps(log_document(DEMO.entries, DEMO.state)))
    assert document[33] == {
        "seq": 34,
        "recorded_at": "2026-03-23T08:00:00.000000Z",
        "recorded_by": "Lin Mei",
        "kind": "subject-dosed",
        "version": 1,
        "data": {
            "on": "2026-03-23",
            "subject": "TJ-005",
            "planned": 3.48e8,
            "infused": 3.84e8,
            "lot": "L-005",
            "deviation": None,
            "breaches": [],
        },
        "hash": f"{34:064x}",
        "sentence": "TJ-005 dosed on 2026-03-23, 3.84E8 cells, 110 % of the planned 3.48E8, "
        "lot L-005.",
        "corrected_by": [35],
        "withdrawn_by": None,
        "oddity": None,
    }
