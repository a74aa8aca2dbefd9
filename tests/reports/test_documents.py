"""Documents as HTML, Word and PDF: one text, the same bytes again, nothing of it a mark.

The oracle is what zip, XML, HTML and PDF readers find in the files.
"""

from __future__ import annotations

import importlib
import io
import time
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from escalation.errors import InputError
from escalation.reports import documents
from escalation.reports.documents import SUFFIXES, Document, find_missing, write_document
from escalation.reports.view import (
    Figure,
    Gap,
    Heading,
    Item,
    Items,
    Paragraph,
    Table,
    Verbatim,
)

from .read_documents import (
    WORD,
    html_page,
    html_text,
    is_in_order,
    pdf_text,
    squeezed,
    texts_of,
    word_part,
    word_text,
)
from .test_formats import NAMES

AT = datetime(2026, 5, 27, 8, 0, tzinfo=UTC)
MISSING = {suffix: find_missing(suffix) for suffix in SUFFIXES}
needs_pango = pytest.mark.skipif(
    "Pango" in (MISSING[".pdf"] or ""), reason="the system's library Pango is missing"
)


def square(form: str) -> bytes:
    if form == "png":
        import matplotlib.image
        import numpy as np

        data = io.BytesIO()
        matplotlib.image.imsave(data, np.zeros((4, 4)), format="png", metadata={"Software": None})
        return data.getvalue()
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>'


def document(name: str = "Lin Mei") -> Document:
    blocks = [
        Heading(f"Packet {name}", 2),
        Heading("A part"),
        Gap(),
        Paragraph(f"{name}   said so."),
        Items([Item(text=f"first {name}", data=("below",), items=(Item(text="inner"),))]),
        Items([Item(text="one"), Item(text="two")], numbered=True),
        Table(
            [("who", "n"), (name, "3"), ("short",)],
            notes={1: f"a note on {name}"},
            caption="T1 Somebody",
        ),
        Table([("label", name)], left=(0, 1), n_heads=0, prose=True, caption="T2"),
        Figure(f"F1 {name}", f"words of {name}", square),
        Verbatim(f"anchor {name}"),
    ]
    return Document(title=f"title {name}", origin=f"origin {name}", at=AT, blocks=blocks)


@pytest.mark.parametrize(
    "name", [*NAMES, "Zoë 赵岚", "=HYPERLINK(1)", "</style><script>", "x" * 400]
)
def test_what_a_person_named_is_the_same_text_in_html_and_word(name):
    made = document(name)
    expected = squeezed("".join(texts_of(made.blocks)))
    page = write_document(made, ".html")
    assert squeezed(html_text(page)) == expected
    assert squeezed(word_text(write_document(made, ".docx"))) == expected
    assert set(html_page(page).tags) <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "ol", "li"),
        *("br", "span", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre"),
        *("figure", "figcaption", "img"),
    }
    assert html_page(page).alternatives == [f"words of {name}"]


@needs_pango
@pytest.mark.parametrize("name", ["Lin Mei", "<b>bold</b> & &lt; &#35;", "x" * 400])
def test_the_text_of_a_pdf_is_that_of_the_html(name):
    made = document(name)
    assert is_in_order(texts_of(made.blocks), pdf_text(write_document(made, ".pdf"))) is None


