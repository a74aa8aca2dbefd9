"""A sponsor's own Word template, filled by docxtpl with what a document says.

A template comes from outside. Its marks may name what is filled and ask whether that is there:
nothing else is run, and that in Jinja's sandbox. What is filled in is never read as a mark. A
template that would leave out a part of the document is refused.
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import nsmap, qn
from docxtpl import DocxTemplate  # type: ignore[import-untyped]
from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree  # type: ignore[import-untyped]

from escalation.errors import InputError, did_you_mean
from escalation.errors import printable as in_line
from escalation.reports.documents import Document, Template
from escalation.reports.documents.docx import (
    OWN,
    STYLES,
    Form,
    dated,
    printable,
    set_properties,
    write_block,
)
from escalation.reports.documents.word_file import checked
from escalation.reports.view import Block, Heading, outlined

__all__ = ["BODY", "CELL", "OPENING", "TABLE", "fill", "parts_of"]

BODY, OPENING = "body", "opening"
TABLE, CELL = "Document Table", "Table Text"
"""A table's style and that of its paragraphs, where the template has them."""

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.CondExpr, nodes.Not, nodes.And, nodes.Or),
)
_W = f"{{{nsmap['w']}}}"
_BLOCKS = {f"{_W}{tag}" for tag in ("p", "tbl")}
_INLINE = {f"{_W}{tag}" for tag in ("p", "r", "t", "hyperlink")}
_WITHOUT_TEXT = _BLOCKS | {
    f"{_W}{tag}" for tag in ("body", "hdr", "ftr", "r", "tr", "tc", "hyperlink", "footnote")
}
_FILLED = ("/word/document", "/word/header", "/word/footer", "/word/footnotes")


def fill(document: Document, template: Template) -> bytes:
    """Return a template filled, with one time for all that is in it.

    Raises
    ------
    InputError
        If it is no template, or would leave out a part of the document.
    """
    content, name = checked(template), template.name
    try:
        return dated(_fill(document, content, name), document.at)
    except TemplateError as error:
        raise InputError(f"{name}: a mark cannot be read: {in_line(str(error.message))}") from error
    except (
        *(ArithmeticError, AttributeError, AssertionError, LookupError, RecursionError),
        *(TypeError, ValueError, etree.LxmlError),
    ) as error:
        raise InputError(f"{name} is not a Word file that can be filled, or is damaged") from error


def _fill(document: Document, content: bytes, name: str) -> bytes:
    word = _Word(io.BytesIO(content), name)
    word.init_docx()
    n_sections = len(word.docx.sections)
    form = _form(word.docx, _lend_styles(word.docx))
    blocks = {part: _Blocks(word.docx, form, inside) for part, inside in parts_of(document).items()}
    facts = {"title": document.title, "origin": document.origin, **document.facts}
    word.render_with(
        {key: printable(" ".join(said.split())) for key, said in facts.items()}, blocks
    )
    if len(word.docx.sections) != n_sections:
        raise InputError(
            f"{name}: a mark stands in the paragraph that ends a section, which would go with it: "
            "put it in a paragraph before"
        )
    missing = [part for part, inside in blocks.items() if part != BODY and not inside.shown]
    if missing and not blocks[BODY].shown:
        raise InputError(
            f"{name} leaves out a part of the document: it needs a paragraph {{{{p {BODY} }}}}, or "
            f"also {', '.join(f'{{{{p {part} }}}}' for part in missing)}"
        )
    set_properties(word.docx, document)
    written = io.BytesIO()
    word.docx.save(written)
    return written.getvalue()


def parts_of(document: Document) -> dict[str, list[Block]]:
    """Return the whole below the title, then each part by its name, as a template has them.

    The title is the template's own, so that parts are heading 1; what stands before the first
    of them is the opening.
    """
    parts: dict[str, list[Block]] = {BODY: []}
    current = OPENING
    for block in outlined(document.blocks):
        inside: Block = block
        if isinstance(block, Heading):
            if block.level == 1:
                continue
            inside = replace(block, level=block.level - 1)
            current = block.name or current
        for part in (BODY, current):
            parts.setdefault(part, []).append(inside)
    return parts


