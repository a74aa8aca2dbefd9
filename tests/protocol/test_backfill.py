"""Backfill in notation: who it is, when it counts, and what the decision says of it."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.designs import make_design
from escalation.designs.replay import DepartureError
from escalation.outcomes import Cohort, Outcome, parse_outcomes
from escalation.protocol import Backfill, Protocol, advise, describe_decision, load_protocol
from escalation.protocol.file import find_faults
from escalation.reports.backfill_text import backfill_rule
from escalation.reports.rule.text import view_rule


def protocol(**backfill) -> Protocol:
    table = Backfill(**{"per_cohort": 3, "max_per_level": 6, **backfill})
    return replace(Protocol.plain(4), backfill=table)


@pytest.mark.parametrize(
    ("history", "backfill", "decision"),
    [
        # level 3 is open, two more are treated at level 1: it goes on
        ("1NNN 2NNN 3NN 1NN", (2, 0), "Stay at level 3: enrol 1 patient."),
        ("1NNN 2NNN 3NNN 1NT 2N", (2, 1), "Escalate to level 4: enrol 3 patients."),
        ("1NNN 2NNN 3??? 1NNN", (3, 0), "Wait for the pending patients."),
        # beside the last cohort, whose outcomes end the escalation
        ("1NNN 2NNN 3TT 2NNN 1NT", (2, 1), "Stop: the MTD is level 2."),
        # after the level above was too toxic, level 2 is the escalation's
        ("1NNN 2NNN 3TT 2NNN", (0, 0), "Stop: the MTD is level 2."),
    ],
)
def test_a_cohort_below_the_current_level_is_backfill(history, backfill, decision):
    asked = protocol()
    advice = advise(asked, history)
    first = advice.backfill[0]
    assert (first.n_evaluable, first.n_dlts) == backfill
    assert describe_decision(advice.decision, asked) == decision
    assert advice.departures == ()


@pytest.mark.parametrize(
    ("history", "backfill"),
    [
        ("1NNN 2NNN 3NNN 1NNNN", {}),  # a cohort opens three places
        ("1NNN 2NNN 3NNN 1NN 1NN", {}),  # and no more, however they are written
        ("1NNN 2NNN 1NNN 3NNN 1NNN 4NNN 1N", {}),  # six at most
        ("1NNN 2NNN 3NNN 1N", {"from_level": 2}),
        ("1NNN 2NNN 2N", {}),  # not below
        ("1NNN 2NNN 3NNN 1NTT 4NNN 1N", {"stop_at_rate": "1/3"}),  # 2 of 6
        ("1NNN 2NNN 3NNN 1N", {"max_per_level": None}),
        ("1NNN 2NNN 3TT 2NNN 1NNNN", {}),  # the places of the last cohort
        ("1NNN 2NNN 3TT 2NNN 2N 1N", {}),  # the MTD is expanded
    ],
)
def test_more_than_the_protocol_has_places_for_departs(history, backfill):
    with pytest.raises(DepartureError):
        advise(protocol(**backfill), history)


def test_places_at_a_level_are_used_up_one_after_the_other_until_the_last():
    asked = protocol(max_per_level=3)
    advice = advise(asked, "1NNN 2NNN 3??? 1N 1N 1N")
    assert advice.backfill[0].n_evaluable == 3
    with pytest.raises(DepartureError):
        advise(asked, "1NNN 2NNN 3??? 1N 1N 1N 1N")


@pytest.mark.parametrize(
    ("history", "left"),
    [
        ("1NNN 2NNN 3NNN 1NNNN", "3 places left"),
        ("1NNN 2NNN 3NNN 1NN 1NN", "1 place left"),
        ("1NNN 2NNN 3NNN 1NNN 1N", "no place left"),
    ],
)
def test_a_departure_says_what_is_left_to_backfill(history, left):
    with pytest.raises(DepartureError, match=f"and backfill has {left} there"):
        advise(protocol(), history)


@pytest.mark.parametrize(
    ("counted", "decision"),
    [
        ("never", "Escalate to level 3: enrol 3 patients."),
        ("final decision", "Escalate to level 3: enrol 3 patients."),
        ("every decision", "Stop: no MTD."),
    ],
)
def test_backfill_counts_at_the_decisions_that_the_protocol_names(counted, decision):
    asked = protocol(counted=counted)
    assert describe_decision(advise(asked, "1NNN 2NNN 1TT").decision, asked) == decision


def test_backfill_that_counts_at_the_end_counts_there():
    """Level 2 would be the MTD by the escalation; with its backfill it has 3 DLTs among 9."""
    history = "1NNN 2NNN 3NNN 2TTT 4NTT 3TTN 2NNN"
    assert advise(protocol(), history).decision.mtd == 1
    assert advise(protocol(counted="final decision"), history).decision.mtd != 1


@given(st.data())
def test_backfill_that_never_counts_leaves_no_trace_in_the_decision(data):
    """A history is made as the rule says, with backfill wherever the protocol has places."""
    asked = protocol()
    cohorts: list[Cohort] = []
    own: list[Cohort] = []
    letters = st.sampled_from([Outcome.NO_DLT, Outcome.DLT])
    for _ in range(data.draw(st.integers(0, 9))):
        advice = advise(asked, own)
        if advice.decision.level is None:
            break
        beside = data.draw(st.integers(0, advice.level))
        if own and beside < advice.level:
            full = [*cohorts, Cohort(label=beside + 1, outcomes=(data.draw(letters),))]
            if advise(asked, full, allow_departures=True).backfill_cohorts[-1:] == (len(full),):
                cohorts = full
                continue
        size = advice.decision.n_to_enrol
        drawn = data.draw(st.lists(letters, min_size=size, max_size=size))
        cohort = Cohort(label=advice.decision.level + 1, outcomes=tuple(drawn))
        own, cohorts = [*own, cohort], [*cohorts, cohort]
    with_it, without = advise(asked, cohorts), advise(asked, own)
    assert with_it.decision == without.decision
    assert with_it.escalation == without.escalation
    assert sum(tally.n_patients for tally in with_it.backfill) == sum(
        len(cohort.outcomes) for cohort in cohorts
    ) - sum(len(cohort.outcomes) for cohort in own)


def test_nobody_is_backfilled_before_the_escalation_has_begun():
    with pytest.raises(DepartureError, match="is at level 1 where the design says level 2"):
        advise(protocol().with_start(2), "1N")
    assert advise(protocol().with_start(2), "2NNN 1N").backfill_cohorts == (2,)


def test_without_a_table_a_cohort_below_departs_as_before():
    with pytest.raises(DepartureError, match="is at level 1 where the design says level 3"):
        advise(Protocol.plain(4), parse_outcomes("1NNN 2NNN 1NN"))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("per_cohort = 2", "backfill.max_per_level: is missing; say how many at a level"),
        ("max_per_level = 0", "backfill.max_per_level: must be at least 1"),
        ("max_per_level = 6\nfrom_level = 9", "backfill.from_level: level 9 is not on the ladder"),
        ("max_per_level = 6\nfrom_level = 3", "backfill.from_level: 3 is the highest level"),
        ("max_per_level = 6\nfrom_level = '1N'", 'backfill.from_level: "1N" reads as outcomes'),
        ("max_per_level = 6\ncounted = 'always'", "backfill.counted: must be 'never', 'every"),
        ("max_per_level = 6\nstop_at_rate = '4/3'", "backfill.stop_at_rate: is more than 1"),
        ("max_per_level = 6\nlevels = [1]", "backfill.levels: is not a setting"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(table, fault):
    levels = "\n".join(f"[[levels]]\nlabel = {label}" for label in (1, 2, 3))
    text = (
        f'schema = 1\nname = "x"\nstart = 1\n[design]\nname = "3+3"\n{levels}\n[backfill]\n{table}'
    )
    found = find_faults(tomllib.loads(text))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("options", "backfill", "sentences"),
    [
        (
            {},
            {},
            "opens up to 3 places at every level below it, from level 1 up, until 6 patients of "
            "the backfill have been treated there. Backfill counts at no decision of the "
            "escalation.",
        ),
        (
            {"max_patients": 30},
            {"from_level": 2, "per_cohort": 1, "counted": "every decision", "stop_at_rate": "1/3"},
            "opens up to 1 place at every level below it, from level 2 up, until 6 patients of the "
            "backfill have been treated there. A level is closed to it when the DLT rate among "
            "all patients there is 1/3 or more. Backfill counts at every decision of the "
            "escalation, and counts towards the maximum of 30 patients.",
        ),
    ],
)
def test_the_rule_in_words_says_each_setting_of_backfill(options, backfill, sentences):
    asked = protocol(**backfill)
    said = backfill_rule(replace(asked, design=replace(asked.design, **options)))
    assert said is not None
    assert said.endswith(sentences)


def test_the_text_of_a_protocol_has_backfill_and_expansion_in_words():
    sections = view_rule(load_protocol("backfill-example")).document()["sections"]
    said = {section["title"]: " ".join(section["paragraphs"]) for section in sections}
    assert "opens up to 3 places" in said["Backfill"]
    assert "6 patients are to be treated in it." in said["Expansion"]
    assert "2 DLTs among the first 6" in said["Expansion"]
    plain = view_rule(Protocol.plain(3)).document()["sections"]
    assert not {"Backfill", "Expansion"} & {section["title"] for section in plain}


def test_what_a_final_decision_counts_is_shown_also_where_it_does_not_end():
    """The escalation alone would stop with level 2; with its backfill that level is too toxic."""
    asked = protocol(counted="final decision", stop_at_rate=None)
    advice = advise(asked, "1NNN 2NNN 3NNN 2TTT 4TTN 3TTN 2NNN")
    assert advise(protocol(), "1NNN 2NNN 3NNN 2TTT 4TTN 3TTN 2NNN").decision.mtd == 1
    assert advice.decision.mtd is None
    assert not advice.decision.has_ended
    assert (advice.counted[1].n_evaluable, advice.counted[1].n_dlts) == (9, 3)


def test_by_zhao_levels_in_conflict_are_judged_together_in_a_history():
    """Level 3 says escalate, level 1 has 3 of 6: with all from there, 3 of 12 stay."""
    boin = make_design("boin", n_levels=4, target=0.25, max_patients=30)
    table = Backfill(scheme="zhao2024", counted="every decision", max_per_level=12)
    asked = replace(Protocol.plain(4), design=boin, backfill=table)
    advice = advise(asked, "1NNN 2NNN 3NNN 1TTT")
    assert advice.decision.level == 2
    assert advice.decision.clause.id == "pooled"
    assert advise(replace(asked, backfill=Backfill()), "1NNN 2NNN 3NNN").decision.level == 3
