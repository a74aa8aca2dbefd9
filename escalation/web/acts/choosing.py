"""Fields by which something is chosen, told in more than a line, or handed in as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import wtforms
from flask import request
from markupsafe import Markup
from wtforms import Field, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

__all__ = ["Choices", "UploadField", "one_line", "one_of", "several_of", "upload", "words"]

Choices = Iterable[tuple[str, str]]


def one_line(value: str | None) -> str | None:
    """Return a text as one line; None where nothing is left."""
    return None if value is None else " ".join(value.split()) or None


def words(label: str, hint: str = "", *, required: bool = False) -> TextAreaField:
    """Return a field of a few sentences, which are recorded as one line."""
    return TextAreaField(
        label,
        filters=[one_line],
        validators=[InputRequired(f"{label}: this is needed")] if required else [Optional()],
        description=hint,
        render_kw={"rows": 3},
    )


class RadioField(wtforms.RadioField):
    """One of a few, with a sentence where none is chosen."""

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not offered."""
        if self.data not in {value for value, *_ in self.iter_choices()}:
            raise ValidationError(f"{self.label.text}: choose one")


class SelectField(wtforms.SelectField):
    """One of a list, which may be left."""

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not offered."""
        if (self.data or "") not in {value for value, *_ in self.iter_choices()}:
            raise ValidationError(f"{self.label.text}: choose one of those that are offered")


class SelectMultipleField(wtforms.SelectMultipleField):
    """Boxes to be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not offered."""
        offered = {value for value, *_ in self.iter_choices()}
        if not set(self.data or ()) <= offered:
            raise ValidationError(f"{self.label.text}: choose of those that are offered")


def one_of(
    label: str, hint: str = "", *, short: bool = True, choices: Choices = ()
) -> wtforms.SelectField:
    """Return a field of which one is chosen: all seen at once, or in a list that opens."""
    kind = RadioField if short else SelectField
    listed = list(choices)
    return kind(label, description=hint, choices=lambda: listed)


def several_of(label: str, hint: str = "", *, choices: Choices = ()) -> SelectMultipleField:
    """Return a field of boxes to be ticked."""
    listed = list(choices)
    return SelectMultipleField(label, description=hint, choices=lambda: listed)


# ---------------------------------------------------------------- files

_REPLACED = "is handed in already; choose a file only to replace it."


class _UploadWidget:
    """A file to choose; what was handed in before goes along as a hidden text."""

    def __call__(self, field: UploadField, **kwargs: Any) -> Markup:
        described = kwargs.get("aria_describedby")
        given = Markup(' aria-describedby="{}"').format(described) if described else ""
        invalid = Markup(' aria-invalid="true"') if kwargs.get("aria_invalid") == "true" else ""
        chosen = Markup('<input type="file" id="{}" name="{}" accept="{}"{}{}>').format(
            field.id, field.name, field.accept, given, invalid
        )
        if not field.data:
            return chosen
        kept = Markup('<input type="hidden" name="{}" value="{}">').format(field.name, field.data)
        n = len(field.data.encode())
        said = Markup('<p class="hint">A file of {} bytes {}</p>').format(n, _REPLACED)
        return chosen + kept + said


class UploadField(Field):
    """A small file of text. Its name is not looked at; what is in it is the field's text."""

    widget = _UploadWidget()

    def __init__(self, *args: Any, most_bytes: int, accept: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most_bytes, self.accept = most_bytes, accept

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Read the file that is handed in or, where none is, what was before."""
        super().process(formdata, *args, **kwargs)
        if formdata is None:
            return
        file = request.files.get(self.name)
        if file is None or not file.filename:
            content = formdata.get(self.name, "").encode()  # with the step before
        else:
            content = file.stream.read(self.most_bytes + 1) or b"\0"
        self.data = None
        try:
            text = content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            self._refuse("the file is not text in UTF-8")
            return
        if len(content) > self.most_bytes:
            self._refuse(f"the file is larger than {self.most_bytes:,} bytes")
        elif "\0" in text:
            self._refuse("the file is empty, or not text")
        else:
            self.data = text or None

    def _refuse(self, why: str) -> None:
        self.process_errors = [*self.process_errors, f"{self.label.text}: {why}"]

    def _value(self) -> str:
        return self.data or ""


def upload(
    label: str,
    hint: str = "",
    *,
    most_bytes: int,
    accept: str,
    needed: bool = True,
) -> UploadField:
    """Return a field of a file."""

    def given(form: Any, field: UploadField) -> None:
        if needed and not field.data and not field.process_errors:
            raise ValidationError(f"{field.label.text}: choose the file")

    return UploadField(
        label, description=hint, most_bytes=most_bytes, accept=accept, validators=[given]
    )
