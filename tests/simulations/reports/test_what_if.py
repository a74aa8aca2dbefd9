"""The tree of the next cohorts from a trial, held against the whole graph asked by notation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from escalation.designs import make_design
from escalation.errors import EscalationError
from escalation.outcomes import parse_outcomes
from escalation.protocol import Protocol, ProtocolScenario, describe_decision
from escalation.reports.view import Item, Items, Paragraph
from escalation.trial.events import Choice
from simulations.questions.paths import PathNode, path_tree
from simulations.questions.question import Question
from simulations.web.what_if import counts_moderate, curve_names, what_if
from tests.trial.small_trials import THREE, typed, with_beside

CURVE = (0.02, 0.2, 0.4)
TYPED = "0.02, 0.2, 0.4"


def designed(name: str, **options: object) -> Protocol:
    return replace(THREE, design=make_design(name, n_levels=3, start=THREE.start, **options))


def lines(items: Sequence[Item], depth: int = 0) -> Iterator[tuple[int, str]]:
    for item in items:
        yield depth, item.text
        yield from lines(item.items, depth + 1)


def expected(nodes: Sequence[PathNode], protocol: Protocol, depth: int = 0) -> Iterator[tuple]:
    for node in nodes:
        assert node.probability is not None
        yield depth, node.probability, describe_decision(node.decision, protocol, briefly=True)
        yield from expected(node.children, protocol, depth + 1)


@pytest.mark.parametrize("history", ["", "1NNN", "1NNN 2NT?", "1NNN 2NN??", "1NNT"])
@pytest.mark.parametrize(
    "protocol", [THREE, designed("boin", target=0.25, max_patients=15), designed("rolling-six")]
)
def test_the_tree_is_that_of_the_whole_graph_after_the_same_outcomes(protocol, history):
    blocks = what_if(typed(history, protocol).state, p_dlt=TYPED)
    (shown,) = [block for block in blocks if isinstance(block, Items)]
    question = Question(
        protocol=protocol, cohorts=tuple(parse_outcomes(history)), allow_departures=True
    )
    roots = path_tree(question.graph(), CURVE, depth=2)
    whole = roots if roots[0].pending else roots[0].children
    wanted, found = list(expected(whole, protocol)), list(lines(shown.items))
    assert [(depth, said.split(": ", 1)[1]) for depth, said in found] == [
        (depth, said) for depth, _, said in wanted
    ]
    for (_, said), (_, p, _) in zip(found, wanted, strict=True):
        word = said.split("(", 1)[1].split(" %")[0]
        told = 0.05 if word == "below 0.1" else 99.95 if word == "above 99.9" else float(word)
        assert told == pytest.approx(100 * p, abs=0.0501)


def test_each_line_says_the_cohort_its_chance_and_what_the_rule_says_then():
    now, tree, curve, free = what_if(typed("1NNN 2NNT").state, p_dlt="0.1,0.2,0.3")
    assert now == Paragraph("The rule now: Stay at level 2, 200 mg: enrol 3 patients.")
    assert isinstance(tree, Items)
    assert next(lines(tree.items)) == (
        0,
        "0 DLTs in 3 at level 2 (51.2 %): Escalate to level 3, 400 mg: enrol 3 patients.",
    )
    assert curve == Paragraph("Exact, with P(DLT) by level 0.1, 0.2, 0.3.")
    assert "may choose otherwise" in free.text


def test_a_pending_patient_is_a_branch_before_the_cohorts():
    first, tree, *_ = what_if(typed("1NN?").state, p_dlt="0.1,0.2,0.3")
    assert "pending" in first.text
    said = [text for depth, text in lines(tree.items) if depth == 0]
    assert [text.split(":")[0] for text in said] == [
        "0 DLTs in 1 pending at level 1 (90.0 %)",
        "1 DLT in 1 pending at level 1 (10.0 %)",
    ]


def test_without_numbers_there_are_no_chances():
    _, tree, free = what_if(typed("1NNN").state)
    assert "%" not in "".join(text for _, text in lines(tree.items))
    assert isinstance(free, Paragraph)


def test_a_scenario_of_the_protocol_is_taken_by_name():
    own = replace(THREE, scenarios=(ProtocolScenario(name="steep", p_dlt=CURVE),))
    state = typed("1NNN", own).state
    assert curve_names(state) == ("steep",)
    by_name, by_numbers = what_if(state, scenario="steep"), what_if(state, p_dlt=TYPED)
    assert by_name[1] == by_numbers[1]
    assert by_name[2].text == "Exact, with P(DLT) by level steep: 0.02, 0.2, 0.4."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"p_dlt": "0.1,0.2"}, "has 2 values; the ladder has 3 levels"),
        ({"p_dlt": "0.1,x,0.2"}, "P(DLT) by level: value 2, 'x', is not a number"),
        ({"p_dlt": "0.1,0.2,1.5"}, "value 3, '1.5', is not a probability"),
        ({"p_dlt": "nan,0.2,0.5"}, "value 1, 'nan', is not a number"),
        ({"p_dlt": ",".join(["0.1"] * 100_000)}, "a ladder has at most"),
        ({"scenario": "flat"}, "no scenario 'flat'"),
        ({"scenario": "flat", "p_dlt": "0.1"}, "not both"),
        ({"p_moderate": "0.1,0.1,0.1"}, "counts no moderate toxicities"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_in_words(given, said):
    with pytest.raises(EscalationError) as refused:
        what_if(typed("1NNN").state, **given)
    assert said in str(refused.value)


def test_a_design_that_counts_moderate_toxicities_needs_their_chances():
    state = typed("1NNN", designed("accelerated")).state
    fresh = typed("", designed("accelerated")).state
    assert counts_moderate(fresh)
    assert not counts_moderate(typed("1NNN").state)
    with pytest.raises(EscalationError, match="moderate"):
        what_if(fresh, p_dlt=TYPED)
    _, tree, *_ = what_if(fresh, p_dlt=TYPED, p_moderate="0.2,0.2,0.2")
    assert "with a moderate toxicity" in "".join(text for _, text in lines(tree.items))
    assert what_if(state)


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (lambda: typed("1NNN 2NNN", with_beside(THREE, counted="mtd")), "backfill counts"),
        (lambda: typed("1??? 2??? 3??? 1???"), "so many patients are pending"),
    ],
)
def test_where_nothing_is_foreseen_it_is_said_why(bench, said):
    (only,) = what_if(bench().state)
    assert said in only.text


def test_a_trial_that_was_ended_has_no_next_cohort():
    bench = typed("1NNN")
    bench.open_cohort(choice=Choice(action="stop"), rationale="by the sponsor")
    (only,) = what_if(bench.state, p_dlt=TYPED)
    assert "the escalation has ended" in only.text


def test_a_design_whose_whole_graph_is_refused_has_a_tree_too():
    levels = 8
    ladder = Protocol.plain(levels)
    big = replace(
        THREE,
        levels=ladder.levels,
        design=make_design("boin", n_levels=levels, target=0.3, max_patients=99),
    )
    state = typed("1NNN", big).state
    began = time.process_time()
    blocks = what_if(state, p_dlt=",".join(["0.3"] * levels))
    print(f"{1000 * (time.process_time() - began):.1f} ms CPU")
    assert sum(1 for _ in lines(blocks[1].items)) == 4 + 4 * 4
