"""T19: which visits took place, and which are overdue, were missed or out of their window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from escalation.reports.packet.basis import Basis
from escalation.reports.view import Block, Paragraph, Table
from escalation.reports.visits.calendar import count_visits
from escalation.trial.visits.calendar import VisitDue, VisitStanding, people_of, visits_of

__all__ = ["visit_blocks", "visits_in"]


def visits_in(basis: Basis) -> dict[str, tuple[VisitDue, ...]]:
    """Return the visits of everybody who was dosed, as they stand on the packet's day."""
    state = basis.state
    dosed = (name for name in people_of(state) if name in state.subjects)
    return {
        name: visits_of(state, name, basis.on)
        for name in dosed
        if state.subjects[name].dosing is not None and state.plan is not None and state.plan.visits
    }


def visit_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T19, then F13; nothing where no visit is planned."""
    of_subject = visits_in(basis)
    if not of_subject:
        return
    counts = count_visits([visit for visits in of_subject.values() for visit in visits])
    rows = [_row(subject, visits) for subject, visits in of_subject.items()]
    heads = ("patient", "took place", "overdue", "missed", "out of their window")
    yield Table(
        [heads, *rows], left=(0, 2, 3, 4), prose=True, caption="T19 Visits by patient; of those due"
    )
    yield Paragraph(f"In all: {counts}.")
    yield from basis.pictures(basis, "F13")


def _row(subject: str, visits: Sequence[VisitDue]) -> Sequence[str]:
    done = [visit for visit in visits if visit.standing is VisitStanding.DONE]
    overdue = [visit for visit in visits if visit.standing is VisitStanding.OVERDUE]
    missed = [visit for visit in visits if visit.standing is VisitStanding.MISSED]
    return (
        subject,
        f"{len(done)}/{len(done) + len(overdue) + len(missed)}",
        ", ".join(v.visit.name for v in overdue) or "-",
        "; ".join(f"{v.visit.name}: {v.why}" for v in missed) or "-",
        ", ".join(f"{v.visit.name} {v.out_of_window:+d} d" for v in done if v.out_of_window) or "-",
    )