class _Blocks:
    """Blocks that are written where, and if, a template shows them."""

    def __init__(self, word: Any, form: Form, blocks: Sequence[Block]) -> None:
        self._word, self._form, self._blocks = word, form, blocks
        self.shown = False

    def __html__(self) -> str:
        self.shown = True
        part = docx.Document()
        part._part = self._word.part  # its styles and pictures are those of the template
        for block in self._blocks:
            write_block(part, block, self._form)
        body = part.element.body
        return "".join(
            etree.tostring(child, encoding="unicode")
            for child in body
            if child.tag != f"{_W}sectPr"
        )


class _Word(DocxTemplate):  # type: ignore[misc]
    """A template whose marks are held to what they may do, and whose filling is no template."""

    def __init__(self, file: io.BytesIO, name: str) -> None:
        super().__init__(file)
        self._name = name
        self._facts: Mapping[str, str] = {}
        self._blocks: Mapping[str, _Blocks] = {}

    def render_with(self, facts: Mapping[str, str], blocks: Mapping[str, _Blocks]) -> None:
        """Fill facts in everywhere, and blocks in the text."""
        self._facts, self._blocks = facts, blocks
        for part in self.docx.part.package.iter_parts():
            known = str(part.partname).startswith(_FILLED)
            if not known and b"{{" in re.sub(rb"<[^>]*>", b"", part.blob):
                raise InputError(
                    f"{self._name}: nobody fills the mark in {part.partname}: text, headers, "
                    "footers and footnotes are filled"
                )
        self.render({}, SandboxedEnvironment(autoescape=True, undefined=StrictUndefined))

    def patch_xml(self, src_xml: str) -> str:
        """Make the marks of one part whole, which Word writes in pieces."""
        said = re.sub(r"<[^>]*>", "", src_xml)
        unclosed = re.search(r"\{[{%#](?:(?![}%#]\}).)*?(?=\{[{%#]|\Z)", said, re.DOTALL)
        if unclosed is not None:
            text = in_line(unclosed[0][:80])
            raise InputError(f"{self._name}: a mark is not closed: {text}")
        patched: str = super().patch_xml(src_xml)
        return patched

    def render_xml_part(self, src_xml: str, part: Any, context: Any, jinja_env: Any = None) -> str:
        """Fill one part, once; docxtpl would read its own marks in what has been filled in."""
        source = re.sub(r"<w:p([ >])", r"\n<w:p\1", src_xml)
        for mark, written in (("{_{", "{{"), ("}_}", "}}"), ("{_%", "{%"), ("%_}", "%}")):
            source = source.replace(mark, f"{{{{ '{written}' }}}}")
        has_blocks = part is self.docx.part
        known = {**self._facts, **(self._blocks if has_blocks else {})}
        template = jinja_env.parse(source)
        self._check_marks(template, source, known)
        filled: str = jinja_env.from_string(template).render(known)
        filled = re.sub(r"\n<w:p([ >])", r"<w:p\1", filled)
        self._check_structure(etree.fromstring(filled.encode(), etree.XMLParser(no_network=True)))
        return filled

    def _check_marks(self, template: nodes.Template, source: str, known: Collection[str]) -> None:
        asked = set()
        for node in template.find_all(nodes.Node):
            if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
                asked |= {name.name for name in node.find_all(nodes.Name)}
            elif not isinstance(node, _ALLOWED):
                said = re.sub(r"<[^>]*>", "", source.split("\n")[(node.lineno or 1) - 1]).strip()
                raise InputError(
                    f"{self._name}: a mark names what is filled, or asks whether it is defined; "
                    f"this one does more: {in_line(said[:80])}"
                )
        for node in template.find_all(nodes.Name):
            if node.name in known or node.name in asked:
                continue
            if node.name in self._blocks:
                raise InputError(
                    f"{self._name}: {{{{p {node.name} }}}} stands in a header, footer or footnote; "
                    "it is for the text"
                )
            raise InputError(
                f"{self._name}: nobody fills {in_line(node.name)}; {did_you_mean(node.name, known)}"
            )

    def _check_structure(self, root: Any) -> None:
        """Refuse text where only paragraphs go, and paragraphs within text."""
        for element in root.iter(*_WITHOUT_TEXT, *_INLINE):
            texts = [element.text, *(child.tail for child in element)]
            loose = element.tag in _WITHOUT_TEXT and any((text or "").strip() for text in texts)
            nested = element.tag in _INLINE and any(child.tag in _BLOCKS for child in element)
            if loose or nested:
                raise InputError(
                    f"{self._name}: {BODY} and the parts take a paragraph of their own, "
                    f"{{{{p {BODY} }}}}; words stand in a text, {{{{ title }}}}"
                )

    def render_footnotes(self, context: Any, jinja_env: Any = None) -> None:
        """Fill footnotes once, however many sections there are."""
        for part in self.docx.part.package.iter_parts():
            if str(part.partname).startswith("/word/footnotes"):
                xml = self.patch_xml(part.blob.decode("utf-8"))
                declared = re.match(r"\s*<\?xml[^>]*\?>", xml)
                xml = xml[declared.end() :] if declared else xml
                part._blob = self.render_xml_part(xml, part, context, jinja_env).encode()

    def render_properties(self, context: Any, jinja_env: Any = None) -> None:
        """Leave them: they are written from the document."""


