"""F8 of a packet: the ends from here, held against the engine asked by the field's notation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.outcomes import parse_outcomes
from escalation.protocol import Protocol, ProtocolScenario
from escalation.reports.packet import Basis
from escalation.reports.view import Paragraph, Table
from escalation.trial.events import Choice
from simulations.engines.exact import exact_characteristics
from simulations.questions.question import Question
from simulations.reports.from_here import ends_from_here
from tests.trial.bench import Bench, day
from tests.trial.small_trials import THREE, typed


def of(bench: Bench) -> Basis:
    return Basis(state=bench.state, entries=bench.entries, trial="T", on=day(bench.now))


SCENARIOS = tuple(
    ProtocolScenario(name=name, p_dlt=p_dlt)
    for name, p_dlt in (("low", (0.02, 0.05, 0.1)), ("steep", (0.1, 0.3, 0.6)), ("no", (0, 0, 1)))
)
PROTOCOL = replace(THREE, scenarios=SCENARIOS)


def test_each_end_has_the_probability_of_simulate_after_the_same_outcomes():
    table, note = ends_from_here(of(typed("1NNN 2NT?", PROTOCOL)), "F8")
    assert isinstance(table, Table)
    assert isinstance(note, Paragraph)
    question = Question(protocol=PROTOCOL, cohorts=tuple(parse_outcomes("1NNN 2NT?")))
    graph = question.graph()
    for row, scenario in zip(table.rows[1:], question.scenarios, strict=True):
        found = exact_characteristics(graph, scenario.p_dlt)
        ends = [*found.p_select, found.p_no_mtd]
        assert row[2:-1] == [f"{100 * p:.0f} %" for p in ends]
        assert sum(ends) == pytest.approx(1)


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (lambda: typed("1NNN"), "the protocol names no scenarios"),
        (lambda: stopped(THREE), "the escalation has ended"),
    ],
)
def test_where_nothing_can_be_reckoned_it_is_said_why(bench, said):
    (only,) = ends_from_here(of(bench()), "F8")
    assert isinstance(only, Paragraph)
    assert said in only.text


def stopped(protocol: Protocol) -> Bench:
    bench = typed("1NNN", protocol)
    bench.open_cohort(choice=Choice(action="stop"), rationale="by the sponsor")
    return bench
