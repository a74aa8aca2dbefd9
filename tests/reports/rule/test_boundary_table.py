"""The field's decision table of interval designs, against published tables and against `decide`."""

import json
from itertools import combinations
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.text import Text

from escalation.designs import (
    DESIGNS,
    Action,
    Boin,
    Keyboard,
    LevelStatus,
    MTpi2,
    describe_design,
    make_design,
)
from escalation.designs.interval.base import IntervalDesign
from escalation.errors import InputError
from escalation.figures.boundary_table import plot_boundaries
from escalation.outcomes import Tally
from escalation.reports.formats import write_view
from escalation.reports.rule.boundary_table import (
    Boundaries,
    boundary_blocks,
    boundary_table,
    boundary_table_document,
    boundary_table_rows,
)
from escalation.reports.view import View
from tests.designs.reference import only, rows, whole

NAMES = [name for name, design in DESIGNS.items() if issubclass(design, IntervalDesign)]


def made(name: str, **options: Any) -> IntervalDesign:
    target = {} if name == "g3+3" else {"target": 0.3}
    design = make_design(name, **{"n_levels": 5, "max_patients": 30} | target | options)
    assert isinstance(design, IntervalDesign)
    return design


def published(row: dict[str, str]) -> tuple[int | None, ...]:
    names = ("escalate_if_dlt_le", "deescalate_if_dlt_ge", "eliminate_if_dlt_ge")
    return tuple(whole(row[name]) for name in names)


def said(one: Boundaries) -> tuple[int | None, ...]:
    return one.escalate_if_at_most, one.deescalate_if_at_least, one.eliminate_if_at_least


def test_every_number_from_a_whole_cohort_on_against_boin() -> None:
    differ, n_rows = [], 0
    for row in rows("boin_boundaries.csv"):
        n, size = int(row["n"]), int(row["cohortsize"])
        design = Boin(
            n_levels=5,
            target=float(row["target"]),
            cohort_size=size,
            max_patients=30,
            p_saf=float(row["p_saf"]),
            p_tox=float(row["p_tox"]),
            cutoff_eli=float(row["cutoff_eli"]),
            extrasafe=row["extrasafe"] == "TRUE",
        )
        (one,) = boundary_table(design, [n])
        if n < size:  # completed first, whatever the published number
            assert one.escalate_if_at_most is None
            continue
        stop = row["stop_if_dlt_ge_at_lowest"] if design.extrasafe else row["eliminate_if_dlt_ge"]
        n_rows += 1
        if (*said(one), one.stop_at_lowest_if_at_least) != (*published(row), whole(stop)):
            differ.append(f"{row}: {one}")
    only(differ)
    assert n_rows == 450 - 9 * 2 - 3


@pytest.mark.parametrize("design_of", [Keyboard, MTpi2])
def test_every_number_against_keyboard(design_of: type[Keyboard]) -> None:
    differ, n_rows = [], 0
    for row in rows("keyboard_boundaries.csv"):
        n = int(row["n"])
        design = design_of(
            n_levels=5,
            target=float(row["target"]),
            cohort_size=1,
            max_patients=30,
            margin_left=float(row["marginL"]),
            margin_right=float(row["marginR"]),
            cutoff_eli=float(row["cutoff_eli"]),
        )
        (one,) = boundary_table(design, [n])
        up, down, out = published(row)
        if design_of is Keyboard and n < 3:
            out = None
        never = (None if up == -1 else up, down, out)
        n_rows += 1
        if said(one) != never or one.stop_at_lowest_if_at_least != out:
            differ.append(f"{row}: {one}")
    only(differ)
    assert n_rows == 180


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"cohort_size": 1}, {"titration": True}], ids=str)
def test_the_table_is_what_a_trial_does_in_the_middle_of_the_ladder(name, options) -> None:
    design = made(name, n_levels=3, **options)
    seen = [Tally(n_evaluable=design.cohort_size), Tally(), Tally()]
    for one in boundary_table(design, range(1, 13)):
        n = one.n_evaluable
        for x in range(n + 1):
            here = Tally(n_evaluable=n, n_dlts=x)
            decision = design.decide([seen[0], here, seen[2]], 1)
            up, down, out = said(one)
            expected = Action.ESCALATE if up is not None and x <= up else Action.STAY
            if down is not None and x >= down:
                expected = Action.DEESCALATE
            assert decision.action is expected, (n, x)
            eliminated = design.status(here) is LevelStatus.TOO_TOXIC
            assert (out is not None and x >= out) == eliminated, (n, x)
            stop = design.decide([here, seen[1], seen[2]], 0).action is Action.STOP
            least = one.stop_at_lowest_if_at_least
            assert (least is not None and x >= least) == stop, (n, x)


