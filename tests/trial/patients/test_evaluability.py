"""Who counts: shares of the planned dose, split infusions, and rulings outside the limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from escalation.errors import RefusedError
from escalation.outcomes import Outcome, format_outcomes
from escalation.protocol import Evaluability, Protocol
from escalation.reports.trial.patients import patient_blocks, patients_document
from escalation.trial import (
    adjudicate,
    continue_infusion,
    correct_entry,
    dose_subject,
    hold_enrolment,
    next_patient,
    record_adverse_event,
    record_outcome,
    rule_evaluability,
    rule_says,
    rulings,
    warnings,
)
from escalation.trial.patients.corrections import correct_entry as correct
from tests.trial.bench import CHAIR, NCT, SITE, Bench, crs, day

PLANNED = 1.8e8  # 3E6 cells/kg for 60 kg
ADJUDICATOR, WINDOW = "adjudicator", 28


def treated(share: float | None = 1.0, protocol=NCT, **evaluability) -> Bench:
    """S1 was dosed on day 0 with a share of what is planned."""
    if evaluability:
        protocol = replace(protocol, evaluability=Evaluability(**evaluability))
    bench = Bench.judged(protocol)
    bench.open_cohort()
    bench.enrol("S1", 0)
    bench.dose("S1", 0, infused=None if share is None else share * PLANNED)
    return bench


def rule(bench: Bench, *, evaluable: bool, on: int | None = None, by: str = ADJUDICATOR) -> None:
    bench.do(rule_evaluability, by, on, subject="S1", evaluable=evaluable, reason="the bag leaked")


def standing(bench: Bench, subject: str = "S1") -> str:
    return str(bench.state.subjects[subject].standing)


def history(bench: Bench) -> str:
    return format_outcomes(bench.state.written_cohorts())


# ---------------------------------------------------------------- every standing, typed by hand

# rows: what was said, and when; columns: share of the planned dose, below, in, above the limits;
# within a cell: without a ruling, ruled evaluable, ruled not evaluable. P pending, N no DLT,
# M moderate, T DLT, ? to be ruled, X not evaluable.
TABLE = """
verdict           below     in        above
none              P P X     P P X     P P X
no-dlt-early      ? N X     ? N X     ? N X
no-dlt            ? N X     N N X     ? N X
moderate-early    ? M X     ? M X     ? M X
moderate          ? M X     M M X     ? M X
dlt               T T X     T T X     T T X
not-evaluable     X X X     X X X     X X X
no-dlt,dlt        T T X     T T X     T T X
not-evaluable,dlt T T X     T T X     T T X
"""
WORDS = {
    "P": "pending",
    "N": "no DLT",
    "M": "moderate, no DLT",
    "T": "DLT",
    "?": "evaluability to be ruled",
    "X": "not evaluable",
}
NOTATION = {"P": "?", "?": "?", "N": "N", "M": "M", "T": "T", "X": "X"}
OUTCOMES = {
    "no-dlt": Outcome.NO_DLT,
    "moderate": Outcome.MODERATE,
    "dlt": Outcome.DLT,
    "not-evaluable": Outcome.NOT_EVALUABLE,
}


def cells():
    for row in TABLE.strip().splitlines()[1:]:
        verdict, *letters = row.split()
        combinations = product(("below", "in", "above"), (None, True, False))
        for (share, ruling), letter in zip(combinations, letters, strict=True):
            yield pytest.param(verdict, share, ruling, letter, id=f"{verdict}-{share}-{ruling}")


@pytest.mark.parametrize(("verdict", "share", "ruling", "letter"), list(cells()))
def test_standings_over_dose_window_verdict_and_ruling_are_as_typed(
    verdict: str, share: str, ruling: bool | None, letter: str
) -> None:
    bench = treated({"below": 0.5, "in": 1.0, "above": 2.0}[share])
    for said in verdict.split(",") if verdict != "none" else ():
        early = said.endswith("-early")
        outcome = OUTCOMES[said.removesuffix("-early")]
        bench.do(
            record_outcome,
            SITE,
            WINDOW,
            subject="S1",
            outcome=outcome,
            toxicities=[crs(day(3), 4)] if outcome is Outcome.DLT else [],
            reason="left" if outcome is Outcome.NOT_EVALUABLE else None,
        )
        if early:  # the infusion turns out to have been later: the window had not closed
            seq = bench.state.subjects["S1"].dosing.seq
            bench.do(correct_entry, SITE, entry=seq, changes={"on": str(day(1))}, reason="misread")
    if ruling is not None:
        event = {"subject": "S1", "evaluable": ruling, "reason": "as seen"}
        try:
            bench.do(rule_evaluability, ADJUDICATOR, WINDOW + 2, **event)
        except RefusedError:  # where there is nothing to rule, or the site has said so
            assert ruling is True
            assert letter != "?"
    assert standing(bench) == WORDS[letter]
    assert history(bench) == f"1{NOTATION[letter]}"


@pytest.mark.parametrize(
    ("share", "counts"),
    [
        (0.01, False), (0.79, False), (0.799999, False), (0.8, True), (1.0, True), (1.2, True),
        (1.2000001, False), (1.21, False), (10.0, False),
    ],
)  # fmt: skip
def test_the_limits_themselves_are_inside(share: float, counts: bool) -> None:
    """1 % and 1,000 % of the planned amount are case 13."""
    bench = treated(share)
    bench.no_dlt("S1", WINDOW)
    assert standing(bench) == ("no DLT" if counts else "evaluability to be ruled")


def test_an_amount_that_nobody_knows_is_not_outside_the_limits() -> None:
    bench = treated()
    subject = bench.state.subjects["S1"]
    dosing = replace(subject.dosing, event=replace(subject.dosing.event, infused=None))
    unknown = replace(subject, dosing=dosing)
    assert unknown.share is None
    assert unknown.is_dose_in_limits


def test_the_planned_dose_is_the_protocol_s_whatever_the_site_says_was_planned() -> None:
    """Otherwise 1 % infused of 1 % "planned" would clear a level."""
    bench = treated()
    bench.enrol("S2", 14)
    bench.dose("S2", 14, infused=1.8e6, planned=1.8e6)
    bench.no_dlt("S2", 42)
    assert standing(bench, "S2") == "evaluability to be ruled"
    assert bench.state.subjects["S2"].share == pytest.approx(0.01)


def test_a_trial_begun_before_evaluability_was_ruled_counts_as_it_did() -> None:
    bench = Bench.as_0_2_0()
    bench.open_cohort()
    bench.enrol("S1", 0)
    bench.dose("S1", 0, infused=1.8e6)
    bench.no_dlt("S1", WINDOW)
    assert standing(bench) == "no DLT"
    said = bench.refused(rule_evaluability, CHAIR, subject="S1", evaluable=False, reason="leaked")
    assert "without [evaluability]" in said


# ---------------------------------------------------------------- what the rule makes of it


def test_nobody_escalates_on_patients_whose_evaluability_is_to_be_ruled() -> None:
    """Case 13: three at 1 % of the dose, no DLT; the level is not cleared."""
    bench = Bench.judged()
    bench.open_cohort()
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.enrol(subject, on)
        bench.dose(subject, on, infused=1.8e6)
    for subject in ("S1", "S2", "S3"):
        bench.no_dlt(subject, 45)
    assert history(bench) == "1???"
    assert rule_says(bench.state).action == "wait"
    obstacles = [o.text for o in next_patient(bench.state, day(45)).obstacles]
    assert "The evaluability of S1 has to be ruled: 1 % of the planned dose." in obstacles
    assert [r.text for r in warnings(bench.state, day(45))].count(obstacles[0]) == 1
    rule(bench, evaluable=True)
    assert history(bench) == "1N??"
    bench.do(rule_evaluability, CHAIR, subject="S2", evaluable=False, reason="the bag leaked")
    assert history(bench) == "1NX?"
    assert bench.state.n_free(bench.state.cohorts[0]) == 1
    bench.enrol("S4", 45)
    assert bench.state.subjects["S2"].replaced_by == "S4"


def test_a_dlt_counts_at_once_whatever_the_dose_and_one_ruled_away_is_seen_for_ever() -> None:
    bench = treated(0.01)
    bench.dlt("S1", 3)
    assert (standing(bench), history(bench)) == ("DLT", "1T")
    rule(bench, evaluable=False)
    assert history(bench) == "1X"

    def seen() -> list[str]:
        return [r.text for r in warnings(bench.state, day(99)) if "had a DLT" in r.text]

    assert seen() == [
        "S1 had a DLT (entry 12) and was ruled not evaluable by adjudicator, so that it does not "
        'count: "the bag leaked"'
    ]
    rule(bench, evaluable=True)
    assert history(bench) == "1T"
    assert "so that it did not count for a time" in seen()[0]
    rule(bench, evaluable=False)
    first, last = seen()
    assert "so that it did not count for a time" in first
    assert "so that it does not count" in last


def test_the_stagger_does_not_rest_on_a_patient_ruled_not_evaluable_while_alone() -> None:
    bench = treated(0.01)
    rule(bench, evaluable=False, on=3)
    assert bench.state.subjects["S1"].observed.lost == day(3)
    bench.enrol("S2", 4)
    assert next_patient(bench.state, day(4), subject="S2").yes
    bench.dose("S2", 4)
    bench.enrol("S3", 8)
    assert not next_patient(bench.state, day(8), subject="S3").yes


# ---------------------------------------------------------------- what a ruling is refused for


@pytest.mark.parametrize(
    ("by", "said", "words"),
    [
        (SITE, {}, "to rule on evaluability takes chair or adjudicator"),
        (ADJUDICATOR, {"subject": "S9"}, "No subject S9 is enrolled"),
        (ADJUDICATOR, {"subject": "S2"}, "S2 has not been dosed."),
        (ADJUDICATOR, {"reason": ""}, "The reason must be one line of text"),
        (ADJUDICATOR, {"subject": "S3"}, "There is nothing to rule: S3 is within the protocol's"),
    ],
)
def test_a_ruling_is_refused_by_name(by: str, said: dict, words: str) -> None:
    bench = treated(0.01)
    bench.enrol("S3", 14)
    bench.dose("S3", 14)
    bench.enrol("S2", 14)
    kw = {"subject": "S1", "evaluable": True, "reason": "seen"} | said
    assert words in bench.refused(rule_evaluability, by, **kw)


def test_a_ruling_is_not_said_twice_nor_before_the_dosing() -> None:
    bench = treated(0.01)
    said = bench.refused(
        rule_evaluability, ADJUDICATOR, -1, subject="S1", evaluable=True, reason="seen"
    )
    assert "S1 was dosed on 2026-01-05." in said
    rule(bench, evaluable=True)
    seq = bench.state.seq
    said = bench.refused(
        rule_evaluability, ADJUDICATOR, subject="S1", evaluable=True, reason="seen"
    )
    assert f"Entry {seq} says so." in said


def test_not_evaluable_by_the_site_is_corrected_and_not_ruled_away() -> None:
    bench = treated(0.01)
    bench.lost("S1", 5)
    seq = bench.state.seq
    said = bench.refused(
        rule_evaluability, ADJUDICATOR, subject="S1", evaluable=True, reason="seen"
    )
    assert f'Entry {seq} says "not evaluable". If that is wrong, correct the entry.' in said


def test_rulings_stay_in_sight_also_those_that_were_replaced() -> None:
    bench = treated(0.01)
    bench.no_dlt("S1", WINDOW)
    rule(bench, evaluable=True)
    rule(bench, evaluable=False)
    first, second = rulings(bench.state)
    assert first.text == (
        'S1 was ruled evaluable by adjudicator: "the bag leaked" It is not in force any more.'
    )
    assert second.text == 'S1 was ruled not evaluable by adjudicator: "the bag leaked"'


def test_rulings_of_both_kinds_are_in_the_order_of_their_entries() -> None:
    bench = treated(0.01)
    bench.no_dlt("S1", WINDOW)
    rule(bench, evaluable=True)
    bench.do(
        record_adverse_event, SITE, subject="S1", term="fever", grade=1, started=day(3),
        aware=day(WINDOW),
    )  # fmt: skip
    event = bench.state.seq
    bench.do(adjudicate, ADJUDICATOR, entry=event, dlt=False)
    rule(bench, evaluable=False)
    words = ["evaluable by", "no DLT by", "not evaluable by"]
    found = rulings(bench.state)
    assert [remark.entry for remark in found] == [event - 1, event + 1, event + 2]
    assert all(word in one.text for word, one in zip(words, found, strict=True))


def test_a_ruling_falls_with_what_it_was_made_on() -> None:
    bench = treated(0.01)
    bench.no_dlt("S1", WINDOW)
    rule(bench, evaluable=True)
    assert history(bench) == "1N"
    seq = bench.state.subjects["S1"].dosing.seq
    bench.correct(seq, infused=1.8e7)
    assert standing(bench) == "evaluability to be ruled"
    texts = [r.text for r in warnings(bench.state, day(30))]
    assert any("has changed since entry" in text for text in texts)
    bench.correct(seq, infused=1.8e8)
    assert standing(bench) == "no DLT"


# ---------------------------------------------------------------- least days of follow-up


def test_no_dlt_can_be_said_from_the_least_days_of_follow_up_on() -> None:
    bench = treated(least_days=21)
    said = bench.refused(record_outcome, SITE, 20, subject="S1", outcome=Outcome.NO_DLT)
    assert "The least days of follow-up of S1 are over on 2026-01-26" in said
    bench.no_dlt("S1", 21)
    assert standing(bench) == "no DLT"


def test_longer_than_the_window_they_hold_no_dlt_back() -> None:
    bench = treated(least_days=35)
    said = bench.refused(record_outcome, SITE, 30, subject="S1", outcome=Outcome.NO_DLT)
    assert "are over on 2026-02-09" in said
    subject = bench.state.subjects["S1"]
    assert [subject.is_overdue(day(n)) for n in (28, 34, 35)] == [False, False, True]


# ---------------------------------------------------------------- split and repeated infusions


def further(bench: Bench, on: int, infused: float | None = 0.5 * PLANNED, **kw) -> None:
    bench.do(continue_infusion, SITE, on, subject="S1", infused=infused, **kw)


def test_a_split_dose_adds_up() -> None:
    bench = treated(0.4)
    further(bench, 1, 0.3 * PLANNED)
    further(bench, 2, 0.3 * PLANNED, lot="L-2")
    subject = bench.state.subjects["S1"]
    assert subject.infused == pytest.approx(PLANNED)
    assert subject.share == pytest.approx(1.0)
    bench.no_dlt("S1", WINDOW)
    assert standing(bench) == "no DLT"
    (document,) = patients_document(bench.state, day(WINDOW))
    assert document["n_infusions"] == 3
    assert document["infused"] == pytest.approx(PLANNED)
    assert document["percent_of_planned"] == pytest.approx(100)
    assert "100 %" in str(next(iter(patient_blocks(bench.state, day(WINDOW)))).rows[1])


def test_too_much_in_all_is_to_be_ruled_and_above_the_cap_is_said() -> None:
    bench = treated(1.0, replace(NCT, dose_cap=2e8))
    further(bench, 1, 1.7e8)
    bench.no_dlt("S1", WINDOW)
    assert standing(bench) == "evaluability to be ruled"
    texts = " ".join(r.text for r in warnings(bench.state, day(WINDOW)))
    assert "above the cap of 2E8" in texts


@pytest.mark.parametrize(("window_from", "closes"), [("first", 28), ("last", 35)])
def test_the_window_runs_from_the_first_or_the_last_infusion(window_from, closes) -> None:
    bench = treated(0.5, window_from=window_from)
    further(bench, 7)
    subject = bench.state.subjects["S1"]
    assert (subject.dosed_on, subject.window_closes) == (day(0), day(closes))
    said = bench.refused(record_outcome, SITE, closes - 1, subject="S1", outcome=Outcome.NO_DLT)
    assert f"closes on {day(closes)}" in said
    bench.no_dlt("S1", closes)
    assert standing(bench) == "no DLT"


@pytest.mark.parametrize(
    ("on", "said", "words"),
    [
        (2, {"subject": "S2"}, "S2 has not been dosed"),
        (-1, {}, "S1 was dosed first on 2026-01-05."),
        (2, {"infused": None}, "The infused amount is needed."),
        (2, {"infused": -1.0}, "The infused amount must be from 1E-9 to 1E15, not -1."),
        (2, {"infused": float("nan")}, "The infused amount must be from"),
        (2, {"lot": ""}, "The lot must be one line"),
        (2, {"deviation": "why not"}, "No gate stands in the way: it is not a deviation."),
        (99, {"subject": "S9"}, "No subject S9 is enrolled"),
    ],
)
def test_a_further_infusion_is_refused_by_name(on: int, said: dict, words: str) -> None:
    bench = treated(0.5)
    bench.enrol("S2", 2)
    kw = {"subject": "S1", "infused": 1e7} | said
    assert words in bench.refused(continue_infusion, SITE, on, **kw)


def test_on_a_ladder_without_doses_a_further_infusion_needs_no_amount() -> None:
    bench = Bench.started(Protocol.plain(3))
    bench.open_cohort()
    bench.enrol("S1")
    bench.dose("S1", infused=None)
    bench.do(continue_infusion, SITE, 1, subject="S1", lot="B2")
    assert bench.state.subjects["S1"].further[0].event.lot == "B2"


def test_the_gates_of_a_further_infusion_are_those_of_the_patient() -> None:
    bench = treated(0.5)
    bench.do(hold_enrolment, SITE, 1, reason="a review")
    said = bench.refused(continue_infusion, SITE, 2, subject="S1", infused=1e7)
    assert "Enrolment is held" in said
    further(bench, 2, deviation="half of it had been thawed")
    fact = bench.state.subjects["S1"].further[0]
    assert "Enrolment is held" in fact.event.breaches[0]
    bench.dlt("S1", 3)
    said = bench.refused(continue_infusion, SITE, 4, subject="S1", infused=1e7)
    assert "S1 is not in the DLT window any more: DLT since entry" in said


def test_a_further_infusion_is_corrected_and_withdrawn_like_the_first() -> None:
    bench = treated(0.5)
    further(bench, 1, 5e8)
    seq, first = bench.state.seq, bench.state.subjects["S1"].dosing.seq
    said = bench.refused(correct, SITE, entry=first, changes=None, reason="never given")
    assert "Withdraw the subject's further infusions first." in said
    bench.correct(seq, infused=0.5 * PLANNED)
    assert bench.state.subjects["S1"].share == pytest.approx(1.0)
    said = bench.refused(correct, SITE, entry=seq, changes={"on": "2026-01-01"}, reason="x")
    assert "S1 was dosed first on 2026-01-05." in said
    bench.do(correct, SITE, entry=seq, changes=None, reason="never given")
    assert bench.state.subjects["S1"].share == pytest.approx(0.5)
    assert bench.state.oddities == []


def test_who_was_dosed_is_not_dosed_first_again() -> None:
    bench = treated(0.5)
    said = bench.refused(dose_subject, SITE, 1, subject="S1", infused=1e7)
    assert "S1 is not waiting to be dosed: pending." in said
