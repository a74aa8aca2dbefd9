"""Which engine answers a question, and that its answer is that of the graph."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.designs import Boin
from escalation.errors import EscalationError
from escalation.outcomes import parse_outcomes
from escalation.protocol import Protocol
from simulations.engines.exact_engine import GraphEngine
from simulations.engines.ladder import LadderAutomaton
from simulations.questions.engine import choose_engine, exact_engine
from simulations.questions.question import Question
from simulations.scenarios.scenario import Scenario

CURVE = [0.05, 0.1, 0.2, 0.35, 0.5]


def question(outcomes: str, n_levels: int = 5) -> Question:
    return Question(protocol=Protocol.plain(n_levels), cohorts=parse_outcomes(outcomes))


@pytest.mark.parametrize("outcomes", ["", "1NNN", "1NNN 2NNT 2NNN 3NTT", "1NNN 2NNN 3TTN 2NNN"])
def test_data_so_far_are_followed_level_by_level_as_in_the_graph(outcomes):
    asked = question(outcomes)
    engine = exact_engine(asked)
    assert isinstance(engine, LadderAutomaton)
    there = GraphEngine(asked.graph())
    here, graph = engine.characteristics(CURVE), there.characteristics(CURVE)
    assert here.p_select == pytest.approx(graph.p_select, rel=0, abs=1e-12)
    assert here.sample_size.p == pytest.approx(graph.sample_size.p, rel=0, abs=1e-12)
    assert asked.outcomes_document(engine) == asked.outcomes_document(there)


@pytest.mark.parametrize("outcomes", ["1NN?", "1NNN 2N??"])
def test_patients_who_are_pending_are_for_the_graph(outcomes):
    assert isinstance(exact_engine(question(outcomes)), GraphEngine)


def test_so_is_a_design_with_boundaries():
    protocol = Protocol.plain(3)
    boin = replace(protocol, design=Boin(n_levels=3, target=0.3, max_patients=12))
    assert isinstance(exact_engine(Question(protocol=boin)), GraphEngine)


def test_a_long_ladder_goes_on_from_data_exactly():
    """Levels passed for certain are as if the trial had begun above them, down to the same MTD."""
    p = [0.01 * level for level in range(1, 31)]
    asked = (Scenario(name="long", p_dlt=tuple(p)),)
    long = replace(question("1NNN 2NNN 3NTN 3NNN", n_levels=30), asked=asked)
    chosen = choose_engine(long, "exact", "count", trials=10, seed=1)
    assert chosen.automaton is not None
    found = chosen.automaton.characteristics(p)
    assert found.continued
    assert found.p_select.sum() + found.p_no_mtd == pytest.approx(1, abs=1e-12)
    above = LadderAutomaton(Protocol.plain(27).design).characteristics(p[3:])
    assert found.p_select[4:] == pytest.approx(above.p_select[1:], rel=0, abs=1e-12)


def test_history_that_the_protocol_would_not_have_produced_is_refused():
    with pytest.raises(EscalationError):
        exact_engine(question("1NNN 3NNN"))
