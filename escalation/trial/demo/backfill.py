"""An invented trial with backfill, a level added by an amendment, and an expansion at the MTD.

While level 3 is open, three more patients are treated at level 1, and one of them has a DLT; two of
the three at level 3 have one too. An amendment puts level 2.5 between; it becomes the MTD, and of
the six places of the expansion there four are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from escalation.protocol import Protocol
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import record_adverse_event
from escalation.trial.commands import Events, Recorder
from escalation.trial.demo.script import (
    ADJUDICATOR,
    CHAIR,
    SITE,
    Demo,
    Step,
    begin,
    dose,
    enrol,
    meet,
    no_dlt,
)
from escalation.trial.events import Choice, Purpose, Relation
from escalation.trial.office import amend_protocol
from escalation.trial.state import TrialState

__all__ = ["BACKFILL"]

BETWEEN = {"label": "2.5", "dose": 300.0}


def _script(protocol: Protocol) -> Iterator[Step]:
    yield from begin("2026-01-05", protocol)

    # cohorts 1 and 2, levels 1 and 2: nobody has a DLT
    yield from meet("2026-01-09")
    yield from _treat(1, 100, ("A-001", "01-12"), ("A-002", "01-19"), ("A-003", "01-21"))
    yield from (no_dlt("2026-02-11", f"A-00{n}") for n in (1, 2, 3))
    yield from meet("2026-02-12")
    yield from _treat(2, 200, ("A-004", "02-13"), ("A-005", "02-20"), ("A-006", "02-23"))
    yield from (no_dlt("2026-03-16", f"A-00{n}") for n in (4, 5, 6))

    # cohort 3, level 3, and cohort 4 beside it: backfill at level 1
    yield from meet("2026-03-16")
    yield from meet("2026-03-16", _beside(Purpose.BACKFILL, 3, level=1))
    yield from _treat(3, 400, ("A-007", "03-17"))
    yield from _treat(4, 100, ("A-008", "03-18"))
    yield from _treat(3, 400, ("A-009", "03-24"))
    yield from _treat(4, 100, ("A-010", "03-25"))
    yield from _treat(3, 400, ("A-011", "03-26"))
    yield from _treat(4, 100, ("A-012", "03-27"))
    yield from _dlt("A-007", "2026-03-30", "neutropenic sepsis", 4)
    yield from _dlt("A-010", "2026-04-02", "colitis", 3)
    yield from _dlt("A-009", "2026-04-06", "hepatitis", 3)
    yield no_dlt("2026-04-08", "A-008")
    yield no_dlt("2026-04-16", "A-011")
    yield no_dlt("2026-04-17", "A-012")

    # level 3 is too toxic, level 2 was not: a level between is added
    yield (
        "2026-04-20",
        CHAIR,
        partial(
            amend_protocol,
            protocol=_amended(protocol),
            reason="300 mg between the 200 mg that were tolerated and the 400 mg that were not",
        ),
    )
    yield from meet("2026-04-20")
    yield from _treat(5, 300, ("A-013", "04-21"), ("A-014", "04-28"), ("A-015", "04-30"))
    yield from (no_dlt("2026-05-21", f"A-0{n}") for n in (13, 14, 15))
    yield from meet("2026-05-22")
    yield from _treat(6, 300, ("A-016", "05-25"), ("A-017", "06-01"), ("A-018", "06-03"))
    yield from _dlt("A-017", "2026-06-11", "colitis", 3)
    yield no_dlt("2026-06-24", "A-016")
    yield no_dlt("2026-06-24", "A-018")

    # the MTD, and its expansion
    yield from meet("2026-06-25")
    yield from meet("2026-06-25", _beside(Purpose.EXPANSION, 6))
    yield from _treat(7, 300, ("A-019", "06-26"), ("A-020", "07-03"), ("A-021", "07-06"))
    yield from _dlt("A-020", "2026-07-14", "rash", 3)
    yield no_dlt("2026-07-17", "A-019")
    yield from _treat(7, 300, ("A-022", "07-20"))
    yield no_dlt("2026-07-27", "A-021")
    yield enrol("2026-07-27", "A-023", cohort=7)


BACKFILL = Demo(
    trial="DEMO-BACKFILL", protocol="backfill-example", day=date(2026, 7, 28), script=_script
)


def _amended(protocol: Protocol) -> Protocol:
    """Return the protocol with a level between 2 and 3."""
    document = protocol.document
    document["title"] += ", with a level between"
    document["levels"].insert(2, BETWEEN)
    document["scenarios"] = []
    kept = {name: said for name, said in document["sources"].items() if "scenarios" not in name}
    document["sources"] = kept | {"levels.2.5": "assumed"}
    return Protocol.from_document(document)


def _beside(purpose: Purpose, n: int, level: int | None = None) -> Choice:
    return Choice(action="enrol", level=level, n_to_enrol=n, purpose=purpose)


def _treat(cohort: int, infused: float, *patients: tuple[str, str]) -> Iterator[Step]:
    """Enrol patients in a cohort, each on the day of the first dose."""
    for subject, day in patients:
        yield enrol(f"2026-{day}", subject, cohort=cohort)
        yield dose(f"2026-{day}", subject, infused)


def _dlt(subject: str, day: str, term: str, grade: int) -> Iterator[Step]:
    """Report an adverse event on the day it began; the next entry rules that it is a DLT."""
    began = date.fromisoformat(day)
    yield (
        day,
        SITE,
        partial(
            record_adverse_event,
            subject=subject,
            term=term,
            grade=grade,
            started=began,
            aware=began,
            relation=Relation.PROBABLE,
        ),
    )
    yield day, ADJUDICATOR, _adjudicate_last


def _adjudicate_last(state: TrialState, recorder: Recorder) -> Events:
    return adjudicate(state, recorder, entry=state.seq, dlt=True)
