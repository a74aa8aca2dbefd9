"""The diagram is the design: every step of a trial is on one edge, and the edges are drawn."""

import itertools
import re
import warnings
from collections.abc import Iterator

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from escalation.designs import AcceleratedTitration, APlusB, LevelStatus, ThreePlusThree
from escalation.errors import DesignError, InputError
from escalation.figures.files import Provenance, save_figure
from escalation.figures.state_machine import plot_diagram
from escalation.reports.rule.diagram import mermaid
from escalation.reports.rule.situations import State, reachable_states
from escalation.reports.rule.state_machine import (
    CohortNode,
    Edge,
    EndNode,
    Node,
    StateMachine,
    state_machine,
)
from tests.reports.every_option import every_three_plus_three

pytestmark = pytest.mark.slow  # whole graphs are walked for every option

DESIGNS = [
    *every_three_plus_three([(1, 0, None), (3, 1, None), (4, 1, 12), (4, 3, None)]),
    APlusB(n_levels=3, a=4, b=6, c=2, d=3, e=4),
    APlusB(n_levels=4, start=1, a=1, b=2, c=1, d=0, e=0),
    ThreePlusThree(n_levels=6),
]
THREE_STAGES = [
    ThreePlusThree(n_levels=3, start=1, third=3),
    ThreePlusThree(n_levels=3, third=3, max_patients=18),
    APlusB(n_levels=3, a=2, b=3, c=1, d=1, e=1, third=2, f=3, below="declare"),
    APlusB(n_levels=3, start=1, a=4, b=6, c=2, d=3, e=4, third=9, f=7, below="declare"),
    APlusB(n_levels=3, a=10, b=5, c=9, d=9, e=9, third=5, f=12, top="declare"),
]
PARAMS = [pytest.param(design, id=repr(design)) for design in (*DESIGNS, *THREE_STAGES)]


def names_of(design: APlusB) -> list[str]:
    return [f"level {level + 1}, {level + 1}.5E6 cells/kg" for level in range(design.n_levels)]


def node_of(state: State) -> Node:
    decision = state.decision
    if decision.level is None:
        return EndNode(decision.mtd, decision.inconclusive)
    n = state.tallies[decision.level].n_evaluable
    return CohortNode(decision.level, n + 1, n + decision.n_to_enrol)


def holds(edge: Edge, state: State, design: APlusB) -> bool:
    """Whether an edge's label is true of a state, read as a person reads it."""
    if not edge.low <= state.here.n_dlts <= edge.high:
        return False
    if edge.guard is None:
        return True
    there = state.level + {"above": 1, "below": -1}[edge.guard.side]
    tally = state.tallies[there]
    assert design.status(tally) not in edge.guard.statuses or (
        (tally.n_evaluable, tally.n_dlts) in edge.guard.seen
    )
    return design.status(tally) in edge.guard.statuses


def steps(design: APlusB) -> Iterator[tuple[CohortNode, State]]:
    states = reachable_states(design)
    for state in states.values():
        source = node_of(state)
        if isinstance(source, CohortNode):
            yield from ((source, states[key]) for key in state.following)


@pytest.mark.parametrize("design", PARAMS)
def test_every_step_of_a_trial_is_on_one_edge_and_no_edge_is_idle(design) -> None:
    edges = state_machine(design).edges
    used = set()
    for source, after in steps(design):
        target = node_of(after)
        if target == EndNode(inconclusive=True):
            assert any((edge.source, edge.target) == (source, target) for edge in edges)
            continue
        answers = [
            edge
            for edge in edges
            if edge.source == source and edge.target != EndNode(inconclusive=True)
            if holds(edge, after, design)
        ]
        assert [edge.target for edge in answers] == [target], after
        used.add(answers[0])
    assert used == {edge for edge in edges if edge.target != EndNode(inconclusive=True)}


def test_mermaid_of_two_levels_by_hand_oracle() -> None:
    assert mermaid(ThreePlusThree(n_levels=2), ["level 1", "level 2"]) == (
        "stateDiagram-v2\n"
        '    state "level 1, patients 1 to 3" as level0from1\n'
        '    state "level 1, patients 4 to 6" as level0from4\n'
        '    state "level 2, patients 1 to 3" as level1from1\n'
        '    state "level 2, patients 4 to 6" as level1from4\n'
        '    state "MTD is level 1" as mtd0\n'
        '    state "MTD is level 2" as mtd1\n'
        '    state "no MTD" as nomtd\n'
        "    [*] --> level0from1\n"
        "    level0from1 --> level1from1 : 0 of 3\n"
        "    level0from1 --> level0from4 : 1 of 3\n"
        "    level0from1 --> nomtd : 2 or more of 3\n"
        "    level0from4 --> mtd0 : at most 1 of 6 and level above too toxic\n"
        "    level0from4 --> level1from1 : at most 1 of 6 and level above not yet given\n"
        "    level0from4 --> nomtd : 2 or more of 6\n"
        "    level1from1 --> level1from4 : at most 1 of 3\n"
        "    level1from1 --> level0from4 : 2 or more of 3 and level below has 0 of 3\n"
        "    level1from1 --> mtd0 : 2 or more of 3 and level below has 1 of 6\n"
        "    level1from4 --> mtd1 : at most 1 of 6\n"
        "    level1from4 --> level0from4 : 2 or more of 6 and level below has 0 of 3\n"
        "    level1from4 --> mtd0 : 2 or more of 6 and level below has 1 of 6\n"
        "    mtd0 --> [*]\n"
        "    mtd1 --> [*]\n"
        "    nomtd --> [*]\n"
    )


