"""A committee's papers: read on the page, or taken along as a file; and the record as data.

Whatever is written or drawn is made once for an entry and a day, and kept by the desk. A file is
sent to be kept, never shown in the page's place, so no style of its own meets the page's policy.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, render_template, request, url_for
from markupsafe import Markup

from escalation.exports import FORMS
from escalation.exports.package import make_export, write_files, zipped
from escalation.papers import minutes_of, packet_of
from escalation.reports.documents import Document, find_missing, write_document
from escalation.reports.formats import write_view
from escalation.reports.trial.log import view_log
from escalation.reports.trial.status import view_status
from escalation.reports.view import Block, Figure, Heading, View, outlined
from escalation.web.access import READS, needs
from escalation.web.asking import asked
from escalation.web.blocks import write
from escalation.web.desk import desk

__all__ = ["missing_formats", "screens", "send_csv"]

screens = Blueprint("documents", __name__, url_prefix="/t/<trial>")

_TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml",
    "zip": "application/zip",
}
_FORMATS = ("html", "docx", "pdf")


def missing_formats() -> dict[str, str | None]:
    """Return for each format what it needs and is not installed; None where nothing is missing."""
    there = desk(current_app)
    return {
        form: there.made(("format", form), lambda form=form: find_missing(f".{form}"))  # type: ignore[misc]  # mypy has no defaults of lambdas
        for form in _FORMATS
    }


# ---------------------------------------------------------------- the packet


def _cutoff() -> tuple[int, date]:
    """Return the last entry that the packet knows of, and the day it is read."""
    here, there = g.trial, desk(current_app)
    seq = asked("as_of", here.seq, int)
    if not 1 <= seq <= here.seq:
        abort(404)
    on = asked("on", there.today(here.state), date.fromisoformat)
    return seq, on


def _packet(trial: str, form: str = "html") -> tuple[Hashable, Document]:
    seq, on = _cutoff()
    here = g.trial
    known = here.entries[:seq]

    def made() -> Document:
        return packet_of(here.as_of(seq), known, trial, on)

    return _kept(("packet", trial, seq, known[-1].hash, on), made, form)


@screens.get("/packet")
@needs(READS)
def packet(trial: str) -> str:
    """Show the packet."""
    seq, on = _cutoff()
    key, document = _packet(trial)
    return _page(key, document, "packet", {"as_of": seq, "on": str(on)}, cut_off=(seq, on))


@screens.get("/packet.<any(html, docx, pdf):form>")
@needs(READS)
def packet_file(trial: str, form: str) -> Response:
    """Send the packet as a file."""
    seq, on = _cutoff()
    key, document = _packet(trial, form)
    return _file(key, document, form, f"{trial}-packet-{seq}-{on}")


@screens.get("/packet/figure-<int:number>.svg")
@needs(READS)
def packet_figure(trial: str, number: int) -> Response:
    """Send a figure of the packet."""
    _, document = _packet(trial)
    return _figure(document, number)


# ---------------------------------------------------------------- the minutes


def _minutes(trial: str, decision: int, form: str = "html") -> tuple[Hashable, Document]:
    seq, _ = _cutoff()
    here = g.trial
    known = here.entries[:seq]
    state = here.as_of(seq)
    if state.find_decision(decision) is None:
        abort(404)

    def made() -> Document:
        return minutes_of(state, known, trial, decision)

    return _kept(("minutes", trial, decision, seq, known[-1].hash), made, form)


@screens.get("/minutes/<int:decision>")
@needs(READS)
def minutes(trial: str, decision: int) -> str:
    """Show the minutes of a decision."""
    seq, _ = _cutoff()
    key, document = _minutes(trial, decision)
    return _page(key, document, "minutes", {"as_of": seq, "decision": decision})


@screens.get("/minutes/<int:decision>.<any(html, docx, pdf):form>")
@needs(READS)
def minutes_file(trial: str, decision: int, form: str) -> Response:
    """Send the minutes as a file."""
    seq, _ = _cutoff()
    key, document = _minutes(trial, decision, form)
    return _file(key, document, form, f"{trial}-minutes-{decision}-{seq}")


@screens.get("/minutes/<int:decision>/figure-<int:number>.svg")
@needs(READS)
def minutes_figure(trial: str, decision: int, number: int) -> Response:
    """Send a figure of the minutes."""
    _, document = _minutes(trial, decision)
    return _figure(document, number)


# ---------------------------------------------------------------- how they are made and sent


def _kept(key: Hashable, make: Callable[[], Document], form: str) -> tuple[Hashable, Document]:
    """Return a document with its pictures drawn as a format takes them, and its key.

    What is kept holds pictures and nothing that could draw them again, which would be large.
    """
    there = desk(current_app)
    picture = "png" if form == "docx" else "svg"

    def drawn() -> Document:
        with there.drawing:
            document = make()
            blocks = [_draw(block, picture) for block in document.blocks]
            return replace(document, blocks=blocks)

    return key, there.made((key, picture), drawn)


def _draw(block: Block, picture: str) -> Block:
    if not isinstance(block, Figure):
        return block
    content = block.draw(picture)
    return replace(block, draw=lambda _: content)


def _figures(document: Document) -> list[Figure]:
    return [block for block in document.blocks if isinstance(block, Figure)]


def _figure(document: Document, number: int) -> Response:
    found = _figures(document)
    if not 1 <= number <= len(found):
        abort(404)
    return Response(found[number - 1].draw("svg"), content_type=_TYPES["svg"])


def _page(
    key: Hashable,
    document: Document,
    name: str,
    where: dict[str, Any],
    cut_off: tuple[int, date] | None = None,
) -> str:
    """Show a document as a page of the trial: its heading is the page's."""
    title, *blocks = outlined(document.blocks)
    figures = _figures(document)
    trial = g.trial.trial

    def source(figure: Figure) -> str:
        number = figures.index(figure) + 1
        return url_for(f".{name}_figure", trial=trial, number=number, **where)

    def body() -> Markup:
        return write(blocks, source)

    return render_template(
        "meeting/document.html",
        title=title.text if isinstance(title, Heading) else document.title,
        body=desk(current_app).made((key, "page", request.script_root), body),
        files={
            form: url_for(f".{name}_file", trial=trial, form=form, **where) for form in _FORMATS
        },
        missing=missing_formats(),
        cut_off=cut_off,
    )


