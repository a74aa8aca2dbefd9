"""What sites call the plan's tests, visits and diseases in a list."""

from __future__ import annotations

from escalation.plan import Plan
from escalation.text import as_compared
from escalation.trial.events import Finding
from escalation.trial.findings.checking import completed
from escalation.trial.spreadsheet.charted import ResultRow

__all__ = ["PlanNames"]


class PlanNames:
    """Names of a plan by what sites call it: the name, the label or, of a test, the code."""

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan
        self._tests: dict[str, str] = {}
        self._visits: dict[str, str] = {}
        if plan is not None:
            for test in reversed(plan.tests):
                for said in (test.code, test.label, test.name):
                    if said is not None:
                        self._tests[as_compared(said)] = test.name
            for visit in reversed(plan.visits):
                self._visits[as_compared(visit.label)] = visit.name
                self._visits[as_compared(visit.name)] = visit.name
        diseases = () if plan is None else plan.diseases
        self._diseases = {
            as_compared(said): one.name for one in diseases for said in (one.label, one.name)
        }

    def disease(self, said: str | None) -> str | None:
        """Return the name of a disease; what is none stays, and is refused."""
        return None if said is None else self._diseases.get(as_compared(said), said)

    def visit(self, said: str | None) -> str | None:
        """Return the name of a visit; what is none stays, and is refused."""
        return None if said is None else self._visits.get(as_compared(said), said)

    def finding(self, row: ResultRow) -> Finding | str:
        """Return the result of a row, or what is wrong with it."""
        name = self._tests.get(as_compared(row.test), row.test)
        test = None if self._plan is None else self._plan.find_test(name)
        is_number = test is not None and test.kind == "number" and row.not_done is None
        value, answer = None, row.value
        if is_number and isinstance(row.figure, float):
            value, answer = row.figure, None
        finding = completed(
            self._plan,
            Finding(
                test=name,
                value=value,
                unit=row.unit,
                answer=answer,
                below=row.below,
                lower=row.lower,
                upper=row.upper,
                day=row.day,
                not_done=row.not_done,
                by=row.by,
                note=row.note,
            ),
        )
        if is_number and finding.answer is not None and isinstance(row.figure, str):
            return f"{name}: {row.figure}"
        return finding
