"""No text of a picture leaves the canvas or crosses another: measured on the drawn figure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from escalation.designs import APlusB, Design, ThreePlusThree
from escalation.figures.adverse_events import plot_adverse_events_pages
from escalation.figures.course import plot_course, plot_course_pages
from escalation.figures.decision_table import plot_decision_pages, plot_decision_table
from escalation.figures.layout import shares_of, text_width, wrap
from escalation.figures.state_machine import plot_diagram, plot_diagram_pages
from escalation.figures.style import ACTIONS
from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.reports.rule.decision_table import decision_table
from escalation.trial import TrialState, record_outcome
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Relation, Toxicity
from tests.extremes import DESIGN, LONG, ORDINARY, TITLE, WORDS
from tests.figures.test_adverse_events_plot import played
from tests.measured import text_faults
from tests.trial.bench import D0, SITE, Bench, day
from tests.trial.spreadsheet.test_spreadsheet import demo_state

pytestmark = pytest.mark.slow  # every picture is drawn, with ordinary names and with extreme ones

TERM = "immune effector cell-associated haemophagocytic lymphohistiocytosis-like syndrome"


def answers_of(design: Design) -> dict[tuple[int, int], str]:
    """Return an answer for each place of a table, the longest there are."""
    answers: dict[tuple[int, int], str] = {}
    for row in decision_table(design):
        answer = f"{row.answer}; too toxic" if row.answer.startswith("de-esc") else row.answer
        answers[row.n_evaluable, row.n_dlts] = answer
    return answers


@functools.cache
def long_state(n_patients: int = 50) -> TrialState:
    """Return a trial of cohorts of one, with long names of subjects and toxicities."""
    plain = Protocol.plain(8).with_design("boin", target=0.3, cohort_size=1, max_patients=60)
    bench = Bench.started(replace(plain, name=LONG.name, title=TITLE))
    for k in range(n_patients):
        bench.now = 3 * k
        subject = f"SITE-{k % 7:02}-CART-B-{k:04}"  # no id is longer
        bench.open_cohort()
        bench.treat(subject)
        bench.now += 2
        if k % 5 < 4:
            bench.no_dlt(subject)
            continue
        toxicity = Toxicity(
            term=f"{TERM} {k}", grade=4, onset=day(bench.now), relation=Relation.PROBABLE
        )
        bench.do(
            record_outcome,
            SITE,
            subject=subject,
            outcome=Outcome.DLT,
            toxicities=[toxicity],
        )
    return bench.state


LONG_DAY = D0 + timedelta(days=170)
LONG_TABLE = {
    (n, x): (
        f"escalate, treat {min(3, 42 - n)}"
        if x < 0.23 * n
        else "stay, treat 3"
        if x < 0.36 * n
        else "de-escalate, treat 3"
        if x < 0.5 * n
        else "de-escalate, treat 3; too toxic"
    )
    for n in range(42)
    for x in range(n + 1)
}
PICTURES: dict[str, Callable[[], Sequence[Axes]]] = {
    "table": lambda: [plot_decision_table(answers_of(ThreePlusThree(n_levels=4)), design="3+3")],
    "large table, long names": lambda: plot_decision_pages(
        LONG_TABLE, design=DESIGN, situation="level above not yet given", trial=TITLE
    ),
    "course": lambda: [plot_course(demo_state(), STAR_T.day, trial="DEMO")],
    "course, long names": lambda: plot_course_pages(long_state(), LONG_DAY, trial="a" * 60),
    "course on one page": lambda: [plot_course(long_state(), LONG_DAY)],
    "adverse events": lambda: plot_adverse_events_pages(played(), trial="TJ"),
    "adverse events, long names": lambda: plot_adverse_events_pages(
        played(n_levels=6, categories=tuple(f"{TERM} {k}" for k in range(12))), trial="a" * 60
    ),
    "diagram": lambda: plot_diagram_pages(
        ORDINARY.design, ORDINARY.level_names, trial=ORDINARY.title or "", protocol="Protocol x"
    ),
    "diagram, long names": lambda: plot_diagram_pages(
        LONG.design, LONG.level_names, trial=TITLE, protocol=f"Protocol {LONG.name}"
    ),
    "diagram, words as labels": lambda: plot_diagram_pages(
        WORDS.design, WORDS.diagram_names, trial=TITLE, protocol=f"Protocol {WORDS.name}"
    ),
    "diagram of three stages, words as labels": lambda: plot_diagram_pages(
        ThreePlusThree(n_levels=8, third=3), WORDS.diagram_names, trial=TITLE
    ),
    "diagram of A+B": lambda: plot_diagram_pages(
        APlusB(n_levels=4, a=4, b=6, c=2, d=3, e=4), LONG.level_names[:4], trial=TITLE
    ),
    "diagram of three stages": lambda: plot_diagram_pages(
        ThreePlusThree(n_levels=3, third=3), ORDINARY.level_names[:3], protocol="Protocol x"
    ),
    "diagram of three stages, long names": lambda: plot_diagram_pages(
        ThreePlusThree(n_levels=8, third=3),
        LONG.level_names,
        trial=TITLE,
        protocol=f"Protocol {LONG.name}",
    ),
    "diagram of A+B in three stages": lambda: plot_diagram_pages(
        APlusB(n_levels=3, start=1, a=4, b=6, c=2, d=3, e=4, third=3), ["1", "2", "3"]
    ),
    "diagram of A+B in three stages, long names": lambda: plot_diagram_pages(
        APlusB(n_levels=3, a=10, b=5, c=9, d=9, e=9, third=5, f=12, cohort_size="10-15"),
        LONG.level_names[:3],
        trial=TITLE,
        protocol=f"Protocol {LONG.name}",
    ),
}


@functools.cache
def _drawn(picture: str) -> Sequence[Axes]:
    return PICTURES[picture]()


@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_leaves_the_canvas_or_crosses_another_measured(picture: str) -> None:
    for page in _drawn(picture):
        assert text_faults(page) == []


@pytest.mark.parametrize("picture", PICTURES)
def test_pages_fit_a_sheet_of_a4_or_us_letter(picture: str) -> None:
    for page in _drawn(picture):
        figure = page.get_figure(root=True)
        assert figure is not None
        width, height = figure.get_size_inches()
        assert width <= 7.77  # A4 less 1/4 inch at each side
        assert height <= 10.5 or picture == "course on one page"


def test_every_patient_is_on_one_of_the_pages() -> None:
    pages = _drawn("course, long names")
    shown = [label.get_text() for page in pages for label in page.get_yticklabels()]
    assert len(pages) > 1
    assert [name.replace("\n", "") for name in shown] == list(long_state().subjects)
    assert len({page.get_xlim()[0] for page in pages}) == 1


def test_every_cell_of_a_table_is_on_one_of_the_pages() -> None:
    pages = _drawn("large table, long names")
    assert sorted(text.get_position() for page in pages for text in page.texts) == sorted(
        LONG_TABLE
    )


@pytest.mark.parametrize(
    ("picture", "design"),
    [
        ("diagram, long names", LONG.design),
        ("diagram of three stages, long names", ThreePlusThree(n_levels=8, third=3)),
    ],
)
def test_pages_of_a_ladder_have_every_line_of_the_whole(picture: str, design: Design) -> None:
    whole = plot_diagram(design, LONG.level_names)
    pages = _drawn(picture)
    assert len(pages) > 1

    def boxes_and_lines(ax: Axes) -> set[str]:
        return {
            str(np.round(patch.get_path().vertices, 3).tolist())
            if not hasattr(patch, "_path_original")
            else str(np.round(patch._path_original.vertices, 3).tolist())
            for patch in ax.patches
        }

    assert set().union(*map(boxes_and_lines, pages)) == boxes_and_lines(whole)


def test_actions_are_told_apart_in_grey_by_lightness_or_hatching() -> None:
    looks = []
    for fill, hatch, _ in ACTIONS.values():
        red, green, blue = to_rgb(fill)
        looks.append((0.2126 * red + 0.7152 * green + 0.0722 * blue, hatch))
    for k, (one, hatch) in enumerate(looks):
        for other, other_hatch in looks[:k]:
            assert abs(one - other) > 0.1 or hatch != other_hatch
    assert all(abs(sum(to_rgb(fill)) - sum(to_rgb(ink))) > 1 for fill, _, ink in ACTIONS.values())


def test_eliminating_has_a_look_of_its_own() -> None:
    answers = {(3, 2): "de-escalate, treat 3", (3, 3): "de-escalate, treat 3; too toxic"}
    ax = plot_decision_table(answers, design="boin")
    assert [text.get_text() for text in ax.texts] == ["D", "X"]
    assert len({(patch.get_facecolor(), patch.get_hatch()) for patch in ax.patches}) == 2


@pytest.mark.parametrize("text", ["", "word", "two words", "n" * 90, "CAR-T/CD19_BCMA" * 9, "a  b"])
def test_wrapped_text_fits_and_loses_no_letter(text: str) -> None:
    wrapped = wrap(text, 1.0, 7)
    assert all(text_width(line, 7) <= 1.0 for line in wrapped.split("\n"))
    assert "".join(wrapped.split()) == "".join(text.split())


@pytest.mark.parametrize(("n", "most"), [(1, 6), (6, 6), (7, 6), (12, 5), (12, 1), (100, 36)])
def test_pages_are_as_few_as_can_be_and_even(n: int, most: int) -> None:
    pages = shares_of(n, most)
    sizes = [page.stop - page.start for page in pages]
    assert [row for page in pages for row in range(page.start, page.stop)] == list(range(n))
    assert len(pages) == -(-n // most)
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
