"""One dose decision with its reason, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.designs import design_settings
from escalation.designs.base import Action, LevelStatus
from escalation.designs.chances import ASSUMED, chances_of
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Advice, Protocol, describe_decision
from escalation.protocol.follow_up import ignores_follow_up
from escalation.reports.backfill_text import backfill_document, describe_backfill
from escalation.reports.expansion_text import (
    describe_expansion,
    describe_outlook,
    expansion_document,
    headline,
)
from escalation.reports.follow_up_text import describe_follow_up, follow_up_entries, say_chance
from escalation.reports.level_table import (
    answer,
    departures_document,
    describe_departures,
    describe_limits,
    level_blocks,
    level_rows,
    levels_document,
)
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.view import GAP, Block, Paragraph, View

__all__ = ["view_decision"]


def view_decision(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> View:
    """Return the view of a decision on a history; its rows are the levels."""
    return View(
        page=partial(_page, protocol, cohorts, advice),
        document=lambda: _document(protocol, cohorts, advice),
        rows=lambda: level_rows(
            protocol,
            cohorts,
            advice.tallies,
            advice.counted,
            ended=advice.decision.has_ended,
            follow_up=advice.follow_up,
        ),
    )


def _page(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> Iterator[Block]:
    yield Paragraph(headline(protocol, advice) or describe_decision(advice.decision, protocol))
    yield Paragraph(f"Why: {advice.decision.clause.text}", "     ")
    chances = _chances(protocol, advice)
    for possible in advice.decision.possible:
        said = describe_decision(possible, protocol)
        if chances is not None:
            said = f"{said.removesuffix('.')} ({say_chance(chances.get(possible.said, 0.0))})."
        yield Paragraph(f"possible: {said}", "    ", "  ")
    if chances is not None:
        yield Paragraph(f"Probabilities: {ASSUMED}", "  ")
    for note in (*_notes_on_follow_up(protocol, cohorts, advice), *_notes(protocol, advice)):
        yield Paragraph(note, "  ")
    yield GAP
    if cohorts:
        yield Paragraph(f"After {format_outcomes(cohorts)}:")
    yield from level_blocks(
        protocol,
        cohorts,
        advice.tallies,
        advice.counted,
        ended=advice.decision.has_ended,
        expanding=None if advice.expansion is None else advice.expansion.level,
        follow_up=advice.follow_up,
    )
    yield GAP
    yield Paragraph(describe_origin(protocol), "  ")


def _chances(protocol: Protocol, advice: Advice) -> dict[tuple[object, ...], float] | None:
    """Return how probable each answer is that is still possible, where that is known."""
    if not advice.decision.possible:
        return None
    return chances_of(protocol.design, advice.counted, advice.level, advice.last, advice.follow_up)


def _possible_document(protocol: Protocol, advice: Advice) -> list[dict[str, Any]]:
    chances = _chances(protocol, advice)
    return [
        {
            **answer(protocol, possible),
            **({} if chances is None else {"probability": chances.get(possible.said, 0.0)}),
        }
        for possible in advice.decision.possible
    ]


def _notes_on_follow_up(
    protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice
) -> Iterator[str]:
    """Say how long the pending have been followed, or that it is not known or not asked for."""
    name = protocol.design.name
    yield from describe_follow_up(advice.follow_up, protocol)
    if ignores_follow_up(protocol, cohorts):
        yield f"The days after ? and T@ make no difference: {name} does not ask for follow-up."
    unknown = protocol.design.asks_follow_up and not advice.follow_up
    if unknown and any(tally.n_pending for tally in advice.counted):
        yield (
            f"{name} decides by how long pending patients have been followed, which is not said: "
            "?14 has been pending for 14 days. Without it, it waits until the answer is settled."
        )


def _follow_up_document(protocol: Protocol, advice: Advice) -> dict[str, Any]:
    if not protocol.design.asks_follow_up:
        return {}
    return {"follow_up": follow_up_entries(advice.follow_up, protocol)}


def _notes(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say what a reader of the decision must not miss."""
    design = protocol.design
    judge = design.final_status if advice.decision.has_ended else design.status
    for level, tally in enumerate(advice.counted):
        if judge(tally) is LevelStatus.TOO_TOXIC:
            dlts = f"DLT{'s' * (tally.n_dlts != 1)}"
            seen = f"{tally.n_dlts} {dlts} among {tally.n_evaluable}"
            yield f"Too toxic: {protocol.describe_level(level)}, {seen}."
    mtd = advice.decision.mtd
    if advice.expansion is not None:
        yield from describe_expansion(protocol, advice)
    elif mtd is not None:
        yield describe_limits(advice.tallies[mtd])
        outlook = describe_outlook(protocol.expansion)
        if outlook is not None:
            yield outlook
    if advice.decision.action is Action.WAIT and advice.n_places:
        taken = advice.n_opened - advice.n_places
        yield (
            f"The cohort of {advice.n_opened} opened at {protocol.describe_level(advice.level)} "
            f"has {taken} of its places taken; the answer is about what follows it."
        )
    yield from describe_backfill(protocol, advice)
    yield from describe_departures(advice.departures)


def _document(protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice) -> dict[str, Any]:
    decision = advice.decision
    return {
        **identity_document(protocol),
        "design": design_settings(protocol.design),
        **answer(protocol, decision),
        "settled": decision.settled,
        "possible": _possible_document(protocol, advice),
        "levels": levels_document(
            protocol,
            cohorts,
            advice.tallies,
            advice.counted,
            ended=decision.has_ended,
            follow_up=advice.follow_up,
        ),
        **_follow_up_document(protocol, advice),
        "expansion": expansion_document(protocol, advice),
        **backfill_document(protocol, advice),
        "departures": departures_document(protocol, advice.departures),
    }
