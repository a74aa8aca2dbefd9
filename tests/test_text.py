"""Paragraphs for a terminal, and doses in powers of ten."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.text import paragraph, with_powers

LEADS = st.sampled_from(["", "  ", "- ", "12. "])
WORDS = st.text(st.sampled_from("ab- é\t\n\u00a0\u3000"), max_size=12)
TEXTS = st.lists(WORDS).map(" ".join) | st.lists(st.text("ab-", min_size=1)).map(" ".join)


@given(TEXTS, LEADS, LEADS, st.integers(5, 40))
def test_paragraphs_are_wrapped_as_textwrap_does(text, first, indent, width):
    options = {"initial_indent": first, "subsequent_indent": indent, "break_on_hyphens": False}
    assert paragraph(text, first, indent, width) == textwrap.wrap(text, width, **options)


@pytest.mark.parametrize(
    "text",
    [
        "digest 12345678e901, d16fd4b83ef9",
        "anchor 61:3E12ab",
        "TJ-1E6 was dosed",
        "AND 4E OR 3E",
        "a^2 and 10^",
    ],
)
def test_what_is_not_a_number_in_powers_of_ten_stays(text: str):
    assert with_powers(text) == text
