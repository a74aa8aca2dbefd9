"""The printed rule says the truth: each sentence with its data is what ``decide`` answers."""

import itertools
import subprocess
import sys

import pytest

from escalation.designs import VARIANTS, APlusB, ThreePlusThree
from escalation.outcomes import Tally
from escalation.reports.rule.sentences import Case, rule_sentences, settled_early
from escalation.reports.rule.situations import State, answer_words, reachable_states
from escalation.reports.rule.text import rule_text
from tests.reports.every_option import every_three_plus_three

THREE_PLUS_THREES = every_three_plus_three(
    [
        (1, 0, None),
        (2, 1, None),
        (3, 0, 11),
        (4, 1, None),
        (4, 2, 18),
        (5, 4, None),
        (6, 2, None),
    ]
)
A_PLUS_BS = [
    APlusB(n_levels=4, start=start, a=a, b=b, c=c, d=d, e=e, below=below)
    for a, b, c, d, e in (
        (3, 3, 1, 1, 1),
        (2, 4, 1, 1, 2),
        (1, 1, 1, 0, 0),
        (4, 4, 2, 1, 2),
        (3, 2, 1, 3, 3),
    )
    for start in (0, 1)
    for below in ("expand", "declare")
]
THREE_STAGES = [
    ThreePlusThree(n_levels=4, start=1, variant=variant, third=3) for variant in VARIANTS
] + [APlusB(n_levels=3, a=2, b=3, c=1, d=1, e=1, third=2, f=3)]
DESIGNS = [
    pytest.param(design, id=repr(design))
    for design in (*THREE_PLUS_THREES, *A_PLUS_BS, *THREE_STAGES)
]
# with a maximum sample size the counts at one level do not tell
UNCAPPED = [param for param in DESIGNS if param.values[0].max_patients is None]


def fits(case: Case, state: State, design: APlusB) -> bool:
    """Whether a state is among a printed case's data, read as a person reads it."""
    if (state.here.n_evaluable, state.here.n_dlts) not in case.seen:
        return False
    if case.side is None:
        return True
    there = state.level + (1 if case.side == "above" else -1)
    if not 0 <= there < design.n_levels:
        return case.neighbour is None
    tally = state.tallies[there]
    return (
        case.neighbour is design.status(tally)
        and (tally.n_evaluable, tally.n_dlts) in case.neighbour_seen
    )


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_every_reachable_state_is_answered_by_one_printed_sentence(design) -> None:
    sentences = rule_sentences(design)
    used = set()
    for state in reachable_states(design).values():
        if state.decision.inconclusive:
            continue
        found = [
            (sentence.clause, case)
            for sentence in sentences
            for case in sentence.cases
            if fits(case, state, design)
        ]
        assert [clause for clause, _ in found] == [state.decision.clause], state
        begun = state.here.n_evaluable > 0
        assert found[0][1].answer == answer_words(state.decision, state.level, begun=begun), state
        used.add(id(found[0][1]))
    printed = {id(case) for sentence in sentences for case in sentence.cases}
    assert used == printed


@pytest.mark.parametrize("design", DESIGNS)
def test_sentences_are_those_that_can_fire_and_no_others(design) -> None:
    fired = {state.decision.clause for state in reachable_states(design).values()}
    printed = [sentence.clause for sentence in rule_sentences(design)]
    assert set(printed) == fired
    assert len(set(printed)) == len(printed)


@pytest.mark.parametrize("design", UNCAPPED)
def test_data_of_a_sentence_give_its_clause_when_decide_is_asked(design) -> None:
    for sentence in rule_sentences(design):
        for case in sentence.cases:
            for (n, x), there in itertools.product(case.seen, case.neighbour_seen or [None]):
                level = design.start if n == 0 else _level(design, case)
                tallies = [Tally() for _ in range(design.n_levels)]
                tallies[level] = Tally(n_evaluable=n, n_dlts=x)
                if there is not None:
                    neighbour = level + (1 if case.side == "above" else -1)
                    tallies[neighbour] = Tally(n_evaluable=there[0], n_dlts=there[1])
                assert design.decide(tallies, level).clause == sentence.clause, case


