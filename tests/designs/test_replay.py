"""Replaying a history: every cohort that the protocol would not have produced is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.designs import Action, ThreePlusThree
from escalation.designs.replay import DepartureError, replay
from escalation.errors import EscalationError, LadderError
from escalation.outcomes import parse_outcomes, tally_cohorts

LABELS = (-1, 1, 2, 3)


def departures(outcomes: str, **options):
    design = ThreePlusThree(n_levels=len(LABELS), start=1, **options)
    found = replay(design, parse_outcomes(outcomes), LABELS).departures
    return [(departure.cohort, departure.problem) for departure in found]


@pytest.mark.parametrize(
    "outcomes",
    [
        "",
        "1N",
        "1NN 1N",
        "1N 1N 1N 2N 2NN 3T",
        "1NNN",
        "1NNT 1NNN",
        "1TT",
        "1TTT -1NNN -1NNN",
        "1TT -1NNN -1NNT",
        "1NNN 2NNN 3NNN 3NNT",
        "1NNN 2TT? 1NNN",  # the pending patient cannot change anything
        "1NNX 1N 2NNN",  # replaced
        "1XXX 1NNN",
        "1NNNX",  # the replaced patient does not count
        "1N? 1N",  # two of three enrolled: the third may come
        "1NNN 2NT? ",
        "1NNT 1NNN 2N?",
    ],
)
def test_a_history_by_the_protocol_has_no_departures(outcomes):
    assert departures(outcomes) == []


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("1TTT 2NNN", [(2, "is at level 2 where the design says level -1")]),
        ("1TT 1N", [(2, "is at level 1 where the design says level -1")]),
        ("1TTN 1NNN", [(2, "is at level 1 where the design says level -1")]),
        ("1NNNN", [(1, "has 4 patients where the design opens 3")]),
        (
            "1NNN? 2NNN",  # the fourth may have a DLT: 1/4 is completed to six first
            [(1, "has 4 patients where the design opens 3"), (2, "was opened while the design")],
        ),
        ("1NN 1NN", [(2, "has 2 patients where the design opens 1")]),
        ("1NNT 1NNNN", [(2, "has 4 patients where the design opens 3")]),
        ("2NNN", [(1, "is at level 2 where the design says level 1")]),
        ("-1NNN", [(1, "is at level -1 where the design says level 1")]),
        ("1NNN 3NNN", [(2, "is at level 3 where the design says level 2")]),
        ("1NNN 1NNN", [(2, "is at level 1 where the design says level 2")]),
        ("1NN? 2NNN", [(2, "was opened while the design was waiting")]),
        ("1NN? 1NNN", [(2, "was opened while the design was waiting")]),
        ("1NNN 2T?? 2NNN", [(3, "was opened while the design was waiting")]),
        ("1TT -1TT -1N", [(3, "was opened after the design had stopped")]),
        ("1TT -1TT 1N 2N", [(3, "after the design had stopped"), (4, "after the design")]),
        ("1NNN 2NNN 3NNN 3NNN 3NNN", [(5, "was opened after the design had stopped")]),
        (
            "2NNN 1NNN 3NNNN",  # each by itself; afterwards the tallies count
            [
                (1, "is at level 2 where the design says level 1"),
                (2, "is at level 1 where the design says level 3"),
                (3, "has 4 patients where the design opens 3"),
            ],
        ),
        ("1NNN 2TTT 2X", [(3, "is at level 2 where the design says level 1")]),
    ],
)
def test_each_departure_is_named(outcomes, expected):
    found = departures(outcomes)
    assert [number for number, _ in found] == [number for number, _ in expected]
    for (number, problem), (_, said) in zip(found, expected, strict=True):
        assert said in problem
        assert problem.startswith(f"cohort {number} ({outcomes.split()[number - 1]})")


def test_a_departure_holds_what_was_expected():
    design = ThreePlusThree(n_levels=4, start=1)
    (departure,) = replay(design, parse_outcomes("1TTT 2NNN"), LABELS).departures
    assert departure.notation == "2NNN"
    assert (departure.expected.action, departure.expected.level) == (Action.DEESCALATE, 0)


def test_the_last_cohort_alone_would_tell_otherwise():
    """Published tools answer ``1TTT 2NNN`` with "escalate to 3"."""
    cohorts = parse_outcomes("1TTT 2NNN")
    design = ThreePlusThree(n_levels=4, start=1)
    decision = design.decide(tally_cohorts(cohorts, LABELS), 2)
    assert decision.action is Action.DEESCALATE
    assert decision.level == 0
    assert replay(design, cohorts, LABELS).departures


def test_one_error_names_all_departures():
    design = ThreePlusThree(n_levels=4, start=1)
    found = replay(design, parse_outcomes("2NNN 1NNNN"), LABELS).departures
    error = DepartureError(found)
    assert isinstance(error, EscalationError)
    assert error.exit_code == 1
    assert error.departures == found
    assert "cohort 1 (2NNN)" in str(error)
    assert "cohort 2 (1NNNN)" in str(error)
    assert "--allow-departures" in str(error)


@pytest.mark.parametrize("outcomes", ["4NNN", "1NNN 4NNN", "0N", "1TT 2NNN -2N"])
def test_a_level_that_is_not_on_the_ladder_is_refused(outcomes):
    with pytest.raises(LadderError, match="its levels are -1, 1, 2, 3"):
        departures(outcomes)


def test_a_maximum_sample_size_is_a_stop():
    assert departures("1NNN 2NNN", max_patients=6) == []
    ((number, problem),) = departures("1NNN 2NNN 3NNN", max_patients=6)
    assert number == 3
    assert "after the design had stopped" in problem


@given(data=st.data(), variant=st.sampled_from(["confirm", "declare"]))
def test_following_the_design_patient_by_patient_never_departs(data, variant):
    design = ThreePlusThree(n_levels=len(LABELS), start=1, variant=variant)
    history, level = "", design.start
    for _ in range(60):
        cohorts = parse_outcomes(history)
        decision = design.decide(tally_cohorts(cohorts, LABELS), level)
        if decision.level is None:
            break
        size = data.draw(st.integers(1, decision.n_to_enrol))
        letters = "".join(data.draw(st.sampled_from("NNNTX")) for _ in range(size))
        history += f" {LABELS[decision.level]}{letters}"
        level = decision.level
    assert replay(design, parse_outcomes(history), LABELS).departures == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.text("NNNTTT?X", min_size=1, max_size=4)), max_size=6
    )
)
def test_any_history_on_the_ladder_can_be_replayed(cohorts):
    history = parse_outcomes(" ".join(f"{label}{letters}" for label, letters in cohorts))
    design = ThreePlusThree(n_levels=len(LABELS), start=1)
    found = replay(design, history, LABELS).departures
    numbers = [departure.cohort for departure in found]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(range(1, len(cohorts) + 1))
    # a departure at the end is one whatever follows
    assert replay(design, history[:-1], LABELS).departures == tuple(
        departure for departure in found if departure.cohort < len(history)
    )
