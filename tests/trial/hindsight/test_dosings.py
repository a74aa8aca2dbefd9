"""Dosings after what had begun and was not recorded yet: case 14, and its boundaries."""

from __future__ import annotations

import pytest

from escalation.trial import adjudicate, delegate_role, look_back
from escalation.trial.events import AdverseEventRecorded, Relation, Role
from escalation.trial.evolve import evolve
from escalation.trial.hindsight import dosings
from escalation.trial.hindsight.dosings import look_back_at_dosings
from tests.trial.adverse_events.made import make_event
from tests.trial.adverse_events.test_pauses import ruled
from tests.trial.bench import OFFICE, SITE, Bench, day, recorded


def treated(*days: int) -> Bench:
    bench = Bench.started()
    bench.open_cohort()
    for number, on in enumerate(days, start=1):
        bench.treat(f"S{number}", on)
    return bench


def texts(bench: Bench) -> list[str]:
    return [remark.text for remark in look_back_at_dosings(bench.state)]


def test_two_dlts_recorded_weeks_after_a_third_patient_was_dosed_are_named_there():
    bench = treated(0, 14, 22)
    bench.dlt("S1", 54, onset=5)
    bench.dlt("S2", 71, onset=21)
    [first, second] = texts(bench)
    assert first.startswith(
        "S2 was dosed on 2026-01-19 after 1 DLT had begun (S1 on 2026-01-10, day 5), recorded 49 "
        "days later by entry"
    )
    assert second.startswith(
        "S3 was dosed on 2026-01-27 after 2 DLTs had begun (S1 on 2026-01-10, day 5; S2 on "
        "2026-01-26, day 7), recorded 49 and 50 days later by entries"
    )
    assert "the rule would have forbidden it: De-escalate" in second
    assert {remark.text for remark in look_back(bench.state)} >= {first, second}


@pytest.mark.parametrize(("onset", "named"), [(13, 1), (14, 0), (15, 0)])
def test_what_began_on_the_day_of_a_dosing_may_have_come_after_it(onset, named):
    bench = treated(0, 14)
    bench.dlt("S1", 20, onset=onset)
    assert len(texts(bench)) == named


def test_a_dlt_recorded_before_the_dosing_is_no_hindsight():
    bench = treated(0)
    bench.dlt("S1", 6, onset=5)
    bench.treat("S2", 14)
    assert texts(bench) == []


def test_an_outcome_corrected_into_a_dlt_is_recorded_by_the_correction():
    bench = treated(0)
    bench.no_dlt("S1", 28)
    outcome = bench.state.seq
    bench.treat("S2", 29)
    bench.correct(
        outcome,
        outcome="T",
        toxicities=[{"term": "CRS", "grade": 4, "onset": day(7).isoformat()}],
    )
    [text] = texts(bench)
    assert text.startswith("S2 was dosed on 2026-02-03 after 1 DLT had begun (S1 on 2026-01-12")
    assert f"by entry {bench.state.seq}." in text


def reported(bench: Bench, subject: str, **kw) -> None:
    event = AdverseEventRecorded(
        **{
            "on": day(bench.now),
            "subject": subject,
            "term": "sepsis",
            "started": day(3),
            "grade": 4,
            "scale": "CTCAE",
            "scale_version": "5",
            "aware": day(4),
        }
        | kw
    )
    bench.state = evolve(bench.state, recorded(bench.state, event, SITE))


@pytest.mark.parametrize(
    ("kw", "named"),
    [
        ({}, True),
        ({"grade": 3}, True),
        ({"grade": 2}, False),
        ({"relation": Relation.UNRELATED}, False),
        ({"aware": day(13)}, True),
        ({"aware": day(14)}, False),  # of the same day nobody knows which came first
        ({"started": day(0)}, True),
        ({"started": day(-1)}, False),  # before the infusion
    ],
)
def test_a_severe_event_known_to_the_site_before_a_dosing_and_recorded_later_is_named(kw, named):
    bench = treated(0, 14)
    bench.now = 40
    reported(bench, "S1", **kw)
    found = texts(bench)
    assert bool(found) == named
    if named:
        assert "after 1 severe adverse event had become known (S1, sepsis grade" in found[0]
        assert "recorded" in found[0]


def test_a_dosing_entered_late_is_judged_by_its_own_day():
    """The days of dosings run backwards: what was begun for the one is undone for the other."""
    bench = treated(0, 14)
    bench.enrol("S3", 17)
    bench.enrol("S4", 17) if bench.state.n_free(bench.state.cohorts[0]) else None
    bench.dose("S3", 17)
    bench.dlt("S1", 40, onset=16)
    [text] = texts(bench)
    assert text.startswith("S3 was dosed on 2026-01-22 after 1 DLT")
    dosing = bench.state.subjects["S2"].dosing.seq
    bench.correct(bench.state.subjects["S3"].dosing.seq, on=day(15).isoformat())
    assert texts(bench) == []
    bench.correct(dosing, on=day(17).isoformat())
    assert [text.split()[0] for text in texts(bench)] == ["S2"]


