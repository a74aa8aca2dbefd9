"""A small plan, and a trial with two patients who go by it."""

from __future__ import annotations

from typing import Any

from escalation.plan import Criterion, Kinetics, Plan, PlannedTest, Visit
from escalation.trial import adopt_plan, record_findings
from escalation.trial.events import Choice, Finding

from .bench import CHAIR, SITE, Bench, day

SMALL = Plan(
    name="small",
    tests=(
        PlannedTest(
            name="haemoglobin",
            label="Haemoglobin",
            unit="g/L",
            substance="haemoglobin",
            least=10,
            greatest=300,
        ),
        PlannedTest(
            name="creatinine",
            label="Creatinine",
            unit="umol/L",
            substance="creatinine",
            least=1,
            greatest=5000,
        ),
        PlannedTest(name="copies", label="CAR copies", unit="copies/ug", domain="PC", least=0),
        PlannedTest(
            name="response",
            label="Response",
            kind="choice",
            choices=("CR", "PR", "other"),
            domain="RS",
        ),
        PlannedTest(name="fever", label="Fever", kind="yes/no"),
    ),
    criteria=(Criterion(id="I1", kind="inclusion", text="Voluntary."),),
    visits=(
        Visit(name="SCR", label="Screening", day=-14, before=14, after=13, tests=("haemoglobin",)),
        Visit(name="D0", label="Day 0", day=0, tests=("copies",)),
        Visit(name="D7", label="Day 7", day=7, before=1, after=1, tests=("copies", "haemoglobin")),
        Visit(name="W4", label="Week 4", day=28, before=3, after=3, tests=("copies",)),
        Visit(name="W12", label="Week 12", day=84, before=7, after=7, tests=("response",)),
    ),
    kinetics=Kinetics(test="copies"),
)


def followed(plan: Plan = SMALL) -> Bench:
    """Return a trial by the plan: S1 dosed on day 0, S2 enrolled and waiting for the stagger.

    It adopts the plan after they were enrolled: neither was screened.
    """
    bench = Bench.started()
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=None)
    bench.treat("S1", 0)
    bench.enrol("S2")
    bench.do(adopt_plan, CHAIR, plan=plan)
    return bench


def measure(bench: Bench, test: str, on: int | None = None, **said: Any) -> None:
    """Record one result of S1, on a day, or as said otherwise."""
    bench.do(record_findings, SITE, on, **_said(test, said))


def refusal(bench: Bench, test: str, on: int | None = None, **said: Any) -> str:
    """Return what one result is refused with."""
    return bench.refused(record_findings, SITE, on, **_said(test, said))


def _said(test: str, said: dict[str, Any]) -> dict[str, Any]:
    entry = {"subject": said.pop("subject", "S1")}
    entry |= {name: said.pop(name) for name in ("visit", "reason", "source") if name in said}
    if "at" in said:
        said["on"] = day(said.pop("at"))
    return entry | {"findings": [Finding(test=test, **said)]}