def _file(key: Hashable, document: Document, form: str, name: str) -> Response:
    missing = missing_formats()[form]
    if missing is not None:
        abort(503, f"{missing[0].upper()}{missing[1:]}.")

    def written() -> bytes:
        return write_document(document, f".{form}")

    return _send(desk(current_app).made((key, form), written), form, name)


def _send(content: bytes, form: str, name: str) -> Response:
    """Send a file to be kept; a trial's id is letters, digits and . _ - only."""
    response = Response(content, content_type=_TYPES[form])
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{form}")
    return response


# ---------------------------------------------------------------- CSV, and datasets


@screens.get("/log.csv")
@needs(READS)
def log_csv(trial: str) -> Response:
    """Send the log."""
    here = g.trial
    return send_csv("log", lambda: view_log(here.entries, here.state, trial))


@screens.get("/patients.csv")
@needs(READS)
def patients_csv(trial: str) -> Response:
    """Send the patients, one a row."""
    here = g.trial
    on = desk(current_app).today(here.state)
    return send_csv("patients", lambda: view_status(here.state, trial, on, last=here.entries[-1]))


@screens.get("/datasets.zip")
@needs(READS)
def datasets(trial: str) -> Response:
    """Send the record as datasets shaped as SDTM; what is wrong with them, their readme says."""
    here, there = g.trial, desk(current_app)

    def made() -> bytes:
        at = there.now()
        return zipped(write_files(make_export(here.state, trial), FORMS[:2], at), at)

    content = there.made(("datasets", trial, here.seq, here.state.head), made)
    return _send(content, "zip", f"{trial}-datasets-{here.seq}-{there.today(here.state)}")


def send_csv(name: str, view: Callable[[], View]) -> Response:
    """Send the rows of a view; made once for an entry and a day."""
    here, there = g.trial, desk(current_app)
    on = there.today(here.state)

    def made() -> bytes:
        return "".join(write_view(view(), "csv")).encode("utf-8", "backslashreplace")

    content = there.made((name, "csv", here.trial, here.seq, here.state.head, on), made)
    return _send(content, "csv", f"{here.trial}-{name}-{here.seq}-{on}")