def test_what_began_on_the_day_of_a_dosing_entered_late_may_have_come_after_it_too():
    bench = treated(0, 14, 17)
    bench.dlt("S1", 40, onset=16)
    second, third = (bench.state.subjects[one].dosing.seq for one in ("S2", "S3"))
    bench.correct(second, on=day(18).isoformat())
    bench.correct(third, on=day(16).isoformat())
    assert [text.split()[0] for text in texts(bench)] == ["S2"]


# ---------------------------------------------------------------- what the rule would have said


def test_what_the_rule_says_with_one_late_dlt_of_one_is_to_go_on():
    bench = treated(0, 14)
    bench.dlt("S1", 30, onset=5)
    assert texts(bench) == [
        "S2 was dosed on 2026-01-19 after 1 DLT had begun (S1 on 2026-01-10, day 5), recorded 25 "
        f"days later by entry {bench.state.seq}. Had that been known, the rule would have allowed "
        "it all the same."
    ]


def test_a_dosing_that_the_rule_forbade_anyway_is_said_to_be_one():
    bench = treated(0, 14, 17)
    bench.dlt("S1", 18, onset=5)
    bench.dlt("S2", 18, onset=15)
    bench.enrol("S4", 20, deviation="urgent")
    bench.dose("S4", 20, deviation="urgent")
    bench.dlt("S3", 40, onset=18)
    assert texts(bench)[-1] == (
        "S4 was dosed on 2026-01-25 after 1 DLT had begun (S3 on 2026-01-23, day 1), recorded 22 "
        f"days later by entry {bench.state.seq}. The rule did not allow it anyway."
    )


def test_one_day_is_one_day():
    bench = treated(0, 14)
    bench.dlt("S1", 14, onset=13)
    [text] = texts(bench)
    assert f", recorded 1 day later by entry {bench.state.seq}." in text


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_of_many_events_five_are_named_and_the_others_counted(n):
    bench = treated(0, 14)
    bench.now = 40
    for _ in range(n):
        reported(bench, "S1")
    [text] = texts(bench)
    last = bench.state.seq
    assert f"after {n} severe adverse events had become known (" in text
    assert text.count("sepsis grade 4") == min(n, 5)
    assert (f"; and {n - 5} more)" in text) == (n > 5)
    assert text.count("36, ") == min(n, 5) - 2  # days, the last two joined by "and"
    assert text.endswith(f"and {last - n + min(n, 5)}.")


def test_who_was_dosed_before_the_event_began_is_not_named():
    bench = treated(0, 14)
    bench.dlt("S1", 40, onset=20)
    assert texts(bench) == []


@pytest.mark.parametrize(
    ("rulings", "since"),
    [
        (((15, True),), 15),
        (((15, False), (20, True)), 20),
        (((15, True), (20, False), (25, True)), 25),
        (((15, True), (20, True)), 15),
    ],
)
def test_an_event_is_ruled_a_dlt_since_the_first_of_the_rulings_that_still_say_so(rulings, since):
    assert dosings._ruled_since(ruled(make_event(), *rulings)) == since


def test_a_verdict_that_was_changed_later_counts_as_it_stood_at_the_dosing():
    bench = treated(0, 14, 17)
    bench.no_dlt("S1", 28)
    bench.dlt("S2", 30, onset=25)
    bench.lost("S3", 31)
    bench.treat("S4", 42)
    bench.dlt("S1", 60, onset=20)
    said = [text for text in texts(bench) if text.startswith("S4")]
    assert len(said) == 1
    assert "Had that been known, the rule would have forbidden it: De-escalate" in said[0]


def test_an_event_that_was_ruled_a_dlt_is_named_as_one_and_not_as_severe_too():
    bench = treated(0, 14)
    bench.do(delegate_role, OFFICE, 14, person="adjudicator", role=Role.ADJUDICATOR)
    bench.now = 40
    reported(bench, "S1")
    bench.do(adjudicate, "adjudicator", 41, entry=bench.state.seq, dlt=True)
    [text] = texts(bench)
    assert text.startswith("S2 was dosed on 2026-01-19 after 1 DLT had begun (S1 on")


def test_a_severe_event_of_somebody_never_dosed_is_none_of_the_product():
    bench = treated(0)
    bench.enrol("S2", 1)
    bench.treat("S3", 14)
    bench.now = 40
    reported(bench, "S2")
    assert texts(bench) == []
