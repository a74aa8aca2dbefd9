"""Replaying a history: every cohort that the protocol would not have produced is named."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.designs import DESIGNS, Action, Design, ThreePlusThree, make_design
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


# --- the expansion --------------------------------------------------------------------------

EXPANSIONS = [
    # outcomes, options, cohorts of the expansion, its level, counts there, departures
    ("1NNN 2TTN 1NNN", {}, None, []),
    ("1NNN 2TTN 1NNN 1NNNNNNNNTT", {}, ((4,), 1, (10, 2, 0)), []),
    ("1NNN 2TTN 1NNN 1N 1T? 1XX", {}, ((4, 5, 6), 1, (2, 1, 1)), []),
    ("1NNN 2TTN 1N 1N 1N 1N", {}, ((6,), 1, (1, 0, 0)), []),  # three of them fill the cohort
    ("1NNN 2TTN 1NNN 1XX", {}, ((4,), 1, (0, 0, 0)), []),
    ("1NNN 2TTN 1NNT", {"variant": "declare"}, ((3,), 1, (3, 1, 0)), []),
    ("1NNN 2NNN 3NNN 3NNN 3TTT", {}, ((5,), 3, (3, 3, 0)), []),
    ("1NNT 1NTN 1NN", {"two_of_six": "mtd"}, ((3,), 1, (2, 0, 0)), []),
    ("1NNN 2TTN 1NNN 2N", {}, None, [4]),
    ("1NNN 2TTN 1NNN -1NNN", {}, None, [4]),
    ("1NNN 2TTN 1NNN 1TT 2N 1N", {}, ((4, 6), 1, (3, 2, 0)), [5]),  # level 2 is as toxic as before
    ("1NNN 2TTN 1NNNNN", {}, None, [3]),  # one cohort, larger than the design opens: no expansion
    ("1NNN 2TTN 1NN? 1N", {}, None, [4]),  # the MTD is not settled
    ("1TTN -1TT -1N", {}, None, [3]),  # no MTD to expand
    ("1NNN 2NNN 2NN", {"max_patients": 6}, None, [3]),  # not determined
]


@pytest.mark.parametrize(("outcomes", "options", "expansion", "departing"), EXPANSIONS)
def test_patients_at_the_mtd_after_the_stop_are_an_expansion(
    outcomes, options, expansion, departing
):
    design = ThreePlusThree(n_levels=len(LABELS), start=1, **options)
    cohorts = parse_outcomes(outcomes)
    found = replay(design, cohorts, LABELS, expands=True)
    assert [departure.cohort for departure in found.departures] == departing
    if expansion is None:
        assert found.expansion is None
        assert found.tallies == tally_cohorts(cohorts, LABELS)
        return
    numbers, label, counts = expansion
    assert found.expansion is not None
    assert (found.expansion.cohorts, LABELS[found.expansion.level]) == (numbers, label)
    seen = found.expansion.tally
    assert (seen.n_evaluable, seen.n_dlts, seen.n_pending) == counts
    counted = [cohort for number, cohort in enumerate(cohorts, 1) if number not in numbers]
    assert found.tallies == tally_cohorts(counted, LABELS)


def test_an_expansion_whose_mtd_is_taken_back_counts_again():
    """DLTs elsewhere after the stop, against the rule, show that the escalation has not ended."""
    design = ThreePlusThree(n_levels=2)
    cohorts = parse_outcomes("1NNN 2NNN 2NNN 2TN 1TTT")
    before = replay(design, cohorts[:-1], (1, 2), expands=True)
    assert before.expansion is not None
    found = replay(design, cohorts, (1, 2), expands=True)
    assert found.expansion is None
    assert [departure.cohort for departure in found.departures] == [5]
    assert found.tallies == tally_cohorts(cohorts, (1, 2))
    assert design.decide(found.tallies, found.level, found.last).mtd is None


def test_the_last_cohort_of_the_escalation_is_not_one_of_the_expansion():
    design = make_design("crm", n_levels=3, start=0, target=0.3, max_patients=12)
    cohorts = parse_outcomes("1NNN 2NNN 3NTN 3NNN 3TTT")
    found = replay(design, cohorts, (1, 2, 3), expands=True)
    assert found.expansion is not None
    assert (found.last, found.level) == (cohorts[3].tally, 2)


def test_without_it_every_cohort_after_the_stop_departs():
    design = ThreePlusThree(n_levels=len(LABELS), start=1)
    found = replay(design, parse_outcomes("1NNN 2TTN 1NNN 1NN"), LABELS)
    assert (found.expansion, [departure.cohort for departure in found.departures]) == (None, [4])


OPTIONS = {
    "a+b": {"a": 3, "b": 3, "c": 1, "d": 1, "e": 1},
    **{
        name: {"target": 0.3, "max_patients": 12}
        for name in ("boin", "tite-boin", "keyboard", "mtpi-2", "mtpi", "tpi")
    },
    **{name: {"target": 0.3, "max_patients": 12} for name in ("i3+3", "crm", "tite-crm")},
    "g3+3": {"max_patients": 12},
}


def played_to_an_mtd(design: Design, rng: random.Random):
    """Follow a design, outcomes at random, until it stops with an MTD."""
    labels = range(1, design.n_levels + 1)
    while True:
        history = ""
        for _ in range(60):
            cohorts = parse_outcomes(history)
            found = replay(design, cohorts, labels)
            decision = design.decide(found.tallies, found.level, found.last)
            if decision.level is None:
                break
            letters = "".join(rng.choices("NNNNT", k=decision.n_to_enrol))
            history += f" {decision.level + 1}{letters}"
        if decision.mtd is not None:
            return cohorts, decision


@pytest.mark.parametrize("name", DESIGNS)
def test_no_number_of_dlts_in_the_expansion_undoes_any_designs_mtd(name):
    design = make_design(name, n_levels=3, start=0, **OPTIONS.get(name, {}))
    rng = random.Random(1)  # noqa: S311  # of outcomes
    for _ in range(5):
        cohorts, decision = played_to_an_mtd(design, rng)
        mtd = decision.mtd + 1
        after = parse_outcomes(f"{mtd}TTTTTTT {mtd}T {mtd}N?X {mtd}TTTTTTTTTTTTTTTTTTTT")
        found = replay(design, (*cohorts, *after), (1, 2, 3), expands=True)
        assert found.departures == ()
        assert found.expansion is not None
        first = len(cohorts) + 1
        assert found.expansion.cohorts == tuple(range(first, first + 4))
        assert found.expansion.tally.n_dlts == 28
        assert design.decide(found.tallies, found.level, found.last) == decision


@given(
    st.lists(
        st.tuples(st.sampled_from((1, 2)), st.text("NNNNT?X", min_size=1, max_size=4)), max_size=8
    )
)
def test_everybody_is_of_the_escalation_or_of_the_expansion(cohorts):
    history = parse_outcomes(" ".join(f"{label}{letters}" for label, letters in cohorts))
    design = ThreePlusThree(n_levels=2, variant="declare")
    found = replay(design, history, (1, 2), expands=True)
    together = list(found.tallies)
    if found.expansion is not None:
        level = found.expansion.level
        together[level] = together[level].plus(found.expansion.tally)
        assert design.decide(found.tallies, found.level, found.last).mtd == level
    assert tuple(together) == tally_cohorts(history, (1, 2))
    shorter = replay(design, history[:-1], (1, 2), expands=True).departures
    assert shorter == tuple(d for d in found.departures if d.cohort < len(history))


# --- what is left of the last cohort, by hand ----------------------------------------------------

RANGE = ThreePlusThree(n_levels=4, start=1, cohort_size="3-6")
ROLLING = make_design("rolling-six", n_levels=4, start=1)
PLAIN = ThreePlusThree(n_levels=4, start=1)
OPENED = [
    # design, outcomes, patients of the cohort as opened, places left, label, last: evaluable, DLTs
    (PLAIN, "", 0, 0, 1, (0, 0, 0)),
    (PLAIN, "1N", 3, 2, 1, (1, 0, 0)),
    (PLAIN, "1NN", 3, 1, 1, (2, 0, 0)),
    (PLAIN, "1NNN", 3, 0, 1, (3, 0, 0)),
    (PLAIN, "1N 1N", 3, 1, 1, (2, 0, 0)),
    (PLAIN, "1N 1NN", 3, 0, 1, (3, 0, 0)),
    (PLAIN, "1N 1NNN", 0, 0, 1, (3, 0, 0)),  # departs: two places were left
    (PLAIN, "1NNNN 1N", 0, 0, 1, (1, 0, 0)),
    (PLAIN, "1NNN 2X", 3, 3, 2, (0, 0, 0)),
    (PLAIN, "1NNN 2X 2NN", 3, 1, 2, (2, 0, 0)),
    (PLAIN, "2N 2N", 2, 1, 2, (1, 0, 0)),  # the first departs; the second opens what is lacking
    (PLAIN, "1NNT 1N 1N", 3, 1, 1, (2, 0, 0)),
    (PLAIN, "1TT", 3, 1, 1, (2, 2, 0)),
    (PLAIN, "1TT -1N", 3, 2, -1, (1, 0, 0)),
    (PLAIN, "1N 1X", 3, 2, 1, (1, 0, 0)),
    (PLAIN, "1N 2X", 0, 0, 2, (0, 0, 0)),
    (PLAIN, "1? 1? 1?", 3, 0, 1, (0, 0, 3)),
    (PLAIN, "1? 1? 1? 1?", 0, 0, 1, (0, 0, 1)),
    (RANGE, "1NN", 3, 1, 1, (2, 0, 0)),
    (RANGE, "1NNNN", 4, 0, 1, (4, 0, 0)),
    (RANGE, "1NNNNNN", 6, 0, 1, (6, 0, 0)),
    (RANGE, "1NN 1NNN", 3, 0, 1, (5, 0, 0)),  # the range has places beyond three
    (RANGE, "1NN 1NNNN", 3, 0, 1, (6, 0, 0)),
    (RANGE, "1NNT 1NNNN", 4, 0, 1, (4, 0, 0)),
    (ROLLING, "1NNN 1N", 3, 2, 1, (1, 0, 0)),  # before the outcomes of the first were known
    (ROLLING, "1NNN 1NNN", 3, 0, 1, (3, 0, 0)),
    (ROLLING, "1NNNNNN", 6, 0, 1, (6, 0, 0)),
    (ROLLING, "1NNN 2N? 2NN", 2, 0, 2, (2, 0, 0)),
    (ROLLING, "1NNNNNNN", 0, 0, 1, (7, 0, 0)),
]


@pytest.mark.parametrize(
    ("design", "outcomes", "expected"), [(*row[:2], row[2:]) for row in OPENED]
)
def test_the_last_cohort_and_its_places_by_hand(design, outcomes, expected):
    cohorts = parse_outcomes(outcomes)
    found = replay(design, cohorts, LABELS)
    last = (found.last.n_evaluable, found.last.n_dlts, found.last.n_pending)
    assert (found.n_opened, found.n_places, LABELS[found.level], last) == expected
    assert found.tallies == tally_cohorts(cohorts, LABELS)
    assert found.expansion is None


MORE_DEPARTURES = [
    (RANGE, "1NNNNNNN", ["cohort 1 (1NNNNNNN) has 7 patients where the design opens at most 6"]),
    (
        RANGE,
        "1NN 1NNNNN",
        ["cohort 2 (1NNNNN) has 5 patients where the design opens at most 4"],
    ),
    (RANGE, "1NN 1NNN 1N", ["cohort 3 (1N) is at level 1 where the design says level 2"]),
    (PLAIN, "1N 1X 1NNN", ["cohort 3 (1NNN) has 3 patients where the design opens 2"]),
    (PLAIN, "1NX 1NN", []),
    (PLAIN, "1NT 1T 1N", ["cohort 3 (1N) is at level 1 where the design says level -1"]),
    (PLAIN, "1NNN 2N 1N 2NN", ["cohort 3 (1N) is at level 1 where the design says level 2"]),
    (ROLLING, "1NNN 1NNNN", ["cohort 2 (1NNNN) is at level 1 where the design says level 2"]),
    (ROLLING, "1NNNN 1NNN", ["cohort 2 (1NNN) is at level 1 where the design says level 2"]),
    (ROLLING, "1NNNNNNN", ["cohort 1 (1NNNNNNN) has 7 patients where the design opens 6"]),
    (ROLLING, "1NNN 2NNN 1NN", ["cohort 3 (1NN) is at level 1 where the design says level 3"]),
    (
        PLAIN,
        "2" + "N" * 29,
        [f"cohort 1 (2{'N' * 29}) is at level 2 where the design says level 1"],
    ),
    (
        PLAIN,
        "2" + "N" * 30,
        [f"cohort 1 (2{'N' * 26}...) is at level 2 where the design says level 1"],
    ),
]


@pytest.mark.parametrize(("design", "outcomes", "problems"), MORE_DEPARTURES)
def test_departures_in_their_whole_words(design, outcomes, problems):
    found = replay(design, parse_outcomes(outcomes), LABELS).departures
    assert [departure.problem for departure in found] == problems


@pytest.mark.parametrize("n", [1, 5, 6, 9])
def test_five_departures_are_named_and_more_are_counted(n):
    found = replay(PLAIN, parse_outcomes("3N"), LABELS).departures * n
    shown = "; ".join(departure.problem for departure in found[:5])
    more = f"; and {n - 5} more" if n > 5 else ""
    assert str(DepartureError(found)) == (
        f"the protocol would not have produced this history: {shown}{more}. "
        "Use --allow-departures to decide on it all the same"
    )


def test_an_expansion_and_departures_by_hand():
    """After the stop with level 1 as MTD: its cohorts, one elsewhere, and nothing to roll on."""
    found = replay(ROLLING, parse_outcomes("1NNN 2TTN 1NNN 1NN 1N"), LABELS, expands=True)
    assert found.expansion is not None
    assert (found.expansion.level, found.expansion.cohorts) == (1, (4, 5))
    assert found.departures == ()
    assert (found.n_opened, found.n_places, found.last.n_evaluable) == (3, 0, 3)
