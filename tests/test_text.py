"""Paragraphs for a terminal."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from escalation.text import paragraph

LEADS = st.sampled_from(["", "  ", "- ", "12. "])
WORDS = st.text(st.sampled_from("ab- é\t\n\u00a0\u3000"), max_size=12)
TEXTS = st.lists(WORDS).map(" ".join) | st.lists(st.text("ab-", min_size=1)).map(" ".join)


@given(TEXTS, LEADS, LEADS, st.integers(5, 40))
def test_paragraphs_are_wrapped_as_textwrap_does(text, first, indent, width):
    options = {"initial_indent": first, "subsequent_indent": indent, "break_on_hyphens": False}
    assert paragraph(text, first, indent, width) == textwrap.wrap(text, width, **options)
