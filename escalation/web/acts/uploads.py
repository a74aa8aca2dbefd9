"""A small file of text that is handed in; with the next step it goes along as a hidden text."""

from __future__ import annotations

from typing import Any

from flask import request
from markupsafe import Markup
from wtforms import Field
from wtforms.validators import ValidationError

__all__ = ["UploadField", "upload"]

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
