"""Fields: what a person typed is kept as typed, read strictly, and said what is wrong with it.

A choice that depends on the trial is not held against what is offered now: the command says whether
it can be, also of a form that is sent again after it was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import isfinite
from typing import Any, cast

from wtforms import (
    DateField,
    Field,
    FieldList,
    FloatField,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from escalation.errors import printable
from escalation.protocol import format_dose
from escalation.text import is_line

__all__ = [
    "TODAY",
    "Chosen",
    "DayField",
    "NumberField",
    "Repeated",
    "WholeField",
    "boxes",
    "choice",
    "chosen",
    "chosen_boxes",
    "day",
    "leaves",
    "line",
    "number",
    "offer",
    "paragraph",
    "radio",
    "show",
    "show_said",
    "whole",
]

Choices = Iterable[tuple[str, str]]
MOST = 2000  # characters of a text; a command may allow less
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_POWER = re.compile(r"(?:\s*[\u00d7x*]\s*10)(?:\^|\*\*)?([+-]?[0-9]{1,3}|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})$")
_LOWERED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_OFF = {"autocomplete": "off"}
TODAY = "Today at the site, if left empty."


def _excerpt(text: str) -> str:
    return printable(text[:30]) + "..." * (len(text) > 30)


# ---------------------------------------------------------------- days and numbers


class DayField(DateField):
    """A day, as 2026-01-31, whatever the browser's language; a telephone's digits will do.

    So it is a text: a browser's own field of a day shows 01/31/2026 or 31/01/2026.
    """

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        self.data = None
        text = "".join(valuelist[:1]).strip()
        if not text:
            return
        try:
            if re.fullmatch(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}", text, re.ASCII):
                self.data = date.fromisoformat(text)
                return
        except ValueError:
            pass
        raise ValueError(f'"{_excerpt(text)}" is not a day: write it as 2026-01-31')


class NumberField(FloatField):
    """A number with a decimal point, or in powers of ten, in a field that keeps what is typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed: 61.5, 1.85E8, or with a power of ten."""
        self.data = None
        text = "".join(valuelist[:1]).strip()
        if not text:
            return
        bare = _POWER.sub(lambda m: f"E{m[1].translate(_LOWERED)}", text)
        if len(bare) <= 40 and _NUMBER.fullmatch(bare) and isfinite(float(bare)):
            self.data = float(bare)
            return
        right = "write it as 61.5 or 1.85E8"
        if re.fullmatch(r"[0-9]{1,9},[0-9]{1,9}", text, re.ASCII):
            whole, _, rest = text.partition(",")
            right = f"write {whole}.{rest}, with a point before decimals"
            if len(rest) == 3:
                right += f", or {whole}{rest} if thousands were meant"
        raise ValueError(f'"{_excerpt(text)}" is not a number that can be read: {right}')


class WholeField(IntegerField):
    """A whole number from 1 up, in a field that keeps what is typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed, in digits."""
        self.data = None
        text = "".join(valuelist[:1]).strip()
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or int(text) == 0:
            raise ValueError(f"{self.label.text}: a whole number from 1 up")
        self.data = int(text)


def day(label: str, hint: str = "", *, required: bool = False) -> DayField:
    """Return a field of a day."""
    return DayField(
        label,
        validators=[_needed(label, required)],
        description=f"As 2026-01-31. {hint}".strip(),
        render_kw={"inputmode": "numeric", "maxlength": 10, **_OFF},
    )


def number(label: str, hint: str = "", *, required: bool = False) -> NumberField:
    """Return a field of a number, whose unit its label says."""
    return NumberField(
        label,
        validators=[_needed(label, required)],
        description=hint,
        render_kw={"inputmode": "decimal", **_OFF},
    )


def whole(label: str, hint: str = "", *, required: bool = False) -> WholeField:
    """Return a field of a whole number from 1 up."""
    return WholeField(
        label,
        validators=[_needed(label, required)],
        description=hint,
        render_kw={"inputmode": "numeric", **_OFF},
    )


def _needed(label: str, required: bool) -> Any:
    return InputRequired(f"{label}: this is needed") if required else Optional()


# ---------------------------------------------------------------- texts


def _stripped(value: str | None) -> str | None:
    return None if value is None else value.strip() or None


def _joined(value: str | None) -> str | None:
    """Return a text whose lines are one."""
    return None if value is None else _stripped(re.sub(r"[ \t]*[\r\n]+[ \t]*", " ", value))


def _is_line(form: Any, field: Field) -> None:
    if field.data is not None and not is_line(field.data, MOST):
        raise ValidationError(
            f"{field.label.text}: this must be text of at most {MOST} characters, without "
            "characters that are not seen"
        )


class _AsTyped:
    """A text that is shown as it was typed, whatever is made of it."""

    raw_data: Any
    data: Any

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else self.data or ""


class _Line(_AsTyped, StringField):
    pass


class _Paragraph(_AsTyped, TextAreaField):
    pass


def line(
    label: str,
    hint: str = "",
    *,
    required: bool = False,
    validators: Sequence[Any] = (),
    **kw: Any,
) -> StringField:
    """Return a field of one line of text."""
    return _Line(
        label,
        filters=[_stripped],
        validators=[_needed(label, required), _is_line, *validators],
        description=hint,
        render_kw={**_OFF, **kw},
    )


def paragraph(label: str, hint: str = "", *, required: bool = False) -> TextAreaField:
    """Return a field of a few sentences; they are recorded as one line."""
    return _Paragraph(
        label,
        filters=[_joined],
        validators=[_needed(label, required), _is_line],
        description=hint,
        render_kw={"rows": 3, **_OFF},
    )


# ---------------------------------------------------------------- choices


class _OneOf(SelectField):
    """A choice of words that never change: another is refused here."""

    def pre_validate(self, form: Any) -> None:
        if (self.data or "") not in {value for value, *_ in self.iter_choices()}:
            raise ValidationError(f"{self.label.text}: choose one of those that are offered")


class _Radio(RadioField):
    def pre_validate(self, form: Any) -> None:
        if self.data not in {value for value, *_ in self.iter_choices()}:
            raise ValidationError(f"{self.label.text}: choose one")


class _Boxes(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        offered = {value for value, *_ in self.iter_choices()}
        if not set(self.data or ()) <= offered:
            raise ValidationError(f"{self.label.text}: choose of those that are offered")


class _ChosenBoxes(_Boxes):
    def pre_validate(self, form: Any) -> None:
        """Leave it to the command."""


class Chosen(SelectField):
    """A choice that depends on the trial: what is not offered is there, and the command refuses."""

    def pre_validate(self, form: Any) -> None:
        """Leave it to the command."""


def offer(field: SelectField, choices: Choices) -> None:
    """Offer what can be chosen; what was chosen though it is not stays, and the command says so."""
    listed = list(choices)
    if isinstance(field, Chosen) and field.data and field.data not in dict(listed):
        listed.append((field.data, _excerpt(field.data)))
    field.choices = lambda: listed  # type: ignore[assignment]  # stubs know no callable


def choice(label: str, hint: str = "", *, choices: Choices = (), empty: str = "") -> SelectField:
    """Return a field of which one word is chosen; none is ``empty``."""
    listed = [("", empty or "not stated"), *choices]
    return _OneOf(
        label,
        filters=[_stripped],
        description=hint,
        choices=lambda: listed,
        render_kw=dict(_OFF),
    )


def chosen(label: str, hint: str = "") -> Chosen:
    """Return a field of what the trial offers; none is None."""
    return Chosen(label, filters=[_stripped], description=hint, choices=list, render_kw=dict(_OFF))


def radio(label: str, hint: str = "", *, choices: Choices = ()) -> RadioField:
    """Return a field of which one is chosen, all seen at once."""
    listed = list(choices)
    return _Radio(label, description=hint, choices=lambda: listed)


def boxes(label: str, hint: str = "", *, choices: Choices = ()) -> SelectMultipleField:
    """Return a field of boxes to be ticked."""
    listed = list(choices)
    return _Boxes(label, description=hint, choices=lambda: listed)


def chosen_boxes(label: str, hint: str = "", *, choices: Choices = ()) -> SelectMultipleField:
    """Return a field of boxes to be ticked, of which the trial offers others at another time."""
    listed = list(choices)
    return _ChosenBoxes(label, description=hint, choices=lambda: listed)


# ---------------------------------------------------------------- what is known already


class _Given(dict[str, list[str]]):
    """What a form would have been sent."""

    def getlist(self, name: str) -> list[str]:
        """Return the values of a field."""
        return self.get(name, [])


def show(field: Field, value: Any) -> None:
    """Fill in what is known, where nothing was given."""
    if field.raw_data or value in (None, ()):
        return
    values = value if isinstance(value, tuple) else (value,)
    texts = [format_dose(one) if isinstance(one, float) else str(one) for one in values]
    field.process(_Given({field.name: texts}))
    if isinstance(field, Chosen):
        offer(field, cast(Choices, field.choices))


def show_said(form: Any, event: Any, *names: str) -> None:
    """Fill in what an event says, in fields of the same names, where nothing was given."""
    for name in names:
        if name in form:
            show(form[name], getattr(event, name))


# ---------------------------------------------------------------- groups that are repeated


class Repeated(FieldList):  # type: ignore[type-arg]  # which it takes for type checkers only
    """A group of fields, as often as it is needed."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        """Yield the numbers of the groups that were sent: what is no number is not ours."""
        pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,2}})-", re.ASCII)
        yield from (int(found[1]) for name in formdata if (found := pattern.match(name)))


def leaves(field: Any) -> Iterator[Field]:
    """Yield the fields of a form or a group that hold something themselves."""
    for inner in field.form if isinstance(field, FormField) else field:
        if isinstance(inner, Repeated | FormField):
            yield from leaves(inner)
        elif not isinstance(inner, HiddenField):
            yield inner
