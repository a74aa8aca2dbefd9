"""Labels of levels: which texts are one, and that outcomes can be written after each of them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import EscalationError, InputError, LadderError, NotationError
from escalation.labels import (
    LETTERS,
    MAX_LENGTH,
    are_numbers,
    find_label_fault,
    find_twins,
    read_label,
    schema_of,
)
from escalation.outcomes import format_outcomes, parse_outcomes
from escalation.protocol import load_protocol


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("1", 1),
        ("-1", -1),
        ("0", 0),
        ("999", 999),
        ("+1", "+1"),
        ("0.5", "0.5"),
        ("1.50", "1.50"),
        ("01", "01"),
        ("1e5", "1e5"),
        ("1a", "1a"),
        ("2+", "2+"),
        ("1-2", "1-2"),
        ("DL-1", "DL-1"),
        ("dose_1", "dose_1"),
        ("N1", "N1"),
        ("III", "III"),
        ("a" * MAX_LENGTH, "a" * MAX_LENGTH),
    ],
)
def test_a_whole_number_is_an_integer_and_any_other_label_a_text(text, label):
    read = read_label(text)
    assert (read, type(read)) == (label, type(label))
    assert read_label(read) == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a label; write letters and digits"),
        ("-", "is not a label; write letters and digits"),
        ("+0", "is not a label; write"),
        ("-0", "is not a label; write"),
        ("-00", "is not a label; write"),
        ("+a", "is not a label; write"),  # a sign is a number's
        ("-DL1", "is not a label; write"),
        (".5", "is not a label; write"),
        ("1.", "is not a label; write"),  # ends a sentence
        ("dose_", "is not a label; write"),
        ("1a ", "is not a label; write"),
        ("1 a", "is not a label; write"),
        ("1,5", "is not a label; write"),
        ("1:2", "is not a label; write"),
        ("<b>", "is not a label; write"),
        ("=1+1", "is not a label; write"),
        ("#1", "is not a label; write"),
        ("1a\n", "is not a label; write"),
        ("\u0661", "is not a label; write"),  # Arabic-Indic 1
        ("\u22121", "is not a label; write"),  # minus sign
        ("\u0430", "is not a label; write"),  # Cyrillic a
        ("1000", "is not a label: whole numbers from -999 to 999"),
        ("-1000", "is not a label: whole numbers from -999 to 999"),
        ("0121", "is not a label: whole numbers from -999 to 999"),
        ("a" * (MAX_LENGTH + 1), "is not a label: at most 20 characters"),
        ("nan", "is not a label: it means"),
        ("NaN", "is not a label: it means"),
        ("inf", "is not a label: it means"),
        ("None", "is not a label: it means"),
        ("All", "is not a label: it means"),
        ("NA", "is not a label: it means"),
        ("1N", "reads as outcomes: a label ends with none of the capitals N, T, M and X"),
        ("1.5N", "reads as outcomes"),
        ("1NNN2", "reads as outcomes"),
        ("+1T", "reads as outcomes"),
        ("NT", "reads as outcomes"),
        ("X", "reads as outcomes"),
    ],
)
def test_what_is_no_label_is_refused_in_one_line_of_ascii(text, said):
    with pytest.raises(InputError) as caught:
        read_label(text)
    assert said in str(caught.value)
    assert str(caught.value).isascii()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, True, 0.5, ["1"], b"1"])
def test_what_is_neither_a_whole_number_nor_a_text_is_no_label(value):
    with pytest.raises(InputError, match='a label is a whole number or a text such as "1a", not'):
        read_label(value)


@pytest.mark.parametrize(
    ("labels", "twins"),
    [
        (["1a", "1b", "DL-1", "DL1", 1, 2], []),
        (["1a", "1A"], [(1, "1a")]),
        (["dl-1", "DL-1", "Dl-1"], [(1, "dl-1"), (2, "dl-1")]),
        ([1, "+1"], [(1, 1)]),
        ([1, "01", "1.0", "1e0"], [(1, 1), (2, 1), (3, 1)]),
        (["0.5", "0.50"], [(1, "0.5")]),
        ([0, "00"], [(1, 0)]),
        ([-1, "+1", "-1.5", "1.5"], []),
        ([2, 2], [(1, 2)]),
    ],
)
def test_labels_that_can_be_taken_for_each_other_are_found(labels, twins):
    assert list(find_twins(labels)) == twins


ALPHABET = "NTX1a0.+-b"


def test_outcomes_after_a_label_are_read_in_one_way_by_brute_force():
    """Of all labels of up to four letters, none with outcomes splits in another way."""
    texts = ("".join(letters) for n in range(1, 5) for letters in product(ALPHABET, repeat=n))
    labels = {text for text in texts if find_label_fault(text) is None}
    assert {"1", "1a", "0.1", "+1", "N1", "Ta", "a-1"} <= labels
    assert not {"1N", "N", "aN", "1.0X", "+b"} & labels
    for label in labels:
        word = f"{label}NT"
        ends = [k for k in range(1, len(word)) if not word[k:].strip(LETTERS)]
        assert [k for k in ends if find_label_fault(word[:k]) is None] == [len(label)]
        (cohort,) = parse_outcomes(word)
        assert (str(cohort.label), str(cohort)) == (label, word)


@given(st.text(st.sampled_from("NTMX?ntxNT0125ab+-._DLe \u00e9"), max_size=12))
def test_notation_is_read_as_it_is_written_or_refused(text):
    try:
        cohorts = parse_outcomes(text)
    except NotationError:
        return
    assert format_outcomes(cohorts) == " ".join(text.split())
    assert all(find_label_fault(cohort.label) is None for cohort in cohorts)


@given(st.text(max_size=25))
def test_any_text_is_a_label_or_is_refused(text):
    try:
        label = read_label(text)
    except EscalationError:
        return
    assert str(label) == text
    assert find_label_fault(label) is None


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("9", "level 9 is not on the ladder; its levels are -1, 1, 2, 3"),
        (9, "level 9 is not on the ladder; its levels are -1, 1, 2, 3"),
        ("+1", "level +1 is not on the ladder; did you mean 1? Its levels are -1, 1, 2, 3"),
    ],
)
def test_a_level_that_is_not_there_is_told_with_those_that_are(label, said):
    with pytest.raises(LadderError) as caught:
        load_protocol("nct07123519").place_of(label)
    assert str(caught.value) == said


def test_a_level_in_other_capitals_is_meant_but_not_taken():
    assert "did you mean 1a? Its" in str(LadderError("1A", [1, "1a", 2]))
    assert "did you mean DL-1? Its" in str(LadderError("dl-1", ["DL-2", "DL-1", "DL1"]))


def test_a_document_says_schema_2_where_a_label_is_a_word():
    assert [are_numbers(labels) for labels in ([], [-1, 0, 1], [1, "1a"])] == [True, True, False]
    assert [schema_of(), schema_of([1, 2]), schema_of([1], [1, "1a"])] == [1, 1, 2]
