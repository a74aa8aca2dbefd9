"""What a person named comes through every format as it was typed, and nothing of it is a mark."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from escalation.reports.formats import write_view
from escalation.reports.view import Block, Heading, Item, Items, Paragraph, Table, Verbatim, View

NAMES = [
    "a|b_c*d",
    "[x](y) `z`",
    "<b>bold</b> & &lt; &#35;",
    "~~gone~~ ~a",
    "$y_1$ 50 %",
    "# one",
    "two ##",
    "> quoted",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "--full",
    "-1",
    "\\",
]


def blocks(name: str) -> list[Block]:
    return [
        Heading(name),
        Paragraph(name),
        Items([Item(text=name, data=(name,), items=(Item(text=name),))]),
        Table([("of", "name"), (name, name)]),
        Verbatim(f"```\n{name}"),
    ]


def written(form: str, page: list[Block]) -> str:
    return "".join(write_view(View(page=lambda: page, document=dict, rows=list), form))


class Texts(HTMLParser):
    """Gathers the text and the tags of a page of HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip() and self.tags[-1:] not in (["title"], ["style"]):
            self.texts.append(data.strip())


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_a_name_as_typed_by_the_parser_markdown_it(name: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    shown = Texts(parser.render(written("md", blocks(name))))
    assert shown.tags == Texts(parser.render(written("md", blocks("name")))).tags
    assert shown.texts.count(name) == 7
    assert shown.texts[-1] == f"```\n{name}"
    assert "$" not in re.sub(r"\\\$", "", written("md", [Paragraph(name)]))  # a formula elsewhere


@pytest.mark.parametrize("name", NAMES)
def test_html_shows_a_name_as_typed_by_the_parser_of_python(name: str) -> None:
    shown = Texts(written("html", blocks(name)))
    assert shown.texts.count(name) == 7
    assert shown.tags == Texts(written("html", blocks("name"))).tags


@pytest.mark.parametrize("name", ["[2pt]", "*", "[a] *b*"])
def test_latex_keeps_a_row_or_an_item_from_being_an_option_of_the_command_before(name: str) -> None:
    shown = written("latex", blocks(name)[2:4])
    assert re.search(r"(\\\\|\\midrule|\\item)\s*[\[*]", shown) is None


def test_latex_keeps_two_dashes_two() -> None:
    assert written("latex", [Paragraph("--set and ---")]) == "-{}-set and -{}-{}-\n"


def test_a_head_above_other_columns_leaves_no_empty_line_where_a_table_is_folded() -> None:
    rows = [("", "", "above"), ("name", "first", "second"), ("a", "1", "2")]
    table = Table(rows=rows, n_heads=2, n_labels=1)
    view = View(page=lambda: [table], document=dict, rows=lambda: [])
    assert "".join(write_view(view, "text", width=14)).splitlines() == [
        "name  first",
        "a         1",
        "",
        "       above",
        "name  second",
        "a          2",
    ]


@pytest.mark.parametrize(
    ("typed", "cell"),
    [("=1+1", "'=1+1"), ("@SUM(1)", "'@SUM(1)"), ("-2+3+cmd|x", "'-2+3+cmd|x"), ("+A1", "'+A1"),
     ("-1NNT", "-1NNT"), ("+0.5", "+0.5"), ("-", "-"), ("a=1", "a=1")],
)  # fmt: skip
def test_a_text_in_csv_is_no_formula_to_a_spreadsheet(typed: str, cell: str) -> None:
    """OWASP, CSV injection: who names a test, or gives a reason, has nothing worked out."""
    rows = "".join(
        write_view(View(page=list, document=dict, rows=lambda: [("name", "n"), (typed, -1)]), "csv")
    )
    assert rows == f"name,n\n{cell},-1\n"
