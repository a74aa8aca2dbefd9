"""A view of a trial as a screen: its blocks, its pictures, and its rows as CSV.

What a screen shows, and what is drawn for it, is what the command line shows and draws.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, abort, current_app, g, render_template, request
from markupsafe import Markup

from escalation.errors import InputError
from escalation.reports.view import Heading, View, outlined
from escalation.web.blocks import write
from escalation.web.desk import desk
from escalation.web.screens.documents import send_csv
from escalation.web.screens.figures import send_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Link", "Pages", "choose_of", "send_page", "send_rows", "show_view"]

Pages = Callable[[], "Sequence[Figure | Axes]"]


class Link(NamedTuple):
    """Where else a reader can go from a screen: its words, its address, and whether it is here."""

    words: str
    address: str
    is_here: bool = False


def show_view(
    name: Hashable,
    title: str,
    make: Callable[[], View],
    *,
    pictures: tuple[Pages, Callable[..., str], str] | None = None,
    files: Sequence[Link] = (),
    below: int = 0,
    template: str = "planned/view.html",
    given: Mapping[str, Any],
) -> str:
    """Show a view under a title.

    Parameters
    ----------
    name : hashable
        By which what is made of it is kept.
    title : str
    make : callable
        Returns the view; what it refuses is said in its place.
    pictures : (callable, callable, str) or None
        What draws its pages, the address of one by its ``number``, and the same in words.
    files : sequence of Link
    below : int
        How far below the heading of a part of the page those of the view stand.
    template : str
    given : mapping
        What else the template asks for.
    """
    here, there = g.trial, desk(current_app)
    on = there.today(here.state)

    def body() -> Markup:
        try:
            blocks = list(outlined(make().page()))
        except InputError as error:
            return Markup("<p>{}</p>").format(_sentence(str(error)))
        if blocks and isinstance(blocks[0], Heading) and blocks[0].level == 1:
            blocks = blocks[1:]
        return write(blocks, below=below)

    key = (here.trial, here.seq, here.state.head, on, "view", name)
    addresses: list[str] = []
    words = ""
    if pictures is not None:
        draw, address, words = pictures
        drawn = _drawn(name, draw)
        addresses = [
            address(trial=here.trial, number=number, seq=here.seq)
            for number, _ in enumerate(drawn, start=1)
        ]
    return render_template(
        template,
        title=title,
        body=there.made(key, body),
        pictures=addresses,
        words=words,
        files=files,
        **given,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _drawn(name: Hashable, draw: Pages) -> Sequence[bytes]:
    """Return the pages of a picture, drawn once for the trial as it stands; none if it refuses."""
    here, there = g.trial, desk(current_app)
    key = (here.trial, here.seq, here.state.head, there.today(here.state), "pages", name)

    def make() -> Sequence[bytes]:
        from escalation.figures.picture import Picture  # noqa: PLC0415  # matplotlib

        try:
            pages = draw()
        except InputError:
            return []
        return [Picture(page, "drawn for a page, which says it in words").write("svg")
                for page in pages]  # fmt: skip

    if there.kept(key) is not None:  # whoever asks for what is drawn waits for no pen
        return there.made(key, make)
    with there.drawing:
        return there.made(key, make)


def send_page(name: Hashable, draw: Pages, number: int) -> Response:
    """Send a page of a picture, from 1."""
    drawn = _drawn(name, draw)
    if not 1 <= number <= len(drawn):
        abort(404)
    return send_picture(drawn[number - 1], sha256(drawn[number - 1]).hexdigest()[:32])


def send_rows(name: str, make: Callable[[], View]) -> Response:
    """Send the rows of a view as CSV."""
    try:
        return send_csv(name, make)
    except InputError as error:
        abort(404, _sentence(str(error)))


def choose_of(name: str, choices: Sequence[str]) -> str:
    """Return which of some words an address asks for; none is empty."""
    given = request.args.get(name, "")
    if given and given not in choices:
        abort(404)
    return given
