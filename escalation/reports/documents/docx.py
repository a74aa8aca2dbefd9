"""A document for Word, written by python-docx, with real headings, captions and table headers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from escalation.dataclass import dataclass
from escalation.reports.documents import Document
from escalation.reports.view import (
    Block,
    Figure,
    Gap,
    Heading,
    Item,
    Items,
    Paragraph,
    Table,
    Verbatim,
    indent_of,
    outlined,
)
from escalation.version import __version__

__all__ = ["OWN", "STYLES", "Form", "dated", "printable", "set_properties", "write", "write_block"]

_FIRST_DAY = datetime(1980, 1, 1, tzinfo=UTC)  # that a zip file can hold
_LONGEST = 255  # letters of a property
_SMALL = 16  # rows of a table that stays on one page
_WIDTH = Mm(180)  # of A4 between its margins
_LETTER = Mm(1.6)  # a letter of a table
_PADDING, _WORD, _TEXT = 2, 24, 60  # letters: about a cell, of a word that is kept whole, of a text
STYLES = (
    *("Heading 1", "Heading 2", "Heading 3", "Heading 4", "Caption", "Table Grid"),
    *("List Bullet", "List Bullet 2", "List Number", "List Continue"),
)
"""What paragraphs and tables are called, beside normal ones."""
_SIZES = {  # points
    "Normal": 9,
    "Heading 1": 15,
    "Heading 2": 11,
    "Heading 3": 9,
    "Heading 4": 9,
    "Caption": 9,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How blocks are set, as far as ``STYLES`` does not say.

    Attributes
    ----------
    width : int
        Of a line, in Word's smallest unit.
    table, cell : str or None
        The style of a table, which then has its own lines, and of the paragraphs in it.
    bare : collection of str
        Styles of lists without a mark of their own: it is written before the text.
    """

    width: int = _WIDTH
    table: str | None = None
    cell: str | None = None
    bare: Collection[str] = ()


OWN = Form()


def write(document: Document) -> bytes:
    """Return the file; what is in it has the time that the document is about."""
    word = docx.Document()
    set_properties(word, document)
    _set_page(word, document.origin)
    for block in outlined(document.blocks):
        write_block(word, block)
    written = io.BytesIO()
    word.save(written)
    return dated(written.getvalue(), document.at)


def set_properties(word: Any, document: Document) -> None:
    """Say in the file what it is and of when; nothing of the machine."""
    core, at = word.core_properties, document.at
    title, origin = printable(document.title), printable(document.origin)
    core.title, core.subject = title[:_LONGEST], origin[:_LONGEST]
    core.author = core.last_modified_by = f"escalation {__version__}"
    for element in list(core._element):  # of python-docx's template
        if element.tag.endswith(("}created", "}modified")):
            core._element.remove(element)
    if at is not None:
        core.created = core.modified = at.replace(tzinfo=None)
    core.comments, core.revision, core.language = "", 1, "en"


def _set_page(word: Any, origin: str) -> None:
    """Set A4, small type, and a footer with what the document was made from and the page."""
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(15)
    section.top_margin, section.bottom_margin = Mm(16), Mm(18)
    for name, points in _SIZES.items():
        style = word.styles[name]
        style.font.size, style.font.name = Pt(points), "Arial"
        style.font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for name_of_theme in [key for key in fonts.attrib if "Theme" in key]:
            del fonts.attrib[name_of_theme]  # Word would take it before the name
        style.paragraph_format.space_after = Pt(3)
        style.paragraph_format.keep_with_next = name != "Normal"
    footer = section.footer.paragraphs[0]
    footer.style.font.size = Pt(7.5)
    footer.add_run(f"{printable(origin)} \N{MIDDLE DOT} ")
    for code in ("PAGE", "NUMPAGES"):
        run = footer.add_run("1")  # until Word has counted
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), code)
        run._r.addprevious(field)  # python-docx has no fields
        field.append(run._r)
        if code == "PAGE":
            footer.add_run(" / ")


def write_block(word: Any, block: Block, form: Form = OWN) -> None:
    """Write a block at the end of a document, or of a part of one."""
    match block:
        case Gap():
            return
        case Heading(text, level):
            word.add_heading(printable(text.strip()), level)
        case Paragraph(text):
            word.add_paragraph(printable(" ".join(text.split())))
        case Items(items, numbered):
            _items(word, items, "List Number" if numbered else "List Bullet", form)
        case Verbatim(text):
            run = word.add_paragraph().add_run(printable(text))
            run.font.name, run.font.size = "Courier New", Pt(8)
        case Figure(caption, words, draw):
            _caption(word, caption)
            run = word.add_paragraph().add_run()
            shape = run.add_picture(io.BytesIO(draw("png")), width=min(form.width, _WIDTH))
            shape._inline.docPr.set("descr", printable(words))
        case Table():
            _table(word, block, form)
        case _:
            assert_never(block)


