"""Decisions after outcomes so far, as pages, documents and rows: one, or several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from escalation.labels import schema_of
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Advice, Protocol, describe_decision
from escalation.reports.decision import view_decision
from escalation.reports.expansion_text import headline
from escalation.reports.level_table import answer
from escalation.reports.view import Block, Table, View

__all__ = ["Decided", "sentence_of", "view_decisions"]

Decided = tuple[Protocol, Sequence[Cohort], Advice]

COLUMNS = {
    "outcomes": "outcomes so far, in notation",
    "protocol": "name of the protocol, or the name given to it",
    "action": "escalate, stay, deescalate, stop or wait",
    "level": "label of the level of the next patients; empty where there are none",
    "dose": "dose there, in the protocol's unit",
    "n_to_enrol": "patients to enrol there before the next decision",
    "mtd": "label of the level that is the MTD; empty where there is none, or none yet",
    "settled": "false where pending patients can still change the answer",
    "departures": "cohorts that the protocol would not have opened",
    "decision": "the decision in a sentence",
    "because": "the sentence of the protocol that it rests on",
}


def view_decisions(decided: Sequence[tuple[str, Decided]]) -> View:
    """Return the view of several decisions, each with the name of its protocol."""
    return View(
        page=partial(_several, decided),
        document=lambda: {
            "schema": schema_of(*(protocol.labels for _, (protocol, _, _) in decided)),
            "decisions": [
                {
                    "outcomes": format_outcomes(one[1]),
                    "name": name,
                    **view_decision(*one).document(),
                }
                for name, one in decided
            ],
        },
        rows=partial(_rows, decided),
        columns=COLUMNS,
    )


def _several(decided: Sequence[tuple[str, Decided]]) -> Iterator[Block]:
    if len({name for name, _ in decided}) > 1:
        yield _compared(decided)
        return
    advices = [advice for _, (_, _, advice) in decided]
    waits = any(advice.decision.possible for advice in advices)
    departs = any(advice.departures for advice in advices)
    head = ["outcomes so far", "what to do", "because"]
    head += ["still possible"] * waits + ["departures"] * departs
    rows = [head]
    for _, (protocol, cohorts, advice) in decided:
        row = [_written(cohorts), sentence_of(protocol, advice)]
        row.append(advice.decision.clause.text)
        if waits:
            possible = advice.decision.possible
            row.append(" ".join(describe_decision(one, protocol) for one in possible) or "-")
        if departs:
            row.append("; ".join(found.problem for found in advice.departures) or "none")
        rows.append(row)
    yield Table(rows, left=range(len(head)))


def _compared(decided: Sequence[tuple[str, Decided]]) -> Table:
    """Return one row a history, one column a protocol."""
    names = list(dict.fromkeys(name for name, _ in decided))
    said: dict[str, dict[str, str]] = {}
    for name, (protocol, cohorts, advice) in decided:
        sentence = sentence_of(protocol, advice)
        said.setdefault(_written(cohorts), {})[name] = sentence
    rows = [[outcomes, *(by.get(name, "") for name in names)] for outcomes, by in said.items()]
    return Table([["outcomes so far", *names], *rows], left=range(1 + len(names)))


def _written(cohorts: Sequence[Cohort]) -> str:
    return format_outcomes(cohorts) or "nobody treated"


def _rows(decided: Sequence[tuple[str, Decided]]) -> Iterator[Sequence[object]]:
    yield tuple(COLUMNS)
    for name, (protocol, cohorts, advice) in decided:
        found = answer(protocol, advice.decision)
        yield (
            *(format_outcomes(cohorts), name, str(found["action"]), found["level"], found["dose"]),
            *(found["n_to_enrol"], found["mtd"], advice.decision.settled, len(advice.departures)),
            *(sentence_of(protocol, advice), advice.decision.clause.text),
        )


def sentence_of(protocol: Protocol, advice: Advice) -> str:
    """Say the decision in a sentence; of an expansion, that the escalation has ended."""
    return headline(protocol, advice) or describe_decision(advice.decision, protocol)
