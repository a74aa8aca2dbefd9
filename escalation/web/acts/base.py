"""What every act has: fields, the task for which a role is needed, and the command it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from wtforms import DateField, Field, FloatField, HiddenField, StringField
from wtforms.validators import InputRequired, Optional

from escalation.tracker import Command
from escalation.trial import TrialState

__all__ = ["Act", "day", "measure", "no_text_is_none", "text"]


class Act(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form by which something is recorded.

    The form knows nothing but what a field can hold: whether the trial allows it, the command
    says. It is sent twice: once to be told what follows, once to record it.

    Attributes
    ----------
    name : str
        In the page's address.
    title, lead : str
        What is done, as a heading, and a sentence or two for whoever does it.
    group : str
        Under which heading it is offered.
    task : str
        Of ``trial.people.rights.MAY``: who may do it.
    is_signature : bool
        Whether it is a signature: then whoever signs proves again who they are.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    lead: ClassVar[str] = ""
    group: ClassVar[str]
    task: ClassVar[str]
    is_signature: ClassVar[bool] = False

    seen = HiddenField()  # the last entry that whoever fills it in has seen
    request_id = HiddenField()  # under which it is recorded once

    def fill(self, state: TrialState) -> None:
        """Offer what can be chosen in the trial as it stands: choices, defaults."""

    def command(self, state: TrialState) -> Command:
        """Return the command that the fields ask for.

        Raises
        ------
        EscalationError
            If the fields do not make one.
        """
        raise NotImplementedError

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject and the site whose day it is, where no day is given."""
        return None, None

    @property
    def day(self) -> date | None:
        """The day that is given."""
        field = self._fields.get("on")
        return None if field is None else field.data

    def shown(self) -> Iterator[Field]:
        """Yield the fields that a person fills in, in order."""
        for field in self:
            if not isinstance(field, HiddenField) and field.name != "csrf_token":
                yield field


def no_text_is_none(value: str | None) -> str | None:
    """Return a text without blanks at its ends; None where nothing is left."""
    value = None if value is None else value.strip()
    return value or None


def text(label: str, hint: str = "", *, required: bool = False, **options: Any) -> StringField:
    """Return a field of one line of text."""
    return StringField(
        label,
        filters=[no_text_is_none],
        validators=[InputRequired(f"{label}: this is needed")] if required else [Optional()],
        description=hint,
        **options,
    )


def measure(label: str, hint: str = "", *, required: bool = False) -> FloatField:
    """Return a field of a number, whose unit its label says."""
    needed: Callable[..., Any] = InputRequired(f"{label}: a number is needed")
    return FloatField(
        label,
        validators=[needed if required else Optional()],
        description=hint,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


def day(label: str = "Day", hint: str = "Today at the site, if left empty.") -> DateField:
    """Return a field of a day."""
    return DateField(label, validators=[Optional()], description=hint)
