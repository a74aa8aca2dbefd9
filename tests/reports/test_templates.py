"""A sponsor's Word template: filled whole, in the sponsor's styles, and never obeyed.

The oracle is what zip and XML readers find in the files.
"""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import replace

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE

from escalation.errors import InputError
from escalation.reports.documents import Document, Template, find_missing, write_document
from escalation.reports.documents import template as templates
from escalation.reports.view import Heading, Item, Items, Paragraph, Table

from .read_documents import WORD, is_in_order, squeezed, texts_of, word_part, word_text
from .test_documents import document

ODD = "{{ title }} {% if x %} {_{ a }_} <w:p/> & &amp; 5 < 6 \x07"
IN_XML = ODD.replace("\x07", "\\x07")


def made(name: str = "Lin Mei") -> Document:
    whole = document(name)
    title, *blocks = whole.blocks
    named = [
        title,
        Paragraph(f"before {name}"),
        Heading("Levels", name="levels"),
        *blocks[1:],
        Heading("Votes", name="votes"),
        Heading("within", 4),
        Paragraph(f"for, {name}"),
    ]
    return replace(whole, blocks=named, facts={"trial": name, "on": "2026-05-28"})


def sponsors(*marks: str, footer: str = "{{ origin }}", change=None) -> bytes:
    """Return a template whose paragraphs are these marks."""
    word = docx.Document()
    for mark in marks:
        word.add_paragraph(mark)
    word.sections[0].footer.paragraphs[0].text = footer
    if change is not None:
        change(word)
    data = io.BytesIO()
    word.save(data)
    return data.getvalue()


def filled(content: bytes, given: Document | None = None) -> bytes:
    return write_document(given or made(), ".docx", Template(name="s.docx", content=content))


