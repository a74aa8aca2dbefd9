"""Small trials in mg, without a DLT window, so that a history can be typed as it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from escalation.designs import make_design
from escalation.labels import Label
from escalation.outcomes import parse_outcomes
from escalation.protocol import DoseLevel, Protocol
from escalation.protocol.tables import Backfill, ExpansionMonitoring
from escalation.trial import amend_protocol
from escalation.trial.events import Choice, Purpose
from tests.trial.bench import CHAIR, Bench

NEW: Label = "1.5"


def ladder(*levels: tuple[Label, float], start: Label = 1, **tables: Any) -> Protocol:
    """Return a 3+3 on these levels and doses."""
    labels = [label for label, _ in levels]
    place = labels.index(start)
    return Protocol(
        name=f"ladder-{len(levels)}",
        unit="mg",
        levels=tuple(DoseLevel(label=label, dose=float(dose)) for label, dose in levels),
        start=place,
        design=make_design("3+3", n_levels=len(levels), start=place),
        **tables,
    )


THREE = ladder((1, 100), (2, 200), (3, 400))
FOUR = ladder((1, 100), (NEW, 150), (2, 200), (3, 400))


def with_beside(protocol: Protocol, **backfill: Any) -> Protocol:
    """Return a protocol with backfill of three per cohort and an expansion of six."""
    table = Backfill(**{"per_cohort": 3, "max_per_level": 9, "stop_at_rate": "1/3"} | backfill)
    expansion = ExpansionMonitoring(n_patients=6, stop_at_rate="1/3")
    return replace(protocol, backfill=table, expansion=expansion)


def typed(history: str, protocol: Protocol = THREE) -> Bench:
    """Type a history, opening each cohort as it says, against the rule where it must."""
    bench = Bench.started(protocol)
    for cohort in parse_outcomes(history):
        treat(bench, cohort.label, "".join(cohort.outcomes))
    return bench


def treat(
    bench: Bench, label: Label, letters: str, purpose: Purpose = Purpose.ESCALATION
) -> list[str]:
    """Open a cohort for so many, and treat them all before their outcomes come."""
    choice = Choice(action="enrol", level=label, n_to_enrol=len(letters), purpose=purpose)
    bench.open_cohort(choice=choice, rationale="as in the history")
    number = len(bench.state.cohorts)
    n = len(bench.state.subjects)
    names = [f"S{n + k}" for k in range(1, len(letters) + 1)]
    for name in names:
        bench.enrol(name, cohort=number)
        bench.dose(name)
    for name, letter in zip(names, letters, strict=True):
        if letter != "?":
            (bench.dlt if letter == "T" else bench.no_dlt)(name)
    return names


def amended(bench: Bench, protocol: Protocol, *reopens: Label) -> Bench:
    """Amend the protocol, but for its committee."""
    assert bench.state.protocol is not None
    protocol = replace(protocol, committee=bench.state.protocol.committee)
    bench.do(amend_protocol, CHAIR, protocol=protocol, reason="by the sponsor", reopens=reopens)
    return bench
