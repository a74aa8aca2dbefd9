"""A small plan with criteria of every kind, and trials in which people are screened by it."""

from __future__ import annotations

from typing import Any

from escalation.plan import Criterion, Disease, Plan, PlannedTest
from escalation.protocol import Protocol
from escalation.trial import adopt_plan, screen_subject
from escalation.trial.events import Choice, Finding, Sex
from tests.trial.bench import CHAIR, NCT, SITE, Bench, day

PLAN = Plan(
    name="small",
    tests=(
        PlannedTest(name="age", label="Age", unit="years", least=0, greatest=120),
        PlannedTest(
            name="haemoglobin",
            label="Haemoglobin",
            unit="g/L",
            substance="haemoglobin",
            least=10,
            greatest=300,
        ),
        PlannedTest(name="alt", label="ALT", unit="U/L", least=0, greatest=20000),
    ),
    diseases=(Disease(name="SLE", label="lupus"), Disease(name="SSc", label="sclerosis")),
    criteria=(
        Criterion(
            id="I1",
            kind="inclusion",
            text="Age 18 to 65.",
            test="age",
            comparator="between",
            limit=18,
            upper=65,
        ),
        Criterion(
            id="I2",
            kind="inclusion",
            text="Haemoglobin at least 60 g/L.",
            test="haemoglobin",
            comparator=">=",
            limit=60,
            within_days=14,
            flags=("60 to 79 g/L is of grade 3 already",),
        ),
        Criterion(
            id="I3",
            kind="inclusion",
            text="ALT at most 3 x ULN.",
            test="alt",
            comparator="<=",
            limit=3,
            times="ULN",
            waiver="disease-related elevation permitted",
        ),
        Criterion(id="I4", kind="inclusion", text="Consented.", all_of=("I4a",)),
        Criterion(id="I4a", kind="part", text="Signed."),
        Criterion(id="S1", kind="inclusion", text="2019 criteria.", diseases=("SLE",)),
        Criterion(id="E1", kind="exclusion", text="Severe allergy."),
    ),
)
HB = Finding(test="haemoglobin", value=85, unit="g/L")
LOW = Finding(test="haemoglobin", value=55, unit="g/L")
ALT = Finding(test="alt", value=30, unit="U/L", upper=40)
HIGH = Finding(test="alt", value=130, unit="U/L", upper=40)
ANSWERS = (
    Finding(test="I4a", answer="yes"),
    Finding(test="S1", answer="yes"),
    Finding(test="E1", answer="no"),
)
FIT = (HB, ALT, *ANSWERS)
PERSON: dict[str, Any] = {"disease": "SLE", "sex": Sex.FEMALE, "born": "1985", "consented": day(0)}


def planned(protocol: Protocol = NCT, plan: Plan = PLAN, n: int = 3) -> Bench:
    """Return a trial that goes by the plan, with an open cohort."""
    bench = Bench.started(protocol)
    bench.do(adopt_plan, CHAIR, plan=plan)
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=n), rationale=None)
    return bench


def screen(
    bench: Bench, subject: str, *findings: Finding, on: int | None = None, **said: Any
) -> int:
    """Screen somebody; return the number of the entry."""
    seq = bench.state.seq + 1
    bench.do(screen_subject, SITE, on, subject=subject, findings=findings, **(PERSON | said))
    return seq
