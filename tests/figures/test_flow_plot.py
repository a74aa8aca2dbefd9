"""The flow as a picture: its numbers are those of the count, and no text leaves its box."""

from __future__ import annotations

import re

import pytest
from matplotlib.axes import Axes

from escalation.errors import InputError
from escalation.figures.flow import plot_flow_pages
from escalation.figures.layout import PAGE_HEIGHT
from escalation.protocol import Protocol
from escalation.trial import leave_study, record_screening_failure
from escalation.trial.events import Leaving
from escalation.trial.screening.flow import count_flow
from tests.measured import text_faults
from tests.trial.bench import SITE, Bench
from tests.trial.small_trials import ladder, treat, typed


def texts(pages: list[Axes]) -> list[str]:
    return [text.get_text() for ax in pages for text in ax.texts if text.get_text()]


def fail(bench: Bench, *reasons: str) -> Bench:
    for number, reason in enumerate(reasons):
        bench.do(record_screening_failure, SITE, subject=f"F{number}", reason=reason)
    return bench


def outside(ax: Axes) -> list[str]:
    """Return the texts that stand partly in a box and partly not."""
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches]
    found = []
    for text in ax.texts:
        extent = text.get_window_extent()
        touched = [box for box in boxes if text.get_text() and box.overlaps(extent)]
        found += [
            text.get_text()
            for box in touched
            if not (box.x0 <= extent.x0 and extent.x1 <= box.x1)
            or not (box.y0 <= extent.y0 and extent.y1 <= box.y1)
        ]
    return found


def test_every_number_of_the_count_is_in_the_picture() -> None:
    bench = fail(typed("1NNN 2NT?"), "anaemia", "anaemia", "withdrew consent")
    bench.do(leave_study, SITE, subject="S1", why=Leaving.LOST)
    (ax,) = plot_flow_pages(bench.state, trial="TJ")
    said = texts([ax])
    for line in (
        "Screened (n = 9)",
        "Not enrolled (n = 3)",
        "anaemia (n = 2)",
        "withdrew consent (n = 1)",
        "Enrolled (n = 6)",
        "Not dosed (n = 0)",
        "Dosed (n = 6)",
        "lost to follow-up (n = 1)",
        "evaluable for DLTs (n = 2)",
        "pending (n = 1)",
    ):
        assert line in said
    assert said.count("dosed (n = 3)") == 2


@pytest.mark.parametrize(
    "n_levels", [4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3, 5, 9))]
)
def test_all_levels_are_drawn_on_pages_that_fit_a_sheet_and_no_text_leaves_its_box(
    n_levels: int,
) -> None:
    bench = Bench.started(ladder(*((k, 100.0 * k) for k in range(1, n_levels + 1))))
    for label in range(1, n_levels + 1):
        treat(bench, label, "NNN")
    fail(bench, *(f"reason {k} {'of a long and winding kind ' * 8}".strip() for k in range(12)))
    pages = plot_flow_pages(bench.state, trial="TJ")
    said = texts(pages)
    assert [text for text in said if re.fullmatch(r"Level \d", text)] == [
        f"Level {k}" for k in range(1, n_levels + 1)
    ]
    assert "5 other reasons (n = 5)" in said
    for ax in pages:
        figure = ax.get_figure(root=True)
        assert figure is not None
        assert figure.get_figheight() <= PAGE_HEIGHT
        assert text_faults(ax) == []
        assert outside(ax) == []


def test_words_without_blanks_and_with_dollars_stay_in_their_box() -> None:
    bench = fail(typed("1N"), "x" * 400, "$a_b$ and 100 %", "E" * 90)
    (ax,) = plot_flow_pages(bench.state)
    assert text_faults(ax) == []
    assert outside(ax) == []


def test_hundreds_who_failed_for_as_many_reasons_are_one_line_of_others() -> None:
    bench = fail(Bench.started(Protocol.plain(2)), *(f"reason {k}" for k in range(60)))
    (ax,) = plot_flow_pages(bench.state)
    assert "53 other reasons (n = 53)" in texts([ax])
    assert count_flow(bench.state).n_screened == 60


def test_where_nobody_was_screened_there_is_nothing_to_draw() -> None:
    with pytest.raises(InputError, match="nobody has been screened"):
        plot_flow_pages(Bench.started().state)
