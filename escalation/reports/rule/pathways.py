"""Dose transition pathways: what a design says after every course of the first cohorts.

A design that judges all levels together has no table by level; this is what a committee can read
of it before the trial.

References
----------
Yap C, Billingham LJ, Cheung YK, Craddock C, O'Quigley J (2017). Dose transition pathways: the
missing link between complex dose-finding designs and simple decision-making. Clin Cancer Res
23(24):7440-7447.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs import design_settings
from escalation.designs.base import NOBODY, Decision, Design
from escalation.errors import InputError
from escalation.outcomes import Cohort, Outcome, Tally, format_outcomes
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.view import GAP, Block, Paragraph, Table, View

__all__ = [
    "Pathway",
    "pathways",
    "view_pathways",
]

MAX_PATHWAYS = 5000
NOBODY_YET = "(nobody yet)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathway:
    """One course of the first cohorts, and what the design says then.

    Attributes
    ----------
    cohorts : tuple of (level, n_patients, n_dlts)
        With 0-based levels; empty before the first patient.
    decision : Decision
    """

    cohorts: tuple[tuple[int, int, int], ...]
    decision: Decision


def pathways(design: Design, n_cohorts: int) -> tuple[Pathway, ...]:
    """Ask ``design`` after every course of up to ``n_cohorts`` cohorts, fewest DLTs first.

    Raises
    ------
    InputError
        If there are too many to read.

    Examples
    --------
    >>> from escalation.designs import Crm
    >>> design = Crm(n_levels=5, target=0.25, max_patients=30)
    >>> [path.decision.action.value for path in pathways(design, 1)]
    ['stay', 'escalate', 'stay', 'stay', 'stop']
    """
    found = []
    for path in _follow(design, n_cohorts, (), ((Tally(),) * design.n_levels, NOBODY)):
        found.append(path)
        if len(found) > MAX_PATHWAYS:
            raise InputError(
                f"the first {n_cohorts} cohorts can take more than {MAX_PATHWAYS} courses; "
                "ask for fewer cohorts"
            )
    return tuple(found)


def _follow(
    design: Design,
    n_cohorts: int,
    before: tuple[tuple[int, int, int], ...],
    seen: tuple[tuple[Tally, ...], Tally],
) -> Iterator[Pathway]:
    tallies, last = seen
    decision = design.decide(tallies, before[-1][0] if before else design.start, last)
    yield Pathway(cohorts=before, decision=decision)
    level, size = decision.level, decision.n_to_enrol
    if level is None or len(before) == n_cohorts:
        return
    for n_dlts in range(size + 1):
        cohort = Tally(n_evaluable=size, n_dlts=n_dlts)
        after = (*tallies[:level], tallies[level].plus(cohort), *tallies[level + 1 :])
        yield from _follow(design, n_cohorts, (*before, (level, size, n_dlts)), (after, cohort))


def view_pathways(protocol: Protocol, n_cohorts: int) -> View:
    """Return the view of what a protocol's design says after each course of the first cohorts."""
    paths = pathways(protocol.design, n_cohorts)
    return View(
        page=lambda: _page(paths, protocol),
        document=lambda: {
            **identity_document(protocol),
            "pathways": list(_records(paths, protocol)),
            "design": design_settings(protocol.design),
        },
        rows=lambda: _rows(paths, protocol),
    )


def _page(paths: Sequence[Pathway], protocol: Protocol) -> Iterator[Block]:
    n_cohorts = max(len(path.cohorts) for path in paths)
    first = "cohort" if n_cohorts == 1 else f"{n_cohorts} cohorts"
    yield Paragraph(f"What the design says after each course of the first {first}")
    yield GAP
    rows = [
        (_outcomes(path, protocol) or NOBODY_YET, describe_decision(path.decision, protocol))
        for path in paths
    ]
    yield Table([("After", "the design says"), *rows], prose=True)
    yield GAP
    yield Paragraph(describe_origin(protocol), "  ")


def _rows(paths: Sequence[Pathway], protocol: Protocol) -> Iterator[Sequence[object]]:
    records = list(_records(paths, protocol))
    yield [*(name for name in records[0] if name != "clause"), "clause_id", "clause"]
    for record in records:
        clause = record.pop("clause")
        yield [*record.values(), clause["id"], clause["text"]]


def _records(paths: Sequence[Pathway], protocol: Protocol) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield {
            "n_cohorts": len(path.cohorts),
            "outcomes": _outcomes(path, protocol),
            **answer(protocol, path.decision),
        }


def _outcomes(path: Pathway, protocol: Protocol) -> str:
    """Write a course in notation."""
    return format_outcomes(
        Cohort(
            label=protocol.labels[level],
            outcomes=(Outcome.NO_DLT,) * (n - n_dlts) + (Outcome.DLT,) * n_dlts,
        )
        for level, n, n_dlts in path.cohorts
    )