@pytest.mark.parametrize("design", PARAMS)
def test_mermaid_is_of_the_grammar_and_names_each_node_once(design) -> None:
    header, *lines = mermaid(design, names_of(design)).splitlines()
    assert header == "stateDiagram-v2"
    declared = [line for line in lines if line.startswith("    state ")]
    ids = [re.fullmatch(r' {4}state "([^":;#{}<>]+)" as (\w+)', line)[2] for line in declared]
    assert len(set(ids)) == len(ids)
    for line in lines[len(declared) :]:
        arrow = re.fullmatch(r"    (\w+|\[\*\]) --> (\w+|\[\*\])( : [\w ,-]+)?", line)
        assert arrow, line
        assert {arrow[1], arrow[2]} <= {*ids, "[*]"}
    arrows = [line.partition(" : ")[0] for line in lines[len(declared) :]]
    assert len(set(arrows)) == len(arrows)


def test_names_cannot_break_mermaid() -> None:
    names = ['a "b": {c}; %%{d}%% <e> #f;\nend', "[*] --> x"]
    text = mermaid(ThreePlusThree(n_levels=2), names)
    assert 'state "a b c d e f end, patients 1 to 3" as level0from1' in text
    assert 'state "* -- x, patients 1 to 3" as level1from1' in text


def test_a_maximum_sample_size_is_an_edge() -> None:
    text = mermaid(ThreePlusThree(n_levels=2, max_patients=6), ["a", "b"])
    assert 'state "MTD not determined" as undetermined' in text
    assert "level1from1 --> undetermined" in text


@pytest.mark.parametrize("design", PARAMS)
def test_picture_has_no_text_on_text_nor_line_through_text_or_box(design) -> None:
    ax = plot_diagram(design, names_of(design))
    renderer = FigureCanvasAgg(ax.get_figure(root=True)).get_renderer()
    texts = [text.get_window_extent(renderer) for text in ax.texts]
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    frames = [box.get_window_extent(renderer) for box in boxes]
    page = ax.get_window_extent(renderer)
    for text in texts:
        assert page.x0 <= text.x0
        assert text.x1 <= page.x1
        assert page.y0 <= text.y0
        assert text.y1 <= page.y1
    for one, other in itertools.combinations(texts, 2):
        assert not one.overlaps(other)
    for text in texts:
        for frame in frames:
            inside = frame.x0 <= text.x0 and text.x1 <= frame.x1
            assert inside or not text.overlaps(frame)
    lines = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    segments = []
    for line in lines:
        # the line itself; get_path() would add the arrow's head
        points = ax.transData.transform(line._path_original.vertices)
        segments += itertools.pairwise(points.tolist())
    for (x0, y0), (x1, y1) in segments:
        for frame in (*texts, *frames):
            low_x, high_x = sorted((x0, x1))
            low_y, high_y = sorted((y0, y1))
            assert not (
                low_x < frame.x1 - 1
                and high_x > frame.x0 + 1
                and low_y < frame.y1 - 1
                and high_y > frame.y0 + 1
            )


def test_picture_draws_a_box_for_each_node() -> None:
    design = ThreePlusThree(n_levels=3)
    ax = plot_diagram(design, names_of(design), ax=Figure().add_subplot())
    drawn = [text.get_text() for text in ax.texts]
    assert drawn.count("patients 1\N{EN DASH}3") == drawn.count("patients 4\N{EN DASH}6") == 3
    assert drawn.count("MTD") == 3
    assert drawn.count("no MTD") == 1
    assert drawn.count("start") == 1
    assert "level 2 too toxic" in drawn


def test_picture_of_three_stages_has_a_box_for_each_node_and_a_line_for_each_step() -> None:
    ax = plot_diagram(ThreePlusThree(n_levels=2, third=3), ["level 1", "level 2"])
    drawn = sorted(text.get_text().replace("\n", " ") for text in ax.texts[:-1])
    assert drawn == sorted(
        [
            "level 1", "level 2", "start", "no MTD", *["MTD"] * 2,
            *["patients 1\N{EN DASH}3", "patients 4\N{EN DASH}6", "patients 7\N{EN DASH}9"] * 2,
            "level 1 too toxic", *["≥2/3", "≥3/6", "≥3/9"] * 2, "level 2 too toxic",
            "0/3", "1/3", "2/6", "≤1/6, above not given", "≤2/9, above not given",
            "≤1/6, above too toxic", "≤2/9, above too toxic", "below 0/3", "below 1/6, 2/9",
            "≤1/3", "2/6", "≤1/6", "≤2/9", "",  # level 1 too toxic: there is no more to tell
        ]
    )  # fmt: skip
    lines = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(lines) == sum("/" in text or text in ("", "start") for text in drawn)