def _items(word: Any, items: Sequence[Item], style: str, form: Form) -> None:
    for number, item in enumerate(items, start=1):
        mark = f"{number}." if style == "List Number" else "\N{BULLET}"
        lead = f"{mark}\t" if style in form.bare else ""
        word.add_paragraph(lead + printable(item.text), style=style)
        for text in item.data:
            word.add_paragraph(printable(text), style="List Continue")
        _items(word, item.items, "List Bullet 2", form)


def _caption(word: Any, text: str) -> None:
    word.add_paragraph(printable(text), style="Caption").paragraph_format.keep_with_next = True


def _table(word: Any, table: Table, form: Form) -> None:
    if table.caption:
        _caption(word, table.caption)
    n_columns = table.n_columns
    left = {*table.left, *([n_columns - 1] if table.prose else [])}
    rows = list(_rows(table))
    made = word.add_table(len(rows), n_columns)
    made.style = form.table or "Table Grid"
    if form.table is None:
        _set_borders(made)
        _set_margins(made)
    widths = _widths(table, form.width)
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    small = len(rows) <= _SMALL
    for place, (row, (cells, is_head, noted)) in enumerate(zip(made.rows, rows, strict=True)):
        keep = is_head or noted or (small and place < len(rows) - 1)
        _keep_whole(row, repeated=is_head)
        found = row.cells
        if len(cells) == 1 < n_columns:
            found = (found[0].merge(found[-1]),)
        for column, (cell, text) in enumerate(zip(found, cells, strict=True)):
            if len(found) == n_columns:
                cell.width = widths[column]
            if form.cell is not None:
                cell.paragraphs[0].style = form.cell
            run = _fill(cell.paragraphs[0], text, keep=keep)
            run.bold = is_head or not (table.n_heads or column) or None
            run.font.size = Pt(8) if form.cell is None else None
            if len(cells) == n_columns and column not in left:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    word.add_paragraph().paragraph_format.space_after = Pt(2)


def _rows(table: Table) -> Iterator[tuple[Sequence[str], bool, bool]]:
    """Yield each row's cells, whether it is of the head, and whether a note follows it."""
    for place, row in enumerate(table.rows):
        noted = place in table.notes
        yield [*row, *[""] * (table.n_columns - len(row))], place < table.n_heads, noted
        if noted:
            yield [f"  {table.notes[place]}"], False, False


def _widths(table: Table, width: int) -> list[int]:
    """Share a line's width among the columns: each holds its longest word, texts take the rest."""
    cells = [[row[k] for row in table.rows if k < len(row)] for k in range(table.n_columns)]
    least = [
        _PADDING + min(max((len(word) for one in column for word in one.split()), default=1), _WORD)
        for column in cells
    ]
    wanted = [
        max(needed, _PADDING + min(max(map(len, column), default=1), _TEXT))
        for needed, column in zip(least, cells, strict=True)
    ]
    room = width / _LETTER - sum(least)
    share = min(max(room / max(sum(wanted) - sum(least), 1), 0), 1)
    parts = [low + share * (high - low) for low, high in zip(least, wanted, strict=True)]
    return [int(width * part / sum(parts)) for part in parts]


def _fill(paragraph: Any, text: str, *, keep: bool) -> Any:
    run = paragraph.add_run(printable(text.strip()))
    form = paragraph.paragraph_format
    form.space_after, form.keep_with_next = Pt(0), keep
    if indent_of(text):
        form.left_indent = Mm(3 * indent_of(text))
    return run


def _keep_whole(row: Any, *, repeated: bool) -> None:
    """Keep a row on one page, and repeat those of the head on every page."""
    properties = row._tr.get_or_add_trPr()  # python-docx has no words for it
    for tag in ("w:cantSplit", *(["w:tblHeader"] if repeated else [])):
        properties.append(OxmlElement(tag))


def _set_borders(made: Any) -> None:
    """Draw thin lines below rows only."""
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{side}")
        drawn = side in ("bottom", "insideH")
        line.set(qn("w:val"), "single" if drawn else "nil")
        if drawn:
            line.set(qn("w:sz"), "4")
            line.set(qn("w:color"), "BBBBBB")
        borders.append(line)
    _insert(made, borders, ("tblLayout", "tblCellMar", "tblLook"))


def _set_margins(made: Any) -> None:
    """Leave less beside what stands in a cell than Word does."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "85")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    _insert(made, margins, ("tblLook",))


def _insert(made: Any, element: Any, before: Sequence[str]) -> None:
    """Add what a table is like before other such elements: Word minds the order."""
    properties = made._tbl.tblPr
    later = (properties.find(qn(f"w:{name}")) for name in before)
    first = next((found for found in later if found is not None), None)
    if first is None:
        properties.append(element)
    else:
        first.addprevious(element)


def printable(text: str) -> str:
    """Escape what XML cannot hold: control characters, and halves of characters."""
    return "".join(
        c
        if (c in "\n\t" or c >= " ") and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff"
        else f"\\x{ord(c):02x}"
        for c in text
    )


def dated(content: bytes, at: datetime | None) -> bytes:
    """Return the same zip file with one time for all that is in it."""
    moment = max(at or _FIRST_DAY, _FIRST_DAY).timetuple()[:6]
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = zipfile.ZipInfo(name, moment)
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, old.read(name))
    return written.getvalue()
