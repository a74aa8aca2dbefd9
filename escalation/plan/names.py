"""What people call the tests, criteria, visits and diseases of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from escalation.plan.plan import Plan
from escalation.text import as_compared

__all__ = ["PlanNames"]


class PlanNames:
    """Find what is meant by a name in other capitals, by a label or by a code.

    A name as the plan spells it is itself. What could be two of them, or none, is returned as it
    was said, and is refused where it is looked up.

    Parameters
    ----------
    plan : Plan or None
        Without one everything is returned as it was said.

    Examples
    --------
    >>> from escalation.plan import load_plan
    >>> names = PlanNames(load_plan("nct07123519"))
    >>> names.disease("SLE"), names.finding("ALT"), names.finding("e8.1A"), names.visit("week 2")
    ('sle', 'alt', 'E8.1a', 'W2')
    """

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan or Plan(name="none")

    def finding(self, said: str) -> str:
        """Return the name of a test, or the id of a criterion that is answered."""
        if self._plan.find_test(said) or self._plan.find_criterion(said):
            return said
        return self._findings.get(as_compared(said), said)

    def criterion(self, said: str) -> str:
        """Return the id of a criterion."""
        return (
            said if self._plan.find_criterion(said) else self._criteria.get(as_compared(said), said)
        )

    def visit(self, said: str) -> str:
        """Return the name of a visit."""
        return said if self._plan.find_visit(said) else self._visits.get(as_compared(said), said)

    def disease(self, said: str) -> str:
        """Return the name of a disease."""
        return self._diseases.get(as_compared(said), said)

    @cached_property
    def _findings(self) -> dict[str, str]:
        tests = self._plan.tests
        labels = ((test.label, test.name) for test in tests)
        codes = ((test.code, test.name) for test in tests if test.code is not None)
        return _meant([*_alike(test.name for test in tests), *self._asked], labels, codes)

    @cached_property
    def _criteria(self) -> dict[str, str]:
        return _meant(self._asked)

    @cached_property
    def _visits(self) -> dict[str, str]:
        visits = self._plan.visits
        return _meant(_alike(v.name for v in visits), ((v.label, v.name) for v in visits))

    @cached_property
    def _diseases(self) -> dict[str, str]:
        known = self._plan.diseases
        return _meant(_alike(one.name for one in known), ((one.label, one.name) for one in known))

    @property
    def _asked(self) -> Iterator[tuple[str, str]]:
        return _alike(criterion.id for criterion in self._plan.criteria)


def _alike(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((name, name) for name in names)


def _meant(*ways: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each spelling means by the first way that knows it, if that is one thing.

    >>> _meant([("CK", "CK"), ("ck", "ck"), ("d0", "d0")], [("D0", "x"), ("Day 0", "d0")])
    {'d0': 'd0', 'day 0': 'd0'}
    """
    known: dict[str, set[str]] = {}
    for way in ways:
        meant: dict[str, set[str]] = {}
        for spelling, name in way:
            meant.setdefault(as_compared(spelling), set()).add(name)
        known = meant | known
    return {spelling: min(names) for spelling, names in known.items() if len(names) == 1}
