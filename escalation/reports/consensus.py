"""What every design says on the same outcomes, grouped by answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.designs import design_settings
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Protocol, describe_decision
from escalation.protocol.consensus import Consensus, Opinion, summarise
from escalation.reports.backfill_text import backfill_document, describe_backfill
from escalation.reports.expansion_text import describe_expansion, expansion_document
from escalation.reports.level_table import (
    answer,
    departures_document,
    describe_departures,
    level_blocks,
    levels_document,
)
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.view import GAP, Block, Paragraph, Table, View

__all__ = ["view_consensus"]

_FROM = {
    "given": "as given",
    "design": "of the protocol's design",
    "planned": "as planned",
    "default": "by default",
}


def view_consensus(protocol: Protocol, cohorts: Sequence[Cohort], found: Consensus) -> View:
    """Return the view of what every design says; its rows are the designs."""
    return View(
        page=partial(_page, protocol, cohorts, found),
        document=lambda: _document(protocol, cohorts, found),
        rows=partial(_rows, protocol, found),
    )


def _page(protocol: Protocol, cohorts: Sequence[Cohort], found: Consensus) -> Iterator[Block]:
    own = found.opinions[0].advice
    yield from _groups(found, protocol)
    yield Paragraph("> the protocol's own design; * does something else.")
    if any(opinion.advice.departures for opinion in found.opinions):
        yield Paragraph("departs: the design would not have opened that cohort as it was.")
    if any(opinion.advice.expansion for opinion in found.opinions):
        yield Paragraph(
            "expands: treated at that MTD after the escalation had ended; not counted in it."
        )
    for text in (
        *describe_expansion(protocol, own),
        *describe_backfill(protocol, own),
        *describe_departures(own.departures),
    ):
        yield Paragraph(text, "  ")
    yield GAP
    if cohorts:
        yield Paragraph(f"After {format_outcomes(cohorts)}:")
    yield from level_blocks(
        protocol,
        cohorts,
        own.tallies,
        own.counted,
        ended=own.decision.has_ended,
        expanding=None if own.expansion is None else own.expansion.level,
    )
    yield GAP
    yield Paragraph(_say_asked(found), "  ")
    for name, why in found.left_out:
        said = why if why.startswith(name) else f"{name}: {why}"
        yield Paragraph(f"Left out: {said}.", "  ")
    yield Paragraph(describe_origin(protocol), "  ")
    yield Paragraph(summarise(found, protocol), "  ")


def _rows(protocol: Protocol, found: Consensus) -> Iterator[Sequence[object]]:
    yield (
        *("design", "own", "agrees", "action", "level", "n_to_enrol", "mtd", "settled"),
        *("n_departures", "clause_id", "clause"),
    )
    for opinion in found.opinions:
        advice, said = opinion.advice, answer(protocol, opinion.advice.decision)
        yield (
            *(opinion.name, opinion is found.opinions[0], opinion.agrees),
            *(said[key] for key in ("action", "level", "n_to_enrol", "mtd")),
            *(advice.decision.settled, len(advice.departures)),
            *(advice.decision.clause.id, advice.decision.clause.text),
        )


def _groups(found: Consensus, protocol: Protocol) -> Iterator[Block]:
    """Yield each answer, the protocol's own first, and below it a row a design."""
    said = [describe_decision(opinion.advice.decision, protocol) for opinion in found.opinions]
    rows = [_row(opinion, found) for opinion in found.opinions]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    for text in dict.fromkeys(said):
        yield Paragraph(text)
        same = [row for row, its in zip(rows, said, strict=True) if its == text]
        yield Table(same, left=range(4), n_heads=0)


def _row(opinion: Opinion, found: Consensus) -> list[str]:
    advice = opinion.advice
    mark = ">" if opinion is found.opinions[0] else " " if opinion.agrees else "*"
    departing = [departure.cohort for departure in advice.departures]
    expanding = () if advice.expansion is None else advice.expansion.cohorts
    said = _say_cohorts("departs", departing) or _say_cohorts("expands", expanding)
    if departing and expanding:  # on 80 columns there is no room for both numbers
        said += ", expands"
    return [f"  {mark}", opinion.name, advice.decision.clause.id, said]


def _say_cohorts(what: str, numbers: Sequence[int]) -> str:
    return f"{what}: cohort {numbers[0]}{' ...' * (len(numbers) > 1)}" if numbers else ""


def _say_asked(found: Consensus) -> str:
    said = f"Asked for a target P(DLT) of {found.target:g}, {_FROM[found.target_from]}"
    if found.max_patients is None or found.max_patients_from is None:
        return f"{said}, and without a maximum number of patients."
    known = (opinion.design.max_patients for opinion in found.opinions[1:])
    whole = sorted({n for n in known if n is not None} - {found.max_patients})
    cohorts = f" ({' or '.join(map(str, whole))} in whole cohorts)" if whole else ""
    n, source = found.max_patients, _FROM[found.max_patients_from]
    return f"{said}, and for at most {n} patients, {source}{cohorts}, where a design needs them."


def _document(protocol: Protocol, cohorts: Sequence[Cohort], found: Consensus) -> dict[str, Any]:
    own = found.opinions[0].advice
    return {
        **identity_document(protocol),
        "levels": levels_document(
            protocol, cohorts, own.tallies, own.counted, ended=own.decision.has_ended
        ),
        "target": {"value": found.target, "from": found.target_from},
        "max_patients": {"value": found.max_patients, "from": found.max_patients_from},
        "designs": [
            {
                "name": opinion.name,
                "own": opinion is found.opinions[0],
                "agrees": opinion.agrees,
                "design": design_settings(opinion.design),
                **answer(protocol, opinion.advice.decision),
                "settled": opinion.advice.decision.settled,
                "possible": [
                    answer(protocol, possible) for possible in opinion.advice.decision.possible
                ],
                "expansion": expansion_document(protocol, opinion.advice),
                **backfill_document(protocol, opinion.advice),
                "departures": departures_document(protocol, opinion.advice.departures),
            }
            for opinion in found.opinions
        ],
        "left_out": [{"name": name, "why": why} for name, why in found.left_out],
        "summary": summarise(found, protocol),
    }
