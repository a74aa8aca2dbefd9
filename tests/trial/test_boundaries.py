"""Remarks, gates and refusals on the day and number at which they begin and end, typed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from escalation.outcomes import Outcome
from escalation.protocol import Enrolment, Evaluability, Protocol
from escalation.trial import (
    Remark,
    cast_vote,
    close_trial,
    correct_entry,
    decide,
    delegate_role,
    departures,
    dose_subject,
    enrol_subject,
    follow_up,
    hold_enrolment,
    next_patient,
    record_adverse_event,
    record_outcome,
    resume_enrolment,
    sign,
    warnings,
)
from escalation.trial.events import Choice, Meaning, Relation, Role, Vote
from escalation.trial.gates import dosing_obstacles, enrolment_obstacles

from .bench import AUDITOR, CHAIR, MEMBER, NCT, OFFICE, SITE, STATISTICIAN, Bench, crs, day

UNSTAGGERED = replace(NCT, enrolment=Enrolment(planned_patients=18))
PLANNED = 1.8e8  # 3E6 cells/kg for 60 kg


def texts(remarks: Iterable[Remark]) -> list[str]:
    return [remark.text for remark in remarks]


def opened(protocol: Protocol = UNSTAGGERED) -> Bench:
    bench = Bench.started(protocol)
    bench.open_cohort()
    return bench


def at_gate(bench: Bench, on: int) -> list[str]:
    return [obstacle.text for obstacle in enrolment_obstacles(bench.state, day(on))]


# ---------------------------------------------------------------- departures


@pytest.mark.parametrize(
    ("recorded", "dosed", "named"),
    [  # approved on day 0; S3 has a place and is not dosed
        (1, (0, 0), None),  # it can be the day after elsewhere on earth
        (2, (0, 1), "S1, S2"),
        (2, (1, 2), "S1"),  # of the same day nobody knows which came first
        (2, (2, 3), ""),
        (5, (4, 5), "S1"),
    ],
)
def test_a_late_approval_names_who_was_dosed_before_the_day_it_was_recorded(recorded, dosed, named):
    bench = Bench.started(UNSTAGGERED)
    bench.do(decide, CHAIR, 0)
    bench.now = recorded
    bench.do(sign, CHAIR, 0, meaning=Meaning.APPROVED)
    for subject, on in zip(("S1", "S2"), dosed, strict=True):
        bench.treat(subject, on)
    bench.enrol("S3", 0)
    said = f"The approval of decision 7 on 2026-01-05 was recorded on {day(recorded)}"
    after = f", after {named} had been dosed" if named else ""
    assert texts(departures(bench.state)) == ([] if named is None else [f"{said}{after}."])


def test_a_decision_that_was_replaced_unapproved_hides_no_late_approval_after_it():
    bench = Bench.started(UNSTAGGERED)
    bench.do(decide, CHAIR, 0, choice=Choice(action="defer"), rationale="tomorrow")
    bench.do(decide, CHAIR, 0)
    bench.now = 5
    bench.do(sign, CHAIR, 0, meaning=Meaning.APPROVED)
    assert texts(departures(bench.state)) == [
        f"The approval of decision 8 on 2026-01-05 was recorded on {day(5)}."
    ]


@pytest.mark.parametrize(("approved", "shown"), [(9, True), (10, False), (11, False)])
def test_a_chair_approves_from_the_day_of_the_delegation_on(approved, shown):
    bench = Bench.started()
    bench.do(delegate_role, OFFICE, 10, person="Eve", role=Role.CHAIR)
    bench.now = 10
    bench.do(decide, "Eve", approved)
    bench.do(sign, "Eve", approved, meaning=Meaning.APPROVED)
    said = f"Decision 8 was approved on {day(approved)} by Eve, chair since {day(10)}."
    assert texts(departures(bench.state)) == [said] * shown


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (9, "before cohort 1 was opened on 2026-01-15"),
        (9, "before being enrolled"),
        (10, None),
        (11, None),
    ],
)
def test_a_dosing_day_is_corrected_to_that_of_the_opening_and_the_enrolment_at_most(on, said):
    bench = Bench.started(UNSTAGGERED)
    bench.open_cohort(10)
    bench.enrol("S1", 10)
    bench.dose("S1", 12)
    bench.correct(bench.state.seq, on=str(day(on)))
    found = texts(departures(bench.state))
    assert len(found) == (2 if said else 0)
    assert said is None or f"S1 was dosed on {day(on)}, {said}." in found


@pytest.mark.parametrize(("apart", "shown"), [(13, True), (14, False), (15, False)])
def test_a_stagger_that_a_correction_breaks_is_shown_to_the_day(apart, shown):
    bench = opened(NCT)
    bench.treat("S1", 0)
    bench.treat("S2", 20)
    bench.correct(bench.state.seq, on=str(day(apart)))
    found = texts(departures(bench.state))
    stagger = [text for text in found if "not after" in text]
    assert (
        stagger
        == [
            f"S2 was dosed on {day(apart)}, not after 2026-01-19: the first patient of a cohort is "
            "alone for 14 days."
        ]
        * shown
    )


@pytest.mark.parametrize(("onset", "shown"), [(4, True), (5, False), (33, False), (34, True)])
def test_a_dlt_begins_on_the_days_of_the_window_both_ends_included(onset, shown):
    """S1 was dosed on day 5 in truth: the window is day 5 to day 33."""
    bench = opened()
    bench.enrol("S1", 0)
    bench.dose("S1", 4 if onset < 20 else 6)
    dosing = bench.state.seq
    bench.dlt("S1", 34, onset=onset)
    bench.correct(dosing, on=str(day(5)))
    said = "The DLT of S1 did not begin in the DLT window, 2026-01-10 to 2026-02-07."
    assert texts(departures(bench.state)) == [said] * shown


@pytest.mark.parametrize(("onset", "refused"), [(0, False), (28, False), (29, True)])
def test_a_dlt_outside_the_window_is_refused_to_the_day(onset, refused):
    bench = opened()
    bench.treat("S1", 0)
    said = {"subject": "S1", "outcome": Outcome.DLT, "toxicities": [crs(day(onset))]}
    if refused:
        assert "A DLT begins in the DLT window, 2026-01-05 to 2026-02-02; this one began on " in (
            bench.refused(record_outcome, SITE, 29, **said)
        )
    else:
        bench.do(record_outcome, SITE, 29, **said)


def test_one_of_several_toxicities_in_the_window_makes_the_dlt():
    bench = opened()
    bench.treat("S1", 0)
    bench.do(
        record_outcome,
        SITE,
        40,
        subject="S1",
        outcome=Outcome.DLT,
        toxicities=[crs(day(35)), crs(day(28))],
    )
    assert bench.state.subjects["S1"].dlt_began == day(28)
    assert departures(bench.state) == []


# ---------------------------------------------------------------- warnings


@pytest.mark.parametrize(("planned", "shown"), [(1, True), (2, False), (3, False)])
def test_more_patients_than_planned_are_more_than_that_number(planned, shown):
    bench = opened(replace(NCT, enrolment=Enrolment(planned_patients=planned)))
    bench.enrol("S1")
    bench.enrol("S2")
    said = f"2 patients are enrolled; {planned} were planned."
    assert texts(warnings(bench.state, day(0))) == [said] * shown


@pytest.mark.parametrize(("on", "shown"), [(27, False), (28, True), (29, True)])
def test_an_outcome_is_overdue_from_the_day_on_which_the_window_closes(on, shown):
    bench = opened()
    bench.treat("S1", 0)
    said = "The outcome of S1 is overdue: the DLT window closed on 2026-02-02."
    assert texts(warnings(bench.state, day(on))) == [said] * shown


@pytest.mark.parametrize(
    ("lost_on", "grade", "onset", "why"),
    [
        (28, 2, 5, None),  # on the last day of the window
        (29, 2, 5, "the DLT window had closed on 2026-02-02"),
        (20, 3, 5, "CRS of grade 3 began in the DLT window"),
        (28, 3, 28, "CRS of grade 3 began in the DLT window"),
        (28, 4, 0, "CRS of grade 4 began in the DLT window"),
        (29, 4, 29, "the DLT window had closed on 2026-02-02"),
    ],
)
def test_who_is_lost_although_followed_or_ill_is_named(lost_on, grade, onset, why):
    bench = opened()
    bench.treat("S1", 0)
    bench.do(
        record_outcome,
        SITE,
        lost_on,
        subject="S1",
        outcome=Outcome.NOT_EVALUABLE,
        reason="left",
        toxicities=[replace(crs(day(onset), grade), relation=Relation.UNRELATED)],
    )
    said = [] if why is None else [f"S1 is said not to be evaluable, but {why}."]
    assert texts(warnings(bench.state, day(30))) == said


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        (None, True),
        ({"outcome": "X", "reason": "moved", "toxicities": []}, True),
        ({"on": str(day(6))}, False),  # still a DLT
    ],
)
def test_a_dlt_that_a_correction_takes_away_is_named_and_one_that_stays_is_not(changes, shown):
    bench = opened()
    bench.treat("S1", 0)
    bench.dlt("S1", 5)
    entry = bench.state.seq
    if changes is None:
        bench.do(correct_entry, SITE, entry=entry, changes=None, reason="mistyped")
    else:
        bench.correct(entry, **changes)
    found = [text for text in texts(warnings(bench.state, day(6))) if "no longer" in text]
    assert (
        found
        == [
            f"Entry {entry}, a DLT of S1 (CRS grade 3), is no longer one by entry {entry + 1}: "
            '"mistyped"'
        ]
        * shown
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.79, "got 1.42E8 cells, 79% of 1.8E8."),
        (0.8, None),
        (1.0, None),
        (1.2, None),
        (1.21, "got 2.18E8 cells, 121% of 1.8E8."),
    ],
)
def test_an_amount_is_odd_outside_the_limits_of_evaluability(share, said):
    bench = opened(replace(UNSTAGGERED, evaluability=Evaluability()))
    bench.enrol("S1")
    bench.dose("S1", infused=share * PLANNED)
    expected = [] if said is None else [f"S1, assigned to level 1, {said}"]
    assert texts(warnings(bench.state, day(0))) == expected


@pytest.mark.parametrize(("infused", "shown"), [(2.0e8, False), (2.01e8, True)])
def test_an_amount_above_the_cap_is_more_than_the_cap(infused, shown):
    bench = opened(replace(UNSTAGGERED, dose_cap=2e8))
    bench.enrol("S1")
    bench.dose("S1", infused=infused)
    said = "S1, assigned to level 1, got 2.01E8 cells, above the cap of 2E8."
    assert [t for t in texts(warnings(bench.state, day(0))) if "cap" in t] == [said] * shown


@pytest.mark.parametrize(
    ("planned", "recorded", "said"),
    [  # whatever the site says was planned is kept, and held against the protocol
        (None, PLANNED, None),
        (PLANNED, PLANNED, None),
        (1.804 * 1e8, 1.804e8, None),  # rounded
        (1.9e8, 1.9e8, "1.9E8 cells were planned for S1; by the protocol it is 1.8E8."),
        (1.7e8, 1.7e8, "1.7E8 cells were planned for S1; by the protocol it is 1.8E8."),
    ],
)
def test_the_planned_dose_is_the_protocol_s_where_the_site_gives_none(planned, recorded, said):
    bench = opened()
    bench.enrol("S1")
    bench.dose("S1", infused=PLANNED, planned=planned)
    assert bench.state.subjects["S1"].dosing.event.planned == pytest.approx(recorded)
    assert texts(warnings(bench.state, day(0))) == ([] if said is None else [said])


def test_a_ladder_without_doses_plans_none_and_asks_for_none():
    bench = opened(Protocol.plain(2))
    bench.do(enrol_subject, SITE, subject="S1")
    bench.do(dose_subject, SITE, subject="S1")
    event = bench.state.subjects["S1"].dosing.event
    assert (event.planned, event.infused) == (None, None)
    assert warnings(bench.state, day(0)) == []


# ---------------------------------------------------------------- gates


@pytest.mark.parametrize(
    ("choice", "ends"),
    [
        (Choice(action="enrol", level=-1, n_to_enrol=3), True),
        (Choice(action="enrol", level=1, n_to_enrol=6), False),  # as many more where it is
        (Choice(action="enrol", level=2, n_to_enrol=3), False),
        (Choice(action="stop"), True),
        (Choice(action="defer"), False),
    ],
)
def test_only_a_decision_that_ends_the_open_cohort_downwards_stops_it_unapproved(choice, ends):
    bench = opened()
    bench.treat("S1", 0)
    bench.do(decide, CHAIR, 1, choice=choice, rationale="reasons")
    said = f"Decision {bench.state.seq}, not approved yet, treats nobody more at this level."
    assert at_gate(bench, 1) == [said] * ends


def test_a_rejected_decision_to_stop_stops_nothing():
    bench = Bench.started(UNSTAGGERED, quorum=2)
    bench.meet(0)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.do(decide, STATISTICIAN, 1, choice=Choice(action="stop"), rationale="a death elsewhere")
    assert len(at_gate(bench, 1)) == 1
    for person in (CHAIR, MEMBER):
        bench.do(cast_vote, person, vote=Vote.AGAINST, reason="it was not the product")
    assert at_gate(bench, 1) == []


@pytest.mark.parametrize(("on", "barred"), [(4, False), (5, True), (7, True), (8, False)])
def test_a_hold_that_was_lifted_bars_its_own_days(on, barred):
    bench = opened()
    bench.do(hold_enrolment, SITE, 5, reason="audit")
    bench.do(resume_enrolment, CHAIR, 8, reason="over")
    (held, resumed) = bench.state.seq - 1, bench.state.seq
    said = f"Enrolment was held from 2026-01-10 to 2026-01-13 (entries {held} and {resumed})."
    assert at_gate(bench, on) == [said] * barred
    assert next_patient(bench.state, day(on)).earliest == (day(8) if barred else None)


@pytest.mark.parametrize(("on", "barred"), [(4, False), (5, True), (6, True)])
def test_a_hold_that_stands_bars_from_its_day_on(on, barred):
    bench = opened()
    bench.do(hold_enrolment, SITE, 5, reason="audit")
    said = f"Enrolment is held since entry {bench.state.seq}: audit."
    assert at_gate(bench, on) == [said] * barred


@pytest.mark.parametrize(("on", "said"), [(4, "2026-01-10"), (5, None)])
def test_a_cohort_takes_patients_from_the_day_of_its_approval(on, said):
    bench = Bench.started(UNSTAGGERED)
    bench.open_cohort(5)
    assert at_gate(bench, on) == ([] if said is None else [f"Cohort 1 was opened on {said}."])
    assert next_patient(bench.state, day(on)).earliest == (None if said is None else day(5))


@pytest.mark.parametrize(
    ("dosed", "window", "on", "until"),
    [  # S1 of the first cohort watched, a second cohort opened at once at the same level
        (0, 28, 13, 14),
        (0, 28, 14, None),
        (0, 10, 9, 14),  # still in the window
        (0, 10, 10, None),  # the window is over, and with it the watching
    ],
)
def test_who_is_still_in_the_window_at_the_level_is_watched_by_the_next_cohort_too(
    dosed, window, on, until
):
    bench = opened(replace(NCT, dlt=replace(NCT.dlt, window_days=window)))
    bench.treat("S1", dosed)
    again = Choice(action="enrol", level=1, n_to_enrol=1)
    bench.open_cohort(1, choice=again, rationale="a new lot")
    obstacles = dosing_obstacles(bench.state, None, day(on))
    assert [obstacle.until for obstacle in obstacles] == ([] if until is None else [day(until)])


@pytest.mark.parametrize("level", [1, 2])
def test_who_is_in_the_window_at_another_level_is_not(level):
    bench = opened(NCT)
    bench.treat("S1", 0)
    again = Choice(action="enrol", level=level, n_to_enrol=1)
    bench.open_cohort(1, choice=again, rationale="a new lot")
    assert len(list(dosing_obstacles(bench.state, None, day(2)))) == (level == 1)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("weight_kg", "refused"), [(0.99, True), (1.0, False), (500.0, False), (500.1, True)]
)
def test_a_weight_is_from_1_to_500_kg(weight_kg, refused):
    bench = opened()
    kw = {"subject": "S1", "weight_kg": weight_kg}
    if refused:
        said = bench.refused(enrol_subject, SITE, **kw)
        assert f"A weight is in kg, from 1 to 500, not {weight_kg:g}." in said
    else:
        bench.do(enrol_subject, SITE, **kw)


@pytest.mark.parametrize(
    ("amount", "refused"), [(9e-10, True), (1e-9, False), (1e15, False), (1.1e15, True)]
)
@pytest.mark.parametrize("name", ["infused", "planned"])
def test_an_amount_is_from_1e_9_to_1e15(name, amount, refused):
    bench = opened()
    bench.enrol("S1")
    kw = {"subject": "S1", "infused": PLANNED, "planned": PLANNED} | {name: amount}
    if refused:
        said = bench.refused(dose_subject, SITE, **kw)
        assert f"The {name} amount must be from 1E-9 to 1E15, not {amount:g}." in said
    else:
        bench.do(dose_subject, SITE, **kw)


@pytest.mark.parametrize(("grade", "refused"), [(0, True), (1, False), (5, False), (6, True)])
def test_a_grade_is_from_1_to_5(grade, refused):
    bench = opened()
    bench.treat("S1", 0)
    kw = {"subject": "S1", "outcome": Outcome.DLT, "toxicities": [crs(day(1), grade)]}
    if refused:
        said = bench.refused(record_outcome, SITE, 2, **kw)
        assert f"A grade is a number from 1 to 5, not {grade}." in said
    else:
        bench.do(record_outcome, SITE, 2, **kw)


@pytest.mark.parametrize("meaning", [Meaning.PROPOSED, Meaning.APPROVED])
def test_before_any_decision_there_is_nothing_to_sign(meaning):
    said = Bench.started().refused(sign, CHAIR, meaning=meaning)
    assert said.startswith(f"nothing to sign as {meaning}: No decision has been made.")


@pytest.mark.parametrize(
    ("entry", "said"),
    [(0, "The last entry is 6."), (1, None), (6, None), (7, "The last entry is 6.")],
)
def test_what_is_reviewed_is_an_entry_the_last_one_by_default(entry, said):
    bench = Bench.started()
    assert bench.state.seq == 6
    if said is not None:
        assert said in bench.refused(sign, SITE, meaning=Meaning.REVIEWED, entry=entry)
        return
    (signed,) = bench.do(sign, SITE, meaning=Meaning.REVIEWED, entry=entry)
    assert (signed.entry, signed.entry_hash) == (entry, bench.state.hashes[entry - 1])
    (signed,) = bench.do(sign, SITE, meaning=Meaning.REVIEWED)
    assert signed.entry == 7


# ---------------------------------------------------------------- which of several is named


def test_of_several_who_were_lost_the_first_is_replaced_first_once_places_are_given_out():
    bench = opened()
    for subject in ("S1", "S2"):
        bench.treat(subject, 0)
        bench.lost(subject, 1)
    for subject in ("S3", "S4", "S5"):
        bench.enrol(subject, 1)
    subjects = bench.state.subjects
    assert [subjects[s].enrolment.replaces for s in ("S3", "S4", "S5")] == [None, "S1", "S2"]
    said = bench.refused(enrol_subject, SITE, subject="S6", weight_kg=60.0, replaces="S1")
    assert "S1 is nobody to replace in cohort 1; nobody is to be replaced." in said


def test_who_can_be_replaced_is_listed():
    bench = opened()
    for subject in ("S1", "S2"):
        bench.treat(subject, 0)
        bench.lost(subject, 1)
    said = bench.refused(enrol_subject, SITE, subject="S3", weight_kg=60.0, replaces="S9")
    assert "S9 is nobody to replace in cohort 1; to be replaced: S1, S2." in said
    bench.enrol("S3", 1, replaces="S2")
    assert bench.state.subjects["S2"].replaced_by == "S3"


def test_of_several_severe_toxicities_the_first_is_named():
    bench = opened()
    bench.treat("S1", 0)
    mild, first = crs(day(1), 2), replace(crs(day(2), 3), term="sepsis")
    later = replace(crs(day(3), 4), term="stroke")
    unrelated = [replace(t, relation=Relation.UNRELATED) for t in (mild, first, later)]
    bench.do(
        record_outcome,
        SITE,
        20,
        subject="S1",
        outcome=Outcome.NOT_EVALUABLE,
        reason="left",
        toxicities=unrelated,
    )
    assert texts(warnings(bench.state, day(20))) == [
        "S1 is said not to be evaluable, but sepsis of grade 3 began in the DLT window."
    ]


def test_who_is_enrolled_again_is_so_since_the_last_enrolment():
    bench = opened()
    bench.enrol("S1")
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    assert f"S1 is enrolled since entry {bench.state.seq}." in said
    stay = Choice(action="enrol", level=-1, n_to_enrol=3)
    bench.open_cohort(1, choice=stay, rationale="careful")
    bench.enrol("S1", 1)
    again = bench.state.seq
    bench.enrol("S2", 1)
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    assert f"S1 is enrolled since entry {again}." in said


def test_two_patients_too_many_are_counted_and_one_at_the_limit_is_not():
    bench = opened()
    for n, subject in enumerate(("S1", "S2", "S3")):
        bench.treat(subject, n)
    assert departures(bench.state) == []
    for subject in ("S4", "S5"):
        bench.enrol(subject, 5, deviation="urgent")
        bench.dose(subject, 5, deviation="urgent")
    found = texts(departures(bench.state))
    assert "5 patients count in cohort 1, which was opened for 3." in found
    assert sum("against a gate" in text for text in found) == 4


@pytest.mark.parametrize(
    ("seen", "subject", "slot"),
    [("", "S1", 1), ("S1", "S2", 2), ("S1 S2", "S3", 3), ("S1 S2 S3", None, None)],
)
def test_the_next_patient_is_the_first_who_waits_and_has_the_next_place(seen, subject, slot):
    bench = opened()
    for name in ("S1", "S2", "S3"):
        bench.enrol(name, 0, weight_kg=70.0)
    for name in seen.split():
        bench.dose(name, 0)
    answer = next_patient(bench.state, day(0), weight_kg=50.0)
    assert (answer.subject, answer.slot, answer.n_opened) == (subject, slot, 3)
    assert answer.weight_kg == (70.0 if subject else 50.0)


@pytest.mark.parametrize(
    ("entry", "said"),
    [(-1, "The last entry is 8."), (0, "The last entry is 8."), (1, "Only enrolments, infusions"),
     (8, "Only enrolments, infusions"), (9, "The last entry is 8.")],
)  # fmt: skip
def test_what_cannot_be_corrected_is_another_kind_of_entry_or_none(entry, said):
    bench = opened()
    assert bench.state.seq == 8
    refusal = bench.refused(correct_entry, SITE, entry=entry, changes={}, reason="mistyped")
    assert said in refusal


def test_of_corrections_each_is_judged_for_itself():
    """Those that take away nothing hide none that come after them."""
    bench = opened()
    for subject in ("S1", "S2", "S3"):
        bench.treat(subject)
    dlts = []
    for subject in ("S1", "S2"):
        bench.do(
            record_adverse_event, SITE, 5, subject=subject, term="fever", started=day(5), grade=3,
            aware=day(5), relation=Relation.UNRELATED,
        )  # fmt: skip
        dlts.append(bench.state.seq)
    bench.dlt("S3", 6)
    outcome = bench.state.seq
    bench.correct(dlts[0], narrative="38.9")
    bench.correct(bench.state.subjects["S1"].dosing.seq, lot="L-1")
    bench.correct(outcome, on=day(5).isoformat(), toxicities=[told(day(5))])
    bench.correct(dlts[1], grade=2)
    bench.correct(outcome, toxicities=[told(day(4))])
    bench.do(correct_entry, SITE, entry=outcome, changes=None, reason="another patient")
    named = [text.split(",")[0] for text in texts(warnings(bench.state, day(6))) if "Entry" in text]
    assert named == [f"Entry {dlts[1]}", f"Entry {outcome}"]


def told(onset) -> dict[str, object]:
    return {"term": "CRS", "grade": 3, "onset": onset.isoformat(), "relation": "probable"}


def test_who_is_enrolled_or_has_an_outcome_is_so_by_the_last_entry_that_says_it():
    bench = opened()
    for subject in ("S1", "S2"):
        bench.treat(subject)
    bench.lost("S1", 3)
    assert f"Entry {bench.state.seq} says not evaluable." in bench.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NO_DLT
    )
    bench.dlt("S1", 4)
    assert f"Entry {bench.state.seq} says DLT." in bench.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NO_DLT
    )
    bench.dlt("S1", 5)
    assert f"Entry {bench.state.seq} says DLT." in bench.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NO_DLT
    )


@pytest.mark.parametrize(("on", "closed"), [(4, False), (5, True), (6, True)])
def test_a_trial_is_closed_from_its_day_on(on, closed):
    bench = opened()
    bench.do(close_trial, CHAIR, 5, reason="sponsor")
    said = "The trial was closed by entry 9."
    assert (said in at_gate(bench, on)) == closed


@pytest.mark.parametrize(("n", "refused"), [(0, True), (1, False), (100, False), (101, True)])
def test_a_decision_opens_from_1_to_100_places(n, refused):
    bench = Bench.started(UNSTAGGERED)
    choice = Choice(action="enrol", level=1, n_to_enrol=n)
    said = bench.refused(decide, AUDITOR, choice=choice, rationale="so many")
    assert (f"A decision opens 1 to 100 places, not {n}." in said) == refused


@pytest.mark.parametrize("entry", [-1, 0, 1, 8, 9])
def test_what_is_followed_up_is_an_adverse_event(entry):
    """Entry 8 is the last: an approval."""
    bench = opened()
    said = bench.refused(follow_up, SITE, entry=entry, changes={"grade": 1}, aware=day(0))
    assert ("does not report an adverse event" in said) == (entry in (1, 8))
    assert ("the last one is 8" in said) == (entry not in (1, 8))
