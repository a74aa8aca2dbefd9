"""Outcome notation: what is read, what is refused and where, and what the tallies make of it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from escalation.errors import EscalationError, InputError, LadderError, NotationError
from escalation.outcomes import (
    Cohort,
    FollowUp,
    Outcome,
    Tally,
    format_outcomes,
    parse_outcomes,
    tally_cohorts,
)

labels = st.integers(-999, 999)
cohorts = st.lists(
    st.builds(
        Cohort,
        label=labels,
        outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=12).map(tuple),
    ),
    max_size=12,
).map(tuple)


@given(cohorts)
def test_notation_round_trip(history):
    text = format_outcomes(history)
    assert parse_outcomes(text) == history
    assert text.isascii()
    assert format_outcomes(parse_outcomes(text)) == text


@given(cohorts, st.lists(st.sampled_from([" ", "  ", "\t", "\n", "\r\n"]), min_size=14))
def test_any_ascii_space_between_cohorts_is_a_space(history, spaces):
    words = [str(cohort) for cohort in history]
    text = spaces[0] + "".join(w + s for w, s in zip(words, spaces[1:], strict=False))
    assert parse_outcomes(text) == history


@given(st.text(alphabet="NTXM?nt0123456789- \t\u00a0\uff11\u0663\x00", max_size=20) | st.text())
@example("1NNN 2NT?")
def test_any_text_is_read_or_refused_at_a_place_in_it(text):
    fault = None
    try:
        history = parse_outcomes(text)
    except NotationError as error:
        fault = error
    if fault is None:
        assert [str(cohort) for cohort in history] == text.split()
    else:
        assert 0 <= fault.position < len(text)
        assert f"character {fault.position + 1}:" in str(fault)
        assert fault.text == text
        assert str(fault).isascii()
        assert "\n" not in str(fault)


@given(history=cohorts.filter(bool), data=st.data())
def test_one_foreign_character_is_pointed_at(history, data):
    """A character that belongs nowhere is the first fault, so reading must fail exactly there."""
    text = format_outcomes(history)
    letters = [i for i, letter in enumerate(text) if letter in "NTXM?" and text[i - 1] in "NTXM?"]
    assume(letters)  # the first could belong to the label
    place = data.draw(st.sampled_from(letters))
    foreign = data.draw(st.sampled_from("ntx!¿Y;,.+_\x00\x7f\uff2e\uff34\u0422\u200b\ufeffé"))
    spoiled = text[:place] + foreign + text[place + 1 :]
    with pytest.raises(NotationError) as caught:
        parse_outcomes(spoiled)
    assert caught.value.position == place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("\n", []),
        ("1N", [(1, "N")]),
        ("-1NT?X", [(-1, "NT?X")]),
        ("0N", [(0, "N")]),
        ("999N -999T", [(999, "N"), (-999, "T")]),
        ("10NNN 1NNN", [(10, "NNN"), (1, "NNN")]),
        ("2X", [(2, "X")]),
        ("1" + "N" * 500, [(1, "N" * 500)]),
        ("+1NNN 0.5N? 1aNT DL-1X", [("+1", "NNN"), ("0.5", "N?"), ("1a", "NT"), ("DL-1", "X")]),
        ("01N 1.0N 1e2N", [("01", "N"), ("1.0", "N"), ("1e2", "N")]),
    ],
)
def test_what_the_notation_means(text, expected):
    assert [(c.label, "".join(c.outcomes)) for c in parse_outcomes(text)] == expected


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("NNN", 0, "'N' where a level label"),
        ("1NNN NT", 5, "'N' where a level label"),
        ("1", 0, "level 1 has no outcomes"),
        ("1NNN 2", 5, "level 2 has no outcomes"),
        ("-12", 2, "level -12 has no outcomes"),
        ("1NNN 12", 6, "level 12 has no outcomes"),
        ("1 NNN", 0, "level 1 has no outcomes"),
        ("-", 0, "'-' where a level label"),
        ("--1N", 0, "'-' where a level label"),
        ("-0N", 0, "-0 is not a label"),
        ("1000N", 0, "1000 is not a label: whole numbers from -999 to 999"),
        ("1nnt", 1, "'n' is not an outcome"),
        ("1NNN2NNT", 4, "'2' is not an outcome"),
        ("1NNN,2NNT", 4, "',' is not an outcome"),
        ("1NN-1T", 3, "'-' is not an outcome"),
        ("1NNF", 3, "write N (no DLT), T (DLT), ? (pending), X (not evaluable) or M (moderate"),
        ("\uff11NNN", 0, r"'\uff11' where a level label"),  # full-width 1
        ("\u0661NNN", 0, r"'\u0661' where a level label"),  # Arabic-Indic 1
        ("1\u0661N", 1, r"'\u0661' is not an outcome"),
        ("1\u00b2N", 1, r"'\xb2' is not an outcome"),  # superscript 2
        ("\u22121N", 0, r"'\u2212' where a level label"),  # minus sign
        ("1N\uff2eN", 2, r"'\uff2e' is not an outcome"),  # full-width N
        ("1N\u0422", 2, r"'\u0422' is not an outcome"),  # Cyrillic T
        ("1N\uff1f", 2, r"'\uff1f' is not an outcome"),  # full-width ?
        ("1N\x00", 2, r"'\x00' is not an outcome"),
        ("1N\x1b[31m", 2, r"'\x1b' is not an outcome"),
        ("1N\u200bN", 2, r"'\u200b' is not an outcome"),  # zero-width space
        ("\ufeff1N", 0, r"'\ufeff' where a level label"),  # byte order mark
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stands(text, position, said):
    with pytest.raises(NotationError) as caught:
        parse_outcomes(text)
    assert caught.value.position == position
    assert said in str(caught.value)
    assert str(caught.value).isascii()
    assert isinstance(caught.value, EscalationError)
    assert caught.value.exit_code == 1


FOREIGN_SPACES = [
    character
    for character in map(chr, range(0x110000))
    if character.isspace() and character not in " \t\n\r"
]


@pytest.mark.parametrize(
    "space", FOREIGN_SPACES, ids=[unicodedata.name(c, f"U+{ord(c):04X}") for c in FOREIGN_SPACES]
)
def test_notation_is_ascii_so_no_other_space_separates(space):
    """No-break and wide spaces and the control characters that Unicode counts as white space."""
    with pytest.raises(NotationError) as caught:
        parse_outcomes(f"1NNN{space}2NNT")
    assert caught.value.position == 4
    assert str(caught.value).isascii()


@pytest.mark.parametrize("place", [0, 14, 15, 16, 500, 984, 985, 999])
def test_a_long_text_is_quoted_around_the_fault(place):
    text = "1" + "N" * 999
    text = text[:place] + "!" + text[place + 1 :]
    with pytest.raises(NotationError) as caught:
        parse_outcomes(text)
    assert caught.value.position == place
    assert "!" in str(caught.value).partition("character")[0]
    assert len(str(caught.value)) < 200


def test_quotes_and_backslashes_in_the_text_stay_readable():
    with pytest.raises(NotationError, match=r"character 3") as caught:
        parse_outcomes("1N'\"\\")
    assert str(caught.value).startswith('outcomes "1N')


# ---------------------------------------------------------------- tallies


@given(cohorts)
def test_tallies_count_patients_against_counting_letters(history):
    ladder = sorted({cohort.label for cohort in history} | {1, 2})
    tallies = tally_cohorts(history, ladder)
    assert len(tallies) == len(ladder)
    for label, tally in zip(ladder, tallies, strict=True):
        letters = "".join("".join(c.outcomes) for c in history if c.label == label)
        assert tally.n_dlts == letters.count("T")
        assert tally.n_evaluable == sum(letters.count(letter) for letter in "NTM")
        assert tally.n_moderate == letters.count("M")
        assert tally.n_pending == letters.count("?")
        assert tally.n_patients == len(letters) - letters.count("X")


@given(cohorts.flatmap(lambda h: st.tuples(st.just(h), st.permutations(h))))
def test_the_order_of_cohorts_leaves_no_trace(pair):
    ladder = sorted({cohort.label for cohort in pair[0]})
    assert tally_cohorts(pair[0], ladder) == tally_cohorts(pair[1], ladder)


def test_a_cohort_of_replaced_patients_counts_for_nothing():
    assert tally_cohorts(parse_outcomes("1XXX"), (1,)) == (Tally(),)


@pytest.mark.parametrize("label", [0, 4, -2, 99])
def test_a_level_that_is_not_on_the_ladder_is_named(label):
    with pytest.raises(LadderError, match=rf"level {label} is not .* levels are -1, 1, 2, 3"):
        tally_cohorts(parse_outcomes(f"1NNN {label}N"), (-1, 1, 2, 3))


@pytest.mark.parametrize("name", ["n_evaluable", "n_dlts", "n_pending", "n_moderate"])
@pytest.mark.parametrize("value", [True, False, 1.0, -1, "1", None, float("nan"), float("inf"), 2j])
def test_a_tally_counts_in_whole_numbers(name, value):
    counts = {"n_evaluable": 3, name: value}
    with pytest.raises(InputError, match="whole numbers"):
        Tally(**counts)


def test_a_patient_with_a_dlt_is_evaluable():
    with pytest.raises(InputError, match="3 DLTs among 2 evaluable"):
        Tally(n_evaluable=2, n_dlts=3)
    with pytest.raises(InputError, match="1 DLTs among 0 evaluable"):
        Tally(n_dlts=1, n_pending=2)


def test_who_counts_as_moderate_has_no_dlt():
    assert Tally(n_evaluable=3, n_dlts=1, n_moderate=2).n_patients == 3
    with pytest.raises(InputError, match="3 patients with a moderate toxicity and no DLT"):
        Tally(n_evaluable=3, n_dlts=1, n_moderate=3)


def test_tallies_and_cohorts_are_values():
    tally = Tally(n_evaluable=3, n_dlts=1)
    assert tally == Tally(n_evaluable=3, n_dlts=1, n_pending=0)
    assert len({tally, Tally(n_evaluable=3, n_dlts=1)}) == 1
    with pytest.raises(AttributeError):
        tally.n_dlts = 0
    with pytest.raises(TypeError):
        Tally(3, 1)


DATED = st.lists(
    st.tuples(
        st.sampled_from("NTXM?"),
        st.none() | st.decimals(0, 99_999, places=3).map(float),
    ),
    min_size=1,
    max_size=8,
)


@given(labels, DATED)
def test_days_after_pending_and_dlt_survive_a_round_trip(label, patients):
    outcomes = tuple(Outcome(letter) for letter, _ in patients)
    days = tuple(days if letter in "?T" else None for letter, days in patients)
    kept = days if any(one is not None for one in days) else ()
    cohort = Cohort(label=label, outcomes=outcomes, days=kept)
    assert parse_outcomes(str(cohort)) == (cohort,)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1NN?-3", 4),
        ("1N?014", 4),  # one way to write a number, so that what is read is what is shown
        ("1N?14.", 5),
        ("1N?5.0", 4),
        ("1NT@x", 3),
        ("1N@5", 2),
        ("1?999999", 7),
    ],
)
def test_days_that_cannot_be_read_are_refused_with_how_they_are_written(text, place):
    with pytest.raises(NotationError, match=r"written as \?14 .* and T@9") as refused:
        parse_outcomes(text)
    assert refused.value.position == place


@pytest.mark.parametrize(
    ("days", "window", "problem"),
    [
        (-1, 28, "follow-up is from 0 to the 28 days of the DLT window, not -1"),
        (29, 28, "follow-up is from 0 to the 28 days of the DLT window, not 29"),
        (float("nan"), 28, "follow-up is from 0 to the 28 days of the DLT window, not nan"),
        (float("inf"), 28, "follow-up is from 0 to the 28 days of the DLT window, not inf"),
        (True, 28, "follow-up is from 0 to the 28 days of the DLT window, not True"),
        (0, 0, "a DLT window has more than 0 days, not 0"),
        (0, float("nan"), "a DLT window has more than 0 days, not nan"),
    ],
)
def test_follow_up_outside_its_window_is_refused(days, window, problem):
    with pytest.raises(InputError, match=problem):
        FollowUp(level=0, days=days, window_days=window)