def test_bar_that_nothing_leads_to_is_not_drawn() -> None:
    ax = plot_diagram(ThreePlusThree(n_levels=3, max_patients=6), ["a", "b", "c"])
    assert [text.get_text() for text in ax.texts if "too toxic" in text.get_text()] == [
        "a too toxic"
    ]


def test_ways_out_of_a_level_that_is_too_toxic_are_told_once() -> None:
    ax = plot_diagram(ThreePlusThree(n_levels=3, third=3, max_patients=18), ["a", "b", "c"])
    assert [text.get_text() for text in ax.texts].count("below 1/6, 2/9") == 2
    assert not any("\nbelow" in text.get_text() for text in ax.texts[:-1])


@pytest.mark.parametrize("third", [None, 3])
def test_tall_ladder_repeats_the_steps_of_a_short_one_oracle(third: int | None) -> None:
    short, tall = (
        state_machine(ThreePlusThree(n_levels=n_levels, third=third)) for n_levels in (4, 7)
    )

    def steps_of(machine: StateMachine, level: int) -> list[object]:
        """Return the steps from a level, told from there."""

        def seen_from_here(node: Node) -> object:
            if isinstance(node, CohortNode):
                return node.level - level, node.first, node.last
            return None if node.mtd is None else node.mtd - level

        return [
            (seen_from_here(edge.target), edge.low, edge.high, edge.too_toxic, edge.guard)
            for edge in machine.edges
            if edge.source.level == level
        ]

    assert steps_of(tall, 0) == steps_of(short, 0)
    assert steps_of(tall, 6) == steps_of(short, 3)
    for level in range(1, 6):
        assert steps_of(tall, level) == steps_of(short, 1)
    assert steps_of(short, 1) == steps_of(short, 2)


def test_smallest_cohorts_of_a_range_are_shown_and_said() -> None:
    names = ["level 1", "level 2"]
    plain, ranged = (
        ThreePlusThree(n_levels=2, cohort_size=cohort_size) for cohort_size in (None, "3-6")
    )
    words = "A cohort may have up to 6 evaluable patients"
    lines = mermaid(ranged, names).splitlines()
    begin, end = (lines.index(f"    {line}") for line in ("note right of level0from1", "end note"))
    assert words in " ".join(map(str.strip, lines[begin:end]))
    assert [*lines[:begin], *lines[end + 1 :]] == mermaid(plain, names).splitlines()
    assert words in plot_diagram(ranged, names).texts[-1].get_text().replace("\n", " ")
    assert words not in plot_diagram(plain, names).texts[-1].get_text().replace("\n", " ")


def test_judging_more_patients_than_foreseen_leaves_the_diagram_as_it_is() -> None:
    rate, count = (
        mermaid(ThreePlusThree(n_levels=3, beyond=beyond), list("abc"))
        for beyond in ("rate", "count")
    )
    assert rate == count


@pytest.mark.parametrize("draw", [mermaid, plot_diagram])
@pytest.mark.parametrize("after_titration", ["same", "below"])
def test_accelerated_titration_is_refused_in_one_line(draw, after_titration) -> None:
    design = AcceleratedTitration(n_levels=3, after_titration=after_titration)
    with pytest.raises(
        DesignError, match=r"no state diagram for accelerated, .*moderate"
    ) as caught:
        draw(design, list("abc"))
    assert "\n" not in str(caught.value)


def test_picture_reads_no_formula_in_a_name() -> None:
    ax = plot_diagram(ThreePlusThree(n_levels=1), ["level 1, $x"])
    assert FigureCanvasAgg(ax.get_figure(root=True)).print_to_buffer()


def test_design_without_room_in_the_picture_is_refused() -> None:
    with pytest.raises(InputError, match="this design has 0"):
        plot_diagram(ThreePlusThree(n_levels=2, max_patients=2), ["a", "b"])


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_same_diagram_gives_same_bytes(tmp_path, suffix) -> None:
    design = ThreePlusThree(n_levels=2)
    written = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}{suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            names = ["level 1, 1 \N{CJK UNIFIED IDEOGRAPH-7EC6}", "b"]
            save_figure(plot_diagram(design, names), path, Provenance(design="3+3"))
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert written[0]


def test_guards_are_about_judged_neighbours() -> None:
    guards = {edge.guard for edge in state_machine(ThreePlusThree(n_levels=4, start=1)).edges}
    assert {(guard.side, *guard.statuses) for guard in guards if guard} == {
        ("above", LevelStatus.NOT_GIVEN),
        ("above", LevelStatus.TOO_TOXIC),
        ("below", LevelStatus.CLEARED),
        ("below", LevelStatus.CONFIRMED),
    }
