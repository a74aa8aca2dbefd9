"""Follow-up written with outcomes: what a design is given, and histories that it may have made."""

import tomllib
from dataclasses import replace

import pytest

from escalation.designs import TiteBoin, TiteCrm
from escalation.errors import InputError
from escalation.outcomes import FollowUp
from escalation.protocol import DoseLevel, Protocol, advise
from escalation.protocol.consensus import ask_all
from escalation.protocol.file import find_faults
from escalation.protocol.tables import Backfill, DltWindow

BOIN = {"n_levels": 3, "target": 0.3, "max_patients": 30}


def protocol(design=None, **tables):
    levels = tuple(DoseLevel(label=label) for label in (1, 2, 3))
    made = Protocol(name="p", levels=levels, start=0, design=design or TiteBoin(**BOIN))
    return replace(made, dlt=DltWindow(window_days=28), **tables)


@pytest.mark.parametrize(
    ("outcomes", "problem"),
    [
        ("1NT?29", r"cohort 1 \(1NT\?29\): 29 days are beyond the DLT window of 28 days"),
        ("1NT@30?2", r"cohort 1 \(1NT@30\?2\): 30 days are beyond the DLT window"),
        ("1NT? 1N?2", r"cohort 1 \(1NT\?\) does not say how long each pending patient"),
        ("1N??2", r"cohort 1 \(1N\?\?2\) does not say how long each pending patient"),
    ],
)
def test_follow_up_that_is_not_the_protocols_is_refused_with_its_cohort(outcomes, problem):
    with pytest.raises(InputError, match=problem):
        advise(protocol(), outcomes)


def test_without_a_window_days_are_refused_and_outcomes_without_days_are_not():
    plan = replace(protocol(), dlt=DltWindow())
    with pytest.raises(InputError, match=r"the protocol has none: give --window"):
        advise(plan, "1NT?2")
    assert advise(plan, "1NN?").decision.possible


def test_what_a_design_is_given_is_what_is_written():
    found = advise(protocol(), "1NT@9?25")
    assert found.follow_up == (
        FollowUp(level=0, days=9, window_days=28, has_dlt=True),
        FollowUp(level=0, days=25, window_days=28),
    )
    # Table S1 of Yuan et al. 2018: 3 patients, 1 DLT, 1 pending
    assert found.decision.clause.id == "stay"
    # by the table it would be left downwards, which the lowest level cannot be
    assert advise(protocol(), "1NT?24").decision.clause.id == "suspended"
    assert advise(Protocol.plain(3), "1NT?25") == advise(Protocol.plain(3), "1NT?")


@pytest.mark.parametrize(
    ("history", "departures"),
    [
        ("1NNN 1NNN", 0),  # suspended, or the rate was not known to be so low
        ("1NNT 2NNN", 0),  # the DLT may have come after cohort 2 was opened
        ("1NNN 2NNN 1NNN", 1),  # no follow-up leads downwards where nobody has had a DLT
        ("1NNN 3NNN", 1),
        ("1NNN 2NTN 1NNN", 0),
        ("1NNN 2NNNN", 1),
        ("1TTT 2NNN", 0),  # eliminated by DLTs that may all have come later
    ],
)
def test_a_history_departs_only_where_no_earlier_follow_up_could_have_led_there(
    history, departures
):
    found = advise(protocol(), history, allow_departures=True)
    assert len(found.departures) == departures


def test_a_crm_may_have_gone_wherever_hidden_outcomes_could_have_led():
    crm = TiteCrm(n_levels=3, target=0.25, max_patients=24, cohort_size=1)
    plan = protocol(crm)
    for history, departures in (
        ("1N 2N 3N", 0),
        ("1N 2T 3N", 0),  # before the DLT came
        ("1N 3N", 1),  # none is skipped
        ("1N 2T 1N", 0),
        ("1N 2N 2N", 0),
    ):
        found = advise(plan, history, allow_departures=True)
        assert len(found.departures) == departures, history


def test_follow_up_of_backfill_counts_where_backfill_does():
    backfill = {"per_cohort": 3, "max_per_level": 9, "stop_at_rate": "1/3"}
    history = "1NNN 2NNN 3N?9?8 1N?20"
    for counted, n in (("never", 2), ("every decision", 3)):
        plan = protocol(backfill=Backfill(**backfill, counted=counted))
        found = advise(plan, history)
        assert (found.backfill_cohorts, len(found.follow_up)) == ((4,), n)


def test_all_designs_are_asked_where_follow_up_is_written():
    plan = protocol(Protocol.plain(3).design)
    without = {name for name, why in ask_all(plan, "1NT?").left_out if "follow-up" in why}
    assert without == {"tite-boin", "tite-crm"}
    written = ask_all(plan, "1NT?25", target=0.3, max_patients=30)
    assert {"tite-boin", "tite-crm"} <= {opinion.name for opinion in written.opinions}


def test_a_file_without_a_window_is_refused_for_a_design_that_asks_for_follow_up():
    levels = "\n".join(f"[[levels]]\nlabel = {label}" for label in (1, 2))
    text = f"""
        schema = 1
        name = "x"
        start = 1
        {levels}
        [design]
        name = "tite-boin"
        target = 0.25
        max_patients = 24
    """
    (fault,) = find_faults(tomllib.loads(text))
    assert fault.startswith("dlt.window_days: is missing: tite-boin weighs follow-up by it")
    assert find_faults(tomllib.loads(f"{text}\n[dlt]\nwindow_days = 28")) == ()


@pytest.mark.parametrize("days", [36_526, 10**20])
def test_days_beyond_a_century_are_refused_by_name(days):
    text = f'design = {{name = "3+3"}}\nlevels = [{{}}]\n[dlt]\nwindow_days = {days}\n'
    text += f"[enrolment]\nfirst_alone_days = {days}"
    faults = find_faults(tomllib.loads(text))
    for place in ("dlt.window_days", "enrolment.first_alone_days"):
        assert f"{place}: must be at most 36525, not {days}" in faults