def _form(word: Any, bare: Collection[str]) -> Form:
    widths = [
        section.page_width - (section.left_margin or 0) - (section.right_margin or 0)
        for section in word.sections
        if section.page_width is not None
    ]
    has_table = _has(word, TABLE, WD_STYLE_TYPE.TABLE)
    has_cell = _has(word, CELL, WD_STYLE_TYPE.PARAGRAPH)
    return Form(
        width=max(min(widths, default=OWN.width), OWN.width // 4),
        table=TABLE if has_table else None,
        cell=CELL if has_cell else None,
        bare=bare,
    )


def _has(word: Any, name: str, kind: Any) -> bool:
    return any(style.name == name and style.type == kind for style in word.styles)


def _lend_styles(word: Any) -> list[str]:
    """Give a template the styles that it lacks, in its own letters; return lists without a mark."""
    styles, lender = word.styles, docx.Document().styles
    by_name = {
        named.get(qn("w:val"), "").lower(): named for named in styles.element.iter(qn("w:name"))
    }
    bare = []
    for name in STYLES:
        lent = lender[name].element
        lent_name = lent.find(qn("w:name")).get(qn("w:val"))
        if lent_name.lower() in by_name:
            by_name[lent_name.lower()].set(qn("w:val"), lent_name)  # only capitals differ
            continue
        _append(styles.element, copy.deepcopy(lent), styles.default(WD_STYLE_TYPE.PARAGRAPH))
        bare += [name] if name.startswith("List") and name != "List Continue" else []
    return bare


def _append(styles: Any, style: Any, normal: Any) -> None:
    """Add a style, without what it has from elsewhere: letters, colours, numbers, relatives."""
    ids = {one.get(qn("w:styleId")) for one in styles.iter(qn("w:style"))}
    if style.get(qn("w:styleId")) in ids:
        style.set(qn("w:styleId"), f"Lent{style.get(qn('w:styleId'))}")
    for tag in ("w:rFonts", "w:color", "w:numPr", "w:contextualSpacing", "w:link", "w:next"):
        for element in list(style.iter(qn(tag))):
            element.getparent().remove(element)
    based = style.find(qn("w:basedOn"))
    if based is not None and based.get(qn("w:val")) not in ids:
        if normal is not None and style.get(qn("w:type")) == "paragraph":
            based.set(qn("w:val"), normal.style_id)
        else:
            style.remove(based)
    name = style.find(qn("w:name")).get(qn("w:val"))
    if name.startswith("List"):
        indent = OxmlElement("w:ind")
        left = 720 if name.endswith("2") else 360
        indent.set(qn("w:left"), str(left))
        indent.set(qn("w:hanging"), "0" if name.endswith("Continue") else "360")
        style.get_or_add_pPr().append(indent)
    styles.append(style)
