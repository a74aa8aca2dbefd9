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

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.designs.base import NOBODY, Decision, Design
from escalation.errors import InputError
from escalation.outcomes import Cohort, Outcome, Tally, format_outcomes
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from escalation.text import WIDTH, align

__all__ = [
    "Pathway",
    "pathways",
    "pathways_csv",
    "pathways_dict",
    "pathways_text",
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


def pathways_text(paths: Sequence[Pathway], protocol: Protocol) -> str:
    """Return the pathways for 80 columns, one a line, or two where one is too short."""
    rows = [
        (_outcomes(path, protocol) or NOBODY_YET, describe_decision(path.decision, protocol))
        for path in paths
    ]
    n_cohorts = max(len(path.cohorts) for path in paths)
    first = "cohort" if n_cohorts == 1 else f"{n_cohorts} cohorts"
    table = align([("After", "the design says"), *rows], left=(0, 1))
    if max(map(len, table.splitlines())) > WIDTH:
        table = "\n".join(f"{outcomes}\n    {said}" for outcomes, said in rows)
    return f"What the design says after each course of the first {first}\n\n{table}"


def pathways_csv(paths: Sequence[Pathway], protocol: Protocol) -> str:
    """Return the pathways as CSV."""
    stream = io.StringIO()
    records = list(_records(paths, protocol))
    fields = [name for name in records[0] if name != "clause"]
    writer = csv.DictWriter(stream, [*fields, "clause_id", "clause"], lineterminator="\n")
    writer.writeheader()
    for record in records:
        clause = record.pop("clause")
        writer.writerow({**record, "clause_id": clause["id"], "clause": clause["text"]})
    return stream.getvalue()


def pathways_dict(paths: Sequence[Pathway], protocol: Protocol) -> dict[str, Any]:
    """Return the pathways as a document for JSON."""
    return {"schema": 1, "pathways": list(_records(paths, protocol))}


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
