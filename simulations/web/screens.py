"""Calculations in the browser: a decision, what a design does, designs compared.

Nothing is stored. A question is asked by address, so that an answer is a link, and in the words of
the command line, which the page prints. A decision is for anybody; what takes the machine's time
is for those who have signed in.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from escalation.errors import EscalationError
from escalation.reports.documents import SUFFIXES, Document, find_missing, write_document
from escalation.reports.formats import format_of, write_view
from escalation.reports.view import Block, Figure, Heading, Paragraph
from escalation.text import with_powers
from escalation.version import __version__
from escalation.web.access import ANYBODY, SIGNED_IN, needs
from escalation.web.blocks import write
from escalation.web.desk import desk
from simulations.web.calculator import Calculator, calculator, view_of
from simulations.web.forms import FORMS, DecideForm, QuestionForm

__all__ = ["blueprint"]

blueprint = Blueprint(
    "calculations", __name__, template_folder=str(Path(__file__).parent / "templates")
)


@blueprint.record_once
def open_calculator(at: BlueprintSetupState) -> None:
    """Give an application its calculator, which draws when nobody else does."""
    at.app.extensions["calculations"] = Calculator(desk(cast(Flask, at.app)).drawing)


MOST_FIELDS = 400
MIME = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}
FILES = {
    ".csv": "CSV",
    ".json": "JSON",
    ".txt": "Text",
    ".html": "HTML",
    ".docx": "Word",
    ".pdf": "PDF",
}
AT_ONCE = (".csv", ".json", ".txt")  # written in no time, so for anybody
OF_A_PICTURE = (  # it has its own style, and nothing else that could do anything
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
)
KEPT_BY_BROWSERS = "private, max-age=3600"  # the address says all that a picture is made of


@blueprint.get("/decide")
@needs(ANYBODY)
def decide() -> str | AnyResponse | tuple[str, int]:
    """Say what to do next after any outcomes."""
    return _screen("decide")


@blueprint.get("/simulate")
@needs(SIGNED_IN)
def simulate() -> str | AnyResponse | tuple[str, int]:
    """Show what a design does."""
    return _screen("simulate")


@blueprint.get("/compare")
@needs(SIGNED_IN)
def compare() -> str | AnyResponse | tuple[str, int]:
    """Show designs side by side."""
    return _screen("compare")


@blueprint.get("/decide.<ending>")
@needs(ANYBODY)
def decide_file(ending: str) -> Response:
    """Send a decision as a file."""
    return _file("decide", f".{ending}")


@blueprint.get("/<any(simulate, compare):question>.<ending>")
@needs(SIGNED_IN)
def answer_file(question: str, ending: str) -> Response:
    """Send an answer as a file."""
    return _file(question, f".{ending}")


@blueprint.get("/<any(simulate, compare):question>/figure-<int:number>.svg")
@needs(SIGNED_IN)
def figure(question: str, number: int) -> Response:
    """Send a picture of an answer."""
    picture = calculator(current_app).drawn(_words(question), number)
    kept = {"Cache-Control": KEPT_BY_BROWSERS, "Content-Security-Policy": OF_A_PICTURE}
    return Response(picture, mimetype="image/svg+xml", headers=kept)


# ---------------------------------------------------------------- a question and its answer


def _screen(name: str) -> str | AnyResponse | tuple[str, int]:
    """Show a form, and the answer to what is filled in."""
    form = _read(name)
    if request.args and not form.validate():
        return _form(form, "Something has to be filled in otherwise."), 400
    if not request.args or "fill" in request.args:
        return _form(form)
    given = form.given()
    if sorted(given.items()) != sorted(request.args.items(multi=True)):
        return redirect(_address(f".{name}", given), 303)
    try:
        if isinstance(form, DecideForm) and (outcomes := form.counted()) is not None:
            counts = {field.name for field in form.counts()}
            kept = {key: value for key, value in given.items() if key not in counts}
            return redirect(_address(".decide", {**kept, "outcomes": outcomes}), 303)
        return _answer(form, given)
    except EscalationError as error:
        return _form(form, form.in_its_words(str(error)), _typed(form)), 400


def _answer(form: QuestionForm, given: Mapping[str, str]) -> str:
    """Show an answer, and how it is had again."""
    name, words, there = form.name, form.words(), calculator(current_app)
    asked, figures = there.ask(words), there.figures(words)

    def source(one: Figure) -> str:
        return _address(".figure", given, question=name, number=figures.index(one) + 1)

    view = view_of(asked)
    blocks = list(view.page())
    head = list(takewhile(lambda block: isinstance(block, Paragraph), blocks))
    body = blocks[len(head) :]
    answer = [head.pop(0)] if name == "decide" else []
    return render_template(
        "calculations/answer.html",
        form=form,
        answer=_text(answer),
        head=write(head),
        brief=write(view.brief()),
        body=write(body),
        figures=write(figures, source),
        notes=asked.notes,
        command=_typed(form),
        files=[
            (FILES[suffix], _address(endpoint, given, **place))
            for suffix, endpoint, place in _files(name)
        ],
    )


def _form(form: QuestionForm, fault: str = "", command: str = "") -> str:
    """Show the form alone, with what is wrong."""
    return render_template("calculations/form.html", form=form, fault=fault, command=command)


def _read(name: str) -> QuestionForm:
    if len(request.args) > MOST_FIELDS:
        abort(400, f"A question has at most {MOST_FIELDS} fields.")
    return FORMS[name].read(request.args if request.args else MultiDict())


def _words(name: str) -> list[str]:
    """Return the words of the question that an address asks."""
    form = _read(name)
    if not form.validate():
        abort(400, "This is not a question that the page asks.")
    return form.words()


def _typed(form: QuestionForm) -> str:
    """Return the command line that asks the same; nothing where there is none."""
    try:
        return shlex.join(["escalation", *form.words()])
    except EscalationError:
        return ""


def _text(blocks: list[Block]) -> str:
    said = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    return with_powers(said)


def _address(endpoint: str, given: Mapping[str, str], **place: Any) -> str:
    """Return an address with a question; its names are not those that ``url_for`` knows."""
    return f"{url_for(endpoint, **place)}?{urlencode(given)}"


# ---------------------------------------------------------------- files


def _files(name: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the endings, screens and places of the files in which an answer can be had."""
    for suffix in MIME:
        if name == "decide" and suffix in AT_ONCE:
            yield suffix, ".decide_file", {"ending": suffix[1:]}
        elif name != "decide" and not (suffix in SUFFIXES and find_missing(suffix)):
            yield suffix, ".answer_file", {"question": name, "ending": suffix[1:]}


def _file(name: str, suffix: str) -> Response:
    if suffix not in {one for one, _, _ in _files(name)}:
        abort(404)
    words, there = _words(name), calculator(current_app)
    view = view_of(there.ask(words))
    if suffix in SUFFIXES:
        figures = there.figures(words)
        whole = _document(name, words, [*view.page(), *figures])
        content = there.draw((*words, suffix), lambda: write_document(whole, suffix))
    else:
        pieces = write_view(view, format_of(suffix) or "text")
        content = "".join(pieces).encode("utf-8", "backslashreplace")
    named = {"Content-Disposition": f'attachment; filename="{name}{suffix}"'}
    return Response(content, content_type=MIME[suffix], headers=named)


def _document(name: str, words: list[str], blocks: list[Block]) -> Document:
    """Return an answer as a document that says how it is had again."""
    title, asked = FORMS[name].title, shlex.join(["escalation", *words])
    head: list[Block] = [Heading(title, 2), Paragraph(f"The command line that gives it: {asked}")]
    return Document(
        title=title, origin=f"escalation {__version__}", at=None, blocks=[*head, *blocks]
    )
