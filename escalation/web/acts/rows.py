"""Rows of a form that a plan makes: a test or a question each, and the result that is filled in.

A row that is left as it is says nothing. What is folded away in it is seldom needed: another day,
who says so, limits of normal, and why there is no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from wtforms import BooleanField, Field, Form, FormField, RadioField

from escalation.dataclass import dataclass
from escalation.plan import PlannedTest
from escalation.plan.conversions import units_taken
from escalation.trial.events import Finding
from escalation.web.acts.base import Act
from escalation.web.acts.fields import chosen, day, line, number, offer

__all__ = ["Asked", "Heading", "RowField", "Rows", "capitalised", "made_with"]

_PREFIX = "result-"
_FOLDED = ("below", "upper", "lower", "not_done", "on", "by")


Heading: TypeAlias = tuple[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a row asks for.

    Attributes
    ----------
    name : str
        A test's name, or a criterion's id: what a finding is called by.
    text : str
        As people read it.
    test : PlannedTest or None
        None for a question that is answered by yes or no.
    criterion : str
        The id of the criterion that it settles, or helps to.
    section : str
        Under which words the row stands.
    above : sequence of (str, sequence of str)
        Of what it is a part, said before it, with the flags of that.
    depth : int
        How deep in what it is a part of.
    front : sequence of str
        Fields that are folded away elsewhere: ``upper``, ``lower``, ``below``.
    known : str
        What is recorded.
    flags : sequence of str
        Gaps of the plan's source that bite here.
    """

    name: str
    text: str
    test: PlannedTest | None = None
    criterion: str = ""
    section: str = ""
    above: Sequence[Heading] = ()
    depth: int = 0
    front: Sequence[str] = ()
    known: str = ""
    flags: Sequence[str] = ()


class _Radio(RadioField):
    """Yes, no, unknown, or nothing yet, which can be chosen again."""

    def pre_validate(self, form: Any) -> None:
        """Leave it to the command."""

    def process_data(self, value: Any) -> None:
        self.data = value or ""


_YES_NO = (("", "not now"), ("yes", "yes"), ("no", "no"), ("unknown", "unknown"))


class _Told(Form):
    not_done = line("Not done, because", maxlength="200")
    on = day("On another day")
    by = line("Who says so", "If somebody else than you.", maxlength="100")


class _Number(_Told):
    value = number("Value")
    unit = chosen("Unit")
    below = BooleanField("Below the limit of quantification: the value is that limit")
    upper = number("Upper limit of normal")
    lower = number("Lower limit of normal")


class _Answer(_Told):
    answer = _Radio("Answer", choices=lambda: list(_YES_NO), default="")


class _Choice(_Told):
    answer = chosen("Result")


class RowField(FormField):  # type: ignore[type-arg]  # which it takes for type checkers only
    """A row: a group of fields about one test or question."""

    def __init__(self, *args: Any, asked: Asked, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Read what was filled in, and offer units or choices."""
        super().process(*args, **kwargs)
        test = self.asked.test
        if test is None or test.kind == "yes/no":
            return
        if test.kind == "choice":
            listed = [("", "not now"), *((one, one) for one in test.choices)]
            offer(self.form.answer, listed)
        elif test.unit is None:
            del self.form.unit
        else:
            offer(self.form.unit, [(u, u) for u in units_taken(test.unit, test.substance)])

    @property
    def front(self) -> list[Field]:
        """The fields that are always seen."""
        return [self.form[name] for name in self._names() if not self._is_folded(name)]

    @property
    def back(self) -> list[Field]:
        """The fields that are folded away."""
        return [self.form[name] for name in self._names() if self._is_folded(name)]

    def _names(self) -> list[str]:
        order = ("answer", "value", "unit", *_FOLDED)
        return [name for name in order if name in self.form]

    def _is_folded(self, name: str) -> bool:
        return name in _FOLDED and name not in self.asked.front

    @property
    def is_opened(self) -> bool:
        """Whether something is filled in, or wrong, in what is folded away."""
        return any(field.data or field.errors for field in self.back)

    @property
    def is_told(self) -> bool:
        """Whether there is a result, or the reason why there is none."""
        told = (self.form.data.get(name) for name in ("value", "below", "answer", "not_done"))
        return any(one not in (None, "", False) for one in told)

    @property
    def is_begun(self) -> bool:
        """Whether anything but the unit, which is preset, is filled in."""
        return any(one for name, one in self.form.data.items() if name != "unit") or self.is_told

    @property
    def finding(self) -> Finding:
        """The result."""
        said = self.form.data
        has_number = any(said.get(name) is not None for name in ("value", "upper", "lower"))
        return Finding(
            test=self.asked.name,
            value=said.get("value"),
            unit=said.get("unit") if has_number else None,
            answer=said.get("answer") or None,
            below=bool(said.get("below")),
            lower=said.get("lower"),
            upper=said.get("upper"),
            on=said["on"],
            not_done=said["not_done"],
            by=said["by"],
        )


_FORMS: dict[str | None, type[_Told]] = {
    **{None: _Answer, "yes/no": _Answer},
    **{"number": _Number, "choice": _Choice},
}


def capitalised(label: str) -> str:
    """Return the label of a test as it stands alone."""
    return f"{label[:1].upper()}{label[1:]}"


def made_with(act: type[Act], asked: Iterable[Asked]) -> type[Act]:
    """Return an act with a row for each thing that is asked."""
    rows = {
        f"{_PREFIX}{one.name}": RowField(
            _FORMS[None if one.test is None else one.test.kind], one.text, asked=one
        )
        for one in asked
    }
    return type(act.__name__, (act,), {**rows, "__doc__": act.__doc__})


class Rows(Act):
    """An act by which results are recorded, a row each."""

    @property
    def rows(self) -> list[RowField]:
        """The rows, in order."""
        return [field for field in self if isinstance(field, RowField)]

    @property
    def plain(self) -> list[Field]:
        """The fields that stand alone: rows are in their sections."""
        return [field for field in super().plain if not isinstance(field, RowField)]

    @property
    def sections(self) -> list[tuple[str, list[RowField]]]:
        """The rows, under the words of each section."""
        found: dict[str, list[RowField]] = {}
        for row in self.rows:
            found.setdefault(row.asked.section, []).append(row)
        return list(found.items())

    def told(self, by: str | None = None) -> Iterator[Finding]:
        """Yield what is filled in; ``by`` says so where a row names nobody."""
        for row in self.rows:
            if row.is_told:
                found = row.finding
                yield found if by is None or found.by is not None else replace(found, by=by)

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether all can be read: a row that is begun has a result, or why there is none."""
        is_right: bool = super().validate(extra_validators)
        for row in self.rows:
            first = row.front[0]
            if row.is_begun and not row.is_told and not list(row_errors(row)):
                first.errors = [f"{row.asked.text}: a result is missing, or why there is none"]
                is_right = False
        return is_right

    def place(self, reasons: Sequence[str]) -> None:
        """Put the command's reasons beside the rows that they name."""
        super().place(reasons)
        by_name = sorted(self.rows, key=lambda row: -len(row.asked.name))
        for reason in reasons:
            row = next((r for r in by_name if reason.startswith(f"{r.asked.name} ")), None)
            if row is not None:
                first = row.front[0]
                first.errors = [*first.errors, reason]


def row_errors(row: RowField) -> Iterator[str]:
    """Yield what is wrong in a row."""
    for field in row.form:
        yield from field.errors
