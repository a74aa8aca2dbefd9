"""`escalation decide --all`: what every design says, grouped by answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from escalation.cli.options import echo_json, identity, line, origin
from escalation.designs import design_settings
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Protocol, describe_decision
from escalation.protocol.consensus import Consensus, Opinion, ask_all, summarise
from escalation.reports.expansion_text import describe_expansion, expansion_document
from escalation.reports.level_table import (
    answer,
    departures_document,
    describe_departures,
    level_table,
    levels_document,
)
from escalation.text import align

__all__ = ["show_all"]

_FROM = {
    "given": "as given",
    "design": "of the protocol's design",
    "planned": "as planned",
    "default": "by default",
}


def show_all(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    target: float | None,
    max_patients: int | None,
    *,
    as_json: bool,
) -> None:
    """Print what every design says."""
    found = ask_all(protocol, cohorts, target=target, max_patients=max_patients)
    if as_json:
        echo_json(_document(protocol, cohorts, found))
        return
    for text in _groups(found, protocol):
        click.echo(text)
    line("> the protocol's own design; * does something else.")
    if any(opinion.advice.departures for opinion in found.opinions):
        line("departs: the design would not have opened that cohort as it was.")
    if any(opinion.advice.expansion for opinion in found.opinions):
        line("expands: treated at that MTD after the escalation had ended; not counted in it.")
    own = found.opinions[0].advice
    for text in (*describe_expansion(protocol, own), *describe_departures(own.departures)):
        line(text, indent="  ")
    click.echo()
    if cohorts:
        line(f"After {format_outcomes(cohorts)}:")
    click.echo(level_table(protocol, cohorts, own.tallies, own.escalation))
    click.echo()
    line(_say_asked(found), indent="  ")
    for name, why in found.left_out:
        said = why if why.startswith(name) else f"{name}: {why}"
        line(f"Left out: {said}.", indent="  ")
    line(origin(protocol), indent="  ")
    line(summarise(found, protocol), indent="  ")


def _groups(found: Consensus, protocol: Protocol) -> Iterator[str]:
    """Write each answer, the protocol's own first, and below it a line a design."""
    said = [describe_decision(opinion.advice.decision, protocol) for opinion in found.opinions]
    rows = align([_row(opinion, found) for opinion in found.opinions], left=range(4)).splitlines()
    for text in dict.fromkeys(said):
        yield text
        yield from (row for row, same in zip(rows, said, strict=True) if same == text)


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
    known = (getattr(opinion.design, "max_patients", None) for opinion in found.opinions[1:])
    whole = sorted({n for n in known if n is not None} - {found.max_patients})
    cohorts = f" ({' or '.join(map(str, whole))} in whole cohorts)" if whole else ""
    n, source = found.max_patients, _FROM[found.max_patients_from]
    return f"{said}, and for at most {n} patients, {source}{cohorts}, where a design needs them."


def _document(protocol: Protocol, cohorts: Sequence[Cohort], found: Consensus) -> dict[str, Any]:
    own = found.opinions[0].advice
    return {
        **identity(protocol),
        "levels": levels_document(protocol, cohorts, own.tallies, own.escalation),
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
                "departures": departures_document(protocol, opinion.advice.departures),
            }
            for opinion in found.opinions
        ],
        "left_out": [{"name": name, "why": why} for name, why in found.left_out],
        "summary": summarise(found, protocol),
    }
