"""`trial packet` and `trial minutes` as files: whole, not over another, the same again."""

from __future__ import annotations

import docx
import pytest

from escalation.reports.documents import find_missing
from tests.reports.read_documents import html_text, is_in_order, pdf_text, word_text

PACKET = "packet --as-of 61 --on 2026-05-28 --out"
needs_pango = pytest.mark.skipif(
    "Pango" in (find_missing(".pdf") or ""), reason="the system's library Pango is missing"
)


def test_a_packet_is_the_same_file_again_and_replaces_none_unasked(demo, tmp_path):
    first, second = tmp_path / "one.html", tmp_path / "two.html"
    for path in (first, second):
        result = demo.type(f"{PACKET} {path}")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"wrote {path}\n")
    assert first.read_bytes() == second.read_bytes()
    assert "exists; --force overwrites it" in demo.fails(f"{PACKET} {first}")
    first.write_text("mine")
    assert demo.type(f"{PACKET} {first} --force").exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    said = html_text(first.read_bytes())
    assert "F8 Probability of each end from here" in said
    assert "data up to entry 61" in first.read_text(encoding="utf-8")


@pytest.mark.slow
@needs_pango
def test_the_packet_of_the_demo_has_one_text_in_three_formats(demo, tmp_path):
    read = {"html": html_text, "docx": word_text, "pdf": pdf_text}
    texts = {}
    for ending, text_of in read.items():
        path = tmp_path / f"packet.{ending}"
        assert demo.type(f"{PACKET} {path}").exit_code == 0
        texts[ending] = text_of(path.read_bytes())
        first = path.read_bytes()
        assert demo.type(f"{PACKET} {path} --force").exit_code == 0
        assert path.read_bytes() == first
    assert "".join(texts["html"].split()) == "".join(texts["docx"].split())
    lines = [line for line in texts["html"].splitlines() if line.strip()]
    assert is_in_order(lines, texts["pdf"]) is None


def test_minutes_of_a_decision_are_written_for_word(demo, tmp_path):
    path = tmp_path / "minutes.docx"
    assert demo.type(f"minutes --decision 48 --out {path}").exit_code == 0
    said = word_text(path.read_bytes())
    assert "Minutes of decision 48: trial DEMO" in said
    assert "AGAINST (entry 51)" in said


def test_a_packet_and_minutes_fill_a_sponsors_template(demo, tmp_path):
    template, path = tmp_path / "sponsor.docx", tmp_path / "filled.docx"
    word = docx.Document()
    for mark in ("{{ trial }}, {{ on }}, {{ cutoff }}", "{{p body }}"):
        word.add_paragraph(mark)
    word.save(template)
    assert demo.type(f"minutes --decision 48 --out {path} --template {template}").exit_code == 0
    said = word_text(path.read_bytes())
    assert said.startswith("DEMO, 2026-05-04, entry 47, recorded ")
    assert "AGAINST (entry 51)" in said
    assert demo.type(f"{PACKET} {path} --force --template {template}").exit_code == 0
    assert "T13 Votes and sign-off at this meeting" in word_text(path.read_bytes())


def test_a_template_that_is_none_is_said_before_the_ledger_is_read(demo, tmp_path):
    none, path = tmp_path / "none.docx", tmp_path / "new.docx"
    assert "no such template" in demo.fails(f"{PACKET} {path} --template {none}")
    none.write_text("hello")
    assert "is not a Word file" in demo.fails(f"{PACKET} {path} --template {none}")
    assert "ends in .docx" in demo.fails(f"{PACKET} {tmp_path / 'p.pdf'} --template {none}")
    word = docx.Document()
    word.add_paragraph("{{p levels }}")
    word.save(none)
    assert "leaves out a part" in demo.fails(f"{PACKET} {path} --template {none}")
    assert "is the template" in demo.fails(f"{PACKET} {none} --force --template {none}")
    assert not path.exists()


def test_what_cannot_be_written_is_said_before_the_ledger_is_read(demo, tmp_path):
    assert "must end in one of .html, .docx, .pdf" in demo.fails(f"{PACKET} {tmp_path / 'p.odt'}")
    assert "there is no folder" in demo.fails(f"{PACKET} {tmp_path / 'no' / 'p.html'}")
    assert "is the ledger itself" in demo.fails(f"{PACKET} {demo.db} --force")
    assert "entry 50 is no decision; there are 9, 28, 48" in demo.fails(
        f"minutes --decision 50 --out {tmp_path / 'm.html'}"
    )


def test_a_time_that_is_none_is_refused_and_one_that_is_stands_in_the_file(demo, tmp_path):
    path = tmp_path / "m.html"
    result = demo.type(f"minutes --out {path}", SOURCE_DATE_EPOCH="soon")
    assert result.exit_code == 1
    assert "SOURCE_DATE_EPOCH is 'soon'" in result.stderr
    assert not path.exists()
    assert demo.type(f"minutes --out {path}", SOURCE_DATE_EPOCH="1780000000").exit_code == 0
    assert "2026-05-28T20:26:40Z" in path.read_text(encoding="utf-8")