def test_rows_are_the_four_of_the_field_and_a_fifth_under_extra_safety() -> None:
    table = boundary_table_rows(made("boin", max_patients=6))
    assert table == [
        ["Evaluable patients", 1, 2, 3, 4, 5, 6],
        ["Escalate if DLTs <=", "", "", 0, 0, 1, 1],
        ["De-escalate if DLTs >=", "", 2, 2, 2, 2, 3],
        ["Eliminate if DLTs >=", "", "", 3, 3, 4, 4],
    ]
    *four, fifth = boundary_table_rows(made("boin", max_patients=6, extrasafe=True))
    assert four == table
    assert fifth == ["Stop if DLTs >= at the lowest level", "", 2, 2, 3, 3, 4]


def test_the_document_has_an_entry_a_number_of_patients_and_survives_json() -> None:
    document = boundary_table_document(made("boin"))
    assert json.loads(json.dumps(document)) == document
    assert len(document["boundaries"]) == 30
    assert document["boundaries"][5] == {
        "n_evaluable": 6,
        "escalate_if_at_most": 1,
        "deescalate_if_at_least": 3,
        "eliminate_if_at_least": 4,
        "stop_at_lowest_if_at_least": 4,
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [60, 79])
def test_long_tables_wrap_and_lose_no_number(name, width) -> None:
    design = made(name, max_patients=45, n_earlystop=42)
    view = View(page=lambda: boundary_blocks(design), document=dict, rows=tuple)
    text = "".join(write_view(view, "text", width))
    assert max(map(len, text.splitlines())) <= width
    for head, *cells in boundary_table_rows(design):
        lines = [line for line in text.splitlines() if line.strip().startswith(f"{head} ")]
        shown = " ".join(line.strip().removeprefix(str(head)) for line in lines).split()
        assert shown == ["-" if cell == "" else str(cell) for cell in cells]
    words = " ".join(text.split())
    for clause in ("fill", "enough-here", "max-patients"):
        assert design.clauses[clause].text in words


@pytest.mark.parametrize(
    "options",
    [{}, {"cohort_size": 1, "max_patients": 1}, {"extrasafe": True, "max_patients": 9}],
    ids=str,
)
@pytest.mark.slow
def test_the_picture_says_what_the_design_does_and_stays_on_its_canvas(options) -> None:
    design = made("boin", **options)
    table = boundary_table(design)
    origin = f"{describe_design(design)}. Protocol {'a-long-name-' * 5}, digest 0123456789ab"
    ax = plot_boundaries(table, design=origin)
    drawn = {text.get_position(): text.get_text() for text in ax.texts}
    letters = {at: letter for at, letter in drawn.items() if letter in set("ESDX")}
    meaning = {"E": "CLEARED", "S": "OPEN", "D": "ABOVE_TARGET", "X": "TOO_TOXIC"}
    top = max(y for _, y in letters)
    for one in table:
        for x in range(one.n_evaluable + 1):
            letter = letters[one.n_evaluable - 1, min(x, top)]
            status = design.status(Tally(n_evaluable=one.n_evaluable, n_dlts=x))
            assert status is LevelStatus[meaning[letter]]
    for k, row in enumerate(boundary_table_rows(design)[1:]):
        below = [drawn[place, -1.6 - k] for place in range(len(table))]
        assert below == ["-" if cell == "" else str(cell) for cell in row[1:]]
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert box.x0 > -1 and box.y0 > -1, text.get_text()  # noqa: PT018
            assert box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1, text.get_text()  # noqa: PT018


def test_the_four_answers_are_told_apart_in_grey() -> None:
    ax = plot_boundaries(boundary_table(made("boin", max_patients=3)), design="boin")
    shades = {}
    for handle, text in zip(
        ax.get_legend().get_patches(), ax.get_legend().get_texts(), strict=True
    ):
        red, green, blue, _ = mpl.colors.to_rgba(handle.get_facecolor())
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        shades[text.get_text()] = (grey, handle.get_hatch())
    assert [*shades] == ["E: escalate", "S: stay", "D: de-escalate", "X: eliminate"]
    for (grey, hatch), (other, others_hatch) in combinations(shades.values(), 2):
        assert abs(grey - other) > 0.1 or hatch != others_hatch


def test_a_picture_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one number of patients"):
        plot_boundaries([], design="boin")
