"""What a trial does beside escalating: who may enter, what is measured and when, what of it counts.

A plan is data, read from a file as a protocol is, and adopted by a trial. Nothing here knows one.
"""

from escalation.plan.load import load_plan, shipped_plans
from escalation.plan.plan import Plan, PlanError
from escalation.plan.tables import (
    Biomarker,
    Criterion,
    Disease,
    Kinetics,
    PlannedTest,
    Response,
    Visit,
)

__all__ = [
    "Biomarker",
    "Criterion",
    "Disease",
    "Kinetics",
    "Plan",
    "PlanError",
    "PlannedTest",
    "Response",
    "Visit",
    "load_plan",
    "shipped_plans",
]