def _level(design: APlusB, case: Case) -> int:
    """A level that has the neighbour of a case, and by choice one below it too."""
    if case.side == "below":
        return 0 if case.neighbour is None else min(1, design.n_levels - 1)
    if case.side == "above" and case.neighbour is not None:
        return design.n_levels - 2
    return design.n_levels - 1


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_text_holds_every_sentence_with_its_data(design) -> None:
    names = [f"level {level}" for level in range(design.n_levels)]
    text = " ".join(rule_text(design, names).split())
    for sentence in rule_sentences(design):
        for part in sentence.clause.text.split(". "):
            assert part in text
        for case in sentence.cases:
            assert str(case)[1:] in text


def test_a_long_ladder_prints_the_sentences_of_a_short_one() -> None:
    def printed(n_levels: int, start: int) -> list[tuple[str, tuple[Case, ...]]]:
        design = ThreePlusThree(n_levels=n_levels, start=start)
        return [(sentence.clause.id, sentence.cases) for sentence in rule_sentences(design)]

    assert printed(100, 0) == printed(4, 0)
    assert printed(100, 50) == printed(4, 1)


def test_settled_early_by_hand_oracle() -> None:
    design = ThreePlusThree(n_levels=4)
    assert settled_early(design) == ((2, 2, 1), (4, 2, 2), (5, 2, 1), (5, 3, 1))


def test_text_by_hand_oracle() -> None:
    text = rule_text(ThreePlusThree(n_levels=2), ["level 1, 3E6 cells/kg", "level 2, 6E6 cells/kg"])
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 80
    assert "Design: 3+3, variant confirm. A level is judged after 3 and 6 evaluable" in text
    assert "starts at level 1, 3E6 cells/kg." in text
    assert "The highest level is declared the MTD only on 6 patients." in text
    assert "2 DLTs among 6 patients mean that the level is too toxic." in text
    assert "There is no maximum sample size." in text
    assert "never given" not in text  # there is no level below the start
    assert "After 1/3: stay, treat 3." in text
    assert "After 0/3 with the level above not yet given: escalate, treat 3." in text
    assert "2/2 with 1 pending" in text
    assert "0/4: escalate, treat 3; 1/4: stay, treat 2; 2/4 to 4/4: too toxic." in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"variant": "declare"}, "one is declared the MTD as soon as 3 patients have cleared it."),
        ({"variant": "expand-below"}, "highest level is declared the MTD as soon as 3 patients"),
        ({"two_of_six": "mtd"}, "2 DLTs among 6 patients mean that the level is the MTD."),
        ({"untested_below": "stop"}, "that was never given and lies below a too toxic one is not"),
        ({"max_patients": 12}, "At most 12 evaluable patients are treated in the trial."),
    ],
)
def test_each_option_is_said_in_words(options, sentence) -> None:
    design = ThreePlusThree(n_levels=3, start=1, **options)
    text = " ".join(rule_text(design, ["a", "b", "c"]).split())
    assert sentence in text


def test_constants_of_an_a_plus_b_design_are_named() -> None:
    design = APlusB(n_levels=3, a=4, b=6, c=2, d=3, e=4)
    assert "a = 4; b = 6; c = 2; d = 3; e = 4." in rule_text(design, ["a", "b", "c"])


def test_sentences_that_begin_alike_share_one_number() -> None:
    text = rule_text(ThreePlusThree(n_levels=3), ["a", "b", "c"])
    assert text.count("a level is too toxic and neither") == 1


def test_markdown_numbers_and_nests() -> None:
    text = rule_text(ThreePlusThree(n_levels=3), ["a", "b", "c"], markdown=True)
    lines = text.splitlines()
    assert lines[0] == "## Dose escalation rule"
    assert "1. With no DLT among three, escalate to the next level." in lines
    nested = "   - *After 0/3 with the level above not yet given: escalate, treat 3.*"
    assert nested in lines


def test_reports_load_no_heavy_library() -> None:
    program = (
        "import sys, escalation.reports.rule.text, escalation.reports.rule.diagram;"
        "print([name for name in ('numpy', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
