"""What every act has: fields, the task for which a role is needed, and the command it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import ClassVar, NamedTuple, TypeAlias

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField

from escalation.tracker import Command
from escalation.trial import TrialState
from escalation.web.acts.fields import Repeated, leaves

__all__ = ["Act", "Answers", "Candidate", "Folded"]


Folded: TypeAlias = Mapping[str, tuple[str, ...]]
Answers: TypeAlias = Mapping[str, str]


class Candidate(NamedTuple):
    """Whom or what an act can be about: as the form sends it, and in words."""

    value: str
    name: str
    note: str


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
    about, asked : str
        The field, not shown, of whom or what the act is about, and the question that asks for it:
        it is chosen before the form is shown. Empty where everything is in the form.
    is_offered : bool
        Whether it stands in the list of acts; others are led to from one that does.
    rare : mapping of str to tuple of str
        Fields that are seldom needed, under the words behind which they are folded away.
    order : tuple of str
        The fields that come first; the others follow as they are written.
    needs_plan : bool
        Whether there is such an act only in a trial that goes by a plan.
    leads_to : str
        The name of the act about the same person that is offered next.
    answers : mapping of str to str
        Words of the command's reasons, and the field beside which such a reason is shown.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    lead: ClassVar[str] = ""
    group: ClassVar[str]
    task: ClassVar[str]
    is_signature: ClassVar[bool] = False
    about: ClassVar[str] = ""
    asked: ClassVar[str] = ""
    is_offered: ClassVar[bool] = True
    rare: ClassVar[Folded] = {}
    order: ClassVar[tuple[str, ...]] = ()
    needs_plan: ClassVar[bool] = False
    leads_to: ClassVar[str] = ""
    answers: ClassVar[Answers] = {}
    most_bytes: ClassVar[int | None] = None  # of what is sent, where it is more than usual

    seen = HiddenField()  # the last entry that whoever fills it in has seen
    request_id = HiddenField()  # under which it is recorded once

    @classmethod
    def made_for(cls, state: TrialState, on: date, given: Mapping[str, str]) -> type[Act]:
        """Return the form with the fields that the trial's plan asks for, given what is sent."""
        return cls

    def fill(self, state: TrialState) -> None:
        """Offer what can be chosen in the trial as it stands: choices, defaults."""

    def candidates(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return whom or what the act can be about, the most likely first."""
        return ()

    def due(self, state: TrialState, on: date) -> Sequence[Candidate]:
        """Return those of the candidates about whom it is waited for, if they are few."""
        return ()

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say whom or what the act is about; None where that is not there, or not chosen yet."""
        return None

    def is_begun(self, state: TrialState) -> bool:
        """Tell whether a part of whom or what it is about is chosen, and the rest is asked for."""
        return False

    def elsewhere(self, state: TrialState) -> str | None:
        """Return the name of the form that is the right one for what it is about."""
        return None

    def prefill(self, state: TrialState) -> None:
        """Fill in what is known, where nothing was given; only when the form is opened."""

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield what whoever fills in the form has to know."""
        yield from ()

    def rests_on(self, state: TrialState) -> int:
        """Return the last entry on which what was filled in rests; 0 for none."""
        return 0

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
        """Yield the fields that a person fills in, in order: the day it was at the end."""
        fields = [field for field in self if not isinstance(field, HiddenField)]
        places = {name: place for place, name in enumerate(self.order)}
        yield from sorted(
            fields, key=lambda f: (f.short_name == "on", places.get(f.short_name, len(places)))
        )

    @property
    def plain(self) -> list[Field]:
        """The fields that are always seen."""
        folded = {name for names in self.rare.values() for name in names}
        return [field for field in self.shown() if field.short_name not in folded]

    @property
    def folded(self) -> list[tuple[str, list[Field]]]:
        """The fields that are seldom needed, under the words behind which they are."""
        groups = [
            (words, [field for field in self.shown() if field.short_name in names])
            for words, names in self.rare.items()
        ]
        return [(words, fields) for words, fields in groups if fields]

    def sent(self) -> Iterator[tuple[str, str]]:
        """Yield what was filled in, exactly as it was, to be sent again with the next step."""
        for field in leaves(self):
            if field.raw_data and all(isinstance(value, str) for value in field.raw_data):
                yield from ((field.name, value) for value in field.raw_data)
            elif isinstance(field.data, list | tuple):
                yield from ((field.name, str(value)) for value in field.data)
            elif field.data is True:
                yield field.name, "y"
            elif field.data not in (None, False):
                value = getattr(field, "_value", lambda f=field: str(f.data))()
                yield field.name, str(value)

    def wrong(self) -> Iterator[tuple[Field, str]]:
        """Yield what is wrong with each field, in order."""
        for field in leaves(self):
            yield from ((field, str(error)) for error in field.errors)

    def place(self, reasons: Sequence[str]) -> None:
        """Put the command's reasons beside the fields that they are about."""
        for reason in reasons:
            name = next((self.answers[word] for word in self.answers if word in reason), None)
            field = None if name is None else self._fields.get(name)
            if isinstance(field, Repeated):
                field = next(leaves(field), None)
            if field is not None and not isinstance(field, HiddenField):
                field.errors = [*field.errors, reason]

    @property
    def takes_files(self) -> bool:
        """Whether a file is chosen in it."""
        return any(hasattr(field, "accept") for field in self.shown())
