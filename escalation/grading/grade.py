"""A grade with the rule that gave it, and how far it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations
from typing import Any, TypeVar

from escalation.dataclass import dataclass

__all__ = ["Grade", "grade_with_unknowns"]

O = TypeVar("O")  # noqa: E741  # observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A grade, 0 for none.

    Attributes
    ----------
    grade : int
    rule : str
        What gave it, as "one vasopressor"; for grade 0 why there is none.
    not_assessed : tuple of str
        What was not assessed and could raise it.
    """

    grade: int
    rule: str
    not_assessed: tuple[str, ...] = ()

    @property
    def at_least(self) -> bool:
        """Whether the grade is a lower bound."""
        return bool(self.not_assessed)

    @property
    def text(self) -> str:
        """The grade with its rule: ``grade at least 2: blow-by oxygen; ... not assessed``."""
        if not self.at_least:
            return f"grade {self.grade}: {self.rule}"
        missing = f"not assessed: {', '.join(self.not_assessed)}"
        return f"grade at least {self.grade}: {self.rule}; {missing}"


def grade_with_unknowns(
    observations: O,
    grade: Callable[[O], tuple[int, str]],
    worst: Mapping[str, Any],
    names: Mapping[str, str],
) -> Grade:
    """Grade what was observed, and find what was not observed and could raise the grade.

    Parameters
    ----------
    observations : dataclass
    grade : callable
        Takes what is unknown for normal; never gives a lower grade for a worse observation.
    worst : mapping of str to object
        The fields that are unknown, each with the worst that it can be.
    names : mapping of str to str
        What people call the fields.
    """
    lowest, rule = grade(observations)

    def raises(name: str) -> bool:
        """Tell whether it makes a difference, whatever the other unknowns turn out to be."""
        for others in _subsets([other for other in worst if other != name]):
            with_others = replace(observations, **{other: worst[other] for other in others})  # type: ignore[type-var]
            with_it = replace(with_others, **{name: worst[name]})  # type: ignore[type-var]
            if grade(with_it)[0] > max(lowest, grade(with_others)[0]):
                return True
        return False

    missing = tuple(names.get(name, name) for name in worst if raises(name))
    return Grade(grade=lowest, rule=rule, not_assessed=missing)


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, n) for n in range(len(names) + 1))
