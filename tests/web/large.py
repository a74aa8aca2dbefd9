"""A trial as large as they get behind the page: 12 levels, 60 patients, names of 40 letters."""

from __future__ import annotations

from dataclasses import replace

from escalation.plan import Plan
from escalation.trial import (
    adopt_plan,
    record_findings,
    record_screening_failure,
    screen_subject,
)
from escalation.trial.events import Finding, Sex
from escalation.web.desk import Standing
from tests.extremes import TITLE
from tests.trial.bench import CHAIR, D0, SITE, Bench
from tests.trial.small_trials import ladder, typed
from tests.web.planned import PLAN

__all__ = ["LARGE", "PERSON", "large_trial"]

LARGE = "ABCDEFGHIJ-1234567890-ABCDEFGHIJ-1234567"  # its id, of 40 letters
PERSON = "ABCD-1234-ABCD-12345"  # who is screened in it
LABELS = [f"dose-level-number-{n:02}" for n in range(1, 13)]


def large_trial(*, planned: bool = False) -> Standing:
    """Return it as it stands, without a ledger; perhaps with a plan whose names are as long."""
    levels = [(label, 0.25 * 1.5**n) for n, label in enumerate(LABELS)]
    protocol = replace(
        ladder(*levels, start=LABELS[0]),
        name="CART-CD19-BCMA-dual-escalation-in-lupus-40",
        title=TITLE,
        unit="mg/kg",
    )
    course = LABELS if planned else [*LABELS, *LABELS[-8:]]
    bench = typed(" ".join(f"{label}NNN" for label in course), protocol)
    assert len(bench.state.subjects) == 3 * len(course)
    assert SITE in {entry.by for entry in bench.entries}
    if planned:
        _go_by_a_plan(bench)
    return Standing(trial=LARGE, entries=bench.entries, state=bench.state)


LONG = "{}-abcdefghijklmnopqrstuvwxyz-0123456789"  # 40 letters, without a blank


def _long_plan() -> Plan:
    labelled = {
        name: tuple(replace(one, label=LONG.format(one.name)) for one in getattr(PLAN, name))
        for name in ("tests", "diseases", "visits")
    }
    criteria = tuple(replace(one, text=LONG.format(one.id)) for one in PLAN.criteria)
    return replace(PLAN, name=LONG.format("pl"), title=TITLE, criteria=criteria, **labelled)


def _go_by_a_plan(bench: Bench) -> None:
    bench.do(adopt_plan, CHAIR, plan=_long_plan())
    for subject in list(bench.state.subjects.values())[:9]:
        assert subject.dosed_on is not None
        for after, visit, cells in ((0, "D0", 0.0), (7, "D7", 123456.789), (14, "W2", 98.7)):
            found = [
                Finding(test="cells", value=cells or 25, unit="copies/ug", below=not cells),
                Finding(test="il6", value=1234.5, unit="pg/mL"),
                Finding(test="response", answer="PR"),
            ]
            on = (subject.dosed_on - D0).days + after
            who = subject.id
            bench.do(record_findings, SITE, on, subject=who, findings=found, visit=visit)
    for who in (PERSON, "Q-1"):
        bench.do(screen_subject, SITE, subject=who, disease="LN", sex=Sex.FEMALE, born="1980")
        bench.do(record_findings, SITE, subject=who, findings=[Finding(test="E1", answer="yes")])
    bench.do(record_screening_failure, SITE, subject="Q-1", reason=LONG.format("why"))
