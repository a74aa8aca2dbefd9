"""Pictures of a trial: drawn once, by what is to be seen, and kept; each with its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, abort, current_app, g, request, url_for
from markupsafe import Markup

from escalation.dataclass import dataclass
from escalation.reports.trial.figure_words import (
    BY_LEVEL,
    COURSE,
    caption_path,
    say_course,
    say_histories,
    say_path,
)
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.web.access import READS, needs
from escalation.web.blocks import say
from escalation.web.desk import Standing, desk
from escalation.web.drawing import draw_once

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Shown", "pictures_of", "screens", "send_picture"]

screens = Blueprint("figures", __name__, url_prefix="/t/<trial>/figures")

OF_A_PICTURE = (  # it has its own style, and nothing else that could do anything
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
)


class Shown(NamedTuple):
    """A picture on a page: where it is, what it shows, and the same in words."""

    address: str
    caption: Markup
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """A picture, page by page.

    Attributes
    ----------
    caption, words : callable
        From the state (and the day) to what it shows, and to the same in words.
    n_pages : callable
        How many pages it fills; 0 where there is nothing to draw.
    draw : callable
        Draws a page, from 0.
    events : bool
        Whether adverse events are marked in it.
    """

    caption: Callable[[TrialState, date], str]
    words: Callable[[TrialState], str]
    n_pages: Callable[[TrialState], int]
    draw: Callable[[Standing, date, int], Axes]
    events: bool = False


def _by_level(here: Standing, on: date, page: int) -> Axes:
    from escalation.figures.patients_by_level import plot_patients_by_level  # noqa: PLC0415

    return plot_patients_by_level(here.state)


def _course(here: Standing, on: date, page: int) -> Axes:
    from escalation.figures.course import plot_course_page  # noqa: PLC0415

    return plot_course_page(here.state, on, page)


def _path(here: Standing, on: date, page: int) -> Axes:
    from escalation.figures.path_so_far import plot_path  # noqa: PLC0415

    return plot_path(here.state, on)


def _n_course(state: TrialState) -> int:
    from escalation.figures.course import count_pages  # noqa: PLC0415  # matplotlib

    return count_pages(state)


def _any_dosed(state: TrialState) -> int:
    return int(state.protocol is not None and any(s.dosing for s in state.subjects.values()))


def _any_cohort(state: TrialState) -> int:
    opened = any(c.purpose is Purpose.ESCALATION for c in state.cohorts)
    return int(state.protocol is not None and opened)


def _words_of_path(state: TrialState) -> str:
    return "" if state.protocol is None else say_path(state, state.protocol)


PICTURES = {
    "by-level": _Picture(
        caption=lambda state, on: BY_LEVEL, words=say_histories, n_pages=_any_dosed, draw=_by_level
    ),
    "course": _Picture(
        caption=lambda state, on: f"{COURSE}: DLT windows from infusion, to {on}",
        words=lambda state: say_course("the table of patients"),
        n_pages=lambda state: _n_course(state) if _any_dosed(state) else 0,
        draw=_course,
        events=True,
    ),
    "path": _Picture(
        caption=lambda state, on: caption_path(state),
        words=_words_of_path,
        n_pages=_any_cohort,
        draw=_path,
    ),
}


def pictures_of(here: Standing, on: date) -> Sequence[Shown]:
    """Return the pictures of a trial as it stands."""
    there = desk(current_app)
    return there.made((here.trial, here.seq, here.state.head, on, "shown"), lambda: _all(here, on))


def _all(here: Standing, on: date) -> list[Shown]:
    shown = []
    for name, picture in PICTURES.items():
        n_pages = picture.n_pages(here.state)
        for page in range(n_pages):
            address = url_for(
                "figures.figure",
                trial=here.trial,
                picture=name,
                seq=here.seq,
                page=page + 1 if page else None,
            )
            which = f", page {page + 1} of {n_pages}" if n_pages > 1 else ""
            caption = say(f"{picture.caption(here.state, on)}{which}")
            shown.append(Shown(address, caption, picture.words(here.state)))
    return shown


@screens.get("/<picture>.svg")
@needs(READS)
def figure(trial: str, picture: str) -> Response:
    """Send a picture of the trial as known at an entry, today by default."""
    here, there = g.trial, desk(current_app)
    seq, page = _number("seq", here.seq), _number("page", 1)
    shown = PICTURES.get(picture)
    if shown is None or not 1 <= seq <= here.seq:
        abort(404)
    on = there.today(here.state)

    def make() -> tuple[bytes, str]:
        then = (
            here
            if seq == here.seq
            else Standing(trial=trial, entries=here.entries[:seq], state=here.as_of(seq))
        )
        if not 1 <= page <= shown.n_pages(then.state):
            abort(404)
        drawn = draw_once(
            there,
            (picture, page),
            then,
            on,
            lambda: shown.draw(then, on, page - 1),
            events=shown.events,
        )
        return drawn, sha256(drawn).hexdigest()[:32]

    head = here.entries[seq - 1].hash
    drawn, digest = there.made((trial, seq, head, on, "figure", picture, page), make)
    return send_picture(drawn, digest)


def send_picture(drawn: bytes, digest: str) -> Response:
    """Send a picture; asked for again, that it is the same."""
    answer = Response(drawn, mimetype="image/svg+xml")
    answer.set_etag(digest)
    answer.headers["Cache-Control"] = "private, no-cache"  # asked again, answered by 304
    answer.headers["Content-Security-Policy"] = OF_A_PICTURE
    answer.make_conditional(request)
    return answer


def _number(name: str, default: int) -> int:
    given = request.args.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        abort(404)
    return int(given)