def changed(content: bytes, parts: dict[str, bytes]) -> bytes:
    """Return a zip file with parts added or replaced."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(data, "w") as new:
        for name in [*old.namelist(), *(set(parts) - set(old.namelist()))]:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return data.getvalue()


BODY = sponsors("Of {{ trial }}, {{ on }}", "{{p body }}", "Filed by ACME")


@pytest.mark.parametrize("name", ["Lin Mei", ODD])
def test_a_template_says_all_that_the_document_says_and_what_stands_around_it(name):
    given = made(name)
    content = filled(BODY, given)
    expected = name.replace("\x07", "\\x07")
    texts = [text.replace("\x07", "\\x07") for text in texts_of(given.blocks[1:])]
    around = [f"Of {expected}, 2026-05-28", *texts, "Filed by ACME"]
    assert squeezed(word_text(content)) == squeezed("".join(around))
    footer = word_part(content, "word/footer1.xml")
    assert "".join(footer.itertext()).strip() == f"origin {expected}"


def test_parts_by_name_say_the_same_as_the_body():
    content = sponsors("{{p opening }}", "{{p levels }}", "ours", "{{p votes }}", "end")
    assert is_in_order(texts_of(made().blocks[1:]), word_text(filled(content))) is None


def test_the_parts_are_heading_1_and_what_is_in_them_heading_2():
    styles = (node.get(f"{WORD}val", "") for node in word_part(filled(BODY)).iter(f"{WORD}pStyle"))
    assert [one for one in styles if one.startswith("Heading")] == [
        *("Heading1", "Heading1", "Heading2"),
    ]


def test_a_part_that_may_be_absent_is_asked_for():
    content = sponsors(
        "{%p if worst_case is defined %}", "{{p worst_case }}", "{%p endif %}", "{{p body }}"
    )
    assert squeezed("for, Lin Mei") in squeezed(word_text(filled(content)))


def test_a_template_gives_the_same_bytes_again_with_the_time_of_the_data():
    content = filled(BODY)
    assert filled(BODY) == content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert {part.date_time for part in file.infolist()} == {(2026, 5, 27, 8, 0, 0)}


def test_a_template_for_new_documents_is_taken_too():
    with zipfile.ZipFile(io.BytesIO(BODY)) as file:
        types = file.read("[Content_Types].xml")
    dotx = changed(BODY, {"[Content_Types].xml": types.replace(b"document.main", b"template.main")})
    assert dotx != BODY
    assert filled(dotx) == filled(BODY)


def with_styles(word) -> None:
    word.styles.add_style("Document Table", WD_STYLE_TYPE.TABLE)
    word.styles.add_style("Table Text", WD_STYLE_TYPE.PARAGRAPH)


def test_tables_are_set_in_the_sponsors_styles_where_there_are_any():
    own = word_part(filled(BODY))
    assert {node.get(f"{WORD}val") for node in own.iter(f"{WORD}tblStyle")} == {"TableGrid"}
    assert next(own.iter(f"{WORD}tblBorders"), None) is not None
    theirs = word_part(filled(sponsors("{{p body }}", change=with_styles)))
    assert {node.get(f"{WORD}val") for node in theirs.iter(f"{WORD}tblStyle")} == {"DocumentTable"}
    assert next(theirs.iter(f"{WORD}tblBorders"), None) is None
    cells = [node for cell in theirs.iter(f"{WORD}tc") for node in cell.iter(f"{WORD}pStyle")]
    assert {node.get(f"{WORD}val") for node in cells} == {"TableText"}


def without_styles(word) -> None:
    for style in list(word.styles):
        if style.name not in ("Normal", "Default Paragraph Font"):
            style.delete()


def test_styles_that_a_template_lacks_are_lent_in_its_own_letters():
    given = replace(made(), blocks=[*made().blocks, Items([Item("one")], numbered=True)])
    content = filled(sponsors("{{p body }}", change=without_styles), given)
    styles = {style.name: style for style in docx.Document(io.BytesIO(content)).styles}
    assert {"Heading 1", "Heading 2", "Caption", "List Bullet", "Table Grid"} <= set(styles)
    assert styles["Heading 1"].font.name is None
    assert "1.one" in squeezed(word_text(content))


def test_a_table_fits_between_the_margins_of_the_template():
    def narrow(word) -> None:
        word.sections[0].right_margin = word.sections[0].page_width // 2

    word = docx.Document(io.BytesIO(filled(sponsors("{{p body }}", change=narrow))))
    section = word.sections[0]
    line = section.page_width - section.left_margin - section.right_margin
    tables = word.tables
    assert tables
    assert all(sum(column.width for column in table.columns) <= line for table in tables)
    assert all(shape.width <= line for shape in word.inline_shapes)


def test_a_picture_on_a_wide_page_is_no_larger_than_on_our_own():
    def wide(word) -> None:
        word.sections[0].page_width *= 2

    shapes = docx.Document(io.BytesIO(filled(sponsors("{{p body }}", change=wide)))).inline_shapes
    own = docx.Document(io.BytesIO(write_document(made(), ".docx"))).inline_shapes
    assert [shape.width for shape in shapes] == [shape.width for shape in own]


def test_a_body_may_stand_in_a_cell_and_a_mark_in_pieces():
    def pieces(word) -> None:
        word.add_table(1, 1).cell(0, 0).text = "{{p body }}"
        paragraph = word.add_paragraph()
        for piece in ("{", "{ tri", "al }", "}"):
            paragraph.add_run(piece).bold = piece == "{ tri"

    content = filled(sponsors(change=pieces))
    texts = [*texts_of(made().blocks[1:]), "Lin Mei"]
    assert squeezed(word_text(content)) == squeezed("".join(texts))


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ((), r"leaves out a part.*\{\{p opening \}\}, \{\{p levels \}\}, \{\{p votes \}\}"),
        (("{{p levels }}", "{{p votes }}"), r"or also \{\{p opening \}\}$"),
        (("{% if worst is defined %}", "{{p body }}", "{% endif %}"), "leaves out a part"),
        (("{{p boddy }}",), "nobody fills boddy; did you mean body"),
        (("{{ worst_case }}", "{{p body }}"), "nobody fills worst_case"),
        (("see {{ body }}",), r"paragraph of their own, \{\{p body \}\}"),
        (("{{p title }}", "{{p body }}"), "paragraph of their own"),
        (("{{ title", "{{p body }}"), r"is not closed: \{\{ title"),
        (("{{ title }", "{{p body }}"), "is not closed"),
        (("{{ 1 + }}", "{{p body }}"), "cannot be read"),
        (("{% if title %}", "{{p body }}"), "cannot be read"),
    ],
)
def test_a_template_that_would_say_too_little_or_nothing_clear_is_refused(marks, said):
    with pytest.raises(InputError, match=f"^s.docx.*{said}") as refused:
        filled(sponsors(*marks))
    assert "\n" not in str(refused.value)


def test_a_part_in_a_header_or_footer_is_refused():
    with pytest.raises(InputError, match=r"\{\{p body \}\} stands in a header, footer"):
        filled(sponsors("{{p body }}", footer="{{p body }}"))


def test_a_mark_in_a_part_that_is_not_filled_is_refused():
    content = changed(BODY, {"word/comments.xml": b"<w:comments>{</w>{ trial }}</w:comments>"})
    with zipfile.ZipFile(io.BytesIO(BODY)) as file:
        types = file.read("[Content_Types].xml")
        rels = file.read("word/_rels/document.xml.rels")
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"
    relation = b'<Relationship Id="rId99" Type="%b" Target="comments.xml"/></Relationships>' % kind
    said = b'<Override PartName="/word/comments.xml" ContentType="text/plain"/></Types>'
    parts = {
        "[Content_Types].xml": types.replace(b"</Types>", said),
        "word/_rels/document.xml.rels": rels.replace(b"</Relationships>", relation),
    }
    with pytest.raises(InputError, match=r"nobody fills the mark in /word/comments\.xml"):
        filled(changed(content, parts))


@pytest.mark.parametrize(
    "mark",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ title.__init__.__globals__ }}",
        "{{ body._word }}",
        "{{ title['__class__'] }}",
        "{{ title|attr('__class__') }}",
        "{{ lipsum.__globals__.os.popen('id').read() }}",
        "{{ cycler() }}",
        "{% include 'FILE' %}",
        "{% import 'FILE' as x %}",
        "{% extends 'FILE' %}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ 'a' * 10**10 }}",
        "{{ 10**10**10 }}",
        "{% set x = title %}",
        "{% macro m() %}{% endmacro %}",
        "{% autoescape false %}{{ title }}{% endautoescape %}",
        "{% with x = 1 %}{% endwith %}",
        "{% do title.x %}",
    ],
)
def test_a_hostile_mark_runs_nothing_and_reads_nothing(mark, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("what nobody may read")
    with pytest.raises(InputError, match=r"^s\.docx: (a mark|nobody fills)"):
        filled(sponsors(mark.replace("FILE", str(secret)), "{{p body }}"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a Word file"),
        (b"PK\x03\x04 not really", "not a Word file"),
        (b"{\\rtf1 text}", "not a Word file"),
        (BODY[: len(BODY) // 2], "not a Word file"),
        (changed(BODY, {"word/vbaProject.bin": b"x"}), "macros"),
        (changed(BODY, {"word/activeX/activeX1.xml": b"<x/>"}), "macros"),
        (changed(BODY, {"[Content_Types].xml": b"ms-word.document.macroEnabled.main"}), "macros"),
        (changed(BODY, {"[Content_Types].xml": b"<Types/>"}), "not a Word file"),
        (changed(BODY, {"word/document.xml": b"<w:document"}), "not a Word file"),
        (changed(BODY, {"word/document.xml": b"<!DOCTYPE a []><a/>"}), "document type"),
        (changed(BODY, {"word/document.xml": b"<a/>"}), "not a Word file"),
        (changed(BODY, {"word/big.xml": b" " * 5_000_000}), "too large"),
        (changed(BODY, {"word/many.xml": b"{{" * 501}), "more than 500 marks"),
        (changed(BODY, {f"x{k}": b"" for k in range(2001)}), "parts"),
    ],
)
def test_what_is_no_template_is_refused_in_a_line(content, said):
    with pytest.raises(InputError, match=said) as refused:
        filled(content)
    assert "\n" not in str(refused.value)


def test_a_file_that_unpacks_to_far_more_is_refused_before_it_fills_the_memory():
    data = io.BytesIO(BODY)
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as file, file.open("bomb", "w") as bomb:
        for _ in range(102):
            bomb.write(bytes(1_000_000))
    with pytest.raises(InputError, match="unpacks to more than 100 MB"):
        filled(data.getvalue())
    with pytest.raises(InputError, match="at most 20 MB"):
        filled(bytes(20_000_001))


def test_a_template_broken_anywhere_ends_in_a_line_or_in_the_whole_document():
    with zipfile.ZipFile(io.BytesIO(BODY)) as file:
        text = file.read("word/document.xml")
    refused = 0
    for place in range(0, len(text), max(len(text) // 12, 1)):
        broken = changed(BODY, {"word/document.xml": text[:place] + b"<" + text[place + 1 :]})
        try:
            said = word_text(filled(broken))
        except InputError:
            refused += 1
        else:
            assert is_in_order(texts_of(made().blocks[1:]), said) is None
    assert refused


def test_a_template_needs_its_extra_and_a_word_file(monkeypatch):
    assert "name ends in .docx" in (find_missing(".pdf", template=True) or "")
    monkeypatch.setitem(sys.modules, "docxtpl", None)
    said = find_missing(".docx", template=True)
    assert said == ("A template needs docxtpl, which `pip install 'escalation[templates]'` brings")


def test_a_table_without_rows_of_another_style_keeps_its_notes():
    given = replace(made(), blocks=[Table([("a", "b"), ("1", "2")], notes={1: "of it"})])
    assert "of it" in word_text(filled(BODY, given))
    assert templates.parts_of(given).keys() == {"body", "opening"}
