"""A view's blocks on a page: tables whose rows can be cards, doses in powers of ten."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from escalation.reports.view import Heading, Paragraph, Table
from escalation.web.blocks import write


@pytest.fixture(autouse=True)
def request_for_it(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def test_a_table_says_its_roles_in_html_since_a_row_may_be_laid_out_as_a_card():
    """WAI-ARIA 1.2: roles of a table, which a browser drops where ``display`` is changed."""
    rows = [("", "dose,"), ("level", "mg"), ("1", "3E6"), ("2", "")]
    page = write([Table(rows, n_heads=2, notes={2: "first"}, caption="T1")])
    assert 'role="table"' in page
    assert page.count('role="columnheader" scope="col"') == 2
    assert page.count('role="rowheader" scope="row"') == 2
    assert page.count('role="row"') == 4  # the head's two are one; a note has its own
    assert 'data-label="dose, mg">3×10⁶</td>' in page


def test_markup_in_a_text_is_text():
    page = write([Paragraph("<b>"), Table([("<i>", "a"), ("<u>", '"><s>')], caption="<q>")])
    assert not any(tag in page for tag in ("<b>", "<i>", "<u>", "<s>", "<q>"))


@pytest.mark.parametrize(
    ("levels", "written"), [([3, 4, 3], [2, 3, 2]), ([2, 3], [2, 3]), ([4], [2]), ([2, 4], [2, 3])]
)
def test_headings_come_below_the_one_of_the_page_and_skip_none(
    levels: list[int], written: list[int]
):
    """Oracle: WCAG 2.2, technique H42, as axe-core's heading-order has it."""
    page = write([Heading("part", level) for level in levels])
    assert [int(found) for found in re.findall(r"<h(\d)>", page)] == written