@needs_pango
def test_a_pdf_holds_no_letters_of_the_machine():
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(write_document(document(), ".pdf"))).pages
    named = {
        str(font["/BaseFont"]).partition("+")[2]
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert named == {"Document-Sans", "Document-Sans-Bold", "Document-Mono"}


@needs_pango
def test_the_words_in_a_picture_are_text_in_a_pdf():
    from matplotlib.figure import Figure as Drawn

    from escalation.figures.picture import Picture

    drawn = Drawn(figsize=(3, 1))
    drawn.text(0.1, 0.5, "level <2> & 'DejaVu Sans'", family="DejaVu Sans", weight="bold")
    blocks = [Figure("F1", "words", Picture(drawn, "words").write)]
    made = Document(title="title", origin="origin", at=AT, blocks=blocks)
    content = write_document(made, ".pdf")
    assert squeezed("level <2> & 'DejaVu Sans'") in squeezed(pdf_text(content))
    assert b"<text" not in blocks[0].draw("svg")  # a browser may have no such letters


@pytest.mark.parametrize("suffix", [".html", ".docx", pytest.param(".pdf", marks=needs_pango)])
def test_the_same_document_gives_the_same_bytes_on_another_day(suffix, monkeypatch):
    first = write_document(document(), suffix)
    later = time.time() + timedelta(days=400).total_seconds()
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    assert write_document(document(), suffix) == first


def test_all_times_in_a_word_file_are_those_of_the_data():
    content = write_document(document(), ".docx")
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert {part.date_time for part in file.infolist()} == {(2026, 5, 27, 8, 0, 0)}
    said = "".join(word_part(content, "docProps/core.xml").itertext())
    assert said.count("2026-05-27T08:00:00Z") == 2
    assert "python-docx" not in said


def levels_in_html(content: bytes) -> list[int]:
    return [int(tag[1]) for tag in html_page(content).tags if tag in HEADINGS]


def levels_in_word(content: bytes) -> list[int]:
    styles = (node.get(f"{WORD}val", "") for node in word_part(content).iter(f"{WORD}pStyle"))
    return [int(style[-1]) for style in styles if style.startswith("Heading")]


def levels_in_pdf(content: bytes) -> list[int]:
    from pypdf import PdfReader

    def tags(node):
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for child in node:
                yield from tags(child)
        elif isinstance(node, dict):
            yield str(node.get("/S", "")).lower()
            yield from tags(node.get("/K", []))

    root = PdfReader(io.BytesIO(content)).trailer["/Root"]["/StructTreeRoot"]
    return [int(tag[2]) for tag in tags(root["/K"]) if tag[1:] in HEADINGS]


HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([2, 3, 4, 3], [1, 2, 3, 2]),
        ([2, 4, 4, 3, 4], [1, 2, 2, 2, 3]),  # a level skipped is closed up, siblings stay so
        ([2, 3, 5, 5, 4], [1, 2, 3, 3, 3]),
        ([3, 3, 4], [2, 2, 3]),  # without a title
        ([2, 2, 3], [1, 1, 2]),
    ],
)
@pytest.mark.parametrize(
    ("suffix", "levels_in"),
    [
        (".html", levels_in_html),
        (".docx", levels_in_word),
        pytest.param(".pdf", levels_in_pdf, marks=needs_pango),
    ],
)
def test_a_title_is_heading_1_and_no_level_is_skipped(suffix, levels_in, given, expected):
    blocks = [Heading(f"h{place}", level) for place, level in enumerate(given)]
    made = Document(title="title", origin="origin", at=AT, blocks=blocks)
    assert levels_in(write_document(made, suffix)) == expected


def test_word_repeats_the_head_of_a_table_and_describes_its_pictures():
    document_xml = word_part(write_document(document(), ".docx"))
    tables = list(document_xml.iter(f"{WORD}tbl"))
    heads = [sum(1 for _ in table.iter(f"{WORD}tblHeader")) for table in tables]
    assert heads == [1, 0]
    described = [node.get("descr") for node in document_xml.iter() if node.tag.endswith("docPr")]
    assert described == ["words of Lin Mei"]


def test_word_holds_what_xml_cannot_in_an_escaped_form():
    assert "a\\x07b\\xd800" in word_text(write_document(document("a\x07b\ud800"), ".docx"))


@pytest.mark.parametrize(
    ("suffix", "module", "error", "said"),
    [
        (".docx", "docx", ImportError(), r"pip install 'escalation\[reports\]'"),
        (
            ".pdf",
            "weasyprint",
            ImportError(),
            r"pip install 'escalation\[pdf\]'.*\.html file prints",
        ),
        (
            ".pdf",
            "weasyprint",
            OSError("cannot load"),
            r"Pango.*libpango-1.0-0.*\.html file prints",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(suffix, module, error, said, monkeypatch):
    def fail(name, *rest):
        if name == module:
            raise error
        return importlib.__import__(name, *rest)

    monkeypatch.setattr(documents.importlib, "import_module", fail)
    with pytest.raises(InputError, match=said):
        write_document(document(), suffix)


def test_another_ending_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match=r"\.html, \.docx, \.pdf"):
        write_document(document(), ".odt")
